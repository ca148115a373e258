#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/crypto/public_keys.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Why a token is refused; one enumerator per cause.
enum class TokenFault {
  too_large,
  not_a_jwt,
  bad_header,
  forbidden_header,   ///< `crit`, `jku`, `jwk`, `x5u` or `x5c`: a token does not choose its own keys
  wrong_algorithm,    ///< `none`, a symmetric one, or one that was not allowed
  unknown_key,
  bad_signature,
  bad_claims,         ///< no JSON object, repeated members, wrong types
  wrong_issuer,
  wrong_audience,
  no_expiry,
  expired,
  not_yet_valid,
};
std::string_view to_string(TokenFault fault);

/// What a token must fulfil. There is no way to leave issuer or audience out.
class TokenRules {
 public:
  TokenRules(std::string issuer, std::string audience, std::vector<std::string> algorithms)
      : issuer(std::move(issuer)), audience(std::move(audience)), algorithms(std::move(algorithms)) {}
  std::string issuer;
  std::string audience;
  std::vector<std::string> algorithms;
  std::chrono::seconds skew = std::chrono::seconds(30);
};

/// Verifies a signed JWT (RFC 7519; RFC 8725, section 3) and gives its claims as JSON text. A pure function.
Result<std::string, TokenFault> check_token(std::string_view token, const PublicKeys& keys, const TokenRules& rules,
                                            TimePoint now);

}  // namespace leanmcp::inline v0
