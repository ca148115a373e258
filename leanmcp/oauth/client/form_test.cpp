#include <leanmcp/oauth/client/form.hpp>

#include <gtest/gtest.h>

namespace leanmcp::inline v0 {
namespace {

TEST(Rfc3986Section2_3, OnlyUnreservedCharactersAreWrittenAsTheyAre) {
  EXPECT_EQ(encode_form_text("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(encode_form_text(" +%&=/:?#"), "%20%2B%25%26%3D%2F%3A%3F%23");
  EXPECT_EQ(encode_form_text(std::string_view("\0\xC3\xA9", 3)), "%00%C3%A9");
  EXPECT_EQ(encode_form({{"a b", "c&d"}, {"e", ""}}), "a%20b=c%26d&e=");
}

TEST(Forms, AreReadInOrderWithRepetitions) {
  const auto form = decode_form("a=1&&b=+x%2B&a=2&c&=d&e==");
  ASSERT_TRUE(form);
  EXPECT_EQ(*form, (FormParameters{{"a", "1"}, {"b", " x+"}, {"a", "2"}, {"c", ""}, {"", "d"}, {"e", "="}}));
  EXPECT_TRUE(decode_form("")->empty());
}

TEST(Forms, BrokenEscapesAreRefused) {
  for (const char* const text : {"a=%", "a=%4", "a=%G1", "%4=b", "a=%-1", "a=%+1"})
    EXPECT_FALSE(decode_form(text)) << text;
}

TEST(Forms, AreBounded) {
  EXPECT_FALSE(decode_form("a=" + std::string(16 * 1024, 'x')));
  std::string many;
  for (int i = 0; i < 65; ++i) many += "a=b&";
  EXPECT_FALSE(decode_form(many));
  many.resize(64 * 4);
  EXPECT_TRUE(decode_form(many));
}

TEST(Forms, WhatWasWrittenIsReadBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const FormParameters form{{all, all}, {"x", ""}};
  EXPECT_EQ(decode_form(encode_form(form)), form);
}

}  // namespace
}  // namespace leanmcp::inline v0
