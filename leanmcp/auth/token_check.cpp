#include <leanmcp/auth/token_check.hpp>

#include <leanmcp/base/encoding.hpp>

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <optional>
#include <set>

namespace leanmcp::inline v0 {

namespace json = boost::json;

namespace {

constexpr std::size_t most_token_bytes = 16 * 1024;
constexpr std::size_t most_depth = 16;

/// Looks for a member that is there twice in one object: two readers of such a token could see two different ones.
class RepeatFinder {
 public:
  static constexpr std::size_t max_object_size = 10'000;
  static constexpr std::size_t max_array_size = 10'000;
  static constexpr std::size_t max_key_size = 10'000;
  static constexpr std::size_t max_string_size = most_token_bytes;
  bool repeated = false;

  bool on_document_begin(boost::system::error_code&) { return true; }
  bool on_document_end(boost::system::error_code&) { return true; }
  bool on_object_begin(boost::system::error_code&) { return open_.emplace_back(), true; }
  bool on_object_end(std::size_t, boost::system::error_code&) { return open_.pop_back(), true; }
  bool on_array_begin(boost::system::error_code&) { return true; }
  bool on_array_end(std::size_t, boost::system::error_code&) { return true; }
  bool on_key_part(json::string_view part, std::size_t, boost::system::error_code&) {
    return key_.append(part.data(), part.size()), true;
  }
  bool on_key(json::string_view part, std::size_t, boost::system::error_code&) {
    key_.append(part.data(), part.size());
    if (!open_.back().insert(std::exchange(key_, {})).second) repeated = true;
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, boost::system::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, boost::system::error_code&) { return true; }
  bool on_number_part(json::string_view, boost::system::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, boost::system::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, boost::system::error_code&) { return true; }
  bool on_double(double, json::string_view, boost::system::error_code&) { return true; }
  bool on_bool(bool, boost::system::error_code&) { return true; }
  bool on_null(boost::system::error_code&) { return true; }
  bool on_comment_part(json::string_view, boost::system::error_code&) { return true; }
  bool on_comment(json::string_view, boost::system::error_code&) { return true; }

 private:
  std::vector<std::set<std::string>> open_;
  std::string key_;
};

std::optional<json::object> strict_object(std::string_view text) {
  json::parse_options options;
  options.max_depth = most_depth;
  boost::system::error_code failed;
  json::value value = json::parse(text, failed, {}, options);
  if (failed || !value.is_object()) return std::nullopt;
  json::basic_parser<RepeatFinder> finder(options);
  finder.write_some(false, text.data(), text.size(), failed);
  if (failed || finder.handler().repeated) return std::nullopt;
  return std::move(value.get_object());
}

std::string_view text(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (!value || !value->is_string()) return {};
  return value->get_string();
}

/// NumericDate, whole seconds; nullopt when absent, an error when it is no sensible number.
std::optional<double> date(const json::object& claims, std::string_view name, bool& wrong) {
  const json::value* const value = claims.if_contains(name);
  if (!value) return std::nullopt;
  if (!value->is_number()) {
    wrong = true;
    return std::nullopt;
  }
  const double seconds = value->to_number<double>();
  wrong = wrong || !(seconds >= 0 && seconds < 1e12);
  return seconds;
}

bool is_for(const json::object& claims, const std::string& audience) {
  const json::value* const aud = claims.if_contains("aud");
  if (!aud) return false;
  if (aud->is_string()) return aud->get_string() == audience;
  const json::array* const list = aud->if_array();
  return list && std::any_of(list->begin(), list->end(),
                             [&](const json::value& item) { return item.is_string() && item.get_string() == audience; });
}

}  // namespace

std::string_view to_string(TokenFault fault) {
  switch (fault) {
    case TokenFault::too_large: return "token too large";
    case TokenFault::not_a_jwt: return "not a signed JWT (an opaque token?)";
    case TokenFault::bad_header: return "broken header";
    case TokenFault::forbidden_header: return "header names its own keys or critical extensions";
    case TokenFault::wrong_algorithm: return "algorithm not allowed";
    case TokenFault::unknown_key: return "signed with an unknown key";
    case TokenFault::bad_signature: return "wrong signature";
    case TokenFault::bad_claims: return "broken claims";
    case TokenFault::wrong_issuer: return "wrong issuer";
    case TokenFault::wrong_audience: return "wrong audience";
    case TokenFault::no_expiry: return "no expiry";
    case TokenFault::expired: return "expired";
    case TokenFault::not_yet_valid: return "not valid yet";
  }
  return "";
}

Result<std::string, TokenFault> check_token(std::string_view token, const PublicKeys& keys, const TokenRules& rules,
                                            TimePoint now) {
  if (token.size() > most_token_bytes) return TokenFault::too_large;
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return TokenFault::not_a_jwt;
  const auto header_text = base64url_decode(token.substr(0, first));
  const auto claims_text = base64url_decode(token.substr(first + 1, second - first - 1));
  const auto signature = base64url_decode(token.substr(second + 1));
  if (!header_text || !claims_text || !signature) return TokenFault::not_a_jwt;
  const auto header = strict_object(*header_text);
  if (!header) return TokenFault::bad_header;
  for (const char* name : {"crit", "jku", "jwk", "x5u", "x5c", "b64"})
    if (header->contains(name)) return TokenFault::forbidden_header;
  const std::string_view algorithm = text(*header, "alg");
  if (std::find(rules.algorithms.begin(), rules.algorithms.end(), algorithm) == rules.algorithms.end())
    return TokenFault::wrong_algorithm;
  const std::string_view key_id = text(*header, "kid");
  if (header->contains("kid") && key_id.empty()) return TokenFault::bad_header;
  if (!keys.has(key_id, algorithm)) return TokenFault::unknown_key;
  if (!keys.verify(key_id, algorithm, token.substr(0, second), *signature)) return TokenFault::bad_signature;

  const auto claims = strict_object(*claims_text);
  if (!claims) return TokenFault::bad_claims;
  if (text(*claims, "iss") != rules.issuer) return TokenFault::wrong_issuer;
  if (!is_for(*claims, rules.audience)) return TokenFault::wrong_audience;
  bool wrong = false;
  const auto expires = date(*claims, "exp", wrong);
  const auto begins = date(*claims, "nbf", wrong);
  const auto issued = date(*claims, "iat", wrong);
  if (wrong) return TokenFault::bad_claims;
  if (!expires) return TokenFault::no_expiry;
  const auto seconds = static_cast<double>(unix_seconds(now));
  const auto skew = static_cast<double>(rules.skew.count());
  if (seconds >= *expires + skew) return TokenFault::expired;
  if (begins && seconds + skew < *begins) return TokenFault::not_yet_valid;
  if (issued && seconds + skew < *issued) return TokenFault::not_yet_valid;
  return std::move(*claims_text);
}

}  // namespace leanmcp::inline v0
