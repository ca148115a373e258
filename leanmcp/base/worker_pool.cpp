#include <leanmcp/base/worker_pool.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace leanmcp::inline v0 {

struct WorkerPool::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> queue;
  std::size_t most = 0;
  std::size_t idle = 0;
  /// Threads that were told of work and have not come to it yet. While there is one, telling another would only make
  /// both run for it: the first takes work and tells the next, so that none waits for a long job's end.
  std::size_t woken = 0;
  unsigned limit = 1;
  bool stopping = false;
  OnException on_exception;
  std::vector<std::thread> threads;

  /// False when the system refuses another thread; those that run go on.
  bool add_thread() {
    try {
      threads.emplace_back([this] { run(); });
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }

  /// Under the mutex: whether a waiting thread is to be told of work.
  bool call_one() {
    if (woken > 0 || idle == 0) return false;
    ++woken;
    return true;
  }

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      while (!stopping && queue.empty()) {
        ++idle;
        changed.wait(lock);
        --idle;
        if (woken > 0) --woken;
      }
      if (stopping) return;
      std::function<void()> work = std::move(queue.front());
      queue.pop_front();
      const bool more = !queue.empty() && call_one();
      lock.unlock();
      if (more) changed.notify_one();
      try {
        work();
      } catch (...) {
        if (on_exception) on_exception(std::current_exception());
      }
      // What the work holds is let go before the lock is taken: its destructors may submit more.
      work = nullptr;
      lock.lock();
    }
  }
};

WorkerPool::WorkerPool(unsigned threads, std::size_t queue, OnException on_exception)
    : state_(std::make_unique<State>()) {
  state_->most = queue;
  state_->limit = threads == 0 ? 1 : threads;
  state_->on_exception = std::move(on_exception);
}

WorkerPool::~WorkerPool() { stop(); }

void WorkerPool::stop() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    dropped.swap(state_->queue);
  }
  state_->changed.notify_all();
  dropped.clear();
  for (auto& thread : state_->threads) thread.join();
  state_->threads.clear();
}

bool WorkerPool::submit(std::function<void()> work) {
  bool call = false;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping || state_->queue.size() >= state_->most) return false;
    state_->queue.push_back(std::move(work));
    // Threads begin when there is work for them: a server that only has coroutines pays for none.
    if (state_->queue.size() > state_->idle && state_->threads.size() < state_->limit && !state_->add_thread() &&
        state_->threads.empty()) {
      state_->queue.pop_back();
      return false;
    }
    call = state_->call_one();
  }
  if (call) state_->changed.notify_one();
  return true;
}

}  // namespace leanmcp::inline v0
