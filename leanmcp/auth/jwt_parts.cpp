#include <leanmcp/auth/jwt_parts.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/base/encoding.hpp>
#include <leanmcp/json/parse.hpp>

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t most_token_bytes = 16 * 1024;
constexpr std::size_t most_depth = 16;

/// The members of all objects in the value together.
std::size_t members(const json::value& value) {
  std::size_t count = 0;
  if (const json::object* const object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object) count += members(member.value());
  } else if (const json::array* const list = value.if_array()) {
    for (const json::value& item : *list) count += members(item);
  }
  return count;
}

/// The colons of a valid JSON text that stand outside strings: one for each member that is written.
std::size_t written_members(std::string_view text) {
  std::size_t count = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (inside && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      inside = !inside;
    } else if (!inside && text[i] == ':') {
      ++count;
    }
  }
  return count;
}

/// An object in which no member is there twice: two readers of such a token could see two different ones.
std::optional<json::object> strict_object(std::string_view text) {
  ParseLimits limits;
  limits.depth = most_depth;
  limits.bytes = most_token_bytes;
  auto value = parse_json(text, limits);
  if (!value || !value->is_object() || members(*value) != written_members(text)) return std::nullopt;
  return std::move(value->get_object());
}

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

}  // namespace

Result<JwtParts, TokenFault> split_jwt(std::string_view token) {
  if (token.size() > most_token_bytes) return TokenFault::too_large;
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return TokenFault::not_a_jwt;
  const auto header_text = base64url_decode(token.substr(0, first));
  const auto claims_text = base64url_decode(token.substr(first + 1, second - first - 1));
  auto signature = base64url_decode(token.substr(second + 1));
  if (!header_text || !claims_text || !signature) return TokenFault::not_a_jwt;
  auto header = strict_object(*header_text);
  if (!header) return TokenFault::bad_header;
  for (const char* name : {"crit", "jku", "jwk", "x5u", "x5c", "b64"})
    if (header->contains(name)) return TokenFault::forbidden_header;
  JwtParts parts;
  parts.algorithm = claim_text(*header, "alg");
  parts.key_id = claim_text(*header, "kid");
  if (parts.algorithm.empty() || (header->contains("kid") && parts.key_id.empty())) return TokenFault::bad_header;
  auto claims = strict_object(*claims_text);
  if (!claims) return TokenFault::bad_claims;
  parts.header = std::move(*header);
  parts.claims = std::move(*claims);
  parts.signed_text = token.substr(0, second);
  parts.signature = std::move(*signature);
  return parts;
}

std::string token_type(const json::object& header) {
  const json::value* const typ = header.if_contains("typ");
  if (!typ) return {};
  std::string out = claim_text(header, "typ");
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (out.starts_with("application/")) out.erase(0, 12);
  return out.empty() ? "?" : out;
}

std::optional<TokenFault> check_times(const json::object& claims, TimePoint now, std::chrono::seconds skew) {
  bool wrong = false;
  const auto expires = date(claims, "exp", wrong);
  const auto begins = date(claims, "nbf", wrong);
  const auto issued = date(claims, "iat", wrong);
  if (wrong) return TokenFault::bad_claims;
  if (!expires) return TokenFault::no_expiry;
  const auto seconds = static_cast<double>(unix_seconds(now));
  const auto leeway = static_cast<double>(skew.count());
  if (seconds >= *expires + leeway) return TokenFault::expired;
  if (begins && seconds + leeway < *begins) return TokenFault::not_yet_valid;
  if (issued && seconds + leeway < *issued) return TokenFault::not_yet_valid;
  return std::nullopt;
}

}  // namespace leanmcp::inline v0
