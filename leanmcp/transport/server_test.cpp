#include "sample_test.hpp"

#include <leanmcp/base/task_group.hpp>
#include <leanmcp/transport/in_memory.hpp>

#include <boost/describe.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

struct Order {
  std::string item;
  int quantity = 1;
};
BOOST_DESCRIBE_STRUCT(Order, (), (item, quantity))

struct Receipt {
  std::string text;
  int total = 0;
};
BOOST_DESCRIBE_STRUCT(Receipt, (), (text, total))

struct Age {
  int age = 0;
};
BOOST_DESCRIBE_STRUCT(Age, (), (age))

Receipt buy(const Order& order) { return Receipt{"bought " + order.item, order.quantity * 10}; }

Result<Receipt> sell(Order order) {
  if (order.item == "moon") return ToolError("Not for sale", R"({"item":"moon"})");
  return Receipt{"sold " + order.item, order.quantity};
}

struct Measures {
  double a = 0, b = 0, c = 0, d = 0;
};
BOOST_DESCRIBE_STRUCT(Measures, (), (a, b, c, d))

Task<Measures> measure(Context& ctx) {
  Task<Answer<Measures>> asking = ctx.elicit<Measures>("measures", "Your measures?");
  const Answer<Measures> answer = co_await std::move(asking);
  const Measures kept = co_await ctx.once("kept", [&] { return *answer; });
  co_return kept;
}

class Shop {
 public:
  std::atomic<int> charged{0};
  Task<std::string> greet(Context& ctx) {
    const int n = co_await ctx.once("charge", [this] { return ++charged; });
    Task<Answer<Name>> first = ctx.elicit<Name>("name", "Your name?");
    const Answer<Name> name = co_await std::move(first);
    if (!name) co_return "no name";
    Task<Answer<Age>> second = ctx.elicit<Age>("age", "Your age, " + name->name + "?");
    const Answer<Age> age = co_await std::move(second);
    if (!age) co_return "no age";
    co_return name->name + " is " + std::to_string(age->age) + ", charge " + std::to_string(n);
  }
};

std::string answer_all(std::string_view, std::string_view params) {
  if (params.find("age\":{") != std::string_view::npos) return R"({"action":"accept","content":{"age":36}})";
  return R"({"action":"accept","content":{"name":"Ada"}})";
}

std::string version_name(const testing::TestParamInfo<Version>& info) {
  std::string name(to_string(info.param));
  for (char& c : name)
    if (c == '-') c = '_';
  return "v" + name;
}

class BothEras : public testing::TestWithParam<Version> {
 protected:
  MemoryClient connect(Server& server) {
    const auto built = server.build();
    EXPECT_TRUE(built) << (built ? "" : built.error().message());
    return connect_in_memory(server, GetParam());
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, BothEras,
                         testing::Values(Version::v2025_03_26, Version::v2025_06_18, Version::v2025_11_25,
                                         Version::v2026_07_28),
                         version_name);

/// Elicitation came with 2025-06-18.
class WithQuestions : public BothEras {};
INSTANTIATE_TEST_SUITE_P(Versions, WithQuestions,
                         testing::Values(Version::v2025_06_18, Version::v2025_11_25, Version::v2026_07_28),
                         version_name);

TEST_P(BothEras, TypedToolGivesStructuredContentAndText) {
  Server server("test", "1");
  server.tool("buy", &buy, description("Buys"));
  MemoryClient client = connect(server);
  const auto reply = client.call("buy", R"({"item":"tea","quantity":3})");
  ASSERT_TRUE(reply.ok()) << reply.error;
  EXPECT_NE(reply.result.find(R"({\"text\":\"bought tea\",\"total\":30})"), std::string::npos) << reply.result;
  const bool structured =
      reply.result.find(R"("structuredContent":{"text":"bought tea","total":30})") != std::string::npos;
  EXPECT_EQ(structured, GetParam() >= Version::v2025_06_18) << reply.result;
}

TEST_P(WithQuestions, NumbersOfAnswersAreReadToTheLastBit) {
  static const std::string numbers =
      R"("a":0.30000000000000004,"b":123456.78901234568,"c":8.4100000000000001e-7,"d":6.02214076e23)";
  Server server("test", "1", ServerOptions().force_replay());
  server.tool("measure", &measure);
  MemoryClient client = connect(server);
  client.on_question(
      [](std::string_view, std::string_view) { return "{\"action\":\"accept\",\"content\":{" + numbers + "}}"; });
  const auto reply = client.call("measure");
  ASSERT_TRUE(reply.ok()) << reply.error;
  EXPECT_NE(
      reply.result.find(
          R"("structuredContent":{"a":0.30000000000000004,"b":123456.78901234567,"c":8.41e-07,"d":6.02214076e+23})"),
      std::string::npos)
      << reply.result;
}

TEST(ServerLog, AFailureIsLoggedWithTheCallersTrace) {
  std::string written;
  Server server("test", "1", ServerOptions().logger(Logger([&](LogLevel, std::string_view line) { written += line; })));
  server.tool("boom", []() -> std::string { throw std::runtime_error("no disk"); });
  MemoryClient client = connect_in_memory(server);
  client.request(
      "tools/call",
      R"({"name":"boom","_meta":{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}})");
  EXPECT_NE(written.find("no disk"), std::string::npos) << written;
  EXPECT_NE(written.find(R"(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")"), std::string::npos)
      << written;
}

TEST_P(BothEras, WrongArgumentsTellEveryFaultAndDoNotRun) {
  Server server("test", "1");
  std::atomic<int> ran{0};
  server.tool("buy", [&](const Order&) {
    ++ran;
    return "no";
  });
  MemoryClient client = connect(server);
  const std::string text = client.call_text("buy", R"({"quantity":"three","colour":"red"})");
  EXPECT_NE(text.find("/item is missing"), std::string::npos) << text;
  EXPECT_NE(text.find("/quantity expected integer"), std::string::npos) << text;
  EXPECT_NE(text.find("/colour is unknown"), std::string::npos) << text;
  EXPECT_EQ(ran, 0);
}

TEST_P(BothEras, ExpectedFailureKeepsItsDetailOutOfStructuredContent) {
  Server server("test", "1");
  server.tool("sell", &sell);
  MemoryClient client = connect(server);
  const auto reply = client.call("sell", R"({"item":"moon"})");
  ASSERT_TRUE(reply.ok());
  EXPECT_NE(reply.result.find(R"("isError":true)"), std::string::npos);
  EXPECT_EQ(reply.result.find("structuredContent"), std::string::npos);
  EXPECT_NE(reply.result.find(R"("com.leanmcp/error":{"item":"moon"})"), std::string::npos) << reply.result;
}

TEST_P(BothEras, AnExceptionTellsNothing) {
  std::string log;
  Server server("test", "1", ServerOptions().logger(Logger([&](LogLevel, std::string_view line) { log += line; })));
  server.tool("boom", []() -> std::string { throw std::runtime_error("database password is 42"); });
  MemoryClient client = connect(server);
  const auto reply = client.call("boom");
  EXPECT_EQ(reply.result.find("password"), std::string::npos);
  EXPECT_NE(reply.result.find(R"("isError":true)"), std::string::npos);
  EXPECT_NE(log.find("database password is 42"), std::string::npos);
}

TEST_P(WithQuestions, QuestionsInTheMiddleOfACall) {
  Shop shop;
  Server server("test", "1");
  server.service(shop).tool("greet", &Shop::greet);
  MemoryClient client = connect(server);
  client.on_question(&answer_all);
  EXPECT_EQ(client.call_text("greet"), "Ada is 36, charge 1");
  EXPECT_EQ(shop.charged, 1);
}

TEST_P(WithQuestions, ForcedReplayGivesTheSame) {
  Shop shop;
  Server server("test", "1", ServerOptions().force_replay());
  server.service(shop).tool("greet", &Shop::greet);
  MemoryClient client = connect(server);
  client.on_question(&answer_all);
  EXPECT_EQ(client.call_text("greet"), "Ada is 36, charge 1");
  EXPECT_EQ(shop.charged, 1);
}

TEST_P(WithQuestions, DeclineReachesTheAuthor) {
  Shop shop;
  Server server("test", "1");
  server.service(shop).tool("greet", &Shop::greet);
  MemoryClient client = connect(server);
  client.on_question([](std::string_view, std::string_view) { return R"({"action":"decline"})"; });
  EXPECT_EQ(client.call_text("greet"), "no name");
}

TEST_P(WithQuestions, AnswersThatDoNotFitAreAskedForAgainThreeTimesAtMost) {
  Shop shop;
  Server server("test", "1");
  server.service(shop).tool("greet", &Shop::greet);
  MemoryClient client = connect(server);
  int asked = 0;
  client.on_question([&](std::string_view, std::string_view) {
    ++asked;
    return R"({"action":"accept","content":{"name":7}})";
  });
  EXPECT_EQ(client.call_text("greet"), "no name");
  EXPECT_EQ(asked, 3);
}

TEST_P(BothEras, UnknownToolIsInvalidParams) {
  Server server("test", "1");
  server.tool("buy", &buy);
  MemoryClient client = connect(server);
  const auto reply = client.call("nothing");
  EXPECT_NE(reply.error.find("-32602"), std::string::npos) << reply.error;
}

TEST(Replay, StateIsBoundToItsCall) {
  Shop shop;
  Server server("test", "1");
  server.service(shop).tool("greet", &Shop::greet).tool("greet2", &Shop::greet);
  ASSERT_TRUE(server.build());
  MemoryClient client = connect_in_memory(server);
  const auto first = client.request_once("tools/call", R"({"name":"greet"})");
  const auto at = first.result.find("\"requestState\":\"");
  ASSERT_NE(at, std::string::npos) << first.result;
  const auto begin = at + 16;
  const std::string state = first.result.substr(begin, first.result.find('"', begin) - begin);
  const auto retry = [&](const std::string& tool, const std::string& sent) {
    return client.request_once("tools/call",
                               R"({"name":")" + tool + R"(","requestState":")" + sent +
                                   R"(","inputResponses":{"name":{"action":"accept","content":{"name":"Eve"}}}})");
  };
  EXPECT_NE(retry("greet", state).result.find("Your age, Eve?"), std::string::npos);
  std::string errors;
  for (const auto& [tool, sent] : {std::pair<std::string, std::string>("greet2", state),
                                   {"greet", state + "A"},
                                   {"greet", "junk"},
                                   {"greet", ""}}) {
    const auto reply = retry(tool, sent);
    EXPECT_NE(reply.error.find("-32602"), std::string::npos) << tool << ' ' << reply.result;
    if (errors.empty()) errors = reply.error;
    EXPECT_EQ(reply.error, errors) << "every failure must read alike";
  }
}

TEST(Replay, MissingCapabilityIsTheSpecificationsError) {
  Shop shop;
  Server server("test", "1");
  server.service(shop).tool("greet", &Shop::greet);
  ASSERT_TRUE(server.build());
  MemoryClient client = connect_in_memory(server);
  client.capabilities("{}");
  const auto reply = client.call("greet");
  EXPECT_EQ(reply.http_status, 400);
  EXPECT_NE(reply.error.find("-32021"), std::string::npos) << reply.error;
  EXPECT_NE(reply.error.find(R"("requiredCapabilities":{"elicitation":{"form":{}}})"), std::string::npos);
}

Task<std::string> two_at_once(Context& ctx) {
  auto both = all(ctx.elicit<Name>("name", "Your name?"), ctx.elicit<Age>("age", "Your age?"));
  const auto answers = co_await std::move(both);
  co_return answers.first->name + std::to_string(answers.second->age);
}

TEST(Replay, SeveralQuestionsGoOutTogether) {
  Server server("test", "1");
  server.tool("two", &two_at_once);
  ASSERT_TRUE(server.build());
  MemoryClient client = connect_in_memory(server);
  const auto first = client.request_once("tools/call", R"({"name":"two"})");
  EXPECT_NE(first.result.find("Your name?"), std::string::npos);
  EXPECT_NE(first.result.find("Your age?"), std::string::npos);
  client.on_question(&answer_all);
  EXPECT_EQ(client.call_text("two"), "Ada36");
}

Task<std::string> asks_twice_with_one_key(Context& ctx) {
  Task<Answer<Name>> first = ctx.elicit<Name>("name", "Your name?");
  const Answer<Name> one = co_await std::move(first);
  Task<Answer<Name>> second = ctx.elicit<Name>("name", "Your other name?");
  const Answer<Name> two = co_await std::move(second);
  co_return "unreachable";
}

TEST(Replay, AKeyNamesOneQuestion) {
  std::string log;
  Server server("test", "1", ServerOptions().logger(Logger([&](LogLevel, std::string_view line) { log += line; })));
  server.tool("loop", &asks_twice_with_one_key);
  ASSERT_TRUE(server.build());
  MemoryClient client = connect_in_memory(server);
  client.on_question(&answer_all);
  EXPECT_NE(client.call("loop").result.find(R"("isError":true)"), std::string::npos);
  EXPECT_NE(log.find("a key names one question"), std::string::npos) << log;
}

Task<std::string> slow(Context& ctx, std::shared_ptr<bool> destroyed) {
  struct Watch {
    std::shared_ptr<bool> flag;
    ~Watch() { *flag = true; }
  };
  const Watch watch{destroyed};
  ctx.progress(0.5);
  co_await sleep_for(1h);
  co_return "done";
}

TEST_P(BothEras, CancellationDestroysTheRun) {
  auto destroyed = std::make_shared<bool>(false);
  Server server("test", "1");
  server.tool("slow", [destroyed](Context& ctx) { return slow(ctx, destroyed); });
  MemoryClient client = connect(server);
  client.start("tools/call", R"({"name":"slow"})");
  EXPECT_FALSE(*destroyed);
  client.cancel();
  EXPECT_TRUE(*destroyed);
}

TEST(Build, RefusesNonsenseWithTheEntrysName) {
  const auto refused = [](auto&& add) {
    Server server("test", "1");
    add(server);
    const auto built = server.build();
    return built ? std::string("built") : built.error().message();
  };
  EXPECT_NE(refused([](Server& s) { s.tool("who", [](const Principal& p) { return p.id(); }); }).find("tool 'who'"),
            std::string::npos);
  EXPECT_NE(refused([](Server& s) { s.tool("bad name", &buy); }).find("1 to 128"), std::string::npos);
  EXPECT_NE(refused([](Server& s) { s.tool("a", &buy).tool("a", &buy); }).find("twice"), std::string::npos);
}

}  // namespace
}  // namespace leanmcp
