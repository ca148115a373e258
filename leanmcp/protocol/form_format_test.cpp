#include <leanmcp/protocol/form_format.hpp>

#include <gtest/gtest.h>

#include <string>

namespace leanmcp::detail {
namespace {

using namespace std::string_view_literals;

TEST(FormFormat, CountsCodePointsAndRefusesBadUtf8) {
  EXPECT_EQ(count_code_points(""), 0U);
  EXPECT_EQ(count_code_points("abc"), 3U);
  EXPECT_EQ(count_code_points("äöü€😀"), 5U);
  EXPECT_EQ(count_code_points("\xF4\x8F\xBF\xBF"), 1U);  // U+10FFFF
  for (const std::string_view bad : {"\x80"sv, "\xC3"sv, "\xC0\x80"sv, "\xC1\xBF"sv, "\xE0\x9F\xBF"sv, "\xED\xA0\x80"sv,
                                     "\xED\xBF\xBF"sv, "\xF0\x8F\xBF\xBF"sv, "\xF4\x90\x80\x80"sv,
                                     "\xF8\x88\x80\x80\x80"sv, "\xFF"sv, "a\xE2\x82"sv, "\xE2\x28\xA1"sv})
    EXPECT_FALSE(count_code_points(bad)) << testing::PrintToString(bad);
}

TEST(FormFormat, FindsControlCharacters) {
  EXPECT_FALSE(has_control_characters("a\tb", false));
  EXPECT_FALSE(has_control_characters("a\r\nb\n", true));
  EXPECT_TRUE(has_control_characters("a\nb", false));
  EXPECT_TRUE(has_control_characters("a\0b"sv, true));
  EXPECT_TRUE(has_control_characters("\x1B[31m", true));
  EXPECT_TRUE(has_control_characters("\x7F", true));
  EXPECT_FALSE(has_control_characters("é", false));
}

TEST(FormFormat, Rfc3339Dates) {
  for (const std::string_view good :
       {"2026-02-28", "2024-02-29", "2000-02-29", "0000-02-29", "9999-12-31", "2026-01-31", "2026-04-30"})
    EXPECT_TRUE(is_date(good)) << good;
  for (const std::string_view bad :
       {"",           "2026",        "2026-02",     "2026-02-29",  "1900-02-29",  "2100-02-29",
        "2026-02-30", "2026-04-31",  "2026-13-01",  "2026-00-10",  "2026-01-00",  "2026-1-1",
        "26-01-01",   "02026-01-01", "2026/01/01",  "2026-01-01 ", " 2026-01-01", "2026-01-01T00:00:00Z",
        "2026-01-0a", "-026-01-01",  "+2026-01-01", "２026-01-01", "2026-01-01\n"})
    EXPECT_FALSE(is_date(bad)) << bad;
  EXPECT_FALSE(is_date("2026-01-01\0"sv));
}

TEST(FormFormat, Rfc3339DateTimes) {
  for (const std::string_view good :
       {"2026-02-28T10:00:00Z", "2026-02-28t10:00:00z", "1985-04-12T23:20:50.52Z", "1996-12-19T16:39:57-08:00",
        "1990-12-31T23:59:60Z", "1990-12-31T15:59:60-08:00", "1937-01-01T12:00:27.87+00:20",
        "2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00.000000000000000000001Z", "1998-12-31T23:59:60.123Z",
        "2026-01-01T00:00:00+23:59", "1991-01-01T09:59:60+10:00"})
    EXPECT_TRUE(is_datetime(good)) << good;
  for (const std::string_view bad : {"",
                                     "2026-02-28",
                                     "2026-02-28T10:00Z",
                                     "2026-02-28T10:00:00",
                                     "2026-02-28 10:00:00Z",
                                     "2026-02-29T10:00:00Z",
                                     "2026-02-28T24:00:00Z",
                                     "2026-02-28T10:60:00Z",
                                     "2026-02-28T10:00:61Z",
                                     "2026-02-28T10:00:60Z",
                                     "1990-12-31T23:59:60-08:00",
                                     "2026-02-28T10:00:00.Z",
                                     "2026-02-28T10:00:00+24:00",
                                     "2026-02-28T10:00:00+01:60",
                                     "2026-02-28T10:00:00+0100",
                                     "2026-02-28T10:00:00+01",
                                     "2026-02-28T10:00:00ZZ",
                                     "2026-02-28T10:00:00Z ",
                                     "2026-02-28T1:00:00Z",
                                     "2026-02-28T10:00:00,5Z",
                                     "2026-02-28T10:00:00 Z",
                                     "T10:00:00Z"})
    EXPECT_FALSE(is_datetime(bad)) << bad;
}

TEST(FormFormat, EmailAddresses) {
  for (const std::string_view good :
       {"a@b.co", "monalisa.octocat+x@github.com", "o'brien@example.ie", "x_y-z@sub.example.museum", "1@2.de",
        "!#$%&'*+-/=?^_`{|}~@example.org", "user@xn--bcher-kva.example"})
    EXPECT_TRUE(is_email(good)) << good;
  for (const std::string_view bad : {"",
                                     "@",
                                     "a@",
                                     "@b.co",
                                     "a",
                                     "a@b",
                                     "a.b.co",
                                     "a@@b.co",
                                     "a@b@c.co",
                                     ".a@b.co",
                                     "a.@b.co",
                                     "a..b@c.co",
                                     "a b@c.co",
                                     "a@b..co",
                                     "a@.b.co",
                                     "a@b.co.",
                                     "a@-b.co",
                                     "a@b-.co",
                                     "a@b_c.co",
                                     "a@[127.0.0.1]",
                                     "\"a\"@b.co",
                                     "a@b.co\n",
                                     "a@b.co\r\nBcc: x@y.zz",
                                     "<a@b.co>",
                                     "a,b@c.co",
                                     "ä@b.co",
                                     "a@bücher.example",
                                     "a;b@c.co"})
    EXPECT_FALSE(is_email(bad)) << bad;
  EXPECT_FALSE(is_email("a\0@b.co"sv));
  EXPECT_TRUE(is_email(std::string(64, 'a') + "@b.co"));
  EXPECT_FALSE(is_email(std::string(65, 'a') + "@b.co"));
  EXPECT_TRUE(is_email("a@" + std::string(63, 'b') + ".co"));
  EXPECT_FALSE(is_email("a@" + std::string(64, 'b') + ".co"));
  std::string host;
  while (host.size() < 250) host += "abcd.";
  EXPECT_TRUE(is_email("a@" + host + "co"));    // 254 octets
  EXPECT_FALSE(is_email("ab@" + host + "co"));  // 255
}

TEST(FormFormat, WebAddresses) {
  for (const std::string_view good :
       {"https://example.com", "http://example.com/", "HTTPS://EXAMPLE.com/a/b?c=d#e", "http://localhost:3000/x",
        "http://127.0.0.1", "https://[::1]:8443/", "https://example.com:/", "https://example.com/%20?q=%00",
        "https://xn--bcher-kva.example/"})
    EXPECT_TRUE(is_http_url(good)) << good;
  for (const std::string_view bad : {"",
                                     "example.com",
                                     "//example.com",
                                     "/path",
                                     "ftp://example.com",
                                     "javascript:alert(1)",
                                     "file:///etc/passwd",
                                     "data:text/html,x",
                                     "mailto:a@b.co",
                                     "http:",
                                     "http://",
                                     "https:///path",
                                     "http:example.com",
                                     "https://:80/",
                                     "https://user@example.com",
                                     "https://user:pw@example.com",
                                     "https://@example.com",
                                     "https://exa mple.com",
                                     "https://example.com/a b",
                                     "https://example.com/\n",
                                     "https://example.com/\x01",
                                     " https://example.com",
                                     "https://example.com ",
                                     "https://example.com:0/",
                                     "https://example.com:65536/",
                                     "https://example.com:x/",
                                     "https://[::1",
                                     "https://[zz]/",
                                     "https://a%00b/",
                                     "https://a%0ab/",
                                     "https://example.com/%zz",
                                     "https://bücher.example/",
                                     "https://./",
                                     "https://[v1.x]/",
                                     "https://a;b/",
                                     "https://example.com/<x>",
                                     "https://example.com\\@evil.example/"})
    EXPECT_FALSE(is_http_url(bad)) << bad;
  EXPECT_FALSE(is_http_url("https://example.com/\0"sv));
}

}  // namespace
}  // namespace leanmcp::detail
