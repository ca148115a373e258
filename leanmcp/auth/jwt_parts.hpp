#pragma once

#include <leanmcp/auth/token_check.hpp>
#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>

#include <boost/json.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// A signed token taken apart, believed in nothing yet.
struct JwtParts {
  boost::json::object header;
  boost::json::object claims;
  std::string algorithm;
  std::string key_id;
  std::string_view signed_text;  ///< of the token that was split
  std::string signature;
};

/// Three parts, canonical base64url, JSON objects of sensible depth without repeated members, no header that brings its
/// own keys (RFC 7515, section 4; RFC 8725, section 3). A pure function.
Result<JwtParts, TokenFault> split_jwt(std::string_view token);

/// The header's `typ` in lower case and without "application/" (RFC 7515, section 4.1.9); empty when it has none.
std::string token_type(const boost::json::object& header);

/// exp (needed), nbf and iat (RFC 7519, section 4.1); nullopt when all is well.
std::optional<TokenFault> check_times(const boost::json::object& claims, TimePoint now, std::chrono::seconds skew);

}  // namespace leanmcp::inline v0
