#include <leanmcp/client/input_rounds.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

auto read(std::string_view text, bool may_ask = true) {
  return detail::read_result_type(std::make_shared<const json::object>(json::parse(text).as_object()), may_ask);
}

TEST(InputRounds, AbsentAndCompleteTypesAreComplete) {
  for (const char* const text : {R"({"content":[]})", R"({"resultType":"complete"})"}) {
    const auto asked = read(text);
    ASSERT_TRUE(asked);
    EXPECT_FALSE(asked->has_value());
  }
}

TEST(InputRounds, UnknownTypesAndShapesAreInvalid) {
  for (const char* const text :
       {R"({"resultType":"task"})", R"({"resultType":1})", R"({"resultType":"input_required"})",
        R"({"resultType":"input_required","requestState":5})", R"({"resultType":"input_required","inputRequests":[]})",
        R"({"resultType":"input_required","inputRequests":{"a":{"method":"tools/call"}}})",
        R"({"resultType":"input_required","inputRequests":{"a":{"method":"roots/list","params":[]}}})"}) {
    const auto asked = read(text);
    ASSERT_FALSE(asked) << text;
    EXPECT_EQ(asked.error().cause(), ClientCause::unexpected_result);
  }
  EXPECT_FALSE(read(R"({"resultType":"input_required","requestState":"s"})", false));
}

TEST(InputRounds, IsBounded) {
  json::object many;
  for (int i = 0; i < 65; ++i) many["k" + std::to_string(i)] = {{"method", "roots/list"}};
  const json::object result = {{"resultType", "input_required"}, {"inputRequests", many}};
  const auto asked = detail::read_result_type(std::make_shared<const json::object>(result), true);
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().cause(), ClientCause::too_large);
}

TEST(InputRounds, NextRoundCarriesAnswersAndTheStateAsItCame) {
  const auto asked = read(
      R"({"resultType":"input_required","requestState":"{\"a\": 1}","inputRequests":{"q":{"method":"roots/list"}}})");
  ASSERT_TRUE(asked && asked->has_value());
  const json::object first = {{"name", "t"}, {"arguments", {{"x", 1}}}};
  const json::object next = detail::next_round(first, **asked, {{"q", R"({"roots":[]})"}});
  EXPECT_EQ(json::value(next), json::parse(R"({"name":"t","arguments":{"x":1},"inputResponses":{"q":{"roots":[]}},)"
                                           R"("requestState":"{\"a\": 1}"})"));
}

TEST(InputRounds, WithoutStateNoneIsSentAndNoneOfAnEarlierRound) {
  const auto asked = read(R"({"resultType":"input_required","inputRequests":{"q":{"method":"roots/list"}}})");
  ASSERT_TRUE(asked && asked->has_value());
  const json::object second = {{"name", "t"}, {"requestState", "old"}, {"inputResponses", {{"p", 1}}}};
  const json::object next = detail::next_round(second, **asked, {{"q", "{}"}});
  EXPECT_EQ(json::value(next), json::parse(R"({"name":"t","inputResponses":{"q":{}}})"));
}

}  // namespace
}  // namespace leanmcp
