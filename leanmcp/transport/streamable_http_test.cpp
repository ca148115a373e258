#include "sample_test.hpp"

#include <leanmcp/http/client.hpp>
#include <leanmcp/transport/serve.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

/// The endpoint over a real socket.
class StreamableHttpEndpoint : public testing::Test {
 protected:
  void SetUp() override {
    server.tool("hello", &hello);
    HttpOptions options;
    options.port(0).sessions(3, 2, std::chrono::minutes(30));
    service = std::make_unique<HttpService>(server, std::move(options));
    ASSERT_TRUE(service->start());
  }
  void TearDown() override { service->stop(); }

  ClientResponse post(std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
    headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("Accept", "application/json, text/event-stream");
    return send("POST", std::move(body), std::move(headers));
  }
  ClientResponse send(std::string method, std::string body, std::vector<std::pair<std::string, std::string>> headers) {
    ClientRequest request(std::move(method), "http://127.0.0.1:" + std::to_string(service->port()) + "/mcp");
    request.body = std::move(body);
    for (auto& [name, value] : headers) request.headers.emplace_back(std::move(name), std::move(value));
    auto outcome = client.fetch(std::move(request));
    EXPECT_TRUE(outcome);
    return outcome ? std::move(*outcome) : ClientResponse();
  }

  static std::string modern(const std::string& method, const std::string& members,
                            const std::string& version = "2026-07-28") {
    return R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":{)" + members +
           R"("_meta":{"io.modelcontextprotocol/protocolVersion":")" + version +
           R"(","io.modelcontextprotocol/clientCapabilities":{}}}})";
  }
  std::string session() {
    const auto answer = post(
        R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}})");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return std::string(answer.header("mcp-session-id"));
  }

  Server server{"test", "1"};
  std::unique_ptr<HttpService> service;
  HttpClient client;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

Headers modern_headers(std::string method, std::string name = {}) {
  Headers headers = {{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", std::move(method)}};
  if (!name.empty()) headers.emplace_back("Mcp-Name", std::move(name));
  return headers;
}

TEST_F(StreamableHttpEndpoint, AModernRequestNeedsNoSession) {
  const auto answer =
      post(modern("tools/call", R"("name":"hello","arguments":{},)"), modern_headers("tools/call", "hello"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("hello"), std::string::npos) << answer.body;
  EXPECT_EQ(answer.header("mcp-session-id"), "");
}

TEST_F(StreamableHttpEndpoint, HeadersMustRepeatTheBody) {
  const std::string call = modern("tools/call", R"("name":"hello","arguments":{},)");
  const Headers good = modern_headers("tools/call", "hello");
  const auto refused = [&](const Headers& headers) {
    const auto answer = post(call, headers);
    return answer.status == 400 && answer.body.find("-32020") != std::string::npos;
  };
  EXPECT_FALSE(refused(good));
  EXPECT_FALSE(refused(modern_headers("tools/call", "=?base64?aGVsbG8=?="))) << "names may come encoded";
  for (std::size_t i = 0; i < good.size(); ++i) {
    Headers missing = good;
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_TRUE(refused(missing)) << good[i].first << " is missing";
    Headers twice = good;
    twice.push_back(good[i]);
    EXPECT_TRUE(refused(twice)) << good[i].first << " is there twice";
  }
  EXPECT_TRUE(refused(modern_headers("tools/list", "hello")));
  EXPECT_TRUE(refused(modern_headers("tools/call", "other")));
  EXPECT_TRUE(refused({{"MCP-Protocol-Version", "2025-11-25"}, {"Mcp-Method", "tools/call"}, {"Mcp-Name", "hello"}}));
}

TEST_F(StreamableHttpEndpoint, TheRequestSaysItsEra) {
  EXPECT_EQ(post(modern("tools/list", "", "2099-01-01"),
                 {{"MCP-Protocol-Version", "2099-01-01"}, {"Mcp-Method", "tools/list"}})
                .status,
            400)
      << "a revision nobody knows";
  const std::string list = R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})";
  EXPECT_EQ(post(list).status, 400) << "the older era begins with initialize";
  EXPECT_EQ(post(list, {{"Mcp-Session-Id", "unknown"}}).status, 404);
  const std::string id = session();
  ASSERT_FALSE(id.empty());
  EXPECT_EQ(post(list, {{"Mcp-Session-Id", id}, {"MCP-Protocol-Version", "2025-11-25"}}).status, 200);
  EXPECT_EQ(post(list, {{"Mcp-Session-Id", id}, {"Mcp-Session-Id", id}}).status, 400);
  EXPECT_EQ(post(list, {{"Mcp-Session-Id", id}, {"MCP-Protocol-Version", "1999-01-01"}}).status, 400);
  EXPECT_EQ(send("GET", "", modern_headers("x")).status, 405) << "no stream of its own in the newer era";
  EXPECT_EQ(send("DELETE", "", {{"Mcp-Session-Id", id}}).status, 200);
  EXPECT_EQ(post(list, {{"Mcp-Session-Id", id}}).status, 404) << "ended";
}

TEST_F(StreamableHttpEndpoint, ANotificationMustNotContradictItsHeaders) {
  const std::string plain = R"({"jsonrpc":"2.0","method":"notifications/x"})";
  const std::string named =
      R"({"jsonrpc":"2.0","method":"notifications/x","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})";
  const Headers version = {{"MCP-Protocol-Version", "2026-07-28"}};
  EXPECT_EQ(post(plain, version).status, 202) << "the revision defines no headers for it";
  EXPECT_EQ(post(named).status, 202);
  EXPECT_EQ(post(named, modern_headers("notifications/x")).status, 202);
  const auto refused = [&](const std::string& body, const Headers& headers, const char* code) {
    const auto answer = post(body, headers);
    return answer.status == 400 && answer.body.find(code) != std::string::npos;
  };
  EXPECT_TRUE(refused(plain, modern_headers("notifications/y"), "-32020"));
  EXPECT_TRUE(refused(named, {{"MCP-Protocol-Version", "2099-01-01"}}, "-32020"));
  EXPECT_TRUE(refused(named, {{"MCP-Protocol-Version", "2025-11-25"}}, "-32020"));
  EXPECT_TRUE(refused(plain, {version[0], version[0]}, "-32020"));
  EXPECT_TRUE(refused(plain, {{"MCP-Protocol-Version", "2099-01-01"}}, "-32022"));
}

TEST_F(StreamableHttpEndpoint, WhatIsNoMessageIsRefused) {
  EXPECT_EQ(post("{").status, 400);
  EXPECT_NE(post("{").body.find("-32700"), std::string::npos);
  EXPECT_EQ(post("[]").status, 400);
  EXPECT_EQ(post(R"({"jsonrpc":"1.0","id":1,"method":"ping"})").status, 400);
  EXPECT_EQ(send("POST", "{}", {{"Content-Type", "text/plain"}}).status, 415);
  EXPECT_EQ(send("POST", "{}", {{"Content-Type", "application/json"}, {"Accept", "text/html"}}).status, 406);
  EXPECT_EQ(send("PUT", "{}", {}).status, 405);
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += '[';
  EXPECT_EQ(post(deep).status, 400);
}

TEST_F(StreamableHttpEndpoint, SessionsAreLimitedPerAddress) {
  EXPECT_FALSE(session().empty());
  EXPECT_FALSE(session().empty());
  const auto refused = post(
      R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}})");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "60");
  EXPECT_NE(refused.body.find("TOO_MANY_SESSIONS"), std::string::npos) << refused.body;
}

}  // namespace
}  // namespace leanmcp
