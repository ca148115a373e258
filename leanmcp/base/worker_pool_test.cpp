#include <leanmcp/base/worker_pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>

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

}  // namespace
}  // namespace leanmcp
