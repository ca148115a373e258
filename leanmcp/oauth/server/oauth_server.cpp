#include <leanmcp/oauth/server/oauth_server.hpp>

#include <leanmcp/base/ascii.hpp>
#include <leanmcp/base/worker_pool.hpp>
#include <leanmcp/http/header_name.hpp>
#include <leanmcp/oauth/server/core.hpp>
#include <leanmcp/oauth/server/endpoints.hpp>
#include <leanmcp/oauth/server/redirect_uri.hpp>
#include <leanmcp/oauth/server/signing_keys.hpp>
#include <leanmcp/oauth/server/upstream_tokens.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace leanmcp::inline v0 {

using as::Endpoint;
using as::Workplace;

namespace {

/// Many, since they wait for the disk together: what they write at the same time is committed at once.
constexpr unsigned quick_threads = 32;
constexpr unsigned slow_threads = 8;
constexpr std::size_t most_waiting = 1'000;
constexpr std::chrono::minutes keep_period(1);
constexpr int periods_between_sweeps = 10;
constexpr std::string_view well_known = "/.well-known/";

std::string_view without_blanks(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

struct OAuthServer::State {
  State(OAuthServerOptions given, Database base) : options(std::move(given)), database(std::move(base)) {}
  ~State() { stop(); }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      changed.notify_all();
    }
    if (keeper.joinable()) keeper.join();
    quick.stop();
    slow.stop();
  }

  as::Answer handle(const as::Request& request) noexcept {
    try {
      return as::answer_request(*core, request, core->options.clock_->now());
    } catch (const std::exception& bug) {
      core->options.log_.error("an OAuth endpoint threw", {{"path", request.path}, {"what", bug.what()}});
    } catch (...) {
      core->options.log_.error("an OAuth endpoint threw", {{"path", request.path}});
    }
    return as::oauth_error(500, "server_error", "The server failed.");
  }

  /// Keys follow each other, and what ran out is removed.
  void keep() {
    const Logger& log = core->options.log_;
    for (int period = 1;; ++period) {
      std::unique_lock lock(mutex);
      if (changed.wait_for(lock, keep_period, [this] { return stopping; })) return;
      lock.unlock();
      const TimePoint now = core->options.clock_->now();
      const auto kept = core->keys->keep(now);
      if (!kept) log.error("the signing keys are not kept", {{"reason", kept.error().message()}});
      if (period % periods_between_sweeps != 0) continue;
      const auto forgotten = as::forget_ended_sign_ins(*core, now, [this] {
        const std::lock_guard still(mutex);
        return !stopping;
      });
      if (!forgotten)
        log.warning("tokens of ended sign-ins are not removed", {{"cause", to_string(forgotten.error().cause)}});
      as::SweepRules rules;
      rules.unused_client = core->options.lifetimes_.unused_client;
      rules.idle_client = core->options.lifetimes_.idle_client;
      const auto swept = core->store->sweep(now, rules);
      if (!swept) log.warning("old records are not removed", {{"cause", to_string(swept.error().cause)}});
    }
  }

  as::Request request_of(const HttpRequest& from, std::string path) const {
    as::Request out(from.verb(), std::move(path));
    out.query = from.query();
    out.body = from.body();
    from.for_each_header([&](std::string_view name, std::string_view value) {
      out.headers.emplace_back(detail::to_lower(name), value);
    });
    out.peer = from.peer();
    if (!core->options.address_field_.empty()) {
      std::string_view last;
      for (const auto& [name, value] : out.headers)
        if (name == address_field) last = value;
      last = without_blanks(last.substr(last.rfind(',') + 1));
      if (!last.empty()) out.peer = last;
    }
    return out;
  }

  void serve(const Endpoint& endpoint, HttpExchange exchange, std::string path) {
    auto request = std::make_shared<const as::Request>(request_of(exchange.request(), std::move(path)));
    const auto respond = [](HttpExchange& to, const as::Answer& answer) {
      to.respond(answer.status, answer.content_type, answer.body, answer.headers);
    };
    if (endpoint.workplace == Workplace::loop) return respond(exchange, handle(*request));
    WorkerPool& pool = endpoint.workplace == Workplace::quick ? quick : slow;
    const bool taken = pool.submit([this, exchange, request, respond] {
      auto answer = std::make_shared<const as::Answer>(handle(*request));
      exchange.executor().post([exchange, answer, respond]() mutable { respond(exchange, *answer); });
    });
    if (taken) return;
    respond(exchange,
            as::oauth_error(503, "temporarily_unavailable", "The server is busy; try again.").with("Retry-After", "1"));
  }

  OAuthServerOptions options;
  Database database;
  std::unique_ptr<as::Core> core;
  std::string address_field;
  WorkerPool quick{quick_threads, most_waiting};
  WorkerPool slow{slow_threads, most_waiting};

  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::thread keeper;
};

OAuthServer::OAuthServer(OAuthServerOptions options, Database database)
    : state_(std::make_shared<State>(std::move(options), std::move(database))) {}
OAuthServer::~OAuthServer() { state_->stop(); }

Result<void> OAuthServer::init() {
  if (state_->core) throw std::logic_error("OAuthServer::init is called once");
  auto core = as::make_core(state_->options, state_->database);
  if (!core) return core.error();
  for (const auto& provider : (*core)->options.upstreams_) {
    auto known = provider->init();
    if (!known) return known.error();
  }
  state_->core = std::move(*core);
  state_->address_field = detail::to_lower(state_->options.address_field_);
  state_->keeper = std::thread([state = state_.get()] { state->keep(); });
  return {};
}

template <class Route>
void OAuthServer::each_route(const Route& route) {
  if (!state_->core) throw std::logic_error("OAuthServer::init comes before mount");
  as::UriParts issuer;
  as::split_uri(state_->core->options.issuer_, issuer);
  const std::string below(issuer.path);
  for (const Endpoint& endpoint : as::endpoints()) {
    const std::string path(endpoint.path);
    const HttpHandler handler = [weak = std::weak_ptr<State>(state_), &endpoint, below](HttpExchange exchange) {
      const auto state = weak.lock();
      if (!state) return;
      std::string at(exchange.request().path());
      // Of a well-known document only the name counts, wherever the issuer's path stands in it.
      at = endpoint.path.starts_with(well_known) ? std::string(endpoint.path) : at.substr(below.size());
      state->serve(endpoint, std::move(exchange), std::move(at));
    };
    if (!endpoint.path.starts_with(well_known)) {
      route(endpoint.verb, below + path, endpoint.origins, handler);
      continue;
    }
    // RFC 8414, section 3.1, and for OpenID Connect both forms that clients try.
    route(endpoint.verb, path + below, endpoint.origins, handler);
    const bool openid = endpoint.path.ends_with("/openid-configuration");
    if (openid && !below.empty()) route(endpoint.verb, below + path, endpoint.origins, handler);
  }
}

void OAuthServer::mount(HttpOptions& options) {
  each_route([&](HttpMethod method, const std::string& path, RouteOrigins origins, const HttpHandler& handler) {
    options.route(method, path, handler).route_origins(path, origins);
  });
}

void OAuthServer::mount(HttpServer& server) {
  each_route([&](HttpMethod method, const std::string& path, RouteOrigins origins, const HttpHandler& handler) {
    if (path.ends_with('/')) {
      server.route_prefix(method, path, handler);
    } else {
      server.route(method, path, handler);
    }
    server.route_origins(path, origins);
  });
}

void OAuthServer::stop() { state_->stop(); }

as::Answer OAuthServer::handle(const as::Request& request) {
  if (!state_->core) throw std::logic_error("OAuthServer::init comes before handle");
  return state_->handle(request);
}

as::Core& OAuthServer::core() noexcept { return *state_->core; }

}  // namespace leanmcp::inline v0
