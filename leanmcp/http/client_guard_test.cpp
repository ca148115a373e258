#include <leanmcp/http/client.hpp>

#include <leanmcp/http/client_address.hpp>
#include <leanmcp/http/client_test_server.hpp>
#include <leanmcp/http/resolve.hpp>

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

TEST(HttpClient, ConnectsToTheGivenAddressesOnly) {
  ScriptedServer server([](const std::string&) { return ok("hello"); });
  HttpClientOptions options;
  options.allow_plain_http = true;
  HttpClient client(options);
  const std::string port = std::to_string(server.port());
  ClientRequest request("GET", "http://no-such-host.invalid:" + port + "/");
  EXPECT_FALSE(client.fetch(request));
  request.connect_to = {"127.0.0.1"};
  const auto response = client.fetch(request);
  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(response->body, "hello");
  EXPECT_NE(server.last_request().find("Host: no-such-host.invalid:" + port), std::string::npos);
  request.connect_to = {"127.0.0.1:80"};
  ASSERT_FALSE(client.fetch(request));
  request.connect_to = {"host.example"};
  ASSERT_FALSE(client.fetch(request));
}

TEST(HttpClient, GuardHoldsForGivenAddressesToo) {
  ScriptedServer server([](const std::string&) { return ok("secret"); });
  HttpClientOptions options;
  options.addresses = AddressPolicy::public_only;
  options.allow_plain_http = true;
  HttpClient client(options);
  ClientRequest request("GET", "http://client.example:" + std::to_string(server.port()) + "/");
  for (const std::string address : {"127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"}) {
    request.connect_to = {address};
    const auto response = client.fetch(request);
    ASSERT_FALSE(response) << address;
    EXPECT_EQ(response.error().cause, HttpClientCause::refused_url) << address << " " << response.error().detail;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(HostResolver, FindsAddressesInEverySpelling) {
  const HostResolver resolver;
  const auto find = [&](const std::string& host) { return resolver.addresses(host, std::chrono::seconds(20)); };
  for (const std::string host : {"127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1"})
    EXPECT_EQ(find(host), std::vector<std::string>{"127.0.0.1"}) << host;
  EXPECT_EQ(find("::1"), std::vector<std::string>{"::1"});
  const auto local = find("localhost");
  EXPECT_FALSE(local.empty());
  EXPECT_TRUE(find("").empty());
  EXPECT_TRUE(find("no-such-host.invalid").empty());
  EXPECT_TRUE(HostResolver(0).addresses("127.0.0.1", std::chrono::seconds(1)).empty());
  EXPECT_TRUE(is_public_address("8.8.8.8"));
  EXPECT_TRUE(is_public_address("2606:4700::1111"));
  for (const char* const text : {"", "x", "localhost", "[2606:4700::1111]", "127.1", "10.0.0.1", "::ffff:8.8.8.8"})
    EXPECT_FALSE(is_public_address(text)) << text;
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

TEST(ClientAddress, KnowsEverySpecialRangeByName) {
  const std::vector<std::pair<std::string, std::vector<const char*>>> ranges = {
      {"IPv4-mapped", {"::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:127.0.0.1"}},
      {"IPv4-compatible", {"::8.8.8.8", "::127.0.0.1"}},
      {"IPv4-translated", {"::ffff:0:8.8.8.8"}},
      {"NAT64", {"64:ff9b::", "64:ff9b::8.8.8.8", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "64:ff9b:1:ffff::1"}},
      {"6to4", {"2002::1", "2002:7f00:1::", "2002:808:808::1", "2002:ffff:ffff::1"}},
      {"Teredo", {"2001::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:0:ffff::1"}},
      {"ISATAP", {"2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:8.8.8.8", "2a00:1:2:3:0:5efe:192.168.0.1"}},
      {"shared (CGNAT)", {"100.64.0.0", "100.64.0.1", "100.127.255.255"}},
      {"this network", {"0.0.0.0", "0.1.2.3", "0.255.255.255"}},
      {"multicast", {"224.0.0.1", "239.255.255.255", "ff00::1", "ff02::1", "ff0e::1"}},
      {"link-local", {"169.254.0.1", "169.254.169.254", "fe80::1", "febf::1", "fec0::1"}},
      {"unique local", {"fc00::1", "fd00::1", "fdff::1", "fd00:ec2::254"}},
      {"documentation", {"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "3fff:fff::1"}},
      {"loopback", {"127.0.0.1", "127.255.255.255", "::1"}},
      {"private", {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1"}},
      {"benchmarking", {"198.18.0.1", "198.19.255.255", "2001:2::1"}},
      {"protocols", {"192.0.0.1", "192.88.99.1", "2001:1::1", "2001:1ff::1"}},
      {"reserved", {"240.0.0.1", "255.255.255.255", "::", "100::1", "4000::1", "5f00::1", "e000::1", "3ffe::1"}}};
  for (const auto& [name, addresses] : ranges) {
    for (const char* const text : addresses) {
      const auto address = parse(text);
      EXPECT_FALSE(detail::is_global(reinterpret_cast<const sockaddr&>(address))) << name << " " << text;
    }
  }
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
        "198.17.0.1", "223.255.255.255", "2606:4700::1111", "2a00::1", "2001:200::1", "2606:4700::5efe:1:2:3"}) {
    const auto address = parse(text);
    EXPECT_TRUE(detail::is_global(reinterpret_cast<const sockaddr&>(address))) << text;
  }
}

}  // namespace
}  // namespace leanmcp
