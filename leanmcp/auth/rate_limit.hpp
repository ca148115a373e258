#pragma once

#include <leanmcp/server/entry.hpp>

#include <chrono>
#include <cstddef>

namespace leanmcp::inline v0 {

// Limits of one principal (of one address, where nobody is authenticated), after authorization: who may not call uses
// nothing up. A refusal is 429 with Retry-After, `data.code` RATE_LIMITED and `data.retryAfter` in seconds. The limits
// of a service's decorator hold for each of its methods by itself. They count in this process.

/// At most `calls` in `per`, refilled steadily; that many at once after a pause. Each round of questions of the newer
/// era counts, since each is a request.
Decorator rate_limit(std::size_t calls, std::chrono::seconds per);

/// At most so many calls open at once. On the older era a call that waits for a person is open all the while: this
/// keeps one person's unanswered questions from piling up.
Decorator calls_at_once(std::size_t calls);

/// The rule of `rate_limit` by itself: tokens by key, in bounded memory. Not thread-safe.
class RateBuckets {
 public:
  RateBuckets(std::size_t calls, std::chrono::milliseconds per, std::size_t most_keys = 10'000);
  ~RateBuckets();
  RateBuckets(RateBuckets&&) noexcept;
  /// Zero when the call may go on; otherwise when to come back. Keys that no longer matter make room for new ones; when
  /// there is no room at all, the key whose turn is longest ago goes.
  std::chrono::milliseconds take(std::string_view key, TimePoint now);
  /// Counts one less again: what was taken turned out not to count.
  void give_back(std::string_view key);
  /// What `take` would answer, without counting.
  std::chrono::milliseconds wait(std::string_view key, TimePoint now) const;
  std::size_t size() const noexcept;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

}  // namespace leanmcp::inline v0
