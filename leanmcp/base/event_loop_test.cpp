#include <leanmcp/base/event_loop.hpp>

#include <leanmcp/base/event_loop_internal.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace leanmcp {
namespace {

using std::chrono::milliseconds;

TEST(EventLoop, RunsWhatIsPostedInOrder) {
  EventLoop loop;
  std::string order;
  loop.post([&] {
    order += 'a';
    loop.post([&] {
      order += 'c';
      loop.stop();
    });
    order += 'b';
  });
  loop.run();
  EXPECT_EQ(order, "abc");
}

TEST(EventLoop, StopsFromAnotherThreadAndRunsAgain) {
  EventLoop loop;
  for (int round = 0; round < 20; ++round) {
    std::thread other([&] { loop.stop(); });
    loop.run();
    other.join();
  }
}

TEST(EventLoop, RemembersAStopThatCameBeforeTheRun) {
  EventLoop loop;
  loop.stop();
  loop.run();
  bool ran = false;
  loop.post([&] {
    ran = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(ran);
}

TEST(EventLoop, TimersRunInTheirOrderWhateverTheOrderOfTheirStart) {
  EventLoop loop;
  std::string order;
  loop.start_timer(milliseconds(30), [&] {
    order += 'c';
    loop.stop();
  });
  loop.start_timer(milliseconds(10), [&] { order += 'a'; });
  loop.start_timer(milliseconds(20), [&] { order += 'b'; });
  loop.run();
  EXPECT_EQ(order, "abc");
}

TEST(EventLoop, ATimerStartedFromAnotherThreadWakesTheLoop) {
  EventLoop loop;
  // A far one first, so that the loop already waits for it.
  loop.start_timer(std::chrono::hours(1), [] {});
  std::thread other([&] { loop.start_timer(milliseconds(1), [&] { loop.stop(); }); });
  loop.run();
  other.join();
}

TEST(EventLoop, ACancelledTimerDoesNotRunAndLetsGoOfWhatItHolds) {
  EventLoop loop;
  const auto held = std::make_shared<int>(1);
  bool ran = false;
  const auto id = loop.start_timer(milliseconds(1), [&ran, held] { ran = true; });
  loop.cancel_timer(id);
  EXPECT_EQ(held.use_count(), 1);
  loop.cancel_timer(id);
  loop.cancel_timer(0);
  loop.start_timer(milliseconds(5), [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(ran);
}

TEST(EventLoop, AnExtremeDelayIsNever) {
  EventLoop loop;
  bool ran = false;
  loop.start_timer(milliseconds::max(), [&] { ran = true; });
  loop.start_timer(milliseconds(-5), [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(ran);
}

TEST(EventLoop, AnExceptionComesOutAndTheLoopGoesOn) {
  EventLoop loop;
  loop.start_timer(milliseconds(1), [] { throw std::runtime_error("bug"); });
  loop.start_timer(milliseconds(1), [&] { loop.stop(); });
  EXPECT_THROW(loop.run(), std::runtime_error);
  loop.run();
}

TEST(EventLoop, KnowsItsThread) {
  EventLoop loop;
  EXPECT_FALSE(loop.in_this_thread());
  bool inside = false;
  loop.post([&] {
    inside = loop.in_this_thread();
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(inside);
  EXPECT_FALSE(loop.in_this_thread());
}

TEST(EventLoop, TakesPostsFromManyThreads) {
  EventLoop loop;
  constexpr int threads = 4, each = 2'000;
  int ran = 0;
  std::vector<std::thread> others;
  for (int t = 0; t < threads; ++t)
    others.emplace_back([&] {
      for (int i = 0; i < each; ++i)
        loop.post([&] {
          if (++ran == threads * each) loop.stop();
        });
    });
  loop.run();
  for (auto& other : others) other.join();
  EXPECT_EQ(ran, threads * each);
}

TEST(EventLoop, OnceClosedItKeepsNothingAlive) {
  auto loop = std::make_shared<EventLoop>();
  const std::weak_ptr<EventLoop> watch = loop;
  bool ran = false;
  loop->post([loop, &ran] { ran = true; });
  loop->start_timer(milliseconds(1), [loop, &ran] { ran = true; });
  loop->internal().close();
  loop->post([loop, &ran] { ran = true; });
  loop->start_timer(milliseconds(0), [loop, &ran] { ran = true; });
  loop.reset();
  EXPECT_TRUE(watch.expired());
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace leanmcp
