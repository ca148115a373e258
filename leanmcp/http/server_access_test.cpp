#include <leanmcp/http/access_rules.hpp>
#include <leanmcp/http/server.hpp>
#include <leanmcp/http/server_test_support.hpp>

namespace leanmcp::http_test {
namespace {

using detail::AccessRules;

AccessRules rules(const HttpServerOptions& options, bool on_loopback) {
  auto made = AccessRules::make(options, on_loopback);
  EXPECT_TRUE(made);
  return *made;
}

TEST(AccessRules, OnLoopbackOnlyLoopbackNamesAreServed) {
  const AccessRules local = rules(HttpServerOptions(), true);
  for (const char* const host : {"localhost", "LocalHost:1", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:3000"})
    EXPECT_TRUE(local.host_allowed(host)) << host;
  for (const char* const host : {"evil.example",
                                 "localhost.evil.example",
                                 "evil.example:80",
                                 "localhost.",
                                 "127.0.0.1.nip.io",
                                 "127.0.0.2",
                                 "[::2]",
                                 "[::1",
                                 "::1",
                                 "[]",
                                 "",
                                 ":80",
                                 "localhost:",
                                 "localhost:a",
                                 "localhost:123456",
                                 "localhost:80:80",
                                 "evil@localhost",
                                 "localhost/",
                                 "localhost evil",
                                 "2130706433",
                                 "0x7f.1",
                                 "0.0.0.0"})
    EXPECT_FALSE(local.host_allowed(host)) << host;
  EXPECT_TRUE(rules(HttpServerOptions().address("127.0.0.9"), true).host_allowed("127.0.0.9:80"));
  EXPECT_TRUE(rules(HttpServerOptions().address("::1"), true).host_allowed("[::1]:80"));
}

TEST(AccessRules, OtherAddressesCheckHostsOnceOneIsAllowed) {
  EXPECT_TRUE(rules(HttpServerOptions(), false).host_allowed("anything.example"));
  const AccessRules behind = rules(HttpServerOptions().public_url("https://MCP.example.com:8443/mcp"), false);
  EXPECT_TRUE(behind.host_allowed("mcp.example.com"));
  EXPECT_TRUE(behind.host_allowed("mcp.Example.com:8443"));
  EXPECT_TRUE(behind.host_allowed("localhost:3000"));
  EXPECT_FALSE(behind.host_allowed("example.com"));
  const AccessRules exact = rules(HttpServerOptions().allow_host("a.example:81"), false);
  EXPECT_TRUE(exact.host_allowed("a.example:81"));
  EXPECT_FALSE(exact.host_allowed("a.example"));
  EXPECT_FALSE(exact.host_allowed("a.example:82"));
  EXPECT_TRUE(rules(HttpServerOptions().allow_any_host(), true).host_allowed("evil.example"));
}

TEST(AccessRules, Origins) {
  const AccessRules local = rules(HttpServerOptions().allow_origin("https://App.example.com"), true);
  for (const char* const origin : {"http://localhost", "http://localhost:6274", "https://127.0.0.1:1",
                                   "http://[::1]:80", "https://app.example.com", "https://app.example.com:443"})
    EXPECT_TRUE(local.origin_allowed(origin)) << origin;
  for (const char* const origin :
       {"null", "", "https://evil.example", "http://app.example.com", "https://app.example.com:444",
        "https://app.example.com.evil.example", "https://localhost.evil.example", "http://localhost/", "file://",
        "https://app.example.com/", "https://x@app.example.com", "http://localhost@evil.example", "localhost",
        "chrome-extension://abc", "http://"})
    EXPECT_FALSE(local.origin_allowed(origin)) << origin;
  const AccessRules outside = rules(HttpServerOptions().public_url("https://mcp.example.com/mcp"), false);
  EXPECT_TRUE(outside.origin_allowed("https://mcp.example.com"));
  EXPECT_FALSE(outside.origin_allowed("http://localhost:3000"));
  EXPECT_FALSE(rules(HttpServerOptions(), false).origin_allowed("https://any.example"));
  EXPECT_TRUE(rules(HttpServerOptions().allow_any_origin(), false).origin_allowed("https://any.example"));
}

TEST(AccessRules, NonsenseIsRefusedWhenTheServerStarts) {
  EXPECT_FALSE(AccessRules::make(HttpServerOptions().allow_host("[::1"), true));
  EXPECT_FALSE(AccessRules::make(HttpServerOptions().allow_host(""), true));
  EXPECT_FALSE(AccessRules::make(HttpServerOptions().allow_origin("app.example.com"), true));
  EXPECT_FALSE(AccessRules::make(HttpServerOptions().allow_origin("https://app.example.com/"), true));
  EXPECT_FALSE(AccessRules::make(HttpServerOptions().public_url("ftp://a"), true));
  EXPECT_FALSE(AccessRules::make(HttpServerOptions().public_url("https://user@host/"), true));
}

class Access : public ::testing::Test {
 protected:
  void SetUp() override {
    server.route(HttpMethod::post, "/mcp", &echo);
    server.route(HttpMethod::get, "/mcp", &echo);
    start(server);
  }
  HttpServer server{HttpServerOptions().allow_origin("https://app.example.com")};
};

TEST_F(Access, ForeignHostsAndOriginsGet403AsAJsonRpcErrorWithoutId) {
  Peer peer(server.port());
  const auto foreign = peer.ask("POST /mcp HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(foreign->status, 403);
  EXPECT_EQ(foreign->header("content-type"), "application/json");
  EXPECT_NE(foreign->body.find("\"jsonrpc\":\"2.0\""), std::string::npos);
  EXPECT_NE(foreign->body.find("\"error\""), std::string::npos);
  EXPECT_EQ(foreign->body.find("\"id\""), std::string::npos);
  const auto origin = peer.ask(post("/mcp", "{}", "Origin: https://evil.example\r\n"));
  EXPECT_EQ(origin->status, 403);
  EXPECT_FALSE(origin->headers.contains("access-control-allow-origin"));
  EXPECT_EQ(peer.ask(post("/mcp", "{}", "Origin: http://localhost\r\nOrigin: http://localhost\r\n"))->status, 403);
  EXPECT_EQ(peer.ask(post("/mcp", "{}", "Origin:\r\n"))->status, 403);
  EXPECT_EQ(peer.ask("GET /mcp HTTP/1.1\r\nHost:\r\n\r\n")->status, 403);
  EXPECT_EQ(peer.ask("GET http://evil.example/mcp HTTP/1.1\r\nHost: localhost\r\n\r\n")->status, 403);
  // Also where there is nothing: what exists is not told to strangers.
  EXPECT_EQ(peer.ask("GET /lost HTTP/1.1\r\nHost: evil.example\r\n\r\n")->status, 403);
  EXPECT_EQ(peer.ask(post("/mcp", "{}"))->status, 200);
}

TEST_F(Access, AnswersForAllowedOriginsCarryTheCorsHeaders) {
  Peer peer(server.port());
  const auto seen = peer.ask(post("/mcp", "{}", "Origin: https://app.example.com\r\n"));
  EXPECT_EQ(seen->status, 200);
  EXPECT_EQ(seen->header("access-control-allow-origin"), "https://app.example.com");
  EXPECT_EQ(seen->header("vary"), "Origin");
  for (const char* const name : {"Mcp-Session-Id", "MCP-Protocol-Version", "WWW-Authenticate"})
    EXPECT_NE(seen->header("access-control-expose-headers").find(name), std::string::npos);
  // Refusals too, so that the page can tell them apart.
  EXPECT_EQ(peer.ask(get("/lost", "Origin: https://app.example.com\r\n"))->header("access-control-allow-origin"),
            "https://app.example.com");
  EXPECT_FALSE(peer.ask(post("/mcp", "{}"))->headers.contains("access-control-allow-origin"));
}

TEST(IgnoredOrigin, IsNeitherRefusedNorAllowedToRead) {
  HttpServer server(HttpServerOptions().ignore_origin());
  server.route(HttpMethod::get, "/page", &echo);
  start(server);
  Peer peer(server.port());
  for (const char* const origin : {"null", "https://evil.example", "http://localhost"}) {
    const auto seen = peer.ask(get("/page", "Origin: " + std::string(origin) + "\r\n"));
    EXPECT_EQ(seen->status, 200) << origin;
    EXPECT_FALSE(seen->headers.contains("access-control-allow-origin")) << origin;
  }
}

TEST_F(Access, Preflight) {
  Peer peer(server.port());
  const auto seen = peer.ask(
      "OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example.com\r\n"
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization, content-type, "
      "mcp-protocol-version,Mcp-Param-Region,last-event-id,traceparent,x-evil\r\n\r\n");
  EXPECT_EQ(seen->status, 204);
  EXPECT_EQ(seen->header("access-control-allow-origin"), "https://app.example.com");
  EXPECT_EQ(seen->header("access-control-allow-methods"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(seen->header("access-control-allow-headers"),
            "authorization, content-type, mcp-protocol-version, mcp-param-region, last-event-id, traceparent");
  EXPECT_EQ(seen->header("access-control-max-age"), "7200");
  const auto plain = peer.ask(
      "OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:5\r\nAccess-Control-Request-Method: "
      "POST\r\n\r\n");
  EXPECT_NE(plain->header("access-control-allow-headers").find("authorization"), std::string::npos);
  const auto foreign = peer.ask(
      "OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: "
      "POST\r\n\r\n");
  EXPECT_EQ(foreign->status, 403);
  EXPECT_EQ(peer.ask("OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n")->header("allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(peer.ask("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")->status, 204);
  EXPECT_EQ(peer.ask("OPTIONS /lost HTTP/1.1\r\nHost: localhost\r\n\r\n")->status, 404);
}

TEST_F(Access, ARouteMayBeForAllPagesOrForNone) {
  HttpServer open{HttpServerOptions()};
  for (const char* const path : {"/token", "/consent", "/mcp"}) open.route(HttpMethod::post, path, &echo);
  open.route_origins("/token", RouteOrigins::any);
  open.route_origins("/consent", RouteOrigins::own);
  start(open);
  Peer peer(open.port());
  const auto seen = peer.ask(post("/token", "{}", "Origin: https://any.example\r\n"));
  EXPECT_EQ(seen->status, 200);
  EXPECT_EQ(seen->header("access-control-allow-origin"), "*");
  EXPECT_FALSE(seen->headers.contains("access-control-allow-credentials"));
  EXPECT_NE(seen->header("access-control-expose-headers").find("DPoP-Nonce"), std::string::npos);
  const auto preflight = peer.ask(
      "OPTIONS /token HTTP/1.1\r\nHost: localhost\r\nOrigin: https://any.example\r\n"
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,dpop\r\n\r\n");
  EXPECT_EQ(preflight->status, 204);
  EXPECT_EQ(preflight->header("access-control-allow-origin"), "*");
  EXPECT_EQ(preflight->header("access-control-allow-headers"), "authorization, dpop");
  // Two origins are nobody's, and a foreign Host stays one.
  EXPECT_EQ(peer.ask(post("/token", "{}", "Origin: https://a.example\r\nOrigin: https://b.example\r\n"))->status, 403);
  EXPECT_EQ(peer.ask("POST /token HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n")->status, 403);

  for (const char* const origin : {"https://any.example", "http://localhost:5", "null"}) {
    const auto page = peer.ask(post("/consent", "{}", "Origin: " + std::string(origin) + "\r\n"));
    EXPECT_EQ(page->status, 200);
    EXPECT_FALSE(page->headers.contains("access-control-allow-origin"));
  }
  const auto refused = peer.ask(
      "OPTIONS /consent HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:5\r\n"
      "Access-Control-Request-Method: POST\r\n\r\n");
  EXPECT_FALSE(refused->headers.contains("access-control-allow-origin"));
  EXPECT_FALSE(refused->headers.contains("access-control-allow-methods"));
  EXPECT_EQ(peer.ask(post("/mcp", "{}", "Origin: https://any.example\r\n"))->status, 403);
}

TEST(AccessAnywhere, AnyOriginIsAnsweredWithAStar) {
  HttpServer server{HttpServerOptions().allow_any_origin()};
  server.route(HttpMethod::get, "/", &echo);
  start(server);
  Peer peer(server.port());
  const auto seen = peer.ask(get("/", "Origin: null\r\n"));
  EXPECT_EQ(seen->status, 200);
  EXPECT_EQ(seen->header("access-control-allow-origin"), "*");
  EXPECT_FALSE(seen->headers.contains("vary"));
}

}  // namespace
}  // namespace leanmcp::http_test
