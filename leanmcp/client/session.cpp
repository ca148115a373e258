#include <leanmcp/client/session.hpp>

#include <leanmcp/client/mcp_headers.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/protocol/codes.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {

namespace {

constexpr std::string_view meta_prefix = "io.modelcontextprotocol/";

const json::object* object_member(const json::object& in, std::string_view name) {
  const json::value* const value = in.if_contains(name);
  return value ? value->if_object() : nullptr;
}

Secret sent_token(const json::object& params) {
  const json::object* const meta = object_member(params, "_meta");
  const json::object* const authorization = meta ? object_member(*meta, "authorization") : nullptr;
  return authorization ? Secret(text_or_empty(*authorization, "token")) : Secret();
}

}  // namespace

RequestOutcome failed(ClientError error) {
  RequestOutcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

/// A request whose waiting task is destroyed is cancelled.
class ClientSession::InFlight {
 public:
  InFlight(std::shared_ptr<ClientSession> session, std::string id) : session_(std::move(session)), id_(std::move(id)) {}
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() { session_->cancel_request(id_, ClientCause::cancelled); }

 private:
  std::shared_ptr<ClientSession> session_;
  std::string id_;
};

ClientSession::ClientSession(Executor& executor, ClientOptions options, std::string address, TransportMaker make,
                             TransportMaker fallback)
    : executor_(executor),
      options_(std::move(options)),
      address_(std::move(address)),
      make_(std::move(make)),
      fallback_(std::move(fallback)),
      transport_(make_(executor_, *this)) {}

std::uint64_t ClientSession::on_reopened(std::function<void()> handler) {
  reopened_.emplace(++last_handler_, std::move(handler));
  return last_handler_;
}

Outgoing ClientSession::render(const std::string& id, std::string_view method, const json::object& params,
                               const HttpFields& param_headers) const {
  Outgoing message;
  message.id = id;
  if (!id.empty()) message.operation = mcp_operation(method, params);
  const bool modern = is_modern();
  if (transport_->is_http()) {
    if (modern) message.headers = standard_mcp_headers(method, params);
    if (!version_text_.empty()) message.headers.emplace_back("MCP-Protocol-Version", version_text_);
    message.headers.insert(message.headers.end(), param_headers.begin(), param_headers.end());
  }
  message.initialize = method == "initialize";
  message.resumable = !modern && !message.initialize;
  const std::string text = params.empty() ? std::string() : json_text(params);
  message.body = id.empty() ? render_notification(method, text) : render_request(id, method, text);
  return message;
}

Task<ClientResult<void>> ClientSession::add_meta(json::object& params, const RequestSettings& settings,
                                                 std::string_view method) {
  json::object meta = settings.meta;
  if (is_modern()) {
    meta[std::string(meta_prefix) + "protocolVersion"] = version_text_;
    meta[std::string(meta_prefix) + "clientInfo"] = client_info();
    meta[std::string(meta_prefix) + "clientCapabilities"] = capabilities();
    if (!options_.log_level_.empty()) meta[std::string(meta_prefix) + "logLevel"] = options_.log_level_;
  }
  const bool token_here = options_.authorizer_ && (options_.token_in_meta_ || !transport_->is_http()) &&
                          method != "initialize" && method != "server/discover";
  if (token_here) {
    auto asked = options_.authorizer_->credentials(AuthRequest("POST", std::string(), std::string(method)));
    auto given = co_await std::move(asked);
    if (!given) co_return ClientResult<void>(ClientError(ClientCause::unauthenticated, given.error().message()));
    if (!given->token.empty()) {
      json::object authorization;
      authorization["type"] = "bearer";
      authorization["token"] = given->token.reveal();
      meta["authorization"] = std::move(authorization);
    }
  }
  if (!meta.empty()) params["_meta"] = std::move(meta);
  co_return ClientResult<void>();
}

Task<RequestOutcome> ClientSession::roundtrip(std::string method, json::object params, RequestSettings settings) {
  const auto self = shared_from_this();
  if (state_ == State::closed) {
    RequestOutcome outcome = failed(ClientError(ClientCause::closed, "the client is closed"));
    co_return std::move(outcome);
  }
  if (pending_.size() >= options_.limits_.in_flight) {
    RequestOutcome outcome = failed(ClientError(ClientCause::too_large, "too many requests are in flight"));
    co_return std::move(outcome);
  }
  const std::string id = std::to_string(++last_id_);
  if (settings.on_progress) settings.meta["progressToken"] = last_id_;
  auto adding = add_meta(params, settings, method);
  auto added = co_await std::move(adding);
  if (!added || state_ == State::closed) {
    RequestOutcome outcome =
        failed(added ? ClientError(ClientCause::closed, "the client is closed") : std::move(added).error());
    co_return std::move(outcome);
  }

  const Secret token = sent_token(params);
  Pending& pending = pending_[id];
  pending.method = method;
  pending.generation = generation_;
  pending.timed = !settings.on_notification;
  pending.quiet = settings.quiet.value_or(options_.timeout_);
  pending.quiet_left = pending.quiet;
  pending.total_left = settings.longest.value_or(options_.longest_);
  pending.pauses = persons_asked_;
  const OneShot<RequestOutcome> done = pending.done;
  const HttpFields headers = std::move(settings.headers);
  const std::stop_token stop = settings.stop;
  pending.settings = std::move(settings);
  arm(id, pending);
  const InFlight guard(self, id);
  transport_->send(render(id, method, params, headers));

  const std::weak_ptr<ClientSession> weak = self;
  const std::function<void()> on_stop = [weak, id, executor = &executor_] {
    executor->post([weak, id] {
      if (const auto session = weak.lock()) session->cancel_request(id, ClientCause::cancelled);
    });
  };
  const std::stop_callback<std::function<void()>> stopper(stop, on_stop);
  RequestOutcome outcome = co_await done;
  outcome.token = token;
  co_return std::move(outcome);
}

Task<RequestOutcome> ClientSession::request(std::string method, json::object params, RequestSettings settings) {
  const auto self = shared_from_this();
  unsigned challenges = 0;
  for (int attempt = 0;; ++attempt) {
    auto opening = ensure_open();
    auto opened = co_await std::move(opening);
    if (!opened) {
      RequestOutcome outcome = failed(std::move(opened).error());
      co_return std::move(outcome);
    }
    const std::uint64_t generation = generation_;
    auto trying = roundtrip(method, params, settings);
    RequestOutcome outcome = co_await std::move(trying);
    if (state_ == State::closed) co_return std::move(outcome);
    if (outcome.session_lost) {
      if (state_ == State::open && generation == generation_) state_ = State::lost;
      if (attempt == 0 && !outcome.accepted) continue;
    }
    auto asking = challenged(outcome, mcp_operation(method, params), ++challenges);
    auto again = co_await std::move(asking);
    if (!again) {
      RequestOutcome refused = failed(std::move(again).error());
      co_return std::move(refused);
    }
    if (!*again) co_return std::move(outcome);
  }
}

Task<ClientResult<bool>> ClientSession::challenged(const RequestOutcome& outcome, std::string operation,
                                                   unsigned attempt) {
  // Over HTTP with a header the transport has seen the challenge already.
  const bool token_here = options_.authorizer_ && (options_.token_in_meta_ || !transport_->is_http());
  if (!token_here || attempt > static_cast<unsigned>(options_.auth_attempts_)) co_return ClientResult<bool>(false);
  AuthChallenge challenge;
  if (outcome.error && outcome.error->about_authentication()) {
    challenge.status = outcome.error->code() == code::insufficient_scope ? 403 : 401;
  } else if (outcome.result) {
    const json::value* const failed_tool = outcome.result->if_contains("isError");
    if (!failed_tool || !failed_tool->is_bool() || !failed_tool->get_bool()) co_return ClientResult<bool>(false);
    const json::value* const meta = outcome.result->if_contains("_meta");
    const json::value* const detail =
        meta && meta->is_object() ? meta->get_object().if_contains("com.leanmcp/error") : nullptr;
    const std::string word =
        detail && detail->is_object() ? text_or_empty(detail->get_object(), "code") : std::string();
    if (word != "MISSING_TOKEN" && word != "INVALID_TOKEN") co_return ClientResult<bool>(false);
    challenge.status = 401;
  } else {
    co_return ClientResult<bool>(false);
  }
  challenge.method = "POST";
  challenge.operation = std::move(operation);
  challenge.token = outcome.token;
  challenge.attempt = attempt;
  auto asking = options_.authorizer_->challenged(std::move(challenge));
  auto answer = co_await std::move(asking);
  if (!answer) co_return ClientResult<bool>(ClientError(ClientCause::unauthenticated, answer.error().message()));
  if (*answer) on_new_credentials();
  co_return ClientResult<bool>(*answer);
}

void ClientSession::notify(std::string_view method, const json::object& params) {
  if (transport_ && state_ != State::closed) transport_->send(render({}, method, params, {}));
}

void ClientSession::settle(const std::string& id, RequestOutcome outcome) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  disarm(found->second);
  const OneShot<RequestOutcome> done = found->second.done;
  pending_.erase(found);
  // Of a shared channel it is not known whose they are; there the server takes them back itself.
  if (outcome.error) forget_questions(id);
  done.set(std::move(outcome));
}

void ClientSession::fail_all(const ClientError& error, bool session_lost) {
  while (!pending_.empty()) {
    RequestOutcome outcome = failed(error);
    outcome.session_lost = session_lost;
    settle(std::string(pending_.begin()->first), std::move(outcome));
  }
}

void ClientSession::cancel_request(const std::string& id, ClientCause cause) {
  const auto found = pending_.find(id);
  if (found == pending_.end() || !transport_) return;
  const std::string method = found->second.method;
  settle(id, failed(ClientError(cause, cause == ClientCause::timeout ? "no answer in time" : "cancelled")));
  // A modern HTTP server learns of it by the closed stream, all others by a notification; `initialize` has none.
  if (method != "initialize" && !(transport_->is_http() && is_modern())) {
    json::object params;
    params["requestId"] = std::stoll(id);
    params["reason"] = cause == ClientCause::timeout ? "timeout" : "cancelled by the client";
    if (state_ == State::open) notify("notifications/cancelled", params);
  }
  transport_->cancel(id);
}

void ClientSession::arm(const std::string& id, Pending& pending) {
  if (!pending.timed || pending.pauses > 0 || pending.timer != 0) return;
  pending.armed_at = now();
  const auto delay = std::max(std::chrono::milliseconds(0), std::min(pending.quiet_left, pending.total_left));
  const std::weak_ptr<ClientSession> weak = weak_from_this();
  pending.timer = executor_.start_timer(delay, [weak, id] {
    if (const auto self = weak.lock()) self->cancel_request(id, ClientCause::timeout);
  });
}

void ClientSession::disarm(Pending& pending) {
  if (pending.timer == 0) return;
  executor_.cancel_timer(pending.timer);
  pending.timer = 0;
  const auto spent = std::max(std::chrono::milliseconds(0), now() - pending.armed_at);
  pending.quiet_left -= spent;
  pending.total_left -= spent;
}

void ClientSession::pause(const std::string& id, Pending& pending, bool on) {
  pending.pauses += on ? 1 : -1;
  if (on) {
    disarm(pending);
  } else if (pending.pauses <= 0) {
    pending.pauses = 0;
    pending.quiet_left = pending.quiet;
    arm(id, pending);
  }
}

void ClientSession::on_waiting(const std::string& id, bool waiting) {
  const auto found = pending_.find(id);
  if (found != pending_.end()) pause(id, found->second, waiting);
}

void ClientSession::on_new_credentials() {
  if (other_credentials_) other_credentials_();
}

Task<void> ClientSession::leave() {
  const auto self = shared_from_this();
  if (state_ == State::open) {
    state_ = State::closed;
    fail_all(ClientError(ClientCause::closed, "the client is closed"), false);
    const auto transport = transport_;
    auto leaving = transport->leave();
    co_await std::move(leaving);
  }
  close();
}

void ClientSession::close() {
  state_ = State::closed;
  fail_all(ClientError(ClientCause::closed, "the client is closed"), false);
  wake_waiters(ClientResult<void>(ClientError(ClientCause::closed, "the client is closed")));
  reopened_.clear();
  if (!transport_) return;
  executor_.post([self = shared_from_this()] {
    self->runs_.stop();
    if (self->transport_) self->transport_->close();
    self->transport_.reset();
  });
}

}  // namespace leanmcp::inline v0::detail
