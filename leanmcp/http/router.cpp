#include <leanmcp/http/router.hpp>

#include <stdexcept>

namespace leanmcp::inline v0::detail {

namespace {

constexpr std::pair<HttpMethod, std::string_view> names[] = {
    {HttpMethod::get, "GET"}, {HttpMethod::head, "HEAD"},   {HttpMethod::post, "POST"},
    {HttpMethod::put, "PUT"}, {HttpMethod::patch, "PATCH"}, {HttpMethod::remove, "DELETE"},
};

std::string allowed_methods(const Route& route) {
  std::string out;
  for (const auto& [method, name] : names)
    if (route.handler(method) != nullptr) out.append(name).append(", ");
  return out + "OPTIONS";
}

}  // namespace

const HttpHandler* Route::handler(HttpMethod method) const noexcept {
  const auto of = [this](HttpMethod m) -> const HttpHandler& { return by_method[static_cast<std::size_t>(m)]; };
  if (of(method)) return &of(method);
  if (method == HttpMethod::head && of(HttpMethod::get)) return &of(HttpMethod::get);
  return any ? &any : nullptr;
}

Route& Router::add(std::string path, bool is_prefix) {
  if (!path.starts_with('/')) throw std::logic_error("a route's path begins with a slash");
  if (is_prefix && !path.ends_with('/')) throw std::logic_error("a route's prefix ends with a slash");
  for (const auto& route : routes_)
    if (route->path == path && route->is_prefix == is_prefix) return *route;
  auto route = std::make_unique<Route>();
  route->path = std::move(path);
  route->is_prefix = is_prefix;
  routes_.push_back(std::move(route));
  return *routes_.back();
}

void Router::set(Route& route, HttpMethod method, HttpHandler handler) {
  if (method == HttpMethod::options) throw std::logic_error("OPTIONS is answered by the server");
  (method == HttpMethod::other ? route.any : route.by_method[static_cast<std::size_t>(method)]) = std::move(handler);
  route.allow = allowed_methods(route);
}

const Route* Router::find(std::string_view path) const noexcept {
  const Route* best = nullptr;
  for (const auto& route : routes_) {
    if (!route->is_prefix) {
      if (route->path == path) return route.get();
    } else if (path.starts_with(route->path) && (best == nullptr || route->path.size() > best->path.size())) {
      best = route.get();
    }
  }
  return best;
}

}  // namespace leanmcp::inline v0::detail
