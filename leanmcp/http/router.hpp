#pragma once

#include <leanmcp/http/server.hpp>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0::detail {

/// One path and who answers on it.
struct Route {
  std::string path;
  bool is_prefix = false;
  /// Answered whatever the Host: for probes, which use addresses.
  bool any_host = false;
  RouteOrigins origins = RouteOrigins::allowed;
  std::array<HttpHandler, static_cast<std::size_t>(HttpMethod::other) + 1> by_method;
  HttpHandler any;
  /// "GET, HEAD, POST, OPTIONS", for Allow.
  std::string allow;

  const HttpHandler* handler(HttpMethod method) const noexcept;
};

class Router {
 public:
  /// The route of that path, new when there was none. Throws std::logic_error for a path without a slash in front.
  Route& add(std::string path, bool is_prefix);
  void set(Route& route, HttpMethod method, HttpHandler handler);
  const Route* find(std::string_view path) const noexcept;

 private:
  // Few, and compared by length first: quicker than a map.
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace leanmcp::inline v0::detail
