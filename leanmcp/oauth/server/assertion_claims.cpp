#include <leanmcp/oauth/server/assertion_claims.hpp>

#include <leanmcp/crypto/strict_json.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0::as {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_assertion_id = 256;
constexpr std::size_t longest_text = 2048;
/// The year 9999: what is later overflows somewhere.
constexpr double latest = 253402300799.0;

bool take(const json::object& claims, const char* name, std::string& out) {
  const json::value* const value = claims.if_contains(name);
  if (!value) return true;
  const json::string* const text = value->if_string();
  if (!text || text->size() > longest_text) return false;
  out.assign(text->data(), text->size());
  return true;
}

bool take(const json::object& claims, const char* name, TimePoint& out) {
  const json::value* const value = claims.if_contains(name);
  if (!value) return true;
  if (!value->is_number()) return false;
  const double seconds = value->to_number<double>();
  if (!(seconds >= 0 && seconds <= latest)) return false;
  out = TimePoint(std::chrono::milliseconds(static_cast<std::int64_t>(seconds) * 1000));
  return true;
}

bool take_audience(const json::object& claims, AssertionClaims& out) {
  const json::value* const value = claims.if_contains("aud");
  if (!value) return true;
  out.sole_audience = value->is_string();
  const json::array* const list = value->if_array();
  const json::value* const one = list && list->size() == 1 ? &list->front() : value;
  if (list && list->size() != 1) return true;
  const json::string* const text = one->if_string();
  if (!text || text->size() > longest_text) return false;
  out.audience.assign(text->data(), text->size());
  return true;
}

bool take_key(const json::object& claims, AssertionClaims& out) {
  const json::value* const value = claims.if_contains("cnf");
  out.has_cnf = value != nullptr;
  if (!value) return true;
  const json::object* const object = value->if_object();
  return object && take(*object, "jkt", out.thumbprint);
}

}  // namespace

std::optional<AssertionClaims> AssertionClaims::read(std::string_view claims_json) {
  const auto claims = detail::strict_object(claims_json, 16);
  if (!claims) return std::nullopt;
  AssertionClaims out;
  const bool good = take(*claims, "iss", out.issuer) && take(*claims, "sub", out.subject) &&
                    take_audience(*claims, out) && take(*claims, "jti", out.id) &&
                    take(*claims, "client_id", out.client_id) && take(*claims, "resource", out.resource) &&
                    take(*claims, "scope", out.scope) && take_key(*claims, out) && take(*claims, "iat", out.issued) &&
                    take(*claims, "exp", out.expires);
  if (!good) return std::nullopt;
  if (out.id.size() > longest_assertion_id) out.id.clear();
  return out;
}

}  // namespace leanmcp::inline v0::as
