#pragma once

#include <leanmcp/auth/provider.hpp>
#include <leanmcp/server/denial.hpp>

#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// What a denial of ours is made of.
struct AuthDenial {
  AuthDenial(AuthCode code, std::string reason) : code(code), reason(std::move(reason)) {}
  AuthCode code;
  std::string reason;               ///< for the log
  std::vector<std::string> scopes;  ///< all that the operation needs
  bool soft = false;                ///< a tool tells it as an `isError` result
  bool sent_dpop = false;           ///< the token came by the DPoP scheme
  bool use_nonce = false;           ///< a proof with a nonce of ours would do (RFC 9449, section 9)
  std::chrono::seconds retry_after{0};
};

/// The denial with its challenges (RFC 6750, section 3; RFC 9728, section 5.1; RFC 9449, section 7.1).
Denial denial_of(const AuthDenial& what, const AuthProvider& provider, TimePoint now);

/// 401 for a sign-in that is not strong or not recent enough (RFC 9470, section 3).
Denial stronger_sign_in_denial(const AuthProvider& provider, const std::vector<std::string>& acr_values,
                               std::chrono::seconds max_age, bool soft);

/// 403 for what no further scope would change: a missing role, or a rule of the author's that said no.
Denial forbidden(std::string message, std::string reason, bool soft);

}  // namespace leanmcp::inline v0
