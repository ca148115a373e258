#include <leanmcp/auth/test_tokens.hpp>
#include <leanmcp/auth/token_check.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using test_tokens::now;

TokenRules rules() {
  return TokenRules("https://idp.example", "https://mcp.example/mcp", {"RS256", "ES256", "PS384", "ES512"});
}

PublicKeys keys() { return PublicKeys::parse(test_tokens::keys).value(); }

std::string check(std::string_view token, TimePoint at = now) {
  const auto checked = check_token(token, keys(), rules(), at);
  return checked ? "good" : std::string(to_string(checked.error()));
}

TEST(TokenCheck, TakesEachAlgorithm) {
  for (const char* token :
       {test_tokens::rs256_good, test_tokens::es256_good, test_tokens::ps384_good, test_tokens::es512_good})
    EXPECT_EQ(check(token), "good");
}

TEST(TokenCheck, EachCauseHasItsName) {
  EXPECT_EQ(check(test_tokens::es256_aud), "wrong audience");
  EXPECT_EQ(check(test_tokens::es256_noaud), "no audience");
  EXPECT_EQ(check(test_tokens::es256_audobj), "broken claims");
  EXPECT_EQ(check(test_tokens::es256_iss), "wrong issuer");
  EXPECT_EQ(check(test_tokens::es256_expired), "expired");
  EXPECT_EQ(check(test_tokens::es256_noexp), "no expiry");
  EXPECT_EQ(check(test_tokens::es256_badexp), "a date that is none");
  EXPECT_EQ(check(test_tokens::es256_future), "not valid yet");
  EXPECT_EQ(check(test_tokens::es256_iat), "issued in the future");
  EXPECT_EQ(check(test_tokens::es256_dup), "repeated claim");
  EXPECT_EQ(check(test_tokens::es256_notobj), "broken claims");
  EXPECT_EQ(check(test_tokens::es256_jku), "header names its own keys");
  EXPECT_EQ(check(test_tokens::es256_jwk), "header names its own keys");
  EXPECT_EQ(check(test_tokens::es256_kid), "signed with an unknown key");
  EXPECT_EQ(check(test_tokens::unsigned_token), "not signed");
  EXPECT_EQ(check(test_tokens::hs256_with_public_key), "algorithm not allowed");
  EXPECT_EQ(check("opaque"), "not a signed JWT (an opaque token?)");
  EXPECT_EQ(check("a.b.c.d"), "not a signed JWT (an opaque token?)");
  EXPECT_EQ(check(std::string(20'000, 'a')), "token too large");
}

TEST(TokenCheck, TimesHaveTheirSkew) {
  const auto at = [](long long seconds) { return TimePoint(std::chrono::seconds(seconds)); };
  EXPECT_EQ(check(test_tokens::es256_good, at(1'900'000'029)), "good");
  EXPECT_EQ(check(test_tokens::es256_good, at(1'900'000'030)), "expired");
  EXPECT_EQ(check(test_tokens::es256_good, at(1'699'999'970)), "good");
  EXPECT_EQ(check(test_tokens::es256_good, at(1'699'999'969)), "not valid yet");
}

// Every single bit of header, claims and signature.
TEST(TokenCheck, NoFlippedBitIsTaken) {
  const PublicKeys known = keys();
  for (const char* text :
       {test_tokens::rs256_good, test_tokens::es256_good, test_tokens::ps384_good, test_tokens::es512_good}) {
    const std::string good = text;
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string forged = good;
        forged[i] = static_cast<char>(forged[i] ^ (1 << bit));
        ASSERT_FALSE(check_token(forged, known, rules(), now)) << "byte " << i << " bit " << bit;
      }
    }
  }
}

TEST(PublicKeys, RefusesWhatIsNoUsableSet) {
  EXPECT_FALSE(PublicKeys::parse("{}"));
  EXPECT_FALSE(PublicKeys::parse("junk"));
  EXPECT_FALSE(PublicKeys::parse(R"({"keys":[]})"));
  EXPECT_FALSE(PublicKeys::parse(test_tokens::small_rsa_key)) << "1024 bits are too few";
  EXPECT_FALSE(PublicKeys::parse(R"({"keys":[{"kty":"oct","k":"AAAA"}]})"));
  EXPECT_FALSE(PublicKeys::parse(
      R"({"keys":[{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]})"))
      << "a point off the curve";
  EXPECT_EQ(keys().size(), 4U);
}

TEST(PublicKeys, AKeyServesItsOwnAlgorithmOnly) {
  EXPECT_TRUE(keys().has("rsa", "RS256"));
  EXPECT_TRUE(keys().has("rsa", "PS256"));
  EXPECT_FALSE(keys().has("ps", "RS256")) << "the key names PS384";
  EXPECT_FALSE(keys().has("rsa", "ES256"));
  EXPECT_FALSE(keys().has("ec", "ES384"));
  EXPECT_FALSE(keys().has("ec", "HS256"));
}

}  // namespace
}  // namespace leanmcp
