#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/base/task.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// Why a URL was not opened.
enum class BrowserFault {
  no_web_address,  ///< no absolute http or https URL with a host
  unsafe_bytes,    ///< white space, a control byte, a quote, or another byte that RFC 3986 allows nowhere in a URL
  too_long,        ///< over 16 KiB
  cannot_start,    ///< the opener is not there or cannot be run
  failed,          ///< the opener said that it found no browser
};
std::string_view to_string(BrowserFault fault) noexcept;

/// Whether a browser may be sent there at all: what every URL from outside goes through (MCP 2026-07-28, Security Best
/// Practices). A URL that passes is one word for any program that splits lines or quotes.
Result<void, BrowserFault> check_browser_url(std::string_view url);

/// How URLs are opened. A value; each call refines and returns the same object.
class BrowserOptions {
 public:
  BrowserOptions() = default;
  /// The program, found in PATH, that takes a URL as its only argument. It is started as it is, by no shell.
  BrowserOptions& opener(std::string program) {
    opener_ = std::move(program);
    return *this;
  }
  /// How long to wait for the opener to say that it failed. One that still runs then has succeeded: some openers end
  /// with the browser.
  BrowserOptions& patience(std::chrono::milliseconds time) {
    patience_ = time;
    return *this;
  }
  /// The opener's environment, `NAME=value` each; without this call that of the calling process without BROWSER, which
  /// some openers run as a command.
  BrowserOptions& environment(std::vector<std::string> variables) {
    environment_ = std::move(variables);
    return *this;
  }

  std::string opener_ = "xdg-open";
  std::chrono::milliseconds patience_{2'000};
  std::optional<std::vector<std::string>> environment_;
};

/// Opens the URL in the person's browser. Blocks up to `patience`. The caller has consent, or needs none. Thread-safe.
Result<void, BrowserFault> launch_browser(const std::string& url, const BrowserOptions& options = BrowserOptions());

/// The same without blocking the executor; for `LoopbackListener`. The URL stands in no message.
Task<Result<void>> open_in_browser(std::string url);

}  // namespace leanmcp::inline v0
