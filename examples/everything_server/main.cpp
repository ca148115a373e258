// What the official conformance suite expects of a server: every feature once, on every revision.

#include "everything.hpp"

#include <leanmcp/crypto/seal.hpp>
#include <leanmcp/transport/serve.hpp>

#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>

using namespace leanmcp;

namespace {

Logger make_logger(const std::string& file, bool verbose) {
  const auto mutex = std::make_shared<std::mutex>();
  const auto out = file.empty() ? nullptr : std::make_shared<std::ofstream>(file, std::ios::app);
  const auto sink = [mutex, out](LogLevel, std::string_view line) {
    const std::lock_guard lock(*mutex);
    (out ? static_cast<std::ostream&>(*out) : std::cerr) << line << std::endl;
  };
  return Logger(sink, verbose ? LogLevel::debug : LogLevel::info);
}

/// Registers one tool or prompt more, or takes it out again, while the server runs.
void add_triggers(Server& server, Server*& self) {
  self = &server;
  static std::mutex mutex;
  server
      .tool("test_trigger_tool_change",
            [&self] {
              const std::lock_guard lock(mutex);
              static bool there = false;
              if (there) {
                self->remove(EntryKind::tool, "test_dynamic_tool");
              } else {
                self->tool("test_dynamic_tool", [] { return "dynamic"; }, description("Comes and goes"));
              }
              there = !there;
              const auto built = self->build();
              return built ? "Mutation triggered" : "Mutation failed";
            },
            description("Changes the list of tools"))
      .tool("test_trigger_prompt_change",
            [&self] {
              const std::lock_guard lock(mutex);
              static bool there = false;
              if (there) {
                self->remove(EntryKind::prompt, "test_dynamic_prompt");
              } else {
                self->prompt("test_dynamic_prompt", [] { return "dynamic"; }, description("Comes and goes"));
              }
              there = !there;
              const auto built = self->build();
              return built ? "Mutation triggered" : "Mutation failed";
            },
            description("Changes the list of prompts"));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A server with every feature of the protocol, for conformance tests");
  unsigned short port = 3001;
  unsigned threads = 2;
  bool stdio = false;
  bool force_replay = false;
  bool verbose = false;
  std::size_t sessions = 10'000;
  std::size_t sessions_per_address = 1'000;
  std::size_t body_limit = 4 * 1024 * 1024;
  long header_timeout_ms = 15'000;
  long body_timeout_ms = 30'000;
  long state_lifetime_ms = 900'000;
  std::string state_key;
  std::string log_file;
  std::vector<std::string> hosts;
  std::vector<std::string> origins;
  app.add_option("--port", port, "Port on 127.0.0.1");
  app.add_option("--threads", threads, "Event loops");
  app.add_flag("--stdio", stdio, "Speak over standard input and output instead of HTTP");
  app.add_flag("--force-replay", force_replay, "Run each handler again from the top after every answer");
  app.add_flag("--verbose", verbose, "Log every request");
  app.add_option("--max-sessions", sessions, "Sessions of older clients at once");
  app.add_option("--max-sessions-per-address", sessions_per_address, "The same of one address");
  app.add_option("--body-limit", body_limit, "Bytes of one request");
  app.add_option("--header-timeout-ms", header_timeout_ms, "Time to send a request's head");
  app.add_option("--body-timeout-ms", body_timeout_ms, "Time to send a request's body");
  app.add_option("--state-lifetime-ms", state_lifetime_ms, "How long a question may be answered");
  app.add_option("--state-key", state_key, "64 hexadecimal digits; random without");
  app.add_option("--log-file", log_file, "Log to this file");
  app.add_option("--allow-host", hosts, "A Host to serve");
  app.add_option("--allow-origin", origins, "A web origin to serve");
  CLI11_PARSE(app, argc, argv);

  const Logger logger = make_logger(log_file, verbose);
  ServerOptions options;
  options.title("Everything server")
      .instructions("Try each tool; none of them does anything.")
      .logger(logger)
      .state_lifetime(std::chrono::milliseconds(state_lifetime_ms))
      .force_replay(force_replay);
  if (!state_key.empty()) {
    auto keys = KeyRing::parse("k:" + state_key);
    if (!keys) {
      std::cerr << keys.error().message() << '\n';
      return 2;
    }
    options.state_keys(std::move(*keys));
  }
  Server server("leanmcp-everything-server", "1.0.0", options);
  Server* self = nullptr;
  add_content(server);
  add_questions(server);
  add_triggers(server, self);
  if (stdio) return serve_stdio(server);
  HttpOptions http;
  http.port(port).threads(threads).logger(logger).sessions(sessions, sessions_per_address, std::chrono::minutes(30));
  http.http().max_body(body_limit);
  http.http().read_times(std::chrono::milliseconds(header_timeout_ms), std::chrono::milliseconds(body_timeout_ms));
  http.http().max_connections(20'000, 20'000);
  for (const auto& host : hosts) http.allow_host(host);
  for (const auto& origin : origins) http.allow_origin(origin);
  return serve_http(server, http);
}
