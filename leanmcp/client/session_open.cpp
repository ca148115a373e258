#include <leanmcp/client/session.hpp>

#include <leanmcp/protocol/codes.hpp>

namespace leanmcp::inline v0::detail {

namespace {

/// Failures that say something of the way to the server, not of its era.
bool is_about_the_way(const ClientError& error) {
  switch (error.cause()) {
    case ClientCause::invalid_request:
    case ClientCause::unreachable:
    case ClientCause::tls:
    case ClientCause::cancelled:
    case ClientCause::closed:
    case ClientCause::too_large:
    case ClientCause::redirected:
    case ClientCause::unauthenticated:
    case ClientCause::forbidden:
      return true;
    default:
      return false;
  }
}

ClientResult<void> is_closed() { return ClientError(ClientCause::closed, "the client is closed"); }

}  // namespace

json::object ClientSession::client_info() const {
  json::object info;
  info["name"] = options_.client_name_;
  info["version"] = options_.client_version_;
  return info;
}

json::object ClientSession::capabilities() const {
  json::object out;
  const bool form = options_.on_form_ || options_.manual_rounds_;
  const bool url = (options_.on_url_ || options_.manual_rounds_) && version_ >= Version::v2025_11_25;
  if ((form || url) && version_ >= Version::v2025_06_18) {
    json::object modes;
    if (version_ >= Version::v2025_11_25) {
      if (form) modes["form"] = json::object();
      if (url) modes["url"] = json::object();
    }
    out["elicitation"] = std::move(modes);
  }
  if (options_.on_sample_) out["sampling"] = json::object();
  if (options_.roots_) out["roots"] = json::object();
  if (options_.authorizer_ && version_ >= Version::v2026_07_28) {
    json::object extensions;
    for (const std::string& name : options_.authorizer_->extensions()) extensions[name] = json::object();
    if (!extensions.empty()) out["extensions"] = std::move(extensions);
  }
  return out;
}

Task<ClientResult<void>> ClientSession::open() {
  const auto self = shared_from_this();
  state_ = State::opening;
  ++generation_;
  // A server numbers its questions anew in each session: an answer to an old one would be taken for one to a new one.
  forget_questions();
  const auto transport = transport_;
  auto opening = transport->open();
  auto opened = co_await std::move(opening);
  if (opened) {
    auto detecting = detect();
    opened = co_await std::move(detecting);
  }
  if (state_ == State::closed) opened = is_closed();
  if (opened) {
    state_ = State::open;
    if (!is_modern()) known_legacy_ = version_;
  }
  if (!opened && state_ == State::opening) state_ = State::lost;
  wake_waiters(opened);
  if (opened) {
    const auto handlers = reopened_;
    for (const auto& [number, handler] : handlers) handler();
  }
  co_return std::move(opened);
}

void ClientSession::wake_waiters(ClientResult<void> result) {
  const auto waiters = std::exchange(waiters_, {});
  for (const auto& waiter : waiters) waiter.set(result);
}

Task<ClientResult<void>> ClientSession::ensure_open() {
  if (state_ == State::open) co_return ClientResult<void>();
  if (state_ == State::closed || state_ == State::fresh) co_return is_closed();
  if (state_ == State::opening) {
    const OneShot<ClientResult<void>> turn;
    waiters_.push_back(turn);
    ClientResult<void> result = co_await turn;
    co_return std::move(result);
  }
  auto opening = open();
  auto opened = co_await std::move(opening);
  co_return std::move(opened);
}

ClientResult<void> ClientSession::accept_discovery(JsonObject result, Version version) {
  version_ = version;
  version_text_ = std::string(to_string(version));
  server_ = read_server(std::move(result), version);
  return {};
}

Task<ClientResult<void>> ClientSession::detect() {
  const std::vector<Version>& wanted = options_.versions_;
  const auto modern = modern_version(wanted);
  const auto legacy = legacy_version(wanted);
  if (known_legacy_ || !modern) {
    if (!legacy) co_return ClientResult<void>(ClientError(ClientCause::unsupported_version, "no revision is wanted"));
    auto initializing = initialize(known_legacy_.value_or(*legacy), false);
    auto initialized = co_await std::move(initializing);
    co_return std::move(initialized);
  }
  Version tried = *modern;
  for (int attempt = 1;; ++attempt) {
    version_ = tried;
    version_text_ = std::string(to_string(tried));
    RequestSettings settings;
    if (!transport_->is_http() && legacy) settings.quiet = options_.probe_timeout_;
    auto probing = roundtrip("server/discover", json::object(), std::move(settings));
    const RequestOutcome outcome = co_await std::move(probing);
    if (state_ == State::closed) co_return is_closed();
    ProbeReply reply;
    reply.result = outcome.result.get();
    reply.error = outcome.rpc_error.get();
    if (outcome.error && !outcome.rpc_error) {
      const bool slow_http = outcome.error->cause() == ClientCause::timeout && transport_->is_http();
      if (outcome.session_lost || slow_http || is_about_the_way(*outcome.error))
        co_return ClientResult<void>(*outcome.error);
    }
    if (outcome.error && is_about_the_way(*outcome.error)) co_return ClientResult<void>(*outcome.error);
    const ProbeVerdict verdict = judge_probe(reply, wanted, tried, attempt);
    switch (verdict.step) {
      case ProbeStep::modern: {
        auto accepted =
            accept_discovery(outcome.result ? outcome.result : std::make_shared<const json::object>(), verdict.version);
        co_return std::move(accepted);
      }
      case ProbeStep::probe_again:
        tried = verdict.version;
        continue;
      case ProbeStep::initialize: {
        auto initializing = initialize(verdict.version, verdict.perhaps_modern);
        auto initialized = co_await std::move(initializing);
        co_return std::move(initialized);
      }
      case ProbeStep::refused:
        co_return ClientResult<void>(*outcome.error);
      case ProbeStep::unsupported:
        break;
    }
    if (outcome.error && outcome.error->code() != code::unsupported_version)
      co_return ClientResult<void>(*outcome.error);
    co_return ClientResult<void>(
        ClientError(ClientCause::unsupported_version, "no protocol revision in common with the server"));
  }
}

Task<RequestOutcome> ClientSession::initialize_on(Version wished, bool again) {
  version_ = wished;
  version_text_.clear();
  if (again) {
    transport_->close();
    transport_ = fallback_(executor_, *this);
    const auto transport = transport_;
    auto opening = transport->open();
    auto opened = co_await std::move(opening);
    if (!opened) {
      RequestOutcome outcome = failed(std::move(opened).error());
      co_return std::move(outcome);
    }
  }
  json::object params;
  params["protocolVersion"] = to_string(wished);
  params["capabilities"] = capabilities();
  params["clientInfo"] = client_info();
  auto asking = roundtrip("initialize", std::move(params), RequestSettings());
  RequestOutcome outcome = co_await std::move(asking);
  co_return std::move(outcome);
}

Task<ClientResult<void>> ClientSession::initialize(Version wished, bool perhaps_modern) {
  auto trying = initialize_on(wished, false);
  RequestOutcome outcome = co_await std::move(trying);
  if (state_ == State::closed) co_return is_closed();
  if (outcome.error && fallback_ && suggests_http_sse(outcome.error->http_status(), outcome.rpc_error.get())) {
    const RequestOutcome first = outcome;
    auto again = initialize_on(wished, true);
    outcome = co_await std::move(again);
    if (state_ == State::closed) co_return is_closed();
    if (outcome.error && outcome.error->cause() == ClientCause::http_status) outcome = first;
  }
  if (outcome.rpc_error && perhaps_modern) {
    auto accepted = accept_discovery(std::make_shared<const json::object>(), *modern_version(options_.versions_));
    co_return std::move(accepted);
  }
  if (outcome.error) co_return ClientResult<void>(*outcome.error);
  const std::string text = text_or_empty(*outcome.result, "protocolVersion");
  const auto agreed = negotiated(text, options_.versions_);
  if (!agreed) {
    co_return ClientResult<void>(
        ClientError(ClientCause::unsupported_version, "the server answered initialize with an unknown revision"));
  }
  version_ = *agreed;
  // The header came with 2025-06-18; older servers need not know it.
  version_text_ = *agreed >= Version::v2025_06_18 ? text : std::string();
  server_ = read_server(outcome.result, *agreed);
  notify("notifications/initialized", json::object());
  const auto transport = transport_;
  auto listening = transport->established(version_text_, options_.listen_stream_);
  co_await std::move(listening);
  if (state_ == State::closed) co_return is_closed();
  if (!options_.log_level_.empty() && server_.has("logging")) {
    json::object params;
    params["level"] = options_.log_level_;
    auto setting = roundtrip("logging/setLevel", std::move(params), RequestSettings());
    const RequestOutcome ignored = co_await std::move(setting);
    if (ignored.error) options_.logger_.warning("the server refused the log level");
  }
  co_return ClientResult<void>();
}

}  // namespace leanmcp::inline v0::detail
