// What is hidden is to strangers as if it did not exist: no list, cursor, error, completion or subscription tells.

#include <leanmcp/auth/authorization_test_support.hpp>
#include <leanmcp/auth/authorize.hpp>
#include <leanmcp/auth/rate_limit.hpp>
#include <leanmcp/base/encoding.hpp>

#include <boost/describe.hpp>

namespace leanmcp {
namespace {

using test::fine;
using test::with_scopes;

struct Room {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(Room, (), (id))

std::string read_room(const Room& room) { return "in " + room.id; }

class Hidden : public test::AuthorizationTest {
 protected:
  void SetUp() override {
    AuthorizationTest::SetUp();
    server.tool("open", &fine)
        .tool("secret", &read_room, authenticated(provider), scopes({"deep"}), hide_from_lists())
        .tool("guarded", &fine, authenticated(provider), scopes({"deep"}));
    server
        .prompt(
            "plan", [](const Room& room) { return PromptResult("Plan " + room.id); }, authenticated(provider),
            scopes({"deep"}), hide_from_lists(),
            completion("id", [](const std::string&, const std::string&) { return std::vector<std::string>{"x1"}; }))
        .resource(
            "vault://gold", "gold", [] { return std::string("gold"); }, authenticated(provider), scopes({"deep"}),
            hide_from_lists())
        .resource_template(
            "room://{id}", "room", [](const Room& room) { return "room " + room.id; }, authenticated(provider),
            scopes({"deep"}), hide_from_lists());
  }
  /// The whole answer with the asked-for name made the same, to compare what is said of two names.
  std::string said(const MemoryClient::Reply& reply, const std::string& name) {
    std::string all = std::to_string(reply.http_status) + reply.result + reply.error;
    for (const auto& [key, value] : reply.headers) all += key + ": " + value;
    for (std::size_t at = 0; (at = all.find(name, at)) != std::string::npos;) all.replace(at, name.size(), "*");
    return all;
  }
  void expect_alike(MemoryClient& client, const std::string& method, const std::string& params, const std::string& name,
                    const std::string& unknown) {
    std::string other = params;
    other.replace(other.find(name), name.size(), unknown);
    EXPECT_EQ(said(client.request(method, params), name), said(client.request(method, other), unknown)) << method;
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, Hidden, testing::Values(Version::v2025_11_25, Version::v2026_07_28),
                         [](const auto& info) { return is_modern(info.param) ? "modern" : "legacy"; });

TEST_P(Hidden, EveryMethodSaysTheSameOfItAsOfANameThatIsNone) {
  MemoryClient client = connect();
  for (const bool signed_in : {false, true}) {
    if (signed_in) client.as_user(with_scopes({"shallow"}));
    expect_alike(client, "tools/call", R"({"name":"secret","arguments":{"id":"a"}})", "secret", "nothing");
    expect_alike(client, "tools/call", R"({"name":"secret","arguments":{}})", "secret", "nothing");
    expect_alike(client, "tools/call", R"({"name":"secret","arguments":7})", "secret", "nothing");
    expect_alike(client, "prompts/get", R"({"name":"plan","arguments":{"id":"a"}})", "plan", "none");
    expect_alike(client, "resources/read", R"({"uri":"vault://gold"})", "vault://gold", "vault://lead");
    expect_alike(client, "resources/read", R"({"uri":"room://blue"})", "room://blue", "boom://blue");
    for (const char* const argument : {"id", "other"}) {
      const std::string asked = R"("argument":{"name":")" + std::string(argument) + R"(","value":""}})";
      expect_alike(client, "completion/complete", R"({"ref":{"type":"ref/prompt","name":"plan"},)" + asked, "plan",
                   "none");
      expect_alike(client, "completion/complete", R"({"ref":{"type":"ref/resource","uri":"room://{id}"},)" + asked,
                   "room://{id}", "boom://{id}");
    }
    if (!is_modern(GetParam()))
      expect_alike(client, "resources/subscribe", R"({"uri":"vault://gold"})", "vault://gold", "vault://lead");
  }
}

TEST_P(Hidden, StrangersAreAskedToSignInWhateverTheyName) {
  MemoryClient client = connect();
  const auto secret = client.call("secret", R"({"id":"a"})");
  EXPECT_EQ(secret.http_status, 401);
  EXPECT_FALSE(test::header(secret, "WWW-Authenticate").empty());
  EXPECT_EQ(client.call("nothing").http_status, 401);
  client.as_user(with_scopes({"shallow"}));
  EXPECT_NE(client.call("secret", R"({"id":"a"})").error.find("Unknown tool: secret"), std::string::npos);
  EXPECT_EQ(client.call("guarded").http_status, 403) << "what is listed says what it lacks";
  client.as_user(with_scopes({"deep"}));
  EXPECT_EQ(client.call_text("secret", R"({"id":"a"})"), "in a");
  EXPECT_NE(client.request("resources/read", R"({"uri":"room://blue"})").result.find("room blue"), std::string::npos);
}

TEST_P(Hidden, WhoMaySeeItHearsWhatIsWrong) {
  server.tool("own", &read_room, authenticated(provider), authorize([](const Room& room) { return room.id == "mine"; }),
              hide_from_lists());
  server.tool("rare", &fine, authenticated(provider), rate_limit(1, std::chrono::minutes(1)), hide_from_lists());
  MemoryClient client = connect();
  client.as_user(with_scopes({"deep"}));
  EXPECT_EQ(client.call_text("own", R"({"id":"mine"})"), "in mine");
  const auto refused = client.call("own", R"({"id":"yours"})");
  EXPECT_EQ(refused.http_status, 403);
  EXPECT_NE(refused.error.find("FORBIDDEN"), std::string::npos);
  EXPECT_NE(client.call("secret").result.find("isError"), std::string::npos) << "the arguments are wrong";
  EXPECT_NE(client.request("tools/call", R"({"name":"secret","arguments":7})").error.find("arguments must be"),
            std::string::npos);
  EXPECT_EQ(client.call_text("rare"), "fine");
  EXPECT_EQ(client.call("rare").http_status, 429);
}

TEST_P(Hidden, NoCursorTells) {
  Server paged("paged", "1", ServerOptions().page_size(1));
  paged.tool("a", &fine).tool("b", &fine, authenticated(provider), scopes({"deep"}), hide_from_lists());
  MemoryClient client = connect_in_memory(paged, GetParam());
  EXPECT_EQ(client.request("tools/list", "{}").result.find("nextCursor"), std::string::npos)
      << "nothing further for a stranger";
  const auto by = [&](const std::string& key) {
    return client.request("tools/list", R"({"cursor":")" + base64url_encode(key) + "\"}");
  };
  EXPECT_EQ(by("b").error, by("z").error) << "a cursor is no probe";
  EXPECT_TRUE(by("a").ok());
  client.as_user(with_scopes({"deep"}));
  EXPECT_NE(client.request("tools/list", "{}").result.find("nextCursor"), std::string::npos);
  EXPECT_NE(by("a").result.find("\"b\""), std::string::npos);
  EXPECT_TRUE(by("b").ok());
}

/// Refuses every token and counts how often it is asked.
class CountingProvider final : public test::NoProvider {
 public:
  std::optional<Result<Principal, AuthFault>> verify_now(std::string_view token, TimePoint now) override {
    ++asked;
    return NoProvider::verify_now(token, now);
  }
  int asked = 0;
};

TEST(HiddenEntries, ABadTokenIsLookedAtOnceHoweverManyAreHidden) {
  const auto counting = std::make_shared<CountingProvider>();
  Server server("many", "1");
  for (int i = 0; i < 50; ++i)
    server.tool("t" + std::to_string(i), &fine, authenticated(counting), scopes({"deep"}), hide_from_lists());
  MemoryClient client = connect_in_memory(server);
  client.request("tools/list", R"({"_meta":{"authorization":{"type":"bearer","token":"a.b.c"}}})");
  EXPECT_EQ(counting->asked, 1);
}

TEST_P(Hidden, ListeningToItIsListeningToNothing) {
  if (!is_modern(GetParam())) GTEST_SKIP() << "resources/subscribe is above";
  MemoryClient client = connect();
  client.as_user(with_scopes({"shallow"}));
  client.start("subscriptions/listen",
               R"({"notifications":{"resourceSubscriptions":["vault://gold","vault://lead"]}})");
  client.executor().run();
  ASSERT_EQ(client.notifications().size(), 1U);
  EXPECT_NE(client.notifications().front().find(R"(["vault://gold","vault://lead"])"), std::string::npos);
  server.resource_updated("vault://gold");
  client.executor().run();
  EXPECT_EQ(client.notifications().size(), 1U);
}

}  // namespace
}  // namespace leanmcp
