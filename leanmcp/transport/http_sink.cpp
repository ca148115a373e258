#include <leanmcp/transport/http_sink.hpp>

#include <leanmcp/json/parse.hpp>
#include <leanmcp/transport/one_line.hpp>

namespace leanmcp::inline v0 {

std::optional<std::string_view> ExchangeHeaders::find(std::string_view name) const {
  if (request_.header_count(name) == 0) return std::nullopt;
  return request_.header(name);
}

void ExchangeHeaders::each(const std::function<void(std::string_view, std::string_view)>& visit) const {
  request_.for_each_header(visit);
}

HttpSink::HttpSink(HttpExchange exchange, std::chrono::milliseconds keep_alive_every)
    : exchange_(std::move(exchange)), keep_alive_every_(keep_alive_every) {}

HttpSink::~HttpSink() {
  stop_keep_alive();
  message_.reset();
}

bool HttpSink::parse(std::string_view body) {
  auto parsed = parse_json(body, ParseLimits(), json::storage_ptr(&memory_));
  if (!parsed) return false;
  message_.emplace(std::move(*parsed));
  return true;
}

void HttpSink::set_session(std::shared_ptr<Session> session, std::shared_ptr<StreamStore> streams, bool primes) {
  session_ = std::move(session);
  streams_ = std::move(streams);
  primes_ = primes;
}

void HttpSink::open_stream() {
  streaming_ = true;
  if (streams_) {
    stream_ = streams_->create(primes_);
    stream_->attach(exchange_, 0, headers_);
    return;
  }
  std::vector<std::pair<std::string, std::string>> all = headers_;
  all.emplace_back("Cache-Control", "no-cache");
  all.emplace_back("X-Accel-Buffering", "no");
  exchange_.begin_stream(200, "text/event-stream", all);
  keep_alive();
}

void HttpSink::keep_alive() {
  const std::weak_ptr<HttpSink> weak = weak_from_this();
  keep_alive_timer_ = executor().start_timer(keep_alive_every_, [weak] {
    const auto self = weak.lock();
    if (!self || self->answered_) return;
    self->exchange_.write(":\n\n");
    self->keep_alive();
  });
}

/// Not left to run out: what it holds on to weakly is the memory of this whole object.
void HttpSink::stop_keep_alive() noexcept {
  if (keep_alive_timer_ != 0) executor().cancel_timer(std::exchange(keep_alive_timer_, 0));
}

void HttpSink::write_event(std::string message) {
  detail::make_one_line(message);
  exchange_.write("event: message\ndata: " + message + "\n\n");
}

void HttpSink::notify(std::string message) {
  if (answered_) return;
  if (!streaming_) open_stream();
  if (stream_) {
    stream_->send(std::move(message));
  } else {
    write_event(std::move(message));
  }
}

bool HttpSink::close_stream(int retry_ms) {
  if (answered_ || !streams_) return false;
  if (!streaming_) open_stream();
  stream_->pause(retry_ms);
  return true;
}

void HttpSink::respond(Reply reply) {
  if (std::exchange(answered_, true)) return;
  if (before_respond_) before_respond_(*this);
  if (stream_) {
    stream_->finish(std::move(reply.body));
  } else if (streaming_) {
    stop_keep_alive();
    write_event(std::move(reply.body));
    exchange_.end();
  } else {
    headers_.insert(headers_.end(), reply.headers.begin(), reply.headers.end());
    exchange_.respond(reply.http_status, "application/json", reply.body, headers_);
  }
}

void HttpSink::on_cancel(std::function<void()> cancelled) {
  // In the legacy era a lost connection is not a cancellation (2025-11-25, Transports, Sending Messages, 6).
  if (streams_) return;
  exchange_.on_disconnect(std::move(cancelled));
}

void HttpSink::cancelled() {
  // Not to be come back to: a client that waits for the answer still would do so for ever.
  if (stream_ && !answered_) streams_->forget(*stream_);
  end_without_answer();
}

void HttpSink::end_without_answer() {
  if (std::exchange(answered_, true)) return;
  stop_keep_alive();
  if (stream_) return stream_->close();
  // A request is answered by a body or by a stream and nothing else (2025-11-25, Transports, Sending Messages, 5).
  if (!streaming_) exchange_.begin_stream(200, "text/event-stream", headers_);
  exchange_.end();
}

void HttpSink::accept() {
  answered_ = true;
  exchange_.respond(202, {}, {}, headers_);
}

void HttpSink::respond_error(std::string_view id, int code, std::string_view text, int http_status,
                             std::string_view data) {
  Reply reply;
  reply.body = render_error(id, code, text, data);
  reply.http_status = http_status;
  respond(std::move(reply));
}

}  // namespace leanmcp::inline v0
