#pragma once

#include <leanmcp/auth/provider.hpp>
#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/task.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// Answers of a provider by key (SHA-256 of a token), good ones until the token's expiry and at most 300 s, faults for
/// 10 s or as long as the provider asks to be left alone. Who asks for the same while a look-up is under way waits for
/// that one. A look-up belongs to nobody's call: it goes on when the call that started it is cancelled. While the
/// provider wants to be left alone by all, or too many look-ups are under way, nothing further is asked of it. Bounded;
/// thread-safe.
template <class T>
class LookupCache : public std::enable_shared_from_this<LookupCache<T>> {
 public:
  using Answer = Result<T, AuthFault>;
  using Done = std::function<void(Answer)>;

  explicit LookupCache(std::shared_ptr<const Clock> clock, std::size_t most = 10'000, std::size_t most_at_once = 256)
      : clock_(std::move(clock)), most_(most), most_at_once_(most_at_once) {}

  static constexpr std::chrono::seconds longest{300};
  static constexpr std::chrono::seconds fault_lifetime{10};
  static constexpr std::chrono::seconds longest_quiet{300};

  /// What is known now.
  std::optional<Answer> find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end() || !found->second.answer || clock_->now() >= found->second.until) return std::nullopt;
    return found->second.answer;
  }

  /// The answer for the key, by `start` unless it is known or being asked for. `expires_at` in Unix seconds bounds a
  /// good answer; `expiry_of` may give a nearer one that the answer itself knows.
  OneShot<Answer> get(const std::string& key, long long expires_at, const std::function<void(Done)>& start,
                      const std::function<long long(const T&)>& expiry_of = {}) {
    OneShot<Answer> shot;
    {
      const std::lock_guard lock(mutex_);
      const TimePoint now = clock_->now();
      const auto known = entries_.find(key);
      const bool waited_for = known != entries_.end() && !known->second.waiting.empty();
      if (known != entries_.end() && known->second.answer && now < known->second.until) {
        shot.set(*known->second.answer);
        return shot;
      }
      if (const auto refused = refusal(now); refused && !waited_for) {
        shot.set(*refused);
        return shot;
      }
      Entry& entry = slot(key);
      entry.answer.reset();
      entry.waiting.push_back(shot);
      if (waited_for) return shot;
      ++under_way_;
    }
    start([weak = this->weak_from_this(), key, expires_at, expiry_of](Answer answer) {
      if (const auto self = weak.lock()) self->finish(key, expires_at, expiry_of, std::move(answer));
    });
    return shot;
  }

 private:
  struct Entry {
    std::optional<Answer> answer;
    TimePoint until{};
    std::vector<OneShot<Answer>> waiting;
  };

  /// Why nothing is asked of the provider now.
  std::optional<AuthFault> refusal(TimePoint now) const {
    if (now < quiet_until_) {
      AuthFault fault(AuthCode::verification_failed, "the provider wants to be left alone: " + quiet_reason_);
      fault.retry_after = std::chrono::ceil<std::chrono::seconds>(quiet_until_ - now);
      return fault;
    }
    if (under_way_ < most_at_once_) return std::nullopt;
    AuthFault fault(AuthCode::verification_failed, "too many look-ups at the provider are under way");
    fault.retry_after = std::chrono::seconds(1);
    return fault;
  }

  Entry& slot(const std::string& key) {
    const auto [found, fresh] = entries_.try_emplace(key);
    if (!fresh) return found->second;
    order_.push_back(key);
    // Entries that somebody waits for stay; there are no more of those than calls.
    for (std::size_t tries = order_.size(); entries_.size() > most_ && tries > 0; --tries) {
      std::string oldest = std::move(order_.front());
      order_.pop_front();
      const auto old = entries_.find(oldest);
      if (old != entries_.end() && oldest != key && old->second.waiting.empty()) {
        entries_.erase(old);
      } else {
        order_.push_back(std::move(oldest));
      }
    }
    return entries_.at(key);
  }

  void finish(const std::string& key, long long expires_at, const std::function<long long(const T&)>& expiry_of,
              Answer answer) {
    std::vector<OneShot<Answer>> waiting;
    {
      const std::lock_guard lock(mutex_);
      Entry& entry = slot(key);
      waiting.swap(entry.waiting);
      --under_way_;
      const TimePoint now = clock_->now();
      if (answer) {
        if (const long long own = expiry_of ? expiry_of(*answer) : 0; own > 0)
          expires_at = expires_at > 0 ? std::min(expires_at, own) : own;
        entry.until = now + longest;
        if (expires_at > 0) entry.until = std::min(entry.until, TimePoint(std::chrono::seconds(expires_at)));
      } else {
        AuthFault& fault = answer.error();
        if (fault.retry_at > 0)
          fault.retry_after = std::clamp(std::chrono::seconds(fault.retry_at - unix_seconds(now)),
                                         std::chrono::seconds(1), longest_quiet);
        entry.until = now + std::max(fault_lifetime, fault.retry_after);
        if (fault.for_all && fault.retry_after.count() > 0) {
          quiet_until_ = std::max(quiet_until_, now + fault.retry_after);
          quiet_reason_ = fault.reason;
        }
      }
      entry.answer = answer;
    }
    for (const auto& one : waiting) one.set(answer);
  }

  const std::shared_ptr<const Clock> clock_;
  const std::size_t most_;
  const std::size_t most_at_once_;
  std::mutex mutex_;
  std::size_t under_way_ = 0;
  TimePoint quiet_until_{};
  std::string quiet_reason_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> order_;
};

}  // namespace leanmcp::inline v0
