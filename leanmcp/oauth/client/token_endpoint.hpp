#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/crypto/signing_key.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/oauth/client/form.hpp>
#include <leanmcp/oauth/client/metadata.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
/// key's signature, Basic (also where the server says nothing), the body, nothing. An error when nothing fits, and when
/// the server lists algorithms and the key's is not among them (RFC 8414, section 2).
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
  /// From when on it is renewed, so that it does not end on the way: a minute before the end, or a quarter of its life
  /// where that is shorter. Empty without `expires`.
  std::optional<TimePoint> renew_after;

  bool is_dpop() const noexcept;
};

/// How long to leave a token endpoint alone that could not be reached `failures` times in a row: 5 s, then twice as
/// long each time; what the answer's `Retry-After` says in seconds, if it is more (RFC 9110, section 10.2.3). Five
/// minutes at most.
std::chrono::seconds back_off(unsigned failures, const HttpClient::Outcome& outcome);

/// What a DPoP proof can be signed with at a server that lists these algorithms: ES256 if it is among them, else the
/// first that this client has (RFC 9449, section 5.1). nullopt when there is none; symmetric ones never count.
std::optional<JwsAlgorithm> choose_dpop_algorithm(const std::vector<std::string>& listed);

enum class TokenCause {
  unreachable,     ///< no answer, 5xx or 429: what is stored stays good, try again later
  invalid_grant,   ///< the code, refresh token or assertion is not good (any more)
  invalid_client,  ///< the server does not know this client (any more)
  use_dpop_nonce,  ///< once more with the nonce of the answer (RFC 9449, section 8)
  invalid_scope,
  invalid_target,  ///< RFC 8707, section 2
  refused,         ///< any other error
  malformed,       ///< 200 without usable tokens
  /// Nothing was sent: the server takes none of the ways in which the client can show who it is.
  no_authentication,
};
std::string_view to_string(TokenCause cause) noexcept;

/// What a token endpoint answered, as it is; empty and absent where it says nothing.
class TokenAnswer {
 public:
  Secret access_token;
  std::string token_type;
  Secret refresh_token;
  std::string id_token;
  std::string scope;
  /// Ten years at most.
  std::optional<std::chrono::seconds> expires_in;
};

/// Reads an answer of any service: 200, a JSON object without `error`, a non-empty `access_token` (RFC 6749, sections
/// 5.1 and 5.2). Errors with status 200, as some services send them, are errors.
Result<TokenAnswer, TokenCause> read_token_answer(const HttpClient::Outcome& outcome);

/// Reads the answer: that, and an `access_token` that a header can carry, a token type that is
/// understood. A
/// token that was asked for with a proof must be bound by it: `Bearer` in return for a DPoP proof is refused.
Result<OAuthTokens, TokenCause> read_token_response(const HttpClient::Outcome& outcome,
                                                    std::string_view requested_scope, bool with_proof, TimePoint now);

/// The kind of token that an identity assertion is.
constexpr std::string_view id_jag_type = "urn:ietf:params:oauth:token-type:id-jag";
/// The identity assertion of a token exchange (RFC 8693, section 2.2.1;
/// draft-ietf-oauth-identity-assertion-authz-grant): 200, `issued_token_type` id-jag, `token_type` N_A. nullopt for
/// anything else.
std::optional<Secret> read_id_jag(const HttpClient::Outcome& outcome);

}  // namespace leanmcp::inline v0
