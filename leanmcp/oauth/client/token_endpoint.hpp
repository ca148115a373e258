#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/crypto/signing_key.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/oauth/client/form.hpp>
#include <leanmcp/oauth/client/metadata.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// How a client shows who it is at the token endpoint (RFC 6749, section 2.3; RFC 7523, section 2.2).
enum class ClientAuthentication { none, basic, post, private_key_jwt };
/// The registered name, such as `client_secret_basic`.
std::string_view to_string(ClientAuthentication method) noexcept;
std::optional<ClientAuthentication> parse_client_authentication(std::string_view name) noexcept;

/// What an authorization server knows a client by.
class OAuthClientIdentity {
 public:
  OAuthClientIdentity() = default;
  explicit OAuthClientIdentity(std::string id, Secret client_secret = {})
      : client_id(std::move(id)), secret(std::move(client_secret)) {}

  std::string client_id;
  Secret secret;
  /// For private_key_jwt.
  std::optional<SigningKey> key;
  /// What was agreed on; when absent it is chosen by `choose_authentication`.
  std::optional<ClientAuthentication> method;
  /// When the secret ends (RFC 7591, section 3.2.1); empty when it does not.
  std::optional<TimePoint> secret_expires;
};

/// What was agreed on if the server lists it or lists nothing; else what the client can do and the server takes: a
/// key's signature, Basic (also where the server says nothing), the body, nothing. An error when nothing fits.
Result<ClientAuthentication> choose_authentication(const OAuthClientIdentity& identity,
                                                   const AuthorizationServer& server);

/// A JWT that proves a client to `audience`, the issuer alone (draft-ietf-oauth-rfc7523bis): five minutes, used once.
std::string client_assertion(const OAuthClientIdentity& identity, const std::string& audience, TimePoint now);

/// POST to the token endpoint with the grant's parameters and the client's proof. The secret's characters are
/// form-encoded in Basic as RFC 6749, section 2.3.1, says.
ClientRequest token_request(const AuthorizationServer& server, const OAuthClientIdentity& identity,
                            ClientAuthentication method, FormParameters grant, TimePoint now);

/// Tokens for one resource at one issuer.
class OAuthTokens {
 public:
  Secret access_token;
  /// `Bearer` or `DPoP`, as the server wrote it.
  std::string token_type = "Bearer";
  Secret refresh_token;
  std::string id_token;
  /// What was granted: as asked for when the server does not say (RFC 6749, section 5.1).
  std::string scope;
  std::optional<TimePoint> expires;

  bool is_dpop() const noexcept;
};

enum class TokenCause {
  unreachable,     ///< no answer, 5xx or 429: what is stored stays good, try again later
  invalid_grant,   ///< the code, refresh token or assertion is not good (any more)
  invalid_client,  ///< the server does not know this client (any more)
  use_dpop_nonce,  ///< once more with the nonce of the answer (RFC 9449, section 8)
  invalid_scope,
  invalid_target,  ///< RFC 8707, section 2
  refused,         ///< any other error
  malformed,       ///< 200 without usable tokens
};
std::string_view to_string(TokenCause cause) noexcept;

/// Reads the answer: 200, a JSON object without `error`, a non-empty `access_token`, a token type that is understood. A
/// token that was asked for with a proof must be bound by it: `Bearer` in return for a DPoP proof is refused.
Result<OAuthTokens, TokenCause> read_token_response(const HttpClient::Outcome& outcome,
                                                    std::string_view requested_scope, bool with_proof, TimePoint now);

}  // namespace leanmcp::inline v0
