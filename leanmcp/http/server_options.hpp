#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/log.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

class Metrics;

/// Which pages in a browser may call a route, whatever else the server allows.
enum class RouteOrigins {
  allowed,  ///< those of the allowed origins, which may read the answer
  /// All, which may read the answer (`Access-Control-Allow-Origin: *`, so without cookies): for what is public, or
  /// carries its own credentials.
  any,
  /// The route is for browsers themselves: no page elsewhere may read the answer, and the handler looks at `Origin`.
  own,
};

/// How a server listens and what it puts up with. Zero means "no limit" only where that is said.
class HttpServerOptions {
 public:
  using Duration = std::chrono::milliseconds;

  HttpServerOptions() = default;

  /// An IPv4 or IPv6 address to listen on. Names are not resolved.
  HttpServerOptions& address(std::string value) { return set(bind_address, std::move(value)); }
  /// 0 takes any free port; `HttpServer::port()` tells which.
  HttpServerOptions& port(std::uint16_t value) { return set(bind_port, value); }
  /// Event loops, each with a thread of its own; 0 for one per core that the process may use. Connections are spread
  /// over them, so handlers run on several threads at once. Ignored on a caller's loop.
  HttpServerOptions& threads(unsigned value) { return set(loops, value); }

  /// Open connections: of all peers, and of one address (an IPv6 /64 counts as one address; 0 for no limit). What is
  /// over gets 503 and is closed. Raise the second behind a reverse proxy, whose clients all have its address.
  HttpServerOptions& max_connections(std::size_t total, std::size_t of_one_address) {
    most_connections = total;
    return set(most_connections_of_one, of_one_address);
  }
  /// Request line and headers together, in bytes (431), and their number.
  HttpServerOptions& max_header(std::size_t bytes, std::size_t fields) {
    most_header_bytes = bytes;
    return set(most_header_fields, fields);
  }
  /// One request body, in bytes (413), and the memory of all bodies that are being received (503).
  HttpServerOptions& max_body(std::size_t bytes, std::size_t all_bodies) {
    most_body_bytes = bytes;
    return set(most_body_memory, all_bodies);
  }
  HttpServerOptions& max_body(std::size_t bytes) { return set(most_body_bytes, bytes); }
  /// Requests whose answer has not begun (503).
  HttpServerOptions& max_in_flight(std::size_t value) { return set(most_in_flight, value); }
  /// Bytes of one answer that may wait for a slow reader before a stream is cut off.
  HttpServerOptions& max_buffered(std::size_t bytes) { return set(most_buffered, bytes); }

  /// From the first byte of a request (or the connection's begin) to the end of its headers, then to the end of its
  /// body (408). Deadlines are kept to within a quarter of the shortest of these times, and a second at most.
  HttpServerOptions& read_times(Duration header, Duration body) {
    header_time = header;
    return set(body_time, body);
  }
  /// Between two requests of a connection.
  HttpServerOptions& idle_time(Duration value) { return set(keep_alive_time, value); }
  /// For a peer to take the next 16 KiB of what waits for it.
  HttpServerOptions& write_time(Duration value) { return set(send_time, value); }
  /// For the requests in flight when the server is stopped.
  HttpServerOptions& stop_time(Duration value) { return set(drain_time, value); }

  /// Serves TLS 1.2 and 1.3 from PEM files: the certificate chain, leaf first, and its unencrypted key.
  HttpServerOptions& tls(std::string chain_file, std::string key_file) {
    certificate_file = std::move(chain_file);
    return set(private_key_file, std::move(key_file));
  }

  /// Where clients reach the server from outside ("https://mcp.example.com"). Its host and origin are then allowed.
  HttpServerOptions& public_url(std::string value) { return set(outside_url, std::move(value)); }
  /// A `Host` that is served: "mcp.example.com" with any port, or "mcp.example.com:8443". A server on a loopback
  /// address always checks Host, with localhost, 127.0.0.1 and [::1] allowed; any other as soon as a host is allowed
  /// here or by `public_url` (MCP, Transports, Security Warning: DNS rebinding).
  HttpServerOptions& allow_host(std::string value) {
    allowed_hosts.push_back(std::move(value));
    return *this;
  }
  HttpServerOptions& allow_any_host() { return set(any_host, true); }
  /// An `Origin` that may call from a browser: "https://app.example.com", with a port where there is one in the URL. A
  /// request with any other Origin gets 403. On a loopback address loopback origins are allowed.
  HttpServerOptions& allow_origin(std::string value) {
    allowed_origins.push_back(std::move(value));
    return *this;
  }
  HttpServerOptions& allow_any_origin() { return set(any_origin, true); }
  /// Neither checks `Origin` nor tells other pages that they may read answers: for pages that people come to by a
  /// redirect, with which some browsers send `Origin: null`, and which are protected in another way.
  HttpServerOptions& ignore_origin() { return set(no_origin_check, true); }

  HttpServerOptions& logger(Logger value) { return set(log, std::move(value)); }
  /// For the Date header. Limits in time are kept by the loop's own timers.
  HttpServerOptions& clock(std::shared_ptr<const Clock> value) { return set(wall_clock, std::move(value)); }
  /// Where the server's figures (`http_…`) are registered.
  HttpServerOptions& metrics(std::shared_ptr<Metrics> value) { return set(registry, std::move(value)); }

  std::string bind_address = "127.0.0.1";
  std::uint16_t bind_port = 0;
  unsigned loops = 1;
  std::size_t most_connections = 10'000;
  std::size_t most_connections_of_one = 1'000;
  std::size_t most_header_bytes = 16 * 1024;
  std::size_t most_header_fields = 100;
  std::size_t most_body_bytes = 4 * 1024 * 1024;
  std::size_t most_body_memory = 256 * 1024 * 1024;
  std::size_t most_in_flight = 4'096;
  std::size_t most_buffered = 1024 * 1024;
  Duration header_time = std::chrono::seconds(15);
  Duration body_time = std::chrono::seconds(30);
  Duration keep_alive_time = std::chrono::seconds(75);
  Duration send_time = std::chrono::seconds(30);
  Duration drain_time = std::chrono::seconds(10);
  std::string certificate_file;
  std::string private_key_file;
  std::string outside_url;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> allowed_origins;
  bool any_host = false;
  bool any_origin = false;
  bool no_origin_check = false;
  Logger log;
  std::shared_ptr<const Clock> wall_clock = std::make_shared<SystemClock>();
  std::shared_ptr<Metrics> registry;

 private:
  template <class T, class U>
  HttpServerOptions& set(T& member, U&& value) {
    member = std::forward<U>(value);
    return *this;
  }
};

}  // namespace leanmcp::inline v0
