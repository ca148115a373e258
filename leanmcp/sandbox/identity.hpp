#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/log.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/oauth/server/core.hpp>
#include <leanmcp/oauth/server/oauth_server.hpp>
#include <leanmcp/sandbox/message.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0::sandbox {

/// What everybody in the sandbox signs in with. No secret: it stands on the sign-in page.
inline constexpr std::string_view everybodys_password = "sandbox-password";
/// Clients with the secret that are known from the start: their pages sign people in (BrowserSignIn).
inline constexpr std::array example_clients{"premium-service", "metered-tool", "connect-github"};

struct IdentityOptions {
  /// `http://127.0.0.1:4000`; on loopback.
  std::string issuer;
  /// What tokens may be for, the first by default; at least one.
  std::vector<std::string> audiences;
  /// Scopes that clients may ask for, beside `openid`, `profile` and `email`.
  std::vector<std::string> scopes;
  /// Clients with the secret, beside the `example_clients`.
  std::vector<std::string> clients;
  /// Where answers to these may go, beside `/connect/callback` at any port of this machine.
  std::vector<std::string> redirect_uris;
  Secret client_secret;
  Logger log;
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
};

/// The sandbox's identity provider: an OAuthServer, as it is, with users of its own in a database in memory. ada, grace
/// and alan are there from the start, all with the one password. Clients register by themselves, or are known with the
/// secret, or are "sandbox", a public one that answers at `/callback` on loopback.
///
/// What no authorization server has is `control`: tokens for the asking. Thread-safe.
class Identity {
 public:
  /// Refuses an issuer that is not on loopback, and what OAuthServer refuses. Blocks. The error is a sentence.
  static Result<std::unique_ptr<Identity>> start(IdentityOptions options);

  OAuthServer& server() noexcept { return server_; }

  /// `GET /token?user=ada`: an access token as plain text. `POST /sandbox/token?user=ada`: JSON, with a refresh token
  /// of the client "sandbox". Both take `audience`, `scope` and `expires_in` (seconds; negative for a token that has
  /// expired). Whoever is named and not there yet is added, with the password of all. Blocks.
  as::Answer control(const Request& request);

 private:
  Identity(OAuthServerOptions options, Database database);
  as::Store::Outcome<as::UserRecord> person(const std::string& name);
  as::TokenOutcome tokens_for(const std::string& name, const std::string& audience, const std::string& scope,
                              std::optional<std::int64_t> expires_in);

  OAuthServer server_;
  std::string password_hash_;
};

}  // namespace leanmcp::inline v0::sandbox
