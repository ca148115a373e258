#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/crypto/jws.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// What a JWT must fulfil. There is no way to leave issuer, audience or algorithms out; where one of them is empty,
/// every token is refused with TokenFault::bad_rules.
class JwtRules {
 public:
  /// Algorithms by their names (`RS256`); names that are not known, `none` among them, allow nothing.
  JwtRules(std::string issuer, std::string audience, const std::vector<std::string>& algorithms);
  /// Any of the issuers, any of the audiences.
  static JwtRules any_of(std::vector<std::string> issuers, std::vector<std::string> audiences,
                         const std::vector<std::string>& algorithms);

  const std::vector<std::string>& issuers() const noexcept { return issuers_; }
  const std::vector<std::string>& audiences() const noexcept { return audiences_; }
  const std::vector<JwsAlgorithm>& algorithms() const noexcept { return algorithms_; }
  bool complete() const noexcept;

  /// How far the clocks may be apart.
  std::chrono::seconds skew = std::chrono::seconds(30);
  /// What `typ` may be (RFC 8725, section 3.11), with or without `application/`; anything, or nothing, when empty.
  std::vector<std::string> types;
  /// How long ago `iat` may be; then it must be there.
  std::optional<std::chrono::seconds> max_age;
  JwsLimits limits;

 private:
  std::vector<std::string> issuers_;
  std::vector<std::string> audiences_;
  std::vector<JwsAlgorithm> algorithms_;
};

/// A JWT whose signature and registered claims were checked.
struct Jwt {
  /// The claims as the issuer wrote them, JSON text; an object without repeated members.
  std::string claims;
  Jws jws;
};

/// Verifies a signed JWT (RFC 7519, section 7.2; RFC 8725, section 3): signature, `iss` (byte for byte), `aud`, `exp`
/// (must be there), `nbf`, `iat`. Pure functions.
Result<Jwt, TokenFault> verify_jwt(std::string_view token, const PublicKeys& keys, const JwtRules& rules,
                                   TimePoint now);
/// HS256, HS384 and HS512, where an issuer shares a secret.
Result<Jwt, TokenFault> verify_jwt(std::string_view token, const SymmetricKey& key, const JwtRules& rules,
                                   TimePoint now);

/// The registered claims alone, for tokens that were verified in another way. `claims` is JSON text.
Result<void, TokenFault> check_claims(std::string_view claims, const JwtRules& rules, TimePoint now);

}  // namespace leanmcp::inline v0
