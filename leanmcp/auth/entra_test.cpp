#include <leanmcp/auth/entra.hpp>
#include <leanmcp/auth/preset_test_support.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using test::PresetTest;
using test::World;

struct EntraTest : PresetTest {
  std::string tenant = "11111111-1111-4111-8111-111111111111";
  std::string client = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
  std::string base = "https://login.microsoftonline.com/";
  EntraTest() { world.network.serve(base + tenant + "/discovery/v2.0/keys", test::key_set({World::key()})); }
  std::shared_ptr<AuthProvider> make(EntraOptions options) {
    return ready(entra(with_clock(options.tenant(tenant).client_id(client)), world.network.fetcher()));
  }
  /// `version` 1 or 2: the issuer of it.
  std::string token(int version, const std::string& audience, const std::string& more) {
    const std::string issuer = version == 2 ? base + tenant + "/v2.0" : "https://sts.windows.net/" + tenant + "/";
    return world.token("\"iss\":\"" + issuer + "\",\"tid\":\"" + tenant + "\",\"aud\":\"" + audience + "\",\"ver\":\"" +
                       std::to_string(version) + R"(.0","sub":"pairwise","oid":"o1")" + more);
  }
};

TEST_F(EntraTest, EntraOfSeveralTenantsHoldsTokenKeyAndTenantTogether) {
  const std::string one = "11111111-1111-4111-8111-111111111111";
  const std::string two = "22222222-2222-4222-8222-222222222222";
  const std::string client = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
  const std::string base = "https://login.microsoftonline.com/";
  const std::string keys = base + "organizations/discovery/v2.0/keys";
  const auto with_issuer = [&](const std::string& issuer) {
    std::string jwk = World::key().public_jwk();
    return "{\"keys\":[" + jwk.insert(1, "\"issuer\":\"" + issuer + "\",") + "]}";
  };
  const auto make = [&] {
    return ready(entra(with_clock(EntraOptions().tenant("organizations").tenants({one}).client_id(client)),
                       world.network.fetcher()));
  };
  const auto token = [&](const std::string& iss_tenant, const std::string& tid) {
    return world.token("\"iss\":\"" + base + iss_tenant + "/v2.0\",\"tid\":\"" + tid + "\",\"aud\":\"" + client +
                       R"(","sub":"p","oid":"o1","scp":"read")");
  };
  world.network.serve(keys, with_issuer(base + "{tenantid}/v2.0"));
  auto provider = make();
  EXPECT_EQ(world.verify(*provider, token(one, one))->id(), one + ":o1");
  EXPECT_EQ(world.reason(*provider, token(two, two)), "tid " + two + " is not allowed");
  EXPECT_TRUE(world.reason(*provider, token(two, one)).starts_with("wrong issuer"));
  EXPECT_TRUE(world.reason(*provider, token("{tenantid}", one)).starts_with("wrong issuer"));
  world.network.serve(keys, with_issuer(base + two + "/v2.0"));
  provider = make();
  EXPECT_EQ(world.reason(*provider, token(one, one)), "a key of another tenant");
  world.network.serve(keys, test::key_set({World::key()}));
  provider = make();
  EXPECT_EQ(world.reason(*provider, token(one, one)), "the key does not say whose it is");
  EXPECT_FALSE(entra(EntraOptions().tenant("common").client_id(client), world.network.fetcher())->init());
}

TEST_F(EntraTest, BothVersionsWhereTheFirstIsAllowed) {
  const std::string rights = R"(,"scp":"read write","appid":"app","roles":["Admin"],"groups":["g"])";
  const auto second = make(EntraOptions());
  EXPECT_EQ(world.reason(*second, token(2, client, rights)), "");
  EXPECT_EQ(world.reason(*second, token(1, client, rights)),
            "wrong issuer: ver 1.0 token: set requestedAccessTokenVersion=2 or allow v1 iss");
  const auto both = make(EntraOptions().allow_v1());
  const auto who = world.verify(*both, token(1, "api://" + client, rights));
  EXPECT_EQ(who->id(), "o1") << "sub is another one for each application";
  EXPECT_EQ(who->organisation(), tenant);
  EXPECT_EQ(who->client_id(), "app");
  EXPECT_EQ(who->scopes(), (std::vector<std::string>{"read", "write"}));
  EXPECT_EQ(who->roles(), std::vector<std::string>{"Admin"});
  EXPECT_EQ(world.verify(*both, token(2, client, rights))->key(), who->key()) << "one person by both issuers";
  EXPECT_EQ(world.network.requests.size(), 2U) << "the keys are the same";
}

TEST_F(EntraTest, AudiencesAreTheApisOwn) {
  const auto provider = make(EntraOptions().app_id_uri("https://mcp.example/mcp"));
  for (const std::string& audience : {client, "api://" + client, std::string("https://mcp.example/mcp")})
    EXPECT_EQ(world.reason(*provider, token(2, audience, R"(,"scp":"a")")), "") << audience;
  EXPECT_EQ(world.reason(*provider, token(2, "api://other", R"(,"scp":"a")")),
            "aud [api://other] is not AZURE_CLIENT_ID");
  EXPECT_EQ(world.reason(*provider, token(2, "", R"(,"scp":"a")")), "aud [] is not AZURE_CLIENT_ID");
  EXPECT_EQ(world.reason(*provider, token(2, "00000003-0000-0000-c000-000000000000", R"(,"scp":"User.Read")")),
            "aud is Microsoft Graph: request api://{id}/scope");
  EXPECT_EQ(world.reason(*provider, token(2, client, "")), "neither scp nor roles: an ID token?");
  const auto plain = make(EntraOptions());
  EXPECT_EQ(world.reason(*plain, token(2, "", R"(,"scp":"a")")), "aud [] is not AZURE_CLIENT_ID")
      << "no App ID URI is no audience";
}

TEST_F(EntraTest, ApplicationsAreMachines) {
  const auto provider = make(EntraOptions());
  EXPECT_TRUE(world.verify(*provider, token(2, client, R"(,"roles":["Job"],"idtyp":"app")"))->is_machine());
  EXPECT_TRUE(
      world
          .verify(*provider, world.token("\"iss\":\"" + base + tenant + "/v2.0\",\"tid\":\"" + tenant +
                                         "\",\"aud\":\"" + client + R"(","sub":"o1","oid":"o1","roles":["Job"])"))
          ->is_machine());
  EXPECT_FALSE(world.verify(*provider, token(2, client, R"(,"scp":"a")"))->is_machine());
}

TEST_F(EntraTest, AKeyOfAnotherTenantSignsNothing) {
  std::string jwk = World::key().public_jwk();
  jwk.insert(1, R"("issuer":"https://login.microsoftonline.com/22222222-2222-4222-8222-222222222222/v2.0",)");
  world.network.serve(base + tenant + "/discovery/v2.0/keys", "{\"keys\":[" + jwk + "]}");
  EXPECT_EQ(world.reason(*make(EntraOptions()), token(2, client, R"(,"scp":"a")")), "a key of another tenant");
}

TEST_F(EntraTest, RefreshRepeatsTheScope) {
  const auto provider = make(EntraOptions().client_secret(Secret("s")));
  EXPECT_EQ(world.refresh(*provider).error().reason, "Entra needs the scope again: RefreshRequest::scope");
  world.network.serve(base + tenant + "/oauth2/v2.0/token", R"({"access_token":"a","expires_in":3600})");
  EXPECT_TRUE(world.refresh(*provider, RefreshRequest(Secret("rt")).scope("api://x/a offline_access")));
  EXPECT_EQ(world.network.requests.back().body, "grant_type=refresh_token&refresh_token=rt&client_id=" + client +
                                                    "&client_secret=s&scope=api%3A%2F%2Fx%2Fa%20offline_access");
}

TEST_F(EntraTest, WrongSettingsAreNamed) {
  const auto said = [&](EntraOptions options) { return fault(entra(std::move(options), world.network.fetcher())); };
  EXPECT_TRUE(said(EntraOptions().tenant("contoso").client_id(client)).starts_with("AZURE_TENANT_ID must be"));
  EXPECT_TRUE(said(EntraOptions().tenant(tenant).client_id("x")).starts_with("AZURE_CLIENT_ID must be"));
  EXPECT_TRUE(said(EntraOptions().tenant("common").client_id(client).tenants({"x"}))
                  .starts_with("AZURE_ALLOWED_TENANTS has 'x'"));
  const std::string other = "22222222-2222-4222-8222-222222222222";
  EXPECT_EQ(said(EntraOptions().tenant(other).client_id(client)),
            "AZURE_TENANT_ID: the provider's keys at " + base + other +
                "/discovery/v2.0/keys cannot be used: the answer has status 404");
}

}  // namespace
}  // namespace leanmcp
