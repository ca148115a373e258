#pragma once

#include <leanmcp/base/event_loop.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <map>
#include <mutex>
#include <unordered_map>

namespace leanmcp::inline v0 {

/// The Asio side of a loop. Not for public headers.
struct EventLoop::Internal {
  using Clock = std::chrono::steady_clock;
  using Due = std::multimap<Clock::time_point, std::pair<TimerId, std::function<void()>>>;

  boost::asio::io_context context{1};
  /// For the context's whole life: one that runs out of work counts as stopped.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
  /// One system timer serves all of the loop's timers: thousands of idle streams cost an entry each, no more.
  boost::asio::steady_timer wake{context};
  Clock::time_point wake_at = Clock::time_point::max();
  std::mutex mutex;
  Due due;
  std::unordered_map<TimerId, Due::iterator> by_id;
  TimerId last_id = 0;
  std::atomic<bool> closed{false};

  void arm();
  void fire();
  /// Nobody will run the loop again: drops timers and posted work, and all that comes later, so that callbacks which
  /// own what owns the loop do not keep each other alive. Not while the loop runs.
  void close();
};

}  // namespace leanmcp::inline v0
