// Who makes room when sessions are flooded, over real sockets with a clock that the test moves.

#include "sample_test.hpp"

#include <leanmcp/http/client.hpp>
#include <leanmcp/transport/serve.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

class SessionFlood : public testing::Test {
 protected:
  void SetUp() override {
    server.tool("hello", &hello);
    service = std::make_unique<HttpService>(server, HttpOptions().port(0).sessions(3, 3, std::chrono::minutes(30)));
    ASSERT_TRUE(service->start());
  }
  void TearDown() override { service->stop(); }

  ClientResponse post(std::string body, const std::string& session) {
    ClientRequest request("POST", "http://127.0.0.1:" + std::to_string(service->port()) + "/mcp");
    request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"}};
    if (!session.empty()) request.headers.emplace_back("Mcp-Session-Id", session);
    request.body = std::move(body);
    auto outcome = client.fetch(std::move(request));
    EXPECT_TRUE(outcome);
    return outcome ? std::move(*outcome) : ClientResponse();
  }
  ClientResponse initialize() {
    return post(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
                R"("capabilities":{},"clientInfo":{"name":"flood","version":"1"}}})",
                {});
  }
  std::string open() {
    const auto answer = initialize();
    EXPECT_EQ(answer.status, 200) << answer.body;
    return std::string(answer.header("mcp-session-id"));
  }
  int ping(const std::string& session) { return post(R"({"jsonrpc":"2.0","id":2,"method":"ping"})", session).status; }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  Server server{"flood", "1", ServerOptions().clock(clock)};
  std::unique_ptr<HttpService> service;
  HttpClient client;
};

TEST_F(SessionFlood, TheOldestIdleSessionMakesRoomAndOnesInUseDoNot) {
  const std::string first = open();
  clock->advance(std::chrono::seconds(1));
  const std::string second = open();
  clock->advance(std::chrono::seconds(1));
  const std::string third = open();
  const auto refused = initialize();
  EXPECT_TRUE(refused.status == 429 || refused.status == 503) << refused.status;
  EXPECT_NE(refused.header("retry-after"), "");

  clock->advance(std::chrono::minutes(4));
  EXPECT_EQ(ping(first), 200) << "in use again: the second is now idle longest";
  const std::string fourth = open();
  EXPECT_EQ(ping(second), 404);
  for (const std::string& session : {first, third, fourth}) EXPECT_EQ(ping(session), 200);
  EXPECT_NE(initialize().status, 200) << "all three are in use";
}

}  // namespace
}  // namespace leanmcp
