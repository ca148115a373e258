#include "jws_command.hpp"
#include "jwt_command.hpp"
#include "sandbox_command.hpp"
#include "schema_command.hpp"
#include "stripe_command.hpp"
#include "webhook_command.hpp"

#include <CLI/CLI.hpp>

int main(int count, char** arguments) {
  CLI::App app("leanmcp: tools for MCP servers written with leanmcp for C++");
  app.require_subcommand(1);
  int status = 0;
  add_jwt_command(app, status);
  add_jws_command(app, status);
  add_schema_command(app, status);
  add_webhook_command(app, status);
  add_stripe_command(app, status);
  add_sandbox_command(app, status);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  return status;
}
