#include "sandbox_command.hpp"

#include <CLI/CLI.hpp>

int main(int count, char** arguments) {
  CLI::App app("leanmcp: tools for MCP servers written with leanmcp for C++");
  app.require_subcommand(1);
  int status = 0;
  add_sandbox_command(app, status);
  CLI11_PARSE(app, count, arguments);
  return status;
}
