#pragma once

#include <leanmcp/base/executor.hpp>

#include <memory>

namespace leanmcp::inline v0 {

/// An executor on a thread of its own choosing: whoever calls `run()` is its thread. `stop()` may be called from any
/// thread. All that is bound to the loop must be gone before the loop is.
class EventLoop final : public Executor {
 public:
  EventLoop();
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Runs callbacks until `stop()`; a loop that was stopped can run again.
  void run();
  void stop();

  void post(std::function<void()> work) override;
  TimerId start_timer(Duration delay, std::function<void()> work) override;
  void cancel_timer(TimerId id) override;
  bool in_this_thread() const noexcept override;

  /// For rooms that bind sockets to the loop; see event_loop_internal.hpp.
  struct Internal;
  Internal& internal() noexcept { return *internal_; }

 private:
  std::unique_ptr<Internal> internal_;
};

}  // namespace leanmcp::inline v0
