#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/log.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/base/task.hpp>
#include <leanmcp/server/principal.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

class HttpClient;

/// The words of the error table in "Adding auth and payment".
enum class AuthCode {
  missing_token,        ///< no token in the request
  invalid_token,        ///< expired, not for us, or not genuine
  verification_failed,  ///< the provider cannot be reached or is misconfigured; try again
  insufficient_scope    ///< genuine, but may not do this
};
/// "MISSING_TOKEN", "INVALID_TOKEN", "VERIFICATION_FAILED", "INSUFFICIENT_SCOPE".
std::string_view to_string(AuthCode code);

/// Why a caller is not who the token says, or nobody can tell. The reason is for the log; what is sent depends on the
/// code alone.
struct AuthFault {
  AuthCode code = AuthCode::invalid_token;
  std::string reason;
};

/// The app's existing identity provider. One object serves all calls at once; thread-safe once `init` has returned.
class AuthProvider {
 public:
  virtual ~AuthProvider() = default;

  /// Fetches what verification needs. Blocks; call it before serving. The error is a sentence that names the setting, the
  /// URL and what was wrong.
  virtual Result<void> init() = 0;

  /// Decides without the network when it can.
  virtual std::optional<Result<Principal, AuthFault>> verify_now(std::string_view token, TimePoint now) = 0;
  /// Decides, asking the provider if need be.
  virtual Task<Result<Principal, AuthFault>> verify(std::string token, TimePoint now) = 0;
  /// The profile: from the token where it is there, else from the provider, cached for a while.
  virtual Task<Result<std::shared_ptr<const AuthUser>, AuthFault>> user(Principal principal, std::string token) = 0;

  /// Issuer identifiers clients may get tokens from (RFC 9728, `authorization_servers`).
  virtual std::vector<std::string> authorization_servers() const = 0;

  /// What this provider protects: the MCP endpoint's public URL, and the scopes clients should ask for. Challenges then
  /// name where the metadata is (RFC 9728, section 5.1). Before serving.
  void protects(std::string resource_url, std::vector<std::string> scopes = {});
  const std::string& resource_url() const noexcept { return resource_url_; }
  const std::vector<std::string>& scopes() const noexcept { return scopes_; }
  /// `https://host/.well-known/oauth-protected-resource/mcp` for `https://host/mcp`; empty without a resource.
  const std::string& metadata_url() const noexcept { return metadata_url_; }

 private:
  std::string resource_url_;
  std::string metadata_url_;
  std::vector<std::string> scopes_;
};

/// A provider that speaks OpenID Connect and signs its tokens (JWT, RFC 9068 or like it) with published keys.
class OidcOptions {
 public:
  /// Both are needed: a token is accepted only from this issuer and for this audience.
  OidcOptions(std::string issuer, std::string audience) : issuer(std::move(issuer)), audience(std::move(audience)) {}
  /// The name in `Principal::provider()`; part of every stored identity, so it should never change.
  OidcOptions& name(std::string text) { return provider_name = std::move(text), *this; }
  /// Accepted algorithms; RS256 and ES256 by default.
  OidcOptions& algorithms(std::vector<std::string> list) { return accepted = std::move(list), *this; }
  /// How far clocks may differ.
  OidcOptions& skew(std::chrono::seconds by) { return clock_skew = by, *this; }
  /// How long keys are used before they are fetched again.
  OidcOptions& key_lifetime(std::chrono::seconds time) { return keys_fresh_for = time, *this; }
  /// How often at most keys are fetched because of an unknown key id.
  OidcOptions& key_cooldown(std::chrono::seconds time) { return unknown_key_cooldown = time, *this; }
  OidcOptions& logger(Logger log) { return log_ = std::move(log), *this; }
  OidcOptions& clock(std::shared_ptr<const Clock> source) { return clock_ = std::move(source), *this; }

  std::string issuer;
  std::string audience;
  std::string provider_name = "oidc";
  std::vector<std::string> accepted = {"RS256", "ES256"};
  std::chrono::seconds clock_skew = std::chrono::seconds(30);
  std::chrono::seconds keys_fresh_for = std::chrono::minutes(10);
  std::chrono::seconds unknown_key_cooldown = std::chrono::seconds(30);
  Logger log_;
  std::shared_ptr<const Clock> clock_ = std::make_shared<SystemClock>();
};

/// Discovery (OpenID Connect Discovery 1.0, section 4), keys (RFC 7517), verification (RFC 7519, RFC 8725), `/userinfo`.
std::shared_ptr<AuthProvider> oidc(OidcOptions options, std::shared_ptr<HttpClient> http);

/// Looks a setting up by name; empty when it is not set.
using Settings = std::function<std::string(std::string_view name)>;

/// The provider that AUTH_PROVIDER names, from the settings the original uses. The library does not read the
/// environment: `main` passes a function that does. The error names the missing variable.
Result<std::shared_ptr<AuthProvider>> auth_provider_from(const Settings& settings, std::shared_ptr<HttpClient> http,
                                                         Logger logger);

}  // namespace leanmcp::inline v0
