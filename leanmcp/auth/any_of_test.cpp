#include <leanmcp/auth/any_of.hpp>
#include <leanmcp/auth/clerk.hpp>
#include <leanmcp/auth/entra.hpp>
#include <leanmcp/auth/github.hpp>
#include <leanmcp/auth/google.hpp>
#include <leanmcp/auth/introspection.hpp>
#include <leanmcp/auth/oidc.hpp>
#include <leanmcp/auth/preset_test_support.hpp>
#include <leanmcp/auth/static_keys.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace leanmcp {
namespace {

using test::PresetTest;
using test::World;

struct AnyOfTest : PresetTest {
  const std::string introspection_url = "https://as.example/introspect";
  const std::string tenant = "11111111-1111-4111-8111-111111111111";

  void serve_oidc(const std::string& more = {}) {
    world.network.serve("https://idp.example/.well-known/openid-configuration",
                        R"({"issuer":"https://idp.example","jwks_uri":"https://idp.example/keys")" + more + "}");
    world.network.serve("https://idp.example/keys", test::key_set({World::key()}));
  }
  std::shared_ptr<AuthProvider> make_oidc() {
    return oidc(with_clock(OidcOptions("https://idp.example", "mcp").client("web")), world.network.fetcher());
  }
  std::shared_ptr<AuthProvider> make_fixed(const std::string& issuer, const std::string& name,
                                           const SigningKey& key = World::key()) {
    return static_keys(with_clock(StaticKeysOptions(issuer, "mcp", test::key_set({key})).name(name)));
  }
  std::shared_ptr<AuthProvider> make_introspection(const std::string& issuer = {}, const std::string& name = {}) {
    IntrospectionOptions options(introspection_url, "rs", Secret("s"));
    options.audience("mcp").issuer(issuer);
    if (!name.empty()) options.name(name);
    return introspection(with_clock(options), world.network.fetcher());
  }
  std::shared_ptr<AuthProvider> make_github() {
    return github(with_clock(GithubOptions().client_id("Iv1").client_secret(Secret("s"))), world.network.fetcher());
  }
  /// Of every company's people, those of one.
  std::shared_ptr<AuthProvider> make_entra() {
    world.network.serve("https://login.microsoftonline.com/organizations/discovery/v2.0/keys",
                        test::key_set({World::key()}));
    return entra(
        with_clock(
            EntraOptions().tenant("organizations").client_id("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").tenants({tenant})),
        world.network.fetcher());
  }
};

TEST_F(AnyOfTest, SendsEachTokenToItsIssuer) {
  const auto a = make_fixed("https://a", "a");
  const auto b = make_fixed("https://b", "b", World::other_key());
  const auto both = ready(any_of(a, b));
  EXPECT_EQ(both->authorization_servers(), (std::vector<std::string>{"https://a", "https://b"}));
  EXPECT_EQ(world.verify(*both, world.token(R"("iss":"https://a","aud":"mcp","sub":"u")"))->provider(), "a");
  EXPECT_NE(world.reason(*both, world.token(R"("iss":"https://b","aud":"mcp","sub":"u")")), "")
      << "a's key says nothing about b";
  EXPECT_EQ(world.reason(*both, world.token(R"("iss":"https://c","aud":"mcp","sub":"u")")),
            "of none of the providers' issuers");
  const std::string token =
      World::other_key().sign(world.claims(R"("iss":"https://b","aud":"mcp","sub":"u","name":"B")"), "JWT");
  EXPECT_EQ((*world.user(*both, token))->name, "B");
  EXPECT_NE(world.verify(*both, token)->key(),
            world.verify(*both, world.token(R"("iss":"https://a","aud":"mcp","sub":"u")"))->key());
  EXPECT_TRUE(any_of(a, a)->init().error().message().starts_with("two providers are both named 'a'"));
}

TEST_F(AnyOfTest, KnowsTheSignedTokensOfAnIntrospectedIssuer) {
  world.network.serve("https://as.example/introspect",
                      R"({"active":true,"sub":"u","aud":"mcp","iss":"https://as.example"})");
  const auto asked = make_introspection("https://as.example");
  const auto fixed = make_fixed("https://i", "fixed");
  const auto both = ready(any_of(asked, fixed));
  EXPECT_EQ(world.verify(*both, world.token(R"("iss":"https://as.example","sub":"u")"))->provider(), "introspection");
  EXPECT_EQ(world.verify(*both, world.token(R"("iss":"https://i","aud":"mcp","sub":"u")"))->provider(), "fixed");
  EXPECT_EQ(world.network.asked("https://as.example/introspect"), 1) << "nobody else's token goes there";
  EXPECT_EQ(world.reason(*both, world.token(R"("iss":"https://other","sub":"u")")),
            "of none of the providers' issuers");
  EXPECT_EQ(world.network.asked("https://as.example/introspect"), 1);
}

TEST_F(AnyOfTest, RefreshesByName) {
  serve_oidc(R"(,"token_endpoint":"https://idp.example/token")");
  world.network.serve("https://idp.example/token", R"({"access_token":"a","token_type":"Bearer"})");
  const auto one = make_oidc();
  const auto two = make_fixed("https://i", "fixed");
  const auto both = ready(any_of(one, two));
  EXPECT_TRUE(world.refresh(*both, RefreshRequest(Secret("rt")).provider("oidc")));
  EXPECT_FALSE(world.refresh(*both, RefreshRequest(Secret("rt")).provider("fixed")));
  EXPECT_EQ(world.refresh(*both).error().reason, "RefreshRequest::provider() names none of the providers");
}

TEST_F(AnyOfTest, NoOrderShowsATokenOfOneToAnother) {
  serve_oidc();
  world.network.serve("https://api.github.com/applications/Iv1/token",
                      R"({"app":{"client_id":"Iv1"},"scopes":[],"user":{"id":42,"login":"octo"}})");
  world.network.serve(introspection_url, R"({"active":true,"sub":"u","aud":"mcp"})");
  std::vector<std::shared_ptr<AuthProvider>> all = {make_introspection(), make_github(), make_entra(), make_oidc()};
  std::sort(all.begin(), all.end());
  do {
    const auto provider = ready(any_of(all));
    EXPECT_EQ(world.verify(*provider, "gho_right")->provider(), "github");
    EXPECT_EQ(
        world.verify(*provider, world.token(R"("iss":"https://idp.example","aud":"mcp","sub":"ada")"))->provider(),
        "oidc");
    EXPECT_EQ(world.verify(*provider, "opaque")->provider(), "introspection");
    EXPECT_EQ(world.reason(*provider, "ghp_personal"), "not a signed JWT (an opaque token?)")
        << "GitHub's own, though never taken";
    const std::string of_entra = "https://login.microsoftonline.com/" + tenant + "/v2.0";
    EXPECT_EQ(world.reason(*provider, world.token("\"iss\":\"" + of_entra + R"(","tid":")" + tenant + "\"")),
              "the key does not say whose it is");
    EXPECT_EQ(world.reason(*provider, world.token("\"iss\":\"https://evil.example\",\"tid\":\"" + tenant + "\"")),
              "of none of the providers' issuers");
  } while (std::next_permutation(all.begin(), all.end()));
  for (const auto& request : world.network.requests) {
    EXPECT_TRUE(request.url != introspection_url || request.body.starts_with("token=opaque&")) << request.body;
  }
}

TEST_F(AnyOfTest, WhatAProviderDoesNotTakeIsShownToNobodyElse) {
  const std::string issuer = "https://x-y-12.clerk.accounts.dev";
  world.network.serve(issuer + "/.well-known/jwks.json", test::key_set({World::key()}));
  world.network.serve("https://www.googleapis.com/oauth2/v3/certs", test::key_set({World::key()}));
  // Without a key, Clerk cannot be asked about opaque tokens.
  const auto of_clerk =
      clerk(with_clock(ClerkOptions().frontend_api(issuer).oauth_clients({"app"})), world.network.fetcher());
  const auto of_google =
      google(with_clock(GoogleOptions().client_id("app").access_tokens(false)), world.network.fetcher());
  const auto provider = ready(any_of(make_introspection(), of_clerk, of_google));
  for (const char* const token : {"oat_1", "ak_1", "mt_1", "ya29.1"}) EXPECT_FALSE(world.verify(*provider, token));
  EXPECT_EQ(world.network.asked(introspection_url), 0);
}

TEST_F(AnyOfTest, OneAtMostTakesTokensOfAnyForm) {
  EXPECT_EQ(fault(any_of(make_introspection({}, "one"), make_github(), make_introspection({}, "two"))),
            "the providers 'one' and 'two' both take tokens of any form: nobody could tell whose a token is");
  world.network.serve(introspection_url, R"({"active":true,"sub":"u","aud":"mcp"})");
  world.network.serve("https://api.github.com/applications/Iv1/token",
                      R"({"app":{"client_id":"Iv1"},"scopes":[],"user":{"id":42,"login":"octo"}})");
  const auto nested = ready(any_of(any_of(make_introspection(), make_fixed("https://i", "fixed")), make_github()));
  EXPECT_EQ(world.verify(*nested, "gho_right")->provider(), "github");
  EXPECT_EQ(world.verify(*nested, "opaque")->provider(), "introspection");
}

TEST_F(AnyOfTest, WhatWouldSayNothingInsideIsRefused) {
  const auto said = [&](const std::shared_ptr<AuthProvider>& inside) {
    return fault(any_of(inside, make_fixed("https://b", "b")));
  };
  const auto protecting = make_fixed("https://a", "a");
  protecting->protects("https://mcp.example/mcp");
  const auto implying = make_fixed("https://a", "a");
  implying->implies("admin", {"read"});
  const auto proving = make_fixed("https://a", "a");
  proving->accept_dpop(DpopOptions());
  for (const auto& one : {protecting, implying, proving})
    EXPECT_EQ(said(one),
              "the provider 'a' has its own protects(), implies() or accept_dpop(), which inside any_of() say "
              "nothing: call them on what any_of() returns");
}

}  // namespace
}  // namespace leanmcp
