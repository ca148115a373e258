#include "as_command.hpp"
#include "jws_command.hpp"
#include "jwt_command.hpp"
#include "call_command.hpp"
#include "complete_command.hpp"
#include "completion_command.hpp"
#include "discover_command.hpp"
#include "get_command.hpp"
#include "inspect_command.hpp"
#include "list_command.hpp"
#include "login_command.hpp"
#include "logout_command.hpp"
#include "ping_command.hpp"
#include "read_command.hpp"
#include "sandbox_command.hpp"
#include "schema_command.hpp"
#include "stripe_command.hpp"
#include "webhook_command.hpp"
#include "whoami_command.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <string_view>

int main(int count, char** arguments) {
  CLI::App app("leanmcp: tools for MCP servers written with leanmcp for C++");
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  leanmcp login https://example.com/mcp\n"
      "  leanmcp list https://example.com/mcp\n"
      "  leanmcp call https://example.com/mcp greet --arg name=Ada\n"
      "  leanmcp call --help");
  int status = 0;
  const auto commands = std::make_shared<ClientCommands>();
  // What stands behind `--` is another program's: it is not looked at here.
  const auto end = std::find(arguments, arguments + count, std::string_view("--"));
  if (end != arguments + count) commands->program.assign(end + 1, arguments + count);
  add_list_command(app, status, commands);
  add_call_command(app, status, commands);
  add_read_command(app, status, commands);
  add_get_command(app, status, commands);
  add_complete_command(app, status, commands);
  add_ping_command(app, status, commands);
  add_discover_command(app, status, commands);
  add_inspect_command(app, status, commands);
  add_login_command(app, status);
  add_logout_command(app, status);
  add_whoami_command(app, status);
  add_jwt_command(app, status);
  add_jws_command(app, status);
  add_schema_command(app, status);
  add_webhook_command(app, status);
  add_stripe_command(app, status);
  add_sandbox_command(app, status);
  add_as_command(app, status);
  add_completion_command(app);
  try {
    app.parse(static_cast<int>(end - arguments), arguments);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  return status;
}
