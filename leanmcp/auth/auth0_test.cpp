#include <leanmcp/auth/auth0.hpp>
#include <leanmcp/auth/firebase.hpp>
#include <leanmcp/auth/preset_test_support.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using test::PresetTest;
using test::World;

struct Auth0Test : PresetTest {
  Auth0Test() { world.network.serve("https://t.auth0.com/.well-known/jwks.json", test::key_set({World::key()})); }
  static Auth0Options options() { return Auth0Options().domain("t.auth0.com").audience("api"); }
  std::shared_ptr<AuthProvider> make(Auth0Options options) {
    return ready(auth0(with_clock(options), world.network.fetcher()));
  }
  std::string token(const std::string& more) {
    return world.token(R"("iss":"https://t.auth0.com/","sub":"auth0|1","aud":"api")" + more);
  }
};

TEST_F(Auth0Test, OrganisationsByIdAndByName) {
  const auto by_id = make(options().organization("org_1"));
  EXPECT_EQ(world.reason(*by_id, token(R"(,"org_id":"org_1")")), "");
  EXPECT_NE(world.reason(*by_id, token(R"(,"org_id":"org_2")")), "");
  EXPECT_NE(world.reason(*by_id, token("")), "");
  const auto by_name = make(options().organization("acme"));
  EXPECT_EQ(world.reason(*by_name, token(R"(,"org_id":"org_1","org_name":"acme")")), "");
  EXPECT_NE(world.reason(*by_name, token(R"(,"org_id":"org_1","org_name":"evil")")), "");
}

TEST_F(Auth0Test, AccessTokensOnly) {
  const auto provider = make(options().access_tokens_only());
  const std::string claims = R"("iss":"https://t.auth0.com/","sub":"auth0|1","aud":"api")";
  EXPECT_EQ(world.reason(*provider, world.token(claims, "at+jwt")), "");
  EXPECT_EQ(world.reason(*provider, world.token(claims, "application/at+jwt")), "");
  EXPECT_EQ(world.reason(*provider, world.token(claims, "JWT")),
            "typ 'JWT' is not at+jwt: choose the RFC 9068 profile for the API in Auth0");
}

TEST_F(Auth0Test, ClaimsUnderANamespace) {
  const auto provider = make(options().claims_namespace("https://app/"));
  const std::string text =
      token(R"(,"https://app/email":"a@x","https://app/name":"A","https://app/roles":["admin"],"roles":["forged"])");
  EXPECT_EQ(world.verify(*provider, text)->roles(), std::vector<std::string>{"admin"});
  EXPECT_EQ((*world.user(*provider, text))->json,
            R"({"sub":"auth0|1","email":"a@x","email_verified":null,"name":"A"})");
  EXPECT_EQ(world.network.requests.size(), 1U) << "nobody was asked";
}

TEST_F(Auth0Test, MachinesAndRateLimits) {
  const auto provider = make(options());
  const std::string machine = world.token(R"("iss":"https://t.auth0.com/","sub":"abc@clients","aud":"api")");
  EXPECT_TRUE(world.verify(*provider, machine)->is_machine());
  EXPECT_EQ(world.user(*provider, machine).error().code, AuthCode::invalid_token);
  world.network.fail("https://t.auth0.com/userinfo", 429);
  const auto limited = world.user(*provider, token(""));
  EXPECT_EQ(limited.error().reason, "userinfo 429: add claims with an Action");
  EXPECT_EQ(limited.error().retry_after, 12s);
}

TEST_F(Auth0Test, ADeadRefreshTokenIs403AtAuth0) {
  const auto provider = make(options().client_id("web").client_secret(Secret("s&1")));
  world.network.fail("https://t.auth0.com/oauth/token", 403, R"({"error":"invalid_grant"})");
  EXPECT_EQ(world.refresh(*provider).error().code, AuthCode::invalid_token);
  EXPECT_EQ(world.network.requests.back().body,
            "grant_type=refresh_token&refresh_token=rt&client_id=web&client_secret=s%261");
}

TEST_F(PresetTest, FirebaseKeepsItsKeyOutOfTheUrl) {
  world.network.serve("https://keys.example/jwk", test::key_set({World::key()}));
  FirebaseOptions options;
  options.project_id("demo").jwks_url("https://keys.example/jwk").api_key(Secret("k"));
  const auto provider = ready(firebase(with_clock(options), world.network.fetcher()));
  const std::string url = "https://securetoken.googleapis.com/v1/token";
  world.network.serve(url, R"({"id_token":"i","access_token":"a","refresh_token":"r","expires_in":"3600"})");
  EXPECT_EQ(world.refresh(*provider)->expires_in, 3600s) << "a number in quotes";
  world.network.fail(url, 400, R"({"error":{"code":400,"message":"TOKEN_EXPIRED"}})");
  EXPECT_EQ(world.refresh(*provider).error().code, AuthCode::invalid_token);
  EXPECT_EQ(world.reason(*provider,
                         world.token(R"("iss":"https://session.firebase.google.com/demo","aud":"demo","sub":"x")")),
            "wrong issuer: a session cookie; send the ID token");
}

TEST_F(Auth0Test, TheEndOfALimitIsHonoured) {
  const auto provider = make(options());
  world.network.fail("https://t.auth0.com/userinfo", 429, "{}",
                     {{"x-ratelimit-limit", "10"},
                      {"x-ratelimit-remaining", "0"},
                      {"x-ratelimit-reset", std::to_string(world.seconds() + 40)}});
  const std::string limited = token("");
  EXPECT_EQ(world.user(*provider, limited).error().retry_after, 40s);
  world.network.serve("https://t.auth0.com/userinfo", R"({"sub":"auth0|1","email":"a@x","name":"A"})");
  EXPECT_TRUE(world.user(*provider, token(R"(,"jti":"2")"))) << "the limit is one user's";
  world.clock->advance(39s);
  EXPECT_FALSE(world.user(*provider, limited)) << "the same token is not asked about again";
}

TEST_F(Auth0Test, PermissionsActorsAndClients) {
  const auto provider = make(options().clients({"web"}));
  const auto who = world.verify(
      *provider, token(R"(,"azp":"web","scope":"openid a","permissions":["read:data","x y"],"act":{"sub":"agent|1"})"));
  EXPECT_EQ(who->permissions(), (std::vector<std::string>{"read:data", "x y"}));
  EXPECT_EQ(who->actor(), "agent|1");
  EXPECT_TRUE(who->has_scope("a"));
  EXPECT_EQ(who->client_id(), "web");
  EXPECT_EQ(world.reason(*provider, token(R"(,"client_id":"web")")), "") << "RFC 9068's profile has no azp";
  EXPECT_EQ(world.reason(*provider, token(R"(,"azp":"other","client_id":"web")")),
            "issued to the client other, which is not allowed");
}

TEST_F(Auth0Test, WhatIsNoTokenForTheApiIsExplained) {
  const auto provider = make(options());
  EXPECT_EQ(world.reason(*provider, "opaque"),
            "not a signed JWT (an opaque token?): opaque token: client did not request audience=api");
  EXPECT_EQ(world.reason(*provider, world.token(R"("iss":"https://t.auth0.com/","sub":"u","aud":["other"])")),
            "aud [other] lacks AUTH0_AUDIENCE");
  EXPECT_EQ(world.reason(*provider, world.token(R"("iss":"https://t.auth0.com","sub":"u","aud":"api")")),
            "wrong issuer: 'https://t.auth0.com' is not https://t.auth0.com/: AUTH0_DOMAIN vs custom domain?");
  EXPECT_EQ(fault(auth0(Auth0Options().domain("gone.auth0.com").audience("api"), world.network.fetcher())),
            "AUTH0_DOMAIN: the provider's keys at https://gone.auth0.com/.well-known/jwks.json "
            "cannot be used: the answer has status 404");
}

struct FirebaseTest : PresetTest {
  std::string issuer = "https://securetoken.google.com/demo";
  FirebaseTest() {
    world.network.serve("https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
                        test::key_set({World::key()}));
  }
  std::shared_ptr<AuthProvider> make(FirebaseOptions options) {
    return ready(firebase(with_clock(options), world.network.fetcher()));
  }
  std::string token(const std::string& more) {
    return world.token("\"iss\":\"" + issuer + R"(","aud":"demo","sub":"uid")" + more);
  }
};

TEST_F(FirebaseTest, OnlyIdTokensOfTheProject) {
  const auto provider = make(FirebaseOptions().project_id("demo"));
  EXPECT_EQ(world.reason(*provider, token("")), "");
  EXPECT_EQ(world.reason(*provider, world.token("\"iss\":\"" + issuer + R"(","aud":"42","sub":"uid")")),
            "aud [42] is not FIREBASE_PROJECT_ID (id, not number)");
  EXPECT_EQ(world.reason(*provider, world.token("\"iss\":\"" + issuer + R"(","aud":["demo","x"],"sub":"uid")")),
            "aud [demo, x] is not FIREBASE_PROJECT_ID (id, not number)");
  EXPECT_NE(world.reason(*provider, token(R"(,"auth_time":)" + std::to_string(world.seconds() + 60))), "");
  EXPECT_NE(world.reason(*provider, world.token("\"iss\":\"" + issuer + R"(","aud":"demo","sub":")" +
                                                std::string(129, 'x') + "\"")),
            "");
  const std::string custom = world.token(
      R"("iss":"svc@demo.iam.gserviceaccount.com","sub":"svc@demo.iam.gserviceaccount.com","uid":"u","aud":"https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit")");
  EXPECT_EQ(world.reason(*provider, custom), "wrong issuer: a custom token; the app must exchange it for an ID token");
  EXPECT_EQ(world.reason(*provider, World::other_key().sign(world.claims("\"iss\":\"" + issuer + "\""), "JWT")),
            "signed with an unknown key: token probably expired");
  EXPECT_TRUE(provider->authorization_servers().empty()) << "nobody can be sent there to authorize";
}

TEST_F(FirebaseTest, TenantsAndRoles) {
  const auto provider = make(FirebaseOptions().project_id("demo").tenant("t1"));
  EXPECT_EQ(world.reason(*provider, token(R"(,"firebase":{"tenant":"t1"},"roles":["admin"])")), "");
  EXPECT_EQ(world.reason(*provider, token(R"(,"firebase":{"tenant":"t2"})")), "of another tenant");
  EXPECT_EQ(world.reason(*provider, token("")), "of another tenant");
  EXPECT_TRUE(world.verify(*provider, token(R"(,"firebase":{"tenant":"t1"},"roles":["admin"])"))->has_role("admin"));
}

}  // namespace
}  // namespace leanmcp
