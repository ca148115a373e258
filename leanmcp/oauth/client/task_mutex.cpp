#include <leanmcp/oauth/client/task_mutex.hpp>

namespace leanmcp::inline v0 {

/// Of one waiter; lives in its frame, so that it goes when the waiter goes.
class TaskMutex::Place {
 public:
  explicit Place(TaskMutex& mutex) : mutex_(mutex) { mutex_.waiting_.push_back(this); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (!called_) {
      mutex_.waiting_.remove(this);
    } else if (!taken_) {
      mutex_.release();
    }
  }

  void call() {
    called_ = true;
    turn_.set(true);
  }
  const OneShot<bool>& turn() const noexcept { return turn_; }
  Lock take() {
    taken_ = true;
    return Lock(&mutex_);
  }

 private:
  TaskMutex& mutex_;
  OneShot<bool> turn_;
  bool called_ = false;
  bool taken_ = false;
};

Task<TaskMutex::Lock> TaskMutex::lock() {
  if (!std::exchange(held_, true)) co_return Lock(this);
  Place place(*this);
  co_await place.turn();
  Lock lock = place.take();
  co_return std::move(lock);
}

void TaskMutex::release() {
  if (waiting_.empty()) {
    held_ = false;
    return;
  }
  Place* const next = waiting_.front();
  waiting_.pop_front();
  next->call();
}

}  // namespace leanmcp::inline v0
