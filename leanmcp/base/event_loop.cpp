#include <leanmcp/base/event_loop.hpp>

#include <leanmcp/base/event_loop_internal.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

/// A year: what is longer would overflow the clock and is as good as never.
constexpr Executor::Duration longest_delay = std::chrono::hours(24 * 365);

}  // namespace

/// Waits for the earliest timer unless that is being waited for already. On the loop's thread.
void EventLoop::Internal::arm() {
  Clock::time_point first;
  {
    const std::lock_guard lock(mutex);
    if (due.empty()) return;
    first = due.begin()->first;
  }
  if (first >= wake_at) return;
  wake_at = first;
  wake.expires_at(first);
  wake.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) fire();
  });
}

void EventLoop::Internal::fire() {
  struct Rearm {
    Internal& internal;
    ~Rearm() { internal.arm(); }
  };
  wake_at = Clock::time_point::max();
  // Also when a callback throws: the timers behind it are not to be lost.
  const Rearm rearm{*this};
  const Clock::time_point now = Clock::now();
  for (;;) {
    std::function<void()> work;
    {
      const std::lock_guard lock(mutex);
      if (due.empty() || due.begin()->first > now) break;
      work = std::move(due.begin()->second.second);
      by_id.erase(due.begin()->second.first);
      due.erase(due.begin());
    }
    work();
  }
}

void EventLoop::Internal::close() {
  closed = true;
  for (;;) {
    Due dropped;
    {
      const std::lock_guard lock(mutex);
      dropped.swap(due);
      by_id.clear();
    }
    context.restart();
    // Work that is posted is wrapped by `post`, which looks at `closed`: it is let go, not run.
    if (context.poll() == 0 && dropped.empty()) break;
  }
}

EventLoop::EventLoop() : internal_(std::make_unique<Internal>()) {}
EventLoop::~EventLoop() {
  try {
    // While the parts are still there that callbacks use when they are let go.
    internal_->close();
  } catch (...) {
    // A bug in something that was told of its end; there is nobody left to tell of it.
  }
}

void EventLoop::run() {
  internal_->context.run();
  internal_->context.restart();
}

std::size_t EventLoop::poll() { return internal_->context.poll(); }

void EventLoop::stop() { internal_->context.stop(); }

void EventLoop::post(std::function<void()> work) {
  if (internal_->closed) return;
  boost::asio::post(internal_->context, [internal = internal_.get(), work = std::move(work)] {
    if (!internal->closed) work();
  });
}

Executor::TimerId EventLoop::start_timer(Duration delay, std::function<void()> work) {
  const auto at = Internal::Clock::now() + std::min(delay, longest_delay);
  TimerId id = 0;
  bool first = false;
  {
    const std::lock_guard lock(internal_->mutex);
    id = ++internal_->last_id;
    if (internal_->closed) return id;
    const auto entry = internal_->due.emplace(at, std::pair(id, std::move(work)));
    internal_->by_id.emplace(id, entry);
    first = entry == internal_->due.begin();
  }
  if (first) {
    if (in_this_thread()) {
      internal_->arm();
    } else {
      boost::asio::post(internal_->context, [internal = internal_.get()] { internal->arm(); });
    }
  }
  return id;
}

void EventLoop::cancel_timer(TimerId id) {
  std::function<void()> dropped;
  const std::lock_guard lock(internal_->mutex);
  const auto found = internal_->by_id.find(id);
  if (found == internal_->by_id.end()) return;
  dropped = std::move(found->second->second.second);
  internal_->due.erase(found->second);
  internal_->by_id.erase(found);
}

bool EventLoop::in_this_thread() const noexcept { return internal_->context.get_executor().running_in_this_thread(); }

}  // namespace leanmcp::inline v0
