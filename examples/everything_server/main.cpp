// What the official conformance suite expects of a server: every feature once, on every revision.

#include "everything.hpp"

#include <leanmcp/transport/serve.hpp>

#include <CLI/CLI.hpp>

#include <iostream>

using namespace leanmcp;

namespace {

void log_to_stderr(LogLevel, std::string_view line) { std::cerr << line << '\n'; }

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
  app.add_option("--port", port, "Port on 127.0.0.1");
  app.add_option("--threads", threads, "Event loops");
  app.add_flag("--stdio", stdio, "Speak over standard input and output instead of HTTP");
  app.add_flag("--force-replay", force_replay, "Run each handler again from the top after every answer");
  app.add_flag("--verbose", verbose, "Log every request");
  CLI11_PARSE(app, argc, argv);

  const Logger logger(&log_to_stderr, verbose ? LogLevel::debug : LogLevel::warning);
  Server server("leanmcp-everything-server", "1.0.0",
                ServerOptions()
                    .title("Everything server")
                    .instructions("Try each tool; none of them does anything.")
                    .logger(logger)
                    .force_replay(force_replay));
  Server* self = nullptr;
  add_content(server);
  add_questions(server);
  add_triggers(server, self);
  if (stdio) return serve_stdio(server);
  return serve_http(server, HttpOptions().port(port).threads(threads).logger(logger));
}
