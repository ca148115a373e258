#include <leanmcp/elicitation/browser_flow.hpp>

#include <leanmcp/storage/engine_test_support.hpp>
#include <leanmcp/elicitation/page.hpp>

#include <atomic>
#include <thread>
#include <vector>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

const TimePoint now{1'800'000'000s};

BrowserFlows flows(const Database& database, const std::string& url = "https://mcp.example.com") {
  return *BrowserFlows::open(database, *KeyRing::parse(std::string(64, 'a')), url);
}
Database memory() { return *Database::open("sqlite::memory:"); }

std::string pair_of(const std::string& set_cookie) { return set_cookie.substr(0, set_cookie.find(';')); }

std::string outcome(const BrowserFlows& f, std::string_view kind, std::string_view state, std::string_view cookies,
                    TimePoint at = now) {
  const auto taken = f.take(kind, state, cookies, at);
  return taken ? taken.value().subject + "=" + taken.value().payload : std::string(to_string(taken.error()));
}

class StoredFlows : public EachEngine {};
INSTANTIATE_TEST_SUITE_P(Engines, StoredFlows, both_engines, engine_name);

TEST_P(StoredFlows, AJourneyEndsOnceInTheBrowserThatBeganIt) {
  const BrowserFlows f = flows(instance());
  const auto mine = f.begin("sign-in", "link-1", "secret", now);
  const auto other = f.begin("sign-in", "link-1", "other", now);
  ASSERT_TRUE(mine && other);
  const std::string cookie = pair_of(mine.value().cookie);
  EXPECT_EQ(outcome(f, "sign-in", mine.value().state, ""), "begun in another browser");
  EXPECT_EQ(outcome(f, "sign-in", mine.value().state, pair_of(other.value().cookie)), "begun in another browser");
  EXPECT_EQ(outcome(f, "sign-in", mine.value().state, cookie + "; " + cookie), "begun in another browser");
  EXPECT_EQ(outcome(f, "service:x", mine.value().state, cookie), "unknown state");
  EXPECT_EQ(outcome(f, "sign-in", mine.value().state.substr(1) + "A", cookie), "unknown state");
  EXPECT_EQ(outcome(f, "sign-in", "", cookie), "unknown state");
  EXPECT_EQ(outcome(f, "sign-in", mine.value().state, "a=b; " + cookie + "; c=d"), "link-1=secret")
      << "all those refusals left it usable";
  EXPECT_EQ(outcome(f, "sign-in", mine.value().state, cookie), "used before");
}

TEST_P(StoredFlows, WhatOneInstanceBeganAnotherEndsOnce) {
  const auto begun = flows(instance()).begin("sign-in", "link-1", "secret", now);
  ASSERT_TRUE(begun);
  constexpr int many = 8;
  std::vector<BrowserFlows> instances;
  for (int i = 0; i < many; ++i) instances.push_back(flows(instance()));
  std::atomic<int> ended = 0, late = 0, ready = 0;
  std::vector<std::thread> threads;
  for (const BrowserFlows& each : instances)
    threads.emplace_back([&] {
      for (++ready; ready < many;) std::this_thread::yield();
      const std::string got = outcome(each, "sign-in", begun->state, pair_of(begun->cookie));
      ended += got == "link-1=secret";
      late += got == "used before";
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(late, many - 1);
}

TEST_P(StoredFlows, RunsOut) {
  const BrowserFlows f = flows(instance());
  const auto begun = f.begin("sign-in", "link-1", "secret", now);
  ASSERT_TRUE(begun);
  EXPECT_EQ(outcome(f, "sign-in", begun.value().state, pair_of(begun.value().cookie), now + 11min), "expired");
}

TEST_P(StoredFlows, OneLinkCannotFillTheTable) {
  const BrowserFlows f = flows(instance());
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(f.begin("sign-in", "link-1", "x", now));
  const auto refused = f.begin("sign-in", "link-1", "x", now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), FlowRefusal::too_many);
  EXPECT_TRUE(f.begin("sign-in", "link-2", "x", now));
  EXPECT_TRUE(f.begin("sign-in", "link-1", "x", now + 11min)) << "old ones go";
}

TEST(BrowserFlows, CookiesAreHostBoundExceptOnLoopback) {
  const auto cookie = [](const std::string& url) {
    return flows(memory(), url).begin("k", "s", "p", now).value().cookie;
  };
  const std::string secure = cookie("https://mcp.example.com/");
  EXPECT_TRUE(secure.starts_with("__Host-leanmcp-")) << secure;
  EXPECT_NE(secure.find("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"), std::string::npos) << secure;
  const std::string plain = cookie("http://127.0.0.1:3000");
  EXPECT_TRUE(plain.starts_with("leanmcp-")) << plain;
  EXPECT_EQ(plain.find("Secure"), std::string::npos);
  for (const char* url : {"http://mcp.example.com", "ftp://localhost", "nonsense", "https://a@b.example", ""})
    EXPECT_FALSE(BrowserFlows::open(memory(), KeyRing::random(), url)) << url;
}

TEST_P(StoredFlows, NothingOfAJourneyIsReadableInTheTable) {
  const Database database = instance();
  const auto begun = flows(database).begin("sign-in", "link-1", "the-verifier", now);
  const auto rows = database.run("SELECT state_hash || binding_hash || sealed FROM browser_flows");
  EXPECT_EQ((*rows)[0].text(0).find("the-verifier"), std::string::npos);
  EXPECT_EQ((*rows)[0].text(0).find(begun.value().state), std::string::npos);
}

}  // namespace
}  // namespace leanmcp
