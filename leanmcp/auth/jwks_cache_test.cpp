#include <leanmcp/auth/firebase.hpp>
#include <leanmcp/auth/jwks_cache.hpp>
#include <leanmcp/auth/provider_test_support.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using test::World;
using Step = JwksCache::Step;

const std::string keys_url = "https://idp.example/keys";

struct JwksCacheTest : testing::Test {
  World world;
  std::shared_ptr<JwksCache> cache = JwksCache::create(keys_url, world.network.fetcher(), world.clock, KeyTimes());
  TimePoint now() const { return world.clock->now(); }
  int fetches() const { return world.network.asked(keys_url); }
  void start(const HttpFields& headers = {}) {
    world.network.serve(keys_url, test::key_set({World::key()}), headers);
    ASSERT_TRUE(cache->init());
    EXPECT_EQ(fetches(), 1);
  }
};

TEST(CacheLifetime, ReadsCacheControl) {
  EXPECT_EQ(cache_lifetime("public, max-age=600"), 600s);
  EXPECT_EQ(cache_lifetime("Max-Age=\"15\", must-revalidate"), 15s);
  EXPECT_EQ(cache_lifetime("max-age=1, max-age=2"), 1s);
  EXPECT_EQ(cache_lifetime("no-store"), 0s);
  EXPECT_EQ(cache_lifetime("max-age=100, no-cache"), 0s);
  EXPECT_GT(cache_lifetime("max-age=99999999999999").value(), 1'000'000s);
  for (const char* none : {"", "public", "max-age", "max-age=", "max-age=-1", "max-age=1.5", "x-max-age=3"})
    EXPECT_FALSE(cache_lifetime(none)) << none;
}

TEST_F(JwksCacheTest, IsFetchedOnceAndUsed) {
  start();
  EXPECT_EQ(cache->ready(now()), Step::use);
  EXPECT_EQ(cache->keys()->keys.size(), 1U);
  world.clock->advance(7min);
  EXPECT_EQ(cache->ready(now()), Step::use);
  EXPECT_EQ(fetches(), 1);
}

TEST_F(JwksCacheTest, SaysWhatIsWrongAtTheStart) {
  world.network.fail(keys_url, 503);
  EXPECT_EQ(cache->init().error().message(),
            "the provider's keys at " + keys_url + " cannot be used: the answer has status 503");
  world.network.down = true;
  EXPECT_EQ(cache->init().error().message(),
            "the provider's keys cannot be fetched from " + keys_url + " (cannot_connect)");
  world.network.down = false;
  world.network.fail(keys_url, 302);
  EXPECT_FALSE(cache->init()) << "redirects are not followed";
  world.network.serve(keys_url, "{\"keys\":[]}");
  EXPECT_FALSE(cache->init());
  world.network.serve(keys_url, std::string(600 * 1024, ' ') + test::key_set({World::key()}));
  EXPECT_FALSE(cache->init());
}

TEST_F(JwksCacheTest, TakesHttpsOnlyExceptForLoopback) {
  for (const char* bad : {"http://idp.example/keys", "ftp://x/y", "https://u@x/y", "http://127.evil.example/",
                          "http://localhost.evil/"}) {
    const auto other = JwksCache::create(bad, world.network.fetcher(), world.clock, KeyTimes());
    EXPECT_FALSE(other->init()) << bad;
  }
  EXPECT_EQ(world.network.requests.size(), 0U);
  EXPECT_TRUE(is_provider_url("http://127.0.0.1:8080/keys"));
  EXPECT_TRUE(is_provider_url("http://localhost:1/"));
  EXPECT_TRUE(is_provider_url("http://[::1]:1/"));
  EXPECT_TRUE(is_provider_url(FirebaseOptions().jwks_url_)) << "a sign that is none of credentials";
  for (const char* bad : {"", "https://", "https:///x", "http://127.0.0.1@evil.example/", "https://x?y", "https://x#y",
                          "https://x\\y", "https://a@b"})
    EXPECT_FALSE(is_provider_url(bad)) << bad;
}

TEST_F(JwksCacheTest, LeavesOutKeysThatCannotBeUsed) {
  world.network.serve(
      keys_url, "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"},{\"kty\":\"new\"},7," + World::key().public_jwk() + "]}");
  ASSERT_TRUE(cache->init());
  EXPECT_EQ(cache->keys()->keys.size(), 1U);
}

TEST_F(JwksCacheTest, IsRefreshedInTheBackgroundBeforeItIsStale) {
  start();
  world.clock->advance(8min);
  world.network.held = true;
  EXPECT_EQ(cache->ready(now()), Step::use) << "nobody waits";
  EXPECT_EQ(cache->ready(now()), Step::use);
  EXPECT_EQ(fetches(), 2) << "one at a time";
  world.network.release();
  world.clock->advance(7min);
  EXPECT_EQ(cache->ready(now()), Step::use);
  EXPECT_EQ(fetches(), 2);
}

TEST_F(JwksCacheTest, StaleKeysWaitForNewOnes) {
  start();
  world.clock->advance(1h);
  world.network.held = true;
  EXPECT_EQ(cache->ready(now()), Step::wait);
  const auto waiting = cache->refreshed();
  EXPECT_EQ(fetches(), 2);
  world.network.release();
  EXPECT_EQ(cache->ready(now()), Step::use);
}

TEST_F(JwksCacheTest, CacheControlIsClamped) {
  start({{"cache-control", "max-age=1"}});
  world.clock->advance(3min);
  cache->ready(now());
  EXPECT_EQ(fetches(), 1) << "at least five minutes";
  world.network.serve(keys_url, test::key_set({World::key()}), {{"cache-control", "max-age=99999999"}});
  world.clock->advance(61s);
  cache->ready(now());
  EXPECT_EQ(fetches(), 2);
  world.clock->advance(19h);
  cache->ready(now());
  EXPECT_EQ(fetches(), 2);
  world.clock->advance(1h);
  cache->ready(now());
  EXPECT_EQ(fetches(), 3) << "at most a day";
}

TEST_F(JwksCacheTest, LastGoodKeysAreUsedForADayWhileTheProviderIsAway) {
  start();
  world.network.down = true;
  world.clock->advance(11min);
  EXPECT_EQ(cache->ready(now()), Step::wait) << "one tries";
  EXPECT_EQ(cache->ready(now()), Step::use) << "and then it is known";
  const int tried = fetches();
  EXPECT_EQ(cache->ready(now()), Step::use);
  EXPECT_EQ(fetches(), tried) << "not again within ten seconds";
  world.clock->advance(10s);
  EXPECT_EQ(cache->ready(now()), Step::use);
  EXPECT_EQ(fetches(), tried + 1);
  world.clock->advance(23h);
  EXPECT_EQ(cache->ready(now()), Step::use);
  world.clock->advance(1h);
  cache->ready(now());
  EXPECT_EQ(cache->ready(now()), Step::unavailable);
  world.network.down = false;
  world.clock->advance(11s);
  cache->ready(now());
  EXPECT_EQ(cache->ready(now()), Step::use) << "up again";
}

TEST_F(JwksCacheTest, UnknownKeysCostOneFetchForACooldown) {
  start();
  EXPECT_EQ(cache->unknown(now()), Step::use) << "just fetched: it is unknown";
  world.clock->advance(30s);
  EXPECT_EQ(cache->unknown(now()), Step::wait);
  cache->refreshed("nobody");
  EXPECT_EQ(fetches(), 2);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(cache->unknown(now()), Step::use);
  world.clock->advance(9'999ms);
  EXPECT_EQ(cache->unknown(now()), Step::use);
  world.clock->advance(1ms);
  EXPECT_EQ(cache->unknown(now()), Step::wait) << "ten seconds after a miss";
  world.network.serve(keys_url, test::key_set({World::key(), World::other_key()}));
  cache->refreshed(World::other_key().key_id());
  EXPECT_EQ(fetches(), 3);
  world.clock->advance(29s);
  EXPECT_EQ(cache->unknown(now()), Step::use) << "thirty after a hit";
  world.clock->advance(1s);
  EXPECT_EQ(cache->unknown(now()), Step::wait);
}

TEST_F(JwksCacheTest, FloodsShareOneFetch) {
  start();
  world.clock->advance(1min);
  world.network.held = true;
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(cache->unknown(now()), Step::wait);
    cache->refreshed("kid" + std::to_string(i));
  }
  EXPECT_EQ(fetches(), 2);
  world.network.release();
  EXPECT_EQ(cache->unknown(now()), Step::use);
}

TEST_F(JwksCacheTest, AProviderThatIsAwayIsNoBadToken) {
  start();
  world.clock->advance(1min);
  world.network.down = true;
  cache->refreshed("new");
  EXPECT_EQ(cache->unknown(now()), Step::unavailable);
  EXPECT_EQ(cache->ready(now()), Step::use) << "known keys go on";
}

TEST_F(JwksCacheTest, TheGenerationFollowsTheContent) {
  start();
  const auto first = cache->generation();
  world.clock->advance(1min);
  cache->refreshed("x");
  EXPECT_EQ(cache->generation(), first) << "the same set";
  world.clock->advance(1min);
  world.network.serve(keys_url, test::key_set({World::other_key()}));
  cache->refreshed("x");
  EXPECT_GT(cache->generation(), first);
  const auto second = cache->generation();
  world.clock->advance(1min);
  world.network.serve(keys_url, "no keys at all");
  cache->refreshed("x");
  EXPECT_EQ(cache->generation(), second) << "what cannot be read changes nothing";
}

TEST_F(JwksCacheTest, WaitersAreWokenAlsoByAFailure) {
  start();
  world.clock->advance(1min);
  world.network.held = true;
  std::optional<bool> good;
  const auto wait = [](std::shared_ptr<JwksCache> from) -> Task<bool> {
    const auto shot = from->refreshed("x");
    const bool value = co_await shot;
    co_return value;
  };
  spawn(world.executor, wait(cache), [&](RunOutcome<bool> outcome) { good = outcome.value; });
  EXPECT_FALSE(good);
  world.network.down = true;
  world.network.release();
  world.executor.run();
  EXPECT_EQ(good, false);
}

TEST_F(JwksCacheTest, AnAnswerAfterTheEndHarmsNobody) {
  start();
  world.clock->advance(1min);
  world.network.held = true;
  cache->refreshed("x");
  cache.reset();
  world.network.release();
}

}  // namespace
}  // namespace leanmcp
