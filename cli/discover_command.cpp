#include "discover_command.hpp"

#include <boost/json.hpp>

#include <iostream>

using namespace leanmcp;

void add_discover_command(CLI::App& app, int& status, ClientCommandsPtr commands) {
  CLI::App* const command = app.add_subcommand("discover", "What a server says of itself");
  const auto arguments = std::make_shared<ConnectionArguments>();
  add_connection_options(*command, *arguments, "");
  command->add_flag("--json", arguments->as_json, "Write one JSON object");
  command->footer("Example:\n  leanmcp discover https://example.com/mcp --json");
  command->callback([arguments, commands, &status] {
    status = run_connected(*arguments, *commands, 0, 0, [&](const auto&, BlockingClient& client) {
      const ServerDescription& server = client.server();
      if (arguments->as_json) {
        json::object out;
        out["revision"] = to_string(server.revision);
        out["name"] = server.name;
        out["title"] = server.title;
        out["version"] = server.version;
        out["instructions"] = server.instructions;
        out["capabilities"] = *server.capabilities;
        return print_json(out);
      }
      std::cout << shown(server.title.empty() ? server.name : server.title) << ' ' << shown(server.version)
                << ", revision " << to_string(server.revision) << '\n';
      std::string names;
      for (const auto& [name, value] : *server.capabilities) names += (names.empty() ? "" : ", ") + shown(name);
      std::cout << "Capabilities: " << (names.empty() ? "none" : names) << '\n';
      if (!server.instructions.empty()) std::cout << shown(server.instructions, true) << '\n';
      return static_cast<int>(exit_ok);
    });
  });
}
