#include <leanmcp/protocol/form.hpp>

#include <leanmcp/base/manual_executor.hpp>
#include <leanmcp/base/task.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <limits>
#include <type_traits>

namespace leanmcp {
namespace {

// What options are passed by in coroutines must be no aggregate (architecture, section 4).
static_assert(!std::is_aggregate_v<Form>);
static_assert(!std::is_aggregate_v<FormAnswer>);
static_assert(std::is_copy_constructible_v<Form> && std::is_nothrow_move_constructible_v<Form>);

Form upgrade_form() {
  return Form("Upgrade to Premium")
      .select("plan", "Select Plan")
      .option("monthly", "Monthly - $9.99/mo")
      .option("yearly", "Yearly - $99/yr (save 17%)")
      .required()
      .boolean("confirm", "I agree to the terms of service")
      .required()
      .ask_user();
}

TEST(Form, ReadsAsItIsWritten) {
  const Form form = upgrade_form();
  EXPECT_TRUE(form.check()) << form.check().error().message();
  EXPECT_EQ(form.title(), "Upgrade to Premium");
  EXPECT_EQ(form.field_names(), (std::vector<std::string>{"plan", "confirm"}));
  EXPECT_TRUE(form.has_field("plan"));
  EXPECT_FALSE(form.has_field("Plan"));
  EXPECT_TRUE(form.is_required("plan"));
  EXPECT_FALSE(form.is_ask_user("plan"));
  EXPECT_TRUE(form.is_ask_user("confirm"));
  EXPECT_FALSE(form.is_on_page("confirm"));
  EXPECT_FALSE(form.is_ask_user("nobody"));
  EXPECT_FALSE(form.is_required("nobody"));
  ASSERT_NE(form.find_field("plan"), nullptr);
  EXPECT_EQ(form.find_field("plan")->options.at(1).label, "Yearly - $99/yr (save 17%)");
}

TEST(Form, ConsentTakenOnAPageIsForThePersonToo) {
  const Form form = Form("x").boolean("terms").or_on_page();
  EXPECT_TRUE(form.is_on_page("terms"));
  EXPECT_TRUE(form.is_ask_user("terms"));
}

TEST(Form, BuildsStepByStepAndCopiesStandAlone) {
  Form form("Steps");
  form.text("a").required();
  Form copy = form;
  copy.text("b", "B");
  form.min_length(2).max_length(3);
  EXPECT_EQ(form.field_names().size(), 1U);
  EXPECT_EQ(copy.field_names().size(), 2U);
  EXPECT_FALSE(copy.find_field("a")->min_length);
  const Form moved = std::move(form);
  EXPECT_EQ(moved.find_field("a")->max_length, 3U);
}

TEST(Form, DefaultsKeepTheTypeOfTheirLiteral) {
  const auto held = [](FormDefault value) { return value.get().index(); };
  EXPECT_EQ(held(FormDefault()), 0U);
  EXPECT_EQ(held("text"), 1U);
  EXPECT_EQ(held(std::string("text")), 1U);
  EXPECT_EQ(held(std::string_view("text")), 1U);
  EXPECT_EQ(held(2.5), 2U);
  EXPECT_EQ(held(2.5F), 2U);
  EXPECT_EQ(held(false), 3U);
  EXPECT_EQ(held(1), 4U);
  EXPECT_EQ(held(1U), 4U);
  EXPECT_EQ(held(std::int64_t{1}), 4U);
  EXPECT_EQ(held({"a"}), 5U);
  EXPECT_EQ(held({"a", "b"}), 5U);
  EXPECT_EQ(held(std::vector<std::string>{"a"}), 5U);
}

struct Asker {
  /// By value, by reference: as awaitables take forms.
  Task<std::string> by_value(Form form) const { co_return form.field_names().back(); }
  Task<std::string> by_reference(const Form& form) const { co_return form.field_names().back(); }
};

Task<std::string> ask_in_a_chain() {
  const Asker asker;
  const std::string first =
      co_await asker.by_value(Form("x")
                                  .select("plan", "Plan with a name too long for the small string")
                                  .option("a", "A")
                                  .required()
                                  .text("one"));
  const std::string second = co_await asker.by_reference(
      Form("y").multiselect("topics").option("a", "A").default_value("a").max_items(1).number("n").min(1).text("two"));
  std::vector<std::string> start{"a"};
  Form form = Form("z").multiselect("topics").option("a").default_value(start).text("three");
  const std::string third = co_await asker.by_value(std::move(form));
  co_return first + second + third;
}

TEST(Form, ChainsAreSafeBesideCoAwait) {
  ManualExecutor executor;
  std::string got;
  spawn(executor, ask_in_a_chain(), [&](RunOutcome<std::string> outcome) {
    if (outcome.value) got = *outcome.value;
  });
  executor.run();
  EXPECT_EQ(got, "onetwothree");
}

std::string mistake(const Form& form) {
  const auto checked = form.check();
  return checked ? "" : checked.error().message();
}

struct Refused {
  Refused(Form form, std::string reason) : form(std::move(form)), reason(std::move(reason)) {}
  Form form;
  std::string reason;
};

TEST(FormCheck, RefusesMistakesWithTheirReason) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::vector<Refused> cases = {
      {Form("").text("a"), "needs a title"},
      {Form("a\x01").text("a"), "control characters"},
      {Form("\xFF").text("a"), "not valid UTF-8"},
      {Form(std::string(10'001, 'x')).text("a"), "too long"},
      {Form("Pay at https://pay.example/x").text("a"), "links"},
      {Form("x"), "no fields"},
      {Form("x").required().text("a"), "required() comes before any field"},
      {Form("x").text(""), "no field name"},
      {Form("x").text("a b"), "no field name"},
      {Form("x").text("naïve"), "no field name"},
      {Form("x").text(std::string(65, 'a')), "no field name"},
      {Form("x").text("a").integer("a"), "two fields have the name 'a'"},
      {Form("x").text("a", "See http://a.example"), "links"},
      {Form("x").text("a").description("https://a.example"), "links"},
      {Form("x").text("a").help("https://a.example"), "links"},
      {Form("x").text("a").description("\xC3"), "UTF-8"},
      {Form("x").text("a").placeholder("\x1B[0m"), "control"},
      {Form("x").text("password"), "URL mode"},
      {Form("x").textarea("apiKey"), "URL mode"},
      {Form("x").integer("pin"), "URL mode"},
      {Form("x").number("card_number"), "URL mode"},
      {Form("x").url("token"), "URL mode"},
      {Form("x").text("field1", "Your password"), "URL mode"},
      {Form("x").select("a"), "no options"},
      {Form("x").multiselect("a"), "no options"},
      {Form("x").text("a").option("b"), "option() does not apply to a field of type text"},
      {Form("x").select("a").option(""), "no value"},
      {Form("x").select("a").option("b").option("b", "B"), "two options have the value 'b'"},
      {Form("x").select("a").option("b", "Same").option("c", "Same"), "look the same"},
      {Form("x").select("a").option("b", "C").option("C"), "look the same"},
      {Form("x").select("a").option("b", "https://b.example"), "links"},
      {Form("x").select("a").option("b\n"), "control"},
      {Form("x").multiselect("a").option("b,c"), "comma"},
      {Form("x").multiselect("a").option("b "), "comma or a blank"},
      {Form("x").text("a").min(1), "min() does not apply"},
      {Form("x").date("a").max(1), "max() does not apply"},
      {Form("x").number("a").min_length(1), "min_length() does not apply"},
      {Form("x").boolean("a").max_length(1), "max_length() does not apply"},
      {Form("x").date("a").pattern("x"), "pattern() does not apply"},
      {Form("x").text("a").min_items(1), "min_items() does not apply"},
      {Form("x").select("a").option("b").max_items(1), "max_items() does not apply"},
      {Form("x").text("a").legacy_titles(), "legacy_titles() does not apply"},
      {Form("x").number("a").min(2).max(1), "min() is above max()"},
      {Form("x").number("a").min(nan), "not a finite number"},
      {Form("x").number("a").max(infinity), "not a finite number"},
      {Form("x").integer("a").min(1.2).max(1.8), "no whole number"},
      {Form("x").text("a").min_length(3).max_length(2), "min_length()"},
      {Form("x").text("a").min_length(10'001), "min_length()"},
      {Form("x").text("a").max_length(0), "allows no answer"},
      {Form("x").multiselect("a").option("b").min_items(2), "above the number of options"},
      {Form("x").multiselect("a").option("b").option("c").min_items(2).max_items(1), "above max_items()"},
      {Form("x").multiselect("a").option("b").max_items(0), "allows no answer"},
      {Form("x").text("a").pattern("("), "pattern is refused"},
      {Form("x").text("a").pattern("(?=b)"), "pattern is refused"},
      {Form("x").text("a").pattern("(a)\\1"), "pattern is refused"},
      {Form("x").text("a").pattern("((a{1,900}){1,900}){1,900}"), "pattern is refused"},
      {Form("x").text("a").pattern(std::string(1'001, 'a')), "pattern is refused"},
      {Form("x").integer("a").default_value("one"), "its default must be a whole number"},
      {Form("x").integer("a").min(2).default_value(1), "its default must be at least 2"},
      {Form("x").boolean("a").default_value("yes"), "its default must be true or false"},
      {Form("x").select("a").option("b").default_value("c"), "its default must be one of b"},
      {Form("x").multiselect("a").option("b").default_value({"c"}), "its default must hold nothing but b"},
      {Form("x").date("a").default_value("2026-02-30"), "its default must be a date"},
      {Form("x").email("a").default_value("nobody"), "its default must be an email"},
  };
  for (const Refused& refused : cases)
    EXPECT_NE(mistake(refused.form).find(refused.reason), std::string::npos)
        << "wanted: " << refused.reason << "\ngot: " << mistake(refused.form);
}

TEST(FormCheck, BoundsTheSizeOfForms) {
  Form many("x");
  for (std::size_t i = 0; i < Form::max_fields; ++i) many.text("f" + std::to_string(i));
  EXPECT_EQ(mistake(many), "");
  many.text("more");
  EXPECT_NE(mistake(many).find("more than 100 fields"), std::string::npos);

  Form choices = Form("x").select("a");
  for (std::size_t i = 0; i < Form::max_options; ++i) choices.option("o" + std::to_string(i));
  EXPECT_EQ(mistake(choices), "");
  choices.option("more");
  EXPECT_NE(mistake(choices).find("more than 1000 options"), std::string::npos);
}

TEST(FormCheck, LetsGoodFormsPass) {
  EXPECT_EQ(mistake(Form("Line one\nLine two")
                        .text("name", "Name")
                        .help("As in your passport.")
                        .placeholder("Mona Lisa")
                        .default_value("Mona")
                        .min_length(1)
                        .max_length(20'000)
                        .pattern("^[A-Z]", "must begin with a capital")
                        .textarea("bio")
                        .number("score")
                        .min(-1.5)
                        .max(1.5)
                        .default_value(1)
                        .integer("age")
                        .min(18)
                        .default_value(30.0)
                        .multiselect("topics")
                        .option("a", "A, the first")
                        .option("b")
                        .min_items(1)
                        .max_items(2)
                        .default_value({"a", "b"})
                        .select("color")
                        .option("red")
                        .legacy_titles()
                        .date("born")
                        .datetime("meeting")
                        .email("email")
                        .url("site")
                        .placeholder("https://example.com")
                        .default_value("https://example.com")),
            "");
}

TEST(FormCheck, SecretsCannotHideInAChoiceButMayBeTalkedAbout) {
  EXPECT_EQ(mistake(Form("x").boolean("reset_password", "Send a password reset mail?")), "");
  EXPECT_EQ(mistake(Form("x").select("token").option("bitcoin")), "");
  EXPECT_EQ(mistake(Form("x").date("card_number_expiry")), "");
  EXPECT_EQ(mistake(Form("x").integer("max_tokens", "How many tokens at most?")), "");
}

TEST(FormCheck, APatternGivenAgainReplacesTheFirst) {
  EXPECT_EQ(mistake(Form("x").text("a").pattern("(").pattern("b")), "");
  EXPECT_NE(mistake(Form("x").text("a").pattern("b").pattern("(")), "");
}

}  // namespace
}  // namespace leanmcp
