#include <leanmcp/protocol/form.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <optional>
#include <thread>

namespace leanmcp {
namespace {

using Cause = FormFaultCause;
using namespace std::string_literals;

json::object content(std::string_view text) { return json::parse(text).as_object(); }

/// The cause for which the only field refuses a value, or nothing when it is taken.
template <class Value>
std::optional<Cause> refusal(const Form& form, Value&& value) {
  json::object given;
  given[form.field_names().front()] = json::value(std::forward<Value>(value));
  const FormAnswer answer = form.validate(given);
  if (answer.ok()) return std::nullopt;
  EXPECT_EQ(answer.faults().size(), 1U);
  EXPECT_TRUE(answer.content().empty());
  return answer.faults().front().cause;
}

/// What the only field makes of a value.
json::value taken(const Form& form, json::value value) {
  const std::string name = form.field_names().front();
  json::object given;
  given[name] = std::move(value);
  const FormAnswer answer = form.validate(given);
  EXPECT_TRUE(answer.ok()) << answer.explain();
  const json::value* got = answer.content().if_contains(name);
  return got ? *got : json::value(nullptr);
}

Form with_options(Form form) { return std::move(form).option("a", "A").option("b", "B").option("c", "C"); }

/// One form for each type, with an answer that fits.
std::vector<std::pair<Form, json::value>> all_types() {
  return {{Form("x").text("f"), "one line"},
          {Form("x").textarea("f"), "two\nlines"},
          {Form("x").number("f"), 2.5},
          {Form("x").integer("f"), 2},
          {Form("x").boolean("f"), false},
          {with_options(Form("x").select("f")), "b"},
          {with_options(Form("x").multiselect("f")), json::array{"c", "a"}},
          {Form("x").date("f"), "2024-02-29"},
          {Form("x").datetime("f"), "2024-02-29T12:00:00+01:00"},
          {Form("x").email("f"), "mona@example.com"},
          {Form("x").url("f"), "https://example.com/a?b=c"}};
}

TEST(FormValidate, EachTypeTakesItsAnswerAsItIs) {
  for (const auto& [form, value] : all_types()) EXPECT_EQ(taken(form, value), value) << json::serialize(value);
}

TEST(FormValidate, EachTypeRefusesValuesOfOtherTypes) {
  const std::vector<json::value> strangers = {
      json::object{{"a", 1}}, json::array{1}, json::array{nullptr}, json::parse(R"([["a"]])"), true, 7, 7.5, "7.5"};
  for (const auto& [form, value] : all_types()) {
    const FieldType type = form.fields().front().type;
    for (const json::value& stranger : strangers) {
      const bool number = type == FieldType::number && (stranger.is_int64() || stranger.is_double());
      const bool fits = number || (type == FieldType::integer && stranger.is_int64()) ||
                        (type == FieldType::boolean && stranger.is_bool()) ||
                        ((type == FieldType::text || type == FieldType::textarea) && stranger.is_string());
      EXPECT_EQ(refusal(form, stranger).has_value(), !fits) << to_string(type) << " " << json::serialize(stranger);
    }
  }
}

TEST(FormValidate, MissingAnswers) {
  for (const auto& [form, value] : all_types()) {
    Form required = form;
    required.required();
    const std::string type(to_string(form.fields().front().type));
    EXPECT_TRUE(form.validate(json::object()).ok()) << type;
    EXPECT_TRUE(form.validate(json::object()).content().empty()) << type;
    EXPECT_EQ(taken(form, nullptr), json::value(nullptr)) << type;
    const FormAnswer nothing = required.validate(json::object());
    ASSERT_EQ(nothing.faults().size(), 1U) << type;
    EXPECT_EQ(nothing.faults().front().cause, Cause::missing) << type;
    EXPECT_EQ(refusal(required, nullptr), Cause::missing) << type;
    EXPECT_FALSE(refusal(required, value)) << type;
  }
}

TEST(FormValidate, AnEmptyTextIsAnAnswerOnlyWhereTextIsOptional) {
  for (const auto& [form, value] : all_types()) {
    Form required = form;
    required.required();
    const FieldType type = form.fields().front().type;
    if (type == FieldType::number || type == FieldType::integer || type == FieldType::boolean) {
      EXPECT_EQ(refusal(form, ""), Cause::wrong_type);
      continue;
    }
    EXPECT_EQ(refusal(required, ""), Cause::missing) << to_string(type);
    const bool plain = type == FieldType::text || type == FieldType::textarea;
    EXPECT_EQ(taken(form, ""), plain ? json::value("") : json::value(nullptr)) << to_string(type);
  }
  EXPECT_EQ(taken(Form("x").text("f").min_length(3), ""), json::value(nullptr));
  EXPECT_EQ(taken(Form("x").text("f").pattern("^a"), ""), json::value(nullptr));
  EXPECT_EQ(refusal(with_options(Form("x").multiselect("f")).required(), json::array{}), Cause::missing);
  EXPECT_EQ(refusal(with_options(Form("x").multiselect("f")).required(), " , "), Cause::missing);
  EXPECT_EQ(taken(with_options(Form("x").multiselect("f")), json::array{}), json::value(json::array{}));
}

TEST(FormValidate, DefaultsAreNeverPutIn) {
  EXPECT_TRUE(Form("x").text("f").default_value("d").validate(json::object()).content().empty());
  EXPECT_FALSE(Form("x").text("f").default_value("d").required().validate(json::object()).ok());
}

TEST(FormValidate, TextLengthsAreCodePoints) {
  const Form form = Form("x").text("f").min_length(2).max_length(3);
  EXPECT_EQ(refusal(form, "ä"), Cause::too_short);
  EXPECT_FALSE(refusal(form, "äö"));
  EXPECT_FALSE(refusal(form, "😀😀😀"));
  EXPECT_EQ(refusal(form, "😀😀😀😀"), Cause::too_long);
  EXPECT_EQ(refusal(form, "aaaa"), Cause::too_long);
  EXPECT_EQ(refusal(form, std::string(1'000'000, 'a')), Cause::too_long);
}

TEST(FormValidate, EveryTextHasALimit) {
  const std::string longest(10'000, 'a');
  for (const Form& form : {Form("x").text("f"), Form("x").textarea("f")}) {
    EXPECT_FALSE(refusal(form, longest));
    EXPECT_EQ(refusal(form, longest + "a"), Cause::too_long);
  }
  EXPECT_EQ(refusal(Form("x").url("f"), "https://e.example/" + longest), Cause::too_long);
  EXPECT_EQ(refusal(Form("x").email("f"), longest + "@e.example"), Cause::too_long);
  EXPECT_FALSE(refusal(Form("x").textarea("f").max_length(20'000), longest + longest));
  for (const Form& form : {Form("x").date("f"), Form("x").datetime("f"), with_options(Form("x").select("f")),
                           with_options(Form("x").multiselect("f"))})
    EXPECT_TRUE(refusal(form, longest + longest));
}

TEST(FormValidate, TextsWithBadBytes) {
  for (const std::string& bad : {"a\0b"s, "\x1B[31m"s, "\x7F"s, "\xFF"s, "\xED\xA0\x80"s}) {
    EXPECT_EQ(refusal(Form("x").text("f"), bad), Cause::not_text);
    EXPECT_EQ(refusal(Form("x").textarea("f"), bad), Cause::not_text);
    EXPECT_EQ(refusal(Form("x").email("f"), bad + "@b.co"), Cause::not_text);
    EXPECT_EQ(refusal(Form("x").url("f"), "https://e.example/" + bad), Cause::not_text);
    EXPECT_EQ(refusal(with_options(Form("x").select("f")), bad), Cause::not_an_option);
  }
  EXPECT_EQ(refusal(Form("x").text("f"), "two\nlines"), Cause::not_text);
  EXPECT_FALSE(refusal(Form("x").textarea("f"), "two\r\nlines\tx"));
}

TEST(FormValidate, IntegersComeAsAnyWholeNumber) {
  const Form form = Form("x").integer("f");
  EXPECT_TRUE(taken(form, 2.0).is_int64());
  EXPECT_EQ(taken(form, 2.0), json::value(2));
  EXPECT_EQ(taken(form, -0.0), json::value(0));
  EXPECT_TRUE(taken(form, std::uint64_t{7}).is_int64());
  EXPECT_EQ(taken(form, std::numeric_limits<std::int64_t>::min()),
            json::value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(taken(form, -9223372036854775808.0), json::value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(refusal(form, 2.5), Cause::wrong_type);
  EXPECT_EQ(refusal(form, "2"), Cause::wrong_type);
  EXPECT_EQ(refusal(form, 9223372036854775808.0), Cause::too_large);
  EXPECT_EQ(refusal(form, 1e300), Cause::too_large);
  EXPECT_EQ(refusal(form, -1e300), Cause::too_small);
  EXPECT_EQ(refusal(form, std::numeric_limits<std::uint64_t>::max()), Cause::too_large);
}

TEST(FormValidate, NumbersAreFinite) {
  for (const Form& form : {Form("x").number("f"), Form("x").integer("f")})
    for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity()})
      EXPECT_EQ(refusal(form, bad), Cause::wrong_type);
  EXPECT_EQ(taken(Form("x").number("f"), 3), json::value(3));
  EXPECT_EQ(taken(Form("x").number("f"), 1e308), json::value(1e308));
  EXPECT_EQ(taken(Form("x").number("f"), std::numeric_limits<std::uint64_t>::max()),
            json::value(std::numeric_limits<std::uint64_t>::max()));
}

TEST(FormValidate, NumberBoundsAreInclusive) {
  const Form number = Form("x").number("f").min(-1.5).max(2);
  EXPECT_FALSE(refusal(number, -1.5));
  EXPECT_FALSE(refusal(number, 2));
  EXPECT_FALSE(refusal(number, 2.0));
  EXPECT_EQ(refusal(number, std::nextafter(-1.5, -2)), Cause::too_small);
  EXPECT_EQ(refusal(number, -2), Cause::too_small);
  EXPECT_EQ(refusal(number, std::nextafter(2.0, 3)), Cause::too_large);
  EXPECT_EQ(refusal(number, 3), Cause::too_large);
  EXPECT_EQ(refusal(number, std::numeric_limits<std::uint64_t>::max()), Cause::too_large);
  const Form integer = Form("x").integer("f").min(0.5).max(2.5);
  EXPECT_EQ(refusal(integer, 0), Cause::too_small);
  EXPECT_FALSE(refusal(integer, 1));
  EXPECT_FALSE(refusal(integer, 2));
  EXPECT_EQ(refusal(integer, 3), Cause::too_large);
}

TEST(FormValidate, BoundsBeyondWhatADoubleHoldsExactly) {
  const Form form = Form("x").integer("f").min(-9007199254740992.0).max(9007199254740992.0);
  EXPECT_FALSE(refusal(form, std::int64_t{9007199254740992}));
  EXPECT_EQ(refusal(form, std::int64_t{9007199254740993}), Cause::too_large);
  EXPECT_EQ(refusal(form, std::int64_t{-9007199254740993}), Cause::too_small);
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  constexpr auto huge = std::numeric_limits<std::uint64_t>::max();
  EXPECT_FALSE(refusal(Form("x").number("f").min(-1e30).max(1e30), least));
  EXPECT_FALSE(refusal(Form("x").number("f").min(-1e30).max(1e30), most));
  EXPECT_FALSE(refusal(Form("x").number("f").min(-1e30).max(1e30), huge));
  EXPECT_EQ(refusal(Form("x").number("f").min(1e30), most), Cause::too_small);
  EXPECT_EQ(refusal(Form("x").number("f").min(1e30), huge), Cause::too_small);
  EXPECT_EQ(refusal(Form("x").number("f").max(-1e30), least), Cause::too_large);
  EXPECT_EQ(refusal(Form("x").number("f").max(-1), huge), Cause::too_large);
  EXPECT_FALSE(refusal(Form("x").number("f").min(-1), huge));
  EXPECT_FALSE(refusal(Form("x").number("f").min(9223372036854775808.0), huge));
  EXPECT_EQ(refusal(Form("x").number("f").min(9223372036854775808.0), most), Cause::too_small);
  EXPECT_EQ(refusal(Form("x").number("f").max(9223372036854775808.0), huge), Cause::too_large);
}

TEST(FormValidate, ChoicesAreValuesNotLabels) {
  const Form form = with_options(Form("x").select("f"));
  EXPECT_EQ(taken(form, "a"), json::value("a"));
  EXPECT_EQ(refusal(form, "A"), Cause::not_an_option);
  EXPECT_EQ(refusal(form, "a "), Cause::not_an_option);
  EXPECT_EQ(refusal(form, json::array{"a"}), Cause::wrong_type);
}

TEST(FormValidate, ListsOfChoices) {
  const Form form = with_options(Form("x").multiselect("f")).min_items(1).max_items(2);
  EXPECT_EQ(taken(form, json::array{"c", "a"}), json::value(json::array{"c", "a"}));
  EXPECT_EQ(refusal(form, json::array{}), Cause::too_few_items);
  EXPECT_EQ(refusal(form, json::array{"a", "b", "c"}), Cause::too_many_items);
  EXPECT_EQ(refusal(form, json::array{"a", "a"}), Cause::repeated_option);
  EXPECT_EQ(refusal(form, json::array{"a", "d"}), Cause::not_an_option);
  EXPECT_EQ(refusal(form, json::array{"a", 1}), Cause::wrong_type);
  json::array huge(1'000'000, "a");
  EXPECT_EQ(refusal(form, std::move(huge)), Cause::too_many_items);
}

TEST(FormValidate, ListsWrittenWithCommas) {
  const Form form = with_options(Form("x").multiselect("f")).max_items(2);
  EXPECT_EQ(taken(form, "a"), json::value(json::array{"a"}));
  EXPECT_EQ(taken(form, " c ,a, "), json::value(json::array{"c", "a"}));
  EXPECT_EQ(refusal(form, "a,a"), Cause::repeated_option);
  EXPECT_EQ(refusal(form, "a;b"), Cause::not_an_option);
  EXPECT_EQ(refusal(form, "a,b,c"), Cause::too_many_items);
  EXPECT_EQ(refusal(form, std::string(1'000'000, ',') + "a,b,c,a"), Cause::too_many_items);
}

TEST(FormValidate, FormatsAreStrict) {
  EXPECT_EQ(refusal(Form("x").date("f"), "2026-02-29"), Cause::bad_date);
  EXPECT_EQ(refusal(Form("x").datetime("f"), "2026-02-28T10:00"), Cause::bad_datetime);
  EXPECT_EQ(refusal(Form("x").email("f"), "mona@localhost"), Cause::bad_email);
  EXPECT_EQ(refusal(Form("x").url("f"), "javascript:alert(1)"), Cause::bad_url);
}

TEST(FormValidate, PatternsMatchAnywhereUnlessAnchored) {
  EXPECT_FALSE(refusal(Form("x").text("f").pattern("b+"), "abba"));
  EXPECT_EQ(refusal(Form("x").text("f").pattern("^b+$"), "abba"), Cause::pattern);
  EXPECT_FALSE(refusal(Form("x").text("f").pattern("^.{3}$"), "äöü"));
  EXPECT_FALSE(refusal(Form("x").text("f").pattern("^\\p{Lu}"), "Ähre"));
  EXPECT_EQ(refusal(Form("x").textarea("f").pattern("^a$"), "a\n"), Cause::pattern);
}

TEST(FormValidate, PatternsAreLinear) {
  const Form form = Form("x").text("f").pattern("^(a+)+$").max_length(100'000);
  EXPECT_EQ(refusal(form, std::string(99'999, 'a') + "b"), Cause::pattern);
}

TEST(FormValidate, RulesOfTheAuthorComeLastOnTheCleanedValue) {
  int calls = 0;
  Form form = Form("x").integer("f").min(1).validate([&calls](const json::value& value) -> std::string {
    ++calls;
    return value.as_int64() % 2 == 0 ? "" : "must be even";
  });
  EXPECT_EQ(refusal(form, 0), Cause::too_small);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(taken(form, 2.0), json::value(2));
  EXPECT_EQ(refusal(form, 3), Cause::rule);
  EXPECT_EQ(form.validate(content(R"({"f": 3})")).explain(), "f: must be even.");
  form.validate(json::object());
  EXPECT_EQ(calls, 3);
}

TEST(FormValidate, UnknownNamesAreDroppedAndOthersNotLookedAt) {
  const Form form = Form("x").text("a").required().integer("b");
  const FormAnswer answer = form.validate(content(R"({"b": 1, "z": {"deep": [1]}, "a": "x", "__proto__": {}, "": 1})"));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(json::serialize(answer.content()), R"({"a":"x","b":1})");
  const FormAnswer some = form.validate(content(R"({"b": 2, "a": 7})"), {"b", "unknown"});
  ASSERT_TRUE(some.ok());
  EXPECT_EQ(json::serialize(some.content()), R"({"b":2})");
}

TEST(FormValidate, ExplainsEveryFaultByItsLabel) {
  const Form form = Form("x")
                        .select("plan", "Plan")
                        .option("monthly", "Monthly")
                        .option("yearly")
                        .required()
                        .integer("age", "Your age")
                        .min(18)
                        .text("code", "Code")
                        .pattern("^[A-Z]{3}$", "must be three capital letters, like ABC.")
                        .error_text("is not right")
                        .text("short")
                        .max_length(1)
                        .error_text("is one letter")
                        .date("day")
                        .required();
  const FormAnswer answer =
      form.validate(content(R"({"plan": "<script>", "age": 17, "code": "hidden", "short": "toolong"})"));
  EXPECT_EQ(answer.explain(),
            "Plan: must be one of monthly, yearly.\n"
            "Your age: must be at least 18.\n"
            "Code: must be three capital letters, like ABC.\n"
            "short: is one letter.\n"
            "day: is required.");
  EXPECT_EQ(answer.faults().at(1).field, "age");
  EXPECT_EQ(answer.faults().at(1).label, "Your age");
  EXPECT_TRUE(form.validate(content(R"({"plan": "yearly", "day": "2026-01-01"})")).explain().empty());
}

TEST(FormValidate, GoodAnswersAreKeptBesideFaults) {
  const FormAnswer answer = Form("x").text("a").integer("b").validate(content(R"({"a": "kept", "b": "no"})"));
  EXPECT_FALSE(answer.ok());
  EXPECT_EQ(json::serialize(answer.content()), R"({"a":"kept"})");
}

TEST(FormValidate, LongListsOfChoicesAreCutInTheText) {
  Form form = Form("x").select("f");
  for (int i = 0; i < 100; ++i) form.option("o" + std::to_string(i));
  const std::string text = form.validate(content(R"({"f": "none"})")).explain();
  EXPECT_NE(text.find("o19, …"), std::string::npos);
  EXPECT_EQ(text.find("o20"), std::string::npos);
}

TEST(FormValidate, OneFieldAlone) {
  const Form form = Form("x").integer("age").min(18);
  EXPECT_EQ(form.validate_field("age", 18.0).value(), json::value(18));
  EXPECT_EQ(form.validate_field("age", nullptr).value(), json::value(nullptr));
  EXPECT_EQ(form.validate_field("age", 17).error().message(), "must be at least 18");
  EXPECT_EQ(form.validate_field("name", 17).error().message(), "is not a field of this form");
}

TEST(FormValidate, AnswersOutliveTheMemoryTheyWereParsedIn) {
  const Form form = with_options(Form("x").multiselect("list")).text("text");
  const std::string long_text(500, 't');
  std::optional<FormAnswer> answer;
  json::value single;
  {
    json::monotonic_resource memory;
    const json::value parsed = json::parse(R"({"list": ["a", "b"], "text": ")" + long_text + R"("})", &memory);
    answer.emplace(form.validate(parsed.as_object()));
    auto checked = form.validate_field("text", parsed.at("text"));
    ASSERT_TRUE(checked);
    single = std::move(checked).value();
  }
  EXPECT_EQ(answer->content().at("text"), json::value(long_text));
  EXPECT_EQ(answer->content().at("list"), json::value(json::array{"a", "b"}));
  EXPECT_EQ(single, json::value(long_text));
}

TEST(FormValidate, OneFormServesManyThreads) {
  const Form form = with_options(Form("x").select("plan")).required().text("code").pattern("^[a-z]+$");
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i)
        if (form.validate(content(R"({"plan": "a", "code": "abc"})")).ok()) ++good;
    });
  threads.clear();
  EXPECT_EQ(good, 800);
}

}  // namespace
}  // namespace leanmcp
