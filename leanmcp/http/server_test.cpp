#include <leanmcp/http/server.hpp>

#include <leanmcp/http/metrics.hpp>
#include <leanmcp/http/server_test_support.hpp>

#include <set>
#include <stdexcept>

namespace leanmcp::http_test {
namespace {

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  HttpServer server{HttpServerOptions()};
  server.route(HttpMethod::post, "/mcp", &echo);
  start(server);
  Peer peer(server.port());
  for (int i = 0; i < 3; ++i) {
    const auto seen = peer.ask(post("/mcp?a=b", "hello"));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->status, 200);
    EXPECT_EQ(seen->body, "POST /mcp?a=b hello");
    EXPECT_EQ(seen->header("content-type"), "text/plain");
    EXPECT_EQ(seen->header("connection"), "");
    EXPECT_TRUE(seen->header("date").ends_with(" GMT"));
  }
  EXPECT_EQ(server.connections(), 1U);
}

TEST(HttpServer, DateComesFromTheClock) {
  const auto clock = std::make_shared<ManualClock>(TimePoint(std::chrono::milliseconds(784'111'777'999)));
  HttpServer server{HttpServerOptions().clock(clock)};
  server.route(HttpMethod::get, "/", &echo);
  start(server);
  Peer peer(server.port());
  // The example of RFC 9110, section 5.6.7.
  EXPECT_EQ(peer.ask(get("/"))->header("date"), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpServer, Routes) {
  HttpServer server{HttpServerOptions()};
  const auto say = [](const char* text) {
    return [text](HttpExchange exchange) { exchange.respond(200, "text/plain", text); };
  };
  server.route(HttpMethod::get, "/a", say("exact"));
  server.route(HttpMethod::post, "/a", say("posted"));
  server.route_prefix("/connect/", say("prefix"));
  server.route_prefix(HttpMethod::get, "/connect/deep/", say("deeper"));
  server.route_any("/connect/deep/exact", say("any"));
  start(server);
  Peer peer(server.port());
  EXPECT_EQ(peer.ask(get("/a"))->body, "exact");
  EXPECT_EQ(peer.ask(get("/a?x"))->body, "exact");
  EXPECT_EQ(peer.ask(post("/a", ""))->body, "posted");
  EXPECT_EQ(peer.ask(get("/connect/1"))->body, "prefix");
  EXPECT_EQ(peer.ask(get("/connect/"))->body, "prefix");
  EXPECT_EQ(peer.ask(get("/connect/deep/1"))->body, "deeper");
  EXPECT_EQ(peer.ask(get("/connect/deep/exact"))->body, "any");
  EXPECT_EQ(peer.ask("BREW /connect/deep/exact HTTP/1.1\r\nHost: localhost\r\n\r\n")->body, "any");
  EXPECT_EQ(peer.ask(get("/connect"))->status, 404);
  EXPECT_EQ(peer.ask(get("/A"))->status, 404);
  const auto wrong = peer.ask("DELETE /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(wrong->status, 405);
  EXPECT_EQ(wrong->header("allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(peer.ask("get /a HTTP/1.1\r\nHost: localhost\r\n\r\n")->status, 405);
}

TEST(HttpServer, RoutesThatMakeNoSenseAreRefusedAtOnce) {
  HttpServer server{HttpServerOptions()};
  EXPECT_THROW(server.route(HttpMethod::get, "a", &echo), std::logic_error);
  EXPECT_THROW(server.route(HttpMethod::options, "/a", &echo), std::logic_error);
  EXPECT_THROW(server.route_prefix("/a", &echo), std::logic_error);
}

TEST(HttpServer, AnswersHeadLikeGetWithoutTheBody) {
  HttpServer server{HttpServerOptions()};
  server.route(HttpMethod::get, "/", &echo);
  server.route(HttpMethod::get, "/stream", [](HttpExchange exchange) {
    exchange.begin_stream(200, "text/plain");
    EXPECT_TRUE(exchange.write("not for HEAD"));
    exchange.end();
  });
  start(server);
  Peer peer(server.port());
  peer.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto seen = peer.receive(true);
  EXPECT_EQ(seen->status, 200);
  EXPECT_EQ(seen->header("content-length"), "7");
  peer.send("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(peer.receive(true)->header("transfer-encoding"), "chunked");
  EXPECT_EQ(peer.ask(get("/"))->body, "GET / ");
}

TEST(HttpServer, AnswersWithoutBodyHaveNone) {
  HttpServer server{HttpServerOptions()};
  server.route(HttpMethod::get, "/204", [](HttpExchange exchange) { exchange.respond(204, "", "ignored"); });
  server.route(HttpMethod::get, "/202", [](HttpExchange exchange) { exchange.respond(202, "", ""); });
  server.route(HttpMethod::get, "/99", [](HttpExchange exchange) { exchange.respond(99, "text/plain", "x"); });
  start(server);
  Peer peer(server.port());
  const auto none = peer.ask(get("/204"));
  EXPECT_EQ(none->status, 204);
  EXPECT_FALSE(none->headers.contains("content-length"));
  const auto accepted = peer.ask(get("/202"));
  EXPECT_EQ(accepted->header("content-length"), "0");
  EXPECT_FALSE(accepted->headers.contains("content-type"));
  EXPECT_EQ(peer.ask(get("/99"))->status, 500);
}

TEST(HttpServer, HeadersCannotSplitTheResponse) {
  LogLines log;
  HttpServer server{HttpServerOptions().logger(log.logger())};
  server.route(HttpMethod::get, "/", [](HttpExchange exchange) {
    exchange.respond(200, "text/plain", "body",
                     {{"X-Good", "1"},
                      {"X-Bad", "1\r\nX-Injected: 1"},
                      {"X Bad", "1"},
                      {"Content-Length", "1"},
                      {"transfer-encoding", "chunked"}});
  });
  server.route(HttpMethod::get, "/prepared", [](HttpExchange exchange) {
    exchange.respond_prepared(200, "text/plain", "body", "X-One: 1\r\nX-Two: 2\r\n");
  });
  start(server);
  Peer peer(server.port());
  const auto seen = peer.ask(get("/"));
  EXPECT_EQ(seen->header("x-good"), "1");
  EXPECT_EQ(seen->head.find("Injected"), std::string::npos);
  EXPECT_EQ(seen->head.find("X Bad"), std::string::npos);
  EXPECT_EQ(seen->headers.count("content-length"), 1U);
  EXPECT_EQ(seen->headers.count("transfer-encoding"), 0U);
  EXPECT_EQ(seen->body, "body");
  EXPECT_NE(log.text().find("left out"), std::string::npos);
  EXPECT_EQ(peer.ask(get("/prepared"))->header("x-two"), "2");
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  HttpServer server{HttpServerOptions()};
  server.route_any("/", &echo);
  start(server);
  Peer peer(server.port());
  std::string all;
  for (int i = 0; i < 500; ++i)
    all += i % 3 == 0 ? get("/?" + std::to_string(i)) : post("/?" + std::to_string(i), std::string(100, 'x'));
  ASSERT_TRUE(peer.send(all));
  for (int i = 0; i < 500; ++i) {
    const auto seen = peer.receive();
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->status, 200);
    EXPECT_NE(seen->body.find(" /?" + std::to_string(i) + " "), std::string::npos);
  }
}

TEST(HttpServer, Http10) {
  HttpServer server{HttpServerOptions()};
  server.route(HttpMethod::get, "/", &echo);
  server.route(HttpMethod::get, "/stream", [](HttpExchange exchange) {
    exchange.begin_stream(200, "text/plain");
    exchange.write("one ");
    exchange.write("two");
    exchange.end();
  });
  start(server);
  Peer once(server.port());
  const auto seen = once.ask("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(seen->status, 200);
  EXPECT_EQ(seen->header("connection"), "close");
  EXPECT_TRUE(once.closed());
  Peer kept(server.port());
  EXPECT_EQ(kept.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->header("connection"), "keep-alive");
  const auto stream = kept.ask("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(stream->headers.contains("transfer-encoding"));
  EXPECT_EQ(stream->body, "one two");
}

TEST(HttpServer, ClosesWhenAsked) {
  HttpServer server{HttpServerOptions()};
  server.route(HttpMethod::get, "/", &echo);
  start(server);
  Peer peer(server.port());
  peer.send(get("/", "Connection: close\r\n") + get("/never"));
  const auto seen = peer.receive();
  EXPECT_EQ(seen->status, 200);
  EXPECT_EQ(seen->header("connection"), "close");
  peer.end_output();
  EXPECT_TRUE(peer.closed());
}

TEST(HttpServer, AnswersAPeerThatHasEndedItsSide) {
  HttpServer server{HttpServerOptions()};
  server.route(HttpMethod::post, "/", &echo);
  start(server);
  Peer peer(server.port());
  peer.send(post("/", "hello"));
  peer.end_output();
  EXPECT_EQ(peer.receive()->body, "POST / hello");
  EXPECT_TRUE(peer.closed());
}

TEST(HttpServer, ReadsChunkedBodies) {
  HttpServer server{HttpServerOptions()};
  server.route(HttpMethod::post, "/", &echo);
  start(server);
  Peer peer(server.port());
  const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(peer.ask(head + "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n")->body, "POST / hello world");
  peer.send(head);
  for (int i = 0; i < 300; ++i) peer.send("3e8\r\n" + std::string(1000, 'x') + "\r\n");
  peer.send("0\r\n\r\n");
  EXPECT_EQ(peer.receive()->body.size(), 7U + 300'000U);
}

TEST(HttpServer, Expect100) {
  HttpServer server{HttpServerOptions().max_body(100)};
  server.route(HttpMethod::post, "/", &echo);
  start(server);
  Peer peer(server.port());
  peer.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(peer.receive()->status, 100);
  peer.send("hello");
  EXPECT_EQ(peer.receive()->body, "POST / hello");
  // What is refused by its headers is not asked for.
  Peer large(server.port());
  const auto refused =
      large.ask("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(refused->status, 413);
  EXPECT_TRUE(large.closed());
  Peer lost(server.port());
  EXPECT_EQ(
      lost.ask("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")->status,
      404);
}

TEST(HttpServer, ARefusedRequestThatIsReadToItsEndKeepsTheConnection) {
  HttpServer server{HttpServerOptions()};
  server.route(HttpMethod::post, "/", &echo);
  start(server);
  Peer peer(server.port());
  EXPECT_EQ(peer.ask(post("/lost", "hello"))->status, 404);
  EXPECT_EQ(peer.ask(get("/"))->status, 405);
  EXPECT_EQ(peer.ask(post("/", "hello"))->status, 200);
}

TEST(HttpServer, AHandlerThatThrowsGets500) {
  LogLines log;
  HttpServer server{HttpServerOptions().logger(log.logger())};
  server.route(HttpMethod::get, "/", [](HttpExchange) { throw std::runtime_error("the secret reason"); });
  server.route(HttpMethod::get, "/odd", [](HttpExchange) { throw 1; });
  start(server);
  Peer peer(server.port());
  const auto seen = peer.ask(get("/"));
  EXPECT_EQ(seen->status, 500);
  EXPECT_EQ(seen->body.find("secret"), std::string::npos);
  EXPECT_NE(log.text().find("the secret reason"), std::string::npos);
  EXPECT_EQ(peer.ask(get("/odd"))->status, 500);
}

TEST(HttpServer, SecondAnswersAreIgnored) {
  HttpServer server{HttpServerOptions()};
  server.route(HttpMethod::get, "/", [](HttpExchange exchange) {
    exchange.respond(200, "text/plain", "first");
    EXPECT_FALSE(exchange.open());
    exchange.respond(500, "text/plain", "second");
    exchange.begin_stream(200, "text/plain");
    EXPECT_FALSE(exchange.write("third"));
    exchange.end();
  });
  server.route(HttpMethod::get, "/stream", [](HttpExchange exchange) {
    exchange.begin_stream(200, "text/plain");
    exchange.respond(500, "text/plain", "second");
    exchange.begin_stream(500, "text/plain");
    exchange.write("first");
    exchange.end();
    exchange.end();
  });
  start(server);
  Peer peer(server.port());
  EXPECT_EQ(peer.ask(get("/"))->body, "first");
  EXPECT_EQ(peer.ask(get("/stream"))->body, "first");
  EXPECT_EQ(peer.ask(get("/"))->body, "first");
}

TEST(HttpServer, StartFailsWithAReason) {
  HttpServer first{HttpServerOptions()};
  start(first);
  HttpServer second{HttpServerOptions().port(first.port())};
  const auto taken = second.start();
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().message().find("bind"), std::string::npos);
  EXPECT_FALSE(HttpServer(HttpServerOptions().address("localhost")).start());
  EXPECT_FALSE(HttpServer(HttpServerOptions().allow_origin("https://a.example/path")).start());
  EXPECT_FALSE(HttpServer(HttpServerOptions().public_url("mcp.example.com")).start());
  EXPECT_FALSE(HttpServer(HttpServerOptions().tls("/nonexistent.pem", "/nonexistent.pem")).start());
  EXPECT_FALSE(HttpServer(HttpServerOptions().address("192.0.2.1")).start());
}

TEST(HttpServer, ManyLoopsServeAtOnce) {
  HttpServer server{HttpServerOptions().threads(3)};
  std::mutex mutex;
  std::vector<Executor*> seen;
  server.route(HttpMethod::get, "/", [&](HttpExchange exchange) {
    EXPECT_TRUE(exchange.executor().in_this_thread());
    const std::lock_guard lock(mutex);
    if (std::find(seen.begin(), seen.end(), &exchange.executor()) == seen.end()) seen.push_back(&exchange.executor());
    exchange.respond(200, "text/plain", "ok");
  });
  start(server);
  std::vector<Peer> peers;
  for (int i = 0; i < 9; ++i) {
    peers.emplace_back(server.port());
    EXPECT_EQ(peers.back().ask(get("/"))->status, 200);
  }
  const std::lock_guard lock(mutex);
  EXPECT_EQ(seen.size(), 3U) << "connections go to the loop that has the fewest";
}

TEST(HttpServer, ZeroLoopsStandForOnePerCore) {
  HttpServer server{HttpServerOptions().threads(0)};
  std::mutex mutex;
  std::set<Executor*> seen;
  server.route(HttpMethod::get, "/", [&](HttpExchange exchange) {
    const std::lock_guard lock(mutex);
    seen.insert(&exchange.executor());
    exchange.respond(200, "text/plain", "ok");
  });
  start(server);
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<Peer> peers;
  for (std::size_t i = 0; i < 2 * cores; ++i) {
    peers.emplace_back(server.port());
    EXPECT_EQ(peers.back().ask(get("/"))->status, 200);
  }
  const std::lock_guard lock(mutex);
  EXPECT_EQ(seen.size(), cores);
}

TEST(HttpServer, HealthAndMetrics) {
  const auto metrics = std::make_shared<Metrics>();
  HttpServer server{HttpServerOptions().metrics(metrics)};
  server.route(HttpMethod::post, "/", &echo);
  server.route_health("/health");
  route_metrics(server, "/metrics", metrics);
  start(server);
  Peer peer(server.port());
  const auto health = peer.ask("GET /health HTTP/1.1\r\nHost: 10.1.2.3:8080\r\n\r\n");
  EXPECT_EQ(health->status, 200);
  EXPECT_EQ(health->body, "ok");
  EXPECT_EQ(peer.ask(get("/lost"))->status, 404);
  EXPECT_EQ(peer.ask(post("/", "x"))->status, 200);
  const auto seen = peer.ask(get("/metrics"));
  EXPECT_EQ(seen->header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
  for (const char* const line : {"http_requests_total{status=\"2xx\"} 2\n", "http_requests_total{status=\"4xx\"} 1\n",
                                 "http_connections 1\n", "http_in_flight 0\n", "# EOF\n"})
    EXPECT_NE(seen->body.find(line), std::string::npos) << line << seen->body;
}

TEST(HttpServer, MetricsMayOutliveTheServer) {
  const auto metrics = std::make_shared<Metrics>();
  {
    HttpServer server{HttpServerOptions().metrics(metrics)};
    route_metrics(server, "/metrics", metrics);
    start(server);
    Peer peer(server.port());
    EXPECT_EQ(peer.ask(get("/metrics"))->status, 200);
  }
  EXPECT_NE(metrics->render().find("http_connections 0\n"), std::string::npos);
  EXPECT_EQ(metrics.use_count(), 1);
}

}  // namespace
}  // namespace leanmcp::http_test
