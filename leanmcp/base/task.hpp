#pragma once

#include <leanmcp/base/executor.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace leanmcp::inline v0 {

template <class T = void>
class Task;

/// Thrown at the point where a cancelled run waits. Catch it only to clean up: the run is destroyed at its next wait.
class OperationAborted : public std::runtime_error {
 public:
  OperationAborted() : std::runtime_error("operation aborted") {}
};

namespace detail {

class RunState;

/// Coroutine frames come from a per-thread free list (sizes up to 4 KiB); a frame may be freed on another thread.
void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

/// The same memory for objects that come and go with each call: `std::allocate_shared<T>(FrameAllocator<T>(), …)`.
template <class T>
struct FrameAllocator {
  static_assert(alignof(T) <= alignof(std::max_align_t));
  using value_type = T;
  FrameAllocator() noexcept = default;
  template <class U>
  FrameAllocator(const FrameAllocator<U>&) noexcept {}
  T* allocate(std::size_t count) { return static_cast<T*>(allocate_frame(count * sizeof(T))); }
  void deallocate(T* at, std::size_t count) noexcept { free_frame(at, count * sizeof(T)); }
  template <class U>
  bool operator==(const FrameAllocator<U>&) const noexcept {
    return true;
  }
};

/// What a waiting coroutine offers to the run that owns it.
class Leaf {
 public:
  /// Called on the run's executor: stop waiting, make `await_resume` throw OperationAborted.
  virtual void abort() noexcept = 0;

 protected:
  ~Leaf() = default;
};

struct PromiseBase {
  std::coroutine_handle<> continuation;
  RunState* run = nullptr;
  std::exception_ptr exception;

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class P>
    void await_suspend(std::coroutine_handle<P> self) noexcept;
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { exception = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object() noexcept;
  template <class U>
    requires std::is_convertible_v<U&&, T>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
  T take() {
    if (exception) std::rethrow_exception(std::exchange(exception, nullptr));
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() {
    if (exception) std::rethrow_exception(std::exchange(exception, nullptr));
  }
};

/// One root task and the trampoline that drives it. Lives on one executor; only `cancel` and `weak pointers to it`
/// may be used from elsewhere.
///
/// Coroutines never resume each other: an `await_suspend` notes what comes next and returns to the loop in `step`.
/// So the native stack stays flat however deep the tasks nest (symmetric transfer overflows it on g++ 12 without
/// optimisation), and a leaf can ask for the run's end without destroying the frame it stands on.
class RunState : public std::enable_shared_from_this<RunState> {
 public:
  RunState(Executor& executor, RunState* parent) noexcept : executor_(executor), parent_(parent) {}
  virtual ~RunState() = default;
  RunState(const RunState&) = delete;
  RunState& operator=(const RunState&) = delete;

  Executor& executor() const noexcept { return executor_; }
  RunState& root() noexcept { return parent_ ? parent_->root() : *this; }
  bool cancelled() noexcept { return root().cancelled_; }

  /// Notes the coroutine to resume next; used inside await_suspend and at a coroutine's end.
  void set_next(std::coroutine_handle<> next) noexcept { next_ = next; }
  void set_leaf(Leaf* leaf) noexcept { leaf_ = leaf; }
  /// Resumes `h` and all that follows from it until the run waits or ends. On the executor only.
  void resume(std::coroutine_handle<> h);
  /// Ends the whole tree of runs as soon as control is back in the driver and no part is shielded. Siblings that are
  /// running get to their next wait first, so that several questions can be put in one round.
  void request_abandon() noexcept { root().abandon_ = true; }
  /// Aborts the present wait, then destroys the run at its next one. Waits for the end of shielded parts.
  void cancel();
  /// Destroys the frames now. On the executor, not from inside the run.
  void destroy() noexcept;
  bool ended() const noexcept { return ended_; }

  /// True once: the first wait after a cancellation throws, the next one ends the run.
  bool take_abort() noexcept { return !std::exchange(abort_delivered_, true); }

  void shield_enter() noexcept { ++root().shields_; }
  void shield_leave() noexcept;
  bool shielded() noexcept { return root().shields_ > 0; }
  /// While a child run exists its parent is not at a leaf of its own: cancellation goes to the children first.
  void add_child(RunState* child);
  void remove_child(RunState* child) noexcept;

 protected:
  void start(std::coroutine_handle<> root) { root_ = root, resume(root); }
  /// The root frame ran to its end; it is still alive during the call and destroyed after it.
  virtual void on_finished() = 0;
  /// The run was destroyed before its end (abandoned or cancelled).
  virtual void on_abandoned() noexcept = 0;

 private:
  void settle();
  void abort_leaves();

  Executor& executor_;
  RunState* parent_;
  std::coroutine_handle<> root_;
  std::coroutine_handle<> next_;
  Leaf* leaf_ = nullptr;
  RunState* first_child_ = nullptr;
  RunState* next_sibling_ = nullptr;
  int active_ = 0;
  int shields_ = 0;
  bool abandon_ = false;
  bool cancelled_ = false;
  bool abort_delivered_ = false;
  bool ended_ = false;
};

template <class P>
void PromiseBase::FinalAwaiter::await_suspend(std::coroutine_handle<P> self) noexcept {
  PromiseBase& promise = self.promise();
  promise.run->set_next(promise.continuation);
}

template <class T>
class TaskAwaiter {
 public:
  explicit TaskAwaiter(std::coroutine_handle<Promise<T>> child) noexcept : child_(child) {}
  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> parent) noexcept {
    child_.promise().run = parent.promise().run;
    child_.promise().continuation = parent;
    parent.promise().run->set_next(child_);
  }
  T await_resume() { return child_.promise().take(); }

 private:
  std::coroutine_handle<Promise<T>> child_;
};

}  // namespace detail

/// A lazy coroutine: runs when awaited or spawned, once. Move-only; destroying an unfinished task destroys its frame.
/// A task belongs to one run and so to one executor; it never moves between threads by itself.
template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using value_type = T;
  using Handle = std::coroutine_handle<promise_type>;

  Task() noexcept = default;
  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  Handle release() noexcept { return std::exchange(handle_, {}); }

  detail::TaskAwaiter<T> operator co_await() && noexcept { return detail::TaskAwaiter<T>(handle_); }
  template <class U = T>
  detail::TaskAwaiter<U> operator co_await() & noexcept {
    static_assert(!std::is_same_v<U, T>, "a task is awaited once: co_await std::move(task)");
    return detail::TaskAwaiter<U>(handle_);
  }

 private:
  Handle handle_;
};

namespace detail {
template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}
}  // namespace detail

/// How a run ended. Exactly one of: a value, an exception, neither (abandoned or cancelled).
template <class T>
struct RunOutcome {
  std::optional<T> value;
  std::exception_ptr exception;
  bool abandoned() const noexcept { return !value && !exception; }
};
template <>
struct RunOutcome<void> {
  bool finished = false;
  std::exception_ptr exception;
  bool abandoned() const noexcept { return !finished && !exception; }
};

/// A handle to a spawned run. Dropping it does not stop the run, which owns itself until it ends.
class RunHandle {
 public:
  RunHandle() = default;
  explicit RunHandle(std::shared_ptr<detail::RunState> state) noexcept : state_(std::move(state)) {}
  explicit operator bool() const noexcept { return state_ != nullptr; }
  /// Aborts the present wait with OperationAborted, then destroys the run at its next wait. From any thread.
  void cancel();
  /// Destroys the run without waking it. On its executor only, not from inside the run.
  void destroy() {
    if (state_) state_->destroy();
  }
  bool ended() const noexcept { return !state_ || state_->ended(); }
  detail::RunState* state() const noexcept { return state_.get(); }

 private:
  std::shared_ptr<detail::RunState> state_;
};

namespace detail {

template <class T, class F>
class TypedRun final : public RunState {
 public:
  TypedRun(Executor& executor, RunState* parent, F done) : RunState(executor, parent), done_(std::move(done)) {}
  void launch(Task<T> task) {
    self_ = shared_from_this();
    handle_ = task.release();
    handle_.promise().run = this;
    start(handle_);
  }

 private:
  void on_finished() override {
    RunOutcome<T> outcome;
    outcome.exception = std::exchange(handle_.promise().exception, nullptr);
    if (!outcome.exception) {
      if constexpr (std::is_void_v<T>) {
        outcome.finished = true;
      } else {
        outcome.value = std::move(handle_.promise().value);
      }
    }
    const auto keep = std::move(self_);
    destroy();
    done_(std::move(outcome));
  }
  void on_abandoned() noexcept override {
    const auto keep = std::move(self_);
    if (keep) done_(RunOutcome<T>());
  }

  std::coroutine_handle<Promise<T>> handle_;
  F done_;
  std::shared_ptr<RunState> self_;
};

}  // namespace detail

/// Starts `task` on `executor`, at once and in this call up to its first wait; call it on the executor's thread.
/// `done(RunOutcome<T>)` is called once, when the run has ended and its frames are gone; it must not throw.
template <class T, class F>
RunHandle spawn(Executor& executor, Task<T> task, F done, detail::RunState* parent = nullptr) {
  auto run = std::make_shared<detail::TypedRun<T, F>>(executor, parent, std::move(done));
  if (parent) parent->add_child(run.get());
  run->launch(std::move(task));
  return RunHandle(std::move(run));
}

namespace detail {

/// Shared by a OneShot's sides. The mutex orders `set` from any thread against waiting and leaving.
struct OneShotBase {
  std::mutex mutex;
  std::weak_ptr<RunState> run;
  std::coroutine_handle<> waiter;
  bool ready = false;
  /// Under the mutex: the value is there, wake whoever waits.
  void notify(std::shared_ptr<OneShotBase> self);
  virtual ~OneShotBase() = default;
};

template <class T>
struct OneShotState final : OneShotBase {
  std::optional<T> value;
};

class OneShotLeaf : public Leaf {
 public:
  explicit OneShotLeaf(std::shared_ptr<OneShotBase> state) noexcept : state_(std::move(state)) {}
  OneShotLeaf(OneShotLeaf&&) = delete;
  ~OneShotLeaf();
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) {
    return suspend(self, *self.promise().run);
  }
  void abort() noexcept override;

 protected:
  bool suspend(std::coroutine_handle<> self, RunState& run);
  void leave();
  std::shared_ptr<OneShotBase> state_;

 private:
  RunState* run_ = nullptr;
  std::coroutine_handle<> self_;
  bool aborted_ = false;
};

}  // namespace detail

/// A value that arrives once, from any thread, for one waiting coroutine. Copies share it. A second `set` is ignored.
/// The bridge from callbacks to tasks: keep a copy in the callback, `co_await` the other.
template <class T>
class OneShot {
 public:
  OneShot() : state_(std::make_shared<detail::OneShotState<T>>()) {}

  void set(T value) const {
    const std::lock_guard lock(state_->mutex);
    if (state_->ready) return;
    state_->value.emplace(std::move(value));
    state_->ready = true;
    state_->notify(state_);
  }

  auto operator co_await() const {
    struct Awaiter : detail::OneShotLeaf {
      using OneShotLeaf::OneShotLeaf;
      T await_resume() {
        leave();
        auto& state = static_cast<detail::OneShotState<T>&>(*state_);
        const std::lock_guard lock(state.mutex);
        return std::move(*state.value);
      }
    };
    return Awaiter(state_);
  }

 private:
  std::shared_ptr<detail::OneShotState<T>> state_;
};

/// Awaitable: the executor and run of the awaiting coroutine, without waiting.
struct CurrentRun {
  detail::RunState* run = nullptr;
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) noexcept {
    run = self.promise().run;
    return false;
  }
  detail::RunState* await_resume() const noexcept { return run; }
};

/// Awaitable that ends the whole run here: frames are destroyed, destructors run, no `catch` sees anything.
struct Abandon {
  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) noexcept {
    self.promise().run->request_abandon();
  }
  void await_resume() const noexcept {}
};

/// Waits at least `delay`.
Task<void> sleep_for(std::chrono::milliseconds delay);

/// Runs `task` so that cancellation of the run neither aborts nor destroys it before its end.
template <class T>
Task<T> shield(Task<T> task) {
  struct Guard {
    detail::RunState* run;
    ~Guard() { run->shield_leave(); }
  };
  detail::RunState* const run = co_await CurrentRun();
  run->shield_enter();
  Guard guard{run};
  if constexpr (std::is_void_v<T>) {
    co_await std::move(task);
  } else {
    T value = co_await std::move(task);
    co_return std::move(value);
  }
}

}  // namespace leanmcp::inline v0
