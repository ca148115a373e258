#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/oauth/server/message.hpp>
#include <leanmcp/oauth/server/options.hpp>
#include <leanmcp/oauth/server/store.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0::as {

/// What is counted.
enum class Limit {
  registration,       ///< by address
  token,              ///< by client
  failure,            ///< failed client authentication, by address
  password,           ///< wrong passwords, by address
  password_name,      ///< wrong passwords for a name, of all addresses together
  password_source,    ///< wrong passwords for a name from one address, or in one browser that is known
  authorize,          ///< by address
  document,           ///< metadata documents not seen before: by address, and all addresses together
  all_registrations,  ///< of all addresses together, once they may: under one key
};

/// Requests by address, client or name, each refilled steadily, in bounded memory. Counts of this instance: behind
/// several, each allows as much. Wrong passwords are in the database as well, where there is one: they count for all
/// instances and after a restart. What is over a limit in memory does not get as far as that. An IPv6 address counts as
/// its /64, which is what one person has. Thread-safe.
class RateLimits {
 public:
  /// The limits for passwords block where there is a store; a database that does not answer leaves those of memory.
  explicit RateLimits(const OAuthServerOptions::Limits& limits, std::optional<Store> store = std::nullopt);
  ~RateLimits();

  /// Counts one. Zero when it may go on; otherwise when to come back.
  std::chrono::seconds take(Limit limit, std::string_view key, TimePoint now);
  /// Counts one less again: what was taken turned out not to count.
  void give_back(Limit limit, std::string_view key);
  /// What `take` would answer, without counting: for failures, which count only once they have happened.
  std::chrono::seconds wait(Limit limit, std::string_view key, TimePoint now) const;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

/// 429 with Retry-After.
OAuthError too_many_requests(std::chrono::seconds wait);

/// What an address is counted by: an IPv4 address whole, of an IPv6 one the first 64 bits.
std::string limit_key(std::string_view address);

}  // namespace leanmcp::inline v0::as
