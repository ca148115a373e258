#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace leanmcp::inline v0 {

enum class LogLevel { debug, info, warning, error };

/// One more fact of a log line. The name is a literal; the value must not be a secret. A field without a name is left
/// out.
using LogField = std::pair<std::string_view, std::string_view>;

/// Appends text from outside so that it can be shown to a person: controls, line separators and marks that change the
/// direction of writing stand as `\\x` and their bytes.
void append_visible(std::string& out, std::string_view text);

/// Where log lines go. The library never prints by itself: without a sink, lines are dropped.
/// The sink is called from any thread, several at once.
class Logger {
 public:
  using Sink = std::function<void(LogLevel, std::string_view line)>;

  Logger() = default;
  explicit Logger(Sink sink, LogLevel least = LogLevel::info) : sink_(std::move(sink)), least_(least) {}

  bool enabled(LogLevel level) const noexcept { return sink_ && level >= least_; }
  /// Writes `message name=value …`; values are quoted; control characters and those that change the direction of
  /// writing are escaped, so that input from outside cannot forge a line.
  void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    if (enabled(LogLevel::debug)) log(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    if (enabled(LogLevel::info)) log(LogLevel::info, message, fields);
  }
  void warning(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    if (enabled(LogLevel::warning)) log(LogLevel::warning, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    if (enabled(LogLevel::error)) log(LogLevel::error, message, fields);
  }

 private:
  Sink sink_;
  LogLevel least_ = LogLevel::info;
};

}  // namespace leanmcp::inline v0
