// The complete example of "Adding auth and payment": a service whose tools are protected by the app's own identity
// provider, ask the user by a form, and are paid for through Stripe.

#include "config.hpp"

#include <boost/describe.hpp>

using namespace leanmcp;

struct Status {
  std::string status;
};
BOOST_DESCRIBE_STRUCT(Status, (), (status))

struct Profile {
  std::string email, name, plan;
};
BOOST_DESCRIBE_STRUCT(Profile, (), (email, name, plan))

struct PremiumInput {
  std::string data;
};
BOOST_DESCRIBE_STRUCT(PremiumInput, (), (data))

struct PremiumResult {
  std::string result;
};
BOOST_DESCRIBE_STRUCT(PremiumResult, (), (result))

struct UpgradeInput {
  std::string plan;
  std::optional<bool> confirm;
};
BOOST_DESCRIBE_STRUCT(UpgradeInput, (), (plan, confirm))

struct Upgrade {
  std::string status, message, paymentUrl, sessionId, url;
  std::optional<TimePoint> expiresAt;
  std::string retryTool;
};
BOOST_DESCRIBE_STRUCT(Upgrade, (), (status, message, paymentUrl, sessionId, url, expiresAt, retryTool))

struct Subscription {
  std::string plan, status;
  std::optional<TimePoint> expiresAt;
  bool canUpgrade = true;
};
BOOST_DESCRIBE_STRUCT(Subscription, (), (plan, status, expiresAt, canUpgrade))

class PremiumService {
 public:
  explicit PremiumService(std::shared_ptr<Billing> billing) : billing_(std::move(billing)) {}

  Result<Profile> get_profile(const AuthUser& user) const {
    const auto subscription = billing_->subscription_status(user.principal.key());
    if (!subscription) return subscription.error();
    return Profile{user.email, user.name, subscription->plan};
  }

  PremiumResult premium_feature(const PremiumInput& input) const {
    return PremiumResult{"Premium data processed: " + input.data};
  }

  Result<Upgrade> upgrade(const UpgradeInput& input, const AuthUser& user) const {
    // Absent where nobody could be asked here and Stripe's page asks.
    if (input.confirm && !*input.confirm) return ToolError("Please agree to terms");
    CheckoutRequest request;
    request.principal_key = user.principal.key();
    request.user_id = user.user_id;
    if (!user.email.empty()) request.email = user.email;
    request.product = "premium";
    request.plan = input.plan;
    const auto checkout = billing_->begin_checkout(request);
    if (!checkout) return checkout.error();
    Upgrade out;
    out.status = to_string(checkout->state);
    out.message = checkout->message;
    out.paymentUrl = out.url = checkout->url;
    out.sessionId = checkout->session_id;
    out.expiresAt = checkout->expires_at;
    out.retryTool = "checkSubscription";
    return out;
  }

  Result<Subscription> check_subscription(const Principal& principal) const {
    const auto found = billing_->subscription_status(principal.key());
    if (!found) return found.error();
    return Subscription{found->plan, found->status, found->expires_at, found->can_upgrade};
  }

  Status get_public_info() const { return Status{"online"}; }

 private:
  std::shared_ptr<Billing> billing_;
};

Form upgrade_form(bool terms_on_stripe) {
  Form form = Form("Upgrade to Premium")
                  .select("plan", "Select Plan")
                  .option("monthly", "Monthly - $9.99/mo")
                  .option("yearly", "Yearly - $99/yr (save 17%)")
                  .required()
                  .boolean("confirm", "I agree to the terms of service")
                  .required();
  return terms_on_stripe ? form.or_on_page() : form.ask_user();
}

int main(int argc, char** argv) {
  const Config config =
      read_config(argc, argv);  // environment and command line; stops with a sentence if one is missing
  PremiumService premium(config.billing);
  const BillingSweeper sweeper(config.billing, std::chrono::minutes(5), config.log);

  Server server("premium-service", "1.0.0", config.server);
  server.service(premium, authenticated(config.auth))
      .tool("getProfile", &PremiumService::get_profile, description("Get user profile and subscription"))
      .tool("premiumFeature", &PremiumService::premium_feature, description("Access premium feature"),
            requires_plan(config.billing, "premium", GateOptions().upgrade_tool("upgrade")))
      .tool("upgrade", &PremiumService::upgrade, description("Upgrade to premium"),
            elicitation(upgrade_form(config.billing->options().terms_on_stripe)))
      .tool("checkSubscription", &PremiumService::check_subscription, description("Check subscription status"))
      .tool("getPublicInfo", &PremiumService::get_public_info, description("Get public info"), public_access());

  HttpOptions http = config.http;
  publish_metadata(http, config.auth);
  mount_webhook(http, server, config.billing, "/webhook/stripe");
  add_payment_results(http, server, config.billing);
  if (!config.stdio) return serve_http(server, http);

  // Whoever pays does so in a browser, and Stripe calls back: that takes the port beside the one client.
  HttpService beside(server, http);
  const auto listening = config.has_port ? beside.start() : Result<void>();
  if (!listening) config.log.warning("no pages here", {{"reason", listening.error().message()}});
  return serve_stdio(server, config.stdio_options);
}
