#include <leanmcp/client/http_caller.hpp>

#include <gtest/gtest.h>

namespace leanmcp::inline v0 {
namespace {

TEST(Origin, IsSchemeHostAndPort) {
  EXPECT_EQ(detail::origin_of("https://RS.example/mcp?a#b"), "https://rs.example:443");
  EXPECT_EQ(detail::origin_of("http://127.0.0.1/"), "http://127.0.0.1:80");
  EXPECT_EQ(detail::origin_of("HTTPS://rs.example:8443"), "https://rs.example:8443");
  EXPECT_EQ(detail::origin_of("https://rs.example:0443/"), detail::origin_of("https://rs.example:0443/x"));
}

TEST(Origin, WhatIsNoWebAddressHasNone) {
  for (const char* const url : {"", "rs.example", "ftp://rs.example/", "https:///x", "https://user@rs.example/",
                                "javascript:alert(1)", "https://rs.example:x/", "//rs.example/", "https:rs.example"})
    EXPECT_EQ(detail::origin_of(url), "") << url;
}

TEST(Origin, NameThatBeginsLikeAnAddressIsNotThatAddress) {
  for (const char* const url : {"https://10.0.0.1.evil.example/mcp", "https://10.0.0.1evil.example/mcp",
                                "https://10.0.0.1.1/mcp", "http://127.0.0.1.evil.example:3000/mcp"})
    EXPECT_EQ(detail::origin_of(url), "") << url;
}

TEST(Redirect, IsResolvedAgainstWhereItCameFrom) {
  EXPECT_EQ(detail::resolve_url("https://rs.example/a/b?c", "d#e"), "https://rs.example/a/d");
  EXPECT_EQ(detail::resolve_url("https://rs.example/a", "//evil.example/x"), "https://evil.example/x");
  EXPECT_EQ(detail::resolve_url("https://rs.example/a", "http://x y/"), "");
  EXPECT_EQ(detail::resolve_url("https://10.0.0.1/a", "//10.0.0.1.evil.example/a"), "");
  EXPECT_EQ(detail::resolve_url("https://10.0.0.1/a", "https://10.0.0.1.evil.example/a"), "");
}

}  // namespace
}  // namespace leanmcp::inline v0
