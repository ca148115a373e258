#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/jwt.hpp>

#include <cstdint>
#include <cstdlib>

namespace {

const leanmcp::TimePoint now(std::chrono::seconds(1'800'000'000));

void require(bool good) {
  if (!good) std::abort();
}

/// A token that is taken apart comes out the same when put together: each has one spelling.
void as_token(std::string_view text) {
  static const leanmcp::PublicKeys keys({leanmcp::SigningKey::generate(leanmcp::JwsAlgorithm::es256).public_key()});
  static const leanmcp::JwtRules rules("i", "a", {"ES256", "RS256"});
  const auto jws = leanmcp::parse_jws(text);
  if (jws)
    require(text == leanmcp::base64url_encode(jws->parts.header) + "." + leanmcp::base64url_encode(jws->parts.payload) +
                        "." + leanmcp::base64url_encode(jws->parts.signature));
  require(!leanmcp::verify_jwt(text, keys, rules, now));  // nobody guesses a signature
}

/// Whatever is signed properly must be read without harm too.
void as_claims(std::string_view text) {
  static const auto key = leanmcp::SymmetricKey::from_bytes(leanmcp::Secret(std::string(32, 'k')));
  static const leanmcp::JwtRules rules("i", "a", {"HS256"});
  const auto sign = [&](std::string_view header, std::string_view payload) {
    return leanmcp::sign_jws(header, payload, *key, leanmcp::JwsAlgorithm::hs256);
  };
  const auto jwt = leanmcp::verify_jwt(sign(R"({"alg":"HS256"})", text), *key, rules, now);
  if (jwt) {
    for (const char* const name : {"iss", "aud", "exp"})
      require(text.find(name) != text.npos || text.find('\\') != text.npos);
    require(leanmcp::check_claims(text, rules, now).has_value());
  }
  const auto jws = leanmcp::verify_jws(sign(text, "{}"), *key, rules.algorithms());
  if (jws) require(jws->algorithm == leanmcp::JwsAlgorithm::hs256 && jws->parts.header == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  as_token(text);
  as_claims(text);
  return 0;
}
