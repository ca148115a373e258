#include <leanmcp/http/metrics.hpp>
#include <leanmcp/http/server.hpp>
#include <leanmcp/http/server_test_support.hpp>

#include <sys/resource.h>

#include <atomic>
#include <thread>

namespace leanmcp::http_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(HttpLimits, LongHeadersGet431) {
  HttpServer server{HttpServerOptions().max_header(2'000, 20)};
  server.route(HttpMethod::get, "/", &echo);
  start(server);
  for (const std::string& request :
       {get("/", "X: " + std::string(3'000, 'x') + "\r\n"), get("/" + std::string(3'000, 'x')), get("/", [] {
          std::string fields;
          for (int i = 0; i < 25; ++i) fields += "X: y\r\n";
          return fields;
        }())}) {
    Peer peer(server.port());
    const auto seen = peer.ask(request);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->status, 431);
    EXPECT_EQ(seen->header("connection"), "close");
    peer.end_output();
    EXPECT_TRUE(peer.closed());
  }
}

TEST(HttpLimits, LongBodiesGet413EvenWhileTheyAreBeingSent) {
  HttpServer server{HttpServerOptions().max_body(100'000)};
  server.route(HttpMethod::post, "/", &echo);
  start(server);
  Peer exact(server.port());
  EXPECT_EQ(exact.ask(post("/", std::string(100'000, 'x')))->status, 200);
  // The whole of it is sent before the answer is looked at: the server reads on for a while, so that it arrives.
  Peer peer(server.port());
  EXPECT_EQ(peer.ask(post("/", std::string(1'000'000, 'x')))->status, 413);
  Peer chunked(server.port());
  chunked.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 200; ++i) chunked.send("3e8\r\n" + std::string(1000, 'x') + "\r\n");
  EXPECT_EQ(chunked.receive()->status, 413);
}

TEST(HttpLimits, BadFramingGets400AndTheConnectionEnds) {
  HttpServer server{HttpServerOptions()};
  server.route(HttpMethod::post, "/", &echo);
  start(server);
  // The second request is what a smuggler hopes for: it must never be answered.
  const std::string smuggled = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\nsmuggled";
  for (const std::string lines :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n\r\n", "Content-Length: 0, 0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", "X: a\r\n folded\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "Content-Length: \t5 5\r\n\r\n"}) {
    Peer peer(server.port());
    peer.send("POST / HTTP/1.1\r\nHost: localhost\r\n" + lines + smuggled);
    peer.end_output();
    const auto seen = peer.receive();
    ASSERT_TRUE(seen) << lines;
    EXPECT_EQ(seen->status, 400) << lines;
    EXPECT_EQ(peer.read_to_end(), "") << lines;
  }
}

TEST(HttpLimits, SlowHeadersGet408) {
  HttpServer server{HttpServerOptions().read_times(milliseconds(500), seconds(60))};
  server.route(HttpMethod::get, "/", &echo);
  start(server);
  Peer peer(server.port());
  const auto seen = peer.ask("GET / HTTP/1.1\r\nHost: local");
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->status, 408);
  EXPECT_EQ(seen->header("connection"), "close");
  // One that never says anything is closed without a word.
  Peer silent(server.port());
  EXPECT_TRUE(silent.closed());
  // Also on a connection that was good before.
  Peer later(server.port());
  EXPECT_EQ(later.ask(get("/"))->status, 200);
  EXPECT_EQ(later.ask("G")->status, 408);
}

TEST(HttpLimits, DrippingHeadersDoNotExtendTheTime) {
  HttpServer server{HttpServerOptions().read_times(milliseconds(500), seconds(60))};
  server.route(HttpMethod::get, "/", &echo);
  start(server);
  Peer peer(server.port());
  std::atomic<bool> answered{false};
  std::thread dripper([&] {
    // Forever, as far as the server is concerned: it ends when the answer has come.
    peer.send("GET / HTTP/1.1\r\n");
    for (int i = 0; !answered && peer.send("X: " + std::to_string(i) + "\r\n"); ++i)
      std::this_thread::sleep_for(milliseconds(10));
  });
  const auto seen = peer.receive();
  answered = true;
  dripper.join();
  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->status == 408 || seen->status == 431) << seen->status;
}

TEST(HttpLimits, SlowBodiesGet408) {
  HttpServer server{HttpServerOptions().read_times(seconds(60), milliseconds(50))};
  server.route(HttpMethod::post, "/", &echo);
  start(server);
  Peer peer(server.port());
  EXPECT_EQ(peer.ask("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")->status, 408);
  Peer chunked(server.port());
  EXPECT_EQ(chunked.ask("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe")->status,
            408);
}

TEST(HttpLimits, IdleConnectionsAreClosedWithoutAWord) {
  HttpServer server{HttpServerOptions().idle_time(milliseconds(500))};
  server.route(HttpMethod::get, "/", &echo);
  start(server);
  Peer peer(server.port());
  EXPECT_EQ(peer.ask(get("/"))->status, 200);
  EXPECT_TRUE(peer.closed());
}

TEST(HttpLimits, AHandlerMayTakeItsTime) {
  HttpServer server{HttpServerOptions().read_times(milliseconds(500), milliseconds(500)).idle_time(milliseconds(500))};
  server.route(HttpMethod::post, "/", [](HttpExchange exchange) {
    exchange.executor().start_timer(milliseconds(1'500), [exchange]() mutable { echo(exchange); });
  });
  start(server);
  Peer peer(server.port());
  EXPECT_EQ(peer.ask(post("/", "x"))->body, "POST / x");
}

TEST(HttpLimits, ConnectionsOfOneAddress) {
  HttpServer server{HttpServerOptions().max_connections(100, 2)};
  server.route(HttpMethod::get, "/", &echo);
  start(server);
  Peer one(server.port());
  EXPECT_EQ(one.ask(get("/"))->status, 200);
  {
    Peer two(server.port());
    EXPECT_EQ(two.ask(get("/"))->status, 200);
    Peer three(server.port());
    const auto refused = three.receive();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 503);
    EXPECT_EQ(refused->header("retry-after"), "1");
    EXPECT_TRUE(three.closed());
  }
  // Once one has gone there is room again; the server notices in its own time.
  for (;;) {
    Peer again(server.port());
    const auto seen = again.ask(get("/"));
    if (seen && seen->status == 200) break;
  }
}

TEST(HttpLimits, ConnectionsInAll) {
  const auto metrics = std::make_shared<Metrics>();
  HttpServer server{HttpServerOptions().max_connections(1, 0).metrics(metrics)};
  server.route(HttpMethod::get, "/", &echo);
  start(server);
  Peer one(server.port());
  EXPECT_EQ(one.ask(get("/"))->status, 200);
  Peer two(server.port());
  EXPECT_EQ(two.receive()->status, 503);
  EXPECT_EQ(one.ask(get("/"))->status, 200);
  EXPECT_NE(metrics->render().find("http_refused_connections_total 1\n"), std::string::npos);
}

TEST(HttpLimits, RequestsInFlight) {
  HttpServer server{HttpServerOptions().max_in_flight(1)};
  std::promise<HttpExchange> held;
  server.route(HttpMethod::get, "/hold", [&](HttpExchange exchange) { held.set_value(std::move(exchange)); });
  server.route(HttpMethod::get, "/", &echo);
  start(server);
  Peer first(server.port());
  first.send(get("/hold"));
  HttpExchange exchange = held.get_future().get();
  Peer second(server.port());
  const auto refused = second.ask(get("/"));
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->header("retry-after"), "1");
  exchange.executor().post([exchange]() mutable { exchange.respond(200, "text/plain", "done"); });
  EXPECT_EQ(first.receive()->body, "done");
  EXPECT_EQ(second.ask(get("/"))->status, 200);
}

TEST(HttpLimits, MemoryOfAllBodies) {
  HttpServer server{HttpServerOptions().max_body(1'000'000, 500'000)};
  server.route(HttpMethod::post, "/", &echo);
  start(server);
  Peer small(server.port());
  EXPECT_EQ(small.ask(post("/", std::string(50'000, 'x')))->status, 200);
  Peer large(server.port());
  EXPECT_EQ(large.ask(post("/", std::string(900'000, 'x')))->status, 503);
  // What was taken is given back.
  for (int i = 0; i < 5; ++i) {
    Peer again(server.port());
    EXPECT_EQ(again.ask(post("/", std::string(200'000, 'x')))->status, 200);
  }
}

TEST(HttpLimits, AThousandIdleConnections) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 8'192);
  ::setrlimit(RLIMIT_NOFILE, &files);
  constexpr std::size_t count = 1'000;
  HttpServer server{HttpServerOptions().threads(2).max_connections(2'000, 2'000)};
  server.route(HttpMethod::get, "/", &echo);
  start(server);
  std::vector<Peer> peers;
  peers.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    peers.emplace_back(server.port());
    ASSERT_TRUE(peers.back().connected());
    ASSERT_EQ(peers.back().ask(get("/"))->status, 200);
  }
  EXPECT_EQ(server.connections(), count);
  for (Peer& peer : peers) ASSERT_EQ(peer.ask(get("/"))->status, 200);
  server.stop();
  server.wait();
  for (Peer& peer : peers) ASSERT_TRUE(peer.closed());
}

}  // namespace
}  // namespace leanmcp::http_test
