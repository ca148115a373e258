#include <leanmcp/oauth/client/endpoint_rules.hpp>

#include <gtest/gtest.h>

namespace leanmcp::inline v0 {
namespace {

TEST(Endpoints, UsableOnes) {
  for (const char* const url : {"https://as.example/token", "https://as.example:8443/a?b=c", "http://127.0.0.1:1/x",
                                "http://localhost/", "http://[::1]:9/", "https://10.0.0.1/", "https://as.example"})
    EXPECT_TRUE(is_usable_endpoint(url)) << url;
  EXPECT_TRUE(is_usable_endpoint("https://a/" + std::string(2'038, 'a')));
}

TEST(Endpoints, UnusableOnes) {
  for (const char* const url : {"",
                                "as.example",
                                "//as.example/",
                                "/token",
                                "http://as.example/",
                                "ftp://as.example/",
                                "javascript:alert(1)",
                                "file:///etc/passwd",
                                "data:text/html,x",
                                "https://",
                                "https:///x",
                                "https://user@as.example/",
                                "https://u:p@as.example/",
                                "https://as.example/#f",
                                "https://as.example/ x",
                                "https://as.example/\nx",
                                "https://x/\"$(id)\"",
                                "https://x/`id`",
                                "https://x/$HOME",
                                "https://x/a'b",
                                "https://x\\@as.example/",
                                "https://x/<script>",
                                "https://x/a|b",
                                "https://x/\x7f",
                                "https://x/\xc3\xa9",
                                "http://localhost.evil.example/",
                                "http://127.0.0.1.evil.example/",
                                "http://10.0.0.1/",
                                "http://0.0.0.0/",
                                "HTTP://as.example/"})
    EXPECT_FALSE(is_usable_endpoint(url)) << url;
  EXPECT_FALSE(is_usable_endpoint("https://a/" + std::string(2'039, 'a')));
}

const char* const loopback_urls[] = {"http://127.0.0.1:1/",     "http://localhost/",  "https://localhost/",
                                     "https://LOCALHOST/",      "https://127.9.9.9/", "http://[::1]/",
                                     "https://app.localhost/x", "https://localhost./"};
const char* const special_urls[] = {"https://10.0.0.1/",  "https://192.168.1.1/",       "https://169.254.169.254/",
                                    "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/", "https://100.64.0.1/",
                                    "https://0.0.0.0/",   "https://[64:ff9b::a00:1]/"};
const char* const public_urls[] = {"https://as.example/", "https://8.8.8.8/", "https://[2606:4700::1111]/"};

TEST(ServerSideRequestForgery, ServerOnTheInternetNamesNothingPrivate) {
  const EndpointRules rules("https://mcp.example/mcp", false);
  for (const char* const url : loopback_urls) EXPECT_FALSE(rules.allows(url)) << url;
  for (const char* const url : special_urls) EXPECT_FALSE(rules.allows(url)) << url;
  for (const char* const url : public_urls) EXPECT_TRUE(rules.allows(url)) << url;
  EXPECT_FALSE(rules.allows("javascript:alert(1)"));
  EXPECT_EQ(rules.addresses("https://as.example/token"), AddressPolicy::public_only);
  EXPECT_EQ(rules.addresses("https://mcp.example/.well-known/x"), AddressPolicy::any) << "it is spoken to already";
  EXPECT_EQ(rules.addresses("https://mcp.example:444/"), AddressPolicy::public_only);
}

TEST(ServerSideRequestForgery, ServerOnThisMachineNamesOthersHere) {
  const EndpointRules rules("http://127.0.0.1:3000/mcp", false);
  for (const char* const url : loopback_urls) EXPECT_TRUE(rules.allows(url)) << url;
  for (const char* const url : special_urls) EXPECT_TRUE(rules.allows(url)) << url;
  EXPECT_EQ(rules.addresses("http://127.0.0.1:4000/token"), AddressPolicy::any);
}

TEST(ServerSideRequestForgery, ServerOnAPrivateNetworkDoesNotNameThisMachine) {
  const EndpointRules rules("https://10.1.2.3/mcp", false);
  for (const char* const url : loopback_urls) EXPECT_FALSE(rules.allows(url)) << url;
  for (const char* const url : special_urls) EXPECT_TRUE(rules.allows(url)) << url;
  EXPECT_EQ(rules.addresses("https://as.corp/token"), AddressPolicy::any);
}

TEST(ServerSideRequestForgery, UserCanAllowIt) {
  const EndpointRules rules("https://mcp.corp/mcp", true);
  for (const char* const url : loopback_urls) EXPECT_TRUE(rules.allows(url)) << url;
  for (const char* const url : special_urls) EXPECT_TRUE(rules.allows(url)) << url;
  EXPECT_FALSE(rules.allows("http://as.example/"));
  EXPECT_EQ(rules.addresses("https://as.corp/token"), AddressPolicy::any);
}

}  // namespace
}  // namespace leanmcp::inline v0
