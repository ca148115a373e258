#include <leanmcp/json/schema.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <limits>

namespace leanmcp {

namespace rule_check_test {

struct Inside {
  int depth = 0;
};
BOOST_DESCRIBE_STRUCT(Inside, (), (depth))

struct Request {
  std::string text;
  int number = 0;
  std::optional<double> real;
  std::vector<std::string> list;
  bool flag = false;
  std::optional<Inside> inside;
};
BOOST_DESCRIBE_STRUCT(Request, (), (text, number, real, list, flag, inside))

}  // namespace rule_check_test

namespace {

using rule_check_test::Inside;
using rule_check_test::Request;

std::string refusal(FieldRules rules) {
  const auto made = schema(type_info<Request>(), rules, SchemaPurpose::input);
  return made ? std::string() : made.error().message();
}

TEST(RuleCheck, WhatCanBeHeldIsTaken) {
  EXPECT_EQ(refusal({field<&Request::text>("", min_length(1), max_length(9), pattern("^a"), default_value("\"ab\"")),
                     field<&Request::number>("", min(1), max(1), default_value("1")),
                     field<&Request::real>("", exclusive_min(0), exclusive_max(1), default_value("null")),
                     field<&Request::list>("", min_items(1), max_items(2), default_value(R"(["a"])")),
                     field<&Request::flag>("", default_value("true"), ask_user()),
                     field<&Request::inside>("", default_value(R"({})")),
                     field<&Inside::depth>("", min(1), default_value("2"))}),
            "");
}

TEST(RuleCheck, ASecondRuleForAMemberIsRefused) {
  EXPECT_EQ(refusal({field<&Request::number>("", min(1)), field<&Request::number>("", max(9))}),
            "the field 'number': there are two rules for it; write one");
}

TEST(RuleCheck, BoundsOfAnotherKindAreRefused) {
  EXPECT_EQ(refusal({field<&Request::text>("", min(3))}), "the field 'text': min() and max() are for numbers");
  EXPECT_NE(refusal({field<&Request::list>("", exclusive_max(3))}), "");
  EXPECT_NE(refusal({field<&Request::number>("", min_length(3))}), "");
  EXPECT_NE(refusal({field<&Request::list>("", pattern("a"))}), "");
  EXPECT_NE(refusal({field<&Request::text>("", max_items(3))}), "");
}

TEST(RuleCheck, BoundsThatLeaveNothingAreRefused) {
  constexpr const char* nothing = "the field 'number': its bounds leave no value";
  EXPECT_EQ(refusal({field<&Request::number>("", min(9), max(1))}), nothing);
  EXPECT_EQ(refusal({field<&Request::number>("", min(1), exclusive_max(1))}), nothing);
  EXPECT_EQ(refusal({field<&Request::number>("", exclusive_min(1), max(1))}), nothing);
  EXPECT_NE(refusal({field<&Request::text>("", min_length(2), max_length(1))}), "");
  EXPECT_NE(refusal({field<&Request::list>("", min_items(2), max_items(1))}), "");
  EXPECT_NE(refusal({field<&Request::number>("", min(std::numeric_limits<double>::quiet_NaN()))}), "");
  EXPECT_EQ(refusal({field<&Request::real>("", max(1e300))}), "");
}

TEST(RuleCheck, ADefaultThatDoesNotFitIsRefused) {
  EXPECT_EQ(refusal({field<&Request::text>("", default_value("5"))}),
            "the field 'text': its default does not fit: /text expected string");
  EXPECT_EQ(refusal({field<&Request::text>("", default_value("{"))}), "the field 'text': its default is no JSON");
  EXPECT_NE(refusal({field<&Request::number>("", min(1), default_value("0"))}), "");
  EXPECT_NE(refusal({field<&Request::inside>("", default_value(R"({"depht":1})"))}), "");
  EXPECT_NE(refusal({field<&Request::inside>("", default_value(R"({"depth":0})")), field<&Inside::depth>("", min(1))}),
            "");
}

}  // namespace
}  // namespace leanmcp
