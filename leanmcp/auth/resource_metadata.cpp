#include <leanmcp/auth/resource_metadata.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

std::string resource_metadata(const AuthProvider& provider) {
  json::object out;
  out["resource"] = provider.resource_url();
  json::array servers;
  for (const auto& issuer : provider.authorization_servers()) servers.push_back(json::value(issuer));
  if (!servers.empty()) out["authorization_servers"] = std::move(servers);
  if (!provider.scopes().empty()) {
    json::array scopes;
    for (const auto& scope : provider.scopes()) scopes.push_back(json::value(scope));
    out["scopes_supported"] = std::move(scopes);
  }
  out["bearer_methods_supported"] = json::array{"header"};
  if (const DpopGuard* const guard = provider.dpop()) {
    json::array algorithms;
    for (const auto& name : claim_words(json::object{{"alg", DpopGuard::algorithms()}}, "alg"))
      algorithms.emplace_back(name);
    out["dpop_signing_alg_values_supported"] = std::move(algorithms);
    out["dpop_bound_access_tokens_required"] = guard->required();
  }
  return json_text(out);
}

void publish_metadata(HttpOptions& options, const std::shared_ptr<AuthProvider>& provider) {
  const auto serve = [provider](HttpExchange exchange) {
    exchange.respond(200, "application/json", resource_metadata(*provider), {{"Cache-Control", "max-age=300"}});
  };
  constexpr const char* path = "/.well-known/oauth-protected-resource";
  // Whoever asks without a token is told where it is: any page may read it too.
  options.route(HttpMethod::get, path, serve).route_origins(path, RouteOrigins::any);
  const auto at = provider->metadata_url().find(path);
  if (at == std::string::npos) return;
  const std::string suffixed = provider->metadata_url().substr(at);
  if (suffixed != path) options.route(HttpMethod::get, suffixed, serve).route_origins(suffixed, RouteOrigins::any);
}

}  // namespace leanmcp::inline v0
