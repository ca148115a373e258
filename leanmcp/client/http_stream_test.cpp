#include <leanmcp/client/http_stream.hpp>

#include <leanmcp/base/manual_executor.hpp>
#include <leanmcp/http/server.hpp>

#include <gtest/gtest.h>

#include <thread>

namespace leanmcp {
namespace {

using detail::HttpStream;
using detail::HttpStreamEnd;

Task<void> wait_for_end(std::shared_ptr<HttpStream> stream, std::vector<std::string>& order) {
  const HttpStreamEnd end = co_await stream->done();
  order.push_back(end.error ? "error" : "end");
}

TEST(HttpStream, TheEndComesAfterTheLastEventHoweverLateItIsAwaited) {
  HttpServer server{HttpServerOptions()};
  server.route(HttpMethod::get, "/stream", [](HttpExchange exchange) {
    exchange.begin_stream(200, "text/event-stream");
    exchange.write("data: one\n\ndata: two\n\n");
    exchange.end();
  });
  ASSERT_TRUE(server.start());
  ManualExecutor executor;
  HttpClient http;
  std::vector<std::string> order;
  HttpStream::Callbacks callbacks;
  callbacks.on_head = [&](const ClientResponse&) { order.emplace_back("head"); };
  callbacks.on_events = [&](std::vector<SseEvent>&& events) {
    for (const SseEvent& event : events) order.push_back(event.data);
  };
  const auto stream = std::make_shared<HttpStream>(http, executor, ClientLimits(), std::move(callbacks));
  stream->start(ClientRequest("GET", "http://127.0.0.1:" + std::to_string(server.port()) + "/stream"));
  // The whole answer is there before anybody waits for it: a thread that is held up sees that.
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  bool ended = false;
  spawn(executor, wait_for_end(stream, order), [&](RunOutcome<void>) { ended = true; });
  for (int i = 0; i < 100 && (!ended || order.size() < 4); ++i) {
    executor.wait(std::chrono::milliseconds(100));
    executor.run();
  }
  EXPECT_EQ(order, (std::vector<std::string>{"head", "one", "two", "end"}));
}

}  // namespace
}  // namespace leanmcp
