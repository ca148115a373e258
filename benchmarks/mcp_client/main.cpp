// The client that `./bench client` measures: typed calls of one tool for a while, one after the other or so many at a
// time. Writes {"calls","us"} of the measured time on a line.

#include <leanmcp/base/event_loop.hpp>
#include <leanmcp/base/task_group.hpp>
#include <leanmcp/client.hpp>

#include <boost/describe.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>
#include <optional>
#include <vector>

using namespace leanmcp;

struct Echo {
  std::string text;
  std::int64_t n = 0;
};
BOOST_DESCRIBE_STRUCT(Echo, (), (text, n))

namespace {

using Steady = std::chrono::steady_clock;

struct Measurement {
  std::string tool;
  int in_flight = 1;
  Steady::duration warm_up{};
  Steady::duration duration{};
  Steady::time_point begin;
  Steady::time_point end;
  long calls = 0;
  std::string failure;
};

Task<bool> caller(Client client, Measurement& measurement) {
  const Echo input{"hello, world", 42};
  for (;;) {
    Task<ClientResult<Echo>> calling = client.call<Echo>(measurement.tool, input);
    const auto reply = co_await std::move(calling);
    if (!reply || reply->text != input.text || reply->n != input.n) {
      measurement.failure = reply ? "another answer" : reply.error().message();
      co_return false;
    }
    const auto now = Steady::now();
    if (now >= measurement.end) co_return true;
    if (now >= measurement.begin) ++measurement.calls;
  }
}

Task<bool> measure(std::string url, Measurement& measurement) {
  HttpClientOptions http;
  http.max_connections = http.max_connections_per_host = static_cast<std::size_t>(measurement.in_flight);
  ClientOptions options;
  options.name("bench-client", "1.0.0").versions({newest_version}).http(http);
  Task<ClientResult<Client>> connecting = Client::connect(std::move(url), options);
  auto client = co_await std::move(connecting);
  if (!client) {
    measurement.failure = client.error().message();
    co_return false;
  }
  measurement.begin = Steady::now() + measurement.warm_up;
  measurement.end = measurement.begin + measurement.duration;
  std::vector<Task<bool>> callers;
  for (int i = 0; i < measurement.in_flight; ++i) callers.push_back(caller(*client, measurement));
  Task<std::vector<bool>> calling = all(std::move(callers));
  const auto good = co_await std::move(calling);
  Task<void> closing = client->close();
  co_await std::move(closing);
  for (const bool one : good)
    if (!one) co_return false;
  co_return true;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Calls a tool for a while and counts");
  std::string url;
  Measurement measurement;
  measurement.tool = "echo_nonblocking";
  double seconds = 2;
  app.add_option("url", url, "The MCP endpoint")->required();
  app.add_option("--tool", measurement.tool, "The tool")->capture_default_str();
  app.add_option("--in-flight", measurement.in_flight, "Calls at a time")->capture_default_str();
  app.add_option("--seconds", seconds, "How long")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  measurement.warm_up = std::chrono::milliseconds(500);
  measurement.duration = std::chrono::milliseconds(static_cast<long>(seconds * 1000));

  EventLoop loop;
  bool good = false;
  loop.post([&] {
    spawn(loop, measure(url, measurement), [&](RunOutcome<bool> outcome) {
      good = outcome.value.value_or(false);
      loop.stop();
    });
  });
  loop.run();
  if (!good) {
    std::cerr << measurement.failure << '\n';
    return 1;
  }
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(measurement.duration).count();
  std::cout << "{\"calls\":" << measurement.calls << ",\"us\":" << us << "}\n";
  return 0;
}
