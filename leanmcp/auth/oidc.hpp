#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// A provider that speaks OpenID Connect and signs its tokens (JWT, RFC 9068 or like it) with published keys.
class OidcOptions : public ProviderOptions<OidcOptions> {
 public:
  /// Both are needed: a token is accepted only from this issuer and for this audience.
  OidcOptions(std::string issuer, std::string audience) : issuer(std::move(issuer)), audience(std::move(audience)) {
    provider_name = "oidc";
  }
  /// Accepted algorithms; RS256 and ES256 by default.
  OidcOptions& algorithms(std::vector<std::string> list) { return accepted = std::move(list), *this; }
  /// Only tokens issued to one of these clients (client_id, azp, cid or appid).
  OidcOptions& clients(std::vector<std::string> ids) {
    return allowed_clients = detail::without_empty(std::move(ids)), *this;
  }
  /// For `refresh`: what the app is at the provider. The secret may be empty for a public client.
  OidcOptions& client(std::string id, Secret secret = {}) {
    return client_id = std::move(id), client_secret = std::move(secret), *this;
  }
  /// How long keys are used before they are fetched again.
  OidcOptions& key_lifetime(std::chrono::seconds time) {
    return keys.lifetime_between(std::min(time, keys.lifetime_least), keys.lifetime_most).lifetime(time), *this;
  }
  /// How often at most keys are fetched because of an unknown key id.
  OidcOptions& key_cooldown(std::chrono::seconds time) { return keys.cooldown(time, time), *this; }

  std::string issuer;
  std::string audience;
  std::vector<std::string> accepted = {"RS256", "ES256"};
  std::vector<std::string> allowed_clients;
  std::string client_id;
  Secret client_secret;
};

/// Discovery (OpenID Connect Discovery 1.0, section 4), keys (RFC 7517), verification (RFC 7519, RFC 8725),
/// `/userinfo`.
std::shared_ptr<AuthProvider> oidc(OidcOptions options, std::shared_ptr<HttpClient> http);
std::shared_ptr<AuthProvider> oidc(OidcOptions options, Fetcher fetcher);

}  // namespace leanmcp::inline v0
