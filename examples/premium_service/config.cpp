#include "config.hpp"

#include <leanmcp/base/settings.hpp>
#include <leanmcp/crypto/seal.hpp>
#include <leanmcp/http/client.hpp>

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <mutex>

using namespace leanmcp;

namespace {

[[noreturn]] void stop(const std::string& why) {
  std::cerr << "premium-service: " << why << '\n';
  std::exit(2);
}

std::string setting(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  return value ? value : "";
}

std::string need(const char* name, const char* what) {
  std::string value = setting(name);
  if (value.empty()) stop(std::string(name) + " is not set; it is " + what);
  return value;
}

std::string either(const char* name, const char* other, const char* what) {
  std::string value = setting(name);
  if (value.empty()) value = setting(other);
  if (value.empty()) stop(std::string(name) + " is not set; it is " + what);
  return value;
}

Logger make_logger(const std::string& file, bool verbose) {
  const auto mutex = std::make_shared<std::mutex>();
  const auto out = file.empty() ? nullptr : std::make_shared<std::ofstream>(file, std::ios::app);
  const auto sink = [mutex, out](LogLevel, std::string_view line) {
    const std::lock_guard lock(*mutex);
    (out ? static_cast<std::ostream&>(*out) : std::cerr) << line << std::endl;
  };
  return Logger(sink, verbose ? LogLevel::debug : LogLevel::info);
}

template <class T, class E>
T value_or_stop(Result<T, E> result, const std::string& what) {
  if (!result) {
    if constexpr (std::is_same_v<E, Error>) {
      stop(what + ": " + result.error().message() +
           (result.error().detail().empty() ? "" : " (" + result.error().detail() + ")"));
    } else {
      stop(what + ": " + std::string(to_string(result.error().cause)) + ": " + result.error().detail);
    }
  }
  return std::move(*result);
}

/// `pages`: whose pages payment links lead to; nullptr leaves links to Stripe.
std::shared_ptr<Billing> make_billing(const Database& database, const std::string& app_url, const BrowserSignIn* pages,
                                      std::shared_ptr<HttpClient> http, const Logger& log) {
  StripeClientOptions stripe_options;
  stripe_options.secret_key = Secret(need("STRIPE_SECRET_KEY", "your Stripe secret or restricted key"));
  if (const std::string base = setting("STRIPE_API_BASE"); !base.empty()) stripe_options.api_base = base;
  auto stripe = value_or_stop(StripeClient::create(std::move(stripe_options), std::move(http)), "Stripe");

  BillingPlan monthly;
  monthly.key = "monthly";
  monthly.label = "Monthly - $9.99/mo";
  monthly.price_id = either("STRIPE_MONTHLY_PRICE_ID", "STRIPE_MONTHLY_PRICE", "the price id of the monthly plan");
  BillingPlan yearly;
  yearly.key = "yearly";
  yearly.label = "Yearly - $99/yr";
  yearly.price_id = either("STRIPE_YEARLY_PRICE_ID", "STRIPE_YEARLY_PRICE", "the price id of the yearly plan");
  BillingProduct premium;
  premium.key = "premium";
  premium.plans = {monthly, yearly};

  BillingOptions options;
  options.products = {premium};
  options.success_url = app_url + "/success?session_id={CHECKOUT_SESSION_ID}";
  options.cancel_url = app_url + "/cancelled";
  if (pages) {
    options.go_url = pages->link("/billing/go", "");
    options.manage_url = pages->link("/billing/manage", "");
  }
  options.log = log;
  // Needs the URL of your terms in Stripe's dashboard; without it Stripe refuses the checkout.
  options.terms_on_stripe = setting("STRIPE_TERMS_ON_PAGE") != "0";
  std::string secrets = need("STRIPE_WEBHOOK_SECRET", "the signing secret of your webhook endpoint");
  for (std::size_t at = 0; at <= secrets.size();) {
    const auto comma = std::min(secrets.find(',', at), secrets.size());
    if (comma > at) options.webhook_secrets.emplace_back(secrets.substr(at, comma - at));
    at = comma + 1;
  }
  return value_or_stop(
      Billing::create(database, std::move(stripe), std::make_shared<SystemClock>(), std::move(options)), "billing");
}

/// This service as a browser client of the provider its callers' tokens come from; nothing where it is not set up.
std::shared_ptr<BrowserSignIn> make_sign_in(const AuthProvider& auth, const Database& database, const KeyRing& keys,
                                            const std::string& public_url, std::shared_ptr<HttpClient> http,
                                            const Logger& log) {
  const std::string kind = setting("AUTH_PROVIDER");
  std::string client_id, secret;
  if (kind == "oidc") {
    client_id = setting("OIDC_CLIENT_ID"), secret = setting("OIDC_CLIENT_SECRET");
  } else if (kind == "auth0") {
    client_id = setting("AUTH0_CLIENT_ID"), secret = setting("AUTH0_CLIENT_SECRET");
  } else if (kind == "cognito") {
    // Of several, the first is the web app's own.
    const auto clients = comma_list(setting("COGNITO_CLIENT_ID"));
    client_id = clients.empty() ? "" : clients.front(), secret = setting("COGNITO_CLIENT_SECRET");
  } else if (kind == "clerk") {
    client_id = setting("CLERK_CLIENT_ID"), secret = setting("CLERK_CLIENT_SECRET");
  }
  if (client_id.empty() || secret.empty()) {
    log.warning(
        "no browser client is configured for this provider: payment links are Stripe's own, and no payment is "
        "offered in the middle of a call");
    return nullptr;
  }
  auto flows = value_or_stop(BrowserFlows::open(database, keys, public_url), "PUBLIC_URL");
  SignInOptions options(std::string(auth.name()), auth.authorization_servers().front(), client_id, Secret(secret));
  options.logger(log);
  auto sign_in = std::make_shared<BrowserSignIn>(std::move(options), std::move(flows), std::move(http));
  const auto ready = sign_in->init();
  if (!ready) stop("sign-in in the browser: " + ready.error().message());
  return sign_in;
}

bool port_is_free(std::uint16_t port) {
  HttpServer probe(HttpServerOptions().port(port));
  return probe.start().has_value();
}

}  // namespace

Config read_config(int argc, char** argv) {
  CLI::App app("Tools behind your own sign-in, paid through Stripe. Settings come from the environment.");
  std::uint16_t port = 3000;
  port = value_or_stop(port_number(setting("PORT"), port), "PORT");
  bool stdio = false;
  bool verbose = false;
  bool force_replay = false;
  std::string log_file;
  app.add_option("--port", port, "Port on 127.0.0.1");
  app.add_flag("--stdio", stdio, "Speak over standard input and output; pages and webhook stay on the port");
  app.add_flag("--verbose", verbose, "Log every request");
  app.add_flag("--force-replay", force_replay, "Run each handler again from the top after every answer (a test)");
  app.add_option("--log-file", log_file, "Log to this file instead of standard error");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }

  Config config;
  const Logger log = make_logger(log_file, verbose);
  const auto http_client = std::make_shared<HttpClient>();
  const std::string local = "http://127.0.0.1:" + std::to_string(port);
  const std::string public_url = base_url(setting("PUBLIC_URL"), local);
  const std::string app_url = base_url(setting("APP_URL"), public_url);

  config.auth = value_or_stop(auth_provider_from(&setting, http_client, log), "sign-in");
  config.auth->protects(public_url + "/mcp");
  const auto ready = config.auth->init();
  if (!ready) stop("sign-in: " + ready.error().message());
  std::string database_url = setting("DATABASE_URL");
  if (database_url.empty()) database_url = "sqlite:premium.db";
  const Database database = value_or_stop(Database::open(database_url), "DATABASE_URL");
  const std::string keys_text = setting("LEANMCP_STATE_KEYS");
  const KeyRing keys =
      keys_text.empty() ? KeyRing::random() : value_or_stop(KeyRing::parse(keys_text), "LEANMCP_STATE_KEYS");
  config.sign_in = make_sign_in(*config.auth, database, keys, public_url, http_client, log);
  config.has_port = !stdio || port_is_free(port);
  // What has the port may be anybody's, unless PUBLIC_URL says that the pages are there.
  const bool pages = config.has_port || !setting("PUBLIC_URL").empty();
  if (!pages) {
    log.warning("the port is taken: payment links are Stripe's own, and no payment is offered in the middle of a call",
                {{"port", std::to_string(port)}});
  }
  config.billing = make_billing(database, app_url, pages ? config.sign_in.get() : nullptr, http_client, log);
  config.log = log;

  config.server.logger(log).state_audience(public_url).force_replay(force_replay);
  if (!keys_text.empty()) config.server.state_keys(keys);
  config.http.port(port).threads(2).logger(log);
  if (public_url != local) config.http.public_url(public_url);
  if (const std::string metrics = setting("METRICS_PORT"); !metrics.empty())
    config.http.metrics_port(value_or_stop(port_number(metrics, 0), "METRICS_PORT"));
  if (config.sign_in) {
    add_billing_pages(*config.sign_in, config.billing, app_url + "/");
    config.sign_in->mount(config.http);
  }
  config.stdio = stdio;
  config.stdio_options.token(Secret(setting("LEANMCP_TOKEN")));
  return config;
}
