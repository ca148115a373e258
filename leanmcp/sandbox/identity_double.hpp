#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/sandbox/message.hpp>
#include <leanmcp/sandbox/token_signer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace leanmcp::inline v0::sandbox {

struct IdentityDoubleOptions {
  /// `http://127.0.0.1:4000`
  std::string issuer;
  /// What tokens may be for; the first is the default. Empty: anything, and the issuer by default.
  std::vector<std::string> audiences;
  /// What a client that sends a secret must send. Clients without one are public and use PKCE like all others.
  std::string client_secret = "sandbox-secret";
  std::chrono::seconds access_lifetime{3600};
  std::chrono::seconds refresh_lifetime{30 * 24 * 3600};
};

/// A play-act of an OpenID provider: anybody can sign in as anybody. Discovery (OpenID Connect Discovery 1.0, RFC
/// 8414), keys, authorization code with PKCE (RFC 6749, RFC 7636, RFC 9207), refresh with rotation, client credentials,
/// resource indicators (RFC 8707), registration (RFC 7591), revocation (RFC 7009), userinfo. Any client id is known.
///
/// For scripts: `GET /token?user=ada` answers with an access token as plain text, `POST /sandbox/token?user=ada` as
/// JSON with a refresh token; both take `audience`, `scope` and `expires_in` (which may be negative: an expired token).
/// `POST /authorize` with the parameters of the request and `user` in the form is the sign-in page's own button.
///
/// Sans-I/O and thread-safe.
class IdentityDouble {
 public:
  IdentityDouble(IdentityDoubleOptions options, std::shared_ptr<TokenSigner> signer,
                 std::shared_ptr<const Clock> clock);
  ~IdentityDouble();

  /// nullopt for a path that is none of the provider's.
  std::optional<Answer> handle(const Request& request);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace leanmcp::inline v0::sandbox
