#include <leanmcp/oauth/client/scope_rules.hpp>

#include <gtest/gtest.h>

namespace leanmcp::inline v0 {
namespace {

TEST(Rfc6749Section3_3, ScopeIsWords) {
  EXPECT_EQ(scope_words("  a b  a c "), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(scope_words("a\"b c\\d e\tf g\x7f ok \xc3\xa9"), (std::vector<std::string>{"ok"}));
  EXPECT_TRUE(scope_words("").empty());
  std::string many;
  for (int i = 0; i < 200; ++i) many += "s" + std::to_string(i) + " ";
  EXPECT_EQ(scope_words(many).size(), 100U);
  EXPECT_TRUE(scope_words(std::string(257, 'a')).empty());
  EXPECT_EQ(scope_text({"a", "b"}), "a b");
}

TEST(McpScopeSelection, ChallengeThenResourceThenWishThenNone) {
  ScopeSources sources;
  EXPECT_EQ(wanted_scope(sources), "");
  sources.wish = "mine";
  EXPECT_EQ(wanted_scope(sources), "mine");
  sources.resource = {"read", "write"};
  EXPECT_EQ(wanted_scope(sources), "read write");
  sources.challenge = "admin";
  EXPECT_EQ(wanted_scope(sources), "admin");
  sources.requested = "before";
  sources.granted = "had";
  EXPECT_EQ(wanted_scope(sources), "admin") << "a new sign-in asks for what is wanted now";
}

TEST(McpStepUp, AsksForWhatWasAskedForGrantedAndChallenged) {
  ScopeSources sources;
  sources.challenge = "write";
  sources.resource = {"other"};
  sources.requested = "read list";
  sources.granted = "read profile";
  sources.step_up = true;
  EXPECT_EQ(wanted_scope(sources), "write read list profile");
}

TEST(OfflineAccess, IsAskedForWhereItIsWantedAndNowhereElse) {
  ScopeSources sources;
  sources.challenge = "read offline_access";
  EXPECT_EQ(wanted_scope(sources), "read");
  sources.offline = true;
  EXPECT_EQ(wanted_scope(sources), "read offline_access");
  sources.challenge.clear();
  EXPECT_EQ(wanted_scope(sources), "offline_access");
}

TEST(Scopes, FitIntoAUrl) {
  ScopeSources sources;
  for (int i = 0; i < 100; ++i) sources.resource.push_back(std::to_string(i) + std::string(200, 's'));
  sources.offline = true;
  EXPECT_LT(wanted_scope(sources).size(), 4'200U);
  EXPECT_TRUE(wanted_scope(sources).ends_with(" offline_access"));
  sources.resource.clear();
  for (int i = 0; i < 200; ++i) sources.resource.push_back("s" + std::to_string(i));
  EXPECT_EQ(scope_words(wanted_scope(sources)).size(), 100U);
}

TEST(Scopes, AddSomething) {
  EXPECT_FALSE(adds_scope("a offline_access", "a"));
  EXPECT_TRUE(adds_scope("a b", "a"));
  EXPECT_FALSE(adds_scope("a b", "b c a"));
  EXPECT_FALSE(adds_scope("", "a"));
  EXPECT_TRUE(adds_scope("a", ""));
}

}  // namespace
}  // namespace leanmcp::inline v0
