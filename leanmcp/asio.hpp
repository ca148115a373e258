#pragma once

// Boost.Asio beside tasks, for those who want it: no other header of the library brings Asio in.

#include <leanmcp/base/event_loop_internal.hpp>
#include <leanmcp/base/task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>

namespace leanmcp::inline v0 {

/// A completion token: `auto [error, size] = co_await socket.async_read_some(buffer, use_task);` inside a task.
///
/// The result has what the handler would have been called with: nothing, one value, or a tuple. Errors stay values;
/// nothing is thrown for them. When the run is cancelled or ended while it waits, the operation is cancelled on its own
/// executor if its initiation names one (Asio's own operations do); otherwise it ends by itself and its result is
/// dropped. The task goes on at its own executor, wherever the operation completes. An I/O object that belongs to
/// another thread's context has to outlive the operation.
struct UseTask {
  UseTask() = default;
};
inline const UseTask use_task;

namespace detail {

template <class... Values>
struct AsioResult {
  using Type = std::tuple<Values...>;
  static Type give(std::tuple<Values...> values) { return values; }
};
template <class Value>
struct AsioResult<Value> {
  using Type = Value;
  static Type give(std::tuple<Value> values) { return std::move(std::get<0>(values)); }
};
template <>
struct AsioResult<> {
  using Type = void;
  static void give(std::tuple<>) {}
};

template <class... Values>
struct AsioOperation {
  OneShot<std::tuple<Values...>> done;
  boost::asio::cancellation_signal cancel;
  bool completed = false;  // on the operation's executor
};

template <class... Values>
struct AsioHandler {
  using cancellation_slot_type = boost::asio::cancellation_slot;
  cancellation_slot_type get_cancellation_slot() const noexcept { return operation->cancel.slot(); }
  template <class... Arguments>
  void operator()(Arguments&&... arguments) {
    operation->completed = true;
    operation->done.set(std::tuple<Values...>(std::forward<Arguments>(arguments)...));
  }
  std::shared_ptr<AsioOperation<Values...>> operation;
};

/// Lives in the waiting frame: gone before the end, it cancels the operation.
template <class... Values>
struct AsioWait {
  std::shared_ptr<AsioOperation<Values...>> operation;
  std::optional<boost::asio::any_io_executor> executor;
  bool ended = false;
  ~AsioWait() {
    if (ended || !executor) return;
    boost::asio::dispatch(*executor, [operation = operation] {
      if (!operation->completed) operation->cancel.emit(boost::asio::cancellation_type::terminal);
    });
  }
};

}  // namespace detail

/// The Asio executor of the loop that runs this task, to make timers and sockets with. Throws std::logic_error where
/// the task runs on something else (a test's manual executor).
inline Task<boost::asio::any_io_executor> io_executor() {
  detail::RunState* const run = co_await CurrentRun();
  auto* const loop = dynamic_cast<EventLoop*>(&run->executor());
  if (!loop) throw std::logic_error("io_executor(): this task does not run on an event loop");
  co_return boost::asio::any_io_executor(loop->internal().context.get_executor());
}

}  // namespace leanmcp::inline v0

/// \cond  What the token stands for; Asio's side of UseTask.
template <class... Arguments>
class boost::asio::async_result<leanmcp::UseTask, void(Arguments...)> {
  using Result = leanmcp::detail::AsioResult<std::decay_t<Arguments>...>;

 public:
  using return_type = leanmcp::Task<typename Result::Type>;

  template <class Initiation, class... Parameters>
  static return_type initiate(Initiation initiation, leanmcp::UseTask, Parameters... parameters) {
    const auto operation = std::make_shared<leanmcp::detail::AsioOperation<std::decay_t<Arguments>...>>();
    leanmcp::detail::AsioWait<std::decay_t<Arguments>...> wait{operation, std::nullopt};
    if constexpr (requires { initiation.get_executor(); }) wait.executor = initiation.get_executor();
    leanmcp::detail::AsioHandler<std::decay_t<Arguments>...> handler{operation};
    std::move(initiation)(std::move(handler), std::move(parameters)...);
    auto values = co_await operation->done;
    wait.ended = true;
    co_return Result::give(std::move(values));
  }
};
/// \endcond

namespace leanmcp::inline v0 {

/// Runs an Asio coroutine on `executor` and waits for it; what it throws comes out here. Cancellation of the run is
/// passed on to it.
template <class T>
Task<T> from_asio(boost::asio::any_io_executor executor, boost::asio::awaitable<T> awaitable) {
  if constexpr (std::is_void_v<T>) {
    const std::exception_ptr failure = co_await boost::asio::co_spawn(executor, std::move(awaitable), use_task);
    if (failure) std::rethrow_exception(failure);
  } else {
    auto result = co_await boost::asio::co_spawn(executor, std::move(awaitable), use_task);
    if (std::get<0>(result)) std::rethrow_exception(std::get<0>(result));
    co_return std::move(std::get<1>(result));
  }
}

}  // namespace leanmcp::inline v0
