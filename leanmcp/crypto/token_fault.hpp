#pragma once

#include <string_view>

namespace leanmcp::inline v0 {

/// Why a JWS or JWT is refused; one enumerator per cause, in the order in which they are looked for.
enum class TokenFault {
  bad_rules,  ///< the verifier's own rules are empty: no issuer, no audience or no known algorithm
  too_large,
  not_a_jwt,     ///< not three parts with dots between them
  bad_encoding,  ///< a part is not base64url in its one canonical form (padding, line breaks, spare bits)
  bad_header,    ///< no JSON object, or a member of the wrong type
  header_too_deep,
  repeated_header,   ///< a header member is there twice
  critical_header,   ///< `crit` or `b64`: extensions that change what is signed are not taken
  forbidden_header,  ///< `jku`, `jwk`, `x5u` or `x5c`: a token does not choose its own keys
  no_algorithm,      ///< `alg` is missing or no text
  unsigned_token,    ///< `alg` is `none`, in whatever case
  unknown_algorithm,
  wrong_algorithm,  ///< known, but not among those allowed, or symmetric where public keys are used
  wrong_type,       ///< `typ` is not one of those asked for
  unknown_key,      ///< no key with that `kid`
  wrong_key,        ///< there is a key with that `kid`, but it is not for this algorithm
  bad_signature,
  bad_claims,  ///< no JSON object, or a claim of the wrong type
  repeated_claim,
  claims_too_deep,
  no_issuer,
  wrong_issuer,
  no_audience,
  wrong_audience,
  no_expiry,
  bad_date,  ///< `exp`, `nbf` or `iat` is no number of seconds between 1970 and 9999
  expired,
  not_yet_valid,     ///< `nbf` is still to come
  issued_in_future,  ///< `iat` is still to come
  no_issue_date,     ///< no `iat`, where an age is limited
  too_old,           ///< `iat` is longer ago than allowed
};

/// A few words for logs and answers; holds nothing of the token.
std::string_view to_string(TokenFault fault) noexcept;

}  // namespace leanmcp::inline v0
