#include "terminal_browser.hpp"

#include "web_address.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

using namespace leanmcp;

namespace {

/// A terminal hands over lines of 4095 bytes at most.
constexpr std::size_t longest_pasted_line = 64 * 1024;

}  // namespace

TerminalBrowser::TerminalBrowser(std::shared_ptr<Terminal> terminal, std::string server, bool launch, bool agreed,
                                 LoopbackOptions options)
    : terminal_(std::move(terminal)),
      server_(std::move(server)),
      launch_(launch),
      agreed_(agreed),
      listener_([this](std::string url) { return send(std::move(url)); }, std::move(options)) {}

TerminalBrowser::~TerminalBrowser() { stop_reading(); }

Task<Result<std::string>> TerminalBrowser::prepare() {
  Task<Result<std::string>> preparing = listener_.prepare();
  auto prepared = co_await std::move(preparing);
  if (prepared) redirect_uri_ = *prepared;
  co_return std::move(prepared);
}

Task<Result<std::string>> TerminalBrowser::visit(std::string url, std::function<bool(std::string_view)> is_answer) {
  struct Stop {
    TerminalBrowser& browser;
    ~Stop() { browser.stop_reading(); }
  };
  const Stop stop{*this};
  Task<Result<std::string>> visiting = listener_.visit(std::move(url), std::move(is_answer));
  auto answer = co_await std::move(visiting);
  co_return std::move(answer);
}

Task<Result<void>> TerminalBrowser::send(std::string url) {
  Terminal& terminal = *terminal_;
  terminal.say("");
  terminal.say(terminal.bold(shown(server_)) + " asks you to sign in here:");
  if (!check_address(terminal, url))
    co_return Result<void>(Error("The sign-in page has an address that is not opened."));
  show_address(terminal, url);
  bool open = launch_ && agreed_;
  if (launch_ && !agreed_ && terminal.interactive()) {
    const auto answer = terminal.ask_yes_no("Open " + host_of(url) + " in the browser?", true);
    if (!answer) co_return Result<void>(Error("The sign-in was cancelled."));
    open = *answer;
  }
  if (open && open_address(url)) {
    terminal.say("Waiting for the browser. Ctrl-C gives up.");
    co_return Result<void>();
  }
  if (open) terminal.say("No browser could be started from here.");
  terminal.say(
      "Open the address in a browser. If that is one on another machine, it ends at an address that it cannot");
  terminal.say("load and that begins with " + redirect_uri_ + "; paste that one here:");
  wake_ = ::eventfd(0, EFD_CLOEXEC);
  reader_ = std::thread([this] { read_pasted(); });
  co_return Result<void>();
}

void TerminalBrowser::read_pasted() {
  std::string line;
  for (;;) {
    pollfd fds[2] = {{wake_, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0) continue;
    if (fds[0].revents != 0) return;
    char bytes[4096];
    const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (count <= 0) {
      // Ctrl-D at a terminal; elsewhere nobody is there to type, and the browser may still come.
      if (terminal_->interactive()) listener_.cancel();
      return;
    }
    line.append(bytes, static_cast<std::size_t>(count));
    for (std::size_t end = line.find('\n'); end != std::string::npos; end = line.find('\n')) {
      const std::string address = line.substr(0, end);
      line.erase(0, end + 1);
      if (listener_.take(address)) return;
      if (address.find_first_not_of(" \t\r") != std::string::npos)
        terminal_->say("That is not it. Please paste the whole address at which the browser ended:");
    }
    if (line.size() > longest_pasted_line) line.clear();
  }
}

void TerminalBrowser::stop_reading() {
  if (!reader_.joinable()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
  reader_.join();
  ::close(std::exchange(wake_, -1));
}
