#include <leanmcp/oauth/client/challenge.hpp>

#include <gtest/gtest.h>

namespace leanmcp::inline v0 {
namespace {

TokenChallenge token_of(std::string_view text) {
  const auto parsed = parse_authenticate(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? token_challenge(*parsed) : TokenChallenge();
}

TEST(Rfc9110Section11_6_1, ListOfChallenges) {
  const auto parsed = parse_authenticate(
      "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\", Negotiate abc/+==");
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->size(), 3U);
  EXPECT_EQ((*parsed)[0].scheme, "newauth");
  ASSERT_TRUE((*parsed)[0].find("title"));
  EXPECT_EQ(*(*parsed)[0].find("title"), "Login to \"apps\"");
  EXPECT_EQ(*(*parsed)[0].find("type"), "1");
  EXPECT_EQ((*parsed)[1].scheme, "basic");
  EXPECT_EQ((*parsed)[2].token68, "abc/+==");
}

TEST(Rfc9110Section11_2, NamesDoNotDependOnCaseAndSpaceIsAllowed) {
  const TokenChallenge found = token_of("bEaReR  Scope = \"a b\" ,\tERROR=invalid_token");
  EXPECT_TRUE(found.bearer);
  EXPECT_EQ(found.scope, "a b");
  EXPECT_EQ(found.error, "invalid_token");
}

TEST(Rfc9110Section5_6_1, EmptyListMembersAreAllowed) {
  EXPECT_EQ(token_of(", ,Bearer,, scope=x , ,").scope, "x");
  EXPECT_TRUE(parse_authenticate("")->empty());
  EXPECT_TRUE(token_of("Bearer").bearer);
}

TEST(Challenges, ValueThatHoldsACommaOrASchemeStaysAValue) {
  const TokenChallenge found = token_of("Bearer scope=\"a, DPoP error=x\", error=\"y\"");
  EXPECT_FALSE(found.dpop);
  EXPECT_EQ(found.scope, "a, DPoP error=x");
  EXPECT_EQ(found.error, "y");
}

TEST(Challenges, BearerAndDpopAreReadTogether) {
  const TokenChallenge found = token_of(
      "Basic realm=x, Bearer resource_metadata=\"https://rs.example/prm\", DPoP algs=\"ES256\", "
      "error=\"use_dpop_nonce\"");
  EXPECT_TRUE(found.bearer);
  EXPECT_TRUE(found.dpop);
  EXPECT_EQ(found.resource_metadata, "https://rs.example/prm");
  EXPECT_EQ(found.error, "use_dpop_nonce");
  const TokenChallenge first = token_of("Bearer scope=one, DPoP scope=two");
  EXPECT_EQ(first.scope, "one");
}

TEST(Challenges, OtherSchemesSayNothingOfTokens) {
  const TokenChallenge found = token_of("Basic scope=\"admin\", error=\"insufficient_scope\"");
  EXPECT_FALSE(found.bearer);
  EXPECT_EQ(found.scope, "");
  EXPECT_EQ(found.error, "");
}

TEST(Challenges, WhatIsNoListIsRefusedWhole) {
  for (const char* const text :
       {"Bearer scope=\"a", "Bearer scope=\"a\\", "Bearer scope=a, scope=b", "Bearer =x", "Bearer scope=,a=\"", "=",
        "\"Bearer\"", "Bearer scope=a b=c d", "Bearer scope=\"a\"b", "Bearer scope=\"a\x01\"", "Bearer scope=\"a\x7f\"",
        "Bearer; scope=a", "Bearer scope=a; error=b"})
    EXPECT_FALSE(parse_authenticate(text)) << text;
}

TEST(Challenges, AreBounded) {
  EXPECT_FALSE(parse_authenticate("Bearer scope=\"" + std::string(17'000, 'a') + "\""));
  std::string many;
  for (int i = 0; i < 17; ++i) many += "S" + std::to_string(i) + " a=b,";
  EXPECT_FALSE(parse_authenticate(many));
  std::string wide = "Bearer ";
  for (int i = 0; i < 33; ++i) wide += "p" + std::to_string(i) + "=x,";
  EXPECT_FALSE(parse_authenticate(wide));
}

TEST(Rfc9470Section3, StrengthOfTheSignIn) {
  const TokenChallenge found =
      token_of("Bearer error=\"insufficient_user_authentication\", acr_values=\"urn:gold urn:silver\", max_age=\"30\"");
  EXPECT_EQ(found.error, "insufficient_user_authentication");
  EXPECT_EQ(found.acr_values, "urn:gold urn:silver");
  EXPECT_EQ(found.max_age, "30");
  EXPECT_EQ(token_of("Bearer max_age=\"-1\"").max_age, "");
  EXPECT_EQ(token_of("Bearer max_age=\"1e3\"").max_age, "");
  EXPECT_EQ(token_of("Bearer max_age=\"1234567890\"").max_age, "");
  EXPECT_EQ(token_of("Bearer acr_values=\"a\tb\"").acr_values, "");
  EXPECT_EQ(token_of("Bearer acr_values=\"" + std::string(1'025, 'a') + "\"").acr_values, "");
}

}  // namespace
}  // namespace leanmcp::inline v0
