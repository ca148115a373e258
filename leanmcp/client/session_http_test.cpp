// What a client does when sessions and streams of an HTTP server get lost.

#include <leanmcp/client/scripted_mcp_test.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

namespace leanmcp {
namespace {

using detail::legacy_client;
using detail::ScriptedMcp;

ClientLimits quick() {
  ClientLimits limits;
  limits.longest_retry = std::chrono::milliseconds(10);
  return limits;
}

TEST(ClientSession, ARequestTheServerHadTakenIsNotSentAgainWhenTheSessionIsLost) {
  for (const int status : {404, 400, 401, 503}) {
    ScriptedMcp server;
    server.on("tools/call", [](HttpExchange exchange, const std::string&) {
      exchange.begin_stream(200, "text/event-stream");
      exchange.write("id: a_1\ndata: \n\n");
      exchange.end();
    });
    server.on("GET", [status](HttpExchange exchange, const std::string&) {
      exchange.respond(status, "application/json",
                       R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Session not found"}})");
    });
    auto client = BlockingClient::connect(server.start(), legacy_client().limits(quick()));
    ASSERT_TRUE(client);
    const auto reply = client->call("pay");
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().cause(), ClientCause::broken) << status;
    EXPECT_EQ(reply.error().http_status(), status);
    EXPECT_EQ(server.count("tools/call"), 1) << status;
    EXPECT_EQ(server.count("initialize"), 1);
    EXPECT_TRUE(client->ping());
    EXPECT_EQ(server.count("initialize"), status == 404 ? 2 : 1) << "the next request begins a new session";
  }
}

TEST(ClientSession, ARequestTheServerRefusedForItsSessionIsSentAgainInANewOne) {
  ScriptedMcp server;
  server.on("tools/call", [&server](HttpExchange exchange, const std::string& id) {
    if (server.count("tools/call") == 1) return exchange.respond(404, "", "");
    ScriptedMcp::respond(std::move(exchange), id, ScriptedMcp::text_result("done"));
  });
  auto client = BlockingClient::connect(server.start(), legacy_client());
  ASSERT_TRUE(client);
  const auto reply = client->call("pay");
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(reply->text(), "done");
  EXPECT_EQ(server.count("tools/call"), 2);
  EXPECT_EQ(server.count("initialize"), 2);
}

TEST(ClientSession, AStreamTheServerForgotIsOpenedAnewOnce) {
  for (const int refusal : {400, 404}) {
    ScriptedMcp server;
    std::atomic<int> resumed{0};
    server.on("GET", [&server, &resumed, refusal](HttpExchange exchange, const std::string&) {
      if (exchange.request().header_count("Last-Event-ID") != 0) {
        ++resumed;
        return exchange.respond(refusal, "", "");
      }
      exchange.begin_stream(200, "text/event-stream");
      exchange.write("id: a_1\ndata: \n\n");
      if (server.count("GET") == 1) return exchange.end();
      server.keep(std::move(exchange));
    });
    auto client = BlockingClient::connect(server.start(), legacy_client().listen_stream(true).limits(quick()));
    ASSERT_TRUE(client);
    EXPECT_TRUE(server.wait_for("GET", 3)) << refusal;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_EQ(server.count("GET"), 3);
    EXPECT_EQ(resumed, 1);
  }
}

TEST(ClientSession, TheStreamOfItsOwnEndsWithTheSessionItWasOpenedIn) {
  ScriptedMcp server;
  std::promise<HttpExchange> first;
  server.on("GET", [&](HttpExchange exchange, const std::string&) {
    exchange.begin_stream(200, "text/event-stream");
    exchange.write("id: a_1\ndata: \n\n");
    if (server.count("GET") == 1) return first.set_value(std::move(exchange));
    server.keep(std::move(exchange));
  });
  server.on("tools/call", [&server](HttpExchange exchange, const std::string& id) {
    if (server.count("tools/call") == 1) return exchange.respond(404, "", "");
    ScriptedMcp::respond(std::move(exchange), id, ScriptedMcp::text_result("done"));
  });
  std::atomic<int> heard{0};
  auto client =
      BlockingClient::connect(server.start(), legacy_client().listen_stream(true).limits(quick()).on_notification(
                                                  [&heard](const ClientNotification&) { ++heard; }));
  ASSERT_TRUE(client);
  ASSERT_TRUE(client->call("work"));
  ASSERT_EQ(server.count("initialize"), 2);
  HttpExchange old = first.get_future().get();
  old.executor().post([&old] {
    old.write("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n");
    old.end();
  });
  EXPECT_TRUE(server.wait_for("GET", 2));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(server.count("GET"), 2) << "one in each session";
  EXPECT_EQ(heard, 0);
}

TEST(ClientSession, AStreamThatBringsNothingIsNotComeBackToForEver) {
  ScriptedMcp server;
  server.on("GET", [](HttpExchange exchange, const std::string&) {
    exchange.begin_stream(200, "text/event-stream");
    exchange.write("id: a_1\ndata: \n\n");
    exchange.end();
  });
  auto client = BlockingClient::connect(server.start(), legacy_client().listen_stream(true).limits(quick()));
  ASSERT_TRUE(client);
  ASSERT_TRUE(server.wait_for("GET", 1 + quick().reconnects));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(server.count("GET"), 1 + quick().reconnects);
}

TEST(ClientSession, AStreamThatBringsMessagesIsComeBackToForEver) {
  ScriptedMcp server;
  server.on("GET", [](HttpExchange exchange, const std::string&) {
    exchange.begin_stream(200, "text/event-stream");
    exchange.write("id: a_1\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n");
    exchange.end();
  });
  auto client = BlockingClient::connect(server.start(), legacy_client().listen_stream(true).limits(quick()));
  ASSERT_TRUE(client);
  EXPECT_TRUE(server.wait_for("GET", 3 + quick().reconnects));
}

TEST(ClientSession, AStreamThatLastedIsComeBackToThoughItWasQuiet) {
  ScriptedMcp server;
  const auto clock = std::make_shared<ManualClock>(TimePoint(std::chrono::hours(1)));
  server.on("GET", [clock](HttpExchange exchange, const std::string&) {
    exchange.begin_stream(200, "text/event-stream");
    exchange.write("id: a_1\ndata: \n\n");
    clock->advance(std::chrono::minutes(1));
    exchange.end();
  });
  auto client =
      BlockingClient::connect(server.start(), legacy_client().listen_stream(true).limits(quick()).clock(clock));
  ASSERT_TRUE(client);
  EXPECT_TRUE(server.wait_for("GET", 3 + quick().reconnects));
}

/// A server that takes a call, ends its stream and is gone before the client can come back for the answer.
class Restarted : public testing::Test {
 protected:
  Restarted() {
    server->on("tools/call", [this](HttpExchange exchange, const std::string& id) {
      exchange.begin_stream(200, "text/event-stream");
      exchange.write("id: a_1\nretry: 1500\ndata: \n\n");
      exchange.end();
      taken.set_value(id);
    });
    server->on("GET", [](HttpExchange exchange, const std::string&) { exchange.respond(500, "", ""); });
  }

  /// Calls, and stops the server when it has taken the call; the JSON-RPC id.
  std::string call_and_stop(int reconnects) {
    ClientLimits limits;
    limits.longest_retry = std::chrono::milliseconds(1'500);
    limits.reconnects = reconnects;
    client = BlockingClient::connect(server->start(), legacy_client().limits(limits));
    EXPECT_TRUE(*client);
    port = server->port();
    reply = std::async(std::launch::async, [this] { return (*client)->call("pay"); });
    const std::string id = taken.get_future().get();
    server.reset();
    return id;
  }

  std::unique_ptr<ScriptedMcp> server = std::make_unique<ScriptedMcp>();
  std::promise<std::string> taken;
  std::uint16_t port = 0;
  std::optional<ClientResult<BlockingClient>> client;
  std::future<ClientResult<CallReply>> reply;
};

TEST_F(Restarted, GivesTheRestOfTheAnswerToAClientThatFoundNobodyMeanwhile) {
  const std::string id = call_and_stop(20);
  EXPECT_EQ(reply.wait_for(std::chrono::milliseconds(2'500)), std::future_status::timeout) << "tries again";
  ScriptedMcp next(port);
  std::promise<std::string> last_event_id;
  next.on("GET", [&](HttpExchange exchange, const std::string&) {
    last_event_id.set_value(std::string(exchange.request().header("Last-Event-ID")));
    exchange.begin_stream(200, "text/event-stream");
    exchange.write(R"(data: {"jsonrpc":"2.0","id":)" + id + ",\"result\":" + ScriptedMcp::text_result("paid") +
                   "}\n\n");
    exchange.end();
  });
  next.start();
  const auto got = reply.get();
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->text(), "paid");
  EXPECT_EQ(last_event_id.get_future().get(), "a_1");
  EXPECT_EQ(next.count("tools/call"), 0);
}

TEST_F(Restarted, OrNotIsNotAsIfItHadNeverTakenTheCall) {
  call_and_stop(1);
  const auto got = reply.get();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().cause(), ClientCause::broken) << got.error().message();
}

}  // namespace
}  // namespace leanmcp
