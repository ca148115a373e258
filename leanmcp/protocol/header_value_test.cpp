#include <leanmcp/protocol/header_value.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

TEST(HeaderValue, OfTheSpecificationsTable) {
  EXPECT_EQ(decode_header_value("us-west1"), "us-west1");
  EXPECT_EQ(decode_header_value("=?base64?SGVsbG8sIOS4lueVjA==?="), "Hello, \xe4\xb8\x96\xe7\x95\x8c");
  EXPECT_EQ(decode_header_value("=?base64?IHBhZGRlZCA=?="), " padded ");
  EXPECT_EQ(decode_header_value("=?base64?bGluZTEKbGluZTI=?="), "line1\nline2");
  EXPECT_EQ(decode_header_value("=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="), "=?base64?literal?=");
}

TEST(HeaderValue, TheMarksAreExact) {
  EXPECT_EQ(decode_header_value("=?BASE64?aGk=?="), "=?BASE64?aGk=?=") << "in small letters only";
  EXPECT_EQ(decode_header_value("=?base64?aGk="), "=?base64?aGk=");
  EXPECT_EQ(decode_header_value("=?base64?\?="), "");
  EXPECT_EQ(decode_header_value(""), "");
  EXPECT_EQ(decode_header_value("a\tb c"), "a\tb c");
}

TEST(HeaderValue, WhatNoClientMaySend) {
  for (const char* const value :
       {"caf\xc3\xa9", "a\x01", "a\x7f", "=?base64?aGk?=", "=?base64?a!k=?=", "=?base64?aGk=aGk=?="})
    EXPECT_EQ(decode_header_value(value), std::nullopt) << value;
}

}  // namespace
}  // namespace leanmcp
