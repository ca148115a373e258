#include <leanmcp/oauth/client/metadata.hpp>

#include <leanmcp/base/url.hpp>
#include <leanmcp/json/parse.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_entries = 200;
constexpr std::size_t longest_text = 2048;

/// Scheme, host and port as they stand in the URL.
std::string origin_text(const boost::urls::url_view& url) {
  return std::string(url.scheme()) + "://" + std::string(url.encoded_host_and_port());
}

std::optional<json::object> read_object(std::string_view text) {
  ParseLimits limits;
  limits.bytes = most_metadata_bytes;
  limits.depth = 16;
  auto parsed = parse_json(text, limits);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(parsed->get_object());
}

/// Empty when it is not there; nullopt when it is no text.
std::optional<std::string> text_member(const json::object& in, std::string_view name) {
  const json::value* const value = in.if_contains(name);
  if (!value || value->is_null()) return std::string();
  if (!value->is_string() || value->get_string().size() > longest_text) return std::nullopt;
  return std::string(value->get_string());
}

std::optional<std::vector<std::string>> texts_member(const json::object& in, std::string_view name) {
  const json::value* const value = in.if_contains(name);
  if (!value || !value->is_array()) return std::nullopt;
  std::vector<std::string> out;
  for (const json::value& entry : value->get_array()) {
    if (out.size() == most_entries) break;
    if (entry.is_string() && entry.get_string().size() <= longest_text) out.emplace_back(entry.get_string());
  }
  return out;
}

bool flag_member(const json::object& in, std::string_view name) {
  const json::value* const value = in.if_contains(name);
  return value && value->is_bool() && value->get_bool();
}

std::string without_end_slash(std::string text) {
  if (text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace

std::string_view to_string(DiscoveryFault fault) noexcept {
  switch (fault) {
    case DiscoveryFault::unusable_url:
      return "The server names an authorization server or metadata at a URL that cannot be used.";
    case DiscoveryFault::other_host:
      return "The server's challenge names metadata on another host.";
    case DiscoveryFault::unreachable:
      return "The metadata for signing in cannot be fetched.";
    case DiscoveryFault::absent:
      return "There is no metadata for signing in.";
    case DiscoveryFault::malformed:
      return "The metadata for signing in is malformed.";
    case DiscoveryFault::other_resource:
      return "The protected resource metadata is for another resource than the one called.";
    case DiscoveryFault::no_authorization_server:
      return "The protected resource metadata names no authorization server that can be used.";
    case DiscoveryFault::other_issuer:
      return "The authorization server metadata names another issuer than the one asked.";
    case DiscoveryFault::unusable_endpoint:
      return "The authorization server metadata names an endpoint that cannot be used.";
    case DiscoveryFault::no_token_endpoint:
      return "The authorization server metadata names no token endpoint.";
  }
  return "unknown";
}

std::string canonical_resource(std::string_view mcp_url) { return std::string(mcp_url.substr(0, mcp_url.find('#'))); }

std::vector<std::string> resource_metadata_urls(std::string_view mcp_url, std::string_view from_challenge) {
  if (!from_challenge.empty()) return {std::string(from_challenge)};
  const auto parsed = detail::parse_url(mcp_url);
  if (!parsed) return {};
  const std::string root = origin_text(*parsed) + "/.well-known/oauth-protected-resource";
  const std::string path = without_end_slash(std::string(parsed->encoded_path()));
  if (path.empty()) return {root};
  return {root + path, root};
}

Result<ProtectedResource, DiscoveryFault> read_protected_resource(std::string_view text, std::string_view mcp_url) {
  const auto in = read_object(text);
  if (!in) return DiscoveryFault::malformed;
  ProtectedResource out;
  const auto resource = text_member(*in, "resource");
  if (!resource) return DiscoveryFault::malformed;
  out.resource = *resource;
  const auto named = detail::parse_url(out.resource);
  const auto called = detail::parse_url(mcp_url);
  bool fits = named && called && origin_text(*named) == origin_text(*called) && !named->has_fragment();
  if (fits) {
    const std::string above = without_end_slash(std::string(named->encoded_path()));
    const std::string path(called->encoded_path());
    fits = path == above || path.starts_with(above + "/");
    if (named->has_query()) fits = fits && called->has_query() && named->encoded_query() == called->encoded_query();
  }
  if (!fits) return DiscoveryFault::other_resource;
  out.authorization_servers = texts_member(*in, "authorization_servers").value_or(std::vector<std::string>());
  out.scopes_supported = texts_member(*in, "scopes_supported").value_or(std::vector<std::string>());
  out.dpop_required = flag_member(*in, "dpop_bound_access_tokens_required");
  if (out.authorization_servers.empty()) return DiscoveryFault::no_authorization_server;
  return out;
}

std::vector<std::string> issuer_metadata_urls(std::string_view issuer) {
  if (!is_usable_endpoint(issuer)) return {};
  const auto parsed = detail::parse_url(issuer);
  if (!parsed || parsed->has_query()) return {};
  const std::string origin = origin_text(*parsed);
  const std::string path = without_end_slash(std::string(parsed->encoded_path()));
  const std::string oauth = "/.well-known/oauth-authorization-server";
  const std::string openid = "/.well-known/openid-configuration";
  // With a path nothing is asked at the root: it may belong to another tenant.
  if (!path.empty()) return {origin + oauth + path, origin + openid + path, origin + path + openid};
  return {origin + oauth, origin + openid};
}

bool AuthorizationServer::supports_s256() const {
  return std::find(code_challenge_methods.begin(), code_challenge_methods.end(), "S256") !=
         code_challenge_methods.end();
}

bool AuthorizationServer::supports_scope(std::string_view scope) const {
  return std::find(scopes_supported.begin(), scopes_supported.end(), scope) != scopes_supported.end();
}

Result<AuthorizationServer, DiscoveryFault> read_authorization_server(std::string_view text, std::string_view issuer,
                                                                      const EndpointRules& rules) {
  const auto in = read_object(text);
  if (!in) return DiscoveryFault::malformed;
  AuthorizationServer out;
  const auto named = text_member(*in, "issuer");
  if (!named) return DiscoveryFault::malformed;
  if (*named != issuer) return DiscoveryFault::other_issuer;
  out.issuer = *named;
  for (const auto& [name, member] : {std::pair("authorization_endpoint", &out.authorization_endpoint),
                                     std::pair("token_endpoint", &out.token_endpoint),
                                     std::pair("registration_endpoint", &out.registration_endpoint),
                                     std::pair("revocation_endpoint", &out.revocation_endpoint)}) {
    auto url = text_member(*in, name);
    if (!url || (!url->empty() && !rules.allows(*url))) return DiscoveryFault::unusable_endpoint;
    *member = std::move(*url);
  }
  if (out.token_endpoint.empty()) return DiscoveryFault::no_token_endpoint;
  const auto texts = [&in](std::string_view name) {
    return texts_member(*in, name).value_or(std::vector<std::string>());
  };
  out.scopes_supported = texts("scopes_supported");
  out.grant_types = texts("grant_types_supported");
  out.code_challenge_methods = texts("code_challenge_methods_supported");
  out.token_auth_methods = texts_member(*in, "token_endpoint_auth_methods_supported");
  out.token_auth_algorithms = texts("token_endpoint_auth_signing_alg_values_supported");
  out.dpop_algorithms = texts("dpop_signing_alg_values_supported");
  out.names_issuer = flag_member(*in, "authorization_response_iss_parameter_supported");
  out.takes_client_documents = flag_member(*in, "client_id_metadata_document_supported");
  return out;
}

AuthorizationServer default_endpoints(std::string_view mcp_url) {
  AuthorizationServer out;
  const auto parsed = detail::parse_url(mcp_url);
  if (!parsed) return out;
  out.issuer = origin_text(*parsed);
  out.authorization_endpoint = out.issuer + "/authorize";
  out.token_endpoint = out.issuer + "/token";
  out.registration_endpoint = out.issuer + "/register";
  out.code_challenge_methods = {"S256"};
  return out;
}

}  // namespace leanmcp::inline v0
