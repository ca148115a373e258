// What becomes of the HTTP request of a call that its client has cancelled (2025-11-25 and before: by a notification).

#include <leanmcp/http/client.hpp>
#include <leanmcp/transport/serve.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

class CancelOverHttp : public testing::Test {
 protected:
  void SetUp() override {
    server.tool("hello", [] { return "hello"; })
        .tool("sleep",
              [this]() -> Task<std::string> {
                ++started;
                co_await sleep_for(1h);
                co_return "slept";
              })
        .tool("talk", [this](Context& ctx) -> Task<std::string> {
          ctx.log(McpLevel::warning, "talking");
          ++started;
          co_await sleep_for(1h);
          co_return "talked";
        });
    service = std::make_unique<HttpService>(server, HttpOptions().port(0).logger(logger));
    ASSERT_TRUE(service->start());
  }
  void TearDown() override {
    service->stop();
    const std::lock_guard lock(mutex);
    EXPECT_EQ(log.find("dropped a request"), std::string::npos) << log;
  }

  ClientResponse send(std::string method, std::string body, std::vector<std::pair<std::string, std::string>> headers) {
    ClientRequest request(std::move(method), "http://127.0.0.1:" + std::to_string(service->port()) + "/mcp");
    request.body = std::move(body);
    if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Accept", "application/json, text/event-stream");
    for (auto& header : headers) request.headers.push_back(std::move(header));
    auto outcome = client.fetch(std::move(request));
    EXPECT_TRUE(outcome);
    return outcome ? std::move(*outcome) : ClientResponse();
  }
  ClientResponse post(std::string body) { return send("POST", std::move(body), {{"Mcp-Session-Id", session}}); }
  void open(const std::string& revision) {
    const auto answer = send(
        "POST",
        R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"capabilities":{},"clientInfo":{"name":"t","version":"1"},"protocolVersion":")" +
            revision + R"("}})",
        {});
    session = std::string(answer.header("mcp-session-id"));
    ASSERT_FALSE(session.empty()) << answer.body;
  }
  static std::string call(int id, const std::string& tool) {
    return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":"tools/call","params":{"name":")" + tool +
           R"(","arguments":{}}})";
  }
  /// Sends the body, cancels the calls once `calls` have begun, and gives what came back.
  ClientResponse cancelled(std::string body, int calls, const std::vector<int>& ids) {
    auto answering = std::async(std::launch::async, [this, body = std::move(body)] { return post(body); });
    for (int i = 0; i < 6'000 && started < calls; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(started, calls);
    for (const int id : ids)
      EXPECT_EQ(post(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" +
                     std::to_string(id) + "}}")
                    .status,
                202);
    if (answering.wait_for(30s) != std::future_status::ready) {
      ADD_FAILURE() << "the request is still open";
      service->stop();
    }
    return answering.get();
  }

  std::mutex mutex;
  std::string log;
  const Logger logger{[this](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    log.append(line).append("\n");
  }};
  Server server{"test", "1", ServerOptions().logger(logger)};
  std::unique_ptr<HttpService> service;
  HttpClient client;
  std::string session;
  std::atomic<int> started{0};
};

TEST_F(CancelOverHttp, AStreamEndsWithoutAnAnswer) {
  open("2025-11-25");
  const auto answer = cancelled(call(1, "talk"), 1, {1});
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("talking"), std::string::npos) << answer.body;
  EXPECT_EQ(answer.body.find("\"result\""), std::string::npos) << answer.body;
  const auto begin = answer.body.find("id: ") + 4;
  const std::string event = answer.body.substr(begin, answer.body.find('\n', begin) - begin);
  EXPECT_EQ(send("GET", "", {{"Mcp-Session-Id", session}, {"Last-Event-ID", event}}).status, 400)
      << "nobody comes back to it for ever";
}

TEST_F(CancelOverHttp, WhatIsNoStreamYetBecomesAnEmptyOne) {
  for (const char* const revision : {"2025-11-25", "2025-06-18"}) {
    open(revision);
    started = 0;
    const auto answer = cancelled(call(1, "sleep"), 1, {1});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("content-type"), "text/event-stream");
    EXPECT_EQ(answer.body, "");
  }
}

TEST_F(CancelOverHttp, TheOthersOfABatchAreAnswered) {
  open("2025-03-26");
  const auto answer = cancelled("[" + call(1, "sleep") + "," + call(2, "hello") + "]", 1, {1});
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body.starts_with("[{") && answer.body.ends_with("}]")) << answer.body;
  EXPECT_NE(answer.body.find("\"id\":2"), std::string::npos) << answer.body;
  EXPECT_EQ(answer.body.find("\"id\":1"), std::string::npos) << answer.body;
}

TEST_F(CancelOverHttp, TheOthersOfABatchAreAnsweredOnItsStreamToo) {
  open("2025-03-26");
  const auto answer = cancelled("[" + call(1, "hello") + "," + call(2, "talk") + "," + call(3, "hello") + "]", 1, {2});
  EXPECT_EQ(answer.header("content-type"), "text/event-stream");
  EXPECT_NE(answer.body.find("\"id\":1"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("\"id\":3"), std::string::npos) << answer.body;
  EXPECT_EQ(answer.body.find("\"id\":2"), std::string::npos) << answer.body;
}

TEST_F(CancelOverHttp, ABatchOfWhichNothingIsLeftEnds) {
  open("2025-03-26");
  const auto answer = cancelled("[" + call(1, "sleep") + "," + call(2, "sleep") + "]", 2, {1, 2});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
}

}  // namespace
}  // namespace leanmcp
