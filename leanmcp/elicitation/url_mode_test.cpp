#include <leanmcp/transport/in_memory.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

class UrlMode : public testing::TestWithParam<Version> {};
INSTANTIATE_TEST_SUITE_P(Versions, UrlMode,
                         testing::Values(Version::v2025_06_18, Version::v2025_11_25, Version::v2026_07_28));

constexpr const char* page = "https://example.com/connect/1";

const char* name(Waited waited) {
  switch (waited) {
    case Waited::done:
      return "done";
    case Waited::not_yet:
      return "not yet";
    case Waited::too_many:
      return "too many";
  }
  return "";
}

/// Something that happens elsewhere after a while. The in-memory client's time stands still, so each look moves it.
class Elsewhere {
 public:
  explicit Elsewhere(int happens_at_look) : at_(happens_at_look) {}
  void moves(MemoryClient& client, std::shared_ptr<ManualClock> clock) {
    client_ = &client;
    clock_ = std::move(clock);
  }
  bool look() {
    ++looks;
    if (looks >= at_) return true;
    client_->executor().post([this] {
      clock_->advance(500ms);
      client_->executor().advance(500ms);
    });
    return false;
  }
  int looks = 0;

 private:
  int at_;
  MemoryClient* client_ = nullptr;
  std::shared_ptr<ManualClock> clock_;
};

struct Scene {
  explicit Scene(Version version, int happens_at_look, ServerOptions options = ServerOptions())
      : elsewhere(happens_at_look), server("test", "1", options.clock(clock)) {
    server.tool("pay", [this](Context& ctx) -> Task<std::string> {
      ++runs;
      Task<Action> opening = ctx.elicit_url("open", page, "Please open the page");
      const Action action = co_await std::move(opening);
      if (action == Action::unavailable) co_return std::string("open ") + page;
      if (action != Action::accept) co_return "not opened";
      Task<Waited> waiting = ctx.wait_until("wait", [this] { return elsewhere.look(); });
      const Waited waited = co_await std::move(waiting);
      if (waited == Waited::done) ctx.url_completion("open")();
      co_return name(waited);
    });
    client.emplace(connect_in_memory(server, version));
    client->on_question([this](std::string_view, std::string_view params) {
      asked = params;
      return R"({"action":"accept"})";
    });
    elsewhere.moves(*client, clock);
  }
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  Elsewhere elsewhere;
  Server server;
  std::optional<MemoryClient> client;
  std::string asked;
  int runs = 0;
};

constexpr const char* with_progress = R"({"name":"pay","arguments":{},"_meta":{"progressToken":1}})";

std::string text_of(const MemoryClient::Reply& reply) {
  if (!reply.ok()) return reply.error;
  const json::value result = json::parse(reply.result);
  return std::string(result.at("content").at(0).at("text").as_string());
}

TEST_P(UrlMode, TheSameCallCompletesOnceItHappened) {
  Scene scene(GetParam(), 100);  // 50 s: in the third round
  const std::string text = text_of(scene.client->request("tools/call", with_progress));
  if (GetParam() == Version::v2025_06_18) {
    EXPECT_EQ(text, std::string("open ") + page) << "no URL mode: the author's own fallback";
    return;
  }
  EXPECT_EQ(text, "done");
  EXPECT_NE(scene.asked.find(page), std::string::npos);
  EXPECT_EQ(scene.asked.find("elicitationId") != std::string::npos, GetParam() == Version::v2025_11_25);
  EXPECT_EQ(scene.runs, GetParam() == Version::v2025_11_25 ? 1 : 4) << "one round for the question, three to wait";
}

TEST_P(UrlMode, AfterEightRoundsItIsNotYet) {
  if (GetParam() == Version::v2025_06_18) return;
  Scene scene(GetParam(), 1'000'000);
  EXPECT_EQ(text_of(scene.client->request("tools/call", with_progress)), "not yet");
  EXPECT_GE(scene.elsewhere.looks, 320) << "8 x 20 s, twice a second";
  EXPECT_LE(scene.elsewhere.looks, 340);
  EXPECT_EQ(scene.runs, GetParam() == Version::v2026_07_28 ? 9 : 1);
}

TEST(Wait, ARoundThatOnlyWaitsCarriesNothingButState) {
  Scene scene(Version::v2026_07_28, 100);
  const auto first = scene.client->request_once("tools/call", R"({"name":"pay","arguments":{}})");
  const json::value asked = json::parse(first.result);
  json::object again =
      json::parse(R"({"name":"pay","arguments":{},"inputResponses":{"open":{"action":"accept"}}})").as_object();
  again["requestState"] = asked.at("requestState");
  const auto second = scene.client->request_once("tools/call", json::serialize(again));
  const json::value waiting = json::parse(second.result);
  EXPECT_EQ(waiting.at("resultType"), "input_required");
  EXPECT_EQ(waiting.as_object().if_contains("inputRequests"), nullptr);
  EXPECT_NE(waiting.as_object().if_contains("requestState"), nullptr);
}

TEST(Wait, SilentLegacyCallersAreAnsweredBeforeTheyGiveUp) {
  Scene scene(Version::v2025_11_25, 1'000'000);
  EXPECT_EQ(text_of(scene.client->request("tools/call", R"({"name":"pay","arguments":{}})")), "not yet");
  EXPECT_LE(scene.elsewhere.looks, 102) << "50 s";
}

TEST(Wait, ForcedReplayComesToTheSame) {
  Scene scene(Version::v2025_11_25, 100, ServerOptions().force_replay());
  EXPECT_EQ(text_of(scene.client->request("tools/call", with_progress)), "done");
  EXPECT_EQ(scene.runs, 4);
}

TEST(Wait, IsNotBoundByTheTimeLimitForCalls) {
  Scene scene(Version::v2025_11_25, 100, ServerOptions().call_timeout(5s));
  EXPECT_EQ(text_of(scene.client->request("tools/call", with_progress)), "done");
}

TEST(Wait, EachCallerHasABoundedNumber) {
  Scene scene(Version::v2026_07_28, 100, ServerOptions().human_waits_per_caller(0));
  EXPECT_EQ(text_of(scene.client->request("tools/call", with_progress)), "too many");
}

TEST(Wait, LegacyClientsSeeProgressAndTheEnd) {
  Scene scene(Version::v2025_11_25, 100);
  EXPECT_EQ(text_of(scene.client->request("tools/call", with_progress)), "done");
  scene.client->executor().run();
  int progress = 0;
  int complete = 0;
  const json::value id = json::parse(scene.asked).at("elicitationId");
  double last = -1;
  for (const std::string& text : scene.client->notifications()) {
    const json::value message = json::parse(text);
    if (message.at("method") == "notifications/progress") {
      ++progress;
      const double value = message.at("params").at("progress").to_number<double>();
      EXPECT_GT(value, last);
      last = value;
    }
    if (message.at("method") == "notifications/elicitation/complete") {
      ++complete;
      EXPECT_EQ(message.at("params").at("elicitationId"), id);
    }
  }
  EXPECT_GE(progress, 9);
  EXPECT_EQ(complete, 1);
}

TEST_P(UrlMode, AnAnswerInsteadOfAQuestion) {
  Server server("test", "1");
  server.tool("pay", [](Context& ctx) { return ctx.url_needed("open", page, "Please pay"); });
  MemoryClient client = connect_in_memory(server, GetParam());
  const auto reply = client.call("pay");
  if (GetParam() == Version::v2025_11_25) {
    const json::value error = json::parse(reply.error);
    EXPECT_EQ(error.at("code"), -32042);
    EXPECT_EQ(error.at("data").at("elicitations").at(0).at("url"), page);
    EXPECT_EQ(error.at("data").at("elicitations").at(0).at("mode"), "url");
    return;
  }
  const json::value result = json::parse(reply.result);
  EXPECT_EQ(result.at("isError"), true);
  EXPECT_EQ(result.at("_meta").at("com.leanmcp/error").at("url"), page);
  EXPECT_EQ(result.as_object().if_contains("structuredContent"), nullptr);
}

TEST(Url, OnlyWebPagesAreOffered) {
  Server server("test", "1");
  server.tool("bad", [](Context& ctx) -> Task<std::string> {
    Task<Action> opening = ctx.elicit_url("open", "javascript:alert(1)", "x");
    const Action action = co_await std::move(opening);
    co_return action == Action::accept ? "opened" : "not";
  });
  MemoryClient client = connect_in_memory(server);
  EXPECT_NE(client.call_text("bad").find("details are in its log"), std::string::npos);
}

}  // namespace
}  // namespace leanmcp
