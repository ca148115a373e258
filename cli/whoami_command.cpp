#include "whoami_command.hpp"

#include "exit_codes.hpp"
#include "sign_in.hpp"

#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <iostream>

using namespace leanmcp;
namespace json = boost::json;

namespace {

struct WhoamiArguments : SignInArguments {
  std::string url;
  bool as_json = false;
};

int whoami(const WhoamiArguments& arguments) {
  Terminal terminal = Terminal::of_process();
  json::array found;
  std::vector<std::string> titles;
  if (may_hold_sign_ins(arguments)) {
    const auto store = open_store(arguments, terminal);
    const auto all = store ? saved_sign_ins(**store) : Result<std::vector<SavedSignIn>>(store.error());
    if (!all) {
      terminal.say(terminal.failure(shown(all.error().message(), true)));
      return exit_store;
    }
    for (const SavedSignIn& one : *all) {
      if (!arguments.url.empty() && one.resource != canonical_resource(arguments.url)) continue;
      if (!arguments.profile.empty() && one.profile != arguments.profile) continue;
      found.push_back(describe_sign_in(one, **store));
      titles.push_back(shown_name(one));
    }
  }
  const int code = found.empty() ? exit_unauthenticated : exit_ok;
  if (arguments.as_json) {
    std::cout << json_text(json::object{{"sign_ins", std::move(found)}}) << '\n';
    return code;
  }
  for (std::size_t i = 0; i < titles.size(); ++i) {
    std::cout << titles[i] << '\n';
    show_sign_in(found[i].get_object(), "  ");
  }
  if (titles.empty()) terminal.say(arguments.url.empty() ? "Nobody is signed in." : "Nobody is signed in there.");
  return code;
}

}  // namespace

void add_whoami_command(CLI::App& app, int& status) {
  CLI::App* const command = app.add_subcommand("whoami", "Who is signed in where, and for how long");
  const auto arguments = std::make_shared<WhoamiArguments>();
  command->add_option("url", arguments->url, "The server's URL; all servers without it")->type_name("");
  command->add_flag("--json", arguments->as_json, "Write one JSON object");
  add_store_options(*command, *arguments);
  command->footer(
      "Examples:\n"
      "  leanmcp whoami\n"
      "  leanmcp whoami https://example.com/mcp --json\n\n" +
      std::string(exit_codes_text));
  command->callback([arguments, &status] { status = whoami(*arguments); });
}
