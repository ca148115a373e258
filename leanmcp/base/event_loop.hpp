#pragma once

#include <leanmcp/base/executor.hpp>

#include <memory>

namespace leanmcp::inline v0 {

/// An executor whose thread is whoever calls `run()`. Callbacks run one after another, those that were posted in the
/// order of posting. All that is bound to the loop must be gone before the loop is.
class EventLoop final : public Executor {
 public:
  EventLoop();
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Runs callbacks until `stop()`, also one that came before; then it can run again. An exception of a callback
  /// comes out here, and the loop can go on with another `run()`.
  void run();
  /// Runs what is ready without waiting; the number of callbacks run.
  std::size_t poll();
  /// From any thread. Callbacks that are left wait for the next `run()`.
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
