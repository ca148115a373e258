#include <leanmcp/auth/challenge.hpp>
#include <leanmcp/auth/presented_token.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

TEST(Challenge, WrittenValuesCannotSplitAHeader) {
  const std::string text = Challenge("Bearer").add("error", "a\"b\\c\r\nX: y").text();
  EXPECT_EQ(text, "Bearer error=\"a\\\"b\\\\cX: y\"");
  const auto back = parse_challenges(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back->front().find("error"), "a\"b\\cX: y");
}

TEST(Challenge, ListsOfSeveralSchemes) {
  const auto list = parse_challenges(
      R"(, Basic realm="x, y" , Bearer error = invalid_token, scope="a b",Negotiate YWI=, DPoP algs="ES256")");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 4U);
  EXPECT_EQ(*(*list)[0].find("realm"), "x, y");
  EXPECT_EQ((*list)[1].scheme(), "Bearer");
  EXPECT_EQ(*(*list)[1].find("scope"), "a b");
  EXPECT_EQ(*(*list)[2].find(""), "YWI=");
  EXPECT_EQ(*(*list)[3].find("algs"), "ES256");
  ASSERT_TRUE(parse_challenges("Bearer"));
}

TEST(Challenge, WhatIsNoChallengeIsRefused) {
  for (const char* text : {"", " ", ",", "=", "Bearer scope=\"open", "Bearer scope=a, scope=b", "Bearer \"x\"",
                           "Bearer a=b c=d", "Bearer scope=\"a\x01\"", "Bearer scope=\"a\\", "@"})
    EXPECT_FALSE(parse_challenges(text)) << text;
  EXPECT_FALSE(parse_challenges("Bearer a=" + std::string(20'000, 'x')));
}

TEST(AuthorizationHeader, OneSchemeAndOneToken) {
  using enum AuthorizationForm;
  const auto form = [](std::string_view value) { return parse_authorization(value).form; };
  EXPECT_EQ(form("Bearer abc.DEF-1_~+/=="), bearer);
  EXPECT_EQ(form("bEARER   abc"), bearer);
  EXPECT_EQ(parse_authorization("DPoP abc").form, dpop);
  EXPECT_EQ(parse_authorization("Bearer abc").token, "abc");
  for (const char* value : {"Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer =", "Bearer a=b", "Bearer \"a\"",
                            "Bearer a\t", "Bearer a ", "DPoP", "Bearer \xc3\xa9"})
    EXPECT_EQ(form(value), malformed) << value;
  EXPECT_EQ(form("Bearer " + std::string(20'000, 'a')), malformed);
  const std::string allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=";
  for (int byte = 0; byte < 256; ++byte) {
    const std::string value = "Bearer " + std::string(70, 'a') + static_cast<char>(byte);
    EXPECT_EQ(form(value), allowed.find(static_cast<char>(byte)) == std::string::npos ? malformed : bearer) << byte;
  }
  for (const char* value : {"", "Basic YTpi", "Bearerabc", "Token abc", " Bearer abc", "Bearer\tabc"})
    EXPECT_EQ(form(value), none) << value;
}

}  // namespace
}  // namespace leanmcp
