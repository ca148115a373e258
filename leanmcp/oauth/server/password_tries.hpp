#pragma once

#include <leanmcp/oauth/server/core.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace leanmcp::inline v0::as {

/// A try to sign in with a password, and what failed tries are counted by. Neither guessing nor locking out gets far:
/// an address has few tries a minute, and few an hour for one name; a name has more, but slowly, of all addresses
/// together; and a browser in which the person has signed in before has a count of its own, which nobody else fills.
class PasswordTry {
 public:
  PasswordTry(const Core& core, const Request& request, std::string_view username, TimePoint now);

  /// Zero when it may be tried now; otherwise when to come back.
  std::chrono::seconds wait() const;
  void failed() const;

 private:
  const Core& core_;
  TimePoint now_;
  std::string address_;
  std::string name_;
  std::string source_;
  bool known_ = false;
};

}  // namespace leanmcp::inline v0::as
