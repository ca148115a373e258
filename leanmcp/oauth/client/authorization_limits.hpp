#pragma once

#include <leanmcp/base/clock.hpp>

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// How often a server may make a person sign in. It cannot be trusted to stop by itself: one that answers every token
/// with another challenge would open browser windows without end (MCP 2025-11-25, Step-Up Authorization Flow: "a few
/// attempts"). What is older than the window does not count.
class AuthorizationLimits {
 public:
  static constexpr std::size_t most_authorizations = 3;
  static constexpr std::size_t most_step_ups = 2;
  static constexpr std::chrono::minutes window{10};

  /// Whether the person may be asked once more, for whatever it is.
  bool may_authorize(TimePoint now);
  void authorized(TimePoint now) { authorizations_.push_back(now); }
  /// Whether more may be asked for on behalf of this operation.
  bool may_step_up(const std::string& operation, TimePoint now);
  void stepped_up(const std::string& operation, TimePoint now);
  /// The operation was let through: what it took does not count any more.
  void accepted(const std::string& operation) { step_ups_.erase(operation); }
  /// Whether the person has said no to these scopes; their order does not matter.
  bool was_denied(std::string_view scope, TimePoint now);
  void denied(std::string_view scope, TimePoint now);
  /// The person asked for it: all begins anew.
  void clear();

 private:
  void forget_old(TimePoint now);
  std::deque<TimePoint> authorizations_;
  std::map<std::string, std::deque<TimePoint>> step_ups_;
  std::map<std::string, TimePoint> denials_;
};

}  // namespace leanmcp::inline v0
