#include "sample_test.hpp"

#include <leanmcp/http/client.hpp>
#include <leanmcp/http/metrics.hpp>
#include <leanmcp/transport/serve.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

Task<std::string> ask(Context& ctx) {
  Task<Answer<Name>> asking = ctx.elicit<Name>("name", "Your name?");
  const Answer<Name> answer = co_await std::move(asking);
  co_return answer ? answer->name : "nobody";
}

TEST(HttpService, SaysWhereItListensAndNothingThatNeedNotWorryAnybody) {
  std::string log;
  const Logger logger([&log](LogLevel, std::string_view line) { log.append(line).append("\n"); });
  Server server("test", "1", ServerOptions().logger(logger));
  server.tool("hello", &hello);
  HttpService service(server, HttpOptions().port(0).logger(logger));
  ASSERT_TRUE(service.start());
  service.stop();
  EXPECT_NE(log.find("http://127.0.0.1:" + std::to_string(service.port()) + "/mcp"), std::string::npos) << log;
  EXPECT_EQ(log.find("state keys"), std::string::npos) << log;
}

TEST(HttpService, WhoAsksInTheMiddleOfACallIsToldOfMissingKeysOnce) {
  std::string log;
  Server server(
      "test", "1",
      ServerOptions().logger(Logger([&](LogLevel, std::string_view line) { log.append(line).append("\n"); })));
  server.tool("ask", &ask);
  ASSERT_TRUE(server.build());
  ASSERT_TRUE(server.build());
  const auto first = log.find("no state keys");
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find("no state keys", first + 1), std::string::npos) << log;
}

TEST(HttpService, FiguresOfOnesOwnRegistryAreServedBesideTheServers) {
  const auto registry = std::make_shared<Metrics>();
  registry->collect(Metrics::Kind::gauge, "shop_open", "Whether the shop is open.", {}, [] { return 1.0; });
  Server server("test", "1");
  server.tool("hello", &hello);
  HttpOptions options;
  options.port(0).metrics_port(0);
  options.http().metrics(registry);
  HttpService service(server, std::move(options));
  ASSERT_TRUE(service.start());
  HttpClient client;
  const auto page =
      client.fetch(ClientRequest("GET", "http://127.0.0.1:" + std::to_string(service.metrics_port()) + "/metrics"));
  ASSERT_TRUE(page);
  EXPECT_NE(page->body.find("shop_open 1"), std::string::npos) << page->body;
  EXPECT_NE(page->body.find("http_connections"), std::string::npos) << page->body;
  service.stop();
}

}  // namespace
}  // namespace leanmcp
