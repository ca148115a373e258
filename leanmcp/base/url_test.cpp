#include <leanmcp/base/url.hpp>

#include <gtest/gtest.h>

#include <string>

namespace leanmcp::inline v0 {
namespace {

TEST(Rfc3986Section3_2_2, HostIsWholeOrRefused) {
  for (const char* const text : {"https://127.0.0.1/", "https://127.0.0.1:80/a", "https://a.example",
                                 "https://[::1]/x?y", "https://a.example?x", "custom://host/x"})
    EXPECT_TRUE(detail::parse_url(text)) << text;
  for (const char* const text :
       {"https://127.0.0.1.evil.example/", "https://10.0.0.1evil/", "https://1.2.3.4.5/", "http://127.0.0.1.evil:80/",
        "https://host:x/", "mailto:a@b", "/path", "", "https://a b/"})
    EXPECT_FALSE(detail::parse_url(text))
        << text << " host " << (detail::parse_url(text) ? std::string(detail::parse_url(text)->host()) : "");
}

}  // namespace
}  // namespace leanmcp::inline v0
