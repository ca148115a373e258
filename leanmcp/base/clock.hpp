#pragma once

#include <atomic>
#include <chrono>

namespace leanmcp::inline v0 {

/// Wall-clock time as every rule of the library sees it.
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

/// Whole seconds since the Unix epoch, the unit of JWT (RFC 7519, section 2, NumericDate) and of Stripe.
inline std::int64_t unix_seconds(TimePoint t) {
  return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}

/// Source of the current time; passed in, so that each deadline can be tested. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

/// A clock that moves only when told. For tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimePoint start = TimePoint(std::chrono::milliseconds(1'800'000'000'000)))
      : ms_(start.time_since_epoch().count()) {}
  TimePoint now() const override { return TimePoint(std::chrono::milliseconds(ms_.load())); }
  void advance(std::chrono::milliseconds by) { ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> ms_;
};

}  // namespace leanmcp::inline v0
