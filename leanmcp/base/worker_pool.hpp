#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

namespace leanmcp::inline v0 {

/// Threads for work that may block. Thread-safe. Destruction stops it; not on one of its own threads.
class WorkerPool {
 public:
  /// Told of work that threw; called on the worker's thread, must not throw.
  using OnException = std::function<void(std::exception_ptr)>;

  /// `threads` of at least 1; at most `queue` pieces of work wait for a thread.
  WorkerPool(unsigned threads, std::size_t queue) : WorkerPool(threads, queue, OnException()) {}
  WorkerPool(unsigned threads, std::size_t queue, OnException on_exception);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False when the queue is full, the pool is stopping or the system gives it no thread; the work is then not taken.
  bool submit(std::function<void()> work);
  /// Takes nothing more, drops what has not begun and joins. Not from a worker. Idempotent.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace leanmcp::inline v0
