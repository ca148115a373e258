#include <leanmcp/transport/serve.hpp>

#include <leanmcp/base/event_loop.hpp>
#include <leanmcp/http/metrics.hpp>
#include <leanmcp/transport/streamable_http.hpp>

#include <csignal>
#include <pthread.h>

#include <thread>

namespace leanmcp::inline v0 {

namespace {

constexpr std::chrono::milliseconds sweep_every = std::chrono::seconds(30);

StreamableHttpOptions endpoint_options(const HttpOptions& options) {
  SessionTable::Limits limits;
  limits.total = options.session_total_;
  limits.per_address = options.session_per_address_;
  limits.idle = options.session_idle_;
  return StreamableHttpOptions().sessions(limits);
}

}  // namespace

struct HttpService::State {
  State(Server& s, HttpOptions o) : server(s), options(std::move(o)), endpoint(s.engine(), endpoint_options(options)) {
    if (options.http_.registry) metrics = options.http_.registry;
    options.http_.metrics(metrics);
    http = std::make_unique<HttpServer>(options.http_);
  }

  Server& server;
  HttpOptions options;
  std::shared_ptr<Metrics> metrics = std::make_shared<Metrics>();
  StreamableHttp endpoint;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<HttpServer> metrics_http;
  /// Sweeps sessions; a loop of its own keeps it off the requests' threads.
  EventLoop housekeeping;
  std::thread housekeeper;
  bool started = false;

  void sweep() {
    housekeeping.start_timer(sweep_every, [this] {
      endpoint.sweep();
      sweep();
    });
  }

  void add_routes() {
    http->route_any(options.path_, [this](HttpExchange exchange) { endpoint.handle(std::move(exchange)); });
    http->route_health("/health");
    for (const HttpOptions::Route& route : options.routes_) {
      if (route.path.ends_with('/')) {
        http->route_prefix(route.method, route.path, route.handler);
      } else {
        http->route(route.method, route.path, route.handler);
      }
    }
    for (const auto& [path, origins] : options.origins_) http->route_origins(path, origins);
    http->on_shutdown([this] { endpoint.shutdown(); });
  }

  /// Where the server is reached on this machine.
  std::string url() const {
    const HttpServerOptions& at = options.http_;
    const bool v6 = at.bind_address.find(':') != std::string::npos;
    return (at.certificate_file.empty() ? "http://" : "https://") +
           (v6 ? "[" + at.bind_address + "]" : at.bind_address) + ":" + std::to_string(http->port()) + options.path_;
  }

  Result<void> start_metrics() {
    HttpServerOptions metrics_options;
    metrics_options.port(options.metrics_port_).logger(options.logger_);
    metrics_http = std::make_unique<HttpServer>(metrics_options);
    route_metrics(*metrics_http, "/metrics", metrics);
    return metrics_http->start();
  }
};

HttpService::HttpService(Server& server, HttpOptions options)
    : state_(std::make_unique<State>(server, std::move(options))) {}

HttpService::~HttpService() { stop(); }

Result<void> HttpService::start() {
  auto built = state_->server.build();
  if (!built) return built;
  state_->add_routes();
  auto listening = state_->http->start();
  if (!listening) return listening;
  state_->started = true;
  if (state_->options.has_metrics_) {
    auto metrics = state_->start_metrics();
    if (!metrics) return metrics;
  }
  state_->sweep();
  state_->housekeeper = std::thread([this] { state_->housekeeping.run(); });
  state_->options.logger_.info("listening", {{"url", state_->url()}});
  if (state_->options.listening_) state_->options.listening_(port());
  return {};
}

std::uint16_t HttpService::port() const noexcept { return state_->http->port(); }
std::uint16_t HttpService::metrics_port() const noexcept {
  return state_->metrics_http ? state_->metrics_http->port() : 0;
}

void HttpService::stop() {
  if (!std::exchange(state_->started, false)) return;
  state_->http->stop();
  state_->http->wait();
  state_->endpoint.close();
  if (state_->metrics_http) {
    state_->metrics_http->stop();
    state_->metrics_http->wait();
  }
  if (state_->housekeeper.joinable()) {
    state_->housekeeping.stop();
    state_->housekeeper.join();
  }
}

int serve_http(Server& server, HttpOptions options) {
  // Blocked before any thread is made, so that the signals wait for the one thread that asks for them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const Logger logger = options.logger_;
  HttpService service(server, std::move(options));
  const auto started = service.start();
  if (!started) {
    logger.error("cannot serve", {{"reason", started.error().message()}});
    return 1;
  }
  int received = 0;
  sigwait(&signals, &received);
  service.stop();
  return 0;
}

}  // namespace leanmcp::inline v0
