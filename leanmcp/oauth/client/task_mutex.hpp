#pragma once

#include <leanmcp/base/task.hpp>

#include <list>
#include <utility>

namespace leanmcp::inline v0 {

/// One thing at a time among coroutines of one executor, in the order of asking. A waiter that is cancelled leaves the
/// queue, one that goes at the moment of its turn passes the turn on. Must outlive its locks and waiters.
class TaskMutex {
 public:
  class Lock {
   public:
    explicit Lock(TaskMutex* owner) noexcept : owner_(owner) {}
    Lock(Lock&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Lock& operator=(Lock&&) = delete;
    ~Lock() {
      if (owner_) owner_->release();
    }

   private:
    TaskMutex* owner_;
  };

  TaskMutex() = default;
  TaskMutex(const TaskMutex&) = delete;
  TaskMutex& operator=(const TaskMutex&) = delete;
  Task<Lock> lock();
  bool is_held() const noexcept { return held_; }

 private:
  class Place;
  void release();
  bool held_ = false;
  std::list<Place*> waiting_;
};

}  // namespace leanmcp::inline v0
