#include "sandbox_command.hpp"

#include <leanmcp/base/random.hpp>
#include <leanmcp/sandbox/identity.hpp>
#include <leanmcp/sandbox/sandbox.hpp>

#include <pthread.h>
#include <signal.h>

#include <iostream>
#include <memory>
#include <string>

namespace {

struct SandboxArguments {
  std::uint16_t port = 4000;
  int identity_port = -1;
  int stripe_port = -1;
  leanmcp::SandboxOptions options;
};

void print_help(const leanmcp::Sandbox& sandbox, const SandboxArguments& arguments, bool made_secret) {
  const std::string identity = sandbox.identity_url();
  const std::string stripe = sandbox.stripe_url();
  std::cout << "Sandbox: everything here is made up, on this machine only, and forgotten when it ends.\n"
            << "  identity provider  " << identity << "  (an authorization server with users of its own)\n"
            << "    sign in as       ada, grace or alan; password: " << leanmcp::sandbox::everybodys_password << '\n'
            << "    a token          curl '" << identity << "/token?user=ada'  (any other name is added)\n"
            << "    clients          register by themselves, or prove themselves by " << arguments.options.client_secret
            << ":\n                    ";
  for (const char* const id : leanmcp::sandbox::example_clients) std::cout << ' ' << id;
  for (const std::string& id : arguments.options.clients) std::cout << ' ' << id;
  std::cout << '\n'
            << "  Stripe double      " << stripe << "  (any sk_test_ key; prices: any price_… id)\n"
            << "    pay by script    curl -X POST " << stripe << "/sandbox/pay/<session>\n";
  if (!arguments.options.webhook_url.empty())
    std::cout << "    webhooks to      " << arguments.options.webhook_url << '\n';
  if (made_secret) std::cout << "    webhook secret   " << arguments.options.webhook_secret << '\n';
  std::cout << "Ctrl-C ends it." << std::endl;
}

int run_sandbox(SandboxArguments arguments) {
  leanmcp::SandboxOptions& options = arguments.options;
  options.identity_port =
      arguments.identity_port < 0 ? arguments.port : static_cast<std::uint16_t>(arguments.identity_port);
  options.stripe_port = arguments.stripe_port < 0 ? arguments.port : static_cast<std::uint16_t>(arguments.stripe_port);
  const bool made_secret = !options.webhook_url.empty() && options.webhook_secret.empty();
  if (made_secret) options.webhook_secret = "whsec_" + leanmcp::random_id(24);
  options.log =
      leanmcp::Logger([](leanmcp::LogLevel, std::string_view line) { std::cerr << std::string(line) + "\n"; });

  // Before any thread is made, so that all of them leave these signals to this one.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  auto sandbox = leanmcp::Sandbox::start(options);
  if (!sandbox) {
    std::cerr << sandbox.error().message() << ' ' << sandbox.error().detail() << '\n';
    return 1;
  }
  print_help(**sandbox, arguments, made_secret);
  int received = 0;
  sigwait(&signals, &received);
  return 0;
}

}  // namespace

void add_sandbox_command(CLI::App& app, int& status) {
  const auto arguments = std::make_shared<SandboxArguments>();
  CLI::App* const command = app.add_subcommand(
      "sandbox", "An identity provider and a Stripe double on 127.0.0.1, for trying and testing without accounts");
  command->add_option("--port", arguments->port, "Port of both; 0 for any free one")->capture_default_str();
  command->add_option("--port-idp", arguments->identity_port, "Port of the identity provider, if another")
      ->check(CLI::Range(0, 65535));
  command->add_option("--port-stripe", arguments->stripe_port, "Port of the Stripe double, if another")
      ->check(CLI::Range(0, 65535));
  command->add_option("--audience", arguments->options.audiences,
                      "What tokens may be for, the first by default: URLs of MCP servers; http://127.0.0.1:3000/mcp if "
                      "not given");
  command->add_option("--scope", arguments->options.scopes,
                      "What clients may ask for beside openid, profile and email; several");
  command->add_option(
      "--client", arguments->options.clients,
      "A client that proves itself by the secret, beside premium-service and the other examples; several");
  command->add_option(
      "--redirect-uri", arguments->options.redirect_uris,
      "Where answers to clients with the secret may go, beside /connect/callback on this machine; several");
  command
      ->add_option("--client-secret", arguments->options.client_secret,
                   "What clients with a secret must send; 16 characters or more")
      ->capture_default_str();
  command->add_option("--stripe-key", arguments->options.stripe_key,
                      "The only Stripe key accepted; any test key if not given");
  command->add_option("--webhook-url", arguments->options.webhook_url, "Where Stripe's events go; loopback only");
  command->add_option("--webhook-secret", arguments->options.webhook_secret,
                      "What they are signed with (whsec_…); made and printed if not given");
  command->footer(
      "Examples:\n"
      "  leanmcp sandbox\n"
      "  leanmcp sandbox --audience http://127.0.0.1:3000/mcp --webhook-url http://127.0.0.1:3000/webhook/stripe");
  command->callback([arguments, &status] { status = run_sandbox(*arguments); });
}
