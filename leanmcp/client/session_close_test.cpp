// A client that is closed while something else of it waits for the server. What goes wrong here is a use after free:
// run with a sanitizer.

#include <leanmcp/client/scripted_mcp_test.hpp>

#include <gtest/gtest.h>

#include <future>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using detail::legacy_client;
using detail::ScriptedMcp;

Task<ClientResult<void>> closing(Client client) {
  auto leaving = client.close();
  co_await std::move(leaving);
  co_return ClientResult<void>();
}

ClientResult<void> close(BlockingClient& client) {
  return client.run<void>([](Client& open) { return closing(open); });
}

TEST(ClientClose, WhileACallOpensTheSessionAgain) {
  ScriptedMcp server;
  server.on("initialize", [&server](HttpExchange exchange, const std::string& id) {
    ScriptedMcp::respond(
        std::move(exchange), id,
        R"({"protocolVersion":"2025-11-25","capabilities":{"logging":{}},"serverInfo":{"name":"s","version":"1"}})",
        {{"Mcp-Session-Id", "s" + std::to_string(server.count("initialize"))}});
  });
  server.on("tools/call", [](HttpExchange exchange, const std::string&) { exchange.respond(404, "", ""); });
  server.on("GET", [&server](HttpExchange exchange, const std::string&) {
    if (server.count("GET") == 1) return exchange.respond(405, "", "");
    server.keep(std::move(exchange));
  });
  auto client = BlockingClient::connect(server.start(),
                                        legacy_client().listen_stream(true).on_log("info", [](const JsonObject&) {}));
  ASSERT_TRUE(client);
  auto calling = std::async(std::launch::async, [&client] { return client->call("work"); });
  ASSERT_TRUE(server.wait_for("GET", 2));
  EXPECT_TRUE(close(*client));
  const auto begun = std::chrono::steady_clock::now();
  const auto reply = calling.get();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().cause(), ClientCause::closed) << reply.error().message();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 900ms) << "nobody waits for what will not come";
  EXPECT_EQ(server.count("tools/call"), 1);
}

TEST(ClientClose, FromTwoSidesAtOnce) {
  ScriptedMcp server;
  std::promise<HttpExchange> leaving;
  server.on("DELETE",
            [&leaving](HttpExchange exchange, const std::string&) { leaving.set_value(std::move(exchange)); });
  auto client = BlockingClient::connect(server.start(), legacy_client());
  ASSERT_TRUE(client);
  auto first = std::async(std::launch::async, [&client] { return close(*client); });
  HttpExchange asked = leaving.get_future().get();
  EXPECT_TRUE(close(*client));
  asked.executor().post([&asked] { asked.respond(200, "", ""); });
  EXPECT_TRUE(first.get());
  EXPECT_FALSE(client->ping());
}

TEST(ClientClose, WhileAStreamOfTheOldestKindIsOpenedAgain) {
  ScriptedMcp server;
  std::vector<HttpExchange> stream;
  server.on("GET", [&](HttpExchange exchange, const std::string&) {
    if (server.count("GET") > 1) return server.keep(std::move(exchange));
    exchange.begin_stream(200, "text/event-stream");
    exchange.write("event: endpoint\ndata: /mcp?session=1\n\n");
    stream.push_back(std::move(exchange));
  });
  server.on("initialize", [&](HttpExchange exchange, const std::string& id) {
    if (stream.empty()) return exchange.respond(405, "", "");
    exchange.respond(202, "", "");
    stream[0].write(
        R"(data: {"jsonrpc":"2.0","id":)" + id +
        R"(,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}})"
        "\n\n");
  });
  server.on("ping", [&](HttpExchange exchange, const std::string&) {
    exchange.respond(202, "", "");
    stream[0].end();
  });
  auto client = BlockingClient::connect(server.start(), legacy_client());
  ASSERT_TRUE(client) << client.error().message();
  EXPECT_FALSE(client->ping()) << "the stream ended instead of an answer";
  auto calling = std::async(std::launch::async, [&client] { return client->ping(); });
  ASSERT_TRUE(server.wait_for("GET", 2));
  EXPECT_TRUE(close(*client));
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_FALSE(calling.get());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

}  // namespace
}  // namespace leanmcp
