#include <leanmcp/client/scripted_mcp_test.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using detail::ScriptedMcp;

std::string event(const std::string& message) { return "data: " + message + "\n\n"; }

std::string notification(const std::string& method, const std::string& members) {
  return R"({"jsonrpc":"2.0","method":")" + method + R"(","params":{)" + members +
         R"("_meta":{"io.modelcontextprotocol/subscriptionId":1}}})";
}

/// A server of 2026-07-28 that ends subscriptions in order; after `short_ones` of them one stays.
class Ending : public testing::Test {
 protected:
  Ending() {
    server.on("server/discover", [](HttpExchange exchange, const std::string& id) {
      ScriptedMcp::respond(
          std::move(exchange), id,
          R"({"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{},"ttlMs":0,"cacheScope":"public"})");
    });
    server.on("subscriptions/listen", [this](HttpExchange exchange, const std::string& id) {
      exchange.begin_stream(200, "text/event-stream");
      exchange.write(event(
          notification("notifications/subscriptions/acknowledged", R"("notifications":{"toolsListChanged":true},)")));
      if (server.count("subscriptions/listen") > short_ones) {
        exchange.write(event(notification("notifications/tools/list_changed", "")));
        return server.keep(std::move(exchange));
      }
      exchange.write(event(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{"resultType":"complete"}})"));
      exchange.end();
    });
    ClientLimits limits;
    limits.longest_retry = 10ms;
    limits.reconnects = 2;
    options.versions({Version::v2026_07_28}).limits(limits);
  }

  /// Listens until something is heard or the subscription is over; what was heard.
  int listen() {
    auto client = BlockingClient::connect(server.start(), options);
    EXPECT_TRUE(client);
    int heard = 0;
    const auto done = client->run<void>([&heard](Client& open) { return listen_to(open, heard); });
    EXPECT_TRUE(done);
    return heard;
  }
  static Task<ClientResult<void>> listen_to(Client client, int& heard) {
    const std::function<void(const ClientNotification&)> handler = [&heard](const ClientNotification&) { ++heard; };
    auto listening = client.listen(ListenFilter().tools(), handler);
    auto subscription = co_await std::move(listening);
    if (!subscription) co_return ClientResult<void>(std::move(subscription).error());
    for (int i = 0; i < 3'000 && heard == 0 && subscription->active(); ++i) co_await sleep_for(10ms);
    co_return ClientResult<void>();
  }

  int short_ones = 0;
  ScriptedMcp server;
  ClientOptions options;
};

TEST_F(Ending, ByTheEndOfTheTokenIsNotTheEndForWhoCanGetAnother) {
  short_ones = 2;
  options.token(Secret("t"));
  EXPECT_EQ(listen(), 1);
  EXPECT_EQ(server.count("subscriptions/listen"), 3);
}

TEST_F(Ending, IsTheEndForWhoHasNoToken) {
  short_ones = 1;
  EXPECT_EQ(listen(), 0);
  EXPECT_EQ(server.count("subscriptions/listen"), 1);
}

TEST_F(Ending, OverAndOverIsTheEnd) {
  short_ones = 1000;
  options.token(Secret("t"));
  EXPECT_EQ(listen(), 0);
  EXPECT_EQ(server.count("subscriptions/listen"), 3);
}

}  // namespace
}  // namespace leanmcp
