// Two tools that cost: "draw" spends a credit of a pack bought before, "translate" is counted and billed with the
// month. Either is charged after success only, and once for each call however often it is repeated on the way.

#include <leanmcp/auth.hpp>
#include <leanmcp/base/settings.hpp>
#include <leanmcp/core.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/payments.hpp>

#include <boost/describe.hpp>

#include <cstdlib>
#include <iostream>

using namespace leanmcp;

struct Motif {
  std::string motif;
};
BOOST_DESCRIBE_STRUCT(Motif, (), (motif))

struct Text {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Text, (), (text))

struct Balance {
  std::int64_t credits = 0;
};
BOOST_DESCRIBE_STRUCT(Balance, (), (credits))

[[noreturn]] void stop(const std::string& why) {
  std::cerr << "metered-tool: " << why << '\n';
  std::exit(2);
}

std::string setting(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  return value ? value : "";
}

std::string need(std::string_view name) {
  std::string value = setting(name);
  return value.empty() ? (stop(std::string(name) + " is not set"), value) : value;
}

template <class R>
auto or_stop(R result, const char* what) {
  if (!result) stop(std::string(what) + ": " + result.error().message() + " " + result.error().detail());
  return std::move(*result);
}

std::shared_ptr<Billing> make_billing(std::shared_ptr<HttpClient> http, const std::string& url, const Logger& log) {
  StripeClientOptions keys;
  keys.secret_key = Secret(need("STRIPE_SECRET_KEY"));
  if (const std::string base = setting("STRIPE_API_BASE"); !base.empty()) keys.api_base = base;
  BillingPlan pack;
  pack.key = "ten";
  pack.label = "10 pictures";
  pack.price_id = need("STRIPE_CREDITS_PRICE_ID");
  pack.kind = PlanKind::credits;
  pack.credits = 10;
  BillingProduct pictures;
  pictures.key = "pictures";
  pictures.plans = {pack};
  BillingPlan by_use;
  by_use.key = "by-use";
  by_use.usage_price_id = need("STRIPE_USAGE_PRICE_ID");  // a metered price: what was used is billed with the month
  BillingProduct translation;
  translation.key = "translation";
  translation.plans = {by_use};
  BillingOptions options;
  options.products = {pictures, translation};
  options.meters = {
      {"translations", "translations", "translation"}};  // the meter's event name at Stripe, who may use it
  options.success_url = url + "/success?session_id={CHECKOUT_SESSION_ID}";
  options.cancel_url = url + "/cancelled";
  options.webhook_secrets.emplace_back(need("STRIPE_WEBHOOK_SECRET"));
  options.log = log;
  const std::string file = setting("DATABASE_URL");
  auto database = Database::open(file.empty() ? "sqlite:metered.db" : file);
  if (!database) stop("DATABASE_URL: " + database.error().detail);
  return or_stop(Billing::create(std::move(*database), or_stop(StripeClient::create(keys, std::move(http)), "Stripe"),
                                 std::make_shared<SystemClock>(), std::move(options)),
                 "billing");
}

int main() {
  const Logger log([](LogLevel, std::string_view line) { std::cerr << line << std::endl; });
  const auto http = std::make_shared<HttpClient>();
  const auto port = port_number(setting("PORT"), 3000);
  if (!port) stop("PORT: " + port.error().message());
  const std::string url = "http://127.0.0.1:" + std::to_string(*port);
  const auto auth = or_stop(auth_provider_from(&setting, http, log), "sign-in");
  auth->protects(url + "/mcp");
  if (const auto ready = auth->init(); !ready) stop("sign-in: " + ready.error().message());
  const auto billing = make_billing(http, url, log);
  const BillingSweeper sweeper(billing, std::chrono::minutes(5), log);

  const auto draw = [](const Motif& input) -> Result<std::string> {
    if (input.motif.empty()) return ToolError("There is nothing to draw");  // costs nothing
    return "A picture of " + input.motif;
  };
  const auto translate = [](const Text& input) { return "Traduit : " + input.text; };
  const auto balance = [billing](const Principal& principal) -> Result<Balance> {
    const auto credits = billing->credit_balance(principal.key(), "pictures");
    if (!credits) return credits.error();
    return Balance{*credits};
  };
  Server server("metered-tool", "1.0.0", ServerOptions().logger(log));
  server.tool("draw", draw, description("Draw a picture"), authenticated(auth), requires_credit(billing, "pictures"))
      .tool("translate", translate, description("Translate"), authenticated(auth), metered(billing, "translations"))
      .tool("balance", balance, description("Credits left"), authenticated(auth));

  HttpOptions options;
  options.port(*port).logger(log);
  publish_metadata(options, auth);
  mount_webhook(options, server, billing, "/webhook/stripe");
  add_payment_results(options, server, billing);
  return serve_http(server, options);
}
