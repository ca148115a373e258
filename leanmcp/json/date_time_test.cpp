#include <leanmcp/json/date_time.hpp>
#include <leanmcp/json/parse.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

TEST(DateTime, ReadsAndWritesRfc3339) {
  EXPECT_EQ(parse_date_time("1970-01-01T00:00:00Z"), (UnixTime{0, 0}));
  EXPECT_EQ(parse_date_time("1985-04-12T23:20:50.52Z"), (UnixTime{482196050, 520000000}));
  EXPECT_EQ(parse_date_time("1996-12-19T16:39:57-08:00"), (UnixTime{851042397, 0}));
  EXPECT_EQ(format_date_time(482196050520000000), "1985-04-12T23:20:50.520Z");
  EXPECT_EQ(format_date_time(1), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(format_date_time(-1'000'000'000), "1969-12-31T23:59:59Z");
  EXPECT_EQ(format_date_time(-1), "1969-12-31T23:59:59.999999999Z");
}

TEST(DateTime, TakesEveryYearOfFourDigits) {
  for (const char* const text :
       {"0000-01-01T00:00:00Z", "0001-01-01T00:00:00.500Z", "2263-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"}) {
    const auto time = parse_date_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_date_time(*time), text);
  }
  EXPECT_FALSE(parse_date_time("9999-12-31T23:59:59-00:01")) << "of the year 10000 in UTC";
  EXPECT_FALSE(parse_date_time("0000-01-01T00:00:00+00:01"));
  EXPECT_FALSE(format_date_time(UnixTime{last_date_time + 1, 0}));
  EXPECT_FALSE(format_date_time(UnixTime{first_date_time - 1, 0}));
}

TEST(DateTime, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-01-01", "2026-01-01T24:00:00Z",
                           "2026-01-01T00:00:60Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "26-01-01T00:00:00Z",
                           "2026-01-01T00:00:00Zx", "2026-01-01 00:00:00Z", "2026-1-1T00:00:00Z"})
    EXPECT_FALSE(parse_date_time(text)) << text;
  EXPECT_TRUE(parse_date_time("2024-02-29T00:00:00Z"));
}

TEST(Parse, IsStrictAndBounded) {
  const ParseLimits limits{4, 100};
  const auto fault = [&](std::string_view text) {
    const auto parsed = parse_json(text, limits);
    return parsed ? -1 : static_cast<int>(parsed.error());
  };
  EXPECT_EQ(fault(R"({"a":[1]})"), -1);
  EXPECT_EQ(fault("{"), static_cast<int>(ParseFault::invalid));
  EXPECT_EQ(fault("{} {}"), static_cast<int>(ParseFault::invalid));
  EXPECT_EQ(fault(""), static_cast<int>(ParseFault::invalid));
  EXPECT_EQ(fault("\"\xff\""), static_cast<int>(ParseFault::invalid));
  EXPECT_EQ(fault("[[[[[1]]]]]"), static_cast<int>(ParseFault::too_deep));
  EXPECT_EQ(fault(std::string(101, ' ')), static_cast<int>(ParseFault::too_large));
}

TEST(Canonical, SortsKeysAndUnifiesNumbers) {
  EXPECT_EQ(canonical_json(json::parse(R"({"b":1.0,"a":[{"d":null,"c":"\u00e9"}]})")),
            canonical_json(json::parse(R"({"a":[{"c":"é","d":null}],"b":1})")));
  EXPECT_NE(canonical_json(json::parse("1.5")), canonical_json(json::parse("1")));
  EXPECT_NE(canonical_json(json::parse(R"({"a":"1"})")), canonical_json(json::parse(R"({"a":1})")));
}

}  // namespace
}  // namespace leanmcp
