#include <leanmcp/client/child_process.hpp>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

extern char** environ;

namespace leanmcp::inline v0::detail {

namespace {

constexpr std::size_t most_waiting_bytes = 64 * 1024 * 1024;
constexpr std::size_t most_error_line = 64 * 1024;
constexpr std::chrono::milliseconds reap_interval{10};

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

struct Pipe {
  int ends[2] = {-1, -1};
  bool open() { return ::pipe2(ends, O_CLOEXEC) == 0; }
  ~Pipe() {
    close_fd(ends[0]);
    close_fd(ends[1]);
  }
  int take(int which) { return std::exchange(ends[which], -1); }
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

bool LineBuffer::feed(std::string_view piece, const std::function<void(std::string_view)>& take) {
  for (;;) {
    const auto end = piece.find('\n');
    const std::string_view part = piece.substr(0, end);
    if (rest_.size() + part.size() > most_) return false;
    if (end == std::string_view::npos) {
      rest_.append(part);
      return true;
    }
    std::string_view line = part;
    if (!rest_.empty()) {
      rest_.append(part);
      line = rest_;
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) take(line);
    rest_.clear();
    piece.remove_prefix(end + 1);
  }
}

ChildProcess::ChildProcess(Executor& executor, const StdioCommand& command, const ClientLimits& limits,
                           Callbacks callbacks)
    : patience_(command.patience_),
      limits_(limits),
      callbacks_(std::make_shared<Callbacks>(std::move(callbacks))),
      lines_(limits.message_bytes),
      error_lines_(most_error_line),
      executor_(&executor) {}

ChildProcess::~ChildProcess() {
  close_fd(input_);
  close_fd(output_);
  close_fd(errors_);
  close_fd(wake_);
}

ClientResult<std::shared_ptr<ChildProcess>> ChildProcess::start(Executor& executor, const StdioCommand& command,
                                                                const ClientLimits& limits, Callbacks callbacks) {
  auto child = std::make_shared<ChildProcess>(executor, command, limits, std::move(callbacks));
  auto spawned = child->spawn(command);
  if (!spawned) return std::move(spawned).error();
  std::thread([child] { child->serve(); }).detach();
  return child;
}

ClientResult<void> ChildProcess::spawn(const StdioCommand& command) {
  Pipe in, out, err;
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0 || !in.open() || !out.open() || !err.open())
    return ClientError(ClientCause::unreachable, "out of file descriptors");

  std::vector<std::string> words{command.program_};
  words.insert(words.end(), command.arguments_.begin(), command.arguments_.end());
  std::vector<std::string> variables = command.environment_.value_or(std::vector<std::string>());
  const auto argv = pointers(words);
  const auto envp = pointers(variables);

  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, in.ends[0], 0);
  posix_spawn_file_actions_adddup2(&files, out.ends[1], 1);
  posix_spawn_file_actions_adddup2(&files, err.ends[1], 2);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  const int failed =
      posix_spawnp(&pid_, argv[0], &files, &attributes, argv.data(), command.environment_ ? envp.data() : environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    return ClientError(ClientCause::unreachable,
                       "cannot start " + command.program_ + ": " + std::generic_category().message(failed));
  }
  input_ = in.take(1);
  output_ = out.take(0);
  errors_ = err.take(0);
  for (const int fd : {input_, output_, errors_}) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  return {};
}

bool ChildProcess::write(std::string_view line) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || to_write_.size() + line.size() > most_waiting_bytes) return false;
    to_write_.append(line);
    to_write_ += '\n';
  }
  const std::uint64_t one = 1;
  return ::write(wake_, &one, sizeof one) == sizeof one;
}

void ChildProcess::stop(std::function<void()> gone) {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    executor_ = nullptr;
    if (gone) gone_ = std::move(gone);
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void ChildProcess::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (!executor_) return;
  executor_->post([self = shared_from_this(), work = std::move(work)] {
    {
      const std::lock_guard inner(self->mutex_);
      if (!self->executor_) return;
    }
    work();
  });
}

void ChildProcess::post_end(ClientError error) {
  post([callbacks = callbacks_, error = std::move(error)] { callbacks->on_end(error); });
}

void ChildProcess::serve() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  const auto self = shared_from_this();
  for (;;) {
    bool wants_write = false;
    bool wants_read = false;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
      wants_write = !to_write_.empty() && input_ >= 0;
      // Whoever talks faster than we listen waits in the pipe.
      wants_read = queued_ < limits_.queued_bytes;
    }
    pollfd fds[4] = {{wake_, POLLIN, 0},
                     {wants_read ? output_ : -1, POLLIN, 0},
                     {errors_, POLLIN, 0},
                     {wants_write ? input_ : -1, POLLOUT, 0}};
    ::poll(fds, 4, -1);
    if (fds[0].revents) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto got = ::read(wake_, &count, sizeof count);
    }
    if (fds[2].revents && !read_errors()) close_fd(errors_);
    if (fds[3].revents) write_some();
    if (fds[1].revents && !read_output()) break;
  }
  end_process();
}

void ChildProcess::write_some() {
  const std::lock_guard lock(mutex_);
  const auto n = ::write(input_, to_write_.data(), to_write_.size());
  if (n > 0) {
    to_write_.erase(0, static_cast<std::size_t>(n));
  } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
    close_fd(input_);  // it does not listen any more; what it still says is read
    to_write_.clear();
  }
}

bool ChildProcess::read_output() {
  char buffer[64 * 1024];
  const auto n = ::read(output_, buffer, sizeof buffer);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (n <= 0) {
    post_end(ClientError(ClientCause::closed, "the program ended its output"));
    return false;
  }
  const bool fits = lines_.feed(std::string_view(buffer, static_cast<std::size_t>(n)), [this](std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (!executor_) return;
    queued_ += line.size();
    executor_->post([self = shared_from_this(), text = std::string(line)] {
      {
        const std::lock_guard inner(self->mutex_);
        const bool was_full = self->queued_ >= self->limits_.queued_bytes;
        self->queued_ -= text.size();
        if (was_full) {
          const std::uint64_t one = 1;
          [[maybe_unused]] const auto written = ::write(self->wake_, &one, sizeof one);
        }
        if (!self->executor_) return;
      }
      self->callbacks_->on_line(text);
    });
  });
  if (!fits) post_end(ClientError(ClientCause::too_large, "a line of the program is over the limit"));
  return fits;
}

bool ChildProcess::read_errors() {
  char buffer[16 * 1024];
  const auto n = ::read(errors_, buffer, sizeof buffer);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (n <= 0) return false;
  if (!callbacks_->on_stderr) return true;
  const bool fits =
      error_lines_.feed(std::string_view(buffer, static_cast<std::size_t>(n)), [this](std::string_view line) {
        post([callbacks = callbacks_, text = std::string(line)] { callbacks->on_stderr(text); });
      });
  if (!fits) error_lines_ = LineBuffer(most_error_line);
  return true;
}

bool ChildProcess::ended_within(std::chrono::milliseconds time) {
  const Time end = std::chrono::steady_clock::now() + time;
  for (;;) {
    const pid_t got = ::waitpid(pid_, nullptr, WNOHANG);
    if (got == pid_ || (got < 0 && errno == ECHILD)) return reaped_ = true;
    if (std::chrono::steady_clock::now() >= end) return false;
    // A program that waits to get rid of its last words would not end while nobody reads them.
    pollfd fds[2] = {{output_, POLLIN, 0}, {errors_, POLLIN, 0}};
    if (::poll(fds, 2, static_cast<int>(reap_interval.count())) > 0) {
      char buffer[16 * 1024];
      if (fds[0].revents && ::read(output_, buffer, sizeof buffer) == 0) close_fd(output_);
      if (fds[1].revents && !read_errors()) close_fd(errors_);
    }
  }
}

void ChildProcess::end_process() {
  close_fd(input_);
  if (!ended_within(patience_)) {
    ::kill(-pid_, SIGTERM);
    if (!ended_within(patience_)) {
      ::kill(-pid_, SIGKILL);
      ended_within(patience_);
    }
  }
  std::function<void()> gone;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    gone = std::exchange(gone_, {});
  }
  if (gone) gone();
}

}  // namespace leanmcp::inline v0::detail
