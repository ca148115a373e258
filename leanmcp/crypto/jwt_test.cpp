#include "token_fixture_test.hpp"

#include <leanmcp/crypto/jwt.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

JwtRules rules() { return JwtRules("https://idp.example", "https://mcp.example/mcp", {"ES256"}); }

std::string token_cause(const std::string& claims, const JwtRules& given = rules(), std::string_view type = "at+jwt") {
  const PublicKeys keys({key().public_key()});
  const auto jwt = verify_jwt(key().sign(claims, type), keys, given, now);
  if (jwt) {
    EXPECT_EQ(jwt->claims, claims);
  }
  return jwt ? "good" : std::string(to_string(jwt.error()));
}

const std::string start = R"({"iss":"https://idp.example","aud":"https://mcp.example/mcp")";
const std::string good = start + R"(,"exp":1800000100})";

TEST(Jwt, EachCauseHasItsName) {
  EXPECT_EQ(token_cause(good), "good");
  EXPECT_EQ(token_cause("[]"), "broken claims");
  EXPECT_EQ(token_cause("junk"), "broken claims");
  EXPECT_EQ(token_cause(start + R"(,"exp":1800000100,"exp":1})"), "repeated claim");
  EXPECT_EQ(token_cause(start + R"(,"exp":1800000100,"a":{"b":1,"b":1}})"), "repeated claim");
  EXPECT_EQ(token_cause(start + R"(,"exp":1800000100,"a":)" + std::string(17, '[') + std::string(17, ']') + "}"),
            "claims nested too deep");
  EXPECT_EQ(token_cause(R"({"aud":"https://mcp.example/mcp","exp":1800000100})"), "no issuer");
  EXPECT_EQ(token_cause(R"({"iss":["https://idp.example"],"aud":"x","exp":1800000100})"), "broken claims");
  EXPECT_EQ(token_cause(R"({"iss":"https://idp.example/","aud":"x","exp":1800000100})"), "wrong issuer");
  EXPECT_EQ(token_cause(R"({"iss":"https://idp.example","exp":1800000100})"), "no audience");
  EXPECT_EQ(token_cause(R"({"iss":"https://idp.example","aud":"https://mcp.example/","exp":1800000100})"),
            "wrong audience");
  EXPECT_EQ(token_cause(R"({"iss":"https://idp.example","aud":[],"exp":1800000100})"), "wrong audience");
  EXPECT_EQ(token_cause(R"({"iss":"https://idp.example","aud":["a","https://mcp.example/mcp"],"exp":1800000100})"),
            "good");
  EXPECT_EQ(token_cause(R"({"iss":"https://idp.example","aud":["https://mcp.example/mcp",7],"exp":1800000100})"),
            "broken claims");
  EXPECT_EQ(token_cause(R"({"iss":"https://idp.example","aud":null,"exp":1800000100})"), "broken claims");
  EXPECT_EQ(token_cause(start + "}"), "no expiry");
}

TEST(Jwt, DatesAreNumbersOfSeconds) {
  const auto with = [](const std::string& dates) { return token_cause(start + "," + dates + "}"); };
  for (const char* const wrong : {"\"1800000100\"", "null", "true", "-1", "1e300", "253402300800", "[1800000100]"}) {
    EXPECT_EQ(with(R"("exp":)" + std::string(wrong)), "a date that is none") << wrong;
    EXPECT_EQ(with(R"("exp":1800000100,"nbf":)" + std::string(wrong)), "a date that is none") << wrong;
    EXPECT_EQ(with(R"("exp":1800000100,"iat":)" + std::string(wrong)), "a date that is none") << wrong;
  }
  EXPECT_EQ(with(R"("exp":1799999970.5)"), "good") << "the skew is 30 s";
  EXPECT_EQ(with(R"("exp":1799999970)"), "expired");
  EXPECT_EQ(with(R"("exp":1.7999999705e9)"), "good");
  EXPECT_EQ(with(R"("exp":253402300799)"), "good");
  EXPECT_EQ(with(R"("exp":0)"), "expired");
  EXPECT_EQ(with(R"("exp":1800000100,"nbf":1800000030)"), "good");
  EXPECT_EQ(with(R"("exp":1800000100,"nbf":1800000030.5)"), "not valid yet");
  EXPECT_EQ(with(R"("exp":1800000100,"iat":1800000031)"), "issued in the future");
}

TEST(Jwt, AgeIsLimitedWhereAsked) {
  JwtRules young = rules();
  young.max_age = std::chrono::seconds(60);
  EXPECT_EQ(token_cause(good, young), "no date of issue");
  EXPECT_EQ(token_cause(start + R"(,"exp":1800000100,"iat":1799999910})", young), "good");
  EXPECT_EQ(token_cause(start + R"(,"exp":1800000100,"iat":1799999909})", young), "issued too long ago");
}

TEST(Jwt, SkewIsTheCallers) {
  JwtRules strict = rules();
  strict.skew = std::chrono::seconds(0);
  EXPECT_EQ(token_cause(start + R"(,"exp":1800000000})", strict), "expired");
  EXPECT_EQ(token_cause(start + R"(,"exp":1800000001})", strict), "good");
}

TEST(Jwt, TypesWhereAsked) {
  JwtRules typed = rules();
  typed.types = {"at+jwt"};
  EXPECT_EQ(token_cause(good, typed), "good");
  EXPECT_EQ(token_cause(good, typed, "application/at+jwt"), "good");
  EXPECT_EQ(token_cause(good, typed, "JWT"), "wrong type of token");
  EXPECT_EQ(token_cause(good, typed, ""), "wrong type of token");
}

TEST(Jwt, NothingIsCheckedAgainstNothing) {
  EXPECT_EQ(token_cause(good, JwtRules("", "a", {"ES256"})), "no issuer, audience or algorithm to check against");
  EXPECT_EQ(token_cause(good, JwtRules("i", "", {"ES256"})), "no issuer, audience or algorithm to check against");
  EXPECT_EQ(token_cause(good, JwtRules("i", "a", {})), "no issuer, audience or algorithm to check against");
  EXPECT_EQ(token_cause(good, JwtRules("i", "a", {"none"})), "no issuer, audience or algorithm to check against");
  EXPECT_EQ(token_cause(good, JwtRules::any_of({}, {"a"}, {"ES256"})),
            "no issuer, audience or algorithm to check against");
  EXPECT_EQ(check_claims(good, JwtRules::any_of({"i"}, {}, {"ES256"}), now).error(), TokenFault::bad_rules);
}

TEST(Jwt, AnyOfSeveral) {
  const auto several = JwtRules::any_of({"https://other.example", "https://idp.example"},
                                        {"mobile", "https://mcp.example/mcp"}, {"RS256", "ES256"});
  EXPECT_EQ(token_cause(good, several), "good");
  EXPECT_EQ(token_cause(good, JwtRules::any_of({"https://other.example"}, {"mobile"}, {"ES256"})), "wrong issuer");
}

TEST(Jwt, SecretsWhereTheProviderHasThem) {
  const auto secret = SymmetricKey::from_bytes(Secret(std::string(32, 's')));
  const std::string token = sign_jws(R"({"alg":"HS256"})", good, *secret, JwsAlgorithm::hs256);
  EXPECT_TRUE(verify_jwt(token, *secret, JwtRules("https://idp.example", "https://mcp.example/mcp", {"HS256"}), now));
  EXPECT_EQ(verify_jwt(token, *secret, rules(), now).error(), TokenFault::wrong_algorithm);
}

}  // namespace
}  // namespace leanmcp
