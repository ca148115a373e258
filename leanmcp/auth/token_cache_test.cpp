#include <leanmcp/auth/lookup_cache.hpp>
#include <leanmcp/auth/provider_test_support.hpp>
#include <leanmcp/auth/token_cache.hpp>
#include <leanmcp/crypto/digest.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

TimePoint at(long long seconds) { return TimePoint(std::chrono::seconds(seconds)); }

TEST(TokenCache, NeverPastTheExpiryAndNeverBeyondTheKeys) {
  TokenCache cache;
  const std::string digest = sha256("token");
  EXPECT_FALSE(cache.find(digest, at(100), 1));
  cache.insert(digest, test_principal("ada"), 200, 1);
  EXPECT_EQ(cache.find(digest, at(199), 1)->id(), "ada");
  EXPECT_FALSE(cache.find(digest, at(200), 1));
  EXPECT_FALSE(cache.find(digest, at(100), 2)) << "the keys have changed";
  EXPECT_FALSE(cache.find(sha256("tokem"), at(100), 1));
  cache.insert(digest, test_principal("ada"), 200, 2);
  EXPECT_TRUE(cache.find(digest, at(100), 2));
  EXPECT_EQ(cache.size(), 1U);
}

TEST(TokenCache, IsBounded) {
  TokenCache cache(256);
  for (int i = 0; i < 5000; ++i) cache.insert(sha256(std::to_string(i)), test_principal("x"), 1000, 1);
  EXPECT_EQ(cache.size(), 256U);
  EXPECT_TRUE(cache.find(sha256("4999"), at(1), 1)) << "who came last is there";
  EXPECT_FALSE(cache.find(sha256("0"), at(1), 1));
}

TEST(TokenCache, KeepsWhatFitsWell) {
  TokenCache cache;
  for (int i = 0; i < 4'000; ++i) cache.insert(sha256(std::to_string(i)), test_principal(std::to_string(i)), 1000, 1);
  int kept = 0;
  for (int i = 0; i < 4'000; ++i) {
    const auto found = cache.find(sha256(std::to_string(i)), at(1), 1);
    if (found) {
      EXPECT_EQ(found->id(), std::to_string(i));
      ++kept;
    }
  }
  EXPECT_GT(kept, 3'980) << "a quarter full: next to nothing is pushed out";
}

TEST(TokenCache, DigestsThatBeginAlikeAreTwo) {
  TokenCache cache;
  std::string one(32, 'a');
  std::string other = one;
  other.back() = 'b';
  cache.insert(one, test_principal("ada"), 1000, 1);
  EXPECT_FALSE(cache.find(other, at(1), 1));
  cache.insert(other, test_principal("bob"), 1000, 1);
  EXPECT_EQ(cache.find(one, at(1), 1)->id(), "ada");
  EXPECT_EQ(cache.find(other, at(1), 1)->id(), "bob");
  const std::string zero(32, '\0');
  EXPECT_FALSE(cache.find(zero, at(1), 1));
  cache.insert(zero, test_principal("eve"), 1000, 1);
  EXPECT_EQ(cache.find(zero, at(1), 1)->id(), "eve");
}

struct LookupCacheTest : testing::Test {
  using Cache = LookupCache<std::string>;
  ManualExecutor executor;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<Cache> cache = std::make_shared<Cache>(clock, 4);
  int started = 0;
  std::vector<Cache::Done> open;

  std::function<void(Cache::Done)> start() {
    return [this](Cache::Done done) {
      ++started;
      open.push_back(std::move(done));
    };
  }
  void answer(Cache::Answer value) {
    auto all = std::move(open);
    open.clear();
    for (const auto& done : all) done(value);
  }
  long long seconds() const { return unix_seconds(clock->now()); }
};

TEST_F(LookupCacheTest, ManyWaitForOne) {
  for (int i = 0; i < 100; ++i) cache->get("k", 0, start());
  EXPECT_EQ(started, 1);
  EXPECT_FALSE(cache->find("k"));
  answer(std::string("v"));
  EXPECT_EQ(**cache->find("k"), "v");
  cache->get("k", 0, start());
  EXPECT_EQ(started, 1);
  clock->advance(300s);
  EXPECT_FALSE(cache->find("k")) << "300 s at most";
  cache->get("k", 0, start());
  EXPECT_EQ(started, 2);
}

TEST_F(LookupCacheTest, NeverPastTheTokensExpiry) {
  cache->get("k", seconds() + 20, start());
  answer(std::string("v"));
  clock->advance(19s);
  EXPECT_TRUE(cache->find("k"));
  clock->advance(1s);
  EXPECT_FALSE(cache->find("k"));
  cache->get("own", 0, start(), [this](const std::string&) { return seconds() + 5; });
  answer(std::string("v"));
  clock->advance(5s);
  EXPECT_FALSE(cache->find("own"));
}

TEST_F(LookupCacheTest, FaultsAreRememberedForTenSecondsOrAsLongAsAsked) {
  cache->get("k", 0, start());
  answer(AuthFault(AuthCode::verification_failed, "away"));
  EXPECT_EQ(cache->find("k")->error().reason, "away");
  clock->advance(10s);
  EXPECT_FALSE(cache->find("k"));
  AuthFault limited(AuthCode::verification_failed, "limited");
  limited.retry_after = 60s;
  cache->get("k", 0, start());
  answer(limited);
  clock->advance(59s);
  EXPECT_TRUE(cache->find("k"));
  clock->advance(1s);
  EXPECT_FALSE(cache->find("k"));
}

TEST_F(LookupCacheTest, IsBoundedAndKeepsWhoIsWaitedFor) {
  cache->get("waited", 0, start());
  auto waited = std::move(open);
  open.clear();
  for (int i = 0; i < 50; ++i) {
    cache->get(std::to_string(i), 0, start());
    answer(std::string("v"));
  }
  EXPECT_FALSE(cache->find("0"));
  EXPECT_TRUE(cache->find("49"));
  cache->get("waited", 0, start());
  EXPECT_EQ(started, 51);
  waited.front()(std::string("late"));
  EXPECT_EQ(**cache->find("waited"), "late");
}

TEST_F(LookupCacheTest, GoesOnWhenTheCallThatStartedItIsCancelled) {
  const auto ask = [](std::shared_ptr<Cache> from, std::function<void(Cache::Done)> by) -> Task<std::string> {
    const auto shot = from->get("k", 0, by);
    auto value = co_await shot;
    co_return *value;
  };
  std::optional<std::string> second;
  const auto first = spawn(executor, ask(cache, start()), [](RunOutcome<std::string>) {});
  spawn(executor, ask(cache, start()), [&](RunOutcome<std::string> outcome) { second = outcome.value; });
  RunHandle(first).destroy();
  answer(std::string("v"));
  executor.run();
  EXPECT_EQ(second, "v");
  EXPECT_EQ(started, 1);
}

}  // namespace
}  // namespace leanmcp
