#include <leanmcp/base/worker_pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>

namespace leanmcp {
namespace {

TEST(WorkerPool, RunsEverythingItTook) {
  std::atomic<int> ran{0};
  std::promise<void> last;
  {
    WorkerPool pool(3, 1000);
    for (int i = 0; i < 500; ++i)
      ASSERT_TRUE(pool.submit([&] {
        if (++ran == 500) last.set_value();
      }));
    last.get_future().wait();
  }
  EXPECT_EQ(ran, 500);
}

TEST(WorkerPool, RefusesWhatDoesNotFit) {
  std::promise<void> started;
  std::promise<void> gate;
  WorkerPool pool(1, 2);
  ASSERT_TRUE(pool.submit([&] {
    started.set_value();
    gate.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_FALSE(pool.submit([] {}));
  gate.set_value();
}

TEST(WorkerPool, TellsOfExceptionsAndGoesOn) {
  std::promise<void> told;
  std::promise<void> after;
  WorkerPool pool(1, 10, [&](std::exception_ptr) { told.set_value(); });
  pool.submit([] { throw std::runtime_error("bug"); });
  pool.submit([&] { after.set_value(); });
  told.get_future().wait();
  after.get_future().wait();
}

TEST(WorkerPool, DropsWhatHasNotBegunWhenItEnds) {
  const auto held = std::make_shared<int>(1);
  std::promise<void> started;
  std::promise<void> gate;
  std::thread ender;
  {
    auto pool = std::make_unique<WorkerPool>(1, 10);
    pool->submit([&] {
      started.set_value();
      gate.get_future().wait();
    });
    started.get_future().wait();
    pool->submit([held] { FAIL(); });
    ender = std::thread([pool = std::move(pool)]() mutable { pool.reset(); });
  }
  // The queue is emptied before the running piece is waited for.
  while (held.use_count() > 1) std::this_thread::yield();
  gate.set_value();
  ender.join();
}

TEST(WorkerPool, NothingWaitsForALongJobWhileAThreadIsFree) {
  WorkerPool pool(3, 100);
  for (int i = 0; i < 300; ++i) {
    std::promise<void> gate;
    const std::shared_future<void> opened(gate.get_future());
    std::promise<void> ended[2];
    std::promise<void> quick[3];
    for (auto& end : ended)
      ASSERT_TRUE(pool.submit([opened, &end] {
        opened.wait();
        end.set_value();
      }));
    for (auto& done : quick) ASSERT_TRUE(pool.submit([&done] { done.set_value(); }));
    for (auto& done : quick) done.get_future().wait();
    gate.set_value();
    for (auto& end : ended) end.get_future().wait();
  }
}

TEST(WorkerPool, WorkMaySubmitMore) {
  std::promise<void> done;
  WorkerPool pool(1, 10);
  pool.submit([&] { pool.submit([&] { done.set_value(); }); });
  done.get_future().wait();
}

}  // namespace
}  // namespace leanmcp
