#include <leanmcp/http/page.hpp>

#include <leanmcp/http/cookie.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace leanmcp {
namespace {

std::string header_of(const RenderedPage& page, std::string_view name) {
  const auto found =
      std::find_if(page.headers.begin(), page.headers.end(), [&](const auto& field) { return field.first == name; });
  return found == page.headers.end() ? std::string() : found->second;
}

TEST(Page, EscapesWhatItShows) {
  EXPECT_EQ(escape_html(R"(<a href="x">&'</a>)"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;");
}

TEST(Page, TextOfStrangersShowsWhatItIs) {
  EXPECT_EQ(readable_text("  Claude \t\n Desktop ", 100), "Claude Desktop");
  EXPECT_EQ(readable_text("evil\u202Etxt.exe\u2066\u200B\u00AD", 100), "eviltxt.exe");
  EXPECT_EQ(readable_text("a\u2028b\u00A0c", 100), "a b c");
  EXPECT_EQ(readable_text("Zoë 日本 🙂", 100), "Zoë 日本 🙂");
  EXPECT_EQ(readable_text("日本語です", 3), "日本語…");
  EXPECT_EQ(readable_text("abc", 3), "abc");
  EXPECT_EQ(readable_text("ab c", 3), "ab…");
  EXPECT_EQ(readable_text("a\xC0\xAF"
                          "b\xED\xA0\x80"
                          "c\xF8"
                          "d\xE2\x82",
                          100),
            "abcd");
  EXPECT_EQ(readable_text(std::string("a\0b\x1B[31mc", 9), 100), "ab[31mc");
}

TEST(Page, IsClosedByItsHeaders) {
  const RenderedPage page = render(HtmlPage(200, "A <b>", "<p>x</p>"));
  EXPECT_NE(page.html.find("<h1>A &lt;b&gt;</h1>"), std::string::npos);
  const std::string policy = header_of(page, "Content-Security-Policy");
  const auto at = policy.find("'nonce-");
  ASSERT_NE(at, std::string::npos);
  const std::string nonce = policy.substr(at + 7, policy.find('\'', at + 1) - at - 7);
  EXPECT_EQ(policy, "default-src 'none'; style-src 'nonce-" + nonce +
                        "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
  EXPECT_NE(page.html.find("<style nonce=\"" + nonce + "\">"), std::string::npos);
  EXPECT_EQ(header_of(page, "X-Frame-Options"), "DENY");
  EXPECT_EQ(header_of(page, "Referrer-Policy"), "no-referrer");
  EXPECT_EQ(header_of(page, "Cache-Control"), "no-store");
  EXPECT_EQ(header_of(page, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(page.html.find("refresh"), std::string::npos);
  const RenderedPage again = render(HtmlPage(200, "A <b>", "<p>x</p>"));
  EXPECT_NE(header_of(again, "Content-Security-Policy"), policy) << "the nonce is used once";
}

TEST(Page, GoesOnByItselfWhereItIsTold) {
  HtmlPage page(200, "On", "");
  page.has_form = true;
  page.next_url = "https://idp.example/a?b=1&c=\"><script>";
  const RenderedPage shown = render(page);
  EXPECT_NE(shown.html.find("content=\"0;url=https://idp.example/a?b=1&amp;c=&quot;&gt;&lt;script&gt;\""),
            std::string::npos);
  EXPECT_TRUE(header_of(shown, "Content-Security-Policy").ends_with("form-action 'self'"));
}

TEST(Cookie, IsFoundOnce) {
  EXPECT_EQ(detail::cookie_value("a=1; b=2;c=3", "b"), "2");
  EXPECT_EQ(detail::cookie_value("a=1; b=2;c=3", "c"), "3");
  EXPECT_EQ(detail::cookie_value("a=1; b=2; b=3", "b"), "") << "two of a name: one was put there by somebody else";
  EXPECT_EQ(detail::cookie_value("ab=1; xb=2; b", "b"), "");
  EXPECT_EQ(detail::cookie_value("", "b"), "");
  EXPECT_EQ(detail::cookie_names("x-1=a; y=b; x-2=c; x-3", "x-"), (std::vector<std::string>{"x-1", "x-2"}));
}

TEST(Cookie, IsForThisHostAlone) {
  EXPECT_EQ(detail::host_cookie_name("n", true), "__Host-n");
  EXPECT_EQ(detail::host_cookie_name("n", false), "n");
  EXPECT_EQ(detail::host_cookie("__Host-n", "v", std::chrono::seconds(5), true),
            "__Host-n=v; Path=/; Max-Age=5; HttpOnly; SameSite=Lax; Secure");
  EXPECT_EQ(detail::host_cookie("n", "", std::chrono::seconds(0), false),
            "n=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
}

}  // namespace
}  // namespace leanmcp
