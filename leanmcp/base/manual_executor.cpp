#include <leanmcp/base/manual_executor.hpp>

namespace leanmcp::inline v0 {

void ManualExecutor::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(work));
  posted_.notify_one();
}

bool ManualExecutor::wait(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return posted_.wait_for(lock, limit, [this] { return !queue_.empty(); });
}

Executor::TimerId ManualExecutor::start_timer(Duration delay, std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  timers_.emplace(clock_.now() + delay, std::pair(++last_id_, std::move(work)));
  return last_id_;
}

void ManualExecutor::cancel_timer(TimerId id) {
  const std::lock_guard lock(mutex_);
  for (auto it = timers_.begin(); it != timers_.end(); ++it) {
    if (it->second.first == id) {
      timers_.erase(it);
      return;
    }
  }
}

std::size_t ManualExecutor::run() {
  std::size_t count = 0;
  for (;;) {
    std::function<void()> work;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.empty()) return count;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
    ++count;
  }
}

void ManualExecutor::advance(Duration by) {
  run();
  const TimePoint end = clock_.now() + by;
  for (;;) {
    std::function<void()> work;
    {
      const std::lock_guard lock(mutex_);
      if (timers_.empty() || timers_.begin()->first > end) break;
      auto first = timers_.begin();
      if (first->first > clock_.now()) clock_.advance(first->first - clock_.now());
      work = std::move(first->second.second);
      timers_.erase(first);
    }
    work();
    run();
  }
  if (end > clock_.now()) clock_.advance(end - clock_.now());
}

}  // namespace leanmcp::inline v0
