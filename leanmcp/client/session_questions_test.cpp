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

std::string asking(const std::string& id, const std::string& message) {
  return R"(data: {"jsonrpc":"2.0","id":)" + id + R"(,"method":"elicitation/create","params":{"message":")" + message +
         R"(","requestedSchema":{"type":"object","properties":{}}}})"
         "\n\n";
}

std::string answering(const std::string& id, const std::string& text) {
  return R"(data: {"jsonrpc":"2.0","id":)" + id + ",\"result\":" + ScriptedMcp::text_result(text) + "}\n\n";
}

bool comes(const std::atomic<int>& what, int number) {
  for (int i = 0; i < 6'000 && what != number; ++i) std::this_thread::sleep_for(10ms);
  return what == number;
}

Task<ElicitAnswer> agree() { co_return ElicitAnswer::accept(); }

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
    exchange.write(asking("\"q\"", "Who?"));
    called.set_value(std::move(exchange));
  });
  std::atomic<int> shown{0};
  auto client = BlockingClient::connect(
      server.start(), legacy_client().on_form([&shown](const ElicitQuestion&) { return think(shown); }));
  ASSERT_TRUE(client);
  auto calling =
      std::async(std::launch::async, [&client] { return client->call("ask", "{}", CallOptions().timeout(2s, 1h)); });
  HttpExchange stream = called.get_future().get();
  ASSERT_TRUE(comes(shown, 1));
  EXPECT_EQ(calling.wait_for(2500ms), std::future_status::timeout) << "time stands still while a person is asked";
  stream.executor().post([&stream] {
    stream.write(
        "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":\"q\"}}\n\n");
  });
  ASSERT_EQ(calling.wait_for(30s), std::future_status::ready) << "and goes on when nobody is asked any more";
  const auto reply = calling.get();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().cause(), ClientCause::timeout);
  EXPECT_EQ(shown, 0);
  EXPECT_EQ(server.count("POST"), 0) << "no answer to what was taken back";
}

TEST(ClientQuestions, AQuestionOfALostSessionDoesNotStandForOneOfTheNextWithTheSameId) {
  ScriptedMcp server;
  std::promise<HttpExchange> called;
  std::string call_id;
  server.on("GET", [&server](HttpExchange exchange, const std::string&) {
    exchange.begin_stream(200, "text/event-stream");
    if (server.count("GET") == 1) exchange.write(asking("1", "Pay 10?"));
    server.keep(std::move(exchange));
  });
  server.on("tools/call", [&](HttpExchange exchange, const std::string& id) {
    if (server.count("tools/call") == 1) return exchange.respond(404, "", "");
    call_id = id;
    exchange.begin_stream(200, "text/event-stream");
    exchange.write(asking("1", "Pay 10000?"));
    called.set_value(std::move(exchange));
  });
  std::promise<std::string> answered;
  server.on("POST", [&](HttpExchange exchange, const std::string&) {
    if (server.count("POST") == 1) answered.set_value(std::string(exchange.request().body()));
    exchange.respond(202, "", "");
  });
  std::atomic<int> shown{0};
  auto client = BlockingClient::connect(
      server.start(), legacy_client().listen_stream(true).on_form([&shown](const ElicitQuestion& question) {
        return question.message == "Pay 10?" ? think(shown) : agree();
      }));
  ASSERT_TRUE(client);
  ASSERT_TRUE(comes(shown, 1));
  std::stop_source stop;
  auto calling =
      std::async(std::launch::async, [&] { return client->call("pay", "{}", CallOptions().stop(stop.get_token())); });
  HttpExchange stream = called.get_future().get();
  auto answer = answered.get_future();
  if (answer.wait_for(30s) != std::future_status::ready) {
    stop.request_stop();
    FAIL() << "the new session's question is not asked";
  }
  EXPECT_NE(answer.get().find("accept"), std::string::npos);
  EXPECT_TRUE(comes(shown, 0)) << "what nobody waits for is on screen no longer";
  stream.executor().post([&] { stream.write(answering(call_id, "paid")); });
  const auto reply = calling.get();
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(reply->text(), "paid");
  EXPECT_EQ(server.count("initialize"), 2);
  EXPECT_EQ(server.count("POST"), 1) << "no answer to the lost session's question";
}

TEST(ClientQuestions, EndWithTheChannelTheyCameOn) {
  ScriptedMcp server;
  std::vector<HttpExchange> stream;
  server.on("GET", [&stream](HttpExchange exchange, const std::string&) {
    exchange.begin_stream(200, "text/event-stream");
    exchange.write("event: endpoint\ndata: /mcp?session=1\n\n");
    stream.push_back(std::move(exchange));
  });
  server.on("initialize", [&stream](HttpExchange exchange, const std::string& id) {
    if (stream.empty()) return exchange.respond(405, "", "");
    exchange.respond(202, "", "");
    stream[0].write(
        R"(data: {"jsonrpc":"2.0","id":)" + id +
        R"(,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}})"
        "\n\n");
  });
  server.on("notifications/initialized", [&stream](HttpExchange exchange, const std::string&) {
    exchange.respond(202, "", "");
    stream[0].write(asking("1", "Pay 10?"));
  });
  std::atomic<int> shown{0};
  auto client = BlockingClient::connect(
      server.start(), legacy_client().on_form([&shown](const ElicitQuestion&) { return think(shown); }));
  ASSERT_TRUE(client) << client.error().message();
  ASSERT_TRUE(comes(shown, 1));
  stream[0].executor().post([&stream] { stream[0].end(); });
  EXPECT_TRUE(comes(shown, 0));
  EXPECT_EQ(server.count("POST"), 0);
}

/// A call of 2025-11-25 whose stream asks a question that a person leaves open; each further call gets no answer.
class OpenQuestion : public testing::Test {
 protected:
  OpenQuestion() {
    server.on("tools/call", [this](HttpExchange exchange, const std::string&) {
      if (server.count("tools/call") > 1) return server.keep(std::move(exchange));
      exchange.begin_stream(200, "text/event-stream");
      exchange.write(asking("1", "Pay 10?"));
      called.set_value(std::move(exchange));
    });
    const ElicitHandler on_form = [this](const ElicitQuestion&) {
      ++asked;
      return think(shown);
    };
    client = BlockingClient::connect(server.start(), legacy_client().on_form(on_form));
    EXPECT_TRUE(*client);
    calling = std::async(std::launch::async,
                         [this] { return (*client)->call("pay", "{}", CallOptions().stop(stop.get_token())); });
    EXPECT_TRUE(comes(shown, 1));
  }

  void expect_it_ends() {
    EXPECT_FALSE(calling.get());
    EXPECT_TRUE(comes(shown, 0)) << "nobody waits for the answer any more";
    std::stop_source late;
    auto next = std::async(std::launch::async, [&] {
      return (*client)->call("next", "{}", CallOptions().timeout(200ms, 1h).stop(late.get_token()));
    });
    EXPECT_EQ(next.wait_for(30s), std::future_status::ready) << "time limits hold again";
    late.request_stop();
    EXPECT_EQ(next.get().error().cause(), ClientCause::timeout);
    EXPECT_EQ(server.count("POST"), 0) << "no answer to what nobody waits for";
  }

  ScriptedMcp server;
  std::promise<HttpExchange> called;
  std::atomic<int> shown{0};
  std::atomic<int> asked{0};
  std::stop_source stop;
  std::optional<ClientResult<BlockingClient>> client;
  std::future<ClientResult<CallReply>> calling;
};

TEST_F(OpenQuestion, OnAStreamOfTheLastSessionIsAskedNoLonger) {
  HttpExchange stream = called.get_future().get();
  server.on("resources/read", [this](HttpExchange exchange, const std::string& id) {
    if (server.count("resources/read") == 1) return exchange.respond(404, "", "");
    ScriptedMcp::respond(std::move(exchange), id, R"({"contents":[]})");
  });
  EXPECT_TRUE((*client)->read("a:b"));
  EXPECT_EQ(server.count("initialize"), 2);
  EXPECT_TRUE(comes(shown, 0));
  stream.executor().post([&stream] {
    stream.write("id: a_1\n" + asking("2", "Pay 20?"));
    stream.end();
  });
  const auto reply = calling.get();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().cause(), ClientCause::broken);
  EXPECT_EQ(server.count("GET"), 0) << "the new session has no such stream";
  EXPECT_EQ(server.count("POST"), 0);
  EXPECT_EQ(asked, 1);
}

TEST_F(OpenQuestion, EndsWithItsCallThatTheCallerCancels) {
  stop.request_stop();
  expect_it_ends();
}

TEST_F(OpenQuestion, EndsWithItsCallWhoseStreamEnds) {
  HttpExchange stream = called.get_future().get();
  stream.executor().post([&stream] { stream.end(); });
  expect_it_ends();
}

}  // namespace
}  // namespace leanmcp
