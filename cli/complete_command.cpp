#include "complete_command.hpp"

#include <boost/json.hpp>

#include <iostream>

using namespace leanmcp;

void add_complete_command(CLI::App& app, int& status, ClientCommandsPtr commands) {
  CLI::App* const command = app.add_subcommand("complete", "Ask for completions of an argument");
  const auto arguments = std::make_shared<ConnectionArguments>();
  add_connection_options(*command, *arguments, "PROMPT-OR-TEMPLATE ARGUMENT VALUE");
  command->add_flag("--json", arguments->as_json, "Write one JSON object");
  command->footer(
      "Examples:\n  leanmcp complete https://example.com/mcp review language py\n"
      "  leanmcp complete https://example.com/mcp 'file:///{path}' path src/");
  command->callback([arguments, commands, &status] {
    status = run_connected(*arguments, *commands, 3, 3, [&](const auto& words, BlockingClient& client) {
      const auto reply = client.complete(words[0], words[1], words[2]);
      if (!reply) return tell_failure(*arguments, reply.error());
      if (!arguments->as_json) {
        for (const std::string& value : reply->values) std::cout << shown(value) << '\n';
        return static_cast<int>(exit_ok);
      }
      json::object out;
      json::array values;
      for (const std::string& value : reply->values) values.emplace_back(value);
      out["values"] = std::move(values);
      if (reply->total) out["total"] = *reply->total;
      out["hasMore"] = reply->has_more;
      return print_json(out);
    });
  });
}
