// Providers that speak OpenID Connect (Core 1.0), against a double on loopback.

#include <leanmcp/oauth/server/upstream_test_support.hpp>

namespace leanmcp::as {
namespace {

const std::string bad_token = "! the ID token is not good";

class Oidc : public testing::Test {
 protected:
  void SetUp() override {
    provider.openid(provider.base());
    upstream = make(upstream_client(provider).name("idp").label("The IdP"));
    ASSERT_TRUE(upstream->init());
    provider.gives(provider.claims(provider.base()));
  }
  std::shared_ptr<Upstream> make(UpstreamOptions options) { return oidc_upstream(provider.base(), std::move(options)); }
  std::string with(std::string_view name, const json::value& value) {
    json::object claims = provider.claims(provider.base());
    if (value.is_null())
      claims.erase(name);
    else
      claims[name] = value;
    provider.gives(claims);
    return outcome_of(finish_at(*upstream));
  }
  std::string with_token(const std::string& id_token) {
    provider.on("/token",
                json::object{{"access_token", "up-access"}, {"token_type", "Bearer"}, {"id_token", id_token}});
    return outcome_of(finish_at(*upstream));
  }
  ProviderDouble provider;
  std::shared_ptr<Upstream> upstream;
};

TEST_F(Oidc, EndpointsByDiscoveryThePersonByTheIdToken) {
  auto query = query_at(upstream->authorization_url(upstream_callback, "state-1", upstream_verifier, "nonce-1", {}));
  EXPECT_EQ(query["nonce"], "nonce-1");
  EXPECT_EQ(query["scope"], "openid profile email");
  EXPECT_EQ(query["code_challenge_method"], "S256");
  const auto person = finish_at(*upstream);
  ASSERT_TRUE(person) << to_string(person.error());
  EXPECT_EQ(person->id, "s-1");
  const json::object profile = json::parse(person->profile).get_object();
  EXPECT_EQ(profile.at("name"), "Ada L");
  EXPECT_EQ(profile.at("email"), "ada@example.com");
  EXPECT_FALSE(profile.contains("email_verified")) << "nobody said";
  EXPECT_EQ(person->tokens.access_token.reveal(), "up-access");
  EXPECT_EQ(person->tokens.refresh_token.reveal(), "up-refresh");
  EXPECT_EQ(*person->tokens.expires, upstream_now + std::chrono::seconds(3600));
  // RFC 6749, section 2.3.1: both parts form-encoded.
  EXPECT_NE(provider.asked("/token").at(0).head.find("Basic " + base64_encode("client:a%20secret%25%3A")),
            std::string::npos);
}

TEST_F(Oidc, Core3_1_3_7_TheIdTokenIsCheckedWhole) {
  EXPECT_EQ(with("iss", (provider.base() + "/").c_str()), bad_token);
  EXPECT_EQ(with("iss", nullptr), bad_token);
  EXPECT_EQ(with("aud", "other"), bad_token);
  EXPECT_EQ(with("aud", nullptr), bad_token);
  EXPECT_EQ(with("aud", json::array{"client"}), "s-1");
  EXPECT_EQ(with("aud", json::array{"client", "other"}), bad_token) << "several, and no azp";
  EXPECT_EQ(with("azp", "other"), bad_token);
  EXPECT_EQ(with("azp", "client"), "s-1");
  EXPECT_EQ(with("azp", 1), bad_token);
  EXPECT_EQ(with("exp", 1'799'999'900), bad_token);
  EXPECT_EQ(with("exp", nullptr), bad_token);
  EXPECT_EQ(with("iat", nullptr), bad_token);
  EXPECT_EQ(with("iat", 1'800'000'900), bad_token);
  EXPECT_EQ(with("nonce", "nonce-2"), bad_token);
  EXPECT_EQ(with("nonce", nullptr), bad_token);
  EXPECT_EQ(with("sub", nullptr), "! the provider names no person");
  EXPECT_EQ(with("sub", ""), "! the provider names no person");
  const std::string half = sha256("up-access").substr(0, 16);
  EXPECT_EQ(with("at_hash", base64url_encode(half).c_str()), "s-1");
  EXPECT_EQ(with("at_hash", base64url_encode(sha256("other").substr(0, 16)).c_str()), bad_token);
}

TEST_F(Oidc, Core3_1_3_7_OnlyTheAllowedAlgorithmsAndKeys) {
  const std::string payload = base64url_encode(json_text(provider.claims(provider.base())));
  EXPECT_EQ(with_token(base64url_encode(R"({"alg":"none"})") + "." + payload + "."), bad_token);
  const std::string head = base64url_encode(R"({"alg":"HS256","kid":")" + provider.key.key_id() + R"("})");
  EXPECT_EQ(with_token(head + "." + payload + "." + base64url_encode(hmac_sha256("a secret%:", head + "." + payload))),
            bad_token);
  const SigningKey other = SigningKey::generate(JwsAlgorithm::es256);
  EXPECT_EQ(with_token(other.sign(json_text(provider.claims(provider.base())))), bad_token);
  EXPECT_EQ(with_token(""), bad_token);
  EXPECT_EQ(with_token("a.b.c"), bad_token);
  const auto strict = make(upstream_client(provider).name("idp").algorithms({"RS256"}));
  ASSERT_TRUE(strict->init());
  provider.gives(provider.claims(provider.base()));
  EXPECT_EQ(outcome_of(finish_at(*strict)), bad_token);
}

TEST_F(Oidc, KeysAreReadAgainForANewOne) {
  EXPECT_EQ(outcome_of(finish_at(*upstream)), "s-1");
  provider.key = SigningKey::generate(JwsAlgorithm::es256);
  provider.gives(provider.claims(provider.base()));
  EXPECT_EQ(outcome_of(finish_at(*upstream)), bad_token) << "not within half a minute";
  const auto later = upstream->finish("code=c&state=s", upstream_callback, upstream_verifier, "nonce-1", {},
                                      upstream_now + std::chrono::seconds(31));
  EXPECT_EQ(outcome_of(later), "s-1");
  EXPECT_EQ(provider.asked("/jwks").size(), 2U);
}

TEST_F(Oidc, Core5_3_2_UserinfoIsOfTheSamePerson) {
  provider.openid(provider.base(), "/.well-known/openid-configuration",
                  {{"userinfo_endpoint", provider.base() + "/userinfo"}});
  const auto asks = make(upstream_client(provider).name("idp"));
  ASSERT_TRUE(asks->init());
  json::object claims = provider.claims(provider.base());
  claims.erase("email");
  provider.gives(claims);
  provider.on("/userinfo", json::object{{"sub", "s-1"}, {"email", "a@example.com"}, {"email_verified", "true"}});
  const auto person = finish_at(*asks);
  ASSERT_TRUE(person);
  EXPECT_EQ(json::parse(person->profile).at("email"), "a@example.com");
  EXPECT_EQ(json::parse(person->profile).at("email_verified"), true) << "Cognito writes it as a text";
  provider.on("/userinfo", json::object{{"sub", "s-2"}, {"email", "a@example.com"}});
  EXPECT_EQ(outcome_of(finish_at(*asks)), "! the profile is somebody else's");
  provider.on("/userinfo", json::object{{"email", "a@example.com"}});
  EXPECT_EQ(outcome_of(finish_at(*asks)), "! the profile is somebody else's");
  provider.on("/userinfo", json::object{}, 500);
  EXPECT_EQ(outcome_of(finish_at(*asks)), "! the provider cannot be reached");
  provider.on("/userinfo", json::object{}, 403);
  EXPECT_EQ(outcome_of(finish_at(*asks)), "! the provider's answer is of no use");
}

TEST_F(Oidc, Rfc9207_TheIssuerOfTheAnswer) {
  const std::string iss = "&iss=" + encode_form_text(provider.base());
  EXPECT_EQ(outcome_of(finish_at(*upstream, "code=c&state=s" + iss)), "s-1");
  EXPECT_EQ(outcome_of(finish_at(*upstream, "code=c&state=s" + iss + "%2F")), "! the answer is of another issuer");
  EXPECT_EQ(outcome_of(finish_at(*upstream, "error=access_denied&state=s&iss=https%3A%2F%2Fevil")),
            "! the answer is of another issuer");
  provider.openid(provider.base(), "/.well-known/openid-configuration",
                  {{"authorization_response_iss_parameter_supported", true}});
  const auto strict = make(upstream_client(provider).name("idp"));
  ASSERT_TRUE(strict->init());
  EXPECT_EQ(outcome_of(finish_at(*strict)), "! the answer is of another issuer") << "announced, and missing";
  EXPECT_EQ(outcome_of(finish_at(*strict, "code=c&state=s" + iss)), "s-1");
}

TEST_F(Oidc, Core3_1_2_1_TheWishInItsParameters) {
  const auto sent = [&](const SignInWish& wish) {
    return query_at(upstream->authorization_url(upstream_callback, "s", upstream_verifier, "n", wish));
  };
  for (const char* const name : {"prompt", "max_age", "login_hint"}) EXPECT_FALSE(sent({}).contains(name)) << name;
  SignInWish again, recent;
  again.again = again.select_account = true;
  again.login_hint = "ada&prompt=none";
  EXPECT_EQ(sent(again)["prompt"], "login select_account");
  EXPECT_EQ(sent(again)["max_age"], "0") << "so that the provider says when";
  EXPECT_EQ(sent(again)["login_hint"], "ada&prompt=none");
  recent.max_age = std::chrono::seconds(300);
  EXPECT_EQ(sent(recent)["max_age"], "300");
  EXPECT_FALSE(sent(recent).contains("prompt"));
  EXPECT_TRUE(upstream->can_sign_in_again());
}

TEST_F(Oidc, WhatTheOperatorAsksOfEverybodyIsNotLoosened) {
  const auto strict = make(upstream_client(provider)
                               .name("idp")
                               .parameter("prompt", "consent login")
                               .parameter("max_age", "600")
                               .parameter("login_hint", "team@example.com"));
  ASSERT_TRUE(strict->init());
  SignInWish wish;
  const auto sent = [&] {
    return query_at(strict->authorization_url(upstream_callback, "s", upstream_verifier, "n", wish));
  };
  wish.again = wish.select_account = true;
  wish.login_hint = "eve";
  EXPECT_EQ(sent()["prompt"], "consent login select_account");
  EXPECT_EQ(sent()["max_age"], "0");
  EXPECT_EQ(sent()["login_hint"], "team@example.com");
  wish.again = false;
  wish.max_age = std::chrono::seconds(9000);
  EXPECT_EQ(sent()["max_age"], "600");
  const std::string url = strict->authorization_url(upstream_callback, "s", upstream_verifier, "n", wish);
  for (const char* const name : {"&prompt=", "&max_age=", "&login_hint="})
    EXPECT_EQ(url.find(name), url.rfind(name)) << "once";
}

TEST_F(Oidc, Core2_WhenThePersonSignedIn) {
  const auto when = [&](const json::value& value) {
    EXPECT_EQ(with("auth_time", value), "s-1");
    const auto person = finish_at(*upstream);
    return person && person->signed_in ? unix_seconds(*person->signed_in) : -1;
  };
  EXPECT_EQ(when(1'799'990'000), 1'799'990'000);
  EXPECT_EQ(when(nullptr), -1);
  EXPECT_EQ(when("yesterday"), -1);
  EXPECT_EQ(when(-5), -1);
  EXPECT_EQ(when(1e300), -1);
  EXPECT_EQ(when(1'800'000'060), 1'800'000'060) << "a clock that is a minute ahead";
  EXPECT_EQ(with("auth_time", 1'800'000'061), bad_token) << "it would be new for too long";
  EXPECT_EQ(with("auth_time", 9'000'000'000'000'000), bad_token);
}

TEST_F(Oidc, AttackUserinfoDoesNotSayWhenThePersonSignedIn) {
  provider.openid(provider.base(), "/.well-known/openid-configuration",
                  {{"userinfo_endpoint", provider.base() + "/userinfo"}});
  const auto asks = make(upstream_client(provider).name("idp"));
  ASSERT_TRUE(asks->init());
  json::object claims = provider.claims(provider.base());
  claims.erase("email");
  provider.gives(claims);
  provider.on("/userinfo", json::object{{"sub", "s-1"}, {"email", "a@example.com"}, {"auth_time", 1'800'000'000}});
  const auto person = finish_at(*asks);
  ASSERT_TRUE(person);
  EXPECT_FALSE(person->signed_in);
}

TEST_F(Oidc, WithoutAuthTimeOnlyTheOperatorsWordCounts) {
  SignInWish again, recent;
  again.again = true;
  recent.max_age = std::chrono::seconds(300);
  for (const SignInWish& wish : {again, recent})
    EXPECT_FALSE(finish_at(*upstream, "code=c-1&state=s", wish)->signed_in);
  const auto trusted = make(upstream_client(provider).name("idp").signs_in_again_by("prompt", "login"));
  ASSERT_TRUE(trusted->init());
  for (const SignInWish& wish : {again, recent}) {
    EXPECT_EQ(finish_at(*trusted, "code=c-1&state=s", wish)->signed_in, upstream_now);
    EXPECT_EQ(query_at(trusted->authorization_url(upstream_callback, "s", upstream_verifier, "n", wish))["prompt"],
              "login");
  }
  EXPECT_FALSE(finish_at(*trusted)->signed_in) << "nobody was asked";
  json::object claims = provider.claims(provider.base());
  claims["auth_time"] = 1'799'990'000;
  provider.gives(claims);
  EXPECT_EQ(unix_seconds(*finish_at(*trusted, "code=c-1&state=s", again)->signed_in), 1'799'990'000)
      << "what the provider says is stronger";
}

TEST_F(Oidc, PromptCreateSection4_2_WhatTheProviderDoesNotKnowIsNotSent) {
  provider.openid(provider.base(), "/.well-known/openid-configuration",
                  {{"prompt_values_supported", {"none", "consent", "select_account"}}});
  const auto without = make(upstream_client(provider).name("idp"));
  ASSERT_TRUE(without->init());
  SignInWish wish;
  wish.again = true;
  auto query = query_at(without->authorization_url(upstream_callback, "s", upstream_verifier, "n", wish));
  EXPECT_EQ(query["prompt"], "select_account");
  EXPECT_EQ(query["max_age"], "0");
}

TEST_F(Oidc, WhatIsWrongIsSaidAtTheStart) {
  const auto message = [&] {
    const auto made = make(upstream_client(provider).name("idp"))->init();
    return made ? std::string() : made.error().message();
  };
  EXPECT_EQ(message(), "");
  provider.openid(provider.base() + "/");
  EXPECT_NE(message().find("a slash at the end makes the difference"), std::string::npos) << message();
  provider.openid(provider.base(), "/.well-known/openid-configuration", {{"jwks_uri", "javascript:1"}});
  EXPECT_NE(message(), "");
  provider.openid(provider.base(), "/.well-known/openid-configuration", {{"token_endpoint", "http://idp.example/t"}});
  EXPECT_NE(message(), "");
  provider.openid(provider.base(), "/.well-known/openid-configuration",
                  {{"token_endpoint_auth_methods_supported", json::array{"tls_client_auth"}}});
  EXPECT_NE(message(), "");
  provider.on("/.well-known/openid-configuration", json::object{}, 404);
  EXPECT_NE(message().find("/.well-known/openid-configuration"), std::string::npos);
}

TEST_F(Oidc, RefreshKeepsWhatIsNotSentAnew) {
  provider.on("/token", json::object{{"access_token", "up-2"}, {"token_type", "Bearer"}, {"expires_in", 60}});
  const auto fresh = upstream->refresh(Secret("up-refresh"), upstream_now);
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->access_token.reveal(), "up-2");
  EXPECT_EQ(fresh->refresh_token.reveal(), "up-refresh");
  provider.on("/token", json::object{{"error", "invalid_grant"}}, 403);
  EXPECT_EQ(upstream->refresh(Secret("up-refresh"), upstream_now).error(), UpstreamFault::refused) << "Auth0 says 403";
  provider.on("/token", json::object{{"error", "invalid_client"}}, 401);
  EXPECT_EQ(upstream->refresh(Secret("up-refresh"), upstream_now).error(), UpstreamFault::malformed);
}

// What is particular about each.

TEST(Presets, Google) {
  ProviderDouble provider;
  provider.openid(provider.base(), "/.well-known/openid-configuration",
                  {{"revocation_endpoint", provider.base() + "/revoke"}});
  const auto google = google_upstream(upstream_client(provider));
  ASSERT_TRUE(google->init());
  auto query = query_at(google->authorization_url(upstream_callback, "s", upstream_verifier, "n", {}));
  EXPECT_EQ(query["access_type"], "offline");
  EXPECT_EQ(query["prompt"], "consent");
  EXPECT_FALSE(query.contains("claims"));
  SignInWish wish;
  wish.again = true;
  query = query_at(google->authorization_url(upstream_callback, "s", upstream_verifier, "n", wish));
  EXPECT_EQ(query["prompt"], "consent select_account") << "it has no prompt=login";
  EXPECT_EQ(query["claims"], R"({"id_token":{"auth_time":{"essential":true}}})");
  json::object claims = provider.claims(provider.base());
  // Google's own is https://accounts.google.com, and in older tokens accounts.google.com.
  claims["iss"] = provider.base().substr(7);
  claims["sub"] = "10769150350006150715113082367";
  provider.gives(claims);
  EXPECT_EQ(outcome_of(finish_at(*google)), "10769150350006150715113082367");
  claims["iss"] = "evil.example";
  provider.gives(claims);
  EXPECT_EQ(outcome_of(finish_at(*google)), bad_token);
  EXPECT_EQ(google->name(), "google");
}

constexpr const char* tenant_a = "aaaaaaaa-0000-4000-8000-00000000000a";
constexpr const char* tenant_b = "bbbbbbbb-0000-4000-8000-00000000000b";

TEST(Presets, MicrosoftWithOneTenant) {
  ProviderDouble provider;
  const std::string issuer = provider.base() + "/" + tenant_a + "/v2.0";
  provider.openid(issuer, "/" + std::string(tenant_a) + "/v2.0/.well-known/openid-configuration",
                  {{"userinfo_endpoint", provider.base() + "/graph"}});
  const auto microsoft = microsoft_upstream(tenant_a, upstream_client(provider));
  ASSERT_TRUE(microsoft->init());
  EXPECT_EQ(query_at(microsoft->authorization_url(upstream_callback, "s", upstream_verifier, "n", {}))["scope"],
            "openid profile email offline_access");
  json::object claims = provider.claims(issuer);
  claims.erase("email");
  claims["tid"] = tenant_a;
  claims["oid"] = "0f1e2d3c-0000-4000-8000-000000000001";
  provider.gives(claims);
  EXPECT_EQ(outcome_of(finish_at(*microsoft)), std::string(tenant_a) + ":0f1e2d3c-0000-4000-8000-000000000001");
  EXPECT_TRUE(provider.asked("/graph").empty());
  claims.erase("oid");
  provider.gives(claims);
  EXPECT_EQ(outcome_of(finish_at(*microsoft)), "! the provider names no person") << "sub differs from app to app";
  claims["oid"] = "x";
  claims["tid"] = tenant_b;
  provider.gives(claims);
  EXPECT_EQ(outcome_of(finish_at(*microsoft)), bad_token);
}

TEST(Presets, MicrosoftWithManyTenants) {
  ProviderDouble provider;
  provider.openid(provider.base() + "/{tenantid}/v2.0", "/organizations/v2.0/.well-known/openid-configuration");
  const auto keys_of = [&](const std::string& issuer) {
    json::object key = json::parse(provider.key.public_jwk()).get_object();
    if (!issuer.empty()) key["issuer"] = issuer;
    provider.on("/jwks", json::object{{"keys", json::array{key}}});
  };
  const auto make = [&] { return microsoft_upstream("organizations", upstream_client(provider), {tenant_a}); };
  const auto outcome = [&](const std::string& tenant) {
    const auto microsoft = make();
    EXPECT_TRUE(microsoft->init());
    json::object claims = provider.claims(provider.base() + "/" + tenant + "/v2.0");
    claims["tid"] = tenant;
    claims["oid"] = "o";
    provider.gives(claims);
    return outcome_of(finish_at(*microsoft));
  };
  keys_of(provider.base() + "/{tenantid}/v2.0");
  EXPECT_EQ(outcome(tenant_a), std::string(tenant_a) + ":o");
  EXPECT_EQ(outcome(tenant_b), bad_token) << "not among the allowed";
  keys_of(provider.base() + "/" + tenant_a + "/v2.0");
  EXPECT_EQ(outcome(tenant_a), std::string(tenant_a) + ":o");
  keys_of(provider.base() + "/" + tenant_b + "/v2.0");
  EXPECT_EQ(outcome(tenant_a), bad_token) << "a key of another tenant";
  keys_of("");
  EXPECT_EQ(outcome(tenant_a), bad_token) << "the key does not say whose it is";
  EXPECT_FALSE(microsoft_upstream("organizations", upstream_client(provider))->init()) << "everybody's people";
  EXPECT_FALSE(microsoft_upstream("contoso", upstream_client(provider))->init());
}

TEST(Presets, GitLab) {
  ProviderDouble provider;
  provider.openid(provider.base());
  const auto gitlab = gitlab_upstream(upstream_client(provider));
  ASSERT_TRUE(gitlab->init());
  json::object claims = provider.claims(provider.base());
  claims["sub"] = "42";
  claims["preferred_username"] = "ada";
  provider.gives(claims);
  const auto person = finish_at(*gitlab);
  ASSERT_TRUE(person);
  EXPECT_EQ(person->id, "42");
  EXPECT_EQ(json::parse(person->profile).at("preferred_username"), "ada");
  EXPECT_EQ(gitlab->name(), "gitlab");
}

TEST(Presets, Slack) {
  ProviderDouble provider;
  provider.openid(provider.base(), "/.well-known/openid-configuration",
                  {{"token_endpoint", provider.base() + "/api/openid.connect.token"}});
  const auto slack = slack_upstream(upstream_client(provider));
  ASSERT_TRUE(slack->init());
  json::object claims = provider.claims(provider.base());
  claims["https://slack.com/team_id"] = "T0001";
  claims["https://slack.com/user_id"] = "U0002";
  const json::object good{{"ok", true},
                          {"access_token", "xoxp-1"},
                          {"token_type", "Bearer"},
                          {"id_token", provider.key.sign(json_text(claims))}};
  provider.on("/api/openid.connect.token", good);
  EXPECT_EQ(outcome_of(finish_at(*slack)), "T0001:U0002");
  EXPECT_EQ(provider.asked("/api/openid.connect.token").at(0).form.at("client_secret"), "a secret%:");
  // Slack says 200 to everything.
  provider.on("/api/openid.connect.token", json::object{{"ok", false}, {"error", "invalid_code"}});
  EXPECT_EQ(outcome_of(finish_at(*slack)), "! the provider refuses the code or token");
  provider.on("/api/openid.connect.token", json::object{{"ok", false}});
  EXPECT_EQ(outcome_of(finish_at(*slack)), "! the provider's answer is of no use");
  // What oauth.v2.access answers: no person in it.
  provider.on("/api/openid.connect.token",
              json::object{{"ok", true}, {"authed_user", json::object{{"id", "U1"}, {"access_token", "xoxp-1"}}}});
  EXPECT_EQ(outcome_of(finish_at(*slack)), "! the provider's answer is of no use");
  claims.erase("https://slack.com/team_id");
  json::object other = good;
  other["id_token"] = provider.key.sign(json_text(claims));
  provider.on("/api/openid.connect.token", other);
  EXPECT_EQ(outcome_of(finish_at(*slack)), "! the provider names no person");
  provider.on("/api/openid.connect.token", json::object{{"ok", false}, {"error", "invalid_refresh_token"}});
  EXPECT_EQ(slack->refresh(Secret("r"), upstream_now).error(), UpstreamFault::refused);
  provider.on("/api/openid.connect.token", json::object{{"ok", false}, {"error", "bad_client_secret"}});
  EXPECT_EQ(slack->refresh(Secret("r"), upstream_now).error(), UpstreamFault::malformed);
}

TEST(Presets, ClerkAuth0Cognito) {
  ProviderDouble provider;
  const auto person_of = [&](const std::shared_ptr<Upstream>& upstream, const std::string& issuer,
                             const std::string& path, const std::string& sub) {
    provider.openid(issuer, path);
    const auto started = upstream->init();
    EXPECT_TRUE(started) << started.error().message();
    json::object claims = provider.claims(issuer);
    claims["sub"] = sub;
    claims["email_verified"] = "true";
    provider.gives(claims);
    const auto person = finish_at(*upstream);
    EXPECT_TRUE(person && json::parse(person->profile).at("email_verified") == true);
    return outcome_of(person);
  };
  const std::string well_known = "/.well-known/openid-configuration";
  EXPECT_EQ(person_of(clerk_upstream("x.clerk.accounts.dev", upstream_client(provider)), provider.base(), well_known,
                      "user_2a"),
            "user_2a");
  EXPECT_EQ(person_of(auth0_upstream("x.eu.auth0.com", upstream_client(provider)), provider.base() + "/", well_known,
                      "auth0|50"),
            "auth0|50");
  EXPECT_EQ(person_of(cognito_upstream("eu-west-1_Ab12Cd34E", upstream_client(provider)),
                      provider.base() + "/eu-west-1_Ab12Cd34E", "/eu-west-1_Ab12Cd34E" + well_known, "0f-sub"),
            "0f-sub");
}

}  // namespace
}  // namespace leanmcp::as
