#include <leanmcp/json/pattern.hpp>

#include <gtest/gtest.h>

#include <string>

namespace leanmcp::detail {
namespace {

TEST(Pattern, TakesWhatBothSyntaxesShare) {
  for (const std::string_view good :
       {"", "^[A-Z]{3}$", "^a+?b*?c??$", "(?:ab|c){2,}", "(a)(b)?", "[^\\]\\-a-z]", "\\d{1,3}\\.\\w+", "\\bword\\B",
        "^\\p{Lu}\\P{L}", "\\x41", "a|", "[\\x00-\\x7f]", "\\/\\{\\}", "[-a.+*?(){}|^$]", "é+", "^$", "a{2}?"}) {
    const auto compiled = compile_pattern(good);
    EXPECT_TRUE(compiled) << good << ": " << compiled.error().message();
  }
}

TEST(Pattern, RefusesWhatOneOfThemReadsDifferently) {
  for (const std::string_view bad :
       {"(?i)a", "(?P<n>a)", "(?<n>a)", "(?=a)",   "(?!a)", "(?<=a)",        "\\1",    "(a)\\1",
        "\\A",   "\\z",      "\\Z",     "\\Q.\\E", "\\a",   "\\C",           "\\pL",   "\\-",
        "\\e",   "\\u0041",  "\\x4",    "\\cA",    "\\0",   "[[:alpha:]]",   "[]a]",   "[^]a]",
        "[\\b]", "[a",       "a]",      "a{",      "a}",    "a{,2}",         "{2}",    "*a",
        "a**",   "a+*",      "a{2}{3}", "^*",      "$+",    "\\b+",          "(*a)",   "a|*",
        "(",     ")",        "a\\",     "[z-a]",   "\\p{",  "\\p{Nonsense}", "a{2,1}", "a{1001}"})
    EXPECT_FALSE(compile_pattern(bad)) << bad;
}

TEST(Pattern, BoundsTheExpression) {
  EXPECT_TRUE(compile_pattern(std::string(1'000, 'a')));
  EXPECT_FALSE(compile_pattern(std::string(1'001, 'a')));
  EXPECT_FALSE(compile_pattern("((a{1,900}){1,900}){1,900}"));
  EXPECT_FALSE(compile_pattern("\xFF"));
}

TEST(Pattern, MatchesAnywhere) {
  const auto pattern = compile_pattern("b+");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern.value()->matches("abba"));
  EXPECT_FALSE(pattern.value()->matches("aa"));
  EXPECT_FALSE(pattern.value()->matches("\xFF"));
  EXPECT_TRUE(compile_pattern("").value()->matches(""));
}

}  // namespace
}  // namespace leanmcp::detail
