#include <leanmcp/elicitation/elicitation.hpp>
#include <leanmcp/elicitation/once_store.hpp>
#include <leanmcp/transport/in_memory.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

class Steps : public testing::TestWithParam<Version> {};
INSTANTIATE_TEST_SUITE_P(Versions, Steps,
                         testing::Values(Version::v2025_06_18, Version::v2025_11_25, Version::v2026_07_28));

struct Trip {
  std::string country;
  std::string city;
  std::optional<std::string> visa;
};
BOOST_DESCRIBE_STRUCT(Trip, (), (country, city, visa))

std::string trip(const Trip& t) { return t.country + "/" + t.city + "/" + t.visa.value_or(""); }

bool known_is(const json::object& known, const char* name, std::string_view value) {
  const json::value* const found = known.if_contains(name);
  return found && found->is_string() && found->get_string() == value;
}

FormSteps trip_steps() {
  return FormSteps()
      .step(Form("Where to?").select("country").option("fr").option("jp").required())
      .step(Form("Which city?").text("city").required())
      .adapt([](Form, const json::object& known) {
        if (known_is(known, "country", "jp"))
          return Form("Which city in Japan?").select("city").option("tokyo").required();
        return Form("Which city in France?").select("city").option("paris").option("lyon").required();
      })
      .step(Form("Your visa?").text("visa").required())
      .when([](const json::object& known) { return known_is(known, "country", "jp"); });
}

/// Answers by what is asked for, and keeps the messages.
struct Traveller {
  explicit Traveller(std::string country) : country(std::move(country)) {}
  std::string operator()(std::string_view params) {
    const json::value question = json::parse(params);
    messages.emplace_back(question.at("message").as_string());
    json::object content;
    for (const auto& [name, schema] : question.at("requestedSchema").at("properties").as_object()) {
      if (name == "country") content[name] = country;
      if (name == "city") content[name] = country == "jp" ? "tokyo" : "lyon";
      if (name == "visa") content[name] = "V1";
    }
    return json::serialize(json::value{{"action", "accept"}, {"content", content}});
  }
  std::string country;
  std::vector<std::string> messages;
};

void check_trip(ServerOptions options, Version version) {
  Server server("test", "1", std::move(options));
  server.tool("trip", &trip, elicitation(trip_steps()));
  MemoryClient client = connect_in_memory(server, version);
  for (const char* country : {"jp", "fr"}) {
    Traveller traveller(country);
    client.on_question([&](std::string_view, std::string_view params) { return traveller(params); });
    EXPECT_EQ(client.call_text("trip"), country == std::string("jp") ? "jp/tokyo/V1" : "fr/lyon/");
    ASSERT_EQ(traveller.messages.size(), country == std::string("jp") ? 3U : 2U);
    EXPECT_EQ(traveller.messages[1], country == std::string("jp") ? "Which city in Japan?" : "Which city in France?");
  }
  Traveller traveller("fr");
  client.on_question([&](std::string_view, std::string_view params) { return traveller(params); });
  EXPECT_EQ(client.call_text("trip", R"({"country":"fr"})"), "fr/lyon/") << "what was passed is not asked";
  EXPECT_NE(client.call_text("trip", R"({"country":"fr","city":"tokyo"})").find("/city"), std::string::npos)
      << "what was passed is checked against the form for that country";
}

TEST_P(Steps, EachSeesTheAnswersBeforeIt) {
  check_trip(ServerOptions(), GetParam());
  check_trip(ServerOptions().force_replay(), GetParam());
}

TEST_P(Steps, WhoCannotBeAskedHearsOfAllThatApply) {
  Server server("test", "1");
  server.tool("trip", &trip, elicitation(trip_steps()));
  MemoryClient client = connect_in_memory(server, GetParam());
  client.capabilities("{}");
  const auto fields = [&](std::string_view arguments) {
    const json::value result = json::parse(client.call("trip", arguments).result);
    std::string names;
    for (const json::value& field : result.at("_meta").at("com.leanmcp/error").at("fields").as_array())
      names.append(field.at("name").as_string()).append(" ");
    return names;
  };
  EXPECT_EQ(fields("{}"), "country ") << "the others depend on it";
  EXPECT_EQ(fields(R"({"country":"jp"})"), "city ");
  EXPECT_EQ(fields(R"({"country":"jp","city":"tokyo"})"), "visa ");
}

struct Greeting {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (name))

TEST_P(Steps, PromptsAndResourcesAskToo) {
  Server server("test", "1");
  const auto hello = [](const Greeting& g) { return "Hello " + g.name; };
  server.prompt("hello", hello, elicitation(Form("Who?").text("name").required()));
  server.resource("app://hello", "hello", hello, elicitation(Form("Who?").text("name").required()));
  MemoryClient client = connect_in_memory(server, GetParam());
  std::string answer = R"({"action":"accept","content":{"name":"Ada"}})";
  client.on_question([&](std::string_view, std::string_view) { return answer; });
  const auto prompt = [&] { return client.request("prompts/get", R"({"name":"hello","arguments":{}})"); };
  const auto resource = [&] { return client.request("resources/read", R"({"uri":"app://hello"})"); };
  EXPECT_NE(prompt().result.find("Hello Ada"), std::string::npos);
  EXPECT_NE(resource().result.find("Hello Ada"), std::string::npos);
  answer = R"({"action":"decline"})";
  for (const auto& reply : {prompt(), resource()}) {
    ASSERT_TRUE(reply.result.empty()) << "no content block may stand for a prompt's message: " << reply.result;
    const json::value error = json::parse(reply.error);
    EXPECT_EQ(error.at("code"), -32602);
    EXPECT_EQ(error.at("data").at("action"), "decline");
  }
}

TEST_P(Steps, AnswersThatNeverFitEndTheQuestion) {
  Server server("test", "1");
  server.tool(
      "trip", [](const Greeting& g) { return g.name; },
      elicitation(Form("Who?").text("name").min_length(3).required(), ElicitationOptions().attempts(2)));
  MemoryClient client = connect_in_memory(server, GetParam());
  std::vector<std::string> asked;
  client.on_question([&](std::string_view, std::string_view params) {
    asked.emplace_back(params);
    return R"({"action":"accept","content":{"name":"x"}})";
  });
  EXPECT_NE(client.call_text("trip").find("did not fit"), std::string::npos);
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_NE(asked[1].find("at least 3"), std::string::npos) << "the reason goes with the second: " << asked[1];
}

TEST_P(Steps, AConditionDecidesWhetherAFormIsAsked) {
  Server server("test", "1");
  server.tool(
      "trip", &trip,
      elicitation(Form("Your visa?").text("visa").required(), ElicitationOptions().when([](const json::object& known) {
        return known_is(known, "country", "jp");
      })));
  MemoryClient client = connect_in_memory(server, GetParam());
  int asked = 0;
  client.on_question([&](std::string_view, std::string_view params) {
    ++asked;
    EXPECT_NE(params.find("Your visa?"), std::string::npos);
    return R"({"action":"accept","content":{"visa":"V1"}})";
  });
  EXPECT_EQ(client.call_text("trip", R"({"country":"fr","city":"lyon"})"), "fr/lyon/");
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(client.call_text("trip", R"({"country":"jp","city":"tokyo"})"), "jp/tokyo/V1");
  EXPECT_EQ(asked, 1);
  // What was given need not be asked, whatever the condition says.
  EXPECT_EQ(client.call_text("trip", R"({"country":"jp","city":"tokyo","visa":"V2"})"), "jp/tokyo/V2");
  EXPECT_EQ(asked, 1);
}

TEST_P(Steps, AThrowingConditionFailsTheCallAndNotTheServer) {
  Server server("test", "1");
  server.tool(
      "trip", &trip,
      elicitation(Form("Where?").text("city").required(),
                  ElicitationOptions().when([](const json::object& known) { return known.at("country") == "fr"; })));
  MemoryClient client = connect_in_memory(server, GetParam());
  EXPECT_NE(client.call_text("trip").find("details are in its log"), std::string::npos);
}

TEST(StepsBuild, RefusesWhatCannotWork) {
  const auto built = [](FormSteps steps) {
    Server server("test", "1");
    server.tool("trip", &trip, elicitation(std::move(steps)));
    const auto done = server.build();
    return done ? std::string("built") : done.error().message();
  };
  EXPECT_NE(built(FormSteps()).find("no steps"), std::string::npos);
  EXPECT_NE(built(FormSteps().when([](const json::object&) { return true; })).find("after the step"),
            std::string::npos);
  EXPECT_NE(built(FormSteps().step(Form("a").text("city")).step(Form("b").text("city"))).find("two steps"),
            std::string::npos);
  EXPECT_NE(built(FormSteps().step(Form("a").text("city")).step(Form("b").text("api_key"))).find("'b'"),
            std::string::npos);
  EXPECT_EQ(built(trip_steps()), "built");
}

struct Size {
  int size = 0;
};
BOOST_DESCRIBE_STRUCT(Size, (), (size))

TEST_P(Steps, SeveralFormsInOneRound) {
  Server server("test", "1");
  int runs = 0;
  server.tool("both", [&](Context& ctx) -> Task<std::string> {
    ++runs;
    auto asking = ctx.elicit_all(FormFor<Greeting>("who", "Who?"), FormFor<Size>("size", "How big?"));
    const auto [who, size] = co_await std::move(asking);
    co_return who&& size ? who->name + std::to_string(size->size) : "no";
  });
  MemoryClient client = connect_in_memory(server, GetParam());
  client.on_question([](std::string_view, std::string_view params) {
    return params.find("Who?") != std::string_view::npos ? R"({"action":"accept","content":{"name":"Ada"}})"
                                                         : R"({"action":"accept","content":{"size":7}})";
  });
  EXPECT_EQ(client.call_text("both"), "Ada7");
  EXPECT_LE(runs, 2);
}

TEST_P(Steps, OnceInAStoreIsExactlyOnceWhateverIsReplayed) {
  const auto database = Database::open("sqlite::memory:");
  ASSERT_TRUE(database);
  const std::shared_ptr<OnceStore> store = *sql_once_store(*database);
  std::atomic<int> charged = 0;
  Server server("test", "1", ServerOptions().force_replay());
  server.tool("charge", [&](Context& ctx) -> Task<std::string> {
    auto charging = ctx.once(*store, "charge", [&] { return ++charged; });
    const int number = co_await std::move(charging);
    Task<Answer<Greeting>> asking = ctx.elicit<Greeting>("who", "Who?");
    const Answer<Greeting> who = co_await std::move(asking);
    co_return who ? who->name + std::to_string(number) : "no";
  });
  MemoryClient client = connect_in_memory(server, GetParam());
  client.on_question(
      [](std::string_view, std::string_view) { return R"({"action":"accept","content":{"name":"Ada"}})"; });
  EXPECT_EQ(client.call_text("charge"), "Ada1");
  EXPECT_EQ(charged, 1);
  EXPECT_EQ(client.call_text("charge"), "Ada2") << "another call is another charge";
  if (GetParam() != Version::v2026_07_28) return;
  // The same round sent again, late: the state is good, the work is not done again.
  const auto first = client.request_once("tools/call", R"({"name":"charge","arguments":{}})");
  json::object again{{"name", "charge"}, {"arguments", json::object()}};
  again["requestState"] = json::parse(first.result).at("requestState");
  again["inputResponses"] = json::parse(R"({"who":{"action":"accept","content":{"name":"Ada"}}})");
  for (int i = 0; i < 3; ++i)
    EXPECT_NE(client.request_once("tools/call", json::serialize(again)).result.find("Ada3"), std::string::npos);
  EXPECT_EQ(charged, 3);
}

TEST_P(Steps, ShieldedWorkIsNotCut) {
  Server server("test", "1");
  bool finished = false;
  server.tool("work", [&](Context& ctx) -> Task<std::string> {
    const auto work = [&]() -> Task<int> {
      Task<void> sleeping = sleep_for(5s);
      co_await std::move(sleeping);
      finished = true;
      co_return 1;
    };
    Task<int> working = ctx.shield(work());
    const int done = co_await std::move(working);
    co_return std::to_string(done);
  });
  MemoryClient client = connect_in_memory(server, GetParam());
  (void)client.request_once("tools/list", "{}");
  client.start("tools/call", R"({"name":"work","arguments":{}})");
  client.cancel();
  EXPECT_FALSE(finished);
  client.executor().advance(6s);
  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace leanmcp
