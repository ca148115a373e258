#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Okta: access tokens of a custom authorization server. The stable user id is `uid`; `sub` is the login, which
/// changes.
class OktaOptions : public ProviderOptions<OktaOptions> {
 public:
  OktaOptions() { provider_name = "okta"; }
  /// `https://org.okta.com/oauth2/default`, or another custom authorization server's. Tokens of the org server itself
  /// (`https://org.okta.com`) are Okta's own and must not be verified by others.
  OktaOptions& issuer(std::string url) { return issuer_ = std::move(url), *this; }
  /// The authorization server's audience, such as `api://default`.
  OktaOptions& audience(std::string text) { return audience_ = std::move(text), *this; }
  /// Only tokens issued to these clients (`cid`).
  OktaOptions& clients(std::vector<std::string> ids) { return allowed = detail::without_empty(std::move(ids)), *this; }
  /// For `refresh`.
  OktaOptions& client(std::string id, Secret secret = {}) {
    return client_id = std::move(id), client_secret = std::move(secret), *this;
  }

  std::string issuer_;
  std::string audience_;
  std::vector<std::string> allowed;
  std::string client_id;
  Secret client_secret;
};

std::shared_ptr<AuthProvider> okta(OktaOptions options, std::shared_ptr<HttpClient> http);
std::shared_ptr<AuthProvider> okta(OktaOptions options, Fetcher fetcher);

}  // namespace leanmcp::inline v0
