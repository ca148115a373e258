#include <leanmcp/elicitation/once_store.hpp>

#include <leanmcp/storage/engine_test_support.hpp>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using OnceState = OnceStore::State;

const TimePoint once_now{1'800'000'000s};

class SqlOnce : public EachEngine {};
INSTANTIATE_TEST_SUITE_P(Engines, SqlOnce, both_engines, engine_name);

TEST_P(SqlOnce, OneHolderDoesItAndABrokenOneIsNotRepeated) {
  const Database database = instance();
  const std::shared_ptr<OnceStore> store = *sql_once_store(database, 60s);
  EXPECT_EQ(store->claim("id", "a", once_now).value().state, OnceState::mine);
  EXPECT_EQ(store->claim("id", "b", once_now).value().state, OnceState::busy);
  EXPECT_EQ(store->claim("id", "b", once_now + 61s).value().state, OnceState::unknown);
  EXPECT_FALSE(store->finish("id", "b", "1"));
  ASSERT_TRUE(store->release("id", "b"));
  ASSERT_TRUE(store->finish("id", "a", "1"));
  EXPECT_EQ(store->claim("id", "b", once_now + 61s).value().state, OnceState::done);
  EXPECT_EQ(store->claim("id", "b", once_now + 61s).value().result, "1");
  EXPECT_EQ(store->claim("other", "a", once_now).value().state, OnceState::mine);
  ASSERT_TRUE(store->release("other", "a"));
  EXPECT_EQ(store->claim("other", "b", once_now).value().state, OnceState::mine);
  EXPECT_EQ(*forget_once(database, once_now + 1s), 2);
}

TEST_P(SqlOnce, OfManyInstancesOneDoesIt) {
  constexpr int many = 8;
  for (int round = 0; round < 5; ++round) {
    const std::string id = "id-" + std::to_string(round);
    std::vector<std::shared_ptr<OnceStore>> instances;
    for (int i = 0; i < many; ++i) instances.push_back(*sql_once_store(instance(), 60s));
    std::atomic<int> mine = 0, busy = 0, ready = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < many; ++i)
      threads.emplace_back([&, i] {
        for (++ready; ready < many;) std::this_thread::yield();
        const auto claimed = instances[static_cast<std::size_t>(i)]->claim(id, "holder-" + std::to_string(i), once_now);
        ASSERT_TRUE(claimed);
        mine += claimed->state == OnceState::mine;
        busy += claimed->state == OnceState::busy;
      });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(mine, 1);
    EXPECT_EQ(busy, many - 1);
  }
}

TEST_P(SqlOnce, WhatOneRecordedAnotherReads) {
  const std::string result = "{\"n\":1,\"text\":\"naïve \\u0000\"}";
  {
    const auto store = *sql_once_store(instance(), 60s);
    ASSERT_EQ(store->claim("id", "a", once_now)->state, OnceState::mine);
    ASSERT_TRUE(store->finish("id", "a", result));
  }
  const auto read = (*sql_once_store(instance(), 60s))->claim("id", "b", once_now);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->state, OnceState::done);
  EXPECT_EQ(read->result, result);
}

}  // namespace
}  // namespace leanmcp
