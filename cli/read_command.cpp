#include "read_command.hpp"

#include "show_content.hpp"

#include <boost/json.hpp>
#include <unistd.h>

#include <iostream>

using namespace leanmcp;

namespace {

int show_contents(const ReadReply& reply) {
  for (const ResourceContent& content : reply.contents) {
    if (content.is_text) {
      // Into a pipe the text goes as it is; on a terminal nothing in it may steer that.
      if (isatty(STDOUT_FILENO) == 1) {
        show_text(content.text);
      } else {
        std::cout << content.text;
      }
    } else if (isatty(STDOUT_FILENO) == 1) {
      std::cout << '[' << shown(content.mime_type) << ", " << content.bytes.size() << " bytes]\n";
    } else {
      std::cout << content.bytes;
    }
  }
  return exit_ok;
}

}  // namespace

void add_read_command(CLI::App& app, int& status, ClientCommandsPtr commands) {
  CLI::App* const command = app.add_subcommand("read", "Read a resource");
  const auto arguments = std::make_shared<ConnectionArguments>();
  add_connection_options(*command, *arguments, "URI");
  command->add_flag("--json", arguments->as_json, "Write one JSON object");
  command->footer(
      "Examples:\n  leanmcp read https://example.com/mcp file:///notes.txt\n"
      "  leanmcp read --stdio file:///logo.png -- node server.js > logo.png");
  command->callback([arguments, commands, &status] {
    status = run_connected(*arguments, *commands, 1, 1, [&](const auto& words, BlockingClient& client) {
      const auto reply = client.read(words[0]);
      if (!reply) return tell_failure(*arguments, reply.error());
      return arguments->as_json ? print_json(*reply->json) : show_contents(*reply);
    });
  });
}
