#include <leanmcp/client/sse_transport.hpp>

namespace leanmcp::inline v0::detail {

namespace {

constexpr std::chrono::milliseconds endpoint_time{10'000};

}  // namespace

SseTransport::SseTransport(Executor& executor, std::string url, const ClientOptions& options, TransportSink& sink)
    : url_(std::move(url)), sink_(sink), caller_(executor, options, origin_of(url_), sink) {}

Task<ClientResult<void>> SseTransport::open() {
  if (stream_) HttpCaller::cancel(*stream_);
  endpoint_.clear();
  stream_ = std::make_shared<HttpCall>("GET", url_);
  stream_->headers.emplace_back("Accept", "text/event-stream");
  const OneShot<ClientResult<void>> opened;
  opened_ = opened;
  const auto timer = caller_.executor().start_timer(endpoint_time, [opened, weak = std::weak_ptr(stream_)] {
    opened.set(ClientError(ClientCause::timeout, "the server names no endpoint"));
    if (const auto open = weak.lock()) HttpCaller::cancel(*open);
  });
  runs_.add(caller_.executor(), read(opened), [opened](std::exception_ptr) {
    opened.set(ClientError(ClientCause::unauthenticated, "the authorizer failed"));
  });
  ClientResult<void> result = co_await opened;
  caller_.executor().cancel_timer(timer);
  co_return std::move(result);
}

void SseTransport::take_events(std::vector<SseEvent>&& events, const OneShot<ClientResult<void>>& opened) {
  for (const SseEvent& event : events) {
    if (event.event == "endpoint") {
      if (!endpoint_.empty()) continue;
      const std::string target = resolve_url(url_, event.data);
      if (target.empty() || origin_of(target) != origin_of(url_)) {
        opened.set(ClientError(ClientCause::redirected, "the server names an endpoint on another host"));
        HttpCaller::cancel(*stream_);
        return;
      }
      endpoint_ = target;
      opened.set(ClientResult<void>());
    } else if (!event.data.empty() && !endpoint_.empty()) {
      sink_.on_message({}, event.data);
    }
  }
}

Task<void> SseTransport::read(OneShot<ClientResult<void>> opened) {
  const std::shared_ptr<HttpCall> call = stream_;
  const std::weak_ptr<char> alive = alive_;
  call->on_events = [this, alive, opened](std::vector<SseEvent>&& events) {
    const auto open = alive.lock();
    if (open) take_events(std::move(events), opened);
  };
  auto sending = caller_.run(call);
  HttpStreamEnd end = co_await std::move(sending);
  if (call != stream_) co_return;
  ClientError error = end.error        ? std::move(*end.error)
                      : end.was_stream ? ClientError(ClientCause::closed, "the server ended the stream")
                                       : ClientError(ClientCause::http_status, "the server offers no stream of events")
                                             .with_status(end.response.status);
  if (endpoint_.empty()) {
    opened.set(std::move(error));
  } else {
    endpoint_.clear();
    sink_.on_lost(std::move(error));
  }
}

void SseTransport::send(Outgoing message) {
  if (endpoint_.empty()) {
    sink_.on_failed(message.id, RequestFailure{ClientError(ClientCause::closed, "the stream is closed"), {}, true});
    return;
  }
  auto call = std::make_shared<HttpCall>("POST", endpoint_);
  call->headers = std::move(message.headers);
  call->headers.emplace_back("Content-Type", "application/json");
  call->body = std::move(message.body);
  call->id = std::move(message.id);
  call->operation = std::move(message.operation);
  if (!call->id.empty()) posts_[call->id] = call;
  runs_.add(caller_.executor(), post(call), [this, id = call->id](std::exception_ptr) {
    sink_.on_failed(id, RequestFailure{ClientError(ClientCause::unauthenticated, "the authorizer failed"), {}, false});
  });
}

Task<void> SseTransport::post(std::shared_ptr<HttpCall> call) {
  auto sending = caller_.run(call);
  HttpStreamEnd end = co_await std::move(sending);
  const auto found = posts_.find(call->id);
  if (found != posts_.end() && found->second == call) posts_.erase(found);
  const int status = end.response.status;
  if (!end.error && status >= 200 && status < 300) co_return;
  RequestFailure failure;
  failure.error =
      end.error ? std::move(*end.error)
                : ClientError(ClientCause::http_status, "the server answered with status " + std::to_string(status))
                      .with_status(status);
  failure.body = std::move(end.response.body);
  failure.session_lost = status == 404;
  sink_.on_failed(call->id, std::move(failure));
}

void SseTransport::cancel(const std::string& id) {
  const auto found = posts_.find(id);
  if (found != posts_.end()) HttpCaller::cancel(*found->second);
}

void SseTransport::close() {
  alive_.reset();
  if (stream_) HttpCaller::cancel(*stream_);
  for (const auto& [id, call] : posts_) HttpCaller::cancel(*call);
  posts_.clear();
  runs_.stop();
  opened_.set(ClientError(ClientCause::closed, "the client is closed"));
}

}  // namespace leanmcp::inline v0::detail
