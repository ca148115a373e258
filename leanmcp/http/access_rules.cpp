#include <leanmcp/http/access_rules.hpp>

#include <leanmcp/http/header_name.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {

namespace {

/// What pages may send beside the names that CORS always allows.
constexpr std::string_view allowed_headers[] = {"accept",        "authorization", "content-type", "dpop",
                                                "last-event-id", "tracestate",    "traceparent"};

/// Cuts an http(s) URL's scheme off, default port included; false when it is no such URL or has no host.
bool split_url(std::string_view url, std::string_view& scheme, std::string_view& authority) {
  for (const std::string_view candidate : {std::string_view("http://"), std::string_view("https://")}) {
    if (!is_in_any_case(url.substr(0, candidate.size()), candidate)) continue;
    scheme = candidate.substr(0, candidate.size() - 3);
    authority = url.substr(candidate.size());
    authority = authority.substr(0, authority.find_first_of("/?#"));
    return !authority.empty() && authority.find('@') == std::string_view::npos;
  }
  return false;
}

/// As browsers write it: lower case, without the scheme's own port.
std::string origin_text(std::string_view scheme, std::string_view host, std::string_view port) {
  std::string out = std::string(scheme) + "://" + to_lower(host);
  if (!port.empty() && port != (scheme == "https" ? "443" : "80")) out.append(":").append(port);
  return out;
}

}  // namespace

bool AccessRules::split(std::string_view authority, std::string_view& host, std::string_view& port) {
  std::size_t end = 0;
  if (authority.starts_with('[')) {
    end = authority.find(']');
    if (end == std::string_view::npos) return false;
    ++end;
  } else {
    end = std::min(authority.find(':'), authority.size());
  }
  host = authority.substr(0, end);
  std::string_view rest = authority.substr(end);
  if (host.empty() || host == "[]") return false;
  port = {};
  if (rest.empty()) return true;
  if (rest.front() != ':') return false;
  port = rest.substr(1);
  return !port.empty() && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool AccessRules::is_loopback_name(std::string_view host) {
  return is_in_any_case(host, "localhost") || host == "127.0.0.1" || host == "[::1]";
}

Result<AccessRules> AccessRules::make(const HttpServerOptions& options, bool on_loopback) {
  AccessRules rules;
  rules.check_origins_ = !options.no_origin_check;
  rules.any_origin_ = options.any_origin;
  rules.loopback_origins_ = on_loopback;
  rules.check_hosts_ =
      !options.any_host && (on_loopback || !options.allowed_hosts.empty() || !options.outside_url.empty());
  std::string_view scheme, authority, host, port;
  if (on_loopback) {
    const bool v6 = options.bind_address.find(':') != std::string::npos;
    rules.hosts_.push_back(Place{v6 ? "[" + to_lower(options.bind_address) + "]" : options.bind_address, {}});
  }
  for (const std::string& allowed : options.allowed_hosts) {
    if (!split(allowed, host, port)) return Error("\"" + allowed + "\" is no host to allow");
    rules.hosts_.push_back(Place{to_lower(host), std::string(port)});
  }
  if (!options.outside_url.empty()) {
    if (!split_url(options.outside_url, scheme, authority) || !split(authority, host, port))
      return Error("the public URL is no http or https URL");
    rules.hosts_.push_back(Place{to_lower(host), {}});
    rules.origins_.push_back(origin_text(scheme, host, port));
  }
  for (const std::string& allowed : options.allowed_origins) {
    const bool exact = split_url(allowed, scheme, authority) && split(authority, host, port) &&
                       allowed.size() == scheme.size() + 3 + authority.size();
    if (!exact) return Error("\"" + allowed + "\" is no origin to allow: write it like https://app.example.com");
    rules.origins_.push_back(origin_text(scheme, host, port));
  }
  return rules;
}

bool AccessRules::host_allowed(std::string_view authority) const {
  if (!check_hosts_) return true;
  std::string_view host, port;
  if (!split(authority, host, port)) return false;
  // A rebound name is the attacker's own and never one of these.
  if (is_loopback_name(host)) return true;
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const Place& place) {
    return is_in_any_case(host, place.host) && (place.port.empty() || place.port == port);
  });
}

bool AccessRules::origin_allowed(std::string_view origin) const {
  if (any_origin_) return true;
  std::string_view scheme, authority, host, port;
  if (!split_url(origin, scheme, authority) || !split(authority, host, port)) return false;
  if (origin.size() != scheme.size() + 3 + authority.size()) return false;
  if (loopback_origins_ && is_loopback_name(host)) return true;
  return std::find(origins_.begin(), origins_.end(), origin_text(scheme, host, port)) != origins_.end();
}

void AccessRules::append_cors(std::string& out, std::string_view origin, bool any) const {
  any = any || any_origin_;
  out.append("Access-Control-Allow-Origin: ").append(any ? std::string_view("*") : origin).append("\r\n");
  if (!any) out.append("Vary: Origin\r\n");
  out.append("Access-Control-Expose-Headers: Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, Retry-After, ");
  out.append("DPoP-Nonce\r\n");
}

void AccessRules::append_preflight(std::string& out, std::string_view methods, std::string_view wanted_headers) {
  out.append("Access-Control-Allow-Methods: ").append(methods).append("\r\n");
  std::string names;
  while (!wanted_headers.empty()) {
    const auto end = std::min(wanted_headers.find(','), wanted_headers.size());
    std::string_view name = wanted_headers.substr(0, end);
    wanted_headers.remove_prefix(std::min(end + 1, wanted_headers.size()));
    while (name.starts_with(' ') || name.starts_with('\t')) name.remove_prefix(1);
    while (name.ends_with(' ') || name.ends_with('\t')) name.remove_suffix(1);
    if (!is_token(name)) continue;
    const std::string lower = to_lower(name);
    const bool known =
        std::find(std::begin(allowed_headers), std::end(allowed_headers), lower) != std::end(allowed_headers);
    // CORS has no wildcard within a name, and the names of Mcp-Param-* are the tools'.
    if (!known && !lower.starts_with("mcp-")) continue;
    if (!names.empty()) names.append(", ");
    names.append(lower);
  }
  if (names.empty()) names = "authorization, content-type, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name";
  out.append("Access-Control-Allow-Headers: ").append(names).append("\r\nAccess-Control-Max-Age: 7200\r\n");
  out.append("Vary: Access-Control-Request-Headers\r\n");
}

}  // namespace leanmcp::inline v0::detail
