#include <leanmcp/transport/resumable_stream.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

TEST(StreamBudget, WhatIsKeptStaysWithinIt) {
  const auto all = std::make_shared<StreamBudget>(10'000);
  StreamStore one(all);
  StreamStore other(all);
  const auto first = one.create(true);
  for (int i = 0; i < 100; ++i) first->send(std::string(400, 'x'));
  EXPECT_FALSE(all->over()) << "the oldest events of the stream went";
  const auto second = other.create(true);
  second->finish(std::string(50'000, 'x'));
  EXPECT_FALSE(all->over()) << "even the last one, where nothing else helps";
  EXPECT_TRUE(other.find(second->name() + "_1")) << "the stream itself is still known";
  one.close_all();
  other.close_all();
}

TEST(StreamBudget, FinishedStreamsOfASessionMakeRoomFirst) {
  const auto all = std::make_shared<StreamBudget>(1'000'000'000);
  StreamStore store(all);
  const auto running = store.create(true);
  running->send("{}");
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) {
    const auto stream = store.create(true);
    stream->finish(std::string(1'000'000, 'x'));
    names.push_back(stream->name());
  }
  EXPECT_FALSE(store.find(names.front() + "_1"));
  EXPECT_TRUE(store.find(names.back() + "_1"));
  EXPECT_TRUE(store.find(running->name() + "_1")) << "it is older, but a call still writes to it";
}

TEST(StreamBudget, IsGivenBack) {
  const auto all = std::make_shared<StreamBudget>(1'000);
  {
    StreamStore store(all);
    const auto stream = store.create(true);
    stream->send(std::string(900, 'x'));
    all->take(200);
    EXPECT_TRUE(all->over());
  }
  EXPECT_FALSE(all->over());
}

TEST(StreamStore, ASessionHasSixtyFourStreamsAtMost) {
  StreamStore store(std::make_shared<StreamBudget>(1'000'000));
  const auto first = store.create(false);
  for (int i = 0; i < 63; ++i) store.create(false);
  EXPECT_TRUE(store.find(first->name() + "_0"));
  store.create(false);
  EXPECT_FALSE(store.find(first->name() + "_0"));
  for (const char* const id : {"", "_", "x_", "x_-1", "x_99999999999999999999", "_1"}) EXPECT_FALSE(store.find(id)) << id;
}

}  // namespace
}  // namespace leanmcp
