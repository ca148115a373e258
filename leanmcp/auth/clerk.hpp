#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Clerk (clerk.com/docs): session tokens, template tokens and OAuth access tokens, all JWT by RS256, and opaque `oat_`
/// tokens when a secret key, or an OAuth application with its secret, is there.
class ClerkOptions : public ProviderOptions<ClerkOptions> {
 public:
  ClerkOptions() { provider_name = "clerk"; }
  /// The instance's host, such as `x-y-12.clerk.accounts.dev`; scheme and slash are taken off.
  ClerkOptions& frontend_api(std::string host) { return frontend_api_ = std::move(host), *this; }
  /// `pk_…` instead, which says the host.
  ClerkOptions& publishable_key(std::string key) { return publishable_key_ = std::move(key), *this; }
  /// `sk_…`: profiles of users whose token has none, and opaque tokens, by Clerk's Backend API.
  ClerkOptions& secret_key(Secret key) { return secret_key_ = std::move(key), *this; }
  /// The instance's public key ("JWKS Public Key" in the dashboard) as PEM, with line breaks or `\n` in two characters:
  /// session tokens are then verified without a request to Clerk, but a rotated key has to be set by hand.
  ClerkOptions& jwt_key(std::string pem) { return jwt_key_ = std::move(pem), *this; }
  /// Origins that session tokens may come from (`azp`). Either these, an audience or OAuth clients must be given.
  ClerkOptions& authorized_parties(std::vector<std::string> origins) {
    return parties = detail::without_empty(std::move(origins)), *this;
  }
  /// What `aud` must have. A token without `aud` is then refused.
  ClerkOptions& audience(std::string text) { return audience_ = std::move(text), *this; }
  /// OAuth applications whose tokens (`client_id`) are taken.
  ClerkOptions& oauth_clients(std::vector<std::string> ids) {
    return clients = detail::without_empty(std::move(ids)), *this;
  }
  /// The OAuth application, for `refresh`, and for opaque tokens where there is no secret key.
  ClerkOptions& client(std::string id, Secret secret = {}) {
    return client_id = std::move(id), client_secret = std::move(secret), *this;
  }
  /// Takes machine tokens (`sub` begins with `mch_`) too.
  ClerkOptions& allow_machines(bool yes = true) { return machines = yes, *this; }
  /// Another issuer than `https://<frontend api>`, and another Backend API than api.clerk.com: for tests. Empty keeps
  /// it.
  ClerkOptions& issuer(std::string url) { return url.empty() ? *this : (issuer_ = std::move(url), *this); }
  ClerkOptions& api_url(std::string url) { return url.empty() ? *this : (api_url_ = std::move(url), *this); }

  std::string frontend_api_;
  std::string publishable_key_;
  Secret secret_key_;
  std::string jwt_key_;
  std::vector<std::string> parties;
  std::string audience_;
  std::vector<std::string> clients;
  std::string client_id;
  Secret client_secret;
  bool machines = false;
  std::string issuer_;
  std::string api_url_ = "https://api.clerk.com";
};

std::shared_ptr<AuthProvider> clerk(ClerkOptions options, std::shared_ptr<HttpClient> http);
std::shared_ptr<AuthProvider> clerk(ClerkOptions options, Fetcher fetcher);

}  // namespace leanmcp::inline v0
