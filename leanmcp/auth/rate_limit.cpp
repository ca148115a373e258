#include <leanmcp/auth/rate_limit.hpp>

#include <leanmcp/auth/authenticate_hook.hpp>
#include <leanmcp/protocol/codes.hpp>

#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>

namespace leanmcp::inline v0 {

/// A key's calls are all in one number: when the next one would be due if calls came evenly (GCRA).
struct RateBuckets::Data {
  std::chrono::microseconds step;
  std::chrono::microseconds burst;
  std::size_t most;
  std::chrono::milliseconds wait(std::chrono::microseconds due, std::chrono::microseconds at) const {
    if (due - at <= burst) return std::chrono::milliseconds(0);
    return std::max(std::chrono::milliseconds(1), std::chrono::ceil<std::chrono::milliseconds>(due - at - burst));
  }
  struct Bucket {
    std::string key;
    std::chrono::microseconds due;
  };
  std::list<Bucket> recent;  ///< the latest user first
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_key;
};

RateBuckets::RateBuckets(std::size_t calls, std::chrono::milliseconds per, std::size_t most_keys)
    : data_(std::make_unique<Data>()) {
  data_->step = std::chrono::microseconds(per) / static_cast<long long>(std::max<std::size_t>(1, calls));
  data_->burst = data_->step * (static_cast<long long>(std::max<std::size_t>(1, calls)) - 1);
  data_->most = std::max<std::size_t>(1, most_keys);
}
RateBuckets::~RateBuckets() = default;
RateBuckets::RateBuckets(RateBuckets&&) noexcept = default;

std::size_t RateBuckets::size() const noexcept { return data_->recent.size(); }

std::chrono::milliseconds RateBuckets::take(std::string_view key, TimePoint now) {
  const auto at = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  auto found = data_->by_key.find(key);
  if (found == data_->by_key.end()) {
    if (data_->recent.size() >= data_->most) {
      data_->by_key.erase(data_->recent.back().key);
      data_->recent.pop_back();
    }
    data_->recent.push_front(Data::Bucket{std::string(key), at});
    found = data_->by_key.emplace(data_->recent.front().key, data_->recent.begin()).first;
  } else {
    data_->recent.splice(data_->recent.begin(), data_->recent, found->second);
  }
  Data::Bucket& bucket = *found->second;
  const auto due = std::max(bucket.due, at);
  const auto wait = data_->wait(due, at);
  if (wait.count() == 0) bucket.due = due + data_->step;
  return wait;
}

void RateBuckets::give_back(std::string_view key) {
  const auto found = data_->by_key.find(key);
  if (found != data_->by_key.end()) found->second->due -= data_->step;
}

std::chrono::milliseconds RateBuckets::wait(std::string_view key, TimePoint now) const {
  const auto at = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  const auto found = data_->by_key.find(key);
  return found == data_->by_key.end() ? std::chrono::milliseconds(0) : data_->wait(found->second->due, at);
}

namespace {

std::string who(const Call& call) {
  if (const Principal* const principal = call.principal(); principal && !principal->key().empty())
    return "p" + principal->key();
  return "a" + call.info().peer;
}

Verdict limited(const Call& call, std::chrono::milliseconds wait, const char* message) {
  const std::string seconds =
      std::to_string(std::max<long long>(1, std::chrono::ceil<std::chrono::seconds>(wait).count()));
  Denial denial;
  denial.rpc_code = code::rate_limited;
  denial.http_status = 429;
  denial.word = "RATE_LIMITED";
  denial.message = message;
  denial.action = "retry";
  denial.reason = "over a limit";
  denial.data = "\"retryAfter\":" + seconds;
  denial.headers.emplace_back("Retry-After", seconds);
  denial.as_tool_result = tells_softly(call);
  return Verdict::deny(std::move(denial));
}

class RateHook final : public Hook {
 public:
  RateHook(std::size_t calls, std::chrono::seconds per) : buckets_(calls, per) {}
  Stage stage() const override { return Stage::limit; }
  Verdict before(Call& call) override {
    std::chrono::milliseconds wait;
    {
      const std::lock_guard lock(mutex_);
      wait = buckets_.take(who(call), call.now());
    }
    if (wait.count() == 0) return Verdict::proceed();
    return limited(call, wait, "Too many calls; wait a little and try again.");
  }

 private:
  std::mutex mutex_;
  RateBuckets buckets_;
};

class AtOnceHook final : public Hook {
 public:
  explicit AtOnceHook(std::size_t most) : most_(most) {}
  Stage stage() const override { return Stage::limit; }
  Verdict before(Call& call) override {
    const std::lock_guard lock(mutex_);
    std::size_t& open = open_[who(call)];
    if (open >= most_)
      return limited(call, std::chrono::seconds(5),
                     "Too many calls of yours are still open; answer or cancel one first.");
    ++open;
    return Verdict::proceed();
  }
  Task<void> after(Call& call, bool) override {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(who(call));
    if (found != open_.end() && --found->second == 0) open_.erase(found);
    return Task<void>();
  }

 private:
  const std::size_t most_;
  std::mutex mutex_;
  /// Only of calls that are open: bounded by them.
  std::unordered_map<std::string, std::size_t> open_;
};

}  // namespace

Decorator rate_limit(std::size_t calls, std::chrono::seconds per) {
  return Decorator([calls, per](EntryDraft& draft) {
    if (calls == 0 || per.count() <= 0)
      return draft.fail("rate_limit() needs at least one call in at least one second");
    draft.entry.hooks.push_back(std::make_shared<RateHook>(calls, per));
  });
}

Decorator calls_at_once(std::size_t calls) {
  return Decorator([calls](EntryDraft& draft) {
    if (calls == 0) return draft.fail("calls_at_once() needs at least one call");
    draft.entry.hooks.push_back(std::make_shared<AtOnceHook>(calls));
  });
}

}  // namespace leanmcp::inline v0
