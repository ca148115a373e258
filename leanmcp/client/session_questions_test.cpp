#include <leanmcp/client/scripted_mcp_test.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using detail::legacy_client;
using detail::ScriptedMcp;

struct Shown {
  explicit Shown(std::atomic<int>& counter) : count(counter) { ++count; }
  Shown(const Shown&) = delete;
  ~Shown() { --count; }
  std::atomic<int>& count;
};

Task<ElicitAnswer> think(std::atomic<int>& shown) {
  const Shown here(shown);
  try {
    co_await sleep_for(1h);
  } catch (const OperationAborted&) {
    // Tidies up and gives what it has: nobody is to get it.
  }
  co_return ElicitAnswer::cancel();
}

TEST(ClientQuestions, AQuestionTheServerTakesBackIsShownNoLongerAndNotAnswered) {
  ScriptedMcp server;
  std::promise<HttpExchange> called;
  server.on("tools/call", [&called](HttpExchange exchange, const std::string&) {
    exchange.begin_stream(200, "text/event-stream");
    exchange.write(
        R"(data: {"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"Who?","requestedSchema":{"type":"object","properties":{}}}})"
        "\n\n");
    called.set_value(std::move(exchange));
  });
  std::atomic<int> shown{0};
  auto client = BlockingClient::connect(
      server.start(), legacy_client().on_form([&shown](const ElicitQuestion&) { return think(shown); }));
  ASSERT_TRUE(client);
  auto calling =
      std::async(std::launch::async, [&client] { return client->call("ask", "{}", CallOptions().timeout(400ms, 1h)); });
  HttpExchange stream = called.get_future().get();
  for (int i = 0; i < 500 && shown == 0; ++i) std::this_thread::sleep_for(10ms);
  ASSERT_EQ(shown, 1);
  EXPECT_EQ(calling.wait_for(600ms), std::future_status::timeout) << "time stands still while a person is asked";
  stream.executor().post([&stream] {
    stream.write(
        "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":\"q\"}}\n\n");
  });
  ASSERT_EQ(calling.wait_for(5s), std::future_status::ready) << "and goes on when nobody is asked any more";
  const auto reply = calling.get();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().cause(), ClientCause::timeout);
  EXPECT_EQ(shown, 0);
  EXPECT_EQ(server.count("POST"), 0) << "no answer to what was taken back";
}

}  // namespace
}  // namespace leanmcp
