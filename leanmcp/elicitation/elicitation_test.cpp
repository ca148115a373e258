#include <leanmcp/elicitation/elicitation.hpp>
#include <leanmcp/transport/in_memory.hpp>

#include <boost/describe.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

class EachVersion : public testing::TestWithParam<Version> {};
class WithQuestions : public EachVersion {};
INSTANTIATE_TEST_SUITE_P(Versions, EachVersion,
                         testing::Values(Version::v2025_03_26, Version::v2025_06_18, Version::v2025_11_25,
                                         Version::v2026_07_28));
INSTANTIATE_TEST_SUITE_P(Versions, WithQuestions,
                         testing::Values(Version::v2025_06_18, Version::v2025_11_25, Version::v2026_07_28));

struct Upgrade {
  std::string plan;
  bool confirm = false;
};
BOOST_DESCRIBE_STRUCT(Upgrade, (), (plan, confirm))

Form upgrade_form() {
  return Form("Upgrade to Premium")
      .select("plan", "Select Plan")
      .option("monthly", "Monthly")
      .option("yearly", "Yearly")
      .required()
      .boolean("confirm", "I agree")
      .required()
      .ask_user();
}

std::string upgrade(const Upgrade& u) { return u.plan + (u.confirm ? " agreed" : " refused"); }

TEST_P(WithQuestions, DeclaredFormAsksForWhatIsMissing) {
  Server server("test", "1");
  server.tool("upgrade", &upgrade, elicitation(upgrade_form()));
  MemoryClient client = connect_in_memory(server, GetParam());
  std::string asked;
  client.on_question([&](std::string_view, std::string_view params) {
    asked = params;
    return params.find("\"plan\":{") == std::string_view::npos
               ? R"({"action":"accept","content":{"confirm":true}})"
               : R"({"action":"accept","content":{"plan":"yearly","confirm":true}})";
  });
  EXPECT_EQ(client.call_text("upgrade"), "yearly agreed");
  EXPECT_EQ(client.call_text("upgrade", R"({"plan":"monthly"})"), "monthly agreed");
  EXPECT_EQ(asked.find("\"plan\":{"), std::string::npos) << "what was passed is not asked again";
  EXPECT_NE(client.call_text("upgrade", R"({"plan":"weekly"})").find("/plan"), std::string::npos);
  EXPECT_NE(client.call_text("upgrade", R"({"confirm":true})").find("for the user to answer"), std::string::npos);
}

TEST_P(EachVersion, DeclaredFormWithoutAnyoneToAskSaysWhatIsMissing) {
  Server server("test", "1");
  server.tool("upgrade", &upgrade, elicitation(upgrade_form()));
  MemoryClient client = connect_in_memory(server, GetParam());
  client.capabilities("{}");
  const std::string text = client.call_text("upgrade");
  EXPECT_NE(text.find(R"("type":"elicitation")"), std::string::npos) << text;
  EXPECT_NE(text.find("\"plan\""), std::string::npos) << text;
}

struct Order {
  std::string item;
};
BOOST_DESCRIBE_STRUCT(Order, (), (item))

TEST(Elicitation, RefusesAFormThatDoesNotFitTheFunction) {
  const auto refused = [](Form form) {
    Server server("test", "1");
    server.tool("f", [](const Order&) { return "x"; }, elicitation(std::move(form)));
    const auto built = server.build();
    return built ? std::string("built") : built.error().message();
  };
  EXPECT_NE(refused(Form("t").text("colour")).find("'colour'"), std::string::npos);
  EXPECT_NE(refused(Form("t").text("password")).find("tool 'f'"), std::string::npos);
  EXPECT_EQ(refused(Form("t").text("item")), "built");
}

TEST_P(WithQuestions, DeclineAndCancelAreTheirOwnOutcome) {
  Server server("test", "1");
  server.tool("a", &upgrade, elicitation(upgrade_form()))
      .tool("b", &upgrade, elicitation(upgrade_form(), ElicitationOptions().otherwise([](Action action) {
              return ToolResult(action == Action::decline ? "declined" : "cancelled");
            })));
  MemoryClient client = connect_in_memory(server, GetParam());
  std::string answer = R"({"action":"decline"})";
  client.on_question([&](std::string_view, std::string_view) { return answer; });
  EXPECT_NE(client.call_text("a").find(R"("action":"decline")"), std::string::npos);
  EXPECT_EQ(client.call_text("b"), "declined");
  answer = R"({"action":"cancel"})";
  EXPECT_EQ(client.call_text("b"), "cancelled");
}

}  // namespace
}  // namespace leanmcp
