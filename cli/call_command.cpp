#include "call_command.hpp"

#include "lines.hpp"
#include "show_content.hpp"

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <iostream>

using namespace leanmcp;

namespace {

struct CallArguments : ConnectionArguments {
  std::vector<std::string> pairs;
  std::vector<std::string> json_words;
  CLI::Option* json_option = nullptr;
};

/// `--json` takes the arguments' text, or nothing; a word of another kind behind it was meant as one of the others.
std::string take_json_word(CallArguments& arguments) {
  if (arguments.json_option->count() == 0) return {};
  arguments.as_json = true;
  std::string text;
  for (const std::string& word : arguments.json_words) {
    if (word.starts_with('{')) {
      text = word;
    } else if (!word.empty()) {
      const bool is_url = word.find("://") != std::string::npos;
      arguments.words.insert(is_url ? arguments.words.begin() : arguments.words.end(), word);
    }
  }
  return text;
}

}  // namespace

void add_call_command(CLI::App& app, int& status, ClientCommandsPtr commands) {
  CLI::App* const command = app.add_subcommand("call", "Call a tool");
  const auto arguments = std::make_shared<CallArguments>();
  add_connection_options(*command, *arguments, "NAME");
  command
      ->add_option("--arg,-a", arguments->pairs,
                   "One argument, NAME=VALUE: true, false, null, numbers, [..] and {..} are taken as JSON, all else "
                   "as text; NAME:=VALUE takes JSON only")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  arguments->json_option = command
                               ->add_option("--json", arguments->json_words,
                                            "Write one JSON object; with a text {..}, take it as the arguments")
                               ->type_name("[ARGUMENTS]")
                               ->expected(0, 1)
                               ->allow_extra_args(false);
  command->footer(
      "Examples:\n"
      "  leanmcp call https://example.com/mcp greet --arg name=Ada\n"
      "  leanmcp call https://example.com/mcp search --json '{\"limit\":3}'\n"
      "  leanmcp call --stdio greet --arg name=Ada -- node server.js\n\n" +
      std::string(exit_codes_text));
  command->callback([arguments, commands, &status] {
    const std::string text = take_json_word(*arguments);
    auto given = arguments_of(text, arguments->pairs);
    if (!given) {
      status = usage_error(given.error().message());
      return;
    }
    const std::string whole = json_text(*given);
    status = run_connected(*arguments, *commands, 1, 1, [&](const auto& words, BlockingClient& client) {
      CallOptions options;
      const auto terminal = std::make_shared<Terminal>(Terminal::of_process());
      if (terminal->interactive() && !arguments->as_json) {
        options.on_progress([terminal, last = std::make_shared<std::string>()](const Progress& progress) {
          std::string line = " ";
          if (progress.total || progress.message.empty()) line += " " + std::to_string(static_cast<long>(progress.done));
          if (progress.total) line += " of " + std::to_string(static_cast<long>(*progress.total));
          if (!progress.message.empty()) line += " " + shown(progress.message);
          // A server that only says that it is still there need not fill the screen.
          if (line != *last) terminal->say(terminal->dim(line));
          *last = std::move(line);
        });
      }
      const auto reply = client.call(words[0], whole, options);
      if (!reply) return tell_failure(*arguments, reply.error());
      if (arguments->as_json) {
        print_json(*reply->json);
      } else {
        for (const ContentBlock& block : reply->content) show_block(block);
        if (reply->content.empty()) std::cout << shown(reply->structured_text()) << '\n';
      }
      return static_cast<int>(reply->is_error ? exit_tool_failed : exit_ok);
    });
  });
}
