// Providers that speak OAuth 2.0 without OpenID Connect, against a double on loopback.

#include <leanmcp/oauth/server/upstream_test_support.hpp>

namespace leanmcp::as {
namespace {

const std::string unreachable = "! the provider cannot be reached";
const std::string refused = "! the provider refuses the code or token";
const std::string malformed = "! the provider's answer is of no use";
const std::string nobody = "! the provider names no person";

class Github : public testing::Test {
 protected:
  void SetUp() override {
    tokens({{"access_token", "gho_1"}, {"token_type", "bearer"}, {"scope", "read:user,user:email"}});
    provider.on("/api/v3/user", json::object{{"login", "ada"},
                                             {"id", 4711},
                                             {"name", "Ada L"},
                                             {"avatar_url", "https://a.example/1"},
                                             {"email", nullptr}});
    provider.on("/api/v3/user/emails", [](const ProviderDouble::Asked&) {
      return ProviderDouble::Reply{200, R"([{"email":"old@example.com","primary":false,"verified":true},)"
                                        R"({"email":"ada@example.com","primary":true,"verified":true}])"};
    });
    upstream = github_upstream(upstream_client(provider));
    ASSERT_TRUE(upstream->init());
  }
  void tokens(const json::object& body, int status = 200) { provider.on("/login/oauth/access_token", body, status); }
  ProviderDouble provider;
  std::shared_ptr<Upstream> upstream;
};

TEST_F(Github, SendsTheBrowserWithStateAndChallenge) {
  const std::string url = upstream->authorization_url(upstream_callback, "state-1", upstream_verifier, "nonce-1", {});
  EXPECT_TRUE(url.starts_with(provider.base() + "/login/oauth/authorize?")) << url;
  auto query = query_at(url);
  EXPECT_EQ(query["client_id"], "client");
  EXPECT_EQ(query["redirect_uri"], upstream_callback);
  EXPECT_EQ(query["state"], "state-1");
  EXPECT_EQ(query["code_challenge"], base64url_encode(sha256(upstream_verifier.reveal())));
  EXPECT_EQ(query["code_challenge_method"], "S256");
  EXPECT_EQ(query["scope"], "read:user user:email");
  EXPECT_FALSE(query.contains("nonce"));
  EXPECT_EQ(upstream->name(), "github");
  EXPECT_EQ(upstream->label(), "GitHub");
}

TEST_F(Github, APersonIsTheNumber) {
  const auto person = finish_at(*upstream);
  ASSERT_TRUE(person) << to_string(person.error());
  EXPECT_EQ(person->id, "4711");
  const json::object profile = json::parse(person->profile).get_object();
  EXPECT_EQ(profile.at("name"), "Ada L");
  EXPECT_EQ(profile.at("preferred_username"), "ada");
  EXPECT_EQ(profile.at("email"), "ada@example.com");
  EXPECT_EQ(profile.at("email_verified"), true);
  EXPECT_EQ(person->tokens.access_token.reveal(), "gho_1");
  EXPECT_FALSE(person->tokens.expires);

  const auto asked = provider.asked("/login/oauth/access_token").at(0);
  EXPECT_EQ(asked.method, "POST");
  EXPECT_NE(asked.head.find("Accept: application/json"), std::string::npos);
  EXPECT_EQ(asked.form.at("client_secret"), "a secret%:");
  EXPECT_EQ(asked.form.at("code_verifier"), upstream_verifier.reveal());
  EXPECT_EQ(asked.form.at("redirect_uri"), upstream_callback);
  EXPECT_EQ(asked.form.at("code"), "c-1");
  const auto user = provider.asked("/api/v3/user").at(0);
  EXPECT_NE(user.head.find("Authorization: Bearer gho_1"), std::string::npos);
  EXPECT_NE(user.head.find("Accept: application/vnd.github+json"), std::string::npos);
}

TEST_F(Github, AttackJunkCodeAnsweredWith200) {
  tokens({{"error", "bad_verification_code"}, {"error_description", "<script>"}});
  EXPECT_EQ(outcome_of(finish_at(*upstream)), refused);
  EXPECT_TRUE(provider.asked("/api/v3/user").empty());
}

TEST_F(Github, Attack200WithoutAToken) {
  tokens({{"ok", true}});
  EXPECT_EQ(outcome_of(finish_at(*upstream)), malformed);
  tokens({{"access_token", ""}, {"token_type", "bearer"}});
  EXPECT_EQ(outcome_of(finish_at(*upstream)), malformed);
  tokens({{"access_token", "gho_1"}, {"token_type", "bearer"}, {"error", "x"}});
  EXPECT_EQ(outcome_of(finish_at(*upstream)), refused);
  provider.on("/login/oauth/access_token", [](const ProviderDouble::Asked&) {
    return ProviderDouble::Reply{200, "<html>", "text/html"};
  });
  EXPECT_EQ(outcome_of(finish_at(*upstream)), malformed);
  tokens({}, 503);
  EXPECT_EQ(outcome_of(finish_at(*upstream)), unreachable);
}

TEST_F(Github, AttackNoIdentityIsNobody) {
  provider.on("/api/v3/user", json::object{{"login", "ada"}, {"id", nullptr}});
  EXPECT_EQ(outcome_of(finish_at(*upstream)), nobody);
  provider.on("/api/v3/user", json::object{{"login", "ada"}});
  EXPECT_EQ(outcome_of(finish_at(*upstream)), nobody) << "a login is no identity";
  provider.on("/api/v3/user", json::object{{"id", "4711"}});
  EXPECT_EQ(outcome_of(finish_at(*upstream)), nobody) << "GitHub's ids are numbers";
  provider.on("/api/v3/user", json::object{{"id", 1.5}});
  EXPECT_EQ(outcome_of(finish_at(*upstream)), nobody);
  provider.on("/api/v3/user", json::object{{"message", "x"}}, 500);
  EXPECT_EQ(outcome_of(finish_at(*upstream)), unreachable);
  provider.on("/api/v3/user", json::object{{"message", "Bad credentials"}}, 401);
  EXPECT_EQ(outcome_of(finish_at(*upstream)), malformed);
}

TEST_F(Github, NoAddressIsNoHindrance) {
  provider.on("/api/v3/user/emails", json::object{{"message", "Not Found"}}, 404);
  const auto person = finish_at(*upstream);
  ASSERT_TRUE(person);
  EXPECT_FALSE(json::parse(person->profile).get_object().contains("email"));
}

TEST_F(Github, ErrorsOfTheBrowsersAnswer) {
  EXPECT_EQ(outcome_of(finish_at(*upstream, "error=access_denied&state=s")), "! the provider says no");
  EXPECT_EQ(outcome_of(finish_at(*upstream, "error=temporarily_unavailable&state=s")), unreachable);
  EXPECT_EQ(outcome_of(finish_at(*upstream, "error=application_suspended&state=s")), malformed);
  EXPECT_EQ(outcome_of(finish_at(*upstream, "state=s")), malformed);
  EXPECT_EQ(outcome_of(finish_at(*upstream, "code=&state=s")), malformed);
  EXPECT_EQ(outcome_of(finish_at(*upstream, "code=1&code=2")), malformed);
  EXPECT_EQ(outcome_of(finish_at(*upstream, "code=%zz")), malformed);
  EXPECT_TRUE(provider.asked("/login/oauth/access_token").empty());
}

TEST_F(Github, RefreshesTokensOfApps) {
  tokens({{"access_token", "ghu_2"},
          {"token_type", "bearer"},
          {"expires_in", "28800"},
          {"refresh_token", "ghr_2"},
          {"scope", ""}});
  const auto fresh = upstream->refresh(Secret("ghr_1"), upstream_now);
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->access_token.reveal(), "ghu_2");
  EXPECT_EQ(fresh->refresh_token.reveal(), "ghr_2");
  EXPECT_EQ(*fresh->expires, upstream_now + std::chrono::seconds(28'800));
  EXPECT_EQ(provider.asked("/login/oauth/access_token").at(0).form.at("refresh_token"), "ghr_1");
  tokens({{"error", "bad_refresh_token"}});
  EXPECT_EQ(upstream->refresh(Secret("ghr_1"), upstream_now).error(), UpstreamFault::refused);
  tokens({{"error", "incorrect_client_credentials"}});
  EXPECT_EQ(upstream->refresh(Secret("ghr_1"), upstream_now).error(), UpstreamFault::malformed)
      << "a wrong setting here ends nobody's sign-in";
  tokens({}, 502);
  EXPECT_EQ(upstream->refresh(Secret("ghr_1"), upstream_now).error(), UpstreamFault::unreachable);
}

TEST_F(Github, RevokesThisTokenAlone) {
  UpstreamTokens tokens;
  tokens.access_token = Secret("gho_1");
  upstream->revoke(tokens);
  for (int i = 0; i < 3'000 && provider.asked("/api/v3/applications/client/token").empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const auto asked = provider.asked("/api/v3/applications/client/token");
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].method, "DELETE");
  EXPECT_NE(asked[0].head.find("Authorization: Basic "), std::string::npos);
}

TEST_F(Github, AnAccountCanBeChosenButNobodyMadeToSignInAgain) {
  EXPECT_FALSE(upstream->can_sign_in_again());
  SignInWish wish;
  wish.select_account = true;
  wish.login_hint = "ada";
  auto query = query_at(upstream->authorization_url(upstream_callback, "s", upstream_verifier, "n", wish));
  EXPECT_EQ(query["prompt"], "select_account");
  EXPECT_EQ(query["login"], "ada");
  EXPECT_FALSE(query.contains("login_hint"));
  EXPECT_FALSE(finish_at(*upstream, "code=c-1&state=s", wish)->signed_in) << "GitHub does not say when";
}

TEST(GithubAt, ComOtherwise) {
  const auto upstream = github_upstream(UpstreamOptions("client", Secret("secret")));
  ASSERT_TRUE(upstream->init());
  EXPECT_TRUE(upstream->authorization_url("https://a.example", "s", upstream_verifier, "n", {})
                  .starts_with("https://github.com/login/oauth/authorize?"));
}

TEST(Discord, APersonIsTheSnowflake) {
  ProviderDouble provider;
  provider.on("/api/oauth2/token", json::object{{"access_token", "d-1"},
                                                {"token_type", "Bearer"},
                                                {"expires_in", 604800},
                                                {"refresh_token", "d-r"},
                                                {"scope", "identify email"}});
  provider.on("/api/users/@me", json::object{{"id", "80351110224678912"},
                                             {"username", "ada"},
                                             {"global_name", "Ada L"},
                                             {"avatar", "abc"},
                                             {"email", "ada@example.com"},
                                             {"verified", true}});
  const auto upstream = discord_upstream(upstream_client(provider));
  ASSERT_TRUE(upstream->init());
  const auto person = finish_at(*upstream);
  ASSERT_TRUE(person);
  EXPECT_EQ(person->id, "80351110224678912");
  const json::object profile = json::parse(person->profile).get_object();
  EXPECT_EQ(profile.at("name"), "Ada L");
  EXPECT_EQ(profile.at("preferred_username"), "ada");
  EXPECT_EQ(profile.at("email_verified"), true);
  EXPECT_EQ(profile.at("picture"), "https://cdn.discordapp.com/avatars/80351110224678912/abc.png");
  EXPECT_EQ(person->tokens.refresh_token.reveal(), "d-r");
  provider.on("/api/users/@me", json::object{{"message", "401: Unauthorized"}, {"code", 0}}, 401);
  EXPECT_EQ(outcome_of(finish_at(*upstream)), malformed);
  provider.on("/api/oauth2/token", json::object{{"error", "invalid_grant"}}, 400);
  EXPECT_EQ(outcome_of(finish_at(*upstream)), refused);
  EXPECT_EQ(upstream->refresh(Secret("d-r"), upstream_now).error(), UpstreamFault::refused);
}

TEST(AnyOAuth, TakesAnIdFromWhereItIsSaidToBe) {
  ProviderDouble provider;
  provider.on("/token", json::object{{"access_token", "t"}, {"token_type", "bearer"}});
  provider.on("/me", json::object{{"data", json::object{{"id", 18446744073709551615ULL}}}, {"name", "Ada"}});
  const auto make = [&](OAuthEndpoints endpoints) {
    return oauth_upstream(std::move(endpoints),
                          upstream_client(provider).name("any").authentication(ClientAuthentication::basic));
  };
  const OAuthEndpoints endpoints(provider.base() + "/authorize?tenant=1", provider.base() + "/token",
                                 provider.base() + "/me");
  const auto deep = make(OAuthEndpoints(endpoints).id("/data/id"));
  ASSERT_TRUE(deep->init());
  EXPECT_EQ(outcome_of(finish_at(*deep)), "18446744073709551615");
  EXPECT_NE(provider.asked("/token").at(0).head.find("Authorization: Basic "), std::string::npos);
  EXPECT_TRUE(deep->authorization_url("https://a.example", "s", upstream_verifier, "n", {})
                  .starts_with(provider.base() + "/authorize?tenant=1&response_type=code&"));
  const auto flat = make(endpoints);
  ASSERT_TRUE(flat->init());
  EXPECT_EQ(outcome_of(finish_at(*flat)), nobody);
  const auto name = make(OAuthEndpoints(endpoints).id("/data/nothing"));
  ASSERT_TRUE(name->init());
  EXPECT_EQ(outcome_of(finish_at(*name)), nobody);
  provider.on("/me", json::object{{"id", "two words"}});
  EXPECT_EQ(outcome_of(finish_at(*flat)), nobody);
  provider.on("/me", json::object{{"id", std::string(256, 'x')}});
  EXPECT_EQ(outcome_of(finish_at(*flat)), nobody);
  provider.on("/me", json::object{{"id", true}});
  EXPECT_EQ(outcome_of(finish_at(*flat)), nobody);
}

TEST(AnyOAuth, SettingsAreLookedAt) {
  const auto error = [](OAuthEndpoints endpoints, UpstreamOptions options) {
    const auto made = oauth_upstream(std::move(endpoints), std::move(options))->init();
    return made ? std::string() : made.error().message();
  };
  const OAuthEndpoints good("https://a.example/a", "https://a.example/t", "https://a.example/u");
  EXPECT_EQ(error(good, UpstreamOptions("id", Secret("s")).name("a")), "");
  EXPECT_NE(error(good, UpstreamOptions("id", Secret("s"))), "");
  EXPECT_NE(error(good, UpstreamOptions("id", Secret("s")).name("A b")), "");
  EXPECT_NE(error(good, UpstreamOptions("", Secret("s")).name("a")), "");
  EXPECT_NE(error(OAuthEndpoints("http://a.example/a", "https://a.example/t", "https://a.example/u"),
                  UpstreamOptions("id", Secret("s")).name("a")),
            "");
  EXPECT_NE(error(OAuthEndpoints("https://a.example/a", "https://a.example/t", ""),
                  UpstreamOptions("id", Secret("s")).name("a")),
            "");
  EXPECT_NE(error(OAuthEndpoints("javascript:alert(1)", "https://a.example/t", "https://a.example/u"),
                  UpstreamOptions("id", Secret("s")).name("a")),
            "");
}

TEST(OAuthAny, SignsInAgainByTheParameterThatItDocuments) {
  const OAuthEndpoints endpoints("https://id.example/a", "https://id.example/t", "https://id.example/me");
  const auto made = [&](UpstreamOptions given) {
    auto out = oauth_upstream(endpoints, given.name("any"));
    EXPECT_TRUE(out->init());
    return out;
  };
  const auto plain = made(UpstreamOptions("client", Secret("secret")));
  EXPECT_FALSE(plain->can_sign_in_again());
  const auto knows = made(UpstreamOptions("client", Secret("secret")).signs_in_again_by("force_login", "1"));
  EXPECT_TRUE(knows->can_sign_in_again());
  SignInWish wish;
  const auto sent = [&] {
    return query_at(knows->authorization_url(upstream_callback, "s", upstream_verifier, "n", wish));
  };
  EXPECT_FALSE(sent().contains("force_login"));
  wish.max_age = std::chrono::seconds(300);
  EXPECT_EQ(sent()["force_login"], "1") << "it cannot be told how long ago";
  wish.max_age.reset(), wish.again = true;
  EXPECT_EQ(sent()["force_login"], "1");
}

}  // namespace
}  // namespace leanmcp::as
