#include "sample_test.hpp"

#include <leanmcp/transport/stdio.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace leanmcp {
namespace {

/// One client's whole conversation: everything it writes, then the end of its input; what came back, by line.
std::vector<std::string> talk(Server& server, const std::string& input, StdioOptions options = {}) {
  int to[2];
  int from[2];
  EXPECT_EQ(::pipe(to), 0);
  EXPECT_EQ(::pipe(from), 0);
  int code = -1;
  std::thread serving([&] { code = serve_stdio(server, options.descriptors(to[0], from[1])); });
  std::string output;
  std::thread reading([&] {
    char chunk[4096];
    for (ssize_t n = 0; (n = ::read(from[0], chunk, sizeof chunk)) > 0;)
      output.append(chunk, static_cast<std::size_t>(n));
  });
  for (std::string_view rest = input; !rest.empty();) {
    const ssize_t n = ::write(to[1], rest.data(), rest.size());
    if (n <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  ::close(to[1]);
  serving.join();
  ::close(from[1]);
  reading.join();
  ::close(to[0]);
  ::close(from[0]);
  EXPECT_EQ(code, 0);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < output.size();) {
    const auto end = output.find('\n', at);
    lines.push_back(output.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string modern_call(int id) {
  return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) +
         R"(,"method":"tools/call","params":{"name":"hello","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}})"
         "\n";
}

bool one_of(const std::vector<std::string>& lines, std::string_view text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

class Stdio : public testing::Test {
 protected:
  void SetUp() override { server.tool("hello", &hello); }
  Server server{"test", "1"};
};

TEST_F(Stdio, BothErasOnOnePipe) {
  const auto lines = talk(
      server,
      modern_call(1) +
          R"({"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}})"
          "\n"
          R"({"jsonrpc":"2.0","id":3,"method":"tools/list"})"
          "\n");
  ASSERT_EQ(lines.size(), 3U);
  // Plain functions run on a worker: their answers come when they are done.
  const bool called = one_of(lines, "\"text\":\"hello\"");
  EXPECT_TRUE(called) << "the call was answered though the input had ended";
}

TEST_F(Stdio, NothingBeforeInitialize) {
  const auto lines = talk(server, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("-32602"), std::string::npos) << lines[0];
}

TEST_F(Stdio, BadLinesAreAnsweredAndTheNextOneCounts) {
  StdioOptions options;
  options.most_line_bytes = 1024 * 128;
  const auto lines = talk(server, "junk\n\n  \r\n[]\n" + std::string(300'000, 'x') + "\n" + modern_call(7), options);
  ASSERT_EQ(lines.size(), 4U);
  // Faults are told by the reader, calls by whoever runs them: the order is open.
  for (const char* text : {"-32700", "-32600,\"message\":\"Invalid request: no batches", "too large", "\"id\":7"})
    EXPECT_TRUE(one_of(lines, text)) << text;
}

TEST_F(Stdio, TheLastLineNeedsNoEnd) {
  std::string call = modern_call(7);
  call.pop_back();
  const auto lines = talk(server, call);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("\"id\":7"), std::string::npos) << lines[0];
}

TEST_F(Stdio, JsonThatAnAuthorWroteOverSeveralLinesStaysOneMessage) {
  server.tool(
      "pretty", [] { return ToolResult("x").with_structured("{\n  \"a\": \"b\\n\"\r\n}"); },
      meta("com.example/note", "{\n}"));
  std::string call = modern_call(7);
  call.replace(call.find("hello"), 5, "pretty");
  const auto lines = talk(server, call);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("\"structuredContent\":{   \"a\": \"b\\n\"  }"), std::string::npos) << lines[0];
}

TEST_F(Stdio, AClientThatStoppedReadingEndsNoCall) {
  int to[2];
  int from[2];
  ASSERT_EQ(::pipe(to), 0);
  ASSERT_EQ(::pipe(from), 0);
  std::atomic<int> ran{0};
  server.tool(
      "count", [&ran] { return std::to_string(++ran); }, serialized());
  ::close(from[0]);
  std::string calls;
  for (int i = 0; i < 5; ++i) {
    std::string call = modern_call(i);
    calls += call.replace(call.find("hello"), 5, "count");
  }
  ASSERT_EQ(::write(to[1], calls.data(), calls.size()), static_cast<ssize_t>(calls.size()));
  ::close(to[1]);
  EXPECT_EQ(serve_stdio(server, StdioOptions().descriptors(to[0], from[1])), 0) << "no signal ended it";
  EXPECT_EQ(ran, 5);
  ::close(to[0]);
  ::close(from[1]);
}

TEST_F(Stdio, AListenerIsToldOfTheEndAndNothingAfterItsOwn) {
  server.resource("test://a", "a", [] { return "a"; });
  const auto listen = [](int id) {
    return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) +
           R"(,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}})"
           "\n";
  };
  const auto lines = talk(server, listen(1) + listen(2) +
                                      R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})"
                                      "\n");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_NE(lines[0].find(R"("io.modelcontextprotocol/subscriptionId":1})"), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find(R"("io.modelcontextprotocol/subscriptionId":2})"), std::string::npos) << lines[1];
  EXPECT_NE(lines[2].find(R"("id":2,"result":{"resultType":"complete")"), std::string::npos) << lines[2];
  EXPECT_EQ(lines[3], R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}})");
}

TEST_F(Stdio, NotificationsAreNotAnswered) {
  EXPECT_TRUE(talk(server, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n").empty());
}

TEST(StdioStart, AServerThatCannotBeBuiltIsTold) {
  std::string logged;
  Server server("test", "1", ServerOptions().logger(Logger([&](LogLevel, std::string_view line) { logged += line; })));
  server.tool("not a name", &hello);
  EXPECT_EQ(serve_stdio(server, StdioOptions().descriptors(-1, -1)), 1);
  EXPECT_NE(logged.find("not a name"), std::string::npos) << logged;
}

}  // namespace
}  // namespace leanmcp
