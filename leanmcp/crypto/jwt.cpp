#include <leanmcp/crypto/jwt.hpp>

#include <leanmcp/crypto/strict_json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace json = boost::json;

namespace {

/// The end of the year 9999: beyond it a date is no date.
constexpr double latest_date = 253402300799.0;

bool among(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

/// NumericDate (RFC 7519, section 2), fractions included; nullopt when absent.
Result<std::optional<double>, TokenFault> date(const json::object& claims, std::string_view name) {
  const json::value* const value = claims.if_contains(name);
  if (!value) return std::optional<double>();
  if (!value->is_number()) return TokenFault::bad_date;
  const double seconds = value->to_number<double>();
  if (!(seconds >= 0 && seconds <= latest_date)) return TokenFault::bad_date;
  return std::optional<double>(seconds);
}

Result<void, TokenFault> check_issuer(const json::object& claims, const JwtRules& rules) {
  const json::value* const issuer = claims.if_contains("iss");
  if (!issuer) return TokenFault::no_issuer;
  if (!issuer->is_string()) return TokenFault::bad_claims;
  if (!among(rules.issuers(), issuer->get_string())) return TokenFault::wrong_issuer;
  return {};
}

Result<void, TokenFault> check_audience(const json::object& claims, const JwtRules& rules) {
  const json::value* const audience = claims.if_contains("aud");
  if (!audience) return TokenFault::no_audience;
  if (audience->is_string()) {
    if (among(rules.audiences(), audience->get_string())) return {};
    return TokenFault::wrong_audience;
  }
  const json::array* const list = audience->if_array();
  if (!list) return TokenFault::bad_claims;
  bool found = false;
  for (const json::value& item : *list) {
    if (!item.is_string()) return TokenFault::bad_claims;
    found = found || among(rules.audiences(), item.get_string());
  }
  if (!found) return TokenFault::wrong_audience;
  return {};
}

Result<void, TokenFault> check_dates(const json::object& claims, const JwtRules& rules, TimePoint now) {
  const auto expires = date(claims, "exp");
  const auto begins = date(claims, "nbf");
  const auto issued = date(claims, "iat");
  if (!expires || !begins || !issued) return TokenFault::bad_date;
  if (!*expires) return TokenFault::no_expiry;
  const auto seconds = static_cast<double>(unix_seconds(now));
  const auto skew = static_cast<double>(rules.skew.count());
  if (seconds >= **expires + skew) return TokenFault::expired;
  if (*begins && seconds + skew < **begins) return TokenFault::not_yet_valid;
  if (*issued && seconds + skew < **issued) return TokenFault::issued_in_future;
  if (!rules.max_age) return {};
  if (!*issued) return TokenFault::no_issue_date;
  if (seconds - skew > **issued + static_cast<double>(rules.max_age->count())) return TokenFault::too_old;
  return {};
}

template <class Keys>
Result<Jwt, TokenFault> verify_with(std::string_view token, const Keys& keys, const JwtRules& rules, TimePoint now) {
  if (!rules.complete()) return TokenFault::bad_rules;
  auto jws = verify_jws(token, keys, rules.algorithms(), rules.limits);
  if (!jws) return jws.error();
  if (!rules.types.empty() && std::none_of(rules.types.begin(), rules.types.end(),
                                           [&](const std::string& type) { return is_type(jws->type, type); }))
    return TokenFault::wrong_type;
  if (const auto checked = check_claims(jws->parts.payload, rules, now); !checked) return checked.error();
  Jwt jwt;
  jwt.claims = std::move(jws->parts.payload);
  jwt.jws = std::move(*jws);
  return jwt;
}

}  // namespace

JwtRules::JwtRules(std::string issuer, std::string audience, const std::vector<std::string>& algorithms) {
  issuers_.push_back(std::move(issuer));
  audiences_.push_back(std::move(audience));
  for (const std::string& name : algorithms)
    if (const auto known = jws_algorithm(name)) algorithms_.push_back(*known);
}

JwtRules JwtRules::any_of(std::vector<std::string> issuers, std::vector<std::string> audiences,
                          const std::vector<std::string>& algorithms) {
  JwtRules rules({}, {}, algorithms);
  rules.issuers_ = std::move(issuers);
  rules.audiences_ = std::move(audiences);
  return rules;
}

bool JwtRules::complete() const noexcept {
  const auto filled = [](const std::vector<std::string>& list) {
    return !list.empty() && std::none_of(list.begin(), list.end(), [](const std::string& one) { return one.empty(); });
  };
  return filled(issuers_) && filled(audiences_) && !algorithms_.empty();
}

Result<void, TokenFault> check_claims(std::string_view claims, const JwtRules& rules, TimePoint now) {
  if (!rules.complete()) return TokenFault::bad_rules;
  const auto object = detail::strict_object(claims, rules.limits.claims_depth);
  if (!object) {
    switch (object.error()) {
      case detail::StrictFault::too_deep:
        return TokenFault::claims_too_deep;
      case detail::StrictFault::repeated_member:
        return TokenFault::repeated_claim;
      default:
        return TokenFault::bad_claims;
    }
  }
  if (const auto checked = check_issuer(*object, rules); !checked) return checked.error();
  if (const auto checked = check_audience(*object, rules); !checked) return checked.error();
  return check_dates(*object, rules, now);
}

Result<Jwt, TokenFault> verify_jwt(std::string_view token, const PublicKeys& keys, const JwtRules& rules,
                                   TimePoint now) {
  return verify_with(token, keys, rules, now);
}

Result<Jwt, TokenFault> verify_jwt(std::string_view token, const SymmetricKey& key, const JwtRules& rules,
                                   TimePoint now) {
  return verify_with(token, key, rules, now);
}

}  // namespace leanmcp::inline v0
