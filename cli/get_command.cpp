#include "get_command.hpp"

#include "lines.hpp"
#include "show_content.hpp"

#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <iostream>

using namespace leanmcp;

namespace {

struct GetArguments : ConnectionArguments {
  std::vector<std::string> pairs;
};

}  // namespace

void add_get_command(CLI::App& app, int& status, ClientCommandsPtr commands) {
  CLI::App* const command = app.add_subcommand("get", "Get a prompt");
  const auto arguments = std::make_shared<GetArguments>();
  add_connection_options(*command, *arguments, "NAME");
  command->add_option("--arg,-a", arguments->pairs, "One argument, always text")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  command->add_flag("--json", arguments->as_json, "Write one JSON object");
  command->footer("Example:\n  leanmcp get https://example.com/mcp review --arg language=C++");
  command->callback([arguments, commands, &status] {
    json::object given;
    for (const std::string& pair : arguments->pairs) {
      const auto equals = pair.find('=');
      if (equals == std::string::npos || equals == 0) {
        status = usage_error("an argument is NAME=VALUE, not " + pair);
        return;
      }
      given[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    const std::string text = json_text(given);
    status = run_connected(*arguments, *commands, 1, 1, [&](const auto& words, BlockingClient& client) {
      const auto reply = client.get_prompt(words[0], text);
      if (!reply) return tell_failure(*arguments, reply.error());
      if (arguments->as_json) return print_json(*reply->json);
      for (const PromptMessage& message : reply->messages) {
        std::cout << shown(message.role) << ":\n";
        show_block(message.content);
      }
      return static_cast<int>(exit_ok);
    });
  });
}
