#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <memory>
#include <string>

namespace leanmcp::inline v0 {

/// Firebase Authentication: ID tokens by RS256. Custom tokens, session cookies and the emulator's unsigned tokens are
/// refused. Firebase is no OAuth authorization server: MCP clients need one in front of it.
class FirebaseOptions : public ProviderOptions<FirebaseOptions> {
 public:
  FirebaseOptions() { provider_name = "firebase"; }
  /// The project's id, not its number.
  FirebaseOptions& project_id(std::string text) { return project = std::move(text), *this; }
  /// The web API key, for `refresh`.
  FirebaseOptions& api_key(Secret key) { return api_key_ = std::move(key), *this; }
  /// Only users of this Identity Platform tenant.
  FirebaseOptions& tenant(std::string text) { return tenant_ = std::move(text), *this; }
  /// Other URLs than Google's: for tests.
  FirebaseOptions& issuer(std::string url) { return issuer_ = std::move(url), *this; }
  FirebaseOptions& jwks_url(std::string url) { return jwks_url_ = std::move(url), *this; }
  FirebaseOptions& token_url(std::string url) { return token_url_ = std::move(url), *this; }

  std::string project;
  Secret api_key_;
  std::string tenant_;
  std::string issuer_;
  std::string jwks_url_ = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";
  std::string token_url_ = "https://securetoken.googleapis.com/v1/token";
};

std::shared_ptr<AuthProvider> firebase(FirebaseOptions options, std::shared_ptr<HttpClient> http);
std::shared_ptr<AuthProvider> firebase(FirebaseOptions options, Fetcher fetcher);

}  // namespace leanmcp::inline v0
