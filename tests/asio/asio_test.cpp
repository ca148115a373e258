#include <leanmcp/asio.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace leanmcp {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// Runs `task` on a loop of its own to its end.
template <class T>
RunOutcome<T> run_on_loop(EventLoop& loop, Task<T> task) {
  std::optional<RunOutcome<T>> outcome;
  loop.post([&] {
    spawn(loop, std::move(task), [&](RunOutcome<T> ended) {
      outcome = std::move(ended);
      loop.stop();
    });
  });
  loop.run();
  return std::move(*outcome);
}

Task<std::string> echo_through_sockets() {
  const auto executor = co_await io_executor();
  tcp::acceptor acceptor(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  tcp::socket near(executor);
  tcp::socket far(executor);
  const error_code connected = co_await near.async_connect(acceptor.local_endpoint(), use_task);
  if (connected) co_return connected.message();
  const error_code accepted = co_await acceptor.async_accept(far, use_task);
  if (accepted) co_return accepted.message();
  const std::string sent = "hello";
  const auto written = co_await asio::async_write(near, asio::buffer(sent), use_task);
  std::string got(5, '\0');
  const auto read = co_await asio::async_read(far, asio::buffer(got), use_task);
  co_return got + " " + std::to_string(std::get<1>(written)) + " " + std::to_string(std::get<1>(read));
}

TEST(Asio, OperationsGiveWhatTheirHandlersWouldGet) {
  EventLoop loop;
  auto outcome = run_on_loop(loop, echo_through_sockets());
  ASSERT_TRUE(outcome.value);
  EXPECT_EQ(*outcome.value, "hello 5 5");
}

Task<error_code> read_from_closed() {
  const auto executor = co_await io_executor();
  tcp::socket socket(executor);
  char byte = 0;
  const auto read = co_await socket.async_read_some(asio::buffer(&byte, 1), use_task);
  co_return std::get<0>(read);
}

TEST(Asio, ErrorsAreValues) {
  EventLoop loop;
  const auto outcome = run_on_loop(loop, read_from_closed());
  ASSERT_TRUE(outcome.value);
  EXPECT_EQ(*outcome.value, error_code(asio::error::bad_descriptor));
}

Task<bool> on_the_right_thread(asio::io_context& other) {
  asio::steady_timer timer(other, std::chrono::milliseconds(5));
  const auto before = std::this_thread::get_id();
  const error_code waited = co_await timer.async_wait(use_task);
  co_return !waited && before == std::this_thread::get_id();
}

TEST(Asio, TheTaskGoesOnAtItsOwnExecutor) {
  asio::io_context other;
  const auto work = asio::make_work_guard(other);
  std::thread thread([&] { other.run(); });
  EventLoop loop;
  const auto outcome = run_on_loop(loop, on_the_right_thread(other));
  other.stop();
  thread.join();
  ASSERT_TRUE(outcome.value);
  EXPECT_TRUE(*outcome.value);
}

Task<> wait_an_hour(bool& aborted) {
  const auto executor = co_await io_executor();
  asio::steady_timer timer(executor, std::chrono::hours(1));
  try {
    const error_code waited = co_await timer.async_wait(use_task);
    static_cast<void>(waited);
  } catch (const OperationAborted&) {
    aborted = true;
    throw;
  }
}

TEST(Asio, CancellationReachesTheOperation) {
  EventLoop loop;
  bool aborted = false;
  bool ended = false;
  RunHandle run;
  loop.post([&] {
    run = spawn(loop, wait_an_hour(aborted), [&](const RunOutcome<void>&) {
      ended = true;
      loop.stop();
    });
    loop.post([&] { run.cancel(); });
    loop.start_timer(std::chrono::seconds(30), [&] { loop.stop(); });
  });
  loop.run();
  EXPECT_TRUE(aborted);
  EXPECT_TRUE(ended);
}

asio::awaitable<int> forty_two() {
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
  co_await timer.async_wait(asio::use_awaitable);
  co_return 42;
}
asio::awaitable<void> failing() {
  throw std::runtime_error("no");
  co_return;
}

Task<int> both_kinds() {
  const auto executor = co_await io_executor();
  const int value = co_await from_asio(executor, forty_two());
  bool thrown = false;
  try {
    co_await from_asio(executor, failing());
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  co_return thrown ? value : -1;
}

TEST(Asio, CoroutinesOfAsioRunInsideATask) {
  EventLoop loop;
  const auto outcome = run_on_loop(loop, both_kinds());
  ASSERT_TRUE(outcome.value);
  EXPECT_EQ(*outcome.value, 42);
}

}  // namespace
}  // namespace leanmcp
