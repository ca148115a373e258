#include <leanmcp/oauth/server/redirect_uri.hpp>

#include <leanmcp/oauth/server/core.hpp>

#include <gtest/gtest.h>

namespace leanmcp::as {
namespace {

std::string refusal(std::string_view uri, std::string_view type = "native") {
  const auto checked = check_redirect_uri(uri, type);
  return checked ? "" : checked.error().error;
}

ClientRecord client_with(std::vector<std::string> uris, std::string type = "native") {
  ClientRecord client;
  client.redirect_uris = std::move(uris);
  client.application_type = std::move(type);
  return client;
}

TEST(RedirectUri, Attack47_Rfc7591Section5_RunnableAndForeignSchemes) {
  for (const char* const uri :
       {"javascript:alert(1)", "JavaScript:alert(1)", "javascript://x/%0aalert(1)", "data:text/html,x", "DATA:,x",
        "file:///etc/passwd", "vbscript:x", "blob:https://x/1", "about:blank", "filesystem:https://x/", "http://evil/",
        "http://evil.example/cb", "ftp://x/", "ws://localhost/", "view-source:https://x/", "mailto:x@example.com"})
    EXPECT_EQ(refusal(uri), "invalid_redirect_uri") << uri;
}

TEST(RedirectUri, Rfc3986Section3_2_2_BracketsStandAroundAnAddressOnly) {
  for (const char* const uri :
       {"com.example.app:/cb2]:80/", "com.example.app:/[cb", "com.example.app:/cb?a[]=1", "com.example.app://host/a]",
        "https://app.example/cb?a[]=1", "https://app.example/[cb]", "https://app.example/cb#]"})
    EXPECT_EQ(refusal(uri), "invalid_redirect_uri") << uri;
  EXPECT_EQ(refusal("http://[::1]:8080/cb?a%5B%5D=1"), "");
}

TEST(RedirectUri, Attack48_OpenIdRegistrationSection2_WebOnLoopback) {
  for (const char* const uri :
       {"http://127.0.0.1/cb", "http://localhost:3000/cb", "https://localhost/cb", "https://LOCALHOST/cb",
        "https://localhost./cb", "https://app.localhost/cb", "https://127.0.0.1/cb", "https://127.255.1.2/cb",
        "https://127.1/cb", "https://2130706433/cb", "https://0x7f.1/cb", "https://[::1]/cb",
        "https://[::ffff:127.0.0.1]/cb", "http://app.example/cb", "com.example.app:/cb", "myapp://cb"})
    EXPECT_EQ(refusal(uri, "web"), "invalid_redirect_uri") << uri;
  EXPECT_EQ(refusal("https://app.example/cb", "web"), "");
}

TEST(RedirectUri, Attack22_Rfc6749Section3_1_2_NeverExactEnough) {
  const ClientRecord client = client_with({"https://ok/cb", "https://ok/dir/", "http://localhost/cb"});
  EXPECT_TRUE(redirect_matches(client, "https://ok/cb"));
  for (const char* const uri : {"https://ok@evil/cb",
                                "https://ok/cb/..%2fx",
                                "https://ok/cb/../cb",
                                "https://ok/cb/",
                                "https://ok/dir",
                                "https://ok:443/cb",
                                "https://OK/cb",
                                "HTTPS://ok/cb",
                                "https://ok/CB",
                                "https://ok/cb?",
                                "https://ok/cb?x=1",
                                "https://ok/cb#",
                                "https://ok/cb#x",
                                "https://ok//cb",
                                "https://ok/%63b",
                                "https://ok.evil/cb",
                                "https://ok",
                                "http://ok/cb",
                                "//ok/cb",
                                "/cb",
                                "",
                                "http://localhost.evil.com/cb",
                                "http://localhost@evil/cb",
                                "http://localhost:1@evil/cb",
                                "http://localhost\\@evil/cb",
                                "https://ok/cb\n",
                                " https://ok/cb"})
    EXPECT_FALSE(redirect_matches(client, uri)) << uri;
}

TEST(RedirectUri, Attack23_Rfc8252Section7_3_PortOfALoopback) {
  const ClientRecord client =
      client_with({"http://127.0.0.1/callback", "http://[::1]:1234/callback", "http://localhost:80/cb?a=1"});
  for (const char* const uri :
       {"http://127.0.0.1/callback", "http://127.0.0.1:50000/callback", "http://127.0.0.1:1/callback",
        "http://[::1]/callback", "http://[::1]:65535/callback", "http://localhost/cb?a=1", "http://localhost:9/cb?a=1"})
    EXPECT_TRUE(redirect_matches(client, uri)) << uri;
  for (const char* const uri : {"http://127.0.0.1:50000/other",
                                "http://127.0.0.1:50000/callback/",
                                "http://localhost:50000/callback",
                                "http://127.0.0.2:50000/callback",
                                "http://[::1]:50000/cb",
                                "https://127.0.0.1:50000/callback",
                                "http://127.0.0.1:0/callback",
                                "http://127.0.0.1:65536/callback",
                                "http://127.0.0.1:/callback",
                                "http://127.0.0.1:5x/callback",
                                "http://127.0.0.1:50000/callback?x",
                                "http://127.0.0.1:50000/callback#",
                                "http://localhost:9/cb?a=2",
                                "http://localhost:9/cb",
                                "http://LOCALHOST:9/cb?a=1",
                                "http://x@127.0.0.1:50000/callback",
                                "http://127.0.0.1.evil:50000/callback",
                                "HTTP://127.0.0.1:1/callback",
                                "http://127.1:50000/callback",
                                "http://127.0.0.1%2f@evil/callback"})
    EXPECT_FALSE(redirect_matches(client, uri)) << uri;
  // Not for web applications, and not for https.
  EXPECT_FALSE(redirect_matches(client_with({"http://127.0.0.1/cb"}, "web"), "http://127.0.0.1:5/cb"));
  EXPECT_FALSE(redirect_matches(client_with({"https://localhost/cb"}), "https://localhost:5/cb"));
  EXPECT_FALSE(redirect_matches(client_with({"https://127.0.0.1/cb"}), "http://127.0.0.1:5/cb"));
}

TEST(RedirectUri, Rfc6749Section3_1_2_Forms) {
  for (const char* const uri : {"",
                                "cb",
                                "/cb",
                                "//host/cb",
                                "https:",
                                "https://",
                                "https:///cb",
                                "https:/cb",
                                "https:cb",
                                "http:127.0.0.1/cb",
                                "https://host/cb#",
                                "https://host/cb#f",
                                "https://user@host/cb",
                                "https://user:pw@host/cb",
                                "https://@host/cb",
                                "https://*.host/cb",
                                "https://host/*",
                                "https://host/a/../cb",
                                "https://host/./cb",
                                "https://host/%2e%2e/cb",
                                "https://host/%2E./cb",
                                "https://host/.%2e",
                                "https://host/a/..",
                                "https://host/c b",
                                "https://host/\tcb",
                                "https://host/cb\r\n",
                                "https://host/\x7f",
                                "https://host/\xc3\xa4",
                                "https://h\xc3\xa4st/",
                                "https://host\\cb",
                                "https://host/%",
                                "https://host/%0",
                                "https://host/%zz",
                                "https://host:0/",
                                "https://host:65536/",
                                "https://host:80x/",
                                "https://[::1/cb",
                                "https://[nonsense]/cb",
                                "https://ho..st/",
                                "https://.host/",
                                "https://ho%73t/",
                                "https://host/<",
                                "https://host/\"",
                                "myapp:cb",
                                "myapp:/cb",
                                "myapp://",
                                "1app://x",
                                "my_app://x",
                                "http://localhost.evil.com/cb",
                                "http://a.localhost/cb",
                                "http://127.1/cb",
                                "http://[::2]/cb"})
    EXPECT_EQ(refusal(uri), "invalid_redirect_uri") << uri;
  EXPECT_EQ(refusal("https://host/" + std::string(2048, 'a')), "invalid_redirect_uri");
  EXPECT_EQ(refusal(std::string_view("https://host/\0x", 15)), "invalid_redirect_uri");
  for (const char* const uri :
       {"https://host/cb", "https://host", "https://host:8443/cb?x=1&y=%20", "http://127.0.0.1/cb",
        "http://127.0.0.1:8080/cb", "http://localhost/cb", "http://localhost:3000/a/b", "http://[::1]:5/cb",
        "com.example.app:/oauth", "com.example.app://oauth", "cursor://anysphere.cursor-mcp/oauth/callback",
        "vscode://vscode.github-authentication/did-authenticate", "https://localhost:8443/cb"})
    EXPECT_EQ(refusal(uri), "") << uri;
}

TEST(RedirectUri, LoopbackNames) {
  for (const char* const host : {"localhost", "Localhost", "localhost.", "a.b.localhost", "127.0.0.1", "127.9.9.9",
                                 "127.0.0.1.", "127.1", "0x7f000001", "017700000001", "[::1]", "[::ffff:127.0.0.1]"})
    EXPECT_TRUE(is_loopback_name(host)) << host;
  for (const char* const host :
       {"", ".", "localhost.evil", "xlocalhost", "128.0.0.1", "127.0.0.1.evil", "[::2]", "[::"})
    EXPECT_FALSE(is_loopback_name(host)) << host;
}

}  // namespace
}  // namespace leanmcp::as
