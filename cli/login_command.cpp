#include "login_command.hpp"

#include "exit_codes.hpp"
#include "lines.hpp"
#include "sign_in.hpp"

#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <iostream>

using namespace leanmcp;
namespace json = boost::json;

namespace {

struct LoginArguments : SignInArguments {
  std::string url;
  bool anew = false;
  bool as_json = false;
};

/// A store in which nobody is signed in yet. What is there stays until the new sign-in is complete.
class FreshStart final : public TokenStore {
 public:
  explicit FreshStart(std::shared_ptr<TokenStore> store) : store_(std::move(store)) {}
  Result<std::unique_ptr<Lease>> try_lock(const std::string& name) override { return store_->try_lock(name); }
  Result<std::optional<Secret>> load(const std::string& name) override {
    if (!saved_ && name.starts_with("tokens ")) return std::optional<Secret>();
    return store_->load(name);
  }
  Result<void> save(const std::string& name, const Secret& value) override {
    saved_ = saved_ || name.starts_with("tokens ");
    return store_->save(name, value);
  }
  Result<void> erase(const std::string& name) override { return store_->erase(name); }
  Result<std::vector<std::string>> names() override { return store_->names(); }

 private:
  const std::shared_ptr<TokenStore> store_;
  bool saved_ = false;
};

int tell(const LoginArguments& arguments, Terminal& terminal, const Error& error, ExitCode code) {
  if (arguments.as_json) {
    std::cout << json_text(json::object{{"error", json::object{{"message", error.message()}}}}) << '\n';
  } else {
    terminal.say(terminal.failure(shown(error.message(), true)));
    if (!error.detail().empty()) terminal.say(shown(error.detail()));
  }
  return code;
}

int login(const LoginArguments& arguments) {
  const auto terminal = std::make_shared<Terminal>(Terminal::of_process());
  if (arguments.url.empty()) return usage_error("which server? Give its URL");
  const auto opened = open_store(arguments, *terminal);
  if (!opened) return tell(arguments, *terminal, opened.error(), exit_store);
  std::shared_ptr<TokenStore> store = *opened;
  if (arguments.anew) store = std::make_shared<FreshStart>(std::move(store));
  const auto client = make_oauth_client(arguments.url, arguments, store, terminal, true);
  if (!client) return usage_error(client.error().message());
  const auto signed_in = run_task((*client)->sign_in());
  if (!signed_in || !*signed_in)
    return tell(arguments, *terminal, signed_in ? signed_in->error() : Error("The sign-in was given up."),
                exit_unauthenticated);
  const std::string issuer = (*client)->status().issuer;
  if (!arguments.client_id.empty()) {
    // For later commands, which do not name the client again.
    OAuthClientIdentity identity(arguments.client_id);
    const auto secret = arguments.client_secret_file.empty() ? Result<std::string>(std::string())
                                                             : read_whole(arguments.client_secret_file);
    if (!secret) return usage_error(secret.error().message());
    identity.secret = Secret(secret->substr(0, secret->find_last_not_of("\r\n") + 1));
    const std::string redirect_uri = "http://127.0.0.1:" + std::to_string(arguments.port) + "/callback";
    const auto saved = store->save(identity_name(issuer, arguments.profile), save_identity(identity, redirect_uri));
    if (!saved) return tell(arguments, *terminal, saved.error(), exit_store);
  }
  const auto all = saved_sign_ins(*store);
  if (!all) return tell(arguments, *terminal, all.error(), exit_store);
  for (const SavedSignIn& one : *all) {
    if (one.issuer != issuer || one.profile != arguments.profile || one.resource != canonical_resource(arguments.url))
      continue;
    const json::object description = describe_sign_in(one, *store);
    if (arguments.as_json) {
      std::cout << json_text(description) << '\n';
    } else {
      std::cout << "Signed in to " << shown_name(one) << '\n';
      show_sign_in(description, "  ");
    }
  }
  return exit_ok;
}

}  // namespace

void add_login_command(CLI::App& app, int& status) {
  CLI::App* const command = app.add_subcommand("login", "Sign in to a server in the browser, and stay signed in");
  const auto arguments = std::make_shared<LoginArguments>();
  command->add_option("url", arguments->url, "The server's URL")->type_name("");
  command->add_flag("--anew", arguments->anew, "Sign in again, also when somebody is signed in");
  command->add_flag("--yes,-y", arguments->agreed, "Open the browser without asking");
  command->add_flag("--no-browser", arguments->no_browser, "Only show the address, for a browser somewhere else");
  command->add_flag("--json", arguments->as_json, "Write one JSON object");
  add_store_options(*command, *arguments);
  const std::string group = "Signing in";
  command->add_flag("--passphrase", arguments->passphrase, "Keep sign-ins in a file with a passphrase")->group(group);
  const std::string at = "At the authorization server";
  command->add_option("--scope", arguments->scope, "What to ask for where the server does not say")
      ->type_name("SCOPES")
      ->group(at);
  command->add_option("--client-id", arguments->client_id, "A client that is registered there")
      ->type_name("ID")
      ->group(at);
  command->add_option("--client-secret-file", arguments->client_secret_file, "File with its secret")
      ->type_name("FILE")
      ->group(at);
  command->add_option("--issuer", arguments->issuer, "The only authorization server that it is shown to")
      ->type_name("URL")
      ->group(at);
  command->add_option("--client-document", arguments->client_document, "URL of a client metadata document of yours")
      ->type_name("URL")
      ->group(at);
  command->add_option("--port", arguments->port, "Port of the redirect URI http://127.0.0.1:PORT/callback")
      ->type_name("PORT")
      ->group(at);
  command->add_flag("--old-endpoints", arguments->old_endpoints, "A server of 2025-03-26 without metadata")->group(at);
  command->footer(
      "Examples:\n"
      "  leanmcp login https://example.com/mcp\n"
      "  leanmcp login https://example.com/mcp --profile work --no-browser\n"
      "  leanmcp login https://example.com/mcp --client-id my-client --port 8976\n\n" +
      std::string(exit_codes_text));
  command->callback([arguments, &status] { status = login(*arguments); });
}
