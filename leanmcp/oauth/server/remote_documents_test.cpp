#include <leanmcp/oauth/server/remote_documents.hpp>

#include <leanmcp/base/clock.hpp>
#include <leanmcp/crypto/signing_key.hpp>
#include <leanmcp/oauth/server/remote_test_support.hpp>
#include <leanmcp/oauth/server/test_time.hpp>

#include <atomic>
#include <future>
#include <thread>

namespace leanmcp::as {
namespace {

using leanmcp::detail::ScriptedServer;
using std::chrono::seconds;

class RemoteDocumentsTest : public testing::Test {
 protected:
  static RemoteFault fault(const Result<RemoteDocument, RemoteFault>& read) {
    EXPECT_FALSE(read);
    return read ? RemoteFault::busy : read.error();
  }
  std::shared_ptr<HttpClient> trusted = std::make_shared<HttpClient>();
  std::shared_ptr<HttpClient> guarded = guarded_client();
  RemoteDocuments strict{trusted, guarded, false};
  RemoteDocuments lenient{trusted, guarded, true};
};

TEST_F(RemoteDocumentsTest, Attack50_CimdSection5_ForbiddenAddressesInTheUrl) {
  Trap trap;
  for (const std::string host : {"127.0.0.1",
                                 "127.0.0.2",
                                 "127.1",
                                 "0x7f000001",
                                 "2130706433",
                                 "0177.0.0.1",
                                 "0.0.0.0",
                                 "0",
                                 "localhost",
                                 "LOCALHOST",
                                 "[::1]",
                                 "[::]",
                                 "[::ffff:127.0.0.1]",
                                 "[::ffff:7f00:1]",
                                 "[::127.0.0.1]",
                                 "[64:ff9b::127.0.0.1]",
                                 "[64:ff9b::]",
                                 "[2002:7f00:1::]",
                                 "[2001:0:1::1]",
                                 "[fe80::1]",
                                 "[fd00::1]",
                                 "[ff02::1]",
                                 "[2606:4700::5efe:127.0.0.1]",
                                 "10.0.0.1",
                                 "100.64.0.1",
                                 "169.254.169.254",
                                 "[::ffff:10.0.0.1]",
                                 "[::ffff:169.254.169.254]",
                                 "172.16.0.1",
                                 "192.168.0.1",
                                 "192.0.2.1",
                                 "198.18.0.1",
                                 "224.0.0.1",
                                 "240.0.0.1",
                                 "255.255.255.255",
                                 "[2001:db8::1]",
                                 "[fd00:ec2::254]"}) {
    const auto read = strict.read("https://" + host + ":" + trap.port() + "/client.json", 1000);
    EXPECT_EQ(fault(read), RemoteFault::blocked) << host;
  }
  // Whether the resolver knows it or not.
  EXPECT_FALSE(strict.read("https://localhost.:" + trap.port() + "/client.json", 1000));
  EXPECT_EQ(trap.visitors(), 0);
}

TEST_F(RemoteDocumentsTest, Attack50_CimdSection5_AnyForbiddenAddressOfAName) {
  Trap trap;
  for (const std::vector<std::string>& addresses : {std::vector<std::string>{"127.0.0.1"},
                                                    {"3000::1", "127.0.0.1"},
                                                    {"127.0.0.1", "3000::1"},
                                                    {"3000::1", "::ffff:127.0.0.1"},
                                                    {"3000::1", "3000::2", "10.0.0.1"},
                                                    {"nonsense"}}) {
    RemoteDocuments documents(trusted, guarded, false, [&](const std::string& host, std::chrono::milliseconds) {
      EXPECT_EQ(host, "client.example");
      return addresses;
    });
    const auto read = documents.read("https://client.example:" + trap.port() + "/client.json", 1000);
    EXPECT_EQ(fault(read), RemoteFault::blocked) << addresses.front();
  }
  EXPECT_EQ(trap.visitors(), 0);
}

TEST_F(RemoteDocumentsTest, Attack50_CimdSection5_Rebinding) {
  Trap trap;
  int lookups = 0;
  // Public the first time, this machine from then on. 3000::/4 is given to nobody.
  RemoteDocuments documents(trusted, guarded, false, [&](const std::string&, std::chrono::milliseconds) {
    return ++lookups == 1 ? std::vector<std::string>{"3000::1"} : std::vector<std::string>{"127.0.0.1"};
  });
  const std::string url = "https://client.example:" + trap.port() + "/client.json";
  EXPECT_EQ(fault(documents.read(url, 1000)), RemoteFault::unreachable);
  EXPECT_EQ(lookups, 1);
  EXPECT_EQ(fault(documents.read(url, 1000)), RemoteFault::blocked);
  EXPECT_EQ(trap.visitors(), 0);
}

TEST_F(RemoteDocumentsTest, Attack50_CimdSection5_TheConnectedAddressIsCheckedAgain) {
  Trap trap;
  // Even if what was looked up were wrong, the socket is not opened.
  ClientRequest request("GET", "https://client.example:" + trap.port() + "/");
  request.connect_to = {"127.0.0.1"};
  const auto response = guarded->fetch(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().cause, HttpClientCause::refused_url);
  EXPECT_EQ(trap.visitors(), 0);
}

TEST_F(RemoteDocumentsTest, Attack50_CimdSection5_RedirectsAreNotFollowed) {
  Trap trap;
  for (const int status : {301, 302, 303, 307, 308}) {
    ScriptedServer server([&](const std::string&) {
      return http_answer(status, "{}", "Location: http://127.0.0.1:" + trap.port() + "/inside\r\n");
    });
    EXPECT_EQ(fault(lenient.read(server.url("/client.json"), 1000)), RemoteFault::refused) << status;
  }
  EXPECT_EQ(trap.visitors(), 0);
}

TEST_F(RemoteDocumentsTest, LoopbackIsForTestsOnly) {
  ScriptedServer server([](const std::string&) { return http_answer(200, "{}"); });
  EXPECT_EQ(fault(strict.read(server.url(), 1000)), RemoteFault::bad_url);
  EXPECT_EQ(server.connections(), 0);
  EXPECT_TRUE(lenient.read(server.url(), 1000));
  EXPECT_EQ(server.connections(), 1);
  const std::string request = server.last_request();
  EXPECT_EQ(request.find("ookie"), std::string::npos);
  EXPECT_EQ(request.find("uthorization"), std::string::npos);
}

TEST_F(RemoteDocumentsTest, OnlyHttpsUrls) {
  for (const char* const url : {"", "x", "http://client.example/", "ftp://client.example/", "file:///etc/passwd",
                                "https://u@client.example/", "https://client.example/#x", "https://client.example\\x/"})
    EXPECT_EQ(fault(strict.read(url, 1000)), RemoteFault::bad_url) << url;
  EXPECT_EQ(fault(strict.read("https://no-such-host.invalid/x", 1000)), RemoteFault::unreachable);
}

TEST_F(RemoteDocumentsTest, Attack51_SizeAndStatus) {
  std::string body(5000, ' ');
  int status = 200;
  ScriptedServer server([&](const std::string&) { return http_answer(status, body); });
  EXPECT_TRUE(lenient.read(server.url(), 5000));
  body += ' ';
  EXPECT_EQ(fault(lenient.read(server.url(), 5000)), RemoteFault::too_large);
  body = "{}";
  for (const auto& [code, expected] : std::vector<std::pair<int, RemoteFault>>{{204, RemoteFault::refused},
                                                                               {201, RemoteFault::refused},
                                                                               {404, RemoteFault::refused},
                                                                               {401, RemoteFault::refused},
                                                                               {429, RemoteFault::unreachable},
                                                                               {500, RemoteFault::unreachable},
                                                                               {503, RemoteFault::unreachable}}) {
    status = code;
    EXPECT_EQ(fault(lenient.read(server.url(), 5000)), expected) << code;
  }
}

TEST_F(RemoteDocumentsTest, KeptFiveMinutesToADay) {
  std::string headers;
  ScriptedServer server([&](const std::string&) { return http_answer(200, "{}", headers); });
  const std::pair<const char*, long> cases[] = {{"", 300},
                                                {"Cache-Control: max-age=3600\r\n", 3600},
                                                {"Cache-Control: max-age=1\r\n", 300},
                                                {"Cache-Control: no-store\r\n", 300},
                                                {"Cache-Control: public, max-age=999999999\r\n", 24 * 3600},
                                                {"Cache-Control: max-age=-5\r\n", 300}};
  for (const auto& [header, expected] : cases) {
    headers = header;
    const auto read = lenient.read(server.url(), 1000);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->lifetime, seconds(expected)) << header;
  }
}

TEST_F(RemoteDocumentsTest, TheSameUrlIsReadOnceAtATime) {
  std::atomic<int> requests = 0;
  ScriptedServer server([&](const std::string&) {
    ++requests;
    auto answer = http_answer(200, "{}");
    answer.delay = std::chrono::milliseconds(300);
    return answer;
  });
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 2; ++i) threads.emplace_back([&] { good += lenient.read(server.url(), 1000) ? 1 : 0; });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 2);
  EXPECT_EQ(requests, 1);
}

TEST_F(RemoteDocumentsTest, SlowHostsDoNotTakeAllWorkers) {
  ScriptedServer server([&](const std::string&) {
    auto answer = http_answer(200, "{}");
    answer.delay = std::chrono::milliseconds(1000);
    return answer;
  });
  // Names of this machine are as many hosts.
  const auto most = [&](const std::vector<std::string>& hosts) {
    std::vector<std::thread> threads;
    std::atomic<int> good = 0, busy = 0;
    for (int i = 0; i < 32; ++i)
      threads.emplace_back([&, i] {
        const std::string url = "http://" + hosts[static_cast<std::size_t>(i) % hosts.size()] + ":" +
                                std::to_string(server.port()) + "/" + std::to_string(i);
        const auto read = lenient.read(url, 1000);
        good += read ? 1 : 0;
        busy += !read && read.error() == RemoteFault::busy ? 1 : 0;
      });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good + busy, 32);
    return good.load();
  };
  // At least as many as may at once; more where the first ones have ended meanwhile.
  EXPECT_GE(most({"127.0.0.1"}), 2);
  EXPECT_GE(most({"127.0.0.1", "localhost"}), 4);
  // And they are free again.
  EXPECT_TRUE(lenient.read(server.url(), 1000));
}

TEST_F(RemoteDocumentsTest, WhoComesAboveTheBoundIsToldAtOnce) {
  std::promise<void> release;
  const auto released = release.get_future().share();
  std::atomic<int> requests = 0;
  ScriptedServer server([&](const std::string&) {
    ++requests;
    released.wait();
    return http_answer(200, "{}");
  });
  const auto url = [&](const std::string& host, const std::string& path) {
    return "http://" + host + ":" + std::to_string(server.port()) + path;
  };
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  const auto read = [&](const std::string& of) {
    threads.emplace_back([&, of] { good += lenient.read(of, 1000) ? 1 : 0; });
    while (requests < static_cast<int>(threads.size())) std::this_thread::yield();
  };
  read(url("127.0.0.1", "/a"));
  EXPECT_EQ(fault(lenient.read_again(url("127.0.0.1", "/a"), 1000, start)), RemoteFault::busy);
  read(url("127.0.0.1", "/b"));
  EXPECT_EQ(fault(lenient.read(url("127.0.0.1", "/c"), 1000)), RemoteFault::busy);
  EXPECT_EQ(fault(lenient.read(url("127.0.0.1", "/a"), 1000)), RemoteFault::busy) << "who waits holds a thread too";
  read(url("localhost", "/a"));
  read(url("localhost", "/b"));
  EXPECT_EQ(fault(lenient.read("http://[::1]:9/", 1000)), RemoteFault::busy);
  // What the operator named has room of its own.
  const SigningKey key = SigningKey::generate(JwsAlgorithm::es256);
  ScriptedServer other([&](const std::string&) { return http_answer(200, "{\"keys\":[" + key.public_jwk() + "]}"); });
  EXPECT_TRUE(lenient.keys(other.url(), "", true, start));
  EXPECT_FALSE(lenient.keys(other.url("/other"), "", false, start));
  release.set_value();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 4);
}

TEST_F(RemoteDocumentsTest, AHostThatIsAwayIsLeftAloneWhereACopyServes) {
  std::atomic<int> requests = 0;
  ScriptedServer server([&](const std::string&) {
    ++requests;
    return http_answer(503, "");
  });
  EXPECT_EQ(fault(lenient.read_again(server.url(), 1000, start)), RemoteFault::unreachable);
  EXPECT_EQ(fault(lenient.read_again(server.url(), 1000, start + seconds(29))), RemoteFault::busy);
  EXPECT_EQ(requests, 1);
  EXPECT_EQ(fault(lenient.read_again(server.url(), 1000, start + seconds(30))), RemoteFault::unreachable);
  EXPECT_EQ(requests, 2);
}

TEST_F(RemoteDocumentsTest, KeysAreKeptAndReadAgainForAnUnknownKey) {
  const SigningKey first = SigningKey::generate(JwsAlgorithm::es256);
  const SigningKey second = SigningKey::generate(JwsAlgorithm::es256);
  std::string body = "{\"keys\":[" + first.public_jwk() + "]}";
  int status = 200;
  std::atomic<int> requests = 0;
  ScriptedServer server([&](const std::string&) {
    ++requests;
    return http_answer(status, body, "Cache-Control: max-age=600\r\n");
  });
  const auto ask = [&](const SigningKey& key, seconds later) {
    return lenient.keys(server.url(), key.key_id(), false, start + later);
  };
  EXPECT_TRUE(ask(first, seconds(0)));
  EXPECT_TRUE(ask(first, seconds(599)));
  EXPECT_EQ(requests, 1);
  body = "{\"keys\":[" + first.public_jwk() + "," + second.public_jwk() + "]}";
  // Too soon after the last time.
  EXPECT_FALSE(ask(second, seconds(1))->knows(second.key_id()));
  EXPECT_EQ(requests, 1);
  EXPECT_TRUE(ask(second, seconds(31))->knows(second.key_id()));
  EXPECT_EQ(requests, 2);
  // Away: the last good ones for an hour after their time, no longer; errors are not kept.
  status = 503;
  EXPECT_TRUE(ask(first, seconds(31 + 601)));
  EXPECT_TRUE(ask(first, seconds(31 + 600 + 3599)));
  EXPECT_FALSE(ask(first, seconds(31 + 600 + 3601)));
  // Gone is not away.
  status = 404;
  EXPECT_FALSE(ask(first, seconds(31 + 601)));
  status = 200;
  EXPECT_TRUE(ask(first, seconds(31 + 602)));
  body = "{}";
  EXPECT_FALSE(ask(first, seconds(31 + 602 + 601)));
  EXPECT_EQ(ask(first, seconds(31 + 602 + 601)).error(), RemoteFault::malformed);
}

TEST_F(RemoteDocumentsTest, KeysOfTheConfigurationAreAnOperatorsOwn) {
  const SigningKey key = SigningKey::generate(JwsAlgorithm::es256);
  ScriptedServer server([&](const std::string&) { return http_answer(200, "{\"keys\":[" + key.public_jwk() + "]}"); });
  EXPECT_TRUE(strict.keys(server.url(), key.key_id(), true, start));
  // What is in memory for the operator's URL is not a client's.
  EXPECT_FALSE(strict.keys(server.url(), key.key_id(), false, start));
}

}  // namespace
}  // namespace leanmcp::as
