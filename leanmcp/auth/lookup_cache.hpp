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
/// that one. A look-up belongs to nobody's call: it goes on when the call that started it is cancelled. Bounded;
/// thread-safe.
template <class T>
class LookupCache : public std::enable_shared_from_this<LookupCache<T>> {
 public:
  using Answer = Result<T, AuthFault>;
  using Done = std::function<void(Answer)>;

  explicit LookupCache(std::shared_ptr<const Clock> clock, std::size_t most = 10'000)
      : clock_(std::move(clock)), most_(most) {}

  static constexpr std::chrono::seconds longest{300};
  static constexpr std::chrono::seconds fault_lifetime{10};

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
      Entry& entry = slot(key);
      if (entry.answer && clock_->now() < entry.until) {
        shot.set(*entry.answer);
        return shot;
      }
      entry.answer.reset();
      entry.waiting.push_back(shot);
      if (entry.waiting.size() > 1) return shot;
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
      const TimePoint now = clock_->now();
      if (answer) {
        if (const long long own = expiry_of ? expiry_of(*answer) : 0; own > 0)
          expires_at = expires_at > 0 ? std::min(expires_at, own) : own;
        entry.until = now + longest;
        if (expires_at > 0) entry.until = std::min(entry.until, TimePoint(std::chrono::seconds(expires_at)));
      } else {
        entry.until = now + std::max(fault_lifetime, answer.error().retry_after);
      }
      entry.answer = answer;
    }
    for (const auto& one : waiting) one.set(answer);
  }

  const std::shared_ptr<const Clock> clock_;
  const std::size_t most_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> order_;
};

}  // namespace leanmcp::inline v0
