#include <leanmcp/server/server.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

class AHook final : public Hook {
 public:
  explicit AHook(Stage stage, bool needs = false) : stage_(stage), needs_(needs) {}
  Stage stage() const override { return stage_; }
  bool needs_principal() const override { return needs_; }
  Verdict before(Call&) override { return Verdict::proceed(); }

 private:
  const Stage stage_;
  const bool needs_;
};

Decorator signed_in() { return Decorator(std::make_shared<AHook>(Stage::authenticate)); }
Decorator paid() { return Decorator(std::make_shared<AHook>(Stage::entitle, true)); }
Decorator anybody() { return Decorator(std::make_shared<AHook>(Stage::entitle)); }

struct Shop {
  std::string look() const { return "a shop"; }
};

std::string refusal(const std::vector<Decorator>& of_service, const std::vector<Decorator>& of_tool) {
  Shop shop;
  Server server("shop", "1");
  const auto all = [](const std::vector<Decorator>& decorators) {
    return Decorator([decorators](EntryDraft& draft) {
      for (const Decorator& decorator : decorators) decorator.apply(draft);
    });
  };
  server.service(shop, all(of_service)).tool("look", &Shop::look, all(of_tool));
  const auto built = server.build();
  return built ? "" : std::string(built.error().message());
}

TEST(Build, AGateThatMustKnowTheCallerNeedsAuthentication) {
  EXPECT_NE(refusal({}, {paid()}).find("tool 'look': has a gate that must know the caller"), std::string::npos);
  EXPECT_EQ(refusal({}, {signed_in(), paid()}), "");
  EXPECT_EQ(refusal({}, {paid(), signed_in()}), "") << "the order of decorators means nothing";
  EXPECT_EQ(refusal({signed_in()}, {paid()}), "");
  EXPECT_EQ(refusal({}, {anybody()}), "");
}

TEST(Build, PublicAccessDoesNotLeaveAGateWithoutACaller) {
  EXPECT_NE(refusal({signed_in(), paid()}, {public_access()}).find("nothing authenticates"), std::string::npos);
  EXPECT_NE(refusal({signed_in()}, {public_access(), paid()}).find("nothing authenticates"), std::string::npos);
  EXPECT_EQ(refusal({signed_in(), anybody()}, {public_access()}), "");
}

TEST(Build, PublicAccessContradictsTheMethodsOwnProtectionInEveryOrder) {
  const auto ruled = [] { return Decorator(std::make_shared<AHook>(Stage::authorize)); };
  for (const auto& own : {signed_in(), ruled(), Decorator(std::make_shared<AHook>(Stage::authorize_arguments))}) {
    for (const auto& of_service : {std::vector<Decorator>{}, std::vector<Decorator>{signed_in(), ruled()}}) {
      EXPECT_NE(refusal(of_service, {public_access(), own}).find("public_access() opens it to everybody"),
                std::string::npos);
      EXPECT_NE(refusal(of_service, {own, public_access()}).find("public_access() opens it to everybody"),
                std::string::npos);
    }
  }
  EXPECT_EQ(refusal({signed_in(), ruled()}, {public_access()}), "");
}

}  // namespace
}  // namespace leanmcp
