#include <leanmcp/http/server.hpp>
#include <leanmcp/http/server_test_support.hpp>
#include <leanmcp/http/sse.hpp>

#include <thread>

namespace leanmcp::http_test {
namespace {

using std::chrono::milliseconds;

/// Hands its exchange to the test.
class Holder {
 public:
  HttpHandler handler() {
    return [this](HttpExchange exchange) {
      const std::lock_guard lock(mutex_);
      promise_.set_value(std::move(exchange));
    };
  }
  HttpExchange take() {
    HttpExchange exchange = promise_.get_future().get();
    const std::lock_guard lock(mutex_);
    promise_ = {};
    return exchange;
  }

 private:
  std::mutex mutex_;
  std::promise<HttpExchange> promise_;
};

/// Runs `work` on the exchange's loop and waits for it.
template <class Work>
void on_loop(HttpExchange& exchange, Work work) {
  std::promise<void> done;
  exchange.executor().post([&] {
    work(exchange);
    done.set_value();
  });
  done.get_future().wait();
}

struct Fixture {
  explicit Fixture(HttpServerOptions options = HttpServerOptions()) : server(std::move(options)) {
    server.route_any("/hold", holder.handler());
    server.route_any("/", &echo);
    start(server);
  }
  Holder holder;
  HttpServer server;
};

TEST(HttpStream, AnswersLaterFromAnotherThread) {
  Fixture f;
  Peer peer(f.server.port());
  for (int i = 0; i < 3; ++i) {
    peer.send(post("/hold", "later"));
    HttpExchange exchange = f.holder.take();
    EXPECT_EQ(exchange.request().body(), "later");
    exchange.executor().post([exchange]() mutable { echo(exchange); });
    EXPECT_EQ(peer.receive()->body, "POST /hold later");
  }
}

TEST(HttpStream, ChunksArriveAsTheyAreWritten) {
  Fixture f;
  Peer peer(f.server.port());
  peer.send(get("/hold"));
  HttpExchange exchange = f.holder.take();
  on_loop(exchange, [](HttpExchange& e) { e.begin_stream(200, "text/event-stream", {{"X-More", "1"}}); });
  ASSERT_TRUE(peer.read_until("\r\n\r\n"));
  EXPECT_NE(peer.buffer().find("Transfer-Encoding: chunked"), std::string::npos);
  on_loop(exchange, [](HttpExchange& e) { EXPECT_TRUE(e.write("first")); });
  ASSERT_TRUE(peer.read_until("5\r\nfirst\r\n"));
  on_loop(exchange, [](HttpExchange& e) {
    EXPECT_TRUE(e.write("second"));
    EXPECT_TRUE(e.write(""));
    e.end();
    EXPECT_FALSE(e.write("late"));
  });
  const auto seen = peer.receive();
  EXPECT_EQ(seen->body, "firstsecond");
  EXPECT_EQ(seen->header("x-more"), "1");
  EXPECT_EQ(peer.ask(get("/"))->status, 200) << "the connection is kept";
}

TEST(HttpStream, SseEventsArriveWhole) {
  Fixture f;
  Peer peer(f.server.port());
  peer.send(get("/hold"));
  on_loop(*std::make_unique<HttpExchange>(f.holder.take()), [](HttpExchange& e) {
    SseStream stream(e);
    EXPECT_TRUE(stream.send(SseEvent("one\ntwo").with_event("message").with_id("7")));
    EXPECT_TRUE(stream.comment("still here"));
    stream.end();
  });
  const auto seen = peer.receive();
  EXPECT_EQ(seen->header("content-type"), "text/event-stream");
  EXPECT_EQ(seen->body, "id: 7\nevent: message\ndata: one\ndata: two\n\n: still here\n\n");
}

TEST(HttpStream, TellsWhenThePeerGoesAway) {
  Fixture f;
  for (const bool hard : {false, true}) {
    Peer peer(f.server.port());
    peer.send(get("/hold"));
    HttpExchange exchange = f.holder.take();
    std::promise<void> gone;
    on_loop(exchange, [&](HttpExchange& e) { e.on_disconnect([&] { gone.set_value(); }); });
    if (hard) {
      peer.reset();
    } else {
      peer.close();
    }
    gone.get_future().wait();
    on_loop(exchange, [](HttpExchange& e) {
      EXPECT_FALSE(e.open());
      e.respond(200, "text/plain", "to nobody");
      EXPECT_FALSE(e.write("x"));
      e.end();
    });
    // Who asks too late is told as well, and the request can still be read.
    std::promise<void> again;
    on_loop(exchange, [&](HttpExchange& e) { e.on_disconnect([&] { again.set_value(); }); });
    again.get_future().wait();
    EXPECT_EQ(exchange.request().target(), "/hold");
  }
}

TEST(HttpStream, TellsWhenThePeerGoesAwayInTheMiddleOfAStream) {
  Fixture f;
  Peer peer(f.server.port());
  peer.send(get("/hold"));
  HttpExchange exchange = f.holder.take();
  std::promise<void> gone;
  on_loop(exchange, [&](HttpExchange& e) {
    e.on_disconnect([&] { gone.set_value(); });
    e.begin_stream(200, "text/event-stream");
    e.write(":\n\n");
  });
  ASSERT_TRUE(peer.read_until(":\n\n"));
  peer.close();
  gone.get_future().wait();
}

TEST(HttpStream, DoesNotTellOnceTheAnswerIsComplete) {
  Fixture f;
  const auto held = std::make_shared<int>(0);
  Peer peer(f.server.port());
  peer.send(get("/hold"));
  HttpExchange exchange = f.holder.take();
  on_loop(exchange, [&](HttpExchange& e) {
    // The callback owns the exchange, as callbacks do; answering lets go of it.
    e.on_disconnect([held, e] { ++*held; });
    e.respond(200, "text/plain", "x");
  });
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_TRUE(peer.receive());
  peer.close();
  Peer other(f.server.port());
  EXPECT_EQ(other.ask(get("/"))->status, 200);
  EXPECT_EQ(*held, 0);
}

TEST(HttpStream, ADroppedRequestGets500FromAnyThread) {
  LogLines log;
  Fixture f{HttpServerOptions().logger(log.logger())};
  Peer peer(f.server.port());
  peer.send(get("/hold"));
  {
    const HttpExchange dropped = f.holder.take();
  }
  EXPECT_EQ(peer.receive()->status, 500);
  EXPECT_NE(log.text().find("without an answer"), std::string::npos);
  EXPECT_EQ(peer.ask(get("/"))->status, 200);
}

TEST(HttpStream, ADroppedStreamIsCutOff) {
  Fixture f;
  Peer peer(f.server.port());
  peer.send(get("/hold"));
  {
    HttpExchange exchange = f.holder.take();
    on_loop(exchange, [](HttpExchange& e) { e.begin_stream(200, "text/plain"); });
    EXPECT_TRUE(peer.read_until("\r\n\r\n"));
  }
  const std::string rest = peer.read_to_end();
  EXPECT_EQ(rest.find("0\r\n\r\n"), std::string::npos) << "a cut stream must not look complete";
}

TEST(HttpStream, WhatIsPipelinedBehindAPendingRequestWaitsItsTurn) {
  Fixture f;
  Peer peer(f.server.port());
  peer.send(get("/hold") + post("/", "second") + get("/hold"));
  HttpExchange exchange = f.holder.take();
  peer.send(post("/", "fourth"));
  const std::string target(exchange.request().target());
  on_loop(exchange, [](HttpExchange& e) { e.respond(200, "text/plain", "first"); });
  EXPECT_EQ(peer.receive()->body, "first");
  EXPECT_EQ(peer.receive()->body, "POST / second");
  HttpExchange third = f.holder.take();
  EXPECT_EQ(exchange.request().target(), target) << "the first request is readable while its exchange is held";
  // Arrives behind what was read ahead into the first request's buffer.
  peer.send(post("/", std::string(3'000, 'x')));
  on_loop(third, [](HttpExchange& e) { e.respond(200, "text/plain", "third"); });
  EXPECT_EQ(peer.receive()->body, "third");
  EXPECT_EQ(peer.receive()->body, "POST / fourth");
  EXPECT_EQ(peer.receive()->body.size(), 7U + 3'000U);
}

TEST(HttpStream, PipelinedBytesAreBounded) {
  Fixture f;
  Peer peer(f.server.port());
  peer.send(get("/hold"));
  HttpExchange exchange = f.holder.take();
  // More than the server and the sockets between take without reading.
  constexpr int count = 3'000;
  std::thread sender([&] {
    for (int i = 0; i < count; ++i)
      if (!peer.send(post("/", std::string(10'000, 'x')))) return;
  });
  on_loop(exchange, [](HttpExchange& e) { e.respond(200, "text/plain", "first"); });
  EXPECT_EQ(peer.receive()->body, "first");
  for (int i = 0; i < count; ++i) {
    const auto seen = peer.receive();
    ASSERT_TRUE(seen);
    ASSERT_EQ(seen->body.size(), 10'007U);
  }
  sender.join();
}

TEST(HttpStream, ASlowReaderIsCutOff) {
  LogLines log;
  Fixture f{HttpServerOptions().max_buffered(100'000).logger(log.logger())};
  Peer peer(f.server.port(), 4'096);
  peer.send(get("/hold"));
  HttpExchange exchange = f.holder.take();
  std::promise<void> gone;
  on_loop(exchange, [&](HttpExchange& e) {
    e.on_disconnect([&] { gone.set_value(); });
    e.begin_stream(200, "text/plain");
  });
  const std::string piece(64 * 1024, 'x');
  bool open = true;
  std::size_t most = 0;
  for (int i = 0; open && i < 10'000; ++i)
    on_loop(exchange, [&](HttpExchange& e) {
      open = e.write(piece);
      most = std::max(most, e.buffered());
    });
  EXPECT_FALSE(open);
  EXPECT_LT(most, 300'000U);
  gone.get_future().wait();
  EXPECT_NE(log.text().find("too slow"), std::string::npos);
}

TEST(HttpStream, APieceLargerThanTheLimitIsNoSlowReader) {
  Fixture f{HttpServerOptions().max_buffered(1'000)};
  Peer peer(f.server.port());
  peer.send(get("/hold"));
  HttpExchange exchange = f.holder.take();
  const std::string large(8'000'000, 'x');
  on_loop(exchange, [&](HttpExchange& e) {
    e.begin_stream(200, "text/plain");
    EXPECT_TRUE(e.write(large));
    e.end();
  });
  EXPECT_EQ(peer.receive()->body.size(), large.size());
  EXPECT_EQ(peer.ask(get("/"))->status, 200);
}

TEST(HttpStream, AReaderThatStopsIsCutOffInTime) {
  Fixture f{HttpServerOptions().write_time(milliseconds(60)).max_buffered(100'000'000)};
  Peer peer(f.server.port(), 4'096);
  peer.send(get("/hold"));
  HttpExchange exchange = f.holder.take();
  std::promise<void> gone;
  const std::string large(20'000'000, 'x');
  on_loop(exchange, [&](HttpExchange& e) {
    e.on_disconnect([&] { gone.set_value(); });
    e.begin_stream(200, "text/plain");
    e.write(large);
  });
  gone.get_future().wait();
}

TEST(HttpStream, LargeAnswersLeaveWholeAndInOrder) {
  Fixture f;
  Peer peer(f.server.port());
  const std::string large(3'000'000, 'y');
  peer.send(post("/", large) + post("/", "after"));
  EXPECT_EQ(peer.receive()->body, "POST / " + large);
  EXPECT_EQ(peer.receive()->body, "POST / after");
}

TEST(HttpStream, ExchangesMayOutliveTheServer) {
  std::optional<HttpExchange> left;
  std::promise<void> told;
  {
    Fixture f;
    Peer peer(f.server.port());
    peer.send(get("/hold", "X-Kept: yes\r\n"));
    left = f.holder.take();
    on_loop(*left, [&](HttpExchange& e) { e.on_disconnect([&] { told.set_value(); }); });
  }
  told.get_future().wait();
  EXPECT_EQ(left->request().header("x-kept"), "yes");
  // Posting is harmless, and nothing that is posted keeps itself alive.
  left->executor().post([copy = *left] { FAIL(); });
  left->executor().start_timer(milliseconds(0), [copy = *left] { FAIL(); });
  left.reset();
}

}  // namespace
}  // namespace leanmcp::http_test
