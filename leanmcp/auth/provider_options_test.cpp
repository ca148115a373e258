#include <leanmcp/auth/any_of.hpp>
#include <leanmcp/auth/auth0.hpp>
#include <leanmcp/auth/clerk.hpp>
#include <leanmcp/auth/cognito.hpp>
#include <leanmcp/auth/entra.hpp>
#include <leanmcp/auth/introspection.hpp>
#include <leanmcp/auth/keycloak.hpp>
#include <leanmcp/auth/oidc.hpp>
#include <leanmcp/auth/okta.hpp>
#include <leanmcp/auth/preset_test_support.hpp>
#include <leanmcp/auth/workos.hpp>
#include <leanmcp/http/client.hpp>

#include <gtest/gtest.h>

#include <map>

namespace leanmcp {
namespace {

using test::PresetTest;
using test::World;

/// Settings as programs pass them on: some are not set, which reads as an empty text.
struct ProviderOptionsTest : PresetTest {
  void serve_keys(const std::string& url) { world.network.serve(url, test::key_set({World::key()})); }
  Fetcher fetcher() { return world.network.fetcher(); }
};

TEST_F(ProviderOptionsTest, AnEmptyClientIsNoClient) {
  EXPECT_TRUE(fault(cognito(CognitoOptions().user_pool_id("eu-west-1_Pool").client_id(""), fetcher()))
                  .starts_with("COGNITO_CLIENT_ID is not set"));
  EXPECT_TRUE(fault(clerk(ClerkOptions().frontend_api("x.clerk.accounts.dev").oauth_clients({""}), fetcher()))
                  .starts_with("CLERK_AUTHORIZED_PARTIES is not set (nor CLERK_AUDIENCE or CLERK_OAUTH_CLIENTS)"));
  const IntrospectionOptions asked("https://as.example/introspect", "rs", Secret("s"));
  EXPECT_TRUE(fault(introspection(IntrospectionOptions(asked).clients({""}), fetcher()))
                  .starts_with("INTROSPECTION_AUDIENCE is not set (nor INTROSPECTION_CLIENTS)"));
  EXPECT_NE(fault(entra(EntraOptions().tenant("common").client_id("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").tenants({""}),
                        fetcher()))
                .find("no tenants are allowed"),
            std::string::npos);
}

TEST_F(ProviderOptionsTest, SettingsAreRefusedByTheirNames) {
  const auto said = [&](std::map<std::string, std::string, std::less<>> given) {
    const Settings settings = [given = std::move(given)](std::string_view name) {
      const auto found = given.find(name);
      return found == given.end() ? std::string() : found->second;
    };
    const auto made = AuthProvider::from_settings(settings, std::make_shared<HttpClient>());
    if (!made) return std::string(made.error().message());
    return fault(*made);
  };
  EXPECT_EQ(said({{"AUTH_PROVIDER", "oidc"},
                  {"OIDC_ISSUER", "https://idp.example"},
                  {"OIDC_AUDIENCE", "mcp"},
                  {"OIDC_ALGORITHMS", "RS256,rs256"}}),
            "OIDC_ALGORITHMS has 'rs256'; the names are like RS256 and ES256");
  EXPECT_TRUE(said({{"AUTH_PROVIDER", "clerk"},
                    {"CLERK_PUBLISHABLE_KEY", "pk_test_broken"},
                    {"CLERK_AUTHORIZED_PARTIES", "https://app"}})
                  .starts_with("CLERK_PUBLISHABLE_KEY names no host"));
  EXPECT_EQ(fault(cognito(CognitoOptions().user_pool_id("eu-west-1_Pool").client_id("a,b"), fetcher())),
            "COGNITO_CLIENT_ID: 'a,b' is no app client's id; client_id() is called once for each");
}

TEST_F(ProviderOptionsTest, AlgorithmsAreNamedAsInTheirRegistry) {
  world.network.serve("https://idp.example/.well-known/openid-configuration",
                      R"({"issuer":"https://idp.example","jwks_uri":"https://idp.example/keys"})");
  serve_keys("https://idp.example/keys");
  EXPECT_EQ(fault(oidc(OidcOptions("https://idp.example", "mcp").algorithms({"rs256"}), fetcher())),
            "'rs256' is no algorithm of signatures; their names are like RS256, ES256 and EdDSA");
}

TEST_F(ProviderOptionsTest, TheResourceIsCanonicalOrInitSaysSo) {
  const auto provider = cognito(CognitoOptions().user_pool_id("eu-west-1_Pool").client_id("web"), fetcher());
  provider->protects("https://mcp.example.com//mcp");
  EXPECT_TRUE(fault(provider).starts_with("protects(): 'https://mcp.example.com//mcp' is not"));
  const auto several =
      any_of(cognito(CognitoOptions().user_pool_id("eu-west-1_Pool").client_id("web"), fetcher()),
             introspection(IntrospectionOptions("https://as.example/i", "rs", Secret("s")), fetcher()));
  several->protects("mcp.example.com/mcp");
  EXPECT_TRUE(fault(several).starts_with("protects(): 'mcp.example.com/mcp' is not"));
}

TEST_F(ProviderOptionsTest, ATokenOfNoClientIsNotOfOneInAList) {
  const std::vector<std::string> listed = {"", "web"};
  const auto refused = [&](const std::shared_ptr<AuthProvider>& provider, const std::string& claims) {
    return world.reason(*ready(provider), world.token(claims));
  };
  serve_keys("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool/.well-known/jwks.json");
  const auto of_pool = [&] {
    return cognito(with_clock(CognitoOptions().user_pool_id("eu-west-1_Pool").client_id("web").client_id("")),
                   fetcher());
  };
  const std::string pool = R"("iss":"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool","sub":"u",)";
  EXPECT_EQ(refused(of_pool(), pool + R"("token_use":"access")"), "client_id  is not COGNITO_CLIENT_ID");
  EXPECT_EQ(refused(of_pool(), pool + R"("token_use":"id","aud":"")"), "aud [] is not COGNITO_CLIENT_ID");

  serve_keys("https://x.clerk.accounts.dev/.well-known/jwks.json");
  EXPECT_EQ(
      refused(clerk(with_clock(ClerkOptions().frontend_api("x.clerk.accounts.dev").oauth_clients(listed)), fetcher()),
              R"("iss":"https://x.clerk.accounts.dev","sub":"u","jti":"oat_1")"),
      "client_id  not in CLERK_OAUTH_CLIENTS");

  serve_keys("https://t.auth0.com/.well-known/jwks.json");
  EXPECT_NE(refused(auth0(with_clock(Auth0Options().domain("t.auth0.com").audience("api").clients(listed)), fetcher()),
                    R"("iss":"https://t.auth0.com/","sub":"u","aud":"api")"),
            "");

  world.network.serve("https://idp.example/.well-known/openid-configuration",
                      R"({"issuer":"https://idp.example","jwks_uri":"https://idp.example/keys"})");
  serve_keys("https://idp.example/keys");
  EXPECT_NE(refused(oidc(with_clock(OidcOptions("https://idp.example", "mcp").clients(listed)), fetcher()),
                    R"("iss":"https://idp.example","sub":"u","aud":"mcp")"),
            "");

  serve_keys("https://k/realms/r/protocol/openid-connect/certs");
  EXPECT_NE(refused(keycloak(with_clock(KeycloakOptions().url("https://k").realm("r").audience("mcp").clients(listed)),
                             fetcher()),
                    R"("iss":"https://k/realms/r","sub":"u","aud":"mcp","typ":"Bearer")"),
            "");

  serve_keys("https://o.okta.com/oauth2/d/v1/keys");
  EXPECT_NE(refused(okta(with_clock(OktaOptions().issuer("https://o.okta.com/oauth2/d").audience("a").clients(listed)),
                         fetcher()),
                    R"("iss":"https://o.okta.com/oauth2/d","sub":"u","aud":"a","cid":"")"),
            "");

  world.network.serve("https://as.example/introspect", R"({"active":true,"sub":"u"})");
  const auto asked = introspection(
      with_clock(IntrospectionOptions("https://as.example/introspect", "rs", Secret("s")).clients(listed)), fetcher());
  EXPECT_EQ(world.reason(*ready(asked), "opaque"), "issued to a client that is not allowed");

  serve_keys("https://api.workos.com/sso/jwks/client_1");
  const auto session = workos(with_clock(WorkosOptions().client_id("client_1").issuers({""})), fetcher());
  EXPECT_NE(refused(session, R"("sub":"u","sid":"s")"), "") << "an issuer that is not named";
}

}  // namespace
}  // namespace leanmcp
