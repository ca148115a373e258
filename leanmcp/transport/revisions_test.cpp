#include "sample_test.hpp"

// What differs between revisions, and what the specification asks of each: by the in-memory client, on all of them.

#include <leanmcp/json/parse.hpp>
#include <leanmcp/transport/in_memory.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <limits>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

struct Topic {
  std::string topic;
  int count = 1;
  std::optional<bool> loud;
};
BOOST_DESCRIBE_STRUCT(Topic, (), (topic, count, loud))

class Revisions : public testing::TestWithParam<Version> {
 protected:
  bool is_newest() const { return GetParam() == newest_version; }
  MemoryClient connect(Server& server) { return connect_in_memory(server, GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(All, Revisions,
                         testing::Values(Version::v2025_03_26, Version::v2025_06_18, Version::v2025_11_25,
                                         Version::v2026_07_28),
                         [](const auto& info) {
                           std::string name(to_string(info.param));
                           for (char& c : name)
                             if (c == '-') c = '_';
                           return "v" + name;
                         });

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST_P(Revisions, OtherThanObjectsAreStructuredSinceTheNewestOnly) {
  Server server("test", "1");
  server.tool("list",
              [] {
                return std::vector<Name>{Name{"Ada"}, Name{"Eve"}};
              })
      .tool("map",
            [] {
              return std::map<std::string, int>{{"a", 1}};
            })
      .raw_tool("raw", R"({"type":"object"})", R"({"type":"array","items":{"type":"integer"}})",
                [](const json::value&) {
                  return json::value(json::array{1, 2});
                });
  MemoryClient client = connect(server);
  const std::string tools = client.request("tools/list", "{}").result;
  const bool objects = GetParam() >= Version::v2025_06_18;
  EXPECT_EQ(count(tools, R"("outputSchema":{"type":"array")"), is_newest() ? 2U : 0U) << tools;
  EXPECT_EQ(count(tools, R"("outputSchema":{"type":"object")"), objects ? 1U : 0U) << tools;
  const std::string list = client.call("list").result;
  EXPECT_EQ(count(list, R"("structuredContent":[{"name":"Ada"},{"name":"Eve"}])"), is_newest() ? 1U : 0U) << list;
  EXPECT_NE(list.find(R"([{\"name\":\"Ada\"},{\"name\":\"Eve\"}])"), std::string::npos)
      << "as text everywhere: " << list;
  const std::string map = client.call("map").result;
  EXPECT_EQ(count(map, R"("structuredContent":{"a":1})"), objects ? 1U : 0U) << map;
  const std::string raw = client.call("raw").result;
  EXPECT_EQ(count(raw, R"("structuredContent":[1,2])"), is_newest() ? 1U : 0U) << raw;
  EXPECT_EQ(count(raw, "isError"), 0U) << raw;
}

TEST_P(Revisions, AResultThatBreaksItsSchemaIsAFailureAndNeverSent) {
  std::string log;
  Server server("test", "1", ServerOptions().logger(Logger([&](LogLevel, std::string_view line) { log += line; })));
  const std::string schema = R"({"type":"object","required":["total"]})";
  server
      .raw_tool("wrong", R"({"type":"object"})", schema,
                [](const json::value&) {
                  return json::value(json::object{{"sum", 1}});
                })
      .raw_tool("none", R"({"type":"object"})", schema, [](const json::value&) { return "text"; })
      .raw_tool("failed", R"({"type":"object"})", schema, [](const json::value&) { return ToolResult::failure("no"); })
      .raw_tool("right", R"({"type":"object"})", schema, [](const json::value&) {
        return json::value(json::object{{"total", 1}});
      });
  MemoryClient client = connect(server);
  for (const char* const tool : {"wrong", "none"}) {
    const std::string result = client.call(tool).result;
    EXPECT_NE(result.find(R"("isError":true)"), std::string::npos) << result;
    EXPECT_EQ(result.find("sum"), std::string::npos) << result;
  }
  EXPECT_NE(log.find("/total is missing"), std::string::npos) << log;
  EXPECT_EQ(client.call_text("failed"), "no") << "failures need no structured content";
  EXPECT_EQ(client.call("right").result.find("isError"), std::string::npos);
}

TEST_P(Revisions, ArgumentsOfPromptsAndUrisAreTextsOfAnyScalar) {
  Server server("test", "1");
  const auto say = [](const Topic& in) {
    return in.topic + " " + std::to_string(in.count) + (in.loud.value_or(false) ? "!" : ".");
  };
  server.prompt("about", say).resource_template("about://{topic}/{count}", "about", say);
  MemoryClient client = connect(server);
  const auto prompt = [&](const std::string& arguments) {
    const auto reply = client.request("prompts/get", R"({"name":"about","arguments":)" + arguments + "}");
    return reply.ok() ? reply.result : reply.error;
  };
  EXPECT_NE(prompt(R"({"topic":"tea","count":"3","loud":"true"})").find("tea 3!"), std::string::npos);
  EXPECT_NE(prompt(R"({"topic":"7"})").find("7 1."), std::string::npos);
  EXPECT_NE(prompt(R"({"topic":"tea","count":"many"})").find("/count expected integer"), std::string::npos);
  EXPECT_NE(prompt(R"({"count":"1"})").find("-32602"), std::string::npos);
  const auto read = client.request("resources/read", R"({"uri":"about://tea/12"})");
  EXPECT_NE(read.result.find("tea 12."), std::string::npos) << read.error;
  EXPECT_NE(client.request("resources/read", R"({"uri":"about://tea/x"})").error.find("/count expected integer"),
            std::string::npos);
}

TEST_P(Revisions, ProgressGrowsOrIsNotTold) {
  Server server("test", "1");
  server.tool(
      "work",
      [](Context& ctx) {
        ctx.progress(0);
        ctx.progress(0.5, 1);
        ctx.progress(0.5, 1, "again");
        ctx.progress(0.25);
        ctx.progress(std::numeric_limits<double>::quiet_NaN());
        ctx.progress(std::numeric_limits<double>::infinity());
        ctx.progress(2, std::numeric_limits<double>::infinity());
        return "done";
      },
      nonblocking());
  MemoryClient client = connect(server);
  client.request("tools/call", R"({"name":"work","_meta":{"progressToken":"t"}})");
  std::string all;
  for (const std::string& text : client.notifications()) all += text + "\n";
  EXPECT_EQ(count(all, "notifications/progress"), 3U) << all;
  for (const char* const part : {R"("progress":0})", R"("progress":0.5,"total":1})", R"("progress":2})"})
    EXPECT_EQ(count(all, part), 1U) << part << " in " << all;
  for (const char* const token : {"1.5", "true", "null", "{}"})
    EXPECT_NE(client.request("tools/call", R"({"name":"work","_meta":{"progressToken":)" + std::string(token) + "}}")
                  .error.find("-32602"),
              std::string::npos)
        << token;
}

Task<std::string> greet(Context& ctx) {
  Task<Answer<Name>> asking = ctx.elicit<Name>("name", "Your name?");
  const Answer<Name> name = co_await std::move(asking);
  co_return name ? name->name : "nobody";
}

TEST(Questions, WhoStillShowsOneIsToldWhenNobodyWaitsAnyMore) {
  Server server("test", "1", ServerOptions().human_wait(1min));
  server.tool("greet", &greet);
  MemoryClient client = connect_in_memory(server, Version::v2025_11_25);
  client.request("ping", "{}");
  client.on_question([](std::string_view, std::string_view) { return ""; });
  client.start("tools/call", R"({"name":"greet"})");
  EXPECT_TRUE(client.notifications().empty());
  client.executor().advance(2min);
  ASSERT_EQ(client.notifications().size(), 1U);
  const std::string start = R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":")";
  EXPECT_TRUE(client.notifications()[0].starts_with(start)) << client.notifications()[0];
  client.start("tools/call", R"({"name":"greet"})");
  client.cancel();
  ASSERT_EQ(client.notifications().size(), 2U);
  EXPECT_TRUE(client.notifications()[1].starts_with(start)) << client.notifications()[1];
  EXPECT_NE(client.notifications()[0], client.notifications()[1]) << "each question has its own id";
  client.on_question(
      [](std::string_view, std::string_view) { return R"({"action":"accept","content":{"name":"Ada"}})"; });
  EXPECT_EQ(client.call_text("greet"), "Ada");
  EXPECT_EQ(client.notifications().size(), 2U) << "answered ones are not taken back";
}

Task<std::string> poem_for(Context& ctx) {
  Task<Sample> writing = ctx.sample("poem", SampleRequest("A poem, please"));
  const Sample poem = co_await std::move(writing);
  Task<Answer<Name>> asking = ctx.elicit<Name>("name", "For whom?");
  const Answer<Name> name = co_await std::move(asking);
  co_return name ? name->name + " " + std::to_string(poem.text.size()) : "nobody";
}

TEST(Questions, AnswersThatAreTooLargeToCarryAlongEndTheCallInWords) {
  Server server("test", "1");
  server.tool("poem", &poem_for);
  MemoryClient client = connect_in_memory(server);
  std::size_t size = 1'000;
  client.on_question([&size](std::string_view method, std::string_view) {
    if (method == "elicitation/create") return std::string(R"({"action":"accept","content":{"name":"Ada"}})");
    return R"({"role":"assistant","model":"m","content":{"type":"text","text":")" + std::string(size, 'x') + R"("}})";
  });
  EXPECT_EQ(client.call_text("poem"), "Ada 1000");
  size = 100'000;
  const auto reply = client.call("poem");
  EXPECT_NE(reply.result.find("too large to go on"), std::string::npos) << reply.result << reply.error;
  EXPECT_NE(reply.result.find(R"("isError":true)"), std::string::npos) << reply.result;
}

Task<std::string> poem_with(SampleRequest request, Context& ctx) {
  Task<Sample> writing = ctx.sample("poem", std::move(request));
  const Sample poem = co_await std::move(writing);
  co_return poem.text;
}

TEST_P(Revisions, ASampleIsAskedForInAllTheWordsOfTheSpecification) {
  Server server("test", "1");
  server.tool("poem", [](Context& ctx) {
    SampleRequest request("A poem");
    request.system("Be brief").temperature(0.5).stop_at("END").stop_at("\n\n");
    request.prefer_model("claude").prefer_model("gpt").priorities(0.25, 0.5, 1).member("metadata", R"({"a":1})");
    return poem_with(std::move(request), ctx);
  });
  MemoryClient client = connect(server);
  std::string asked;
  client.on_question([&asked](std::string_view, std::string_view params) {
    asked = params;
    return R"({"role":"assistant","model":"m","content":{"type":"text","text":"Roses"}})";
  });
  EXPECT_EQ(client.call_text("poem"), "Roses");
  const json::object params = parse_known(asked).get_object();
  EXPECT_EQ(params.at("modelPreferences"),
            parse_known(R"({"hints":[{"name":"claude"},{"name":"gpt"}],"costPriority":0.25,"speedPriority":0.5,)"
                        R"("intelligencePriority":1})"));
  EXPECT_EQ(params.at("stopSequences"), parse_known(R"(["END","\n\n"])"));
  EXPECT_EQ(params.at("temperature"), 0.5);
  EXPECT_EQ(params.at("metadata"), parse_known(R"({"a":1})"));
  EXPECT_THROW(SampleRequest().member("metadata", "{"), std::logic_error);
}

TEST_P(Revisions, ToolsAreOfferedToModelsOfClientsThatCanUseThemOnly) {
  Server server("test", "1");
  server.tool("poem", [](Context& ctx) {
    SampleRequest request("A poem");
    request.member("tools", "[]");
    return poem_with(std::move(request), ctx);
  });
  MemoryClient without = connect(server);
  const auto refused = without.call("poem");
  EXPECT_NE((refused.result + refused.error).find("tools"), std::string::npos) << refused.result << refused.error;
  MemoryClient client = connect(server);
  client.capabilities(R"({"sampling":{"tools":{}}})").on_question([](std::string_view, std::string_view) {
    return R"({"role":"assistant","model":"m","content":{"type":"text","text":"Roses"}})";
  });
  EXPECT_EQ(client.call_text("poem"), "Roses");
}

struct Moment {
  bool now = false;
};
BOOST_DESCRIBE_STRUCT(Moment, (), (now))

/// Lets a call go on when its time has come, and counts those that ended.
class Slow final : public Hook {
 public:
  explicit Slow(int& ended) : ended_(ended) {}
  Stage stage() const override { return Stage::entitle; }
  Verdict before(Call& call) override {
    if (call.arguments().contains("now")) return Verdict::proceed();
    return Verdict::later(wait());
  }
  Task<void> after(Call&, bool) override {
    ++ended_;
    return Task<void>();
  }

 private:
  static Task<Verdict> wait() {
    co_await sleep_for(1h);
    Verdict out = Verdict::proceed();
    co_return std::move(out);
  }
  int& ended_;
};

TEST_P(Revisions, ANonblockingCallWhoseHookWaitsIsCountedAndCanBeCancelled) {
  int ended = 0;
  int ran = 0;
  Server server("test", "1", ServerOptions().max_calls(1));
  server.tool(
      "quick",
      [&ran](const Moment&) {
        ++ran;
        return "quick";
      },
      nonblocking(), Decorator(std::make_shared<Slow>(ended)));
  MemoryClient client = connect(server);
  client.start("tools/call", R"({"name":"quick"})");
  EXPECT_NE(client.request_once("tools/call", R"({"name":"quick"})").error.find("BUSY"), std::string::npos);
  EXPECT_EQ(client.call_text("quick", R"({"now":true})"), "quick") << "what ends at once is no open call";
  EXPECT_EQ(ended, 1);
  client.cancel();
  client.executor().run();
  EXPECT_EQ(client.call_text("quick", R"({"now":true})"), "quick");
  client.start("tools/call", R"({"name":"quick"})");
  EXPECT_NE(client.request_once("tools/call", R"({"name":"quick"})").error.find("BUSY"), std::string::npos)
      << "the cancelled call's place was free again";
  EXPECT_EQ(ran, 2);
}

TEST_P(Revisions, CallsThatWaitAreCounted) {
  Server server("test", "1", ServerOptions().max_calls(2));
  server.tool("sleep", []() -> Task<std::string> {
    co_await sleep_for(1h);
    co_return "slept";
  });
  server.tool(
      "quick", [] { return "quick"; }, nonblocking());
  MemoryClient client = connect(server);
  client.start("tools/call", R"({"name":"sleep"})");
  client.cancel();
  client.start("tools/call", R"({"name":"sleep"})");
  client.start("tools/call", R"({"name":"sleep"})");
  const auto third = client.request_once("tools/call", R"({"name":"sleep"})");
  EXPECT_NE(third.error.find("BUSY"), std::string::npos) << third.result << third.error;
  EXPECT_EQ(third.http_status, 503);
  EXPECT_EQ(client.call_text("quick"), "quick") << "what does not wait is served";
  client.executor().advance(2h);
  client.start("tools/call", R"({"name":"sleep"})");
  EXPECT_EQ(client.call_text("quick"), "quick");
}

TEST_P(Revisions, ACancelledCallIsNotBegunByAWorker) {
  Server server("test", "1", ServerOptions().workers(1));
  std::promise<void> go;
  const std::shared_future<void> gone(go.get_future());
  std::atomic<int> ran{0};
  server.tool("hold", [gone] {
    gone.wait();
    return "held";
  });
  server.tool("count", [&ran] { return std::to_string(++ran); });
  MemoryClient client = connect(server);
  client.request("tools/list", "{}");
  client.start("tools/call", R"({"name":"hold"})");
  client.start("tools/call", R"({"name":"count"})");
  client.cancel();
  go.set_value();
  EXPECT_EQ(client.call_text("count"), "1") << "the cancelled one was passed over";
}

TEST(Legacy, InitializeAgainMakesNobodyHearTwice) {
  Server server("test", "1");
  server.tool("a", [] { return "a"; });
  MemoryClient client = connect_in_memory(server, Version::v2025_11_25);
  const char* const hello =
      R"({"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}})";
  EXPECT_TRUE(client.request_once("initialize", hello).ok());
  EXPECT_TRUE(client.request_once("initialize", hello).ok());
  server.tool("b", [] { return "b"; });
  ASSERT_TRUE(server.build());
  EXPECT_EQ(client.notifications().size(), 1U);
}

TEST(Caching, ATimeIsNeverNegative) {
  Server server("test", "1", ServerOptions().list_ttl(-5s));
  server.tool("a", [] { return "a"; });
  MemoryClient client = connect_in_memory(server);
  for (const char* const method :
       {"server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list"}) {
    const std::string result = client.request(method, "{}").result;
    EXPECT_NE(result.find(R"("ttlMs":0,"cacheScope":"public")"), std::string::npos) << method << ' ' << result;
  }
}

}  // namespace
}  // namespace leanmcp
