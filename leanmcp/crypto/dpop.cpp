#include <leanmcp/crypto/dpop.hpp>

#include <leanmcp/base/ascii.hpp>
#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/base/url.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/jws.hpp>
#include <leanmcp/crypto/strict_json.hpp>

#include <algorithm>
#include <charconv>

namespace leanmcp::inline v0 {

namespace json = boost::json;

namespace {

constexpr std::string_view proof_type = "dpop+jwt";
constexpr std::size_t longest_proof_id = 256;
constexpr std::size_t longest_url = 8192;

DpopFault structural(TokenFault fault) {
  switch (fault) {
    case TokenFault::too_large:
      return DpopFault::too_large;
    case TokenFault::not_a_jwt:
    case TokenFault::bad_encoding:
      return DpopFault::not_a_jws;
    case TokenFault::no_algorithm:
    case TokenFault::unsigned_token:
    case TokenFault::unknown_algorithm:
      return DpopFault::wrong_algorithm;
    default:
      return DpopFault::bad_header;
  }
}

/// RFC 3986, section 6.2.2.1 and 6.2.2.2: what need not be escaped is not, the rest has capital digits. An escaped
/// slash stays one: it is no separator. The path is known to be well-formed.
std::string normal_escapes(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      out += path[i];
      continue;
    }
    const auto byte = hex_decode(path.substr(i + 1, 2)).value_or(" ")[0];
    const bool letter =
        (detail::to_lower(byte) >= 'a' && detail::to_lower(byte) <= 'z') || (byte >= '0' && byte <= '9');
    if (letter || byte == '-' || byte == '.' || byte == '_' || byte == '~') {
      out += byte;
    } else {
      out += '%';
      for (const char digit : path.substr(i + 1, 2))
        out += digit >= 'a' && digit <= 'f' ? static_cast<char>(digit - 'a' + 'A') : digit;
    }
    i += 2;
  }
  return out;
}

/// RFC 3986, section 5.2.4, over a path that is empty or starts with a slash.
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool last = end == path.size();
    path.remove_prefix(end);
    if (segment == "/.") {
      if (last) out += '/';
    } else if (segment == "/..") {
      out.erase(std::min(out.rfind('/'), out.size()));
      if (last) out += '/';
    } else {
      out += segment;
    }
  }
  return out.empty() ? "/" : out;
}

bool same(std::string_view a, std::string_view b) { return constant_time_equal(a, b); }

Result<void, DpopFault> check_date(const json::object& claims, const DpopRules& rules, TimePoint now) {
  const json::value* const issued = claims.if_contains("iat");
  if (!issued || !issued->is_number()) return DpopFault::bad_claims;
  const double at = issued->to_number<double>();
  const auto seconds = static_cast<double>(unix_seconds(now));
  if (!(at >= seconds - static_cast<double>(rules.max_age.count()))) return DpopFault::too_old;
  if (!(at <= seconds + static_cast<double>(rules.skew.count()))) return DpopFault::in_future;
  return {};
}

Result<void, DpopFault> check_request(const json::object& claims, const DpopExpectation& expected) {
  const json::string* const method = detail::text_member(claims, "htm");
  const json::string* const target = detail::text_member(claims, "htu");
  if (!method || !target) return DpopFault::bad_claims;
  if (std::string_view(*method) != expected.method) return DpopFault::wrong_method;
  const auto said = dpop_target(*target);
  const auto wanted = dpop_target(expected.url);
  if (!said || !wanted || *said != *wanted) return DpopFault::wrong_target;
  if (expected.access_token.empty()) return {};
  const json::string* const hash = detail::text_member(claims, "ath");
  if (!hash) return DpopFault::no_token_hash;
  if (!same(*hash, dpop_token_hash(expected.access_token))) return DpopFault::wrong_token_hash;
  return {};
}

Result<std::string, DpopFault> check_nonce(const json::object& claims, const DpopExpectation& expected) {
  const json::value* const value = claims.if_contains("nonce");
  const json::string* const nonce = value ? value->if_string() : nullptr;
  if (value && !nonce) return DpopFault::bad_claims;
  if (expected.nonces.empty()) return nonce ? std::string(*nonce) : std::string();
  if (!nonce) return DpopFault::no_nonce;
  for (const std::string& good : expected.nonces)
    if (same(*nonce, good)) return good;
  return DpopFault::wrong_nonce;
}

}  // namespace

std::string_view to_string(DpopFault fault) noexcept {
  switch (fault) {
    case DpopFault::too_large:
      return "proof too large";
    case DpopFault::not_a_jws:
      return "not a JWS";
    case DpopFault::bad_header:
      return "broken header";
    case DpopFault::wrong_type:
      return "typ is not dpop+jwt";
    case DpopFault::wrong_algorithm:
      return "algorithm not allowed";
    case DpopFault::bad_key:
      return "no usable public key in the header";
    case DpopFault::private_key:
      return "a private key in the header";
    case DpopFault::bad_signature:
      return "wrong signature";
    case DpopFault::bad_claims:
      return "broken claims";
    case DpopFault::bad_id:
      return "no usable jti";
    case DpopFault::wrong_method:
      return "for another method";
    case DpopFault::wrong_target:
      return "for another URL";
    case DpopFault::too_old:
      return "made too long ago";
    case DpopFault::in_future:
      return "made in the future";
    case DpopFault::no_token_hash:
      return "no hash of the access token";
    case DpopFault::wrong_token_hash:
      return "for another access token";
    case DpopFault::wrong_key:
      return "made with another key than the token is bound to";
    case DpopFault::no_nonce:
      return "no nonce";
    case DpopFault::wrong_nonce:
      return "the nonce is not good any more";
    case DpopFault::replayed:
      return "used before";
  }
  return {};
}

std::optional<std::string> dpop_target(std::string_view text) {
  if (text.size() > longest_url) return std::nullopt;
  const auto parsed = detail::parse_url(text);
  if (!parsed) return std::nullopt;
  const bool secure = parsed->scheme_id() == boost::urls::scheme::https;
  if (!secure && parsed->scheme_id() != boost::urls::scheme::http) return std::nullopt;
  const std::string_view host = parsed->encoded_host();
  if (!parsed->has_authority() || parsed->has_userinfo() || host.empty() || host.find('%') != host.npos)
    return std::nullopt;
  std::string out = secure ? "https://" : "http://";
  for (const char c : host) out += detail::to_lower(c);
  if (parsed->has_port() && !parsed->port().empty()) {
    // Boost.URL 1.81 takes more than 65535 and wraps it.
    const std::string_view digits = parsed->port();
    unsigned port = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), port).ec != std::errc() || port == 0 ||
        port > 65535)
      return std::nullopt;
    if (port != (secure ? 443U : 80U)) out += ":" + std::to_string(port);
  }
  // It also takes a second colon after the authority for a path.
  const std::string_view path = parsed->encoded_path();
  if (!path.empty() && path.front() != '/') return std::nullopt;
  return out + without_dots(normal_escapes(path));
}

std::string dpop_token_hash(std::string_view access_token) { return base64url_encode(sha256(access_token)); }

std::string make_dpop_proof(const SigningKey& key, const DpopRequest& request, TimePoint now) {
  const std::string_view bare = request.url.substr(0, request.url.find_first_of("?#"));
  json::object claims{{"jti", random_id()}, {"htm", request.method}, {"htu", bare}, {"iat", unix_seconds(now)}};
  if (!request.access_token.empty()) claims["ath"] = dpop_token_hash(request.access_token);
  if (!request.nonce.empty()) claims["nonce"] = request.nonce;
  return key.sign_with_key(json::serialize(claims), proof_type);
}

Result<DpopProof, DpopFault> verify_dpop_proof(std::string_view proof, const DpopExpectation& expected,
                                               const DpopRules& rules, TimePoint now) {
  JwsLimits limits;
  limits.bytes = rules.bytes;
  const auto jws = parse_jws(proof, limits, EmbeddedKey::required);
  if (!jws) return structural(jws.error());
  if (!is_type(jws->type, proof_type)) return DpopFault::wrong_type;
  if (is_symmetric(jws->algorithm) ||
      std::find(rules.algorithms.begin(), rules.algorithms.end(), jws->algorithm) == rules.algorithms.end())
    return DpopFault::wrong_algorithm;
  JwkLimits key_limits;
  key_limits.rsa_bits = rules.rsa_bits;
  const auto key = PublicKey::parse(jws->embedded_key, key_limits);
  if (!key)
    return key.error() == JwkFault::private_key || key.error() == JwkFault::symmetric_key ? DpopFault::private_key
                                                                                          : DpopFault::bad_key;
  if (!key->fits(jws->algorithm)) return DpopFault::bad_key;
  if (!key->verify(jws->algorithm, jws->parts.signed_text, jws->parts.signature)) return DpopFault::bad_signature;
  const auto claims = detail::strict_object(jws->parts.payload, limits.claims_depth);
  if (!claims) return DpopFault::bad_claims;
  const json::string* const id = detail::text_member(*claims, "jti");
  if (!id) return DpopFault::bad_claims;
  if (id->empty() || id->size() > longest_proof_id) return DpopFault::bad_id;
  if (const auto checked = check_request(*claims, expected); !checked) return checked.error();
  if (const auto checked = check_date(*claims, rules, now); !checked) return checked.error();
  if (!expected.thumbprint.empty() && !same(key->thumbprint(), expected.thumbprint)) return DpopFault::wrong_key;
  auto nonce = check_nonce(*claims, expected);
  if (!nonce) return nonce.error();
  DpopProof out;
  out.thumbprint = key->thumbprint();
  out.id = std::string(*id);
  out.nonce = std::move(*nonce);
  out.algorithm = jws->algorithm;
  return out;
}

}  // namespace leanmcp::inline v0
