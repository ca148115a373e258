#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Google: ID tokens for your client, and its opaque access tokens by the tokeninfo endpoint.
class GoogleOptions : public ProviderOptions<GoogleOptions> {
 public:
  GoogleOptions() { provider_name = "google"; }
  GoogleOptions& client_id(std::string id) { return client_id_ = std::move(id), *this; }
  GoogleOptions& client_secret(Secret secret) { return client_secret_ = std::move(secret), *this; }
  /// Only people of this Workspace domain (`hd`).
  GoogleOptions& hosted_domain(std::string domain) { return domain_ = std::move(domain), *this; }
  /// Takes access tokens (`ya29.…`) too, each checked with Google once. On by default.
  GoogleOptions& access_tokens(bool yes) { return opaque = yes, *this; }
  /// Other hosts than Google's: for tests. `accounts` is the issuer; `apis` serves certs, tokeninfo, userinfo and
  /// token.
  GoogleOptions& issuer(std::string url) { return issuer_ = std::move(url), *this; }
  GoogleOptions& api_url(std::string url) {
    jwks_url_ = url + "/oauth2/v3/certs";
    tokeninfo_url_ = url + "/tokeninfo";
    userinfo_url_ = url + "/v1/userinfo";
    token_url_ = url + "/token";
    return *this;
  }

  std::string client_id_;
  Secret client_secret_;
  std::string domain_;
  bool opaque = true;
  std::string issuer_ = "https://accounts.google.com";
  std::string jwks_url_ = "https://www.googleapis.com/oauth2/v3/certs";
  std::string tokeninfo_url_ = "https://oauth2.googleapis.com/tokeninfo";
  std::string userinfo_url_ = "https://openidconnect.googleapis.com/v1/userinfo";
  std::string token_url_ = "https://oauth2.googleapis.com/token";
};

std::shared_ptr<AuthProvider> google(GoogleOptions options, std::shared_ptr<HttpClient> http);
std::shared_ptr<AuthProvider> google(GoogleOptions options, Fetcher fetcher);

}  // namespace leanmcp::inline v0
