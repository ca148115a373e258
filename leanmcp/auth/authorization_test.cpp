#include <leanmcp/auth/authorization_test_support.hpp>
#include <leanmcp/auth/authorize.hpp>
#include <leanmcp/auth/rate_limit.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

struct Page {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(Page, (), (id))

using test::fine;
using test::header;
using test::NoProvider;
using test::person;
using test::with_scopes;

class Authorization : public test::AuthorizationTest {};
INSTANTIATE_TEST_SUITE_P(Versions, Authorization, testing::Values(Version::v2025_11_25, Version::v2026_07_28),
                         [](const auto& info) { return is_modern(info.param) ? "modern" : "legacy"; });

TEST_P(Authorization, ChallengesNameAllScopesInWhateverOrderTheyAreDeclared) {
  struct Service {
    std::string go() const { return "fine"; }
  } service;
  server.service(service, scopes({"read"}), authenticated(provider)).tool("go", &Service::go, scopes({"write"}));
  MemoryClient client = connect();
  const auto nobody = client.call("go");
  EXPECT_EQ(nobody.http_status, 401);
  EXPECT_EQ(header(nobody, "WWW-Authenticate"),
            "Bearer resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/mcp\", "
            "scope=\"read write\"");
  EXPECT_NE(nobody.error.find(R"("code":"MISSING_TOKEN")"), std::string::npos) << nobody.error;
  const auto reader = client.as_user(with_scopes({"read"})).call("go");
  EXPECT_EQ(reader.http_status, 403);
  EXPECT_NE(header(reader, "WWW-Authenticate").find("error=\"insufficient_scope\""), std::string::npos);
  EXPECT_NE(header(reader, "WWW-Authenticate").find("scope=\"read write\""), std::string::npos);
  EXPECT_NE(reader.error.find(R"("action":"request_scope")"), std::string::npos) << reader.error;
  EXPECT_EQ(client.as_user(with_scopes({"write", "read"})).call_text("go"), "fine");
}

TEST_P(Authorization, AScopeStandsForOthers) {
  provider->implies("admin", {"write"});
  provider->implies("write", {"read"});
  server.tool("go", &fine, authenticated(provider), scopes({"read", "write"}));
  MemoryClient client = connect();
  EXPECT_EQ(client.as_user(with_scopes({"admin"})).call_text("go"), "fine");
  EXPECT_EQ(client.as_user(with_scopes({"write"})).call_text("go"), "fine");
  EXPECT_EQ(client.as_user(with_scopes({"read"})).call("go").http_status, 403);
}

TEST_P(Authorization, AnyScopeNamesTheFirst) {
  server.tool("go", &fine, any_scope({"a", "b"}), authenticated(provider));
  MemoryClient client = connect();
  EXPECT_EQ(client.as_user(with_scopes({"b"})).call_text("go"), "fine");
  const auto reply = client.as_user(with_scopes({"c"})).call("go");
  EXPECT_NE(header(reply, "WWW-Authenticate").find("scope=\"a\""), std::string::npos);
}

TEST_P(Authorization, TraitsAreForbiddenWithoutAChallenge) {
  server.tool("role", &fine, authenticated(provider), roles({"editor", "owner"}))
      .tool("group", &fine, authenticated(provider), groups({"staff"}))
      .tool("permission", &fine, authenticated(provider), permissions({"p1", "p2"}))
      .tool("organisation", &fine, authenticated(provider), organisations({"acme"}));
  MemoryClient client = connect();
  client.as_user(with_scopes({}));
  for (const char* tool : {"role", "group", "permission", "organisation"}) {
    const auto reply = client.call(tool);
    EXPECT_EQ(reply.http_status, 403) << tool;
    EXPECT_NE(reply.error.find(R"("code":"FORBIDDEN")"), std::string::npos) << reply.error;
    EXPECT_EQ(header(reply, "WWW-Authenticate"), "");
  }
  Principal::Fields fields;
  fields.roles = {"owner"};
  fields.groups = {"staff"};
  fields.permissions = {"p2", "p1"};
  fields.organisation = "acme";
  client.as_user(person(fields));
  for (const char* tool : {"role", "group", "permission", "organisation"}) EXPECT_EQ(client.call_text(tool), "fine");
}

TEST_P(Authorization, RulesSeeWhoAndWhat) {
  server
      .tool(
          "own", [](const Page& page) { return "page " + page.id; }, authenticated(provider),
          authorize([](const Page& page, const Principal& who) { return page.id == who.id(); }))
      .tool("named", &fine, authenticated(provider), authorize([](const AuthUser& user) -> Result<void> {
              if (user.first_name == "Ada") return {};
              return Error("Ada alone may do this.");
            }))
      .tool("later", &fine, authenticated(provider), authorize([](const Principal&) -> Task<bool> { co_return false; }))
      .tool("broken", &fine, authenticated(provider),
            authorize([](const Principal&) -> bool { throw std::runtime_error("bug"); }));
  MemoryClient client = connect();
  client.as_user(with_scopes({}));
  EXPECT_EQ(client.call_text("own", R"({"id":"ada"})"), "page ada");
  EXPECT_EQ(client.call("own", R"({"id":"bob"})").http_status, 403);
  EXPECT_NE(client.call_text("own", R"({"id":7})").find("/id"), std::string::npos) << "faults are told as always";
  EXPECT_EQ(client.call_text("named"), "fine");
  EXPECT_EQ(client.call("later").http_status, 403);
  EXPECT_EQ(client.call("broken").http_status, 403);
  AuthUser bob = test_user("bob", "bob@example.com", "Bob B");
  EXPECT_NE(client.as_user(bob).call("named").error.find("Ada alone may do this."), std::string::npos);
  EXPECT_EQ(client.as_nobody().call("own", R"({"id":"ada"})").http_status, 401);
}

/// Stands for whoever asks for missing arguments.
class Fills final : public Hook {
 public:
  explicit Fills(const char* id) : id_(id) {}
  Stage stage() const override { return Stage::elicit; }
  Verdict before(Call& call) override {
    call.merge_argument("id", json::value(id_));
    return Verdict::proceed();
  }

 private:
  const char* const id_;
};

TEST_P(Authorization, RulesSeeWhatWasAskedForToo) {
  const auto own = authorize([](const Page& page, const Principal& who) { return page.id == who.id(); });
  const auto fill_in = [](EntryDraft& draft) {
    draft.schema_edits.push_back([](json::object& schema) -> Result<void> {
      schema.erase("required");
      return {};
    });
  };
  const auto give = [](const Page& page) { return "page " + page.id; };
  server.tool("mine", give, authenticated(provider), own, Decorator(std::make_shared<Fills>("ada")), Decorator(fill_in))
      .tool("theirs", give, authenticated(provider), own, Decorator(std::make_shared<Fills>("bob")),
            Decorator(fill_in));
  MemoryClient client = connect();
  client.as_user(with_scopes({}));
  EXPECT_EQ(client.call_text("mine"), "page ada");
  EXPECT_EQ(client.call("theirs").http_status, 403) << "decided on what the function would get";
  EXPECT_EQ(client.call("theirs", R"({"id":"ada"})").http_status, 403) << "an answer replaces the argument";
  EXPECT_EQ(client.call("mine", R"({"id":"bob"})").http_status, 403) << "refused before anybody is asked";
}

TEST_P(Authorization, OpenCallsAreCounted) {
  if (is_modern(GetParam())) GTEST_SKIP() << "nothing stays open there while a person answers";
  server.tool(
      "wait",
      [](Context& ctx) -> Task<std::string> {
        Task<Answer<Page>> asking = ctx.elicit<Page>("page", "Which?");
        const Answer<Page> answer = co_await std::move(asking);
        co_return answer ? "answered" : "not answered";
      },
      authenticated(provider), calls_at_once(1));
  MemoryClient client = connect();
  client.as_user(with_scopes({})).request("ping", "{}");
  client.start("tools/call", R"({"name":"wait"})");
  client.executor().run();
  EXPECT_EQ(client.call("wait").http_status, 429);
  client.cancel();
  client.executor().run();
  client.on_question([](std::string_view, std::string_view) { return R"({"action":"decline"})"; });
  EXPECT_EQ(client.call_text("wait"), "not answered") << "the place is free again";
}

TEST_P(Authorization, PublicAccessOpensOneMethod) {
  struct Service {
    std::string go() const { return "fine"; }
  } service;
  server.service(service, authenticated(provider), scopes({"read"}), rate_limit(1, std::chrono::hours(1)))
      .tool("closed", &Service::go)
      .tool("open", &Service::go, public_access());
  MemoryClient client = connect();
  EXPECT_EQ(client.call("closed").http_status, 401);
  EXPECT_EQ(client.call_text("open"), "fine");
  EXPECT_EQ(client.call_text("open"), "fine");
}

TEST_P(Authorization, PublicAccessLeavesTheMethodsOwnLimitInEveryOrder) {
  struct Service {
    std::string go() const { return "fine"; }
  } service;
  const std::chrono::hours hour(1);
  server.service(service, authenticated(provider), scopes({"read"}))
      .tool("first", &Service::go, rate_limit(1, hour), public_access())
      .tool("last", &Service::go, public_access(), rate_limit(1, hour));
  MemoryClient client = connect();
  for (const char* const tool : {"first", "last"}) {
    EXPECT_EQ(client.call_text(tool), "fine");
    EXPECT_EQ(client.call(tool).http_status, 429) << tool;
  }
}

TEST_P(Authorization, PublicAccessIsNoWayRoundTheMethodsOwnScopes) {
  const auto refused = [&](auto... decorators) {
    struct Service {
      std::string go() const { return "fine"; }
    } service;
    Server bad("bad", "1");
    bad.service(service, authenticated(provider)).tool("go", &Service::go, decorators...);
    const auto built = bad.build();
    return built ? std::string() : built.error().message();
  };
  const std::string expected =
      "tool 'go': public_access() opens it to everybody, but it has authentication or rules "
      "of its own: leave out one of the two";
  EXPECT_EQ(refused(scopes({"admin"}), public_access()), expected);
  EXPECT_EQ(refused(public_access(), scopes({"admin"})), expected);
  EXPECT_EQ(refused(authenticated(provider), public_access()), expected);
  EXPECT_EQ(refused(public_access()), "");
}

TEST_P(Authorization, TestsOfOnesOwnNeedAPrincipalOnly) {
  server.tool(
      "who", [](const Principal& who) { return who.key(); }, authenticated(provider), scopes({"read"}));
  server.tool(
      "user", [](const AuthUser& user) { return user.sub + "," + user.user_id + "," + user.email; },
      authenticated(provider));
  MemoryClient client = connect();
  EXPECT_EQ(client.as_user(test_principal("ada")).call("who").http_status, 403);
  EXPECT_EQ(client.as_user(test_principal("ada", {"read"})).call_text("who"), test_principal("ada").key());
  EXPECT_EQ(client.call_text("user"), "ada,ada,") << "nobody knows more of them";
  EXPECT_EQ(client.as_nobody().call("who").http_status, 401);
}

TEST_P(Authorization, WhatIsProtectedHasItsCanonicalUrl) {
  const auto refused = [&](const std::string& url) {
    provider->protects(url);
    Server bad("bad", "1");
    bad.tool("go", &fine, authenticated(provider));
    const auto built = bad.build();
    return built ? std::string() : built.error().message();
  };
  for (const char* const url : {"mcp.example.com/mcp", "https://mcp.example.com//mcp", "https://mcp.example.com/mcp/",
                                "https://mcp.example.com/", "https://u@mcp.example.com/mcp", "ftp://mcp.example.com",
                                "https:///mcp", "https://MCP.example.com/mcp", "https://mcp.example.com/mcp?a",
                                "https://mcp.example.com/mcp#a", "https://mcp.example.com/m cp"})
    EXPECT_NE(refused(url).find(std::string("protects(): '") + url + "' is not"), std::string::npos) << url;
  for (const char* const url : {"", "https://mcp.example.com", "https://mcp.example.com:8443/a/mcp",
                                "http://127.0.0.1:3000/mcp", "http://[::1]:3000/mcp", "https://mcp.example.com/Mcp"})
    EXPECT_EQ(refused(url), "") << url;
}

TEST_P(Authorization, WhatCannotHoldIsRefusedWhenBuilt) {
  const auto refused = [&](auto... decorators) {
    Server bad("bad", "1");
    bad.tool(
        "go", [](const Page&) { return "x"; }, decorators...);
    const auto built = bad.build();
    return built ? std::string() : built.error().message();
  };
  EXPECT_NE(refused(scopes({"a"})).find("needs authenticated"), std::string::npos);
  EXPECT_NE(refused(roles({"a"})).find("needs authenticated"), std::string::npos);
  EXPECT_NE(refused(authenticated(provider), scopes({})).find("names nothing"), std::string::npos);
  EXPECT_NE(refused(hide_from_lists()).find("nothing authenticates"), std::string::npos);
  EXPECT_NE(refused(authenticated(nullptr)).find("no provider"), std::string::npos);
  EXPECT_NE(refused(rate_limit(0, std::chrono::seconds(1))).find("at least one"), std::string::npos);
  EXPECT_EQ(refused(authenticated(provider), scopes({"a"})), "");
}

TEST_P(Authorization, LimitsSayWhenToComeBack) {
  server.tool("go", &fine, authenticated(provider), rate_limit(2, std::chrono::seconds(20)));
  MemoryClient client = connect();
  client.as_user(with_scopes({}));
  EXPECT_EQ(client.call_text("go"), "fine");
  EXPECT_EQ(client.call_text("go"), "fine");
  const auto refused = client.call("go");
  EXPECT_EQ(refused.http_status, 429);
  EXPECT_EQ(header(refused, "Retry-After"), "10");
  EXPECT_NE(refused.error.find(R"("code":"RATE_LIMITED")"), std::string::npos) << refused.error;
  EXPECT_EQ(client.as_user(test_user("bob", "b@example.com")).call_text("go"), "fine") << "each has their own";
  clock->advance(std::chrono::seconds(10));
  EXPECT_EQ(client.as_user(with_scopes({})).call_text("go"), "fine");
}

TEST_P(Authorization, LimitsCountOnWhenTheServerIsBuiltAgain) {
  server.tool("go", &fine, authenticated(provider), rate_limit(1, std::chrono::seconds(20)));
  MemoryClient client = connect();
  client.as_user(with_scopes({}));
  EXPECT_EQ(client.call_text("go"), "fine");
  server.tool("other", &fine, authenticated(provider));
  ASSERT_TRUE(server.build());
  EXPECT_EQ(client.call("go").http_status, 429);
}

TEST_P(Authorization, SignInStrength) {
  server.tool("strong", &fine, authenticated(provider), sign_in_strength({"phr"}, std::chrono::minutes(5)));
  MemoryClient client = connect();
  Principal::Fields fields;
  fields.claims_json = R"({"acr":"phr","auth_time":1799999900})";
  EXPECT_EQ(client.as_user(person(fields)).call_text("strong"), "fine");
  for (const char* claims :
       {R"({"acr":"pwd","auth_time":1799999900})", R"({"acr":"phr","auth_time":1799999000})", "{}"}) {
    fields.claims_json = claims;
    const auto reply = client.as_user(person(fields)).call("strong");
    EXPECT_EQ(reply.http_status, 401);
    EXPECT_NE(header(reply, "WWW-Authenticate").find("insufficient_user_authentication"), std::string::npos);
  }
}

TEST_P(Authorization, ListsHideWhatOneMayNotUse) {
  server.tool("open", &fine).tool("secret", &fine, authenticated(provider), scopes({"deep"}), hide_from_lists());
  MemoryClient client = connect();
  EXPECT_EQ(client.request("tools/list", "{}").result.find("secret"), std::string::npos);
  EXPECT_EQ(client.as_user(with_scopes({})).request("tools/list", "{}").result.find("secret"), std::string::npos);
  const auto seen = client.as_user(with_scopes({"deep"})).request("tools/list", "{}");
  EXPECT_NE(seen.result.find("secret"), std::string::npos);
  EXPECT_NE(seen.result.find("\"open\""), std::string::npos);
  if (is_modern(GetParam())) {
    EXPECT_NE(seen.result.find(R"("cacheScope":"private")"), std::string::npos);
  }
}

TEST_P(Authorization, CompletionAndPromptsAreProtectedAlike) {
  server.prompt(
      "sum", [](const Page& page) { return PromptResult("Sum " + page.id); }, authenticated(provider), scopes({"read"}),
      completion("id",
                 [](const std::string& typed, const std::string&) { return std::vector<std::string>{typed + "1"}; }));
  MemoryClient client = connect();
  const std::string ask = R"({"ref":{"type":"ref/prompt","name":"sum"},"argument":{"name":"id","value":"x"}})";
  EXPECT_EQ(client.request("completion/complete", ask).http_status, 401);
  EXPECT_EQ(client.as_user(with_scopes({})).request("completion/complete", ask).http_status, 403);
  EXPECT_NE(client.as_user(with_scopes({"read"})).request("completion/complete", ask).result.find("x1"),
            std::string::npos);
}

TEST_P(Authorization, SubscriptionsNeedTheTokenAndEndWithIt) {
  server.resource(
      "a://b", "b", [] { return std::string("text"); }, authenticated(provider), scopes({"read"}));
  MemoryClient client = connect();
  const bool modern = is_modern(GetParam());
  const std::string method = modern ? "subscriptions/listen" : "resources/subscribe";
  const std::string params = modern ? R"({"notifications":{"resourceSubscriptions":["a://b"]}})" : R"({"uri":"a://b"})";
  EXPECT_EQ(client.request(method, params).http_status, 401);
  EXPECT_EQ(client.as_user(with_scopes({})).request(method, params).http_status, 403);
  Principal::Fields fields;
  fields.scopes = {"read"};
  fields.expires_at = 1'800'000'060;
  client.as_user(person(fields));
  if (modern) {
    client.start(method, params);
  } else {
    EXPECT_EQ(client.request(method, params).result, "{}");
  }
  client.executor().run();
  const auto updates = [&] {
    client.executor().run();
    std::size_t count = 0;
    for (const auto& note : client.notifications())
      if (note.find("resources/updated") != std::string::npos) ++count;
    return count;
  };
  server.resource_updated("a://b");
  EXPECT_EQ(updates(), 1U);
  clock->advance(std::chrono::seconds(61));
  server.resource_updated("a://b");
  EXPECT_EQ(updates(), 1U) << "the token has run out";
}

TEST(RateBuckets, AreBounded) {
  RateBuckets buckets(3, std::chrono::seconds(3), 10);
  const TimePoint now(std::chrono::seconds(1'800'000'000));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(buckets.take("key" + std::to_string(i), now).count(), 0);
  EXPECT_EQ(buckets.size(), 10U);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(buckets.take("key99", now).count(), 0);
  EXPECT_EQ(buckets.take("key99", now).count(), 1000);
  EXPECT_EQ(buckets.take("key99", now + std::chrono::seconds(1)).count(), 0);
}

}  // namespace
}  // namespace leanmcp
