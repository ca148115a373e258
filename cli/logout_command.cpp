#include "logout_command.hpp"

#include "exit_codes.hpp"
#include "sign_in.hpp"

#include <boost/json.hpp>

#include <iostream>

using namespace leanmcp;

namespace {

struct LogoutArguments : SignInArguments {
  std::string url;
};

int logout(const LogoutArguments& arguments) {
  const auto terminal = std::make_shared<Terminal>(Terminal::of_process());
  const auto told = [&](const Error& error) {
    terminal->say(terminal->failure(shown(error.message(), true)));
    return static_cast<int>(exit_store);
  };
  if (!may_hold_sign_ins(arguments)) {
    terminal->say("Nobody is signed in.");
    return exit_ok;
  }
  const auto store = open_store(arguments, *terminal);
  if (!store) return told(store.error());
  const auto all = saved_sign_ins(**store);
  if (!all) return told(all.error());
  int count = 0;
  for (const SavedSignIn& one : *all) {
    if (!arguments.url.empty() && one.resource != canonical_resource(arguments.url)) continue;
    if (!arguments.profile.empty() && one.profile != arguments.profile) continue;
    SignInArguments of_this = arguments;
    of_this.profile = one.profile;
    const auto client = make_oauth_client(one.resource, of_this, *store, terminal, false);
    if (!client) return told(client.error());
    const auto signed_out = run_task((*client)->sign_out());
    // Not revoked there is still forgotten here, which is what this command is for.
    if (!signed_out || !*signed_out)
      terminal->say(
          terminal->warning(shown(signed_out ? signed_out->error().message() : "The sign-out was given up.")));
    std::cout << "Signed out of " << shown_name(one) << '\n';
    ++count;
  }
  if (count == 0) terminal->say(arguments.url.empty() ? "Nobody is signed in." : "Nobody is signed in there.");
  return exit_ok;
}

}  // namespace

void add_logout_command(CLI::App& app, int& status) {
  CLI::App* const command = app.add_subcommand("logout", "Give sign-ins back: revoke them there, forget them here");
  const auto arguments = std::make_shared<LogoutArguments>();
  command->add_option("url", arguments->url, "The server's URL; all servers without it")->type_name("");
  add_store_options(*command, *arguments);
  command->footer(
      "Examples:\n"
      "  leanmcp logout https://example.com/mcp\n"
      "  leanmcp logout\n\n" +
      std::string(exit_codes_text));
  command->callback([arguments, &status] { status = logout(*arguments); });
}
