#pragma once

#include <leanmcp/crypto/jwt.hpp>

#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// What an access token must fulfil: issuer, audience and algorithms cannot be left out.
using TokenRules = JwtRules;

/// `verify_jwt`, for who needs the claims alone: JSON text. A pure function.
Result<std::string, TokenFault> check_token(std::string_view token, const PublicKeys& keys, const TokenRules& rules,
                                            TimePoint now);

}  // namespace leanmcp::inline v0
