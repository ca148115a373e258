#include <leanmcp/oauth/server/oauth_server.hpp>

#include <leanmcp/http/client.hpp>
#include <leanmcp/http/client_test_server.hpp>
#include <leanmcp/http/server.hpp>
#include <leanmcp/oauth/server/core.hpp>

#include <gtest/gtest.h>

#include <future>
#include <thread>

// The endpoints behind a socket: paths of the issuer, CORS, work off the event loop.
namespace leanmcp {
namespace {

using namespace std::chrono_literals;

class Mounted : public testing::Test {
 protected:
  void start(const std::string& path, OAuthServerOptions options) {
    options.keys(KeyRing::random()).own_users();
    options.issuer_ += path;
    options.protects(ProtectedApi("https://api.example/mcp").scope("openid", "Know who you are"));
    options.client(ConfiguredClient("machine").secret(Secret("machine-secret-1234")).grant_type("client_credentials"));
    auto database = Database::open("sqlite::memory:");
    oauth = std::make_unique<OAuthServer>(std::move(options), std::move(*database));
    const auto ready = oauth->init();
    ASSERT_TRUE(ready) << ready.error().message();
    oauth->mount(http);
    const auto listening = http.start();
    ASSERT_TRUE(listening);
    base = "http://127.0.0.1:" + std::to_string(http.port());
  }
  ClientResponse ask(const std::string& method, const std::string& path, HttpFields headers = {},
                     std::string body = {}) {
    ClientRequest request(method, base + path);
    request.headers = std::move(headers);
    request.body = std::move(body);
    auto response = client.fetch(std::move(request));
    EXPECT_TRUE(response) << (response ? "" : response.error().detail);
    return response ? *response : ClientResponse();
  }
  void TearDown() override {
    http.stop();
    http.wait();
  }

  std::unique_ptr<OAuthServer> oauth;
  HttpServer http{HttpServerOptions()};
  HttpClient client;
  std::string base;
};

TEST_F(Mounted, Rfc8414Section3_1_DocumentsOfAnIssuerWithAPath) {
  start("/tenant", OAuthServerOptions("http://127.0.0.1:1"));
  for (const char* const path :
       {"/.well-known/oauth-authorization-server/tenant", "/.well-known/openid-configuration/tenant",
        "/tenant/.well-known/openid-configuration"}) {
    const ClientResponse document = ask("GET", path);
    EXPECT_EQ(document.status, 200) << path;
    EXPECT_NE(document.body.find(R"("issuer":"http://127.0.0.1:1/tenant")"), std::string::npos) << path;
    EXPECT_NE(document.body.find(R"("token_endpoint":"http://127.0.0.1:1/tenant/token")"), std::string::npos);
  }
  EXPECT_EQ(ask("GET", "/.well-known/oauth-authorization-server").status, 404);
  EXPECT_EQ(ask("GET", "/tenant/jwks").status, 200);
  EXPECT_EQ(ask("GET", "/jwks").status, 404);
  EXPECT_EQ(ask("GET", "/tenant/token").status, 405);
}

TEST_F(Mounted, PagesOfAllOriginsMayCallWhatIsMeantForClients) {
  start("", OAuthServerOptions("http://127.0.0.1:1"));
  const HttpFields foreign{{"Origin", "https://inspector.example"}};
  for (const char* const path : {"/.well-known/oauth-authorization-server", "/jwks"}) {
    const ClientResponse document = ask("GET", path, foreign);
    EXPECT_EQ(document.status, 200) << path;
    EXPECT_EQ(document.header("access-control-allow-origin"), "*") << path;
    EXPECT_EQ(document.header("access-control-allow-credentials"), "") << path;
  }
  for (const char* const path : {"/token", "/register", "/revoke"}) {
    const ClientResponse preflight = ask("OPTIONS", path,
                                         {{"Origin", "https://inspector.example"},
                                          {"Access-Control-Request-Method", "POST"},
                                          {"Access-Control-Request-Headers", "authorization, content-type, dpop"}});
    EXPECT_EQ(preflight.status, 204) << path;
    EXPECT_EQ(preflight.header("access-control-allow-origin"), "*") << path;
    EXPECT_EQ(preflight.header("access-control-allow-headers"), "authorization, content-type, dpop") << path;
  }
  const ClientResponse refused = ask("POST", "/token", foreign, "x");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.header("access-control-allow-origin"), "*");
  for (const char* const path : {"/authorize", "/sign-in"}) {
    const ClientResponse page = ask("GET", path, foreign);
    EXPECT_EQ(page.header("access-control-allow-origin"), "") << path;
  }
  EXPECT_EQ(ask("POST", "/consent", foreign).header("access-control-allow-origin"), "");
}

TEST_F(Mounted, Rfc6749Section4_4_ATokenOverASocket) {
  start("", OAuthServerOptions("http://127.0.0.1:1"));
  const ClientResponse answer = ask("POST", "/token",
                                    {{"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"},
                                     {"Authorization", "Basic bWFjaGluZTptYWNoaW5lLXNlY3JldC0xMjM0"}},
                                    "grant_type=client_credentials");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.header("cache-control"), "no-store");
  EXPECT_EQ(answer.header("content-type"), "application/json");
}

TEST_F(Mounted, TheClientsAddressIsTheOneTheProxyHasSeen) {
  OAuthServerOptions options("http://127.0.0.1:1");
  options.client_address_from("X-Forwarded-For").limits().failures_per_address = 3;
  start("", options);
  const auto guess = [&](const std::string& address) {
    return ask("POST", "/token",
               {{"Content-Type", "application/x-www-form-urlencoded"},
                {"Authorization", "Basic bWFjaGluZTp3cm9uZw=="},
                {"X-Forwarded-For", address}},
               "grant_type=client_credentials")
        .status;
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(guess("203.0.113.9, 198.51.100.1"), 401);
  EXPECT_EQ(guess("203.0.113.77, 198.51.100.1"), 429);
  EXPECT_EQ(guess("198.51.100.1, 198.51.100.2"), 401);
}

TEST_F(Mounted, WarnsWhereAProxyMayBeTakenForEverybody) {
  const auto warnings = [&](const std::string& issuer, const std::string& field) {
    std::string out;
    OAuthServerOptions options(issuer);
    options.client_address_from(field)
        .own_users()
        .keys(KeyRing::random())
        .logger(Logger([&](LogLevel level, std::string_view line) { level >= LogLevel::warning ? out += line : out; }));
    options.protects(ProtectedApi("https://api.example/mcp"));
    OAuthServer server(std::move(options), *Database::open("sqlite::memory:"));
    EXPECT_TRUE(server.init());
    server.stop();
    return out;
  };
  EXPECT_NE(warnings("https://as.example", "").find("client_address_from"), std::string::npos);
  EXPECT_EQ(warnings("https://as.example", "X-Forwarded-For"), "");
  EXPECT_EQ(warnings("http://127.0.0.1:1", ""), "");
}

TEST_F(Mounted, SlowMetadataDocumentsHoldUpNobodyElse) {
  std::promise<void> release;
  const auto released = release.get_future().share();
  detail::ScriptedServer stalling([&](const std::string&) {
    released.wait();
    return detail::ScriptedServer::Answer{"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"};
  });
  OAuthServerOptions options("http://127.0.0.1:1");
  options.loopback_documents();
  options.limits().authorize_per_address = 0;
  options.limits().new_documents_per_address = 0;
  start("", options);
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i)
    threads.emplace_back([&, i] { ask("GET", "/authorize?client_id=" + stalling.url("/" + std::to_string(i))); });
  while (stalling.connections() < 2) std::this_thread::yield();
  std::this_thread::sleep_for(200ms);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(ask("POST", "/consent", {{"Content-Type", "application/x-www-form-urlencoded"}}, "x=y").status, 403);
  // A document is waited for up to ten seconds.
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  release.set_value();
  for (std::thread& thread : threads) thread.join();
}

TEST_F(Mounted, AfterStopNothingIsTaken) {
  start("", OAuthServerOptions("http://127.0.0.1:1"));
  oauth->stop();
  EXPECT_EQ(ask("POST", "/token").status, 503);
  EXPECT_EQ(ask("GET", "/jwks").status, 200);
}

TEST(OAuthServerInit, WhatIsMissingIsNamed) {
  OAuthServer server(OAuthServerOptions("https://as.example"), *Database::open("sqlite::memory:"));
  const auto ready = server.init();
  ASSERT_FALSE(ready);
  EXPECT_NE(ready.error().message().find("state keys"), std::string::npos);
}

}  // namespace
}  // namespace leanmcp
