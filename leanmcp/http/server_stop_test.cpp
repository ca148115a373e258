#include <leanmcp/http/server.hpp>
#include <leanmcp/http/server_test_support.hpp>

#include <memory>
#include <thread>

namespace leanmcp::http_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(HttpStop, LetsRequestsInFlightEndAndTakesNoMore) {
  HttpServer server{HttpServerOptions()};
  std::promise<HttpExchange> held;
  server.route(HttpMethod::get, "/hold", [&](HttpExchange exchange) { held.set_value(std::move(exchange)); });
  std::promise<void> stopping;
  server.on_shutdown([&] { stopping.set_value(); });
  start(server);
  Peer busy(server.port());
  busy.send(get("/hold"));
  HttpExchange exchange = held.get_future().get();
  Peer idle(server.port());
  EXPECT_EQ(idle.ask(get("/lost"))->status, 404);
  server.stop();
  server.stop();
  stopping.get_future().wait();
  EXPECT_TRUE(idle.closed()) << "idle connections are closed at once";
  EXPECT_FALSE(Peer(server.port()).connected());
  exchange.executor().post([exchange]() mutable { exchange.respond(200, "text/plain", "done"); });
  const auto seen = busy.receive();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->body, "done");
  EXPECT_TRUE(busy.closed());
  server.wait();
  EXPECT_EQ(server.connections(), 0U);
}

TEST(HttpStop, TheHookEndsStreams) {
  HttpServer server{HttpServerOptions().threads(2).stop_time(seconds(600))};
  std::mutex mutex;
  std::vector<HttpExchange> streams;
  server.route(HttpMethod::get, "/stream", [&](HttpExchange exchange) {
    exchange.begin_stream(200, "text/event-stream");
    exchange.write(":\n\n");
    const std::lock_guard lock(mutex);
    streams.push_back(std::move(exchange));
  });
  server.on_shutdown([&] {
    const std::lock_guard lock(mutex);
    for (HttpExchange& stream : streams)
      stream.executor().post([stream]() mutable {
        stream.write("bye");
        stream.end();
      });
    streams.clear();
  });
  start(server);
  std::vector<Peer> peers;
  for (int i = 0; i < 4; ++i) {
    peers.emplace_back(server.port());
    peers.back().send(get("/stream"));
    ASSERT_TRUE(peers.back().read_until(":\n\n"));
  }
  server.stop();
  server.wait();
  for (Peer& peer : peers) EXPECT_EQ(peer.receive()->body, ":\n\nbye");
}

TEST(HttpStop, WhatDoesNotEndInTimeIsCutOff) {
  HttpServer server{HttpServerOptions().stop_time(milliseconds(50))};
  std::promise<HttpExchange> held;
  std::promise<void> gone;
  server.route(HttpMethod::get, "/hold", [&](HttpExchange exchange) {
    exchange.on_disconnect([&] { gone.set_value(); });
    held.set_value(std::move(exchange));
  });
  start(server);
  Peer peer(server.port());
  peer.send(get("/hold"));
  const HttpExchange exchange = held.get_future().get();
  server.stop();
  server.wait();
  gone.get_future().wait();
  EXPECT_TRUE(peer.closed());
}

TEST(HttpStop, AHalfReceivedRequestIsStillAnswered) {
  HttpServer server{HttpServerOptions()};
  server.route(HttpMethod::post, "/", &echo);
  std::promise<void> stopping;
  server.on_shutdown([&] { stopping.set_value(); });
  start(server);
  Peer peer(server.port());
  peer.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(peer.receive()->status, 100);
  server.stop();
  stopping.get_future().wait();
  peer.send("hello");
  const auto seen = peer.receive();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->body, "POST / hello");
  EXPECT_EQ(seen->header("connection"), "close");
  server.wait();
}

TEST(HttpStop, StoppingIsSafeInEveryState) {
  {
    HttpServer never{HttpServerOptions()};
    never.stop();
    never.wait();
  }
  {
    HttpServer unused{HttpServerOptions().threads(2)};
    start(unused);
  }
  {
    HttpServer stopped{HttpServerOptions().threads(2)};
    start(stopped);
    stopped.stop();
    stopped.wait();
    stopped.wait();
  }
  {
    HttpServer dropped{HttpServerOptions()};
    start(dropped);
    dropped.stop();
  }
  HttpServer twice{HttpServerOptions()};
  start(twice);
  EXPECT_THROW((void)twice.start(), std::logic_error);
}

TEST(HttpStop, ManyStartsAndEndsUnderLoad) {
  for (int round = 0; round < 20; ++round) {
    auto server = std::make_unique<HttpServer>(HttpServerOptions().threads(2));
    server->route(HttpMethod::get, "/", [](HttpExchange exchange) {
      exchange.executor().post([exchange]() mutable { exchange.respond(200, "text/plain", "x"); });
    });
    start(*server);
    std::vector<std::thread> users;
    for (int i = 0; i < 3; ++i)
      users.emplace_back([port = server->port()] {
        Peer peer(port);
        while (peer.send(get("/")) && peer.receive()) {
        }
      });
    for (int i = 0; i < 20; ++i) {
      Peer peer(server->port());
      EXPECT_EQ(peer.ask(get("/"))->status, 200);
    }
    if (round % 2 == 0) {
      server->stop();
      server->wait();
    }
    server.reset();
    for (auto& user : users) user.join();
  }
}

TEST(HttpStop, RunBlocksUntilStopped) {
  HttpServer server{HttpServerOptions()};
  server.route(HttpMethod::get, "/", &echo);
  std::promise<void> asked;
  server.route(HttpMethod::post, "/stop", [&](HttpExchange exchange) {
    exchange.respond(200, "text/plain", "stopping");
    server.stop();
    asked.set_value();
  });
  std::thread runner([&] { EXPECT_TRUE(server.run()); });
  while (server.port() == 0) std::this_thread::yield();
  Peer peer(server.port());
  EXPECT_EQ(peer.ask(post("/stop", ""))->body, "stopping");
  asked.get_future().wait();
  runner.join();
}

TEST(HttpStop, RunTellsWhyItCannot) {
  HttpServer server{HttpServerOptions().address("nonsense")};
  EXPECT_FALSE(server.run());
}

TEST(HttpEmbedded, ServesOnTheCallersLoop) {
  EventLoop loop;
  {
    HttpServer server(HttpServerOptions(), loop);
    server.route(HttpMethod::get, "/", [&](HttpExchange exchange) {
      EXPECT_TRUE(loop.in_this_thread());
      EXPECT_EQ(&exchange.executor(), &loop);
      echo(exchange);
    });
    server.on_stopped([&] { loop.stop(); });
    start(server);
    std::thread user([&] {
      Peer peer(server.port());
      EXPECT_EQ(peer.ask(get("/"))->status, 200);
      server.stop();
      EXPECT_TRUE(peer.closed());
    });
    loop.run();
    user.join();
  }
}

TEST(HttpEmbedded, MayBeDestroyedByItsOwnHook) {
  EventLoop loop;
  auto server = std::make_unique<HttpServer>(HttpServerOptions(), loop);
  server->route(HttpMethod::get, "/", &echo);
  server->on_stopped([&] {
    server.reset();
    loop.stop();
  });
  start(*server);
  std::thread user([&, port = server->port()] {
    Peer peer(port);
    EXPECT_EQ(peer.ask(get("/"))->status, 200);
    server->stop();
    EXPECT_TRUE(peer.closed());
  });
  loop.run();
  user.join();
  EXPECT_EQ(server, nullptr);
}

TEST(HttpEmbedded, AStopThatIsOvertakenByTheEndDoesNothing) {
  EventLoop loop;
  {
    HttpServer server(HttpServerOptions(), loop);
    server.on_shutdown([] { FAIL(); });
    start(server);
    server.stop();
  }
  loop.post([&] { loop.stop(); });
  loop.run();
}

TEST(HttpEmbedded, MayBeDestroyedWithConnectionsOpen) {
  EventLoop loop;
  std::optional<HttpExchange> held;
  bool told = false;
  Peer* raw = nullptr;
  std::optional<Peer> peer;
  {
    HttpServer server(HttpServerOptions(), loop);
    server.route(HttpMethod::get, "/", [&](HttpExchange exchange) {
      exchange.on_disconnect([&] { told = true; });
      held = std::move(exchange);
      loop.stop();
    });
    start(server);
    peer.emplace(server.port());
    raw = &*peer;
    raw->send(get("/"));
    loop.run();
  }
  EXPECT_TRUE(raw->closed());
  EXPECT_FALSE(told);
  loop.post([&] { loop.stop(); });
  loop.run();
  EXPECT_TRUE(told) << "on the loop, when it runs again";
  EXPECT_FALSE(held->open());
}

TEST(HttpEmbedded, ALoopMayEndWithoutEverRunning) {
  EventLoop loop;
  HttpServer server(HttpServerOptions(), loop);
  server.route(HttpMethod::get, "/", &echo);
  start(server);
  Peer peer(server.port());
  EXPECT_TRUE(peer.connected());
}

}  // namespace
}  // namespace leanmcp::http_test
