#include <leanmcp/oauth/client/browser_launch.hpp>

#include <leanmcp/base/url.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <future>
#include <system_error>
#include <thread>

extern char** environ;

namespace leanmcp::inline v0 {

namespace {

constexpr std::size_t longest_page_url = 16 * 1024;

/// RFC 3986, section 2: what may stand in a URL, unreserved, reserved or the sign of an escape. The quote ' is allowed
/// there as a sub-delimiter and refused here all the same.
bool allowed(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("-._~:/?#[]@!$&()*+,;=%").find(c) != std::string_view::npos;
}

std::vector<std::string> inherited_environment() {
  std::vector<std::string> out;
  for (char** entry = environ; entry && *entry; ++entry)
    if (!std::string_view(*entry).starts_with("BROWSER=")) out.emplace_back(*entry);
  return out;
}

struct Spawn {
  Spawn() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    // The browser's own words are not the program's, and the program's input is not the browser's.
    for (const int fd : {0, 1, 2}) posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    sigset_t none;
    sigemptyset(&none);
    sigset_t usual;
    sigfillset(&usual);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    // Ctrl-C in the terminal is meant for the program.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;
  ~Spawn() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

}  // namespace

std::string_view to_string(BrowserFault fault) noexcept {
  switch (fault) {
    case BrowserFault::no_web_address:
      return "it is no web address";
    case BrowserFault::unsafe_bytes:
      return "it holds characters that no web address has";
    case BrowserFault::too_long:
      return "it is too long";
    case BrowserFault::cannot_start:
      return "no browser can be started from here";
    case BrowserFault::failed:
      return "no browser was found";
  }
  return {};
}

Result<void, BrowserFault> check_browser_url(std::string_view url) {
  if (url.size() > longest_page_url) return BrowserFault::too_long;
  if (!std::all_of(url.begin(), url.end(), allowed)) return BrowserFault::unsafe_bytes;
  const auto parsed = detail::parse_url(url);
  const bool web =
      parsed && (parsed->scheme_id() == boost::urls::scheme::https || parsed->scheme_id() == boost::urls::scheme::http);
  if (!web || parsed->encoded_host().empty()) return BrowserFault::no_web_address;
  return {};
}

Result<void, BrowserFault> launch_browser(const std::string& url, const BrowserOptions& options) {
  if (const auto usable = check_browser_url(url); !usable) return usable.error();
  std::string program = options.opener_;
  std::string address = url;
  const std::array<char*, 3> argv{program.data(), address.data(), nullptr};
  std::vector<std::string> variables = options.environment_ ? *options.environment_ : inherited_environment();
  std::vector<char*> envp;
  for (std::string& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);
  const Spawn how;
  pid_t child = -1;
  if (posix_spawnp(&child, argv[0], &how.files, &how.attributes, argv.data(), envp.data()) != 0)
    return BrowserFault::cannot_start;
  std::promise<int> ended;
  std::future<int> status = ended.get_future();
  // Somebody has to wait for the child, however long its browser stays open.
  try {
    std::thread([child, ended = std::move(ended)]() mutable {
      int code = 0;
      const bool mine = waitpid(child, &code, 0) == child;
      ended.set_value(mine ? code : 0);
    }).detach();
  } catch (const std::system_error&) {
    return BrowserFault::cannot_start;
  }
  if (status.wait_for(options.patience_) != std::future_status::ready) return {};
  const int code = status.get();
  if (!WIFEXITED(code)) return BrowserFault::failed;
  // 127: the system could not run it after all.
  if (WEXITSTATUS(code) == 127) return BrowserFault::cannot_start;
  if (WEXITSTATUS(code) != 0) return BrowserFault::failed;
  return {};
}

Task<Result<void>> open_in_browser(std::string url) {
  using Outcome = Result<void, BrowserFault>;
  OneShot<Outcome> opened;
  try {
    std::thread([opened, url = std::move(url)] { opened.set(launch_browser(url)); }).detach();
  } catch (const std::system_error&) {
    opened.set(Outcome(BrowserFault::cannot_start));
  }
  const Outcome outcome = co_await opened;
  if (!outcome)
    co_return Result<void>(
        Error("The sign-in page cannot be opened: " + std::string(to_string(outcome.error())) + "."));
  co_return Result<void>();
}

}  // namespace leanmcp::inline v0
