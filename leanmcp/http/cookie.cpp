#include <leanmcp/http/cookie.hpp>

namespace leanmcp::inline v0::detail {

namespace {

/// Calls `visit(name, value)` for each pair.
template <class Visit>
void for_each_pair(std::string_view header, Visit&& visit) {
  while (!header.empty()) {
    const auto end = header.find(';');
    std::string_view pair = header.substr(0, end);
    header = end == std::string_view::npos ? std::string_view() : header.substr(end + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos) visit(pair.substr(0, equals), pair.substr(equals + 1));
  }
}

}  // namespace

std::string_view cookie_value(std::string_view header, std::string_view name) {
  std::string_view found;
  int times = 0;
  for_each_pair(header, [&](std::string_view key, std::string_view value) {
    if (key != name) return;
    found = value;
    ++times;
  });
  return times == 1 ? found : std::string_view();
}

std::vector<std::string> cookie_names(std::string_view header, std::string_view prefix) {
  std::vector<std::string> out;
  for_each_pair(header, [&](std::string_view key, std::string_view) {
    if (key.starts_with(prefix)) out.emplace_back(key);
  });
  return out;
}

std::string host_cookie_name(std::string_view name, bool secure) {
  return (secure ? "__Host-" : "") + std::string(name);
}

std::string host_cookie(std::string_view wire_name, std::string_view value, std::chrono::seconds age, bool secure) {
  std::string out(wire_name);
  out.append("=").append(value).append("; Path=/; Max-Age=").append(std::to_string(age.count()));
  out += "; HttpOnly; SameSite=Lax";
  if (secure) out += "; Secure";
  return out;
}

}  // namespace leanmcp::inline v0::detail
