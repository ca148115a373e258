#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// By what Cognito gives new tokens.
enum class CognitoRefresh {
  get_tokens,     ///< GetTokensFromRefreshToken: always works, and is needed where refresh tokens rotate
  initiate_auth,  ///< InitiateAuth with REFRESH_TOKEN_AUTH; refused by Cognito where refresh tokens rotate
  token_endpoint  ///< `/oauth2/token` of the user pool's domain
};

/// Amazon Cognito user pools: ID and access tokens by RS256.
class CognitoOptions : public ProviderOptions<CognitoOptions> {
 public:
  CognitoOptions() { provider_name = "cognito"; }
  CognitoOptions& region(std::string text) { return region_ = std::move(text), *this; }
  CognitoOptions& user_pool_id(std::string text) { return pool = std::move(text), *this; }
  /// The app client, the same as the web app's; further ones are accepted too.
  CognitoOptions& client_id(std::string text) {
    if (!text.empty()) clients.push_back(std::move(text));
    return *this;
  }
  CognitoOptions& client_secret(Secret secret) { return secret_ = std::move(secret), *this; }
  /// Which `token_use` is accepted: "access" and "id" by default.
  CognitoOptions& token_uses(std::vector<std::string> list) { return uses = std::move(list), *this; }
  /// For tokens bound to a resource: access tokens must have it in `aud`. The client is then not looked at.
  CognitoOptions& resource(std::string url) { return resource_ = std::move(url), *this; }
  /// The user pool's domain (`prefix.auth.region.amazoncognito.com` or your own), for userInfo and the token endpoint.
  CognitoOptions& domain(std::string host_or_url) { return domain_ = std::move(host_or_url), *this; }
  CognitoOptions& refresh_by(CognitoRefresh way) { return way_ = way, *this; }
  /// Another issuer and another API than Amazon's: for tests; empty keeps it. The API's URL is by default the regional
  /// one.
  CognitoOptions& issuer(std::string url) { return url.empty() ? *this : (issuer_ = std::move(url), *this); }
  CognitoOptions& api_url(std::string url) { return url.empty() ? *this : (api_url_ = std::move(url), *this); }

  std::string region_;
  std::string pool;
  std::vector<std::string> clients;
  Secret secret_;
  std::vector<std::string> uses = {"access", "id"};
  std::string resource_;
  std::string domain_;
  CognitoRefresh way_ = CognitoRefresh::get_tokens;
  std::string issuer_;
  std::string api_url_;
};

std::shared_ptr<AuthProvider> cognito(CognitoOptions options, std::shared_ptr<HttpClient> http);
std::shared_ptr<AuthProvider> cognito(CognitoOptions options, Fetcher fetcher);

}  // namespace leanmcp::inline v0
