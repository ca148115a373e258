// Results that would break what their tool's schema says, or the message they stand in.

#include "sample_test.hpp"

#include <leanmcp/transport/in_memory.hpp>

#include <boost/describe.hpp>
#include <gtest/gtest.h>

#include <limits>

namespace leanmcp {

namespace promise_test {

enum class Grade { good, bad };
BOOST_DESCRIBE_ENUM(Grade, good, bad)

struct Reading {
  double value = 0;
  Grade grade = Grade::good;
  std::vector<std::optional<int>> list;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (value, grade, list))

struct Which {
  int which = 0;
};
BOOST_DESCRIBE_STRUCT(Which, (), (which))

Reading reading(const Which& input) {
  Reading out;
  out.list = {1, std::nullopt};
  if (input.which == 1) out.value = std::numeric_limits<double>::quiet_NaN();
  if (input.which == 2) out.grade = static_cast<Grade>(9);
  return out;
}

ToolResult by_hand(const Which& input) {
  switch (input.which) {
    case 0:
      return ToolResult("x").with_structured(R"({"a":1})").with_meta("k", "[1]");
    case 1:
      return ToolResult("x").with_structured("{oops");
    case 2:
      return ToolResult("x").with_structured(" ");
    case 3:
      return ToolResult("x").with_meta("k", "{oops");
    default:
      return ToolResult::failure("x").with_meta("k", "1,");
  }
}

Result<std::string> failing() { return ToolError("Sold out", "{oops"); }

}  // namespace promise_test

namespace {

using namespace promise_test;

class Promise : public testing::TestWithParam<Version> {
 protected:
  Promise()
      : server("promise", "1", ServerOptions().logger(Logger([this](LogLevel level, std::string_view line) {
          if (level >= LogLevel::error) log.append(line).append("\n");
        }))) {
    server.tool("reading", &reading).tool("by_hand", &by_hand).tool("failing", &failing);
    EXPECT_TRUE(server.build());
  }
  std::string call(const char* tool, int which) {
    MemoryClient client = connect_in_memory(server, GetParam());
    const auto reply = client.call(tool, "{\"which\":" + std::to_string(which) + "}");
    EXPECT_TRUE(reply.ok()) << reply.error;
    return reply.result;
  }
  std::string log;
  Server server;
};
INSTANTIATE_TEST_SUITE_P(All, Promise,
                         testing::Values(Version::v2025_03_26, Version::v2025_11_25, Version::v2026_07_28),
                         [](const auto& info) {
                           std::string name(to_string(info.param));
                           for (char& c : name)
                             if (c == '-') c = '_';
                           return "v" + name;
                         });

constexpr const char* generic =
    R"("text":"The server failed to do this; the details are in its log."}],"isError":true)";

TEST_P(Promise, AValueWithoutAFormInItsSchemaIsAFailure) {
  EXPECT_NE(call("reading", 0).find(R"(\"list\":[1,null])"), std::string::npos);
  EXPECT_EQ(log, "");
  EXPECT_NE(call("reading", 1).find(generic), std::string::npos);
  EXPECT_NE(log.find("/value is not finite"), std::string::npos) << log;
  EXPECT_NE(call("reading", 2).find(generic), std::string::npos);
  EXPECT_NE(log.find("/grade is none of its names"), std::string::npos) << log;
}

TEST_P(Promise, WhatAnAuthorWroteByHandIsJson) {
  const std::string good = call("by_hand", 0);
  EXPECT_EQ(good.find("isError"), std::string::npos) << good;
  EXPECT_NE(good.find("\"k\":[1]"), std::string::npos) << good;
  for (const int which : {1, 2, 3, 4}) EXPECT_NE(call("by_hand", which).find(generic), std::string::npos) << which;
  EXPECT_NE(log.find("its structured content is no JSON"), std::string::npos) << log;
  EXPECT_NE(log.find("its _meta is no JSON"), std::string::npos) << log;
}

TEST_P(Promise, TheDetailOfAFailureIsJson) {
  MemoryClient client = connect_in_memory(server, GetParam());
  EXPECT_NE(client.call("failing").result.find(generic), std::string::npos);
}

}  // namespace
}  // namespace leanmcp
