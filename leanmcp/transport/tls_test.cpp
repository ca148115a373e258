// The endpoint and its streams over TLS.

#include "sample_test.hpp"

#include <leanmcp/http/certificate_test.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/transport/serve.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

class EndpointOverTls : public testing::Test {
 protected:
  void SetUp() override {
    server.tool("hello", &hello);
    server.resource("a://b", "b", [] { return std::string("text"); });
    service = std::make_unique<HttpService>(server, HttpOptions().port(0).tls(certificate.chain(), certificate.key()));
    ASSERT_TRUE(service->start());
    HttpClientOptions options;
    options.ca_file = certificate.chain();
    client = std::make_unique<HttpClient>(std::move(options));
  }
  void TearDown() override { service->stop(); }

  ClientRequest request(const std::string& method, const std::string& members, const std::string& name = {}) {
    ClientRequest out("POST", "https://localhost:" + std::to_string(service->port()) + "/mcp");
    out.connect_to = {"127.0.0.1"};
    out.headers = {{"Content-Type", "application/json"},
                   {"Accept", "application/json, text/event-stream"},
                   {"MCP-Protocol-Version", "2026-07-28"},
                   {"Mcp-Method", method}};
    if (!name.empty()) out.headers.emplace_back("Mcp-Name", name);
    out.body = R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":{)" + members +
               R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
               R"("io.modelcontextprotocol/clientCapabilities":{}}}})";
    return out;
  }

  http_test::Certificate certificate;
  Server server{"tls", "1"};
  std::unique_ptr<HttpService> service;
  std::unique_ptr<HttpClient> client;
};

TEST_F(EndpointOverTls, ACallIsAnswered) {
  const auto answer = client->fetch(request("tools/call", R"("name":"hello","arguments":{},)", "hello"));
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->status, 200);
  EXPECT_NE(answer->body.find(R"("text":"hello")"), std::string::npos) << answer->body;
}

TEST_F(EndpointOverTls, AStreamBringsWhatHappens) {
  ClientRequest listen = request("subscriptions/listen", R"("notifications":{"resourceSubscriptions":["a://b"]},)");
  std::string type;
  std::string seen;
  bool told = false;
  listen.on_head = [&](const ClientResponse& head) {
    type = head.header("content-type");
    return true;
  };
  listen.on_data = [&](std::string_view piece) {
    seen += piece;
    if (!told && seen.find("acknowledged") != std::string::npos) {
      told = true;
      server.resource_updated("a://b");
    }
    return seen.find("notifications/resources/updated") == std::string::npos;
  };
  EXPECT_FALSE(client->fetch(std::move(listen))) << "ended here, as it had brought what was waited for";
  EXPECT_NE(type.find("text/event-stream"), std::string::npos) << type;
  EXPECT_NE(seen.find(R"("uri":"a://b")"), std::string::npos) << seen;
}

TEST_F(EndpointOverTls, PlainHttpIsNotServed) {
  ClientRequest plain = request("tools/call", R"("name":"hello","arguments":{},)", "hello");
  plain.url.replace(0, 5, "http");
  EXPECT_FALSE(client->fetch(std::move(plain)));
}

}  // namespace
}  // namespace leanmcp
