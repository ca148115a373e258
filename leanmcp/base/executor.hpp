#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace leanmcp::inline v0 {

/// Where a run's steps happen: one thread at a time. An event loop of the server, or a manual one in tests.
/// `post`, `start_timer` and `cancel_timer` may be called from any thread; callbacks run on the executor.
class Executor {
 public:
  using Duration = std::chrono::milliseconds;
  using TimerId = std::uint64_t;

  virtual ~Executor() = default;
  /// Runs `work` later on this executor, never inside the call itself.
  virtual void post(std::function<void()> work) = 0;
  /// Runs `work` once after `delay`. The id is never 0.
  virtual TimerId start_timer(Duration delay, std::function<void()> work) = 0;
  /// Forgets the timer; a callback that is already running is not waited for.
  virtual void cancel_timer(TimerId id) = 0;
  /// True on the thread that runs this executor's callbacks right now.
  virtual bool in_this_thread() const noexcept = 0;
};

}  // namespace leanmcp::inline v0
