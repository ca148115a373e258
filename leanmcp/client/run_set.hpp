#pragma once

#include <leanmcp/base/task.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace leanmcp::inline v0::detail {

/// Runs that belong to one object and end with it. On the executor only.
class RunSet {
 public:
  RunSet() = default;
  RunSet(const RunSet&) = delete;
  RunSet& operator=(const RunSet&) = delete;
  ~RunSet() { stop(); }

  /// Starts the task at once. `failed` is called when it ends by an exception. Gives its number, for `cancel`.
  std::uint64_t add(Executor& executor, Task<void> task, std::function<void(std::exception_ptr)> failed = {}) {
    const auto state = state_;
    const std::uint64_t key = ++state->last;
    // Known before it runs: it may end in the call.
    state->handles.emplace(key, RunHandle());
    RunHandle handle =
        spawn(executor, std::move(task), [state, key, failed = std::move(failed)](RunOutcome<void> outcome) {
          state->handles.erase(key);
          if (outcome.exception && failed) failed(outcome.exception);
        });
    const auto found = state->handles.find(key);
    if (found != state->handles.end()) found->second = std::move(handle);
    return key;
  }

  /// Aborts what the task waits for, then destroys it; nothing when it has ended.
  void cancel(std::uint64_t key) {
    const auto found = state_->handles.find(key);
    if (found != state_->handles.end()) found->second.cancel();
  }

  /// Destroys them all. Not from inside one of them.
  void stop() {
    auto handles = std::exchange(state_->handles, {});
    for (auto& [key, handle] : handles) handle.destroy();
  }

  std::size_t size() const noexcept { return state_->handles.size(); }

 private:
  struct State {
    std::uint64_t last = 0;
    std::map<std::uint64_t, RunHandle> handles;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace leanmcp::inline v0::detail
