#pragma once

#include <leanmcp/oauth/client/authorization_browser.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace leanmcp::inline v0 {

/// Where the answer of the authorization server is awaited. A value; each call refines and returns the same object.
class LoopbackOptions {
 public:
  LoopbackOptions() = default;
  /// For clients whose redirect URI was registered by hand with a port. 0, the default, takes any free one.
  LoopbackOptions& port(std::uint16_t number) {
    port_ = number;
    return *this;
  }
  /// Begins with a slash.
  LoopbackOptions& path(std::string exact) {
    path_ = std::move(exact);
    return *this;
  }
  /// Names [::1] in the redirect URI instead of 127.0.0.1. Both are listened on where the machine has both.
  LoopbackOptions& prefer_ipv6(bool on = true) {
    prefer_ipv6_ = on;
    return *this;
  }
  /// How long a person may take, counted from when they have been sent off.
  LoopbackOptions& patience(std::chrono::milliseconds time) {
    patience_ = time;
    return *this;
  }

  std::uint16_t port_ = 0;
  std::string path_ = "/callback";
  bool prefer_ipv6_ = false;
  std::chrono::milliseconds patience_ = std::chrono::minutes(5);
};

/// Sends the person to a URL, by `open_in_browser` or in another way, and ends when they are on their way. A failure
/// ends the sign-in with its message.
using SendPerson = std::function<Task<Result<void>>(std::string url)>;

/// Receives the answer of the authorization server on a loopback address (RFC 8252, section 7.3): the literals
/// 127.0.0.1 and [::1], on the same port, bound for itself alone, before the redirect URI is told to anybody.
///
/// Only a GET of the exact path with the exact Host counts, and only when its query has the state of the request; any
/// other gets a page that says nothing and changes nothing. The first that counts ends the listening. Pages have a
/// fixed text, no script and no style.
///
/// `prepare` and `visit` belong to one executor; `take` and `cancel` may be called from any thread.
class LoopbackListener final : public AuthorizationBrowser {
 public:
  explicit LoopbackListener(SendPerson send, LoopbackOptions options = LoopbackOptions());
  /// Stops listening.
  ~LoopbackListener() override;

  Task<Result<std::string>> prepare() override;
  /// An answer, or an error when the person takes too long or `cancel` is called.
  Task<Result<std::string>> visit(std::string url, std::function<bool(std::string_view query)> is_answer) override;

  /// The address at which a browser on another machine ended, as the person pasted it: counts like a request for it.
  /// False when it is not the redirect URI with the answer to the present request, which then goes on.
  bool take(std::string_view address);
  /// Ends the present `visit` with an error.
  void cancel();

 private:
  class Attempt;
  Result<std::shared_ptr<Attempt>> listen(std::uint16_t port);

  const SendPerson send_;
  const LoopbackOptions options_;
  std::mutex mutex_;
  /// The present or the last one.
  std::shared_ptr<Attempt> attempt_;
};

}  // namespace leanmcp::inline v0
