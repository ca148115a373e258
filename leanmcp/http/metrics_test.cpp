#include <leanmcp/http/metrics.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>

namespace leanmcp {
namespace {

TEST(Metrics, RendersOpenMetrics) {
  Metrics metrics;
  metrics.counter("calls", "Calls of tools.", {{"tool", "add"}}).add(3);
  metrics.counter("calls", "Calls of tools.", {{"tool", "sub"}}).add();
  metrics.gauge("sessions", "Open sessions.").set(2.5);
  Histogram& times = metrics.histogram("seconds", "Durations.", {0.1, 1});
  times.observe(0.05);
  times.observe(0.1);
  times.observe(0.5);
  times.observe(100);
  EXPECT_EQ(metrics.render(),
            "# TYPE calls counter\n# HELP calls Calls of tools.\n"
            "calls_total{tool=\"add\"} 3\ncalls_total{tool=\"sub\"} 1\n"
            "# TYPE seconds histogram\n# HELP seconds Durations.\n"
            "seconds_bucket{le=\"0.1\"} 2\nseconds_bucket{le=\"1\"} 3\nseconds_bucket{le=\"+Inf\"} 4\n"
            "seconds_sum 100.65\nseconds_count 4\n"
            "# TYPE sessions gauge\n# HELP sessions Open sessions.\nsessions 2.5\n# EOF\n");
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameObject) {
  Metrics metrics;
  Counter& first = metrics.counter("a", "");
  metrics.gauge("b", "");
  EXPECT_EQ(&first, &metrics.counter("a", ""));
  EXPECT_NE(&first, &metrics.counter("a", "", {{"x", "y"}}));
}

TEST(Metrics, LabelsAreEscaped) {
  Metrics metrics;
  metrics.gauge("a", "Two\nlines \"quoted\".", {{"path", "x\\y\"z\n"}}).set(1);
  EXPECT_EQ(metrics.render(),
            "# TYPE a gauge\n# HELP a Two\\nlines \\\"quoted\\\".\na{path=\"x\\\\y\\\"z\\n\"} 1\n# EOF\n");
}

TEST(Metrics, Numbers) {
  Metrics metrics;
  Gauge& gauge = metrics.gauge("a", "");
  const auto text = [&](double value) {
    gauge.set(value);
    const std::string all = metrics.render();
    const auto at = all.find("\na ") + 3;
    return all.substr(at, all.find('\n', at) - at);
  };
  EXPECT_EQ(text(0), "0");
  EXPECT_EQ(text(-3), "-3");
  EXPECT_EQ(text(123456789), "123456789");
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(text(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(text(std::nan("")), "NaN");
}

TEST(Metrics, MistakesAreBugs) {
  Metrics metrics;
  metrics.counter("a", "");
  EXPECT_THROW(metrics.gauge("a", ""), std::logic_error);
  EXPECT_THROW(metrics.counter("", ""), std::logic_error);
  EXPECT_THROW(metrics.counter("1a", ""), std::logic_error);
  EXPECT_THROW(metrics.counter("a b", ""), std::logic_error);
  EXPECT_THROW(metrics.counter("calls_total", ""), std::logic_error);
  EXPECT_THROW(metrics.counter("b", "", {{"x:y", "z"}}), std::logic_error);
  EXPECT_THROW(metrics.histogram("c", "", {1, 0.5}), std::logic_error);
}

TEST(Metrics, LabelsFromOutsideAreBounded) {
  Metrics metrics(3);
  for (int i = 0; i < 1'000; ++i) metrics.counter("calls", "", {{"tool", "t" + std::to_string(i)}}).add();
  const std::string text = metrics.render();
  EXPECT_NE(text.find("calls_total{tool=\"t2\"} 1\n"), std::string::npos);
  EXPECT_EQ(text.find("tool=\"t3\""), std::string::npos);
  EXPECT_NE(text.find("calls_total{tool=\"other\"} 997\n"), std::string::npos);
}

TEST(Metrics, CollectedValuesAddUp) {
  Metrics metrics;
  metrics.collect(Metrics::Kind::gauge, "open", "", {}, [] { return 1.0; });
  metrics.collect(Metrics::Kind::gauge, "open", "", {}, [] { return 2.0; });
  EXPECT_NE(metrics.render().find("open 3\n"), std::string::npos);
}

TEST(Metrics, CountsFromManyThreads) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        metrics.counter("c", "").add();
        metrics.gauge("g", "").add(1);
        metrics.histogram("h", "", {1}).observe(i % 2);
      }
    });
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(metrics.render().ends_with("# EOF\n"));
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(metrics.counter("c", "").value(), 40'000U);
  EXPECT_EQ(metrics.gauge("g", "").value(), 40'000);
  EXPECT_EQ(metrics.histogram("h", "", {1}).in_bucket(0), 40'000U);
}

}  // namespace
}  // namespace leanmcp
