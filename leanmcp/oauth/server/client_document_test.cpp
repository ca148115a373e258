#include <leanmcp/oauth/server/client_document.hpp>

#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/oauth/server/remote_documents.hpp>
#include <leanmcp/oauth/server/remote_test_support.hpp>
#include <leanmcp/oauth/server/server_test_support.hpp>

#include <atomic>
#include <functional>
#include <future>
#include <thread>

namespace leanmcp::as {
namespace {

using leanmcp::detail::ScriptedServer;
using std::chrono::hours;
using std::chrono::seconds;

TEST(ClientDocument, CimdSection3_ClientIdUrls) {
  for (const char* const good :
       {"https://app.example/client.json", "https://app.example:8443/a/b", "https://app.example/c?v=1",
        "https://app.example/client/", "https://[2606:4700::1]/c"})
    EXPECT_TRUE(is_document_url(good, false)) << good;
  for (const char* const bad : {"",
                                "https://app.example",
                                "https://app.example/",
                                "http://app.example/c",
                                "HTTPS://app.example/c",
                                "https://u@app.example/c",
                                "https://u:p@app.example/c",
                                "https://app.example/c#f",
                                "https://app.example/c#",
                                "https://app.example/./c",
                                "https://app.example/a/../c",
                                "https://app.example/%2e%2E/c",
                                "https://app.example/a/.%2e",
                                "https://app.example/c d",
                                "https://app.example/\tc",
                                "https://app.example\\c",
                                "https://app.example/c\x7f",
                                "https://app.example/c\n",
                                "https:///c",
                                "https:/app.example/c",
                                "http://127.0.0.1/c",
                                "http://localhost:3000/c",
                                "javascript://app.example/c",
                                "https://*/c"})
    EXPECT_FALSE(is_document_url(bad, false)) << bad;
  EXPECT_FALSE(is_document_url("https://app.example/" + std::string(2048, 'a'), false));
  EXPECT_TRUE(is_document_url("http://127.0.0.1:3000/c", true));
  EXPECT_FALSE(is_document_url("http://app.example/c", true));
}

const std::string id = "https://app.example/client.json";
std::string document(const std::string& client_id, const std::string& more = {}) {
  return "{\"client_id\":\"" + client_id + R"(","client_name":"App","redirect_uris":["https://app.example/cb"])" +
         more + "}";
}

TEST(ClientDocument, Attack51_CimdSection4_WhatADocumentSays) {
  const auto client = read_client_document(id, document(id));
  ASSERT_TRUE(client);
  EXPECT_EQ(client->client_id, id);
  EXPECT_EQ(client->origin, ClientOrigin::document);
  EXPECT_EQ(client->method, ClientMethod::none);
  for (const std::string& text :
       {document("https://app.example/client.json/"), document("https://app.example/other.json"),
        document("https://APP.example/client.json"), document("https://app.example:443/client.json"), document(""),
        std::string(R"({"redirect_uris":["https://app.example/cb"]})"), std::string(R"({"client_id":1})"),
        document(id, R"(,"client_secret":"x")"), document(id, R"(,"client_secret_expires_at":0)"),
        document(id, R"(,"token_endpoint_auth_method":"client_secret_post")"), document(id, R"(,"redirect_uris":[])"),
        "{\"client_id\":\"" + id + "\"}", "{\"client_id\":\"" + id + R"(","redirect_uris":[]})",
        "{\"client_id\":\"" + id + R"(","redirect_uris":["javascript:x"]})",
        "{\"client_id\":\"https://x/\",\"client_id\":\"" + id + R"(","redirect_uris":["https://app.example/cb"]})",
        document(id) + "x", std::string("[]"), std::string("<html>"),
        document(id, R"(,"jwks":{"keys":[{"kty":"EC","crv":"P-256","x":"","y":"","d":""}]})")}) {
    const auto refused = read_client_document(id, text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().error, "invalid_client") << text;
  }
}

class DocumentClientTest : public ServerTest {
 protected:
  void SetUp() override {
    options.loopback_documents();
    start();
    server = std::make_unique<ScriptedServer>([this](const std::string& request) {
      ++requests;
      last = request;
      if (before_answer) before_answer();
      auto answer = http_answer(status, body.empty() ? document(client_id()) : body, headers);
      answer.delay = delay;
      return answer;
    });
  }
  void TearDown() override { server.reset(); }
  std::string client_id(const std::string& path = "/client.json") const { return server->url(path); }
  Result<ClientRecord, OAuthError> find(const std::string& peer = "192.0.2.1") {
    return find_client(*core, client_id(), peer, now());
  }

  int status = 200;
  std::string body, headers, last;
  std::chrono::milliseconds delay{0};
  std::atomic<int> requests = 0;
  std::function<void()> before_answer;
  std::unique_ptr<ScriptedServer> server;
};

TEST_F(DocumentClientTest, KeptFromFiveMinutesToADay) {
  headers = "Cache-Control: max-age=3600\r\n";
  const auto client = find();
  ASSERT_TRUE(client) << client.error().reason;
  EXPECT_EQ(client->name, "App");
  EXPECT_TRUE(find());
  advance(seconds(3599));
  EXPECT_TRUE(find());
  EXPECT_EQ(requests, 1);
  advance(seconds(2));
  EXPECT_TRUE(find());
  EXPECT_EQ(requests, 2);
}

TEST_F(DocumentClientTest, Attack51_ErrorsAreNotKept) {
  status = 404;
  EXPECT_FALSE(find());
  status = 200;
  body = document(client_id() + "/");
  EXPECT_FALSE(find());
  body = document(client_id(), ",\"x\":\"" + std::string(6 * 1024, 'x') + "\"");
  EXPECT_FALSE(find());
  body = document(client_id(), R"(,"client_secret":"x")");
  EXPECT_FALSE(find());
  EXPECT_FALSE(core->store->client(client_id()).value());
  body.clear();
  EXPECT_TRUE(find());
  EXPECT_EQ(requests, 5);
}

TEST_F(DocumentClientTest, Attack50_51_TheAnswerIsInvalidClient) {
  core->remote = std::make_unique<RemoteDocuments>(core->http, core->guarded_http, false);
  Trap guarded;
  for (const std::string host :
       {"127.0.0.1", "[::ffff:127.0.0.1]", "[64:ff9b::127.0.0.1]", "localhost", "169.254.169.254"}) {
    core->limits = std::make_unique<RateLimits>(options.limits_);
    const auto found = find_client(*core, "https://" + host + ":" + guarded.port() + "/c", "192.0.2.1", now());
    ASSERT_FALSE(found) << host;
    EXPECT_EQ(found.error().error, "invalid_client");
    EXPECT_EQ(found.error().description, "The client is not known.");
  }
  EXPECT_EQ(guarded.visitors(), 0);
  EXPECT_NE(logged().find("oauth blocked"), std::string::npos) << logged();
}

TEST_F(DocumentClientTest, Attack52_LogosAreNotFetched) {
  Trap trap;
  const std::string inside = "http://127.0.0.1:" + trap.port();
  body = document(client_id(), ",\"logo_uri\":\"" + inside + "/logo.png\",\"client_uri\":\"" + inside +
                                   "/\",\"tos_uri\":\"" + inside + "/tos\",\"policy_uri\":\"" + inside + "/policy\"");
  EXPECT_TRUE(find());
  EXPECT_EQ(trap.visitors(), 0);
}

TEST_F(DocumentClientTest, Attack50_KeysOfAClientAreGuardedToo) {
  core->remote = std::make_unique<RemoteDocuments>(core->http, core->guarded_http, false);
  Trap trap;
  for (const std::string host : {"https://127.0.0.1:", "https://[::1]:", "https://localhost:", "http://127.0.0.1:"})
    EXPECT_FALSE(core->remote->keys(host + trap.port() + "/jwks", "k", false, now())) << host;
  EXPECT_EQ(trap.visitors(), 0);
}

TEST_F(DocumentClientTest, FiveNewDocumentsAMinute) {
  status = 404;
  for (int i = 0; i < 5; ++i) {
    const auto found = find_client(*core, client_id("/c" + std::to_string(i)), "192.0.2.1", now());
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().status, 401);
  }
  const auto found = find_client(*core, client_id("/c9"), "192.0.2.1", now());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().status, 429);
  EXPECT_GT(found.error().retry_after, seconds(0));
  EXPECT_EQ(requests, 5);
  status = 200;
  EXPECT_TRUE(find("192.0.2.2"));
  // One that is known does not count.
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(find("192.0.2.3"));
}

TEST_F(DocumentClientTest, AChangeIsSeen) {
  const auto first = find();
  ASSERT_TRUE(first);
  ConsentRecord consent;
  consent.subject = "github:1", consent.client_id = client_id(), consent.document_digest = first->document_digest;
  consent.expires = now() + hours(24);
  ASSERT_TRUE(core->store->put_consent(consent));
  advance(seconds(301));
  const auto same = find();
  ASSERT_TRUE(same);
  EXPECT_EQ(same->document_digest, first->document_digest);
  EXPECT_TRUE(core->store->has_consent(consent, now()).value());
  body = document(client_id(), R"(,"client_uri":"https://evil.example/")");
  advance(seconds(301));
  const auto changed = find();
  ASSERT_TRUE(changed);
  EXPECT_NE(changed->document_digest, first->document_digest);
  consent.document_digest = changed->document_digest;
  EXPECT_FALSE(core->store->has_consent(consent, now()).value());
}

TEST_F(DocumentClientTest, TheHostAwayIsNotTheClientGone) {
  ASSERT_TRUE(find());
  advance(seconds(301));
  status = 503;
  EXPECT_TRUE(find());
  advance(hours(1));
  EXPECT_FALSE(find());
  status = 200;
  ASSERT_TRUE(find());
  advance(seconds(301));
  status = 410;
  EXPECT_FALSE(find());
}

TEST_F(DocumentClientTest, ADisabledClientStaysDisabled) {
  auto client = find();
  ASSERT_TRUE(client);
  ASSERT_TRUE(*core->store->set_client_disabled(client_id(), true));
  EXPECT_FALSE(find());
  advance(hours(48));
  ASSERT_TRUE(core->store->sweep(now()));
  EXPECT_FALSE(find());
  EXPECT_EQ(requests, 1);
}

TEST_F(DocumentClientTest, ReadOnceForAllWhoWait) {
  delay = std::chrono::milliseconds(300);
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 2; ++i) threads.emplace_back([&, i] { good += find("192.0.2." + std::to_string(i)) ? 1 : 0; });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 2);
  EXPECT_EQ(requests, 1);
}

TEST_F(DocumentClientTest, WhileOneReadsAgainOthersGetTheOldCopyAtOnce) {
  ASSERT_TRUE(find());
  advance(seconds(301));
  std::promise<void> release;
  before_answer = [released = release.get_future().share()] { released.wait(); };
  std::thread reader([&] { EXPECT_TRUE(find()); });
  while (requests < 2) std::this_thread::yield();
  EXPECT_TRUE(find());
  EXPECT_TRUE(find());
  EXPECT_EQ(requests, 2);
  release.set_value();
  reader.join();
  before_answer = nullptr;
  // Nor is a host that is away asked by each of them.
  advance(seconds(301));
  status = 503;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(find());
  EXPECT_EQ(requests, 3);
  advance(seconds(30));
  EXPECT_TRUE(find());
  EXPECT_EQ(requests, 4);
}

TEST_F(DocumentClientTest, DisabledWhileItsDocumentIsReadItStaysOut) {
  ASSERT_TRUE(find());
  advance(seconds(301));
  before_answer = [this] { EXPECT_TRUE(*core->store->set_client_disabled(client_id(), true)); };
  EXPECT_FALSE(find());
  EXPECT_EQ(requests, 2);
  before_answer = nullptr;
  EXPECT_TRUE((*core->store->client(client_id()))->disabled);
  EXPECT_FALSE(find());
  EXPECT_EQ(requests, 2);
}

TEST_F(DocumentClientTest, OneThatServesNoMoreCountsAsNew) {
  ASSERT_TRUE(find());
  advance(hours(2));
  status = 503;
  for (int i = 0; i < 5; ++i) {
    const auto found = find();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().status, 401);
  }
  const auto found = find();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().status, 429);
}

TEST_F(DocumentClientTest, Attack36_OtherIds) {
  for (const std::string& other : {std::string(), std::string("nobody"), "mcp_" + std::string(43, 'x'),
                                   std::string("no\nbody"), std::string("n\xc3\xb6"), std::string(5000, 'x'),
                                   std::string("http://app.example/c"), std::string("https://app.example")}) {
    const auto found = find_client(*core, other, "192.0.2.1", now());
    ASSERT_FALSE(found) << other;
    EXPECT_EQ(found.error().error, "invalid_client");
  }
  EXPECT_TRUE(find_client(*core, "machine", "192.0.2.1", now()));
  options.client_documents(false);
  start();
  EXPECT_FALSE(find());
  EXPECT_EQ(requests, 0);
}

}  // namespace
}  // namespace leanmcp::as
