#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/crypto/jws.hpp>

#include <boost/json.hpp>

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace leanmcp::inline v0 {

/// A signed token taken apart, believed in nothing yet.
struct JwtParts {
  JwtParts(Jws jws, boost::json::object claims) : jws(std::move(jws)), claims(std::move(claims)) {}
  Jws jws;
  boost::json::object claims;
};

/// A JWS whose payload is an object of sensible depth without repeated members (RFC 7519, section 7.2; RFC 8725,
/// section 3). A pure function.
Result<JwtParts, TokenFault> split_jwt(std::string_view token);

/// exp (needed), nbf and iat (RFC 7519, section 4.1); nullopt when all is well.
std::optional<TokenFault> check_times(const boost::json::object& claims, TimePoint now, std::chrono::seconds skew);

}  // namespace leanmcp::inline v0
