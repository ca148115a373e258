#include <leanmcp/auth/introspection.hpp>
#include <leanmcp/auth/keycloak.hpp>
#include <leanmcp/auth/oidc.hpp>
#include <leanmcp/auth/okta.hpp>
#include <leanmcp/auth/preset_test_support.hpp>
#include <leanmcp/auth/static_keys.hpp>
#include <leanmcp/auth/workos.hpp>
#include <leanmcp/base/encoding.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using test::PresetTest;
using test::World;

struct OidcPresetTest : PresetTest {
  void serve_oidc(const std::string& more = {}) {
    world.network.serve("https://idp.example/.well-known/openid-configuration",
                        R"({"issuer":"https://idp.example","jwks_uri":"https://idp.example/keys")" + more + "}");
    world.network.serve("https://idp.example/keys", test::key_set({World::key()}));
  }
  std::shared_ptr<AuthProvider> make_oidc() {
    return ready(oidc(with_clock(OidcOptions("https://idp.example", "mcp").client("web", Secret("s"))),
                      world.network.fetcher()));
  }
  std::string oidc_token(const std::string& more = {}, long long life = 3600) {
    return world.token(R"("iss":"https://idp.example","aud":"mcp","sub":"ada")" + more, "at+jwt", life);
  }
};

TEST_F(OidcPresetTest, DiscoveryMustAgreeWithTheSettings) {
  serve_oidc();
  make_oidc();
  const auto fault = [&](const OidcOptions& options) {
    return PresetTest::fault(oidc(options, world.network.fetcher()));
  };
  EXPECT_NE(fault(OidcOptions("https://idp.example/", "mcp")).find("a slash at the end makes the difference"),
            std::string::npos);
  EXPECT_NE(fault(OidcOptions("https://idp.example", "")).find("OIDC_AUDIENCE is empty"), std::string::npos);
  EXPECT_NE(
      fault(OidcOptions("https://idp.example", "mcp").algorithms({"HS256"})).find("'HS256' is not for published keys"),
      std::string::npos);
  EXPECT_NE(fault(OidcOptions("https://idp.example", "mcp").algorithms({"none"})).find("'none'"), std::string::npos);
  world.network.serve("https://idp.example/.well-known/openid-configuration",
                      R"({"issuer":"https://idp.example","jwks_uri":"http://evil.example/keys"})");
  EXPECT_NE(fault(OidcOptions("https://idp.example", "mcp")).find("jwks_uri 'http://evil.example/keys'"),
            std::string::npos);
}

TEST_F(OidcPresetTest, ARepeatedTokenIsDecidedWithoutItsSignature) {
  serve_oidc();
  const auto provider = make_oidc();
  const std::string token = oidc_token();
  EXPECT_EQ(world.reason(*provider, token), "");
  EXPECT_EQ(provider->verify_now(token, world.clock->now())->value().id(), "ada");
  world.clock->advance(3600s);
  EXPECT_EQ(world.reason(*provider, token), "") << "within the skew, by its signature again";
  world.clock->advance(5s);
  EXPECT_EQ(world.reason(*provider, token), "expired");
}

TEST_F(OidcPresetTest, ANewKeyIsFetchedOnceForAllThatWait) {
  serve_oidc();
  const auto provider = make_oidc();
  world.clock->advance(1min);
  world.network.serve("https://idp.example/keys", test::key_set({World::key(), World::other_key()}));
  world.network.held = true;
  int good = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string token = World::other_key().sign(
        world.claims(R"("iss":"https://idp.example","aud":"mcp","sub":"u)" + std::to_string(i) + "\""), "at+jwt");
    EXPECT_FALSE(provider->verify_now(token, world.clock->now()));
    using Outcome = RunOutcome<Result<Principal, AuthFault>>;
    spawn(world.executor, provider->verify(token, world.clock->now()),
          [&good](Outcome outcome) { good += outcome.value->has_value(); });
  }
  world.network.release();
  world.executor.run();
  EXPECT_EQ(good, 50);
  EXPECT_EQ(world.network.asked("https://idp.example/keys"), 2);
}

TEST_F(OidcPresetTest, UserinfoIsAskedOnceAndMustBeTheSamePersons) {
  serve_oidc(R"(,"userinfo_endpoint":"https://idp.example/me")");
  const auto provider = make_oidc();
  world.network.serve("https://idp.example/me", R"({"sub":"ada","email":"a@x","name":"Ada"})");
  const std::string token = oidc_token();
  EXPECT_EQ((*world.user(*provider, token))->email, "a@x");
  EXPECT_EQ((*world.user(*provider, token))->email, "a@x");
  EXPECT_EQ(world.network.asked("https://idp.example/me"), 1);
  world.network.serve("https://idp.example/me", R"({"sub":"eve","email":"e@x"})");
  EXPECT_EQ(world.user(*provider, oidc_token(R"(,"jti":"2")")).error().code, AuthCode::verification_failed);
  world.network.fail("https://idp.example/me", 401);
  EXPECT_EQ(world.user(*provider, oidc_token(R"(,"jti":"3")")).error().code, AuthCode::invalid_token);
  world.network.fail("https://idp.example/me", 503, "{}", {{"retry-after", "7"}});
  EXPECT_EQ(world.user(*provider, oidc_token(R"(,"jti":"4")")).error().retry_after, 7s);
}

TEST_F(OidcPresetTest, RefreshAuthenticatesAsTheProviderSays) {
  serve_oidc(
      R"(,"token_endpoint":"https://idp.example/token","token_endpoint_auth_methods_supported":["client_secret_post"])");
  world.network.serve("https://idp.example/token", R"({"access_token":"a","token_type":"Bearer"})");
  EXPECT_TRUE(world.refresh(*make_oidc()));
  EXPECT_EQ(world.network.requests.back().body,
            "grant_type=refresh_token&refresh_token=rt&client_id=web&client_secret=s");
  serve_oidc(R"(,"token_endpoint":"https://idp.example/token")");
  EXPECT_TRUE(world.refresh(*make_oidc()));
  EXPECT_EQ(world.network.requests.back().headers.back().second, "Basic " + base64_encode("web:s"));
}

TEST_F(OidcPresetTest, OktasPeopleAreTheirUid) {
  const std::string issuer = "https://o.okta.com/oauth2/default";
  world.network.serve(issuer + "/v1/keys", test::key_set({World::key()}));
  const auto provider =
      ready(okta(with_clock(OktaOptions().issuer(issuer).audience("api://default")), world.network.fetcher()));
  const std::string start = "\"iss\":\"" + issuer + "\",\"aud\":\"api://default\",\"cid\":\"web\"";
  const auto who = world.verify(*provider, world.token(start + R"(,"sub":"ada@x","uid":"00u1","scp":["a"])", ""));
  EXPECT_EQ(who->id(), "00u1");
  EXPECT_EQ(who->subject(), "ada@x");
  EXPECT_TRUE(who->has_scope("a"));
  EXPECT_TRUE(world.verify(*provider, world.token(start + R"(,"sub":"web")", ""))->is_machine());
}

TEST_F(OidcPresetTest, WorkosTakesItsSeveralIssuersByOneSetOfKeys) {
  world.network.serve("https://api.workos.com/sso/jwks/client_1", test::key_set({World::key()}));
  const auto provider = ready(workos(
      with_clock(WorkosOptions().client_id("client_1").issuers({"https://auth.example"})), world.network.fetcher()));
  for (const char* issuer :
       {"https://api.workos.com", "https://api.workos.com/user_management/client_1", "https://auth.example"})
    EXPECT_EQ(world.reason(*provider, world.token("\"iss\":\"" + std::string(issuer) + R"(","sub":"u","sid":"s")")), "")
        << issuer;
  EXPECT_EQ(world.network.requests.size(), 1U);
}

TEST_F(OidcPresetTest, IntrospectionNeedsABooleanActive) {
  const std::string url = "https://as.example/introspect";
  const auto make = [&](const IntrospectionOptions& options) {
    return ready(introspection(with_clock(options), world.network.fetcher()));
  };
  const auto provider = make(IntrospectionOptions(url, "rs", Secret("s")).audience("mcp"));
  world.network.serve(url, R"({"active":true,"sub":"u","aud":["mcp"],"scope":"a b","exp":)" +
                               std::to_string(world.seconds() + 100) + "}");
  EXPECT_TRUE(world.verify(*provider, "opaque-1")->has_scope("b"));
  world.verify(*provider, "opaque-1").value();
  EXPECT_EQ(world.network.asked(url), 1);
  world.network.serve(url, R"({"active":false})");
  world.clock->advance(99s);
  EXPECT_EQ(world.reason(*provider, "opaque-1"), "");
  world.clock->advance(1s);
  EXPECT_EQ(world.reason(*provider, "opaque-1"), "not active") << "never past its expiry";
  world.network.serve(url, R"({"active":"true","sub":"u","aud":"mcp"})");
  EXPECT_EQ(world.verify(*provider, "opaque-2").error().code, AuthCode::verification_failed);
  world.network.fail(url, 401);
  EXPECT_EQ(world.verify(*provider, "opaque-3").error().code, AuthCode::verification_failed)
      << "we are refused, not the token";
  EXPECT_FALSE(introspection(IntrospectionOptions(url, "rs", Secret("s")), world.network.fetcher())->init());
}

TEST_F(OidcPresetTest, StaticKeysAskNobody) {
  const auto provider =
      ready(static_keys(with_clock(StaticKeysOptions("https://i", "mcp", test::key_set({World::key()})))));
  const std::string token = world.token(R"("iss":"https://i","aud":"mcp","sub":"u","email":"a@x")");
  EXPECT_EQ(world.verify(*provider, token)->id(), "u");
  EXPECT_EQ((*world.user(*provider, token))->email, "a@x");
  EXPECT_NE(world.reason(*provider,
                         World::other_key().sign(world.claims(R"("iss":"https://i","aud":"mcp","sub":"u")"), "JWT")),
            "");
  EXPECT_FALSE(static_keys(StaticKeysOptions("https://i", "", "{}"))->init());
  EXPECT_EQ(world.refresh(*provider).error().code, AuthCode::verification_failed);
}

TEST_F(OidcPresetTest, MachinesOfKeycloak) {
  world.network.serve("https://k/realms/r/protocol/openid-connect/certs", test::key_set({World::key()}));
  const auto provider = ready(
      keycloak(with_clock(KeycloakOptions().url("https://k").realm("r").audience("mcp")), world.network.fetcher()));
  const std::string start = R"("iss":"https://k/realms/r","aud":["mcp"],"typ":"Bearer","azp":"web","sub":"u")";
  EXPECT_TRUE(
      world.verify(*provider, world.token(start + R"(,"preferred_username":"service-account-web")"))->is_machine());
  EXPECT_EQ(
      world.reason(*provider, world.token(R"("iss":"https://k/realms/r","aud":"account","typ":"Bearer","sub":"u")")),
      "aud [account]: add an Audience mapper for mcp");
}

TEST_F(OidcPresetTest, OktasScopesComeAsListOrText) {
  const std::string issuer = "https://o.okta.com/oauth2/default";
  world.network.serve(issuer + "/v1/keys", test::key_set({World::key()}));
  const auto provider = ready(okta(with_clock(OktaOptions().issuer(issuer).audience("api://default").clients({"web"})),
                                   world.network.fetcher()));
  const auto token = [&](const std::string& more, const std::string& aud = "api://default") {
    return world.token("\"iss\":\"" + issuer + "\",\"aud\":\"" + aud + R"(","sub":"ada@x","uid":"00u1")" + more, "");
  };
  EXPECT_EQ(world.verify(*provider, token(R"(,"cid":"web","scp":["a","b c"])"))->scopes(),
            (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(world.verify(*provider, token(R"(,"cid":"web","scp":"a b","groups":["g"])"))->scopes(),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(world.reason(*provider, token(R"(,"cid":"other")")), "cid other is not in OKTA_CLIENTS");
  EXPECT_EQ(world.reason(*provider, token(R"(,"cid":"web")", "api://x")), "aud [api://x] lacks OKTA_AUDIENCE");
  EXPECT_EQ(world.reason(*provider, world.token(R"("iss":"https://o.okta.com","aud":"https://o.okta.com","sub":"a")")),
            "wrong issuer: org-server token: use a custom authorization server");
  EXPECT_EQ(fault(okta(OktaOptions().issuer("https://o.okta.com/oauth2/gone").audience("a"), world.network.fetcher())),
            "OKTA_ISSUER: the provider's keys at https://o.okta.com/oauth2/gone/v1/keys cannot be used: the answer has "
            "status 404");
}

TEST_F(OidcPresetTest, KeycloakTakesAccessTokensOnly) {
  world.network.serve("https://k/realms/r/protocol/openid-connect/certs", test::key_set({World::key()}));
  const auto provider =
      ready(keycloak(with_clock(KeycloakOptions().url("https://k/").realm("r").audience("mcp").clients({"web"})),
                     world.network.fetcher()));
  const auto token = [&](const std::string& more) {
    return world.token(R"("iss":"https://k/realms/r","aud":["mcp","account"])" + more);
  };
  EXPECT_EQ(world.reason(*provider, token(R"(,"typ":"Bearer","azp":"web","sub":"u")")), "");
  EXPECT_EQ(world.reason(*provider, token(R"(,"typ":"ID","azp":"web","sub":"u")")),
            "a token of type ID, not an access token");
  EXPECT_EQ(world.reason(*provider, token(R"(,"typ":"Refresh","azp":"web","sub":"u")")),
            "a token of type Refresh, not an access token");
  EXPECT_EQ(world.reason(*provider, token(R"(,"azp":"web","sub":"u")")), "a token of type none, not an access token");
  EXPECT_EQ(world.reason(*provider, token(R"(,"typ":"Bearer","azp":"mcp","sub":"u")")),
            "azp mcp is not in KEYCLOAK_CLIENTS")
      << "the audience is no client";
  EXPECT_EQ(world.reason(*provider, token(R"(,"typ":"Bearer","azp":"web")")),
            "no sub: the client must request the scope openid");
  const auto who = world.verify(
      *provider,
      token(
          R"(,"typ":"Bearer","azp":"web","sub":"u","scope":"openid a","realm_access":{"roles":["r1"]},"resource_access":{"web":{"roles":["w1"]},"x":7},"roles":["forged"])"));
  EXPECT_EQ(who->roles(), (std::vector<std::string>{"r1", "web:w1"}));
  EXPECT_EQ(fault(keycloak(KeycloakOptions().url("https://k").realm("gone").audience("mcp"), world.network.fetcher())),
            "KEYCLOAK_URL or KEYCLOAK_REALM: the provider's keys at "
            "https://k/realms/gone/protocol/openid-connect/certs cannot be used: the answer has status 404");
}

TEST_F(OidcPresetTest, WorkosAuthkitHasItsAudience) {
  const std::string issuer = "https://sub.authkit.app";
  world.network.serve(issuer + "/oauth2/jwks", test::key_set({World::key()}));
  const auto made = [&](const std::string& url, const std::string& audience) {
    return workos(with_clock(WorkosOptions().authkit(url).audience(audience)), world.network.fetcher());
  };
  const auto provider = ready(made(issuer, "https://mcp"));
  EXPECT_EQ(world.reason(*provider, world.token("\"iss\":\"" + issuer + R"(","aud":"https://mcp","sub":"u")")), "");
  EXPECT_EQ(world.reason(*provider, world.token("\"iss\":\"" + issuer + R"(","aud":"client_1","sub":"u")")),
            "aud [client_1] lacks WORKOS_AUDIENCE");
  EXPECT_EQ(world.reason(*provider, world.token(R"("iss":"https://api.workos.com","aud":"https://mcp","sub":"u")")),
            "wrong issuer: iss https://api.workos.com not in WORKOS_ISSUER");
  EXPECT_TRUE(fault(made(issuer + "/", "https://mcp")).starts_with("WORKOS_AUTHKIT must be like"));
  EXPECT_TRUE(fault(made(issuer, "")).starts_with("WORKOS_AUDIENCE is not set"));
}

TEST_F(OidcPresetTest, KeycloaksUserinfoAndRefresh) {
  const std::string realm = "https://k/realms/r/protocol/openid-connect/";
  world.network.serve(realm + "certs", test::key_set({World::key()}));
  const auto made = [&](const KeycloakOptions& options) {
    return ready(keycloak(with_clock(options), world.network.fetcher()));
  };
  const auto options = [] { return KeycloakOptions().url("https://k").realm("r").audience("mcp"); };
  const auto provider = made(options().client("web", Secret("s")));
  world.network.serve(realm + "userinfo", R"({"sub":"u","email":"k@x","preferred_username":"kc"})");
  const std::string token =
      world.token(R"("iss":"https://k/realms/r","aud":"mcp","typ":"Bearer","azp":"web","sub":"u")");
  const auto user = world.user(*provider, token);
  EXPECT_EQ((*user)->email + " " + (*user)->username, "k@x kc");
  EXPECT_EQ(world.network.requests.back().headers.at(1).second, "Bearer " + token);
  world.network.serve(realm + "token", R"({"access_token":"a","refresh_token":"r2","token_type":"Bearer"})");
  EXPECT_EQ(world.refresh(*provider)->refresh_token.reveal(), "r2");
  EXPECT_EQ(world.network.requests.back().headers.back().second, "Basic " + base64_encode("web:s"));
  EXPECT_EQ(world.network.requests.back().body, "grant_type=refresh_token&refresh_token=rt");
  world.network.fail(realm + "token", 400, R"({"error":"invalid_grant"})");
  EXPECT_EQ(world.refresh(*provider).error().code, AuthCode::invalid_token);
  EXPECT_EQ(world.refresh(*made(options())).error().reason, "KEYCLOAK_CLIENT_ID is not set: it is needed to refresh");
}

TEST_F(OidcPresetTest, OktaRefreshesAtItsOwnServer) {
  const std::string issuer = "https://o.okta.com/oauth2/default";
  world.network.serve(issuer + "/v1/keys", test::key_set({World::key()}));
  const auto made = [&](const OktaOptions& options) {
    return ready(okta(with_clock(options), world.network.fetcher()));
  };
  const auto options = [&] { return OktaOptions().issuer(issuer).audience("api://default"); };
  world.network.serve(issuer + "/v1/token", R"({"access_token":"a","token_type":"Bearer","scope":"openid"})");
  EXPECT_EQ(world.refresh(*made(options().client("web", Secret("s"))))->scope, "openid");
  EXPECT_EQ(world.network.requests.back().headers.back().second, "Basic " + base64_encode("web:s"));
  EXPECT_EQ(world.refresh(*made(options())).error().reason, "OKTA_CLIENT_ID is not set: it is needed to refresh");
}

TEST_F(OidcPresetTest, WorkosRefreshesAndLooksUpInBothModes) {
  const std::string issuer = "https://sub.authkit.app";
  world.network.serve("https://api.workos.com/sso/jwks/client_1", test::key_set({World::key()}));
  world.network.serve(issuer + "/oauth2/jwks", test::key_set({World::key()}));
  const auto made = [&](const WorkosOptions& options) {
    return ready(workos(with_clock(options), world.network.fetcher()));
  };
  const auto session = made(WorkosOptions().client_id("client_1").api_key(Secret("sk")));
  const auto authkit = made(WorkosOptions().client_id("client_1").authkit(issuer).audience("mcp"));
  world.network.serve("https://api.workos.com/user_management/authenticate",
                      R"({"access_token":"a","refresh_token":"r"})");
  EXPECT_EQ(world.refresh(*session)->refresh_token.reveal(), "r");
  EXPECT_EQ(world.network.requests.back().body,
            "grant_type=refresh_token&refresh_token=rt&client_id=client_1&client_secret=sk");
  world.network.serve(issuer + "/oauth2/token", R"({"access_token":"a","token_type":"Bearer"})");
  EXPECT_EQ(world.refresh(*authkit)->access_token.reveal(), "a");
  EXPECT_EQ(world.network.requests.back().body, "grant_type=refresh_token&refresh_token=rt&client_id=client_1");
  EXPECT_EQ(world.refresh(*made(WorkosOptions().authkit(issuer).audience("mcp"))).error().reason,
            "WORKOS_CLIENT_ID is not set: it is needed to refresh");
  world.network.serve(issuer + "/oauth2/userinfo", R"({"sub":"u","email":"w@x","name":"W"})");
  const std::string token = world.token("\"iss\":\"" + issuer + R"(","aud":"mcp","sub":"u")");
  EXPECT_EQ((*world.user(*authkit, token))->email, "w@x");
}

}  // namespace
}  // namespace leanmcp
