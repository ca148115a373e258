#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/executor.hpp>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

namespace leanmcp::inline v0 {

/// An executor that runs only when told, with a clock that moves only when told: every order of events and every
/// deadline can be tested without waiting. `post` and timers may come from any thread; `run` and `advance` from one.
class ManualExecutor final : public Executor {
 public:
  ManualExecutor() = default;
  ~ManualExecutor() override = default;

  void post(std::function<void()> work) override;
  TimerId start_timer(Duration delay, std::function<void()> work) override;
  void cancel_timer(TimerId id) override;
  /// Always true: whoever drives it is its thread.
  bool in_this_thread() const noexcept override { return true; }

  /// Runs what is posted until nothing is left; the number of callbacks run.
  std::size_t run();
  /// Blocks until another thread posted something, at most `limit` of real time; false when nothing came.
  bool wait(std::chrono::milliseconds limit);
  /// Moves the time forward, running timers in their order and all they post.
  void advance(Duration by);
  /// The wall clock that goes with this executor's timers.
  ManualClock& clock() noexcept { return clock_; }

 private:
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<std::function<void()>> queue_;
  std::multimap<TimePoint, std::pair<TimerId, std::function<void()>>> timers_;
  TimerId last_id_ = 0;
  ManualClock clock_;
};

}  // namespace leanmcp::inline v0
