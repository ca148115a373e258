#include <leanmcp/crypto/jws.hpp>

#include <leanmcp/base/encoding.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

const SigningKey& rsa_key() {
  static const SigningKey key = SigningKey::generate(JwsAlgorithm::rs256);
  return key;
}
const SigningKey& ec_key() {
  static const SigningKey key = SigningKey::generate(JwsAlgorithm::es256);
  return key;
}

PublicKeys both() { return PublicKeys({rsa_key().public_key(), ec_key().public_key()}); }

/// Signed with the elliptic key, under any header.
std::string token(const std::string& header, std::string_view payload = "{}") {
  return sign_jws(header, payload, ec_key());
}

std::string jws_cause(std::string_view compact, const JwsLimits& limits = {}) {
  const auto jws = verify_jws(compact, both(), public_key_algorithms(), limits);
  return jws ? "good" : std::string(to_string(jws.error()));
}

std::string header_cause(const std::string& header) { return jws_cause(token(header)); }

TEST(Jws, EachCauseHasItsName) {
  EXPECT_EQ(header_cause(R"({"alg":"ES256"})"), "good");
  EXPECT_EQ(header_cause(R"({"alg":"ES256","typ":"JWT","cty":"x","x5t":"y","other":{"a":[1]}})"), "good");
  EXPECT_EQ(jws_cause(std::string(16 * 1024 + 1, 'a')), "token too large");
  for (const char* const text : {"", "a", "a.b", "a.b.c.d", "....", "opaque_token"})
    EXPECT_EQ(jws_cause(text), "not a signed JWT (an opaque token?)") << text;
  EXPECT_EQ(header_cause("[]"), "broken header");
  EXPECT_EQ(header_cause("{"), "broken header");
  EXPECT_EQ(header_cause(""), "broken header");
  EXPECT_EQ(header_cause("\xEF\xBB\xBF{\"alg\":\"ES256\"}"), "broken header") << "a byte order mark";
  EXPECT_EQ(header_cause("{\"alg\":\"ES256\",\"x\":\"\xff\"}"), "broken header") << "no UTF-8";
  EXPECT_EQ(header_cause(R"({"alg":"ES256","kid":7})"), "broken header");
  EXPECT_EQ(header_cause(R"({"alg":"ES256","kid":""})"), "broken header");
  EXPECT_EQ(header_cause(R"({"alg":"ES256","typ":null})"), "broken header");
  EXPECT_EQ(header_cause(R"({"alg":"ES256","x":[[[[[[[[[1]]]]]]]]]})"), "header nested too deep");
  EXPECT_EQ(header_cause(R"({"alg":"ES256","alg":"ES256"})"), "header with a repeated member");
  EXPECT_EQ(header_cause(R"({"alg":"ES256","\u0061lg":"ES256"})"), "header with a repeated member");
  EXPECT_EQ(header_cause(R"({"alg":"ES256","x":[{"a":1,"a":2}]})"), "header with a repeated member");
  EXPECT_EQ(header_cause(R"({"alg":"ES256","x:y":"\":{","z":{"x:y":1}})"), "good") << "colons inside of strings";
  EXPECT_EQ(header_cause(R"({"alg":"ES256","crit":["exp"],"exp":1})"), "header with critical extensions");
  EXPECT_EQ(header_cause(R"({"alg":"ES256","crit":[]})"), "header with critical extensions");
  EXPECT_EQ(header_cause(R"({"alg":"ES256","b64":false})"), "header with critical extensions");
  for (const char* const name : {"jku", "jwk", "x5u", "x5c"})
    EXPECT_EQ(header_cause(R"({"alg":"ES256",")" + std::string(name) + R"(":null})"), "header names its own keys");
  EXPECT_EQ(header_cause("{}"), "header without an algorithm");
  EXPECT_EQ(header_cause(R"({"alg":256})"), "header without an algorithm");
  for (const char* const none : {"none", "None", "NONE", "nOnE"})
    EXPECT_EQ(header_cause(R"({"alg":")" + std::string(none) + R"("})"), "not signed");
  for (const char* const odd : {"es256", "ES256K", "RS1", "ES256 ", "RSA-OAEP", "HS257"})
    EXPECT_EQ(header_cause(R"({"alg":")" + std::string(odd) + R"("})"), "unknown algorithm") << odd;
  EXPECT_EQ(header_cause(R"({"alg":"HS256"})"), "algorithm not allowed");
  EXPECT_EQ(header_cause(R"({"alg":"ES256","kid":"nobody"})"), "signed with an unknown key");
  EXPECT_EQ(header_cause(R"({"alg":"ES384"})"), "signed with an unknown key");
  EXPECT_EQ(header_cause(R"({"alg":"ES256","kid":")" + rsa_key().key_id() + R"("})"),
            "the key is not for this algorithm");
  EXPECT_EQ(header_cause(R"({"alg":"RS256"})"), "wrong signature");
  EXPECT_EQ(jws_cause(ec_key().sign("{}") + "AAAA"), "wrong signature");
  EXPECT_EQ(jws_cause(ec_key().sign("{}")), "good");
}

TEST(Jws, BytesHaveOneSpelling) {
  const std::string good = ec_key().sign("{}");
  EXPECT_EQ(jws_cause(good + "="), "not canonical base64url");
  EXPECT_EQ(jws_cause(good + "=="), "not canonical base64url");
  EXPECT_EQ(jws_cause(good + "\n"), "not canonical base64url");
  EXPECT_EQ(jws_cause(" " + good), "not canonical base64url");
  // 64 bytes end in a character whose four low bits say nothing.
  std::string spare = good;
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  spare.back() = alphabet[alphabet.find(spare.back()) + 1];
  EXPECT_EQ(jws_cause(spare), "not canonical base64url");
  std::string standard = good;
  for (char& c : standard) c = c == '-' ? '+' : c == '_' ? '/' : c;
  if (standard != good) {
    EXPECT_EQ(jws_cause(standard), "not canonical base64url");
  }
}

// The public key of an RSA pair as the secret of an HMAC: the oldest trick.
TEST(Jws, APublicKeyIsNoSecret) {
  const auto secret = SymmetricKey::from_bytes(Secret(rsa_key().public_key().jwk()));
  const std::string forged = sign_jws(R"({"alg":"HS256"})", "{}", *secret, JwsAlgorithm::hs256);
  const std::vector<JwsAlgorithm> careless{JwsAlgorithm::hs256, JwsAlgorithm::rs256};
  EXPECT_EQ(verify_jws(forged, both(), careless).error(), TokenFault::wrong_algorithm);
  EXPECT_EQ(verify_jws(forged, rsa_key().public_key(), careless).error(), TokenFault::wrong_algorithm);
  EXPECT_TRUE(verify_jws(forged, *secret, careless));
  EXPECT_EQ(verify_jws(rsa_key().sign("{}"), *secret, careless).error(), TokenFault::wrong_algorithm);
}

TEST(Jws, OnlyWhatIsAllowed) {
  const std::vector<JwsAlgorithm> only{JwsAlgorithm::rs256};
  EXPECT_EQ(verify_jws(ec_key().sign("{}"), both(), only).error(), TokenFault::wrong_algorithm);
  EXPECT_EQ(verify_jws(ec_key().sign("{}"), both(), {}).error(), TokenFault::wrong_algorithm);
  EXPECT_TRUE(verify_jws(rsa_key().sign("{}"), both(), only));
  EXPECT_EQ(verify_jws(rsa_key().sign("{}"), PublicKeys(), only).error(), TokenFault::unknown_key);
}

TEST(Jws, ASecretShorterThanTheDigestDoesNotFit) {
  const auto key = SymmetricKey::from_bytes(Secret(std::string(32, 's')));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->fits(JwsAlgorithm::hs256));
  EXPECT_FALSE(key->fits(JwsAlgorithm::hs384));
  EXPECT_THROW(key->sign(JwsAlgorithm::hs512, "x"), std::invalid_argument);
  const auto long_key = SymmetricKey::from_bytes(Secret(std::string(64, 's')));
  const std::vector<JwsAlgorithm> any{JwsAlgorithm::hs256, JwsAlgorithm::hs512};
  const std::string token = sign_jws(R"({"alg":"HS512"})", "{}", *long_key, JwsAlgorithm::hs512);
  EXPECT_TRUE(verify_jws(token, *long_key, any));
  EXPECT_EQ(verify_jws(token, *key, any).error(), TokenFault::wrong_key);
}

TEST(Jws, AProofBringsItsKey) {
  const std::string proof = ec_key().sign_with_key("{}", "dpop+jwt");
  EXPECT_EQ(parse_jws(proof).error(), TokenFault::forbidden_header);
  const auto jws = parse_jws(proof, {}, EmbeddedKey::required);
  ASSERT_TRUE(jws);
  EXPECT_EQ(PublicKey::parse(jws->embedded_key)->thumbprint(), ec_key().thumbprint());
  EXPECT_EQ(parse_jws(ec_key().sign("{}"), {}, EmbeddedKey::required).error(), TokenFault::bad_header);
}

TEST(Jws, TypesAreMediaTypes) {
  EXPECT_TRUE(is_type("at+jwt", "at+jwt"));
  EXPECT_TRUE(is_type("application/AT+JWT", "at+jwt"));
  EXPECT_TRUE(is_type("JWT", "application/jwt"));
  EXPECT_FALSE(is_type("at+jwt", "jwt"));
  EXPECT_FALSE(is_type("", "jwt"));
  EXPECT_FALSE(is_type("application/", "jwt"));
}

}  // namespace
}  // namespace leanmcp
