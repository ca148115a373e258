// Access tokens of this server at an MCP server in the same process, and the provider's tokens for its tools.

#include <leanmcp/oauth/server/own_tokens.hpp>

#include <leanmcp/base/manual_executor.hpp>
#include <leanmcp/oauth/server/flow_test_support.hpp>
#include <leanmcp/oauth/server/upstream_tokens.hpp>

#include <thread>

namespace leanmcp::as {
namespace {

class OwnTokensTest : public FlowTest {
 protected:
  static constexpr const char* resource = "https://mcp.example/mcp";

  void SetUp() override {
    auto given = options();
    given.protects(ProtectedApi("https://other.example/mcp").scope("x", "X"));
    server = std::make_unique<OAuthServer>(std::move(given), *Database::open("sqlite::memory:"));
    const auto ready = server->init();
    ASSERT_TRUE(ready) << ready.error().message();
    provider = own_tokens(*server, resource);
    const auto started = provider->init();
    ASSERT_TRUE(started) << started.error().message();
    grant.grant_id = "family";
    grant.subject = "github:4711";
    grant.client_id = "app";
    grant.upstream = "github";
    grant.profile = R"({"name":"Ada L","email":"ada@example.com"})";
    grant.created = now();
    grant.expires = now() + 24h;
    ASSERT_TRUE(server->core().store->add_grant(grant));
  }

  std::string token(const std::string& audience = resource, const std::string& family = "family") {
    AccessTokenClaims claims;
    claims.subject = grant.subject;
    claims.client_id = "app";
    claims.audience = audience;
    claims.scope = "read";
    claims.grant_id = family;
    return sign_access_token(server->core(), claims, now(), 600s);
  }
  std::optional<Principal> principal(const std::string& text) {
    const auto verified = provider->verify_now(text, now());
    return verified && *verified ? std::optional<Principal>(verified->value()) : std::nullopt;
  }

  std::unique_ptr<OAuthServer> server;
  std::shared_ptr<AuthProvider> provider;
  GrantRecord grant;
};

TEST_F(OwnTokensTest, AreTakenWithoutTheNetwork) {
  const auto who = principal(token());
  ASSERT_TRUE(who);
  EXPECT_EQ(who->id(), "github:4711");
  EXPECT_EQ(who->provider(), "oauth");
  EXPECT_EQ(who->client_id(), "app");
  EXPECT_TRUE(who->has_scope("read"));
  EXPECT_EQ(provider->authorization_servers(), std::vector<std::string>{issuer});
  EXPECT_EQ(provider->resource_url(), resource);
  EXPECT_EQ(provider->scopes(), std::vector<std::string>{"read"});
}

TEST_F(OwnTokensTest, Rfc9470_TheySayWhenThePersonSignedIn) {
  AccessTokenClaims claims;
  claims.subject = grant.subject, claims.client_id = "app", claims.audience = resource, claims.grant_id = "family";
  claims.signed_in = now() - 100s;
  const auto who = principal(sign_access_token(server->core(), claims, now(), 600s));
  ASSERT_TRUE(who);
  // What sign_in_strength reads.
  EXPECT_NE(who->claims_json().find("\"auth_time\":" + std::to_string(unix_seconds(now()) - 100)), std::string::npos)
      << who->claims_json();
}

TEST_F(OwnTokensTest, AttackOtherTokensAreNot) {
  EXPECT_FALSE(principal(token("https://other.example/mcp"))) << "for another server";
  EXPECT_FALSE(principal(sign_id_token(server->core(), "github:4711", resource, "n", "t", now(), now())))
      << "an ID token";
  const std::string good = token();
  EXPECT_FALSE(principal(good.substr(0, good.size() - 4) + "AAAA"));
  clock->advance(700s);
  EXPECT_FALSE(principal(good)) << "expired";
}

TEST_F(OwnTokensTest, TheProfileIsTheGrants) {
  const std::string text = token();
  const auto who = principal(text);
  ASSERT_TRUE(who);
  ManualExecutor executor;
  using User = Result<std::shared_ptr<const AuthUser>, AuthFault>;
  std::optional<User> got;
  RunHandle run = spawn(executor, provider->user(*who, text),
                        [&](RunOutcome<User> outcome) { got.emplace(std::move(*outcome.value)); });
  while (!got && executor.wait(10s)) executor.run();
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((**got)->name, "Ada L");
  EXPECT_EQ((**got)->email, "ada@example.com");
  EXPECT_EQ((**got)->sub, "github:4711");
}

TEST_F(OwnTokensTest, ToolsGetTheProvidersToken) {
  UpstreamTokens tokens;
  tokens.access_token = Secret("gho_1");
  const auto who = principal(token());
  ASSERT_TRUE(who);
  EXPECT_FALSE(upstream_token(*server, *who)) << "none yet";
  ASSERT_TRUE(keep_upstream_tokens(server->core(), grant, tokens, now()));
  EXPECT_EQ(upstream_token(*server, *who)->reveal(), "gho_1");
  EXPECT_FALSE(upstream_token(*server, *principal(token(resource, "")))) << "a machine";
  ASSERT_TRUE(end_grant(server->core(), "family"));
  EXPECT_FALSE(upstream_token(*server, *who)) << "ended";
  EXPECT_EQ(upstream->revoked, "gho_1") << "and there too";
}

}  // namespace
}  // namespace leanmcp::as
