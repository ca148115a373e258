#pragma once

#include <leanmcp/oauth/server/core.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0::as {

/// A try to sign in with a password, and what failed tries are counted by. Neither guessing nor locking out gets far:
/// an address has few tries a minute, and few an hour for one name; a name has more, but slowly, of all addresses
/// together; and a browser in which the person has signed in before has a count of its own, which nobody else fills.
class PasswordTry {
 public:
  PasswordTry(const Core& core, const Request& request, std::string_view username, TimePoint now);

  /// Counts it, before the password is looked at, so that tries at the same moment count as well. Zero when it may be
  /// tried now; otherwise nothing is counted, and it says when to come back.
  std::chrono::seconds take();
  /// It was no wrong password: it does not count.
  void give_back();

 private:
  const Core& core_;
  TimePoint now_;
  /// What it is counted by.
  std::vector<std::pair<Limit, std::string>> counts_;
  std::size_t taken_ = 0;
};

}  // namespace leanmcp::inline v0::as
