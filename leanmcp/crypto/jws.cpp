#include <leanmcp/crypto/jws.hpp>

#include <leanmcp/base/ascii.hpp>
#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/strict_json.hpp>

#include <algorithm>
#include <array>

namespace leanmcp::inline v0 {

namespace json = boost::json;

namespace {

constexpr JwsAlgorithm public_algorithms[] = {JwsAlgorithm::rs256, JwsAlgorithm::rs384,   JwsAlgorithm::rs512,
                                              JwsAlgorithm::ps256, JwsAlgorithm::ps384,   JwsAlgorithm::ps512,
                                              JwsAlgorithm::es256, JwsAlgorithm::es384,   JwsAlgorithm::es512,
                                              JwsAlgorithm::eddsa, JwsAlgorithm::ed25519, JwsAlgorithm::ed448};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return detail::to_lower(x) == detail::to_lower(y); });
}

TokenFault header_fault(detail::StrictFault fault) {
  switch (fault) {
    case detail::StrictFault::too_deep:
      return TokenFault::header_too_deep;
    case detail::StrictFault::repeated_member:
      return TokenFault::repeated_header;
    default:
      return TokenFault::bad_header;
  }
}

/// A text member, where it is there; an empty one says nothing and is refused.
Result<std::string, TokenFault> optional_text(const json::object& header, std::string_view name) {
  const json::value* const value = header.if_contains(name);
  if (!value) return std::string();
  const json::string* const text = value->if_string();
  if (!text || text->empty()) return TokenFault::bad_header;
  return std::string(*text);
}

Result<JwsAlgorithm, TokenFault> algorithm_of(const json::object& header) {
  const json::string* const name = detail::text_member(header, "alg");
  if (!name || name->empty()) return TokenFault::no_algorithm;
  if (equal_ignoring_case(*name, "none")) return TokenFault::unsigned_token;
  const auto known = jws_algorithm(*name);
  if (!known) return TokenFault::unknown_algorithm;
  return *known;
}

Result<void, TokenFault> check_members(const json::object& header, EmbeddedKey embedded) {
  // RFC 7515, section 4.1.11: what is critical must be understood, and no extension is. RFC 7797's b64 must be
  // critical.
  if (header.contains("crit") || header.contains("b64")) return TokenFault::critical_header;
  for (const char* const name : {"jku", "x5u", "x5c"})
    if (header.contains(name)) return TokenFault::forbidden_header;
  if (embedded == EmbeddedKey::refused && header.contains("jwk")) return TokenFault::forbidden_header;
  return {};
}

bool allows(std::span<const JwsAlgorithm> allowed, JwsAlgorithm algorithm) {
  return std::find(allowed.begin(), allowed.end(), algorithm) != allowed.end();
}

}  // namespace

std::span<const JwsAlgorithm> public_key_algorithms() noexcept { return public_algorithms; }

bool is_type(std::string_view typ, std::string_view wanted) noexcept {
  constexpr std::string_view prefix = "application/";
  const auto bare = [&](std::string_view name) {
    return name.size() > prefix.size() && equal_ignoring_case(name.substr(0, prefix.size()), prefix)
               ? name.substr(prefix.size())
               : name;
  };
  return equal_ignoring_case(bare(typ), bare(wanted));
}

Result<JwsParts, TokenFault> split_jws(std::string_view compact, const JwsLimits& limits) {
  if (compact.size() > limits.bytes) return TokenFault::too_large;
  const auto first = compact.find('.');
  const auto second = first == std::string_view::npos ? first : compact.find('.', first + 1);
  if (second == std::string_view::npos || compact.find('.', second + 1) != std::string_view::npos)
    return TokenFault::not_a_jwt;
  auto header = base64url_decode(compact.substr(0, first));
  auto payload = base64url_decode(compact.substr(first + 1, second - first - 1));
  auto signature = base64url_decode(compact.substr(second + 1));
  if (!header || !payload || !signature) return TokenFault::bad_encoding;
  JwsParts parts;
  parts.header = std::move(*header);
  parts.payload = std::move(*payload);
  parts.signature = std::move(*signature);
  parts.signed_text = std::string(compact.substr(0, second));
  return parts;
}

Result<Jws, TokenFault> parse_jws(std::string_view compact, const JwsLimits& limits, EmbeddedKey embedded) {
  auto parts = split_jws(compact, limits);
  if (!parts) return parts.error();
  // A header is read and dropped: what it is made of lives here.
  std::array<unsigned char, 1024> memory;
  json::monotonic_resource resource(memory.data(), memory.size());
  const auto header = detail::strict_object(parts->header, limits.header_depth, &resource);
  if (!header) return header_fault(header.error());
  if (const auto good = check_members(*header, embedded); !good) return good.error();
  Jws jws;
  const auto algorithm = algorithm_of(*header);
  if (!algorithm) return algorithm.error();
  jws.algorithm = *algorithm;
  auto key_id = optional_text(*header, "kid");
  if (!key_id) return key_id.error();
  auto type = optional_text(*header, "typ");
  if (!type) return type.error();
  if (embedded == EmbeddedKey::required) {
    const json::value* const key = header->if_contains("jwk");
    if (!key || !key->is_object()) return TokenFault::bad_header;
    jws.embedded_key = json::serialize(*key);
  }
  jws.key_id = std::move(*key_id);
  jws.type = std::move(*type);
  jws.parts = std::move(*parts);
  return jws;
}

Result<Jws, TokenFault> verify_jws(std::string_view compact, const PublicKeys& keys,
                                   std::span<const JwsAlgorithm> allowed, const JwsLimits& limits) {
  auto jws = parse_jws(compact, limits);
  if (!jws) return jws;
  if (!allows(allowed, jws->algorithm) || is_symmetric(jws->algorithm)) return TokenFault::wrong_algorithm;
  if (!keys.has(jws->key_id, jws->algorithm))
    return !jws->key_id.empty() && keys.knows(jws->key_id) ? TokenFault::wrong_key : TokenFault::unknown_key;
  const PublicKey* const key = keys.signer(jws->key_id, jws->algorithm, jws->parts.signed_text, jws->parts.signature);
  if (!key) return TokenFault::bad_signature;
  jws->signer = key->thumbprint();
  return jws;
}

Result<Jws, TokenFault> verify_jws(std::string_view compact, const PublicKey& key,
                                   std::span<const JwsAlgorithm> allowed, const JwsLimits& limits) {
  auto jws = parse_jws(compact, limits);
  if (!jws) return jws;
  if (!allows(allowed, jws->algorithm) || is_symmetric(jws->algorithm)) return TokenFault::wrong_algorithm;
  if (!key.fits(jws->algorithm)) return TokenFault::wrong_key;
  if (!key.verify(jws->algorithm, jws->parts.signed_text, jws->parts.signature)) return TokenFault::bad_signature;
  jws->signer = key.thumbprint();
  return jws;
}

Result<Jws, TokenFault> verify_jws(std::string_view compact, const SymmetricKey& key,
                                   std::span<const JwsAlgorithm> allowed, const JwsLimits& limits) {
  auto jws = parse_jws(compact, limits);
  if (!jws) return jws;
  if (!allows(allowed, jws->algorithm) || !is_symmetric(jws->algorithm)) return TokenFault::wrong_algorithm;
  if (!key.fits(jws->algorithm)) return TokenFault::wrong_key;
  if (!key.verify(jws->algorithm, jws->parts.signed_text, jws->parts.signature)) return TokenFault::bad_signature;
  return jws;
}

std::string sign_jws(std::string_view header, std::string_view payload, const SigningKey& key) {
  std::string text = base64url_encode(header) + "." + base64url_encode(payload);
  const std::string signature = key.signature(text);
  return text + "." + base64url_encode(signature);
}

std::string sign_jws(std::string_view header, std::string_view payload, const SymmetricKey& key,
                     JwsAlgorithm algorithm) {
  std::string text = base64url_encode(header) + "." + base64url_encode(payload);
  const std::string signature = key.sign(algorithm, text);
  return text + "." + base64url_encode(signature);
}

}  // namespace leanmcp::inline v0
