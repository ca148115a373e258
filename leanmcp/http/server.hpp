#pragma once

#include <leanmcp/base/event_loop.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/http/exchange.hpp>
#include <leanmcp/http/server_options.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace leanmcp::inline v0 {

/// Called on the connection's loop as soon as the whole request, body included, is there. It must not block; it may
/// answer at once or keep the exchange. An exception is a bug: it is logged and answered with 500.
using HttpHandler = std::function<void(HttpExchange)>;

/// An HTTP/1.1 server (RFC 9110, RFC 9112) for programs that answer requests: no files, no compression.
///
/// Routes are set before `start`. Requests are checked in this order: syntax and size (400, 413, 431, 501, 505), `Host`
/// and `Origin` (403), path (404) and method (405), each before the body is read. `OPTIONS` is answered by the server:
/// preflights of allowed origins get the CORS headers (Fetch standard, section 3.2). HEAD is served by GET handlers.
class HttpServer {
 public:
  /// With loops and threads of its own.
  explicit HttpServer(HttpServerOptions options);
  /// On the caller's loop, which must outlive the server.
  HttpServer(HttpServerOptions options, EventLoop& loop);
  /// Closes what is still open without waiting for answers; `stop` and `wait` first for a graceful end. On a caller's
  /// loop: on its thread, or while it does not run.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// One exact path ("/mcp").
  void route(HttpMethod method, std::string path, HttpHandler handler);
  /// Whatever the method; the handler refuses what it does not know. OPTIONS stays the server's.
  void route_any(std::string path, HttpHandler handler);
  /// Everything below a path that ends in a slash ("/connect/"); the longest prefix wins, an exact path before it.
  void route_prefix(HttpMethod method, std::string prefix, HttpHandler handler);
  void route_prefix(std::string prefix, HttpHandler handler);
  /// Which origins may call the routes of this path, or of this prefix where it ends in a slash; the allowed ones if
  /// nothing is said.
  void route_origins(std::string path, RouteOrigins origins);
  /// Answers GET on `path` with 200 and "ok", to any Host: probes use addresses. Says 503 once the server is stopping.
  void route_health(std::string path);
  /// Called once, on one of the server's loops, when the server begins to stop: for ending streams, which would
  /// otherwise hold up the stop until `stop_time` is over.
  void on_shutdown(std::function<void()> hook);

  /// Binds, listens and starts the threads; on a caller's loop it only binds and listens. A failure says what the
  /// system or OpenSSL said.
  Result<void> start();
  /// `start()` and `wait()`.
  Result<void> run();
  /// Begins a graceful stop and returns: no new connections, idle ones are closed, requests in flight have
  /// `stop_time`. From any thread.
  void stop();
  /// Blocks until the stop is complete. Not on one of the server's loops.
  void wait();
  /// Called on one of the server's loops when the stop is complete. For servers on a caller's loop.
  void on_stopped(std::function<void()> hook);

  /// The port listened on; 0 before `start`.
  std::uint16_t port() const noexcept;
  /// The number of open connections.
  std::size_t connections() const noexcept;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace leanmcp::inline v0
