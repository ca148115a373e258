#include "ping_command.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <iostream>

using namespace leanmcp;

void add_ping_command(CLI::App& app, int& status, ClientCommandsPtr commands) {
  CLI::App* const command = app.add_subcommand("ping", "Ask whether a server answers, and how soon");
  const auto arguments = std::make_shared<ConnectionArguments>();
  add_connection_options(*command, *arguments, "");
  command->add_flag("--json", arguments->as_json, "Write one JSON object");
  command->footer("Example:\n  leanmcp ping https://example.com/mcp");
  command->callback([arguments, commands, &status] {
    status = run_connected(*arguments, *commands, 0, 0, [&](const auto&, BlockingClient& client) {
      const auto begin = std::chrono::steady_clock::now();
      const auto reply = client.ping();
      if (!reply) return tell_failure(*arguments, reply.error());
      const auto spent = std::chrono::steady_clock::now() - begin;
      const double ms = std::chrono::duration<double, std::milli>(spent).count();
      const std::string revision(to_string(client.server().revision));
      if (arguments->as_json) {
        json::object out;
        out["revision"] = revision;
        out["milliseconds"] = ms;
        return print_json(out);
      }
      std::cout << revision << ", " << std::chrono::duration_cast<std::chrono::microseconds>(spent).count() << " µs\n";
      return static_cast<int>(exit_ok);
    });
  });
}
