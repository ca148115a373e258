#pragma once

#include <leanmcp/base/executor.hpp>
#include <leanmcp/client/error.hpp>
#include <leanmcp/client/options.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace leanmcp::inline v0::detail {

/// Cuts a stream of bytes into lines, whatever the borders of the pieces.
class LineBuffer {
 public:
  explicit LineBuffer(std::size_t most_bytes) : most_(most_bytes) {}
  /// Calls `take` for each whole line, without its LF or CR LF; empty lines are left out. False when a line is over
  /// the limit: nothing more is read then.
  bool feed(std::string_view piece, const std::function<void(std::string_view line)>& take);

 private:
  std::size_t most_;
  std::string rest_;
};

/// A program in a process group of its own, its three standard streams as pipes, served by a thread of its own.
/// `write` and `stop` from any thread; the callbacks come on the executor, none after `stop`.
class ChildProcess : public std::enable_shared_from_this<ChildProcess> {
 public:
  struct Callbacks {
    std::function<void(std::string_view line)> on_line;
    std::function<void(std::string_view line)> on_stderr;
    /// Once: it will not say anything more.
    std::function<void(ClientError)> on_end;
  };

  static ClientResult<std::shared_ptr<ChildProcess>> start(Executor& executor, const StdioCommand& command,
                                                           const ClientLimits& limits, Callbacks callbacks);
  ChildProcess(Executor& executor, const StdioCommand& command, const ClientLimits& limits, Callbacks callbacks);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Queues a line; its end is added. False when too much waits already.
  bool write(std::string_view line);
  /// Closes its input, then, after the command's patience each, SIGTERM and SIGKILL to its group. Does not wait.
  /// `gone`, if given, is called on the thread of the process when it has ended.
  void stop(std::function<void()> gone = {});
  pid_t pid() const noexcept { return pid_; }

 private:
  using Time = std::chrono::steady_clock::time_point;

  ClientResult<void> spawn(const StdioCommand& command);
  // On the thread of the process.
  void serve();
  void write_some();
  bool read_output();
  bool read_errors();
  void end_process();
  bool ended_within(std::chrono::milliseconds time);
  void post(std::function<void()> work);
  void post_end(ClientError error);

  const std::chrono::milliseconds patience_;
  const ClientLimits limits_;
  const std::shared_ptr<Callbacks> callbacks_;
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;
  int wake_ = -1;
  bool reaped_ = false;
  LineBuffer lines_;
  LineBuffer error_lines_;

  std::mutex mutex_;
  Executor* executor_;  // null after stop
  std::string to_write_;
  std::size_t queued_ = 0;  // bytes posted to the executor and not yet taken
  bool stopping_ = false;
  std::function<void()> gone_;
};

}  // namespace leanmcp::inline v0::detail
