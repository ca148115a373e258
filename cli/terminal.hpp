#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

/// What a command says to a person and asks of one. Results go to standard output; all this goes beside them.
class Terminal {
 public:
  /// `interactive`: somebody is there to answer. `colour`: the output understands ECMA-48 sequences.
  Terminal(std::istream& in, std::ostream& out, bool interactive, bool colour)
      : in_(in), out_(out), interactive_(interactive), colour_(colour) {}
  /// Standard input and standard error. Interactive where both are terminals; coloured where the output is one and
  /// neither NO_COLOR is set nor the terminal "dumb".
  static Terminal of_process();

  bool interactive() const noexcept { return interactive_; }
  void say(std::string_view line);
  /// Asks on a line of its own. Empty at the end of the input, and where nobody is there.
  std::optional<std::string> ask(std::string_view prompt);
  /// The same without showing what is typed.
  std::optional<std::string> ask_unseen(std::string_view prompt);
  /// Asks until the answer is one of y, yes, n, no; `otherwise` for an empty one. Empty at the end of the input.
  std::optional<bool> ask_yes_no(std::string_view prompt, bool otherwise);

  std::string bold(std::string_view text) const { return styled(text, "1"); }
  std::string dim(std::string_view text) const { return styled(text, "2"); }
  std::string warning(std::string_view text) const { return styled(text, "33"); }
  std::string failure(std::string_view text) const { return styled(text, "31"); }

 private:
  std::string styled(std::string_view text, std::string_view code) const;

  std::istream& in_;
  std::ostream& out_;
  bool interactive_;
  bool colour_;
};

/// Text from outside as it may be shown: controls and marks that change the direction of writing stand as `\x…`, so
/// that a server cannot move the cursor or make a line read as another. Line breaks are kept where `lines` says so.
std::string shown(std::string_view text, bool lines = false);
