#pragma once

#include <leanmcp/auth/fetcher.hpp>
#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/log.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/base/task.hpp>
#include <leanmcp/crypto/public_keys.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// When published keys are fetched again, and how long they are believed.
class KeyTimes {
 public:
  KeyTimes() = default;
  /// The bounds of what the provider's Cache-Control may ask for.
  KeyTimes& lifetime_between(std::chrono::seconds least, std::chrono::seconds most) {
    return lifetime_least = least, lifetime_most = most, *this;
  }
  /// Where the provider says nothing.
  KeyTimes& lifetime(std::chrono::seconds time) { return lifetime_default = time, *this; }
  /// How long an unknown key id leads to no further fetch: after one that brought what was asked for, and after one
  /// that did not or failed.
  KeyTimes& cooldown(std::chrono::milliseconds good, std::chrono::milliseconds bad) {
    return cooldown_good = good, cooldown_bad = bad, *this;
  }
  /// How long the last good keys are used while the provider cannot be reached.
  KeyTimes& usable(std::chrono::seconds time) { return usable_for = time, *this; }

  std::chrono::seconds lifetime_least{300};
  std::chrono::seconds lifetime_most{24 * 3600};
  std::chrono::seconds lifetime_default{600};
  std::chrono::milliseconds cooldown_good{30'000};
  std::chrono::milliseconds cooldown_bad{10'000};
  std::chrono::seconds usable_for{24 * 3600};
};

/// A key set with what belongs to it. Immutable.
struct KeySet {
  PublicKeys keys;
  /// Another number, another content.
  std::uint64_t generation = 0;
  /// The `issuer` member that Entra gives each key, by key id.
  std::map<std::string, std::string, std::less<>> issuers;
};

/// `max-age` of a Cache-Control field (RFC 9111, section 5.2.2.1), zero for `no-cache` and `no-store`; nullopt when it
/// says neither.
std::optional<std::chrono::seconds> cache_lifetime(std::string_view cache_control);

/// What a response means: a key set, or the reason why it is none. Status 200 only, bounded, keys that cannot be used
/// left out. A pure function.
Result<KeySet> read_key_set(const ClientResponse& response, std::uint64_t generation);

/// The published keys of one issuer at one URL: fetched once at start, again in the background when four fifths of
/// their lifetime are over, at once when that is over, and for a key id that is not among them; never twice at a time.
/// While the provider is away the last good set is used, for a bounded time. Time and network come from outside.
/// Thread-safe.
class JwksCache : public std::enable_shared_from_this<JwksCache> {
 public:
  static std::shared_ptr<JwksCache> create(std::string url, Fetcher fetcher, std::shared_ptr<const Clock> clock,
                                           KeyTimes times, Logger logger = {}, HttpFields headers = {});
  /// Keys that never change and are never fetched.
  static std::shared_ptr<JwksCache> fixed(PublicKeys keys);

  /// The first fetch; blocks. The error is a sentence with the URL and what was wrong.
  Result<void> init();

  enum class Step {
    use,         ///< the present set decides
    wait,        ///< `refreshed` first
    unavailable  ///< there are no keys that may be used, or the provider cannot say
  };
  /// Before a token is looked at. Starts a refresh in the background when it is time. Lock-free while the set is fresh.
  Step ready(TimePoint now);
  /// After the set turned out to have no key of an id.
  Step unknown(TimePoint now);
  /// Set once the fetch that is under way has ended, starting one if none is and one is due. `key_id` is what was asked
  /// for, if any.
  OneShot<bool> refreshed(std::string_view key_id = {});

  std::shared_ptr<const KeySet> keys() const;
  std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }
  const std::string& url() const noexcept { return url_; }

 private:
  JwksCache(std::string url, Fetcher fetcher, std::shared_ptr<const Clock> clock, KeyTimes times, Logger logger,
            HttpFields headers);
  ClientRequest request() const;
  void start(std::unique_lock<std::mutex> lock);
  void finish(const HttpClient::Outcome& outcome);
  Result<void> take(const HttpClient::Outcome& outcome, TimePoint now);

  const std::string url_;
  const Fetcher fetcher_;
  const std::shared_ptr<const Clock> clock_;
  const KeyTimes times_;
  const Logger logger_;
  const HttpFields headers_;

  std::atomic<std::int64_t> refresh_from_ms_{0};
  std::atomic<std::uint64_t> generation_{0};

  mutable std::mutex mutex_;
  std::shared_ptr<const KeySet> set_;
  std::string body_digest_;
  TimePoint fetched_at_{};
  TimePoint fresh_until_{};
  TimePoint quiet_until_{};  // no fetch before, whatever key id comes
  bool failed_ = false;      // the last fetch
  bool fetching_ = false;
  std::vector<std::string> wanted_;
  std::vector<OneShot<bool>> waiting_;
};

}  // namespace leanmcp::inline v0
