#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/http/client.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0::detail {

// The authorization code grant of a confidential web client (RFC 6749, section 4.1; RFC 7636; RFC 9207), as functions
// over values.

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// `a=b&c=d` with everything but unreserved characters escaped.
std::string form_encode(const Parameters& parameters);
/// The pairs of a query; nullopt when it is over 8 KiB, has over 50 pairs or a broken escape.
std::optional<Parameters> form_decode(std::string_view text);

/// S256 (RFC 7636, section 4.2).
std::string pkce_challenge(std::string_view verifier);

/// The endpoint with the parameters; its own query is kept (RFC 6749, section 3.1).
std::string authorization_url(std::string_view endpoint, const Parameters& parameters);

/// What a provider sent a browser back with.
struct Callback {
  std::string state;
  std::string code;
  std::optional<std::string> issuer;
  std::string error;
};
/// nullopt for a query in which state, code, iss or error is there twice.
std::optional<Callback> read_callback(std::string_view query);

/// RFC 9207, section 2.4: what is there must be the issuer, byte for byte; what was announced must be there. With an
/// empty `expected` nothing is known to compare.
bool issuer_fits(const Callback& callback, std::string_view expected, bool announced);

/// How the client proves itself at the token endpoint (RFC 6749, section 2.3.1).
enum class ClientProof { basic, body };

ClientRequest token_request(const std::string& endpoint, ClientProof proof, const std::string& client_id,
                            const Secret& client_secret, Parameters parameters);

enum class TokenReplyFault {
  unreachable,  ///< no answer, or 5xx: try again
  refused,      ///< the grant is not good (any more); also GitHub's status 200 with an error in it
  malformed,    ///< neither tokens nor an error
};
struct TokenReply {
  Secret access_token;
  Secret refresh_token;
  std::string id_token;
  std::string scope;
  long long expires_in = 0;  ///< seconds; 0 when it was not said
};
/// Success is 200 with a JSON object, no `error` member and a non-empty `access_token`.
Result<TokenReply, TokenReplyFault> read_token_reply(const HttpClient::Outcome& outcome);

}  // namespace leanmcp::inline v0::detail
