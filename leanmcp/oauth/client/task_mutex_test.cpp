#include <leanmcp/base/manual_executor.hpp>
#include <leanmcp/oauth/client/task_mutex.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace leanmcp::inline v0 {
namespace {

TEST(TaskMutex, WaiterThatIsCancelledDoesNotTakeTheLockAway) {
  ManualExecutor executor;
  TaskMutex mutex;
  OneShot<bool> finish;
  std::vector<std::string> order;
  const auto hold = [&](std::string name, bool wait) -> Task<void> {
    Task<TaskMutex::Lock> locking = mutex.lock();
    const TaskMutex::Lock lock = co_await std::move(locking);
    order.push_back(name);
    if (wait) co_await finish;
  };
  const auto ignore = [](RunOutcome<void>) {};
  spawn(executor, hold("first", true), ignore);
  RunHandle second = spawn(executor, hold("second", false), ignore);
  RunHandle third = spawn(executor, hold("third", false), ignore);
  spawn(executor, hold("fourth", false), ignore);
  executor.run();
  second.cancel();
  executor.run();
  third.destroy();
  finish.set(true);
  executor.run();
  EXPECT_EQ(order, (std::vector<std::string>{"first", "fourth"}));
}

TEST(TaskMutex, WaiterThatIsDestroyedAtItsTurnPassesTheLockOn) {
  ManualExecutor executor;
  TaskMutex mutex;
  OneShot<bool> finish;
  bool reached = false;
  const auto ignore = [](RunOutcome<void>) {};
  const auto hold = [&]() -> Task<void> {
    Task<TaskMutex::Lock> locking = mutex.lock();
    const TaskMutex::Lock lock = co_await std::move(locking);
    co_await finish;
  };
  const auto reach = [&]() -> Task<void> {
    Task<TaskMutex::Lock> locking = mutex.lock();
    const TaskMutex::Lock lock = co_await std::move(locking);
    reached = true;
  };
  RunHandle first = spawn(executor, hold(), ignore);
  RunHandle second = spawn(executor, reach(), ignore);
  spawn(executor, reach(), ignore);
  // The lock is handed to the second, which goes before it wakes up.
  first.destroy();
  second.destroy();
  executor.run();
  EXPECT_TRUE(reached);
}

TEST(TaskMutex, IsHeldWhileSomebodyHasIt) {
  ManualExecutor executor;
  TaskMutex mutex;
  OneShot<bool> finish;
  const auto hold = [&]() -> Task<void> {
    Task<TaskMutex::Lock> locking = mutex.lock();
    const TaskMutex::Lock lock = co_await std::move(locking);
    co_await finish;
  };
  EXPECT_FALSE(mutex.is_held());
  spawn(executor, hold(), [](RunOutcome<void>) {});
  EXPECT_TRUE(mutex.is_held());
  finish.set(true);
  executor.run();
  EXPECT_FALSE(mutex.is_held());
}

}  // namespace
}  // namespace leanmcp::inline v0
