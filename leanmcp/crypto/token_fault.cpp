#include <leanmcp/crypto/token_fault.hpp>

namespace leanmcp::inline v0 {

std::string_view to_string(TokenFault fault) noexcept {
  switch (fault) {
    case TokenFault::bad_rules:
      return "no issuer, audience or algorithm to check against";
    case TokenFault::too_large:
      return "token too large";
    case TokenFault::not_a_jwt:
      return "not a signed JWT (an opaque token?)";
    case TokenFault::bad_encoding:
      return "not canonical base64url";
    case TokenFault::bad_header:
      return "broken header";
    case TokenFault::header_too_deep:
      return "header nested too deep";
    case TokenFault::repeated_header:
      return "header with a repeated member";
    case TokenFault::critical_header:
      return "header with critical extensions";
    case TokenFault::forbidden_header:
      return "header names its own keys";
    case TokenFault::no_algorithm:
      return "header without an algorithm";
    case TokenFault::unsigned_token:
      return "not signed";
    case TokenFault::unknown_algorithm:
      return "unknown algorithm";
    case TokenFault::wrong_algorithm:
      return "algorithm not allowed";
    case TokenFault::wrong_type:
      return "wrong type of token";
    case TokenFault::unknown_key:
      return "signed with an unknown key";
    case TokenFault::wrong_key:
      return "the key is not for this algorithm";
    case TokenFault::bad_signature:
      return "wrong signature";
    case TokenFault::bad_claims:
      return "broken claims";
    case TokenFault::repeated_claim:
      return "repeated claim";
    case TokenFault::claims_too_deep:
      return "claims nested too deep";
    case TokenFault::no_issuer:
      return "no issuer";
    case TokenFault::wrong_issuer:
      return "wrong issuer";
    case TokenFault::no_audience:
      return "no audience";
    case TokenFault::wrong_audience:
      return "wrong audience";
    case TokenFault::no_expiry:
      return "no expiry";
    case TokenFault::bad_date:
      return "a date that is none";
    case TokenFault::expired:
      return "expired";
    case TokenFault::not_yet_valid:
      return "not valid yet";
    case TokenFault::issued_in_future:
      return "issued in the future";
    case TokenFault::no_issue_date:
      return "no date of issue";
    case TokenFault::too_old:
      return "issued too long ago";
  }
  return {};
}

}  // namespace leanmcp::inline v0
