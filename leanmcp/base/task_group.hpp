#pragma once

#include <leanmcp/base/task.hpp>

#include <memory>
#include <tuple>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

namespace detail {

/// Child runs of one `all` or `any`. Lives in the awaiting frame: when that goes, the children go with it.
class ChildRuns {
 public:
  explicit ChildRuns(std::size_t count) { handles_.reserve(count); }
  ChildRuns(const ChildRuns&) = delete;
  ChildRuns& operator=(const ChildRuns&) = delete;
  ~ChildRuns() { stop(); }
  void add(RunHandle handle) { handles_.push_back(std::move(handle)); }
  void stop() {
    for (auto& handle : handles_) handle.destroy();
    handles_.clear();
  }

 private:
  std::vector<RunHandle> handles_;
};

template <class T>
struct AllState {
  explicit AllState(std::size_t n) : values(n), left(n) {}
  std::vector<std::optional<T>> values;
  std::size_t left;
  std::exception_ptr exception;
  OneShot<bool> done;

  void finish(std::size_t index, RunOutcome<T> outcome) {
    if (outcome.exception && !exception) exception = outcome.exception;
    if (outcome.value) values[index] = std::move(outcome.value);
    if (--left == 0 || exception) done.set(true);
  }
};

template <class T>
struct AnyState {
  std::optional<std::pair<std::size_t, T>> winner;
  std::exception_ptr exception;
  OneShot<bool> done;
};

}  // namespace detail

/// Runs all tasks side by side on the caller's executor (one thread, interleaved at their waits) and gives their
/// values in order. The first exception destroys the others and is rethrown.
template <class T>
Task<std::vector<T>> all(std::vector<Task<T>> tasks) {
  static_assert(!std::is_void_v<T>, "all() needs tasks with a value; return std::monostate for none");
  detail::RunState* const run = co_await CurrentRun();
  std::vector<T> values;
  if (tasks.empty()) co_return std::move(values);
  const auto state = std::make_shared<detail::AllState<T>>(tasks.size());
  detail::ChildRuns children(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    auto done = [state, i](RunOutcome<T> outcome) { state->finish(i, std::move(outcome)); };
    children.add(spawn(run->executor(), std::move(tasks[i]), std::move(done), run));
  }
  co_await state->done;
  children.stop();
  if (state->exception) std::rethrow_exception(state->exception);
  values.reserve(state->values.size());
  for (auto& value : state->values) values.push_back(std::move(*value));
  co_return std::move(values);
}

/// Two tasks of different types side by side; the same rules.
template <class A, class B>
Task<std::pair<A, B>> all(Task<A> a, Task<B> b) {
  struct State {
    std::optional<A> a;
    std::optional<B> b;
    std::exception_ptr exception;
    OneShot<bool> done;
    void settle() {
      if (exception || (a && b)) done.set(true);
    }
  };
  detail::RunState* const run = co_await CurrentRun();
  const auto state = std::make_shared<State>();
  detail::ChildRuns children(2);
  auto done_a = [state](RunOutcome<A> outcome) {
    if (outcome.exception) state->exception = outcome.exception;
    state->a = std::move(outcome.value);
    state->settle();
  };
  children.add(spawn(run->executor(), std::move(a), std::move(done_a), run));
  auto done_b = [state](RunOutcome<B> outcome) {
    if (outcome.exception) state->exception = outcome.exception;
    state->b = std::move(outcome.value);
    state->settle();
  };
  children.add(spawn(run->executor(), std::move(b), std::move(done_b), run));
  co_await state->done;
  children.stop();
  if (state->exception) std::rethrow_exception(state->exception);
  std::pair<A, B> values(std::move(*state->a), std::move(*state->b));
  co_return std::move(values);
}

/// The first task to end wins: its index and value; the others are destroyed. Its exception is rethrown.
template <class T>
Task<std::pair<std::size_t, T>> any(std::vector<Task<T>> tasks) {
  static_assert(!std::is_void_v<T>, "any() needs tasks with a value; return std::monostate for none");
  if (tasks.empty()) throw std::invalid_argument("any() of no tasks never ends");
  detail::RunState* const run = co_await CurrentRun();
  const auto state = std::make_shared<detail::AnyState<T>>();
  detail::ChildRuns children(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    auto done = [state, i](RunOutcome<T> outcome) {
      if (state->winner || state->exception || outcome.abandoned()) return;
      state->exception = outcome.exception;
      if (outcome.value) state->winner.emplace(i, std::move(*outcome.value));
      state->done.set(true);
    };
    children.add(spawn(run->executor(), std::move(tasks[i]), std::move(done), run));
  }
  co_await state->done;
  children.stop();
  if (state->exception) std::rethrow_exception(state->exception);
  std::pair<std::size_t, T> winner = std::move(*state->winner);
  co_return std::move(winner);
}

}  // namespace leanmcp::inline v0
