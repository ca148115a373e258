#include <leanmcp/client/http_transport.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {

namespace {

/// After its answer a stream should end by itself; then the connection can be used again.
constexpr std::chrono::milliseconds linger_time{1'000};
constexpr std::chrono::milliseconds first_retry{1'000};
constexpr std::chrono::milliseconds leave_time{2'000};
/// What a server sends on its own account before the stream for it is open is lost with many servers, questions to the
/// user among it. Those that send their headers with the first event only are not waited for longer.
constexpr std::chrono::milliseconds open_time{1'000};
/// A stream of its own that stayed so long was one, though it was quiet: proxies end those that are.
constexpr std::chrono::milliseconds lasting{10'000};

}  // namespace

std::chrono::milliseconds retry_delay(std::optional<std::chrono::milliseconds> asked, int failures,
                                      std::chrono::milliseconds longest) {
  const std::chrono::milliseconds base = asked.value_or(first_retry);
  const std::chrono::milliseconds grown = first_retry * (1L << std::clamp(failures, 0, 16));
  return std::min(longest, failures > 0 ? std::max(base, grown) : base);
}

bool is_session_id(std::string_view text) {
  return !text.empty() && text.size() <= 1024 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x21 && c <= 0x7e; });
}

HttpTransport::HttpTransport(Executor& executor, std::string url, const ClientOptions& options, TransportSink& sink)
    : url_(std::move(url)), sink_(sink), caller_(executor, options, origin_of(url_), sink) {}

Task<ClientResult<void>> HttpTransport::open() {
  // What still comes on the old session's stream is not for the new one, nor is it to be gone back to there.
  if (listener_) HttpCaller::cancel(*listener_);
  listener_.reset();
  runs_.cancel(listener_run_);
  session_.clear();
  revision_.clear();
  co_return ClientResult<void>();
}

std::shared_ptr<HttpCall> HttpTransport::make_post(const ExchangePtr& exchange) {
  auto call = std::make_shared<HttpCall>("POST", url_);
  call->headers = exchange->message.headers;
  call->headers.emplace_back("Content-Type", "application/json");
  call->headers.emplace_back("Accept", "application/json, text/event-stream");
  if (!session_.empty() && !exchange->message.initialize) call->headers.emplace_back("Mcp-Session-Id", session_);
  call->body = exchange->message.body;
  call->id = exchange->message.id;
  call->operation = exchange->message.operation;
  return call;
}

std::shared_ptr<HttpCall> HttpTransport::make_get(std::string last_event_id) const {
  auto call = std::make_shared<HttpCall>("GET", url_);
  call->headers.emplace_back("Accept", "text/event-stream");
  if (!session_.empty()) call->headers.emplace_back("Mcp-Session-Id", session_);
  if (!revision_.empty()) call->headers.emplace_back("MCP-Protocol-Version", revision_);
  if (!last_event_id.empty()) call->headers.emplace_back("Last-Event-ID", std::move(last_event_id));
  return call;
}

void HttpTransport::send(Outgoing message) {
  auto made = std::make_shared<Exchange>();
  made->message = std::move(message);
  made->call = make_post(made);
  made->session = session_;
  const std::string id = made->message.id;
  if (!id.empty()) requests_[id] = made;
  runs_.add(caller_.executor(), exchange(made), [this, made](std::exception_ptr) {
    forget(made);
    HttpStreamEnd end;
    end.error = ClientError(ClientCause::unauthenticated, "the authorizer failed");
    report(*made, std::move(end));
  });
}

void HttpTransport::take_session(const ClientResponse& head) {
  const std::string_view session = head.header("mcp-session-id");
  if (is_session_id(session)) session_ = session;
}

void HttpTransport::take_events(Exchange& exchange, std::vector<SseEvent>&& events) {
  for (SseEvent& event : events) {
    if (exchange.answered) return;
    if (event.data.empty() || (!event.event.empty() && event.event != "message")) continue;
    exchange.answered = sink_.on_message(exchange.message.id, event.data);
  }
  if (!exchange.answered || exchange.linger != 0) return;
  const std::weak_ptr<HttpCall> call = exchange.call;
  exchange.linger = caller_.executor().start_timer(linger_time, [call] {
    if (const auto open = call.lock()) HttpCaller::cancel(*open);
  });
}

bool HttpTransport::may_resume(const Exchange& exchange, const HttpStreamEnd& end,
                               const std::string& last_event_id) const {
  if (!exchange.message.resumable || last_event_id.empty() || exchange.call->cancelled) return false;
  if (exchange.session != session_) return false;
  const bool broke = end.error && end.error->cause() == ClientCause::broken;
  if (end.was_stream) return !end.error || broke;
  // A server that is starting again is not there for a moment; one that answers means what it says.
  return end.response.status == 0 && (broke || (end.error && end.error->cause() == ClientCause::unreachable));
}

Task<void> HttpTransport::exchange(ExchangePtr exchange) {
  const std::weak_ptr<char> alive = alive_;
  const auto on_events = [this, alive, weak = std::weak_ptr(exchange)](std::vector<SseEvent>&& events) {
    const auto open = alive.lock();
    const auto held = weak.lock();
    if (open && held) take_events(*held, std::move(events));
  };
  exchange->call->on_events = on_events;
  // The answer may come on a stream that goes on: the next request needs the session before its end.
  if (exchange->message.initialize) {
    exchange->call->on_head = [this, alive](const ClientResponse& head) {
      const auto open = alive.lock();
      if (open) take_session(head);
    };
  }
  auto sending = caller_.run(exchange->call);
  HttpStreamEnd end = co_await std::move(sending);

  exchange->accepted = end.response.status >= 200 && end.response.status < 300;
  if (exchange->message.initialize && !end.error) take_session(end.response);
  std::string last_event_id = end.last_event_id;
  auto retry = end.retry;
  int failures = 0;
  while (!exchange->answered && may_resume(*exchange, end, last_event_id)) {
    failures = end.events > 0 ? 0 : failures + 1;
    if (failures > caller_.options().limits_.reconnects) break;
    co_await sleep_for(retry_delay(retry, failures, caller_.options().limits_.longest_retry));
    if (exchange->call->cancelled || exchange->session != session_) break;
    exchange->call = make_get(last_event_id);
    exchange->call->id = exchange->message.id;
    exchange->call->on_events = on_events;
    auto resuming = caller_.run(exchange->call);
    end = co_await std::move(resuming);
    if (!end.last_event_id.empty()) last_event_id = end.last_event_id;
    if (end.retry) retry = end.retry;
  }
  forget(exchange);
  if (!exchange->answered) report(*exchange, std::move(end));
}

void HttpTransport::forget(const ExchangePtr& exchange) {
  if (exchange->linger != 0) caller_.executor().cancel_timer(exchange->linger);
  const auto found = requests_.find(exchange->message.id);
  if (found != requests_.end() && found->second == exchange) requests_.erase(found);
}

void HttpTransport::report(const Exchange& exchange, HttpStreamEnd end) {
  const int status = end.response.status;
  const std::string& id = exchange.message.id;
  RequestFailure failure;
  failure.accepted = exchange.accepted;
  const bool session_unknown = status == 404 && !session_.empty() && !exchange.message.initialize;
  const bool cancelled = end.error && end.error->cause() == ClientCause::cancelled;
  if (exchange.accepted && (status < 200 || status >= 300) && !cancelled) {
    // Of the GET that wanted the rest. Whatever it was refused for, or could not be sent for, trying again would do the
    // work twice.
    failure.session_lost = session_unknown;
    failure.error = ClientError(ClientCause::broken, "the server took the request, but the rest of the answer is lost")
                        .with_status(status);
    return sink_.on_failed(id, std::move(failure));
  }
  failure.body = std::move(end.response.body);
  if (end.error) {
    failure.error = std::move(*end.error);
  } else if (end.was_stream) {
    failure.error = ClientError(ClientCause::broken, "the stream ended without the answer");
  } else if (status >= 200 && status < 300) {
    if (id.empty()) return;
    if (!failure.body.empty()) {
      if (sink_.on_message(id, failure.body)) return;
      failure.error = ClientError(ClientCause::malformed, "what came is not the answer to the request");
    } else {
      failure.error = ClientError(ClientCause::malformed, "an empty answer").with_status(status);
    }
    failure.body.clear();
  } else {
    failure.session_lost = session_unknown;
    failure.error = ClientError(ClientCause::http_status, "the server answered with status " + std::to_string(status))
                        .with_status(status);
  }
  sink_.on_failed(id, std::move(failure));
}

void HttpTransport::cancel(const std::string& id) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  found->second->answered = true;  // nobody wants to hear of it
  HttpCaller::cancel(*found->second->call);
}

Task<void> HttpTransport::established(std::string revision, bool listen_too) {
  revision_ = std::move(revision);
  if (!listen_too) co_return;
  const OneShot<bool> opened;
  opened_ = opened;
  listener_run_ = runs_.add(caller_.executor(), listen(opened), [opened](std::exception_ptr) { opened.set(false); });
  const auto timer = caller_.executor().start_timer(open_time, [opened] { opened.set(false); });
  co_await opened;
  caller_.executor().cancel_timer(timer);
}

Task<void> HttpTransport::listen(OneShot<bool> opened) {
  const std::weak_ptr<char> alive = alive_;
  std::string last_event_id;
  int failures = 0;
  while (failures <= caller_.options().limits_.reconnects) {
    const auto call = make_get(last_event_id);
    listener_ = call;
    const auto heard = std::make_shared<bool>(false);
    const std::weak_ptr<HttpCall> weak = call;
    const auto on_events = [this, alive, weak, heard](std::vector<SseEvent>&& events) {
      const auto open = alive.lock();
      const auto held = weak.lock();
      if (!open || !held) return;
      for (const SseEvent& event : events) {
        if (held->cancelled) return;
        if (event.data.empty() || (!event.event.empty() && event.event != "message")) continue;
        *heard = true;
        sink_.on_message({}, event.data);
      }
    };
    call->on_head = [opened](const ClientResponse&) { opened.set(true); };
    call->on_events = on_events;
    const TimePoint begun = caller_.options().clock_->now();
    auto sending = caller_.run(call);
    const HttpStreamEnd end = co_await std::move(sending);
    opened.set(end.was_stream);
    if (call->cancelled) co_return;
    if (!end.was_stream && end.response.status != 0) {
      // 405 says that there is no such stream; other refusals come back with the next request, which can tell them.
      if (last_event_id.empty()) co_return;
      // The server may have forgotten this stream and still offer a new one.
      last_event_id.clear();
      continue;
    }
    if (!end.last_event_id.empty()) last_event_id = end.last_event_id;
    // A finished stream can be opened again and again and only ever gives its id.
    const bool lasted = end.was_stream && caller_.options().clock_->now() - begun >= lasting;
    failures = *heard || lasted ? 0 : failures + 1;
    co_await sleep_for(retry_delay(end.retry, failures, caller_.options().limits_.longest_retry));
  }
}

Task<void> HttpTransport::leave() {
  if (session_.empty()) co_return;
  const auto call = std::make_shared<HttpCall>("DELETE", url_);
  call->headers.emplace_back("Mcp-Session-Id", session_);
  if (!revision_.empty()) call->headers.emplace_back("MCP-Protocol-Version", revision_);
  const auto timer = caller_.executor().start_timer(leave_time, [weak = std::weak_ptr(call)] {
    if (const auto open = weak.lock()) HttpCaller::cancel(*open);
  });
  auto sending = caller_.run(call);
  co_await std::move(sending);
  caller_.executor().cancel_timer(timer);
}

void HttpTransport::close() {
  alive_.reset();
  for (const auto& [id, exchange] : requests_) HttpCaller::cancel(*exchange->call);
  requests_.clear();
  if (listener_) HttpCaller::cancel(*listener_);
  listener_.reset();
  runs_.stop();
  opened_.set(false);
}

}  // namespace leanmcp::inline v0::detail
