#include <leanmcp/oauth/server/stored_tries.hpp>

#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/storage/engine_test_support.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace leanmcp::as {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const TimePoint tries_begin{milliseconds(1'800'000'000'000)};

/// On both engines; on PostgreSQL only where it is installed.
class StoredTries : public EachEngine {
 protected:
  /// Each is as another instance has it.
  Store open() const { return *Store::open(*Database::open(url_)); }
};
INSTANTIATE_TEST_SUITE_P(Engines, StoredTries, both_engines, engine_name);

TEST_P(StoredTries, SoManyAtOnceAndThenSteadily) {
  const Store store = open();
  const TryRule rule("x", 4, minutes(1));
  const auto take = [&](seconds at) { return take_stored_try(store, rule, "key", tries_begin + at); };
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(wait_for_stored_try(store, rule, "key", tries_begin), milliseconds(0));
    EXPECT_EQ(take(seconds(0)), milliseconds(0)) << i;
  }
  EXPECT_EQ(wait_for_stored_try(store, rule, "key", tries_begin), seconds(15));
  EXPECT_EQ(take(seconds(0)), seconds(15));
  EXPECT_EQ(take(seconds(5)), seconds(10)) << "what is refused does not count";
  EXPECT_EQ(take(seconds(15)), milliseconds(0));
  EXPECT_EQ(take(seconds(15)), seconds(15));
  EXPECT_EQ(take_stored_try(store, rule, "other", tries_begin), milliseconds(0));
  EXPECT_EQ(take_stored_try(store, TryRule("y", 4, minutes(1)), "key", tries_begin), milliseconds(0));
  // After a pause all of them again, and not more.
  for (int i = 0; i < 4; ++i) EXPECT_EQ(take(seconds(600)), milliseconds(0)) << i;
  EXPECT_EQ(take(seconds(600)), seconds(15));
}

TEST_P(StoredTries, AllInstancesCountTogetherAndARestartForgetsNothing) {
  OAuthServerOptions::Limits settings;
  settings.failures_per_address = 6;
  RateLimits here(settings, open()), there(settings, open());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(here.take(Limit::password, "192.0.2.1", tries_begin), seconds(0));
    EXPECT_EQ(there.take(Limit::password, "192.0.2.1", tries_begin), seconds(0));
  }
  for (RateLimits* const each : {&here, &there}) {
    EXPECT_EQ(each->wait(Limit::password, "192.0.2.1", tries_begin), seconds(10));
    EXPECT_EQ(each->take(Limit::password, "192.0.2.1", tries_begin), seconds(10));
    EXPECT_EQ(each->wait(Limit::password, "192.0.2.2", tries_begin), seconds(0));
  }
  const RateLimits after(settings, open());
  EXPECT_EQ(after.wait(Limit::password, "192.0.2.1", tries_begin), seconds(10));
  EXPECT_EQ(after.wait(Limit::password, "192.0.2.1", tries_begin + seconds(10)), seconds(0));
}

TEST_P(StoredTries, HoweverManyAtTheSameTime) {
  constexpr int many = 8;
  const TryRule rule("x", 10, minutes(1));
  std::vector<Store> instances;
  for (int i = 0; i < many; ++i) instances.push_back(open());
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (const Store& store : instances)
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) taken += take_stored_try(store, rule, "key", tries_begin).count() == 0;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken, 10);
}

TEST_P(StoredTries, AreSweptAndBounded) {
  const Store store = open();
  const TryRule brief("x", 1, minutes(1)), lasting("x", 1, minutes(60));
  for (int i = 0; i < 5; ++i) (void)take_stored_try(store, brief, "brief " + std::to_string(i), tries_begin);
  for (int i = 0; i < 5; ++i)
    (void)take_stored_try(store, lasting, "lasting " + std::to_string(i), tries_begin + seconds(i));
  EXPECT_EQ(*store.sweep(tries_begin + seconds(59)), 0);
  EXPECT_EQ(*store.sweep(tries_begin + seconds(60)), 5);
  EXPECT_EQ(wait_for_stored_try(store, lasting, "lasting 0", tries_begin + seconds(60)), minutes(59));
  EXPECT_EQ(*sweep_stored_tries(store.database(), tries_begin + seconds(60), 3), 2) << "the nearest to their end";
  EXPECT_EQ(wait_for_stored_try(store, lasting, "lasting 1", tries_begin + seconds(60)), milliseconds(0));
  EXPECT_GT(wait_for_stored_try(store, lasting, "lasting 2", tries_begin + seconds(60)), milliseconds(0));
  EXPECT_EQ(*store.sweep(tries_begin + minutes(120)), 3);
}

TEST_P(StoredTries, ADatabaseThatFailsLeavesWhatIsInMemory) {
  const Store store = open();
  ASSERT_TRUE(store.database().run("DROP TABLE as_tries"));
  OAuthServerOptions::Limits settings;
  settings.failures_per_address = 2;
  RateLimits limits(settings, store);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(limits.take(Limit::password, "a", tries_begin), seconds(0));
  EXPECT_EQ(limits.take(Limit::password, "a", tries_begin), seconds(30));
}

}  // namespace
}  // namespace leanmcp::as
