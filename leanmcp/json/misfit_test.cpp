// What a typed value is written as, and the schema that promises it.

#include <leanmcp/json/bind.hpp>
#include <leanmcp/json/schema.hpp>
#include <leanmcp/json/schema_validator.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <limits>

namespace leanmcp {

namespace misfit_test {

enum class Size { small, large };
BOOST_DESCRIBE_ENUM(Size, small, large)

struct Results {
  std::vector<std::optional<int>> list;
  std::map<std::string, std::optional<int>> map;
  std::variant<std::optional<int>, std::string> either;
  std::variant<int, double> overlapping;
  std::optional<std::optional<int>> twice;
  std::optional<int> once;
};
BOOST_DESCRIBE_STRUCT(Results, (), (list, map, either, overlapping, twice, once))

struct Measured {
  double real = 0;
  std::vector<float> reals;
  std::map<std::string, Size> sizes;
  std::variant<std::string, double> either;
  std::optional<std::chrono::sys_days> day;
};
BOOST_DESCRIBE_STRUCT(Measured, (), (real, reals, sizes, either, day))

struct Times {
  std::chrono::sys_time<std::chrono::nanoseconds> nanos;
  std::chrono::sys_seconds seconds;
  std::chrono::sys_days days;
  std::chrono::sys_time<std::chrono::hours> hours;
  std::chrono::sys_time<std::chrono::duration<double>> real;
};
BOOST_DESCRIBE_STRUCT(Times, (), (nanos, seconds, days, hours, real))

}  // namespace misfit_test

namespace {

using namespace misfit_test;

/// The text of the object, if it keeps what the output schema of its type says; else what is wrong.
template <class T>
std::string promised(const T& object) {
  const auto made = schema(type_info<T>(), {}, SchemaPurpose::output);
  if (!made) return made.error().message();
  const auto validator = SchemaValidator::compile(json::value(*made));
  if (!validator) return validator.error().message;
  std::string text;
  const bool fits = append_json(text, type_info<T>(), &object);
  const auto faults = validator->validate(json::parse(text));
  if (fits != faults.empty()) return "written as if it fits: " + text;
  return fits ? text : misfit(type_info<T>(), &object);
}

TEST(Misfit, NothingInsideAListMapOrAlternativeIsNull) {
  Results object;
  object.list = {1, std::nullopt};
  object.map = {{"a", std::nullopt}};
  object.either = std::optional<int>();
  object.overlapping = 1;
  object.twice = std::optional<int>();
  EXPECT_EQ(promised(object), R"({"list":[1,null],"map":{"a":null},"either":null,"overlapping":1,"twice":null})");
  Results again;
  EXPECT_TRUE(bind_value(type_info<Results>(), &again, json::parse(promised(object)), {}).size() == 1)
      << "an input may not fit two alternatives";
  EXPECT_EQ(again.list, object.list);
  EXPECT_EQ(again.map, object.map);
}

TEST(Misfit, TheSchemaOfAnAbsentMemberIsAsItWas) {
  const auto made = schema(type_info<Results>(), {}, SchemaPurpose::input);
  ASSERT_TRUE(made);
  const json::value whole(*made);
  EXPECT_EQ(whole.at_pointer("/properties/once/type"), "integer");
  EXPECT_EQ(whole.at_pointer("/properties/list/items/anyOf/1/type"), "null");
  EXPECT_EQ(whole.at_pointer("/properties/list/items/anyOf/0/type"), "integer");
  EXPECT_TRUE(whole.at_pointer("/properties/either").as_object().contains("oneOf"));
  EXPECT_TRUE(whole.at_pointer("/properties/overlapping").as_object().contains("oneOf"));
}

TEST(Misfit, WhatTheSchemaHasNoWordForIsTold) {
  const Measured good{1, {2.5F}, {{"a", Size::large}}, 1.5, std::chrono::sys_days(std::chrono::days(1))};
  EXPECT_EQ(promised(good),
            R"({"real":1,"reals":[2.5],"sizes":{"a":"large"},"either":1.5,"day":"1970-01-02T00:00:00Z"})");
  Measured bad = good;
  bad.real = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(promised(bad), "/real is not finite");
  bad = good;
  bad.reals.push_back(std::numeric_limits<float>::infinity());
  EXPECT_EQ(promised(bad), "/reals/1 is not finite");
  bad = good;
  bad.sizes["b/c"] = static_cast<Size>(9);
  EXPECT_EQ(promised(bad), "/sizes/b~1c is none of its names");
  bad = good;
  bad.either = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(promised(bad), "/either is not finite");
}

TEST(Misfit, TimesOfEveryYear) {
  constexpr const char* last = R"({"nanos":"2261-12-31T23:59:59.999Z","seconds":"9999-12-31T23:59:59Z",)"
                               R"("days":"9999-12-31T00:00:00Z","hours":"0000-01-01T00:00:00Z",)"
                               R"("real":"1969-12-31T23:59:59.500Z"})";
  Times object;
  EXPECT_TRUE(bind_value(type_info<Times>(), &object, json::parse(last), {}).empty());
  EXPECT_EQ(object.days, std::chrono::sys_days(std::chrono::year(9999) / 12 / 31));
  EXPECT_EQ(json_text(type_info<Times>(), &object), last);

  const auto faults = bind_value(type_info<Times>(), &object, json::parse(R"({"nanos":"2263-01-01T00:00:00Z",
      "seconds":"yesterday","days":"10000-01-01T00:00:00Z","hours":"2026-01-01T00:59:59Z","real":"2026-01-01T00:00:00Z"})"),
                                 {});
  ASSERT_EQ(faults.size(), 3u);
  EXPECT_EQ(faults[0].message, "out of range") << "64 bits of nanoseconds end in 2262";
  EXPECT_EQ(faults[1].message, "expected date-time (RFC 3339)");
  EXPECT_EQ(faults[2].pointer, "/days");

  Times far;
  far.seconds = std::chrono::sys_seconds::max();
  EXPECT_EQ(misfit(type_info<Times>(), &far), "/seconds is no date of years 0 to 9999");
  std::string text;
  EXPECT_FALSE(append_json(text, type_info<Times>(), &far));
  far = Times();
  far.hours = std::chrono::sys_time<std::chrono::hours>::min();
  EXPECT_EQ(misfit(type_info<Times>(), &far), "/hours is no date of years 0 to 9999");
  far = Times();
  far.nanos = std::chrono::sys_time<std::chrono::nanoseconds>::max();
  EXPECT_EQ(misfit(type_info<Times>(), &far), "");
}

}  // namespace
}  // namespace leanmcp
