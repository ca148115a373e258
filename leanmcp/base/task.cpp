#include <leanmcp/base/task.hpp>

#include <array>
#include <new>

namespace leanmcp::inline v0 {

namespace detail {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool pooled = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool pooled = false;
#else
constexpr bool pooled = true;
#endif
#else
constexpr bool pooled = true;
#endif

constexpr std::size_t step = 64;
constexpr std::size_t classes = 64;
constexpr int most_kept = 64;

struct FreeList {
  struct Node {
    Node* next;
  };
  struct Class {
    Node* head = nullptr;
    int count = 0;
  };
  std::array<Class, classes> lists;

  ~FreeList() {
    for (auto& list : lists) {
      while (list.head) ::operator delete(std::exchange(list.head, list.head->next));
      list.count = most_kept;
    }
  }
};

thread_local FreeList free_list;

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t index = (size + step - 1) / step;
  if (!pooled || index >= classes) return ::operator new(size);
  auto& list = free_list.lists[index];
  if (list.head) {
    --list.count;
    return std::exchange(list.head, list.head->next);
  }
  return ::operator new(index * step);
}

void free_frame(void* frame, std::size_t size) noexcept {
  const std::size_t index = (size + step - 1) / step;
  if (pooled && index < classes) {
    auto& list = free_list.lists[index];
    if (list.count < most_kept) {
      ++list.count;
      list.head = new (frame) FreeList::Node{list.head};
      return;
    }
  }
  ::operator delete(frame);
}

void RunState::resume(std::coroutine_handle<> h) {
  if (ended_) return;
  const auto keep = shared_from_this();
  RunState& top = root();
  const auto keep_top = parent_ ? top.shared_from_this() : nullptr;
  ++top.active_;
  leaf_ = nullptr;
  while (h) {
    next_ = {};
    h.resume();
    if (ended_) break;
    h = next_;
  }
  if (!ended_ && root_.done()) on_finished();
  --top.active_;
  if (top.active_ == 0) top.settle();
}

void RunState::settle() {
  if (ended_) return;
  if ((abandon_ || cancelled_) && shields_ == 0) destroy();
}

void RunState::destroy() noexcept {
  if (ended_) return;
  ended_ = true;
  leaf_ = nullptr;
  if (parent_) parent_->remove_child(this);
  const auto root = std::exchange(root_, {});
  if (root) root.destroy();
  on_abandoned();
}

void RunState::abort_leaves() {
  // A child may end and leave the list while it is aborted: take strong references first.
  std::shared_ptr<RunState> child = first_child_ ? first_child_->shared_from_this() : nullptr;
  while (child) {
    const std::shared_ptr<RunState> next = child->next_sibling_ ? child->next_sibling_->shared_from_this() : nullptr;
    child->abort_leaves();
    child = next;
  }
  if (ended_ || !leaf_) return;
  Leaf* const leaf = std::exchange(leaf_, nullptr);
  leaf->abort();
}

void RunState::cancel() {
  RunState& top = root();
  if (top.ended_ || top.cancelled_) return;
  const auto keep = top.shared_from_this();
  top.cancelled_ = true;
  if (top.shields_ > 0 || top.active_ > 0) return;
  ++top.active_;
  top.abort_leaves();
  --top.active_;
  top.settle();
}

void RunState::shield_leave() noexcept { --root().shields_; }

void RunState::add_child(RunState* child) {
  child->next_sibling_ = first_child_;
  first_child_ = child;
}

void RunState::remove_child(RunState* child) noexcept {
  for (RunState** at = &first_child_; *at; at = &(*at)->next_sibling_) {
    if (*at == child) {
      *at = child->next_sibling_;
      return;
    }
  }
}

void OneShotBase::notify(std::shared_ptr<OneShotBase> self) {
  if (!waiter) return;
  const auto waiting = run.lock();
  if (!waiting) return;
  waiting->executor().post([self = std::move(self)] {
    std::coroutine_handle<> handle;
    std::shared_ptr<RunState> state;
    {
      const std::lock_guard lock(self->mutex);
      handle = std::exchange(self->waiter, {});
      state = self->run.lock();
    }
    if (handle && state) state->resume(handle);
  });
}

OneShotLeaf::~OneShotLeaf() {
  const std::lock_guard lock(state_->mutex);
  state_->waiter = {};
}

bool OneShotLeaf::suspend(std::coroutine_handle<> self, RunState& run) {
  if (run.cancelled() && !run.shielded()) {
    // The second wait after a cancellation is the last: nothing wakes it, and the driver destroys the run.
    aborted_ = true;
    return !run.take_abort();
  }
  const std::lock_guard lock(state_->mutex);
  if (state_->ready) return false;
  run_ = &run;
  self_ = self;
  state_->run = run.weak_from_this();
  state_->waiter = self;
  run.set_leaf(this);
  return true;
}

void OneShotLeaf::abort() noexcept {
  {
    const std::lock_guard lock(state_->mutex);
    state_->waiter = {};
  }
  aborted_ = true;
  run_->take_abort();
  run_->resume(self_);
}

void OneShotLeaf::leave() {
  if (aborted_) throw OperationAborted();
}

}  // namespace detail

void RunHandle::cancel() {
  if (!state_) return;
  if (state_->executor().in_this_thread()) {
    state_->cancel();
  } else {
    state_->executor().post([state = state_] { state->cancel(); });
  }
}

Task<void> sleep_for(std::chrono::milliseconds delay) {
  struct Timer {
    Executor& executor;
    Executor::TimerId id;
    ~Timer() { executor.cancel_timer(id); }
  };
  detail::RunState* const run = co_await CurrentRun();
  OneShot<bool> fired;
  std::function<void()> fire = [fired] { fired.set(true); };
  const Timer timer{run->executor(), run->executor().start_timer(delay, std::move(fire))};
  co_await fired;
}

}  // namespace leanmcp::inline v0
