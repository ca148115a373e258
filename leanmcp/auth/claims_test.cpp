#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/clerk_claims.hpp>

#include <boost/json.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using Words = std::vector<std::string>;
json::object object(std::string_view text) { return json::parse(text).get_object(); }

TEST(Claims, ReadersTakeEachProvidersSpelling) {
  const auto claims = object(
      R"({"scope":"a  b","scp":["x","y z",7],"aud":"one two","n":"12","d":3.9,"big":1e300,"t":"true","f":false,"u":"yes","o":{}})");
  EXPECT_EQ(claim_words(claims, "scope"), (Words{"a", "b"}));
  EXPECT_EQ(claim_words(claims, "scp"), (Words{"x", "y z"}));
  EXPECT_EQ(claim_list(claims, "aud"), (Words{"one two"})) << "an audience is one value, spaces and all";
  EXPECT_EQ(claim_number(claims, "n"), 12);
  EXPECT_EQ(claim_number(claims, "d"), 3);
  EXPECT_FALSE(claim_number(claims, "big"));
  EXPECT_FALSE(claim_number(claims, "scope"));
  EXPECT_EQ(claim_flag(claims, "t"), true);
  EXPECT_EQ(claim_flag(claims, "f"), false);
  EXPECT_FALSE(claim_flag(claims, "u")) << "absent is not false";
  EXPECT_TRUE(claim_object(claims, "o"));
  EXPECT_FALSE(claim_object(claims, "t"));
  EXPECT_EQ(claim_text(claims, "o"), "");
}

TEST(Claims, Audiences) {
  EXPECT_TRUE(has_audience(object(R"({"aud":["a","b"]})"), "b"));
  EXPECT_TRUE(has_audience(object(R"({"aud":"a"})"), "a"));
  EXPECT_FALSE(has_audience(object(R"({"aud":"a b"})"), "a"));
  EXPECT_FALSE(has_audience(object(R"({"aud":[["a"],{"a":1}]})"), "a"));
  EXPECT_FALSE(has_audience(object(R"({"aud":""})"), "")) << "an empty audience is in none";
}

TEST(Claims, TheClientIsTheFirstOfFour) {
  EXPECT_EQ(client_of(object(R"({"azp":"b","client_id":"a"})")), "a");
  EXPECT_EQ(client_of(object(R"({"cid":"c","appid":"d"})")), "c");
  EXPECT_EQ(client_of(object("{}")), "");
}

TEST(Claims, ATokenWhoseSubjectIsItsClientIsAMachines) {
  EXPECT_TRUE(principal_from_claims("p", object(R"({"sub":"x","client_id":"x"})")).is_machine());
  EXPECT_FALSE(principal_from_claims("p", object(R"({"sub":"x","client_id":"y"})")).is_machine());
}

TEST(Claims, TheUsersJsonHasItsFourMembersAlways) {
  const auto who = principal_from_claims("p", object(R"({"sub":"x"})"));
  EXPECT_EQ(user_from_claims(who, object(R"({"sub":"x"})")).json,
            R"({"sub":"x","email":null,"email_verified":null,"name":null})");
  const auto user = user_from_claims(who, object(R"({"email":"a@b","email_verified":"true","name":"N","extra":1})"));
  EXPECT_EQ(user.json, R"({"sub":"x","email":"a@b","email_verified":true,"name":"N"})");
  EXPECT_EQ(user.claims_json, R"({"email":"a@b","email_verified":"true","name":"N","extra":1})");
}

TEST(Claims, TooDeepOrNoObjectIsNone) {
  EXPECT_FALSE(claims_of("[]"));
  EXPECT_FALSE(claims_of(""));
  EXPECT_FALSE(claims_of("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"));
}

Principal::Fields clerk(std::string_view text) {
  Principal::Fields fields;
  read_clerk_organisation(object(text), fields);
  return fields;
}

TEST(ClerkClaims, VersionOne) {
  const auto fields = clerk(R"({"org_id":"org_1","org_role":"org:admin","org_permissions":["org:a:b"]})");
  EXPECT_EQ(fields.organisation, "org_1");
  EXPECT_EQ(fields.roles, Words{"org:admin"});
  EXPECT_EQ(fields.permissions, Words{"org:a:b"});
}

TEST(ClerkClaims, VersionTwoUnfoldsTheMasks) {
  const auto fields = clerk(
      R"({"v":2,"fea":"o:dash,u:mine,o:teams","o":{"id":"org_1","slg":"s","rol":"admin","per":"manage,read","fpm":"3,2"}})");
  EXPECT_EQ(fields.organisation, "org_1");
  EXPECT_EQ(fields.roles, Words{"org:admin"});
  EXPECT_EQ(fields.permissions, (Words{"org:dash:manage", "org:dash:read", "org:teams:read"}));
}

TEST(ClerkClaims, MasksBeyond64Bits) {
  std::string names;
  for (int i = 0; i < 70; ++i) names += (i ? ",p" : "p") + std::to_string(i);
  // 2^69 + 2^64 + 1
  const auto fields =
      clerk(R"({"v":2,"fea":"ou:big","o":{"id":"o","per":")" + names + R"(","fpm":"608742554432415203329"}})");
  EXPECT_EQ(fields.permissions, (Words{"org:big:p0", "org:big:p64", "org:big:p69"}));
}

TEST(ClerkClaims, BrokenMasksGiveNothing) {
  for (const char* mask : {"", "x", "-1", "1.5", "0x3", " 3"})
    EXPECT_TRUE(clerk(R"({"v":2,"fea":"o:a","o":{"id":"o","per":"p","fpm":")" + std::string(mask) + R"("}})")
                    .permissions.empty())
        << mask;
  EXPECT_TRUE(clerk(R"({"v":2,"fea":7,"o":{"id":"o","per":["p"],"fpm":3}})").permissions.empty());
  EXPECT_TRUE(clerk(R"({"v":2,"fea":"o:a","o":[]})").organisation.empty());
  EXPECT_TRUE(bits_of_decimal(std::string(5000, '9')).empty());
  EXPECT_TRUE(bits_of_decimal("0").empty());
  EXPECT_EQ(bits_of_decimal("1000000000").size(), 30U);
}

}  // namespace
}  // namespace leanmcp
