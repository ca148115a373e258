#include <leanmcp/oauth/client/loopback_listener.hpp>

#include <leanmcp/base/manual_executor.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/http/server_test_support.hpp>

#include <optional>
#include <thread>

namespace leanmcp {
namespace {

using http_test::Peer;
using http_test::Seen;

constexpr std::string_view secret_state = "state=the-right-one";

bool is_right(std::string_view query) { return query.find(secret_state) != std::string_view::npos; }

/// A sign-in whose person and browser are the test.
class Listening {
 public:
  explicit Listening(LoopbackOptions options = LoopbackOptions())
      : listener([this](std::string url) { return send(std::move(url)); }, std::move(options)) {}

  const std::string& prepare() {
    spawn(executor, listener.prepare(),
          [this](RunOutcome<Result<std::string>> outcome) { prepared = std::move(outcome.value); });
    EXPECT_TRUE(prepared && *prepared);
    const std::string& uri = prepared->value();
    const auto colon = uri.rfind(':');
    port = static_cast<std::uint16_t>(std::stoi(uri.substr(colon + 1)));
    return uri;
  }
  RunHandle visit() {
    return spawn(executor, listener.visit("https://as.example/authorize", &is_right),
                 [this](RunOutcome<Result<std::string>> outcome) {
                   ended = true;
                   answer = std::move(outcome.value);
                 });
  }
  /// Runs what comes from the servers' threads until the visit is over.
  bool wait() {
    for (int i = 0; i < 100 && !ended; ++i) {
      executor.wait(std::chrono::milliseconds(100));
      executor.run();
    }
    return ended;
  }
  std::optional<Seen> ask(const std::string& text) {
    Peer peer(port);
    return peer.connected() ? peer.ask(text) : std::nullopt;
  }
  std::string get(const std::string& target, const std::string& more = {}) const {
    return "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n" + more + "\r\n";
  }
  int status_of(const std::string& text) {
    const auto seen = ask(text);
    return seen ? seen->status : 0;
  }

  ManualExecutor executor;
  std::vector<std::string> sent_to;
  Result<void> sending;
  LoopbackListener listener;
  std::optional<Result<std::string>> prepared;
  std::optional<Result<std::string>> answer;
  bool ended = false;
  std::uint16_t port = 0;

 private:
  Task<Result<void>> send(std::string url) {
    sent_to.push_back(std::move(url));
    co_return sending;
  }
};

TEST(LoopbackListener, TheAnswerWithTheRightStateEndsTheVisitAndTheListening) {
  Listening here;
  const std::string uri = here.prepare();
  EXPECT_EQ(uri, "http://127.0.0.1:" + std::to_string(here.port) + "/callback");
  here.visit();
  EXPECT_EQ(here.sent_to, std::vector<std::string>{"https://as.example/authorize"});
  const auto seen = here.ask(here.get("/callback?code=c%26d&" + std::string(secret_state)));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->status, 200);
  ASSERT_TRUE(here.wait());
  ASSERT_TRUE(here.answer && *here.answer);
  EXPECT_EQ(here.answer->value(), "code=c%26d&state=the-right-one");
  EXPECT_FALSE(Peer(here.port).connected());
}

TEST(LoopbackListener, PagesHaveAFixedTextAndRefuseEverythingElse) {
  Listening here;
  here.prepare();
  here.visit();
  const std::string evil = "%3Cscript%3Ealert(1)%3C/script%3E";
  const auto wrong = here.ask(here.get("/callback?error=" + evil + "&state=wrong"));
  const auto right = here.ask(here.get("/callback?error=" + evil + "&" + std::string(secret_state)));
  for (const auto& seen : {wrong, right}) {
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->header("content-type"), "text/html; charset=utf-8");
    EXPECT_EQ(seen->header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    EXPECT_EQ(seen->header("x-content-type-options"), "nosniff");
    EXPECT_EQ(seen->header("referrer-policy"), "no-referrer");
    EXPECT_EQ(seen->header("cache-control"), "no-store");
    EXPECT_FALSE(seen->headers.contains("access-control-allow-origin"));
    for (const char* const echo : {"script", "alert", "wrong", "the-right-one"})
      EXPECT_EQ(seen->body.find(echo), std::string::npos) << echo;
  }
  EXPECT_EQ(wrong->status, 400);
  EXPECT_EQ(right->status, 200);
  EXPECT_TRUE(here.wait());
}

TEST(LoopbackListener, WhatIsNotTheAnswerLeavesTheVisitWaiting) {
  Listening here;
  here.prepare();
  const std::string right = "/callback?code=1&" + std::string(secret_state);
  // Before anybody was sent off there is nothing to answer.
  EXPECT_EQ(here.status_of(here.get(right)), 400);
  here.visit();
  const std::string port = std::to_string(here.port);
  EXPECT_EQ(here.status_of(here.get("/callback?code=1&state=guess")), 400);
  EXPECT_EQ(here.status_of(here.get("/callback")), 400);
  EXPECT_EQ(here.status_of(here.get("/favicon.ico")), 404);
  EXPECT_EQ(here.status_of(here.get("/callback/?" + std::string(secret_state))), 404);
  EXPECT_EQ(here.status_of(here.get("/%63allback?" + std::string(secret_state))), 404);
  const std::vector<std::string> hosts{"evil.example", "localhost:" + port, "127.0.0.1",
                                       "127.0.0.1:1",  "[::1]:" + port,     ""};
  for (const std::string& host : hosts)
    EXPECT_EQ(here.status_of("GET " + right + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"), 400) << host;
  EXPECT_EQ(here.status_of("GET " + right + " HTTP/1.0\r\n\r\n"), 400);
  EXPECT_EQ(here.status_of(here.get(right, "Host: 127.0.0.1:" + port + "\r\n")), 400);
  for (const std::string method : {"POST", "HEAD", "PUT", "DELETE"}) {
    const auto seen = here.ask(method + " " + right + " HTTP/1.1\r\nHost: 127.0.0.1:" + port +
                               "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    // A HEAD has no body to wait for.
    if (method != "HEAD") {
      ASSERT_TRUE(seen) << method;
      EXPECT_EQ(seen->status, 405) << method;
    }
  }
  EXPECT_EQ(here.status_of(here.get(right, "X-Long: " + std::string(8 * 1024, 'a') + "\r\n")), 431);
  EXPECT_EQ(here.status_of(here.get(right, "Content-Length: 1\r\n")), 413);
  here.executor.run();
  EXPECT_FALSE(here.ended);
  EXPECT_EQ(here.status_of(here.get(right, "Origin: null\r\n")), 200);
  EXPECT_TRUE(here.wait());
  EXPECT_TRUE(*here.answer);
}

TEST(LoopbackListener, BothAddressFamiliesAreListenedOnAndAreNobodyElses) {
  HttpServer probe(HttpServerOptions().address("::1"));
  const bool has_ipv6 = probe.start().has_value();
  for (const bool prefer : {false, true}) {
    Listening here(LoopbackOptions().prefer_ipv6(prefer).path("/cb"));
    const std::string uri = here.prepare();
    const std::string port = std::to_string(here.port);
    EXPECT_EQ(uri, (prefer && has_ipv6 ? "http://[::1]:" : "http://127.0.0.1:") + port + "/cb");
    HttpServer other(HttpServerOptions().port(here.port));
    EXPECT_FALSE(other.start());
    here.visit();
    if (!has_ipv6) continue;
    HttpServer other_ipv6(HttpServerOptions().address("::1").port(here.port));
    EXPECT_FALSE(other_ipv6.start());
    HttpClient browser;
    const auto seen =
        browser.fetch(ClientRequest("GET", "http://[::1]:" + port + "/cb?code=1&" + std::string(secret_state)));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->status, 200);
    EXPECT_TRUE(here.wait());
    EXPECT_FALSE(Peer(here.port).connected());
  }
}

TEST(LoopbackListener, APortOfTheCallersChoiceIsTakenOrTheFailureIsTold) {
  HttpServer taken{HttpServerOptions()};
  ASSERT_TRUE(taken.start());
  Listening here(LoopbackOptions().port(taken.port()));
  spawn(here.executor, here.listener.prepare(),
        [&](RunOutcome<Result<std::string>> outcome) { here.prepared = std::move(outcome.value); });
  ASSERT_TRUE(here.prepared);
  EXPECT_FALSE(*here.prepared);
}

TEST(LoopbackListener, AVisitThatNobodyAnswersEndsInTime) {
  Listening here(LoopbackOptions().patience(std::chrono::minutes(5)));
  here.prepare();
  here.visit();
  here.executor.advance(std::chrono::seconds(299));
  EXPECT_FALSE(here.ended);
  here.executor.advance(std::chrono::seconds(2));
  ASSERT_TRUE(here.ended);
  ASSERT_FALSE(*here.answer);
  EXPECT_EQ(here.answer->error().message(), "Nobody finished signing in in time.");
  EXPECT_FALSE(Peer(here.port).connected());
}

TEST(LoopbackListener, AVisitIsCancelledFromAnotherThreadOrWithItsRun) {
  Listening here;
  here.prepare();
  here.visit();
  std::thread([&] { here.listener.cancel(); }).join();
  ASSERT_TRUE(here.wait());
  EXPECT_FALSE(*here.answer);
  EXPECT_FALSE(Peer(here.port).connected());

  Listening there;
  there.prepare();
  RunHandle run = there.visit();
  EXPECT_TRUE(Peer(there.port).connected());
  run.cancel();
  there.executor.run();
  EXPECT_TRUE(there.ended);
  EXPECT_FALSE(Peer(there.port).connected());
}

TEST(LoopbackListener, ABrowserThatCannotBeStartedEndsTheVisit) {
  Listening here;
  here.sending = Error("No browser here.");
  here.prepare();
  here.visit();
  ASSERT_TRUE(here.ended);
  EXPECT_EQ(here.answer->error().message(), "No browser here.");
  EXPECT_FALSE(Peer(here.port).connected());
}

TEST(LoopbackListener, APastedAddressCountsLikeARequest) {
  Listening here;
  const std::string uri = here.prepare();
  const std::string query = "?code=1&" + std::string(secret_state);
  EXPECT_FALSE(here.listener.take(uri + query)) << "nobody was sent off yet";
  here.visit();
  for (const std::string& wrong :
       {std::string(), uri, uri + "?code=1&state=guess", "https://evil.example/callback" + query, query,
        uri + "/" + query, uri + query + std::string(9000, 'a')})
    EXPECT_FALSE(here.listener.take(wrong)) << wrong;
  here.executor.run();
  EXPECT_FALSE(here.ended);
  std::thread([&] { EXPECT_TRUE(here.listener.take("  " + uri + query + "#fragment\r\n")); }).join();
  ASSERT_TRUE(here.wait());
  ASSERT_TRUE(*here.answer);
  EXPECT_EQ(here.answer->value(), query.substr(1));
  EXPECT_FALSE(here.listener.take(uri + query)) << "one answer is enough";
}

TEST(LoopbackListener, ASecondVisitListensOnTheSameAddressAgain) {
  Listening here;
  const std::string uri = here.prepare();
  for (int i = 0; i < 2; ++i) {
    here.ended = false;
    here.visit();
    EXPECT_EQ(here.status_of(here.get("/callback?code=1&" + std::string(secret_state))), 200) << i;
    ASSERT_TRUE(here.wait());
    EXPECT_TRUE(*here.answer);
  }
  // A new sign-in gets a new door.
  here.prepare();
  EXPECT_TRUE(Peer(here.port).connected());
}

TEST(LoopbackListener, APersonWhoNeverComesLeavesNothingBehind) {
  std::uint16_t port = 0;
  {
    Listening here;
    here.prepare();
    port = here.port;
    EXPECT_TRUE(Peer(port).connected());
  }
  EXPECT_FALSE(Peer(port).connected());
}

}  // namespace
}  // namespace leanmcp
