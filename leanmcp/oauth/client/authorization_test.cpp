#include <leanmcp/oauth/client/authorization.hpp>
#include <leanmcp/oauth/client/form.hpp>

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace leanmcp::inline v0 {
namespace {

AuthorizationServer authorizing_server() {
  AuthorizationServer out;
  out.issuer = "https://as.example";
  out.authorization_endpoint = "https://as.example/authorize?tenant=a%20b";
  out.token_endpoint = "https://as.example/token";
  out.code_challenge_methods = {"plain", "S256"};
  return out;
}

AuthorizationWish wish() {
  AuthorizationWish out;
  out.client_id = "id&x";
  out.redirect_uri = "http://127.0.0.1:1/cb";
  out.resource = "https://rs.example/mcp";
  out.scope = "a b";
  return out;
}

PendingAuthorization pending(bool issuer_is_named) {
  PendingAuthorization out;
  out.issuer = "https://as.example";
  out.issuer_is_named = issuer_is_named;
  out.state = Secret("the-state");
  return out;
}

TEST(Rfc7636AppendixB, S256) {
  EXPECT_EQ(s256_challenge(Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST(Rfc6749Section4_1_1, RequestHoldsWhatWasAskedForOnce) {
  AuthorizationWish more = wish();
  more.more = {{"prompt", "consent"}, {"max_age", "5"}};
  const auto started = start_authorization(authorizing_server(), more);
  ASSERT_TRUE(started);
  ASSERT_TRUE(started->url.starts_with("https://as.example/authorize?tenant=a%20b&"))
      << "the endpoint's own query is kept: " << started->url;
  const auto form = decode_form(started->url.substr(started->url.find('?') + 1));
  ASSERT_TRUE(form);
  std::map<std::string, std::string> got(form->begin(), form->end());
  EXPECT_EQ(got.size(), form->size()) << "a parameter is there twice";
  EXPECT_EQ(got["response_type"], "code");
  EXPECT_EQ(got["client_id"], "id&x");
  EXPECT_EQ(got["redirect_uri"], "http://127.0.0.1:1/cb");
  EXPECT_EQ(got["resource"], "https://rs.example/mcp");
  EXPECT_EQ(got["scope"], "a b");
  EXPECT_EQ(got["prompt"], "consent");
  EXPECT_EQ(got["max_age"], "5");
  EXPECT_EQ(got["code_challenge_method"], "S256");
  EXPECT_EQ(got["code_challenge"], s256_challenge(started->pending.verifier));
  EXPECT_EQ(got["state"], started->pending.state.reveal());
  EXPECT_EQ(started->url.find(std::string(started->pending.verifier.reveal())), std::string::npos);
}

TEST(Rfc6749Section4_1_1, WhatIsEmptyIsLeftOut) {
  AuthorizationWish bare = wish();
  bare.resource.clear();
  bare.scope.clear();
  const auto started = start_authorization(authorizing_server(), bare);
  ASSERT_TRUE(started);
  EXPECT_EQ(started->url.find("scope="), std::string::npos);
  EXPECT_EQ(started->url.find("resource="), std::string::npos);
}

TEST(Rfc7636Section4_1, VerifierAndStateAreLongAndNew) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto started = start_authorization(authorizing_server(), wish());
    ASSERT_TRUE(started);
    EXPECT_EQ(started->pending.verifier.reveal().size(), 43U);
    EXPECT_EQ(started->pending.state.reveal().size(), 43U);
    seen.emplace(started->pending.verifier.reveal());
    seen.emplace(started->pending.state.reveal());
  }
  EXPECT_EQ(seen.size(), 200U);
}

TEST(McpAuthorizationCodeProtection, WithoutS256NothingIsStarted) {
  for (const std::vector<std::string>& methods :
       {std::vector<std::string>{}, std::vector<std::string>{"plain"}, std::vector<std::string>{"s256"}}) {
    AuthorizationServer at = authorizing_server();
    at.code_challenge_methods = methods;
    EXPECT_FALSE(start_authorization(at, wish()));
  }
  AuthorizationServer at = authorizing_server();
  at.authorization_endpoint.clear();
  EXPECT_FALSE(start_authorization(at, wish()));
}

TEST(Rfc9207Section2_4, IssuerTable) {
  const std::string right = "state=the-state&code=c&iss=https%3A%2F%2Fas.example";
  const std::string wrong = "state=the-state&code=c&iss=https%3A%2F%2Fevil.example";
  const std::string none = "state=the-state&code=c";
  EXPECT_TRUE(read_callback(pending(true), right));
  EXPECT_EQ(read_callback(pending(true), none).error(), CallbackFault::wrong_issuer);
  EXPECT_TRUE(read_callback(pending(false), right));
  EXPECT_TRUE(read_callback(pending(false), none));
  EXPECT_EQ(read_callback(pending(true), wrong).error(), CallbackFault::wrong_issuer);
  EXPECT_EQ(read_callback(pending(false), wrong).error(), CallbackFault::wrong_issuer);
}

TEST(Rfc9207Section2_4, IssuerIsComparedByteForByte) {
  for (const char* const iss : {"https%3A%2F%2Fas.example%2F", "HTTPS%3A%2F%2Fas.example", "https%3A%2F%2FAS.example",
                                "https%3A%2F%2Fas.example%3A443", "https%3A%2F%2Fas.example%00", ""})
    EXPECT_EQ(read_callback(pending(false), std::string("state=the-state&code=c&iss=") + iss).error(),
              CallbackFault::wrong_issuer)
        << iss;
}

TEST(Callback, StateComesBeforeIssuerAndIssuerBeforeErrorAndCode) {
  EXPECT_EQ(read_callback(pending(true), "state=other&code=c&iss=x&error=access_denied").error(),
            CallbackFault::wrong_state);
  EXPECT_EQ(read_callback(pending(true), "state=the-state&error=access_denied&iss=x").error(),
            CallbackFault::wrong_issuer);
  EXPECT_EQ(read_callback(pending(true), "state=the-state&error=access_denied").error(), CallbackFault::wrong_issuer)
      << "an error without the announced issuer is not believed either";
  EXPECT_EQ(read_callback(pending(false), "state=the-state&error=access_denied&code=c").error(), CallbackFault::denied);
  EXPECT_EQ(read_callback(pending(false), "state=the-state&error=server_error").error(), CallbackFault::server_failed);
}

TEST(Callback, ParameterThatIsThereTwiceIsMalformed) {
  for (const char* const query :
       {"state=the-state&state=the-state&code=c", "state=the-state&code=a&code=b",
        "state=the-state&code=c&error=a&error=b",
        "state=the-state&code=c&iss=https%3A%2F%2Fas.example&iss=https%3A%2F%2Fas.example", "state=%&code=c"})
    EXPECT_EQ(read_callback(pending(false), query).error(), CallbackFault::malformed) << query;
}

TEST(Callback, WithoutACodeThereIsNone) {
  EXPECT_EQ(read_callback(pending(false), "state=the-state").error(), CallbackFault::no_code);
  EXPECT_EQ(read_callback(pending(false), "state=the-state&code=").error(), CallbackFault::no_code);
  EXPECT_EQ(read_callback(pending(false), "").error(), CallbackFault::wrong_state);
  EXPECT_EQ(read_callback(pending(false), "code=c").error(), CallbackFault::wrong_state);
  EXPECT_EQ(read_callback(pending(false), "state=the-state&code=a%20b")->reveal(), "a b");
}

TEST(Rfc6749Section3_1, EndpointsQueryStaysAndItsFragmentGoes) {
  EXPECT_EQ(authorization_url("https://idp/a?t=1#f", {{"s", "a b"}}), "https://idp/a?t=1&s=a%20b");
  EXPECT_EQ(authorization_url("https://idp/a", {{"s", "x"}}), "https://idp/a?s=x");
}

TEST(Rfc6749Section3_1, AnswersWithTwoOfAKindAreNotRead) {
  const auto read = parse_answer("code=a%2Bb&state=s+1&iss=https%3A%2F%2Fidp&other=1&other=2");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->code, "a+b");
  EXPECT_EQ(read->state, "s 1");
  EXPECT_EQ(read->issuer, "https://idp");
  EXPECT_EQ(read->error, "");
  for (const char* const query : {"state=a&state=b", "code=a&code=b", "iss=a&iss=a", "error=a&error=", "state=%zz"})
    EXPECT_FALSE(parse_answer(query)) << query;
  EXPECT_FALSE(parse_answer(std::string(17'000, 'a')));
  ASSERT_TRUE(parse_answer(""));
  EXPECT_EQ(parse_answer("")->state, "");
  EXPECT_FALSE(parse_answer("")->issuer);
  EXPECT_NE(parse_answer("error=")->error, "") << "an error without a name is one all the same";
}

TEST(Rfc9207Section2_4, WithoutAnExpectationThereIsNothingToCompare) {
  EXPECT_TRUE(issuer_fits("https://idp", "", true));
  EXPECT_FALSE(issuer_fits(std::nullopt, "", true));
  EXPECT_TRUE(issuer_fits(std::nullopt, "", false));
  EXPECT_FALSE(issuer_fits("https://idp/", "https://idp", false));
}

TEST(Callback, IsAnAnswerOnlyWithTheState) {
  EXPECT_FALSE(is_answer_to(PendingAuthorization(), "state=&code=c")) << "no state is nobody's";
  EXPECT_TRUE(is_answer_to(pending(false), "state=the-state&code=a&code=b")) << "malformed, but no stranger's";
  EXPECT_TRUE(is_answer_to(pending(false), "code=c&state=the-state"));
  EXPECT_TRUE(is_answer_to(pending(false), "error=x&state=the-state"));
  for (const char* const query : {"", "state=", "state=the-stat", "state=the-state1", "state=THE-STATE",
                                  "state=the-state&state=the-state", "state=the-state&x=%"})
    EXPECT_FALSE(is_answer_to(pending(false), query)) << query;
}

}  // namespace
}  // namespace leanmcp::inline v0
