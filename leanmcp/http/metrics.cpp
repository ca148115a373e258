#include <leanmcp/http/metrics.hpp>

#include <leanmcp/http/server.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <mutex>
#include <stdexcept>

namespace leanmcp::inline v0 {

namespace {

bool is_name(std::string_view name, bool colons) {
  const auto letter = [colons](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
  };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out.append("\\n");
    } else {
      if (c == '\\' || c == '"') out.push_back('\\');
      out.push_back(c);
    }
  }
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char digits[32];
  const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
  const auto end = whole ? std::to_chars(digits, digits + sizeof digits, static_cast<std::int64_t>(value)).ptr
                         : std::to_chars(digits, digits + sizeof digits, value).ptr;
  return {digits, end};
}

/// `a="1",b="2"`: what stands between the braces, and the key of a series.
std::string label_text(const Metrics::Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!is_name(name, false)) throw std::logic_error("not a label's name: " + name);
    if (!out.empty()) out.push_back(',');
    out.append(name).append("=\"");
    append_escaped(out, value);
    out.push_back('"');
  }
  return out;
}

void append_sample(std::string& out, std::string_view name, std::string_view labels, std::string_view value) {
  out.append(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(value).append("\n");
}

struct Series {
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
  std::vector<std::function<double()>> read;
};

enum class Type { counter, gauge, histogram };

struct Family {
  Type type;
  std::string help;
  std::map<std::string, Series> series;
};

void append_histogram(std::string& out, const std::string& name, const std::string& labels, const Histogram& of) {
  const std::string before = labels.empty() ? std::string() : labels + ",";
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= of.bounds().size(); ++i) {
    sum += of.in_bucket(i);
    const std::string bound = i < of.bounds().size() ? number_text(of.bounds()[i]) : "+Inf";
    append_sample(out, name + "_bucket", before + "le=\"" + bound + "\"", std::to_string(sum));
  }
  append_sample(out, name + "_sum", labels, number_text(of.sum()));
  // From the buckets, so that both agree while others count.
  append_sample(out, name + "_count", labels, std::to_string(sum));
}

double value_of(const Series& series) {
  double value = 0;
  if (series.counter) value += static_cast<double>(series.counter->value());
  if (series.gauge) value += series.gauge->value();
  for (const auto& read : series.read) value += read();
  return value;
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)) {
  if (!std::is_sorted(bounds_.begin(), bounds_.end())) throw std::logic_error("a histogram's bounds ascend");
  counts_ = std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1);
}

void Histogram::observe(double value) noexcept {
  const auto index = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<std::size_t>(index)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<double> Histogram::durations() { return {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}; }

struct Metrics::State {
  std::size_t most_series = 0;
  mutable std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;

  /// Under the mutex.
  Series& series(Type type, std::string_view name, std::string_view help, const Labels& labels) {
    if (!is_name(name, true) || name.ends_with("_total"))
      throw std::logic_error("not a metric's name: " + std::string(name));
    std::string key = label_text(labels);
    auto found = families.find(name);
    if (found == families.end()) found = families.emplace(std::string(name), Family{type, std::string(help), {}}).first;
    Family& family = found->second;
    if (family.type != type) throw std::logic_error("one metric of two kinds: " + std::string(name));
    if (!family.series.contains(key) && family.series.size() >= most_series) {
      Labels others = labels;
      for (auto& label : others) label.second = "other";
      key = label_text(others);
    }
    return family.series[key];
  }
};

Metrics::Metrics(std::size_t most_series) : state_(std::make_unique<State>()) { state_->most_series = most_series; }
Metrics::~Metrics() = default;

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(state_->mutex);
  Series& series = state_->series(Type::counter, name, help, labels);
  if (!series.counter) series.counter = std::make_unique<Counter>();
  return *series.counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(state_->mutex);
  Series& series = state_->series(Type::gauge, name, help, labels);
  if (!series.gauge) series.gauge = std::make_unique<Gauge>();
  return *series.gauge;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                              const Labels& labels) {
  const std::lock_guard lock(state_->mutex);
  Series& series = state_->series(Type::histogram, name, help, labels);
  if (!series.histogram) series.histogram = std::make_unique<Histogram>(std::move(bounds));
  return *series.histogram;
}

void Metrics::collect(Kind kind, std::string_view name, std::string_view help, const Labels& labels,
                      std::function<double()> read) {
  const std::lock_guard lock(state_->mutex);
  state_->series(kind == Kind::counter ? Type::counter : Type::gauge, name, help, labels)
      .read.push_back(std::move(read));
}

std::string Metrics::render() const {
  const std::lock_guard lock(state_->mutex);
  std::string out;
  for (const auto& [name, family] : state_->families) {
    const std::string_view type = family.type == Type::counter ? "counter"
                                  : family.type == Type::gauge ? "gauge"
                                                               : "histogram";
    out.append("# TYPE ").append(name).append(" ").append(type).append("\n# HELP ").append(name).append(" ");
    append_escaped(out, family.help);
    out.push_back('\n');
    for (const auto& [labels, series] : family.series) {
      if (series.histogram) {
        append_histogram(out, name, labels, *series.histogram);
      } else {
        append_sample(out, family.type == Type::counter ? name + "_total" : name, labels,
                      number_text(value_of(series)));
      }
    }
  }
  return out.append("# EOF\n");
}

std::string_view Metrics::content_type() noexcept {
  return "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

void route_metrics(HttpServer& server, std::string path, std::shared_ptr<const Metrics> metrics) {
  server.route(HttpMethod::get, std::move(path), [metrics = std::move(metrics)](HttpExchange exchange) {
    exchange.respond(200, Metrics::content_type(), metrics->render());
  });
}

}  // namespace leanmcp::inline v0
