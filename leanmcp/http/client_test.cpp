#include <leanmcp/http/client.hpp>

#include <leanmcp/http/client_test_server.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <thread>
#include <vector>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using detail::ok;
using detail::ScriptedServer;

TEST(HttpClient, GetsAndReusesTheConnection) {
  ScriptedServer server([](const std::string&) { return ok("hello", "X-One:  a b \r\nx-one: second\r\n"); });
  HttpClient client;
  for (int i = 0; i < 3; ++i) {
    const auto response = client.fetch(ClientRequest("GET", server.url("/x?y=1#part")));
    ASSERT_TRUE(response) << response.error().detail;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "hello");
    EXPECT_EQ(response->header("x-one"), "a b");
    EXPECT_EQ(response->header("absent"), "");
  }
  EXPECT_EQ(server.connections(), 1);
  EXPECT_TRUE(server.last_request().starts_with("GET /x?y=1 HTTP/1.1\r\n"));
  EXPECT_EQ(server.last_request().find("Content-Type"), std::string::npos);

  ClientRequest fresh("GET", server.url());
  fresh.fresh_connection = true;
  ASSERT_TRUE(client.fetch(fresh));
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpClient, SendsMethodHeadersAndBody) {
  ScriptedServer server([](const std::string&) { return ok(""); });
  HttpClient client;
  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE"}) {
    ClientRequest request(method, server.url("/r"));
    request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}, {"Authorization", "Bearer t"}};
    request.body = std::string("{\"a\":\0}", 7);
    ASSERT_TRUE(client.fetch(request));
    const std::string sent = server.last_request();
    EXPECT_TRUE(sent.starts_with(method + " /r HTTP/1.1\r\n")) << sent;
    EXPECT_NE(sent.find("Content-Type: application/json\r\n"), std::string::npos);
    EXPECT_NE(sent.find("X-Empty:\r\n"), std::string::npos);
    EXPECT_NE(sent.find("Content-Length: 7\r\n"), std::string::npos);
    EXPECT_EQ(sent.find("Expect"), std::string::npos);
    EXPECT_TRUE(sent.ends_with(request.body));
  }
  ASSERT_TRUE(client.fetch(ClientRequest("POST", server.url())));
  EXPECT_NE(server.last_request().find("Content-Length: 0\r\n"), std::string::npos);
  ASSERT_TRUE(client.fetch(ClientRequest("DELETE", server.url())));
  EXPECT_TRUE(server.last_request().starts_with("DELETE "));
}

TEST(HttpClient, DoesNotFollowRedirects) {
  ScriptedServer server([](const std::string&) {
    return ScriptedServer::Answer{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"};
  });
  HttpClient client;
  const auto response = client.fetch(ClientRequest("GET", server.url()));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(response->header("location"), "http://127.0.0.1:1/");
}

TEST(HttpClient, BoundsBodyAndHeaders) {
  ScriptedServer server([](const std::string& request) {
    if (request.starts_with("GET /head")) return ok("x", "X-Long: " + std::string(70'000, 'h') + "\r\n");
    if (request.starts_with("GET /huge")) return ok("x", "X-Long: " + std::string(200'000, 'h') + "\r\n");
    if (request.starts_with("GET /chunked"))
      return ScriptedServer::Answer{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" +
                                    std::string(1000, 'c') + "\r\n0\r\n\r\n"};
    return ok(std::string(1001, 'b'));
  });
  HttpClientOptions options;
  options.max_body_bytes = 1000;
  HttpClient client(options);
  for (const std::string path : {"/head", "/huge", "/body"}) {
    const auto response = client.fetch(ClientRequest("GET", server.url(path)));
    ASSERT_FALSE(response) << path;
    EXPECT_EQ(response.error().cause, HttpClientCause::too_large) << path << response.error().detail;
  }
  EXPECT_TRUE(client.fetch(ClientRequest("GET", server.url("/chunked"))));
  ClientRequest larger("GET", server.url("/body"));
  larger.max_body_bytes = 1001;
  EXPECT_TRUE(client.fetch(larger));
}

TEST(HttpClient, ReportsCauses) {
  HttpClient client;
  // Only the case that is about time has a short one: the others must not depend on how busy the machine is.
  const auto cause_of = [&](const std::string& url, std::chrono::milliseconds limit = 30s) {
    ClientRequest request("GET", url);
    request.total_timeout = limit;
    const auto response = client.fetch(std::move(request));
    return response ? std::string("none") : std::string(to_string(response.error().cause));
  };
  EXPECT_EQ(cause_of("http://127.0.0.1:1/"), "cannot_connect");
  {
    ScriptedServer slow(
        [](const std::string&) { return ScriptedServer::Answer{"HTTP/1.1 200 OK\r\n\r\n", true, 1s}; });
    EXPECT_EQ(cause_of(slow.url(), 150ms), "timeout");
  }
  for (const std::string bytes : {"", "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    ScriptedServer broken([&](const std::string&) { return ScriptedServer::Answer{bytes, true}; });
    EXPECT_EQ(cause_of(broken.url()), "protocol") << bytes;
    EXPECT_EQ(cause_of("https" + broken.url().substr(4)), "tls") << bytes;
  }
}

TEST(HttpClient, SkipsInterimResponses) {
  ScriptedServer server([](const std::string&) {
    return ScriptedServer::Answer{
        "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Late: 1\r\n\r\nok"};
  });
  HttpClient client;
  const auto response = client.fetch(ClientRequest("GET", server.url()));
  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->header("x-early"), "");
  EXPECT_EQ(response->header("x-late"), "1");
}

TEST(HttpClient, StreamsAndStopsWhenTold) {
  ScriptedServer server(
      [](const std::string&) { return ok("data: 1\n\ndata: 2\n\n", "Content-Type: text/event-stream\r\n"); });
  HttpClient client;
  ClientRequest request("GET", server.url());
  std::string got;
  int status = 0;
  request.total_timeout = 0ms;
  request.idle_timeout = 1s;
  request.on_head = [&](const ClientResponse& head) {
    status = head.status;
    return head.header("content-type") == "text/event-stream";
  };
  request.on_data = [&](std::string_view piece) {
    got += piece;
    return true;
  };
  const auto response = client.fetch(request);
  ASSERT_TRUE(response);
  EXPECT_EQ(status, 200);
  EXPECT_EQ(got, "data: 1\n\ndata: 2\n\n");
  EXPECT_EQ(response->body, "");

  request.on_data = [](std::string_view) { return false; };
  const auto stopped = client.fetch(request);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().cause, HttpClientCause::cancelled);
  request.on_head = [](const ClientResponse&) { return false; };
  EXPECT_FALSE(client.fetch(request));
  request.on_head = nullptr;
  request.on_data = [](std::string_view) -> bool { throw std::runtime_error("bug"); };
  EXPECT_FALSE(client.fetch(request));
}

TEST(HttpClient, EndsASilentStream) {
  ScriptedServer server([](const std::string&) { return ScriptedServer::Answer{"HTTP/1.1 200 OK\r\n\r\n: hi\n\n"}; });
  HttpClient client;
  ClientRequest request("GET", server.url());
  request.total_timeout = 0ms;
  request.idle_timeout = 1s;
  request.on_data = [](std::string_view) { return true; };
  const auto response = client.fetch(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().cause, HttpClientCause::timeout);
}

TEST(HttpClient, CancelsByIdTokenAndDestruction) {
  ScriptedServer server([](const std::string&) { return ScriptedServer::Answer{"HTTP/1.1 200 OK\r\n\r\n"}; });
  HttpClient client;
  std::stop_source stop;
  std::thread stopper([&] {
    std::this_thread::sleep_for(50ms);
    stop.request_stop();
  });
  const auto response = client.fetch(ClientRequest("GET", server.url()), stop.get_token());
  stopper.join();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().cause, HttpClientCause::cancelled);
  EXPECT_FALSE(client.fetch(ClientRequest("GET", server.url()), stop.get_token()));

  std::promise<HttpClientCause> ended;
  {
    HttpClient shorter;
    shorter.send(ClientRequest("GET", server.url()), [&](HttpClient::Outcome outcome) {
      ended.set_value(outcome ? HttpClientCause::protocol : outcome.error().cause);
    });
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(ended.get_future().get(), HttpClientCause::cancelled);
  client.cancel(12345);
}

TEST(HttpClient, MayBeDestroyedByItsOwnCallback) {
  ScriptedServer server([](const std::string&) { return ok("x"); });
  std::promise<void> ended;
  auto client = std::make_shared<HttpClient>();
  HttpClient& raw = *client;
  raw.send(ClientRequest("GET", server.url()), [&, owner = std::move(client)](HttpClient::Outcome) mutable {
    EXPECT_THROW(static_cast<void>(owner->fetch(ClientRequest("GET", server.url()))), std::logic_error);
    owner.reset();
    ended.set_value();
  });
  ended.get_future().get();
}

TEST(HttpClient, ManyThreadsShareOneClient) {
  ScriptedServer server([](const std::string& request) { return ok(request.substr(4, request.find(' ', 4) - 4)); });
  HttpClient client;
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const std::string path = "/" + std::to_string(t) + "/" + std::to_string(i);
        const auto response = client.fetch(ClientRequest("GET", server.url(path)));
        if (response && response->body == path) ++good;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
  EXPECT_LE(server.connections(), 16);
}

TEST(HttpClient, IgnoresTheEnvironmentsProxy) {
  ScriptedServer server([](const std::string&) { return ok("direct"); });
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  {
    HttpClientOptions options;
    options.allow_plain_http = true;
    HttpClient client(options);
    const auto response = client.fetch(ClientRequest("GET", server.url()));
    ASSERT_TRUE(response) << response.error().detail;
    EXPECT_EQ(response->body, "direct");
  }
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
}

TEST(HttpClient, UsesTheProxyItIsGiven) {
  ScriptedServer proxy([](const std::string& request) { return ok(request.substr(0, request.find("\r\n"))); });
  HttpClientOptions options;
  options.allow_plain_http = true;
  options.proxy = proxy.url("");
  HttpClient client(options);
  const auto response = client.fetch(ClientRequest("GET", "http://service.example/x"));
  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(response->body, "GET http://service.example/x HTTP/1.1");
}

TEST(HttpClient, WhatAServerMayHaveDoneIsNotSentAgainOnAnotherConnection) {
  for (const char* const method : {"POST", "PATCH", "GET"}) {
    std::atomic<int> seen{0};
    ScriptedServer server([&seen](const std::string& request) {
      if (request.find("/work") == std::string::npos) return ok("warm");
      // Cut without a word, as by a server that is killed in the middle of the work.
      ScriptedServer::Answer cut;
      cut.close = ++seen == 1;
      if (!cut.close) cut = ok("again");
      return cut;
    });
    HttpClient client;
    ASSERT_TRUE(client.fetch(ClientRequest("GET", server.url("/warm"))));
    ClientRequest work(method, server.url("/work"));
    if (work.method != "GET") work.body = "{}";
    const auto outcome = client.fetch(std::move(work));
    if (std::string_view(method) == "GET") {
      EXPECT_TRUE(outcome) << "reading again does no harm";
    } else {
      ASSERT_FALSE(outcome) << method;
      EXPECT_EQ(outcome.error().cause, HttpClientCause::protocol);
      EXPECT_EQ(seen, 1) << method;
    }
  }
}

}  // namespace
}  // namespace leanmcp
