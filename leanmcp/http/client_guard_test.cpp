#include <leanmcp/http/client.hpp>

#include <leanmcp/http/client_address.hpp>
#include <leanmcp/http/client_test_server.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using detail::ok;
using detail::ScriptedServer;

TEST(HttpClient, RefusesHeadersThatForge) {
  HttpClient client;
  const std::pair<std::string, std::string> bad[] = {
      {"X-A", "a\r\nX-B: b"}, {"X-A", "a\nb"}, {"X-A", std::string("a\0b", 3)}, {"X A", "a"},
      {"X-A\r\nX-B", "a"},    {"", "a"},       {"Content-Length", "3"},         {"transfer-encoding", "chunked"}};
  for (const auto& field : bad) {
    ClientRequest request("GET", "http://127.0.0.1:1/");
    request.headers = {field};
    const auto response = client.fetch(request);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().cause, HttpClientCause::refused_header) << field.first;
  }
  for (const std::string method : {"", "get", "GET\r\n", "CONNECT", "G ET", "TRACE"}) {
    const auto response = client.fetch(ClientRequest(method, "http://127.0.0.1:1/"));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().cause, HttpClientCause::refused_header) << method;
  }
}

TEST(HttpClient, RefusesUrls) {
  HttpClient client;
  for (const std::string url :
       {"", "example.com", "http://example.com/", "ftp://127.0.0.1/", "file:///etc/passwd", "http://user:pw@127.0.0.1/",
        "https://a@b/", "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "http:\\\\127.0.0.1\\", "https://",
        "http://localhost.example.com/", "http://0.0.0.0/", "http://127.0.0.1.example/", "http://[::2]/",
        "gopher://127.0.0.1/"}) {
    const auto response = client.fetch(ClientRequest("GET", url));
    ASSERT_FALSE(response) << url;
    EXPECT_EQ(response.error().cause, HttpClientCause::refused_url) << url << " " << response.error().detail;
  }
  EXPECT_FALSE(client.fetch(ClientRequest("GET", "https://x/" + std::string(20'000, 'a'))));
}

TEST(HttpClient, GuardsAddressesAfterResolution) {
  ScriptedServer server([](const std::string&) { return ok("secret"); });
  HttpClientOptions options;
  options.addresses = AddressPolicy::public_only;
  options.allow_plain_http = true;
  HttpClient client(options);
  const std::string port = std::to_string(server.port());
  for (const std::string host : {"127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "10.0.0.1",
                                 "169.254.169.254", "[fd00::1]", "0x7f000001", "2130706433", "127.1"}) {
    const auto response = client.fetch(ClientRequest("GET", "http://" + host + ":" + port + "/"));
    ASSERT_FALSE(response) << host;
    EXPECT_EQ(response.error().cause, HttpClientCause::refused_url) << host << " " << response.error().detail;
  }
  EXPECT_EQ(server.connections(), 0);
  options.proxy = "http://127.0.0.1:1";
  HttpClient proxied(options);
  const auto response = proxied.fetch(ClientRequest("GET", "http://192.0.2.1/"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().cause, HttpClientCause::refused_url);
}

TEST(HttpClient, GuardsAddressesOfOneRequest) {
  ScriptedServer server([](const std::string&) { return ok("secret"); });
  HttpClientOptions options;
  options.allow_plain_http = true;
  HttpClient client(options);
  // 0.0.0.0 reaches this machine and is no loopback name: the first request leaves a connection open.
  const std::string url = "http://0.0.0.0:" + std::to_string(server.port()) + "/";
  ASSERT_TRUE(client.fetch(ClientRequest("GET", url)));
  ASSERT_EQ(server.connections(), 1);
  for (const std::string& target : {url, server.url(), "http://[::1]:" + std::to_string(server.port()) + "/"}) {
    ClientRequest guarded("GET", target);
    guarded.addresses = AddressPolicy::public_only;
    const auto response = client.fetch(guarded);
    ASSERT_FALSE(response) << target;
    EXPECT_EQ(response.error().cause, HttpClientCause::refused_url) << response.error().detail;
  }
  EXPECT_EQ(server.connections(), 1);
  EXPECT_TRUE(client.fetch(ClientRequest("GET", url))) << "the other requests are free";
}

TEST(HttpClient, GuardsLiteralAddressesBehindAProxy) {
  ScriptedServer proxy([](const std::string&) { return ok("by the proxy"); });
  HttpClientOptions options;
  options.allow_plain_http = true;
  options.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  HttpClient client(options);
  for (const std::string host : {"10.0.0.1", "169.254.169.254", "[fd00::1]", "2130706434", "192.168.1.1"}) {
    ClientRequest guarded("GET", "http://" + host + "/");
    guarded.addresses = AddressPolicy::public_only;
    const auto response = client.fetch(guarded);
    ASSERT_FALSE(response) << host;
    EXPECT_EQ(response.error().cause, HttpClientCause::refused_url) << response.error().detail;
  }
  EXPECT_EQ(proxy.connections(), 0);
  ClientRequest named("GET", "http://as.example/");
  named.addresses = AddressPolicy::public_only;
  EXPECT_TRUE(client.fetch(named));
}

sockaddr_storage parse(const char* text) {
  sockaddr_storage out{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text, &v6->sin6_addr), 1) << text;
    v6->sin6_family = AF_INET6;
  }
  return out;
}

TEST(ClientAddress, KnowsGlobalFromSpecial) {
  for (const char* text : {"0.0.0.0",
                           "10.1.2.3",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.0.2.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::ffff:8.8.8.8",
                           "fe80::1",
                           "fc00::1",
                           "fd12::1",
                           "ff02::1",
                           "2001:db8::1",
                           "2001::1",
                           "2002:7f00:1::",
                           "64:ff9b::127.0.0.1",
                           "64:ff9b::10.0.0.1",
                           "3fff::1"}) {
    const auto address = parse(text);
    EXPECT_FALSE(detail::is_global(reinterpret_cast<const sockaddr&>(address))) << text;
  }
  for (const char* text :
       {"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.167.255.255",
        "198.17.0.1", "223.255.255.255", "2606:4700::1111", "2a00::1", "64:ff9b::8.8.8.8"}) {
    const auto address = parse(text);
    EXPECT_TRUE(detail::is_global(reinterpret_cast<const sockaddr&>(address))) << text;
  }
}

}  // namespace
}  // namespace leanmcp
