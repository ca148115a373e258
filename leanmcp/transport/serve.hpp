#pragma once

#include <leanmcp/http/server.hpp>
#include <leanmcp/server/server.hpp>
#include <leanmcp/transport/stdio.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

class Metrics;

/// How an MCP server is reached over HTTP; each call refines and returns the same object. What is not here is in
/// `http()`, the options of the HTTP server underneath.
class HttpOptions {
 public:
  HttpOptions() { http_.threads(0); }
  HttpOptions& port(std::uint16_t number) { return http_.port(number), *this; }
  /// 127.0.0.1 by default: other machines reach the server only if it is told so.
  HttpOptions& address(std::string ip) { return http_.address(std::move(ip)), *this; }
  /// Event loops; by default one per core. Coroutine tools and `nonblocking()` ones of different connections run on
  /// them at once, so services guard what they share, as for the worker pool.
  HttpOptions& threads(unsigned loops) { return http_.threads(loops), *this; }
  HttpOptions& tls(std::string certificate_file, std::string key_file) {
    return http_.tls(std::move(certificate_file), std::move(key_file)), *this;
  }
  /// Where clients reach the server from outside, such as "https://mcp.example.com".
  HttpOptions& public_url(std::string url) { return http_.public_url(std::move(url)), *this; }
  HttpOptions& allow_host(std::string host) { return http_.allow_host(std::move(host)), *this; }
  HttpOptions& allow_origin(std::string origin) { return http_.allow_origin(std::move(origin)), *this; }
  HttpOptions& logger(Logger logger) {
    logger_ = logger;
    return http_.logger(std::move(logger)), *this;
  }
  /// The MCP endpoint; "/mcp" by default.
  HttpOptions& path(std::string endpoint) { return path_ = std::move(endpoint), *this; }
  /// A page or webhook of one's own beside the endpoint. A path that ends in `/` takes all below it.
  HttpOptions& route(HttpMethod method, std::string path, HttpHandler handler) {
    routes_.push_back(Route{method, std::move(path), std::move(handler)});
    return *this;
  }
  /// Which pages in browsers may call that path; see `HttpServer::route_origins`.
  HttpOptions& route_origins(std::string path, RouteOrigins origins) {
    origins_.emplace_back(std::move(path), origins);
    return *this;
  }
  /// Serves `/metrics` (OpenMetrics) on a port of its own on 127.0.0.1; 0 for any free one.
  HttpOptions& metrics_port(std::uint16_t number) {
    metrics_port_ = number;
    has_metrics_ = true;
    return *this;
  }
  /// Sessions of the legacy era: in total, per address, and how long an idle one is kept.
  HttpOptions& sessions(std::size_t total, std::size_t per_address, std::chrono::milliseconds idle) {
    session_total_ = total;
    session_per_address_ = per_address;
    session_idle_ = idle;
    return *this;
  }
  /// Called once the server listens, with the port.
  HttpOptions& on_listening(std::function<void(std::uint16_t)> hook) { return listening_ = std::move(hook), *this; }
  HttpServerOptions& http() noexcept { return http_; }

  struct Route {
    HttpMethod method;
    std::string path;
    HttpHandler handler;
  };
  HttpServerOptions http_;
  Logger logger_;
  std::string path_ = "/mcp";
  std::vector<Route> routes_;
  std::vector<std::pair<std::string, RouteOrigins>> origins_;
  std::uint16_t metrics_port_ = 0;
  bool has_metrics_ = false;
  std::size_t session_total_ = 10'000;
  std::size_t session_per_address_ = 1'000;
  std::chrono::milliseconds session_idle_ = std::chrono::minutes(30);
  std::function<void(std::uint16_t)> listening_;
};

/// An MCP server listening on HTTP: the endpoint, `/health`, and routes of one's own. For programs that do more than
/// serve; `serve_http` is enough for the others. The MCP server must outlive it.
class HttpService {
 public:
  HttpService(Server& server, HttpOptions options);
  ~HttpService();
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  /// Builds the server, binds, starts the threads and says in the log where it listens.
  Result<void> start();
  std::uint16_t port() const noexcept;
  std::uint16_t metrics_port() const noexcept;
  /// Ends listening streams with their closing answer, lets calls in flight end, joins. Idempotent.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Serves until SIGINT or SIGTERM, then stops gracefully: `return serve_http(server, HttpOptions().port(3000));`.
/// Returns 0, or 1 when the server cannot be built or the port cannot be had; the reason goes to the logger. Takes the
/// two signals over for the process.
int serve_http(Server& server, HttpOptions options);

}  // namespace leanmcp::inline v0
