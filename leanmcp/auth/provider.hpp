#pragma once

#include <leanmcp/auth/dpop_guard.hpp>
#include <leanmcp/auth/scope_hierarchy.hpp>
#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/log.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/base/task.hpp>
#include <leanmcp/server/principal.hpp>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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
  AuthFault() = default;
  AuthFault(AuthCode why, std::string text) : code(why), reason(std::move(text)) {}
  AuthCode code = AuthCode::invalid_token;
  std::string reason;
  /// How long the provider asks to be left alone (its Retry-After); zero when it does not say.
  std::chrono::seconds retry_after{0};
  /// The same as Unix seconds, from providers that say it so (X-RateLimit-Reset); zero when it does not say.
  long long retry_at = 0;
  /// The provider wants no request of ours at all for that time, whoever it is about.
  bool for_all = false;
};

/// Whether a user's profile is looked up where the token lacks it.
enum class GetUser {
  yes,
  no,  ///< `AuthUser` then has what the token says, and nothing is asked of the provider
};

/// What a refresh is asked with. Chains, since some providers need more than the token.
class RefreshRequest {
 public:
  explicit RefreshRequest(Secret refresh_token) : token_(std::move(refresh_token)) {}
  /// Fewer scopes than before, space-separated. Providers that cannot narrow ignore it.
  RefreshRequest& scope(std::string text) { return scope_ = std::move(text), *this; }
  /// The user pool's own username; Cognito's InitiateAuth needs it for an app client with a secret.
  RefreshRequest& username(std::string text) { return username_ = std::move(text), *this; }
  /// Whose token it is, by `AuthProvider::name`: needed by `any_of`, since a refresh token does not say.
  RefreshRequest& provider(std::string name) { return provider_ = std::move(name), *this; }
  const Secret& token() const noexcept { return token_; }
  const std::string& scope() const noexcept { return scope_; }
  const std::string& username() const noexcept { return username_; }
  const std::string& provider() const noexcept { return provider_; }

 private:
  Secret token_;
  std::string scope_;
  std::string username_;
  std::string provider_;
};

/// What a provider gave for a refresh token. Store `refresh_token` where it is there: the old one may be dead now.
struct TokenSet {
  TokenSet() = default;
  Secret access_token;
  Secret id_token;
  Secret refresh_token;
  std::string token_type;
  std::string scope;
  std::chrono::seconds expires_in{0};
};

/// Looks a setting up by name; empty when it is not set.
using Settings = std::function<std::string(std::string_view name)>;

/// The app's existing identity provider. One object serves all calls at once; thread-safe once `init` has returned.
/// Your own is a class derived from this, or from `JwtProvider` (jwt_provider.hpp) if it signs its tokens.
class AuthProvider {
 public:
  virtual ~AuthProvider() = default;

  /// Fetches what verification needs. Blocks; call it before serving. The error is a sentence that names the setting,
  /// the URL and what was wrong.
  virtual Result<void> init() = 0;

  /// Decides without the network when it can.
  virtual std::optional<Result<Principal, AuthFault>> verify_now(std::string_view token, TimePoint now) = 0;
  /// Decides, asking the provider if need be.
  virtual Task<Result<Principal, AuthFault>> verify(std::string token, TimePoint now) = 0;
  /// The profile: from the token where it is there, else from the provider, cached for a while. A user without the
  /// profile that was asked for is never given: a failed look-up is the fault.
  virtual Task<Result<std::shared_ptr<const AuthUser>, AuthFault>> user(Principal principal, std::string token) = 0;

  /// Issuer identifiers clients may get tokens from (RFC 9728, `authorization_servers`).
  virtual std::vector<std::string> authorization_servers() const = 0;

  /// The name in `Principal::provider()`: part of every stored identity, so it should never change.
  virtual std::string_view name() const { return {}; }
  /// Whether a token could be this provider's, by its unverified issuer or its form: for `any_of`. Believing nothing,
  /// cheap, and no decision about the token. Who says yes to the empty text takes what has no form of its own: `any_of`
  /// asks it last, and has one such at most. Yes to everything unless overridden.
  virtual bool recognises(std::string_view token) const;

  /// New tokens for a refresh token. INVALID_TOKEN: the person must sign in again. VERIFICATION_FAILED: the provider is
  /// away or its settings are wrong, or it has no such tokens (the reason says so).
  virtual Task<Result<TokenSet, AuthFault>> refresh(RefreshRequest request);

  /// What this provider protects: the MCP endpoint's public URL, and the scopes clients should ask for. Challenges then
  /// name where the metadata is (RFC 9728, section 5.1). Before `init`. The URL is the canonical one (MCP 2026-07-28,
  /// Authorization, Canonical Server URI), as clients compare it: see `check_resource`.
  void protects(std::string resource_url, std::vector<std::string> scopes = {});
  /// Whether that URL is canonical: http or https, a host in lower case, no slash at the end nor two in a row, no
  /// query, fragment or credentials. None at all is fine. `init` of the presets and `authenticated` refuse any other.
  Result<void> check_resource() const;
  const std::string& resource_url() const noexcept { return resource_url_; }
  const std::vector<std::string>& scopes() const noexcept { return scopes_; }
  /// Who has `scope` may do all that the others allow; transitive. Before serving.
  void implies(const std::string& scope, const std::vector<std::string>& others) { hierarchy_.implies(scope, others); }
  const ScopeHierarchy& hierarchy() const noexcept { return hierarchy_; }
  /// Takes tokens that are bound to a key of the client's (DPoP, RFC 9449), after `protects`. Before serving. Without
  /// it such tokens are refused: nobody could tell who presents them.
  void accept_dpop(DpopOptions options);
  /// Null without `accept_dpop`.
  DpopGuard* dpop() const noexcept { return dpop_.get(); }
  /// `https://host/.well-known/oauth-protected-resource/mcp` for `https://host/mcp`; empty without a resource.
  const std::string& metadata_url() const noexcept { return metadata_url_; }

  /// The provider that the setting AUTH_PROVIDER names: clerk, cognito, auth0, firebase, oidc, keycloak, okta, entra,
  /// workos, supabase, google, github or introspection; several, separated by commas, for several at once. The names of
  /// the others are in docs/guides/providers.md. The error names the setting that is missing or wrong.
  static Result<std::shared_ptr<AuthProvider>> from_settings(const Settings& settings, std::shared_ptr<HttpClient> http,
                                                             Logger logger = {});
  /// The same, by the variables of those names in the process's environment. The library itself never looks there; this
  /// is part of the program that calls it.
  static Result<std::shared_ptr<AuthProvider>> from_env(std::shared_ptr<HttpClient> http, Logger logger = {}) {
    const auto variable = [](std::string_view name) {
      const char* const value = std::getenv(std::string(name).c_str());
      return std::string(value ? value : "");
    };
    return from_settings(variable, std::move(http), std::move(logger));
  }

 private:
  std::string resource_url_;
  std::string metadata_url_;
  std::vector<std::string> scopes_;
  ScopeHierarchy hierarchy_;
  std::shared_ptr<DpopGuard> dpop_;
};

/// The same as `AuthProvider::from_settings`.
Result<std::shared_ptr<AuthProvider>> auth_provider_from(const Settings& settings, std::shared_ptr<HttpClient> http,
                                                         Logger logger);

}  // namespace leanmcp::inline v0
