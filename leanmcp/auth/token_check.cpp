#include <leanmcp/auth/token_check.hpp>

namespace leanmcp::inline v0 {

Result<std::string, TokenFault> check_token(std::string_view token, const PublicKeys& keys, const TokenRules& rules,
                                            TimePoint now) {
  auto jwt = verify_jwt(token, keys, rules, now);
  if (!jwt) return jwt.error();
  return std::move(jwt->claims);
}

}  // namespace leanmcp::inline v0
