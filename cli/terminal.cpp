#include "terminal.hpp"

#include <leanmcp/base/log.hpp>

#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>

Terminal Terminal::of_process() {
  const char* const kind = std::getenv("TERM");
  const bool dumb = !kind || std::string_view(kind) == "dumb";
  const char* const no_colour = std::getenv("NO_COLOR");
  const bool on_terminal = isatty(STDERR_FILENO) == 1;
  const bool interactive = on_terminal && isatty(STDIN_FILENO) == 1;
  return Terminal(std::cin, std::cerr, interactive, on_terminal && !dumb && !(no_colour && *no_colour));
}

void Terminal::say(std::string_view line) { out_ << line << '\n' << std::flush; }

std::optional<std::string> Terminal::ask(std::string_view prompt) {
  if (!interactive_) return std::nullopt;
  out_ << prompt << std::flush;
  std::string line;
  if (!std::getline(in_, line)) {
    out_ << '\n';
    return std::nullopt;
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

std::optional<std::string> Terminal::ask_unseen(std::string_view prompt) {
  struct Quiet {
    Quiet() : known(tcgetattr(STDIN_FILENO, &before) == 0) {
      termios quiet = before;
      quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
      if (known) tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    ~Quiet() {
      if (known) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    }
    termios before{};
    bool known;
  };
  const Quiet quiet;
  const auto answer = ask(prompt);
  if (answer) out_ << '\n' << std::flush;
  return answer;
}

std::optional<bool> Terminal::ask_yes_no(std::string_view prompt, bool otherwise) {
  const std::string whole = std::string(prompt) + (otherwise ? " [Y/n] " : " [y/N] ");
  for (;;) {
    const auto answer = ask(whole);
    if (!answer) return std::nullopt;
    if (answer->empty()) return otherwise;
    if (*answer == "y" || *answer == "Y" || *answer == "yes") return true;
    if (*answer == "n" || *answer == "N" || *answer == "no") return false;
  }
}

std::string Terminal::styled(std::string_view text, std::string_view code) const {
  if (!colour_) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string shown(std::string_view text, bool lines) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = lines ? text.find('\n') : std::string_view::npos;
    leanmcp::append_visible(out, text.substr(0, end));
    if (end == std::string_view::npos) break;
    out += '\n';
    text.remove_prefix(end + 1);
  }
  return out;
}
