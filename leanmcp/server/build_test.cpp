#include <leanmcp/server/server.hpp>

#include <gtest/gtest.h>

#include <functional>

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

std::string refused(const std::function<void(Server&)>& add, const ServerOptions& options = ServerOptions()) {
  Server server("lists", "1", options);
  add(server);
  const auto built = server.build();
  return built ? "" : std::string(built.error().message());
}

std::string refused_tool(Decorator decorator) {
  return refused([&](Server& server) {
    server.tool(
        "look", [] { return std::string("x"); }, decorator);
  });
}

// One entry's text that is no JSON would make the whole list unreadable, for every client.
TEST(Build, WhatWouldBreakAListIsRefused) {
  EXPECT_EQ(refused_tool(meta("a/b", R"({"c":[1,null]})")), "");
  EXPECT_EQ(refused_tool(meta("k", "{oops")), "tool 'look': the value of meta(\"k\") is no JSON");
  EXPECT_NE(refused_tool(meta("k", "1,\"j\":2")), "") << "more than one value";
  EXPECT_NE(refused_tool(meta("k", "")), "");
  const auto twice = [](Server& server) {
    server.tool(
        "look", [] { return std::string("x"); }, meta("k", "1"), meta("k", "2"));
  };
  EXPECT_EQ(refused(twice), "tool 'look': meta(\"k\") is there twice");

  const auto nothing = [](Server&) {};
  EXPECT_EQ(refused(nothing, ServerOptions().icons(R"([{"src":"https://a.example/i.png","sizes":["48x48"]}])")), "");
  EXPECT_EQ(refused(nothing, ServerOptions().icons("oops")), "ServerOptions::icons: the icons are no JSON array");
  for (const char* const icons :
       {R"({"src":"https://a.example/i.png"})", R"(["https://a.example/i.png"])", R"([{"src":"javascript:x"}])",
        R"([{"src":"https://a.example","sizes":"48x48"}])", R"([{"src":"https://a.example","mimeType":1}])", R"([{}])"})
    EXPECT_NE(refused(nothing, ServerOptions().icons(icons)), "") << icons;
  EXPECT_EQ(refused(nothing, ServerOptions().website("https://a.example")), "");
  EXPECT_NE(refused(nothing, ServerOptions().website("a.example")), "");
}

TEST(Build, AnAudienceIsOfResourcesAndOfTheRolesThereAre) {
  const auto resource = [](Decorator decorator) {
    return refused([&](Server& server) {
      server.resource(
          "a://b", "b", [] { return std::string("x"); }, decorator);
    });
  };
  EXPECT_EQ(resource(audience({"user", "assistant"}, 1)), "");
  EXPECT_EQ(refused_tool(audience({"user"}, 1)), "tool 'look': audience() is for resources");
  EXPECT_NE(refused([](Server& server) {
              server.prompt(
                  "p", [] { return PromptResult("x"); }, audience({"user"}, 1));
            }),
            "");
  EXPECT_NE(resource(audience({"robot"}, 1)), "");
  EXPECT_NE(resource(audience({"user"}, 7)), "");
  EXPECT_NE(resource(audience({"user"}, -0.1)), "");
}

}  // namespace
}  // namespace leanmcp
