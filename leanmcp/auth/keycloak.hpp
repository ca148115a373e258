#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Keycloak: access tokens of one realm. Realm roles are `roles()` as they are, those of a client read "client:role".
class KeycloakOptions : public ProviderOptions<KeycloakOptions> {
 public:
  KeycloakOptions() { provider_name = "keycloak"; }
  /// The server, such as `https://sso.example.com` (with `/auth` behind it on old ones).
  KeycloakOptions& url(std::string base) { return url_ = std::move(base), *this; }
  KeycloakOptions& realm(std::string text) { return realm_ = std::move(text), *this; }
  /// What `aud` must have, by an Audience mapper. The client that asked is not in its own token's `aud`.
  KeycloakOptions& audience(std::string text) { return audience_ = std::move(text), *this; }
  /// Only tokens issued to these clients (`azp`).
  KeycloakOptions& clients(std::vector<std::string> ids) {
    return allowed = detail::without_empty(std::move(ids)), *this;
  }
  /// For `refresh`.
  KeycloakOptions& client(std::string id, Secret secret = {}) {
    return client_id = std::move(id), client_secret = std::move(secret), *this;
  }
  /// Where a realm signs by another algorithm than RS256.
  KeycloakOptions& algorithms(std::vector<std::string> list) { return accepted = std::move(list), *this; }

  std::string url_;
  std::string realm_;
  std::string audience_;
  std::vector<std::string> allowed;
  std::string client_id;
  Secret client_secret;
  std::vector<std::string> accepted = {"RS256"};
};

std::shared_ptr<AuthProvider> keycloak(KeycloakOptions options, std::shared_ptr<HttpClient> http);
std::shared_ptr<AuthProvider> keycloak(KeycloakOptions options, Fetcher fetcher);

}  // namespace leanmcp::inline v0
