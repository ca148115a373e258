#include <leanmcp/base/manual_executor.hpp>
#include <leanmcp/base/task.hpp>
#include <leanmcp/base/task_group.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

Task<int> number(int n) { co_return n; }

Task<long> sum_to(int n) {
  if (n == 0) co_return 0L;
  const long rest = co_await sum_to(n - 1);
  co_return rest + n;
}

Task<std::string> wait_for(OneShot<std::string> shot) {
  std::string text = co_await shot;
  co_return "got " + text;
}

struct Noted {
  explicit Noted(std::string& log, std::string name) : log(log), name(std::move(name)) {}
  ~Noted() { log += "~" + name + " "; }
  std::string& log;
  std::string name;
};

template <class T>
struct Ended {
  bool called = false;
  RunOutcome<T> outcome;
  auto callback() {
    return [this](RunOutcome<T> o) {
      ASSERT_FALSE(called);
      called = true;
      outcome = std::move(o);
    };
  }
};

TEST(Task, RunsAtOnceUpToItsFirstWait) {
  ManualExecutor executor;
  Ended<int> end;
  spawn(executor, number(7), end.callback());
  ASSERT_TRUE(end.called);
  EXPECT_EQ(end.outcome.value, 7);
}

TEST(Task, NestsDeeplyOnAFlatStack) {
  ManualExecutor executor;
  Ended<long> end;
  spawn(executor, sum_to(100'000), end.callback());
  ASSERT_TRUE(end.called);
  EXPECT_EQ(end.outcome.value, 5'000'050'000);
}

TEST(Task, OneShotWakesFromAnotherThread) {
  ManualExecutor executor;
  Ended<std::string> end;
  OneShot<std::string> shot;
  spawn(executor, wait_for(shot), end.callback());
  EXPECT_FALSE(end.called);
  std::thread([shot] { shot.set("mail"); }).join();
  EXPECT_FALSE(end.called);
  executor.run();
  ASSERT_TRUE(end.called);
  EXPECT_EQ(*end.outcome.value, "got mail");
}

TEST(Task, OneShotSetBeforeTheWaitDoesNotWait) {
  ManualExecutor executor;
  Ended<std::string> end;
  OneShot<std::string> shot;
  shot.set("early");
  shot.set("ignored");
  spawn(executor, wait_for(shot), end.callback());
  ASSERT_TRUE(end.called);
  EXPECT_EQ(*end.outcome.value, "got early");
}

Task<int> throws() {
  throw std::runtime_error("bug");
  co_return 1;
}
Task<int> catches() {
  int value = 0;
  try {
    value = co_await throws();
  } catch (const std::runtime_error&) {
    value = -1;
  }
  co_return value;
}

TEST(Task, ExceptionsTravelToTheAwaiter) {
  ManualExecutor executor;
  Ended<int> caught;
  Ended<int> thrown;
  spawn(executor, catches(), caught.callback());
  EXPECT_EQ(caught.outcome.value, -1);
  spawn(executor, throws(), thrown.callback());
  EXPECT_TRUE(thrown.outcome.exception);
}

Task<int> abandons(std::string& log) {
  const Noted inner(log, "inner");
  co_await Abandon();
  log += "unreachable ";
  co_return 1;
}
Task<int> swallows(std::string& log) {
  const Noted outer(log, "outer");
  int value = 0;
  try {
    value = co_await abandons(log);
  } catch (...) {
    log += "caught ";
  }
  co_return value;
}

TEST(Task, AbandonRunsDestructorsAndNoCatch) {
  ManualExecutor executor;
  std::string log;
  Ended<int> end;
  spawn(executor, swallows(log), end.callback());
  EXPECT_EQ(log, "~inner ~outer ");
  ASSERT_TRUE(end.called);
  EXPECT_TRUE(end.outcome.abandoned());
}

Task<int> stubborn(std::string& log, OneShot<std::string> shot) {
  const Noted noted(log, "frame");
  for (;;) {
    try {
      co_await shot;
      break;
    } catch (const OperationAborted&) {
      log += "aborted ";
    }
  }
  co_return 1;
}

TEST(Task, CancelAbortsOnceThenDestroys) {
  ManualExecutor executor;
  std::string log;
  Ended<int> end;
  OneShot<std::string> shot;
  RunHandle run = spawn(executor, stubborn(log, shot), end.callback());
  run.cancel();
  EXPECT_EQ(log, "aborted ~frame ");
  ASSERT_TRUE(end.called);
  EXPECT_TRUE(end.outcome.abandoned());
  shot.set("late");
  executor.run();
  run.cancel();
}

Task<int> shielded_work(std::string& log, OneShot<std::string> shot) {
  std::string text = co_await shot;
  log += "kept " + text + " ";
  co_return 1;
}
Task<int> with_shield(std::string& log, OneShot<std::string> shot, OneShot<std::string> never) {
  co_await shield(shielded_work(log, shot));
  log += "after ";
  co_await never;
  log += "unreachable ";
  co_return 2;
}

TEST(Task, ShieldHoldsCancellationBack) {
  ManualExecutor executor;
  std::string log;
  Ended<int> end;
  OneShot<std::string> shot;
  OneShot<std::string> never;
  RunHandle run = spawn(executor, with_shield(log, shot, never), end.callback());
  run.cancel();
  EXPECT_EQ(log, "");
  shot.set("charge");
  executor.run();
  EXPECT_EQ(log, "kept charge after ");
  EXPECT_TRUE(end.called);
}

Task<int> sleeper(std::string& log, int ms) {
  co_await sleep_for(std::chrono::milliseconds(ms));
  log += std::to_string(ms) + " ";
  co_return ms;
}
Task<int> race(std::string& log) {
  std::vector<Task<int>> tasks;
  tasks.push_back(sleeper(log, 300));
  tasks.push_back(sleeper(log, 100));
  std::pair<std::size_t, int> winner = co_await any(std::move(tasks));
  co_return static_cast<int>(winner.first) * 1000 + winner.second;
}
Task<int> together(std::string& log) {
  std::vector<Task<int>> tasks;
  tasks.push_back(sleeper(log, 300));
  tasks.push_back(sleeper(log, 100));
  std::vector<int> values = co_await all(std::move(tasks));
  co_return values[0] * 1000 + values[1];
}

TEST(Task, AnyTakesTheFirstAndDestroysTheRest) {
  ManualExecutor executor;
  std::string log;
  Ended<int> end;
  spawn(executor, race(log), end.callback());
  executor.advance(100ms);
  ASSERT_TRUE(end.called);
  EXPECT_EQ(end.outcome.value, 1100);
  executor.advance(1s);
  EXPECT_EQ(log, "100 ");
}

TEST(Task, AllKeepsTheOrder) {
  ManualExecutor executor;
  std::string log;
  Ended<int> end;
  spawn(executor, together(log), end.callback());
  executor.advance(100ms);
  EXPECT_FALSE(end.called);
  executor.advance(200ms);
  ASSERT_TRUE(end.called);
  EXPECT_EQ(end.outcome.value, 300100);
}

TEST(Task, CancelReachesChildren) {
  ManualExecutor executor;
  std::string log;
  Ended<int> end;
  RunHandle run = spawn(executor, together(log), end.callback());
  run.cancel();
  executor.run();
  EXPECT_TRUE(end.called);
  EXPECT_FALSE(end.outcome.value);
  executor.advance(1s);
  EXPECT_EQ(log, "");
}

Task<int> child_abandons(std::string& log) {
  co_await sleep_for(10ms);
  co_await Abandon();
  log += "unreachable ";
  co_return 1;
}
Task<int> parent_of_abandoning(std::string& log) {
  const Noted noted(log, "parent");
  std::vector<Task<int>> tasks;
  tasks.push_back(child_abandons(log));
  tasks.push_back(sleeper(log, 500));
  std::vector<int> values = co_await all(std::move(tasks));
  co_return values[0];
}

TEST(Task, AbandonInAChildEndsTheWholeTree) {
  ManualExecutor executor;
  std::string log;
  Ended<int> end;
  spawn(executor, parent_of_abandoning(log), end.callback());
  executor.advance(10ms);
  ASSERT_TRUE(end.called);
  EXPECT_TRUE(end.outcome.abandoned());
  executor.advance(1s);
  EXPECT_EQ(log, "~parent ");
}

TEST(Task, DroppedUnstartedTaskFreesItsFrame) {
  std::string log;
  { const Task<int> task = sleeper(log, 1); }
  EXPECT_EQ(log, "");
}

}  // namespace
}  // namespace leanmcp
