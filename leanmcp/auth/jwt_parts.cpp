#include <leanmcp/auth/jwt_parts.hpp>

#include <leanmcp/crypto/strict_json.hpp>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t deepest_token_claims = 16;

std::optional<double> date(const boost::json::object& claims, std::string_view name, bool& wrong) {
  const boost::json::value* const value = claims.if_contains(name);
  if (!value) return std::nullopt;
  const double seconds = value->is_number() ? value->to_number<double>() : -1;
  wrong = wrong || !(seconds >= 0 && seconds < 253'402'300'800.0);  // the year 10000
  return seconds;
}

}  // namespace

Result<JwtParts, TokenFault> split_jwt(std::string_view token) {
  auto jws = parse_jws(token);
  if (!jws) return jws.error();
  // All claims in one piece of memory, which goes with them.
  auto claims = detail::strict_object(
      jws->parts.payload, deepest_token_claims,
      boost::json::make_shared_resource<boost::json::monotonic_resource>(jws->parts.payload.size() * 6));
  if (!claims) {
    switch (claims.error()) {
      case detail::StrictFault::not_an_object:
        return TokenFault::bad_claims;
      case detail::StrictFault::too_deep:
        return TokenFault::claims_too_deep;
      case detail::StrictFault::repeated_member:
        return TokenFault::repeated_claim;
    }
  }
  return JwtParts(std::move(*jws), std::move(*claims));
}

std::optional<TokenFault> check_times(const boost::json::object& claims, TimePoint now, std::chrono::seconds skew) {
  bool wrong = false;
  const auto expires = date(claims, "exp", wrong);
  const auto begins = date(claims, "nbf", wrong);
  const auto issued = date(claims, "iat", wrong);
  if (wrong) return TokenFault::bad_date;
  if (!expires) return TokenFault::no_expiry;
  const auto seconds = static_cast<double>(unix_seconds(now));
  const auto leeway = static_cast<double>(skew.count());
  if (seconds >= *expires + leeway) return TokenFault::expired;
  if (begins && seconds + leeway < *begins) return TokenFault::not_yet_valid;
  if (issued && seconds + leeway < *issued) return TokenFault::issued_in_future;
  return std::nullopt;
}

}  // namespace leanmcp::inline v0
