#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

class HttpServer;

/// A number that only grows. Thread-safe.
class Counter {
 public:
  void add(std::uint64_t by = 1) noexcept { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A number that goes up and down. Thread-safe.
class Gauge {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(double by) noexcept { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// How often a value fell below each of some bounds, and the sum of all. Thread-safe.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void observe(double value) noexcept;
  /// Ascending upper bounds, without the infinite one.
  const std::vector<double>& bounds() const noexcept { return bounds_; }
  /// Observations in the bucket of that bound alone; `bounds().size()` is the infinite one.
  std::uint64_t in_bucket(std::size_t index) const noexcept { return counts_[index].load(std::memory_order_relaxed); }
  double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }
  /// 5 ms to 10 s, for durations in seconds.
  static std::vector<double> durations();

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
  std::atomic<double> sum_{0};
};

/// The figures of a program, rendered as OpenMetrics text (OpenMetrics 1.0). Thread-safe; what it hands out lives as
/// long as it does, and asking again for the same name and labels gives the same object.
///
/// A name of a wrong form, or one that is asked for as two kinds, throws std::logic_error: a bug. Labels may come from
/// outside: a family keeps at most `most_series` of them apart and counts the rest together with each label "other".
class Metrics {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;
  enum class Kind { counter, gauge };

  explicit Metrics(std::size_t most_series = 1'000);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// `name` without the suffix `_total`, which rendering adds.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = Labels());
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = Labels());
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                       const Labels& labels = Labels());
  /// A value that is asked for when the text is rendered, from any thread. Several under the same name and labels add
  /// up. `read` must not use this registry.
  void collect(Kind kind, std::string_view name, std::string_view help, const Labels& labels,
               std::function<double()> read);

  std::string render() const;
  /// What goes with the text as Content-Type.
  static std::string_view content_type() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Serves the text on GET `path`. For a server that only the own network reaches.
void route_metrics(HttpServer& server, std::string path, std::shared_ptr<const Metrics> metrics);

}  // namespace leanmcp::inline v0
