#include <leanmcp/json/parse.hpp>

#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace leanmcp {
namespace {

double number_of(const std::string& text) {
  const auto parsed = parse_json(text, ParseLimits());
  EXPECT_TRUE(parsed && parsed->is_double()) << text;
  return parsed && parsed->is_double() ? parsed->get_double() : std::nan("");
}

TEST(ParseJson, DoublesAreReadToTheLastBit) {
  std::mt19937_64 random(20261124);
  for (int i = 0; i < 200'000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    char text[512];
    std::snprintf(text, sizeof text, "%.*e", 16 + i % 8, value);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(number_of(text)), std::bit_cast<std::uint64_t>(std::strtod(text, nullptr)))
        << text;
    if (std::fabs(value) < 1e15 && std::fabs(value) > 1e-5) {
      std::snprintf(text, sizeof text, "%.25f", value);
      EXPECT_EQ(number_of(text), std::strtod(text, nullptr)) << text;
    }
  }
}

TEST(ParseJson, TheWritersShortestFormComesBackTheSame) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 100'000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const std::string text = json_text(json::value(value));
    const auto parsed = parse_json(text, ParseLimits());
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_number<double>(), value) << text;
  }
}

TEST(ParseJson, TheEndsOfTheRange) {
  EXPECT_EQ(number_of("1.7976931348623157e308"), 1.7976931348623157e308);
  EXPECT_EQ(number_of("5e-324"), 5e-324);
  EXPECT_EQ(number_of("1e-400"), 0.0);
  EXPECT_EQ(number_of("18446744073709551616"), 18446744073709551616.0);
  EXPECT_EQ(number_of("0.1"), 0.1);
  for (const char* const text : {"1e400", "-1e400", "[1e999]"})
    EXPECT_EQ(parse_json(text, ParseLimits()).error(), ParseFault::invalid) << text;
}

TEST(ParseJson, IntegersStayIntegers) {
  EXPECT_EQ(parse_json("-9223372036854775808", ParseLimits())->as_int64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_json("18446744073709551615", ParseLimits())->as_uint64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse_json(" 7 ", ParseLimits())->as_int64(), 7);
}

TEST(ParseJson, WholeTextsWithinTheLimitsOnly) {
  const std::string document = R"({"a":[1,-2.5e3,"x\u00e9\n",true,null,{}],"b":{"c":"ü"}})";
  const auto parsed = parse_json(document, ParseLimits());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(json_text(*parsed), "{\"a\":[1,-2500,\"x\u00e9\\n\",true,null,{}],\"b\":{\"c\":\"\u00fc\"}}");
  for (const char* const text : {"",
                                 " ",
                                 "{",
                                 "[1,]",
                                 "{\"a\":1,}",
                                 "nul",
                                 "01",
                                 "1 2",
                                 "{} x",
                                 "\"\xff\"",
                                 "\"\xed\xa0\x80\"",
                                 "'a'",
                                 "[1 2]",
                                 "\"\n\"",
                                 "NaN",
                                 "-Infinity",
                                 "1.",
                                 ".5",
                                 "+1",
                                 "// c\n1",
                                 "\xef\xbb\xbf{}"})
    EXPECT_FALSE(parse_json(text, ParseLimits())) << text;
  ParseLimits limits;
  limits.depth = 3;
  EXPECT_TRUE(parse_json("[[[1]]]", limits));
  EXPECT_EQ(parse_json("[[[[1]]]]", limits).error(), ParseFault::too_deep);
  limits.bytes = 4;
  EXPECT_EQ(parse_json("[1,2]", limits).error(), ParseFault::too_large);
}

TEST(ParseJson, ValuesLiveInTheMemoryGiven) {
  unsigned char room[4096];
  json::monotonic_resource memory(room, sizeof room);
  const json::storage_ptr storage(&memory);
  const auto parsed =
      parse_json(R"({"a":["some text that is too long to be stored in place"]})", ParseLimits(), storage);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->storage().get(), storage.get());
}

}  // namespace
}  // namespace leanmcp
