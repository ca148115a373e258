#include <leanmcp/client/http_stream.hpp>

#include <algorithm>
#include <cctype>

namespace leanmcp::inline v0::detail {

namespace {

bool is_event_stream(std::string_view content_type) {
  constexpr std::string_view wanted = "text/event-stream";
  if (content_type.size() < wanted.size()) return false;
  const bool same = std::equal(wanted.begin(), wanted.end(), content_type.begin(), [](char a, char b) {
    return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
  });
  return same && (content_type.size() == wanted.size() || content_type[wanted.size()] == ';' ||
                  content_type[wanted.size()] == ' ');
}

}  // namespace

ClientError error_of(const HttpClientFault& fault) {
  switch (fault.cause) {
    case HttpClientCause::refused_url:
    case HttpClientCause::refused_header:
      return ClientError(ClientCause::invalid_request, "refused: " + fault.detail);
    case HttpClientCause::cannot_resolve:
      return ClientError(ClientCause::unreachable, "the host name does not resolve");
    case HttpClientCause::cannot_connect:
      return ClientError(ClientCause::unreachable, "cannot connect to the server");
    case HttpClientCause::tls:
      return ClientError(ClientCause::tls, "TLS failed: " + fault.detail);
    case HttpClientCause::timeout:
      return ClientError(ClientCause::timeout, "the server did not answer in time");
    case HttpClientCause::too_large:
      return ClientError(ClientCause::too_large, "the answer is over the limit");
    case HttpClientCause::cancelled:
      return ClientError(ClientCause::cancelled, "cancelled");
    case HttpClientCause::protocol:
      break;
  }
  return ClientError(ClientCause::broken, "the connection broke: " + fault.detail);
}

void HttpStream::start(ClientRequest request) {
  const auto self = shared_from_this();
  request.on_head = [self](const ClientResponse& head) { return self->take_head(head); };
  request.on_data = [self](std::string_view piece) { return self->take_data(piece); };
  id_ = http_.send(std::move(request), [self](HttpClient::Outcome outcome) { self->finish(std::move(outcome)); });
}

bool HttpStream::refuse(ClientCause cause, std::string why) {
  end_.error = ClientError(cause, std::move(why));
  return false;
}

bool HttpStream::take_head(const ClientResponse& head) {
  end_.response.status = head.status;
  end_.response.headers = head.headers;
  end_.was_stream = head.status == 200 && is_event_stream(head.header("content-type"));
  if (end_.was_stream && callbacks_.on_head)
    executor_.post([self = shared_from_this(), head] { self->callbacks_.on_head(head); });
  return true;
}

bool HttpStream::take_data(std::string_view piece) {
  if (!end_.was_stream) {
    if (end_.response.body.size() + piece.size() > limits_.message_bytes)
      return refuse(ClientCause::too_large, "the answer is over the limit");
    end_.response.body.append(piece);
    return true;
  }
  std::vector<SseEvent> events;
  std::size_t bytes = 0;
  const auto fed = parser_.feed(piece, [&](SseEvent&& event) {
    // An event may be small and yet cost an object: it counts for at least that.
    bytes += event.data.size() + sizeof(SseEvent);
    events.push_back(std::move(event));
    return true;
  });
  end_.events += events.size();
  if (!events.empty() && callbacks_.on_events) {
    if (queued_.fetch_add(bytes) + bytes > limits_.queued_bytes)
      return refuse(ClientCause::too_large, "messages arrive faster than they can be taken");
    executor_.post([self = shared_from_this(), events = std::move(events), bytes]() mutable {
      self->queued_ -= bytes;
      self->callbacks_.on_events(std::move(events));
    });
  }
  if (!fed) return refuse(ClientCause::too_large, "a line or event of the stream is over the limit");
  if (end_.events > limits_.stream_messages) return refuse(ClientCause::too_large, "too many messages on one stream");
  return true;
}

void HttpStream::finish(HttpClient::Outcome outcome) {
  if (!outcome && !end_.error) end_.error = error_of(outcome.error());
  end_.last_event_id = parser_.last_event_id();
  end_.retry = parser_.retry();
  if (!end_.was_stream) return done_.set(std::move(end_));
  // Behind the events that are on their way: who comes late to wait for the end would otherwise get it first.
  executor_.post([self = shared_from_this()] { self->done_.set(std::move(self->end_)); });
}

}  // namespace leanmcp::inline v0::detail
