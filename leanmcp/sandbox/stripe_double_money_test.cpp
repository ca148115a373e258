// Refunds, disputes, cards, changes of plan, test clocks and planned faults, as our own client and billing see them.

#include <leanmcp/sandbox/stripe_double_fixture_test.hpp>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using sandbox::Payment;

class StripeMoneyTest : public detail::StripeDoubleTest {
 protected:
  StripeMoneyTest() {
    BillingOptions options;
    BillingPlan pack;
    pack.key = "ten";
    pack.price_id = "price_pack";
    pack.kind = PlanKind::credits;
    pack.credits = 10;
    BillingPlan use;
    use.key = "use";
    use.usage_price_id = "price_usage";
    options.products = {
        {"premium", {{"monthly", "price_monthly", "Monthly", 0}, {"yearly", "price_yearly", "Yearly", 0}}},
        {"images", {pack}},
        {"api", {use}}};
    options.success_url = "https://app.example/success?session_id={CHECKOUT_SESSION_ID}";
    options.cancel_url = "https://app.example/cancelled";
    options.manage_url = "https://app.example/manage";
    options.webhook_secrets = {Secret("whsec_s")};
    billing = *Billing::create(*Database::open("sqlite::memory:"), client, clock, options);
  }
  void deliver() {
    for (const std::string& event : stripe.take_events())
      EXPECT_TRUE(billing->handle_webhook(event, sign_webhook(event, Secret("whsec_s"), clock->now()))) << event;
  }
  Checkout begin(const std::string& product, const std::string& plan) {
    CheckoutRequest request;
    request.principal_key = "oidc|ada";
    request.user_id = "ada";
    request.product = product;
    request.plan = plan;
    auto begun = billing->begin_checkout(request);
    EXPECT_TRUE(begun) << (begun ? "" : begun.error().detail());
    return begun ? *begun : Checkout();
  }
  json::object session(const std::string& id) { return json::parse(*stripe.object("sessions", id)).as_object(); }
  std::string buy(const std::string& product, const std::string& plan, Payment payment = Payment::at_once) {
    const std::string id = begin(product, plan).session_id;
    EXPECT_TRUE(stripe.pay(id, payment));
    deliver();
    return id;
  }
  std::string subscription_of(const std::string& session_id) {
    return std::string(session(session_id).at("subscription").as_string());
  }
  std::int64_t credits() { return *billing->credit_balance("oidc|ada", "images"); }
  bool premium() { return billing->check("oidc|ada", "premium")->allowed; }

  std::shared_ptr<Billing> billing;
};

TEST_F(StripeMoneyTest, OneTimePaymentsAreRefundedAndDisputed) {
  const std::string id = buy("images", "ten");
  EXPECT_EQ(credits(), 10);
  const std::string payment(session(id).at("payment_intent").as_string());
  EXPECT_EQ(client->payment(payment)->status, "succeeded");
  EXPECT_EQ(client->payment(payment)->metadata.at("userId"), "ada");
  EXPECT_TRUE(stripe.dispute(payment, "needs_response"));
  deliver();
  EXPECT_EQ(credits(), 0);
  EXPECT_TRUE(stripe.dispute(payment, "won"));
  deliver();
  EXPECT_EQ(credits(), 10);
  post("/v1/refunds", "payment_intent=" + payment + "&amount=100");
  deliver();
  EXPECT_EQ(credits(), 10) << "a part of the money only; a person decides";
  post("/v1/refunds", "payment_intent=" + payment);
  deliver();
  EXPECT_EQ(credits(), 0);
  post("/v1/refunds", "payment_intent=" + payment, 400);
  EXPECT_FALSE(stripe.dispute("pi_none", "lost"));
  EXPECT_FALSE(stripe.dispute(payment, "dancing"));
}

TEST_F(StripeMoneyTest, DelayedOneTimePaymentsArriveOrFail) {
  const std::string good = buy("images", "ten", Payment::delayed);
  EXPECT_EQ(credits(), 0);
  EXPECT_EQ(begin("images", "ten").state, Checkout::State::pending);
  EXPECT_TRUE(stripe.settle(good, true));
  deliver();
  EXPECT_EQ(credits(), 10);
  const std::string bad = buy("images", "ten", Payment::delayed);
  EXPECT_TRUE(stripe.settle(bad, false));
  EXPECT_FALSE(stripe.settle(bad, true));
  stripe.take_events();  // lost
  clock->advance(1min);
  ASSERT_TRUE(billing->sweep());
  EXPECT_EQ(begin("images", "ten").state, Checkout::State::open);
  EXPECT_EQ(credits(), 10);
}

TEST_F(StripeMoneyTest, PlansChangeAndDeclinedCardsChangeNothing) {
  const std::string subscription = subscription_of(buy("premium", "monthly"));
  const std::string customer = client->subscription(subscription)->customer;
  EXPECT_TRUE(stripe.card(customer, true));
  const auto declined = billing->change_plan("oidc|ada", "premium", "yearly");
  ASSERT_FALSE(declined);
  EXPECT_EQ(declined.error().message(), "The payment was declined; nothing was changed.");
  EXPECT_EQ(billing->subscription_status("oidc|ada")->billing_plan, "monthly");
  EXPECT_TRUE(stripe.card(customer, false));
  const auto changed = billing->change_plan("oidc|ada", "premium", "yearly");
  ASSERT_TRUE(changed) << changed.error().detail();
  EXPECT_EQ(changed->billing_plan, "yearly");
  EXPECT_EQ(unix_seconds(*changed->expires_at), unix_seconds(clock->now()) + 365 * 86'400);
  const auto last = json::parse(*stripe.object(
      "invoices", json::parse(*stripe.object("subscriptions", subscription)).at("latest_invoice").as_string()));
  EXPECT_EQ(last.at("amount_paid").as_int64(), 9900 - 999) << "what was paid for the month is credited";
  EXPECT_TRUE(billing->cancel_at_period_end("oidc|ada", "premium")->cancels_at_period_end);
  EXPECT_FALSE(billing->cancel_at_period_end("oidc|ada", "premium", false)->cancels_at_period_end);
}

TEST_F(StripeMoneyTest, ARenewalThatFailsIsPaidAtThePortal) {
  const std::string subscription = subscription_of(buy("premium", "monthly"));
  EXPECT_TRUE(stripe.card(client->subscription(subscription)->customer, true));
  clock->advance(31 * 24h);
  EXPECT_TRUE(premium()) << "within the grace";
  EXPECT_EQ(client->subscription(subscription)->status, "past_due");
  clock->advance(4 * 24h);
  EXPECT_FALSE(premium());
  const Checkout due = begin("premium", "yearly");
  EXPECT_EQ(due.state, Checkout::State::payment_due);
  const auto portal = billing->portal_url("oidc|ada", "https://app.example/");
  ASSERT_TRUE(portal);
  const std::string path = portal->substr(21);
  const auto shown = page("GET", path);
  EXPECT_NE(shown.body.find("The last payment failed"), std::string::npos);
  EXPECT_NE(shown.body.find("Pay $9.99 a month with another card"), std::string::npos);
  EXPECT_EQ(page("POST", path, "action=pay_due&subscription=" + subscription).status, 303);
  deliver();
  EXPECT_TRUE(premium());
  EXPECT_EQ(page("POST", path, "action=pay_due&subscription=" + subscription).status, 402) << "nothing is due now";
}

TEST_F(StripeMoneyTest, ThePortalChangesPlansAndTakesEndingsBack) {
  ASSERT_TRUE(billing->prices("premium"));  // now both are known
  const std::string subscription = subscription_of(buy("premium", "monthly"));
  const std::string path = billing->portal_url("oidc|ada", "https://app.example/")->substr(21);
  const std::string subject = "&subscription=" + subscription;
  EXPECT_NE(page("GET", path).body.find("Change to Yearly, $99.00 a year"), std::string::npos);
  EXPECT_EQ(page("POST", path, "action=plan%3Aprice_yearly" + subject).status, 303);
  deliver();
  EXPECT_EQ(billing->check("oidc|ada", "premium")->plan, "yearly");
  EXPECT_EQ(page("POST", path, "action=cancel" + subject).status, 303);
  EXPECT_NE(page("GET", path).body.find("Do not end it"), std::string::npos);
  EXPECT_EQ(page("POST", path, "action=resume" + subject).status, 303);
  EXPECT_EQ(page("POST", path, "action=dance" + subject).status, 402);
  EXPECT_EQ(page("POST", path, "action=plan%3Aprice_pack" + subject).status, 402);
  EXPECT_EQ(page("POST", path, "action=cancel_now" + subject).status, 303);
  deliver();
  EXPECT_FALSE(premium());
}

TEST_F(StripeMoneyTest, MeteredPricesAreSoldWithoutQuantity) {
  buy("api", "use");
  EXPECT_TRUE(billing->check("oidc|ada", "api")->allowed);
  EXPECT_EQ(billing->prices("api")->at(0).text(), "$0.02 a use");
  const std::string base = "success_url=https://a/&line_items[0][price]=";
  post("/v1/checkout/sessions", "mode=subscription&" + base + "price_usage&line_items[0][quantity]=1", 400);
  post("/v1/checkout/sessions", "mode=payment&" + base + "price_monthly", 400);
  post("/v1/checkout/sessions", "mode=subscription&" + base + "price_pack", 400);
  const std::string both(
      post("/v1/checkout/sessions",
           "mode=subscription&" + base + "price_monthly&line_items[0][quantity]=1&line_items[1][price]=price_usage")
          .at("id")
          .as_string());
  EXPECT_NE(page("GET", "/checkout/" + both).body.find("$0.02 a use"), std::string::npos);
}

TEST_F(StripeMoneyTest, TestClocksMoveTheirCustomersOnly) {
  const auto text = [](const json::object& object, const char* name) {
    return std::string(object.at(name).as_string());
  };
  const std::int64_t start = unix_seconds(clock->now());
  const std::string id = text(post("/v1/test_helpers/test_clocks", "frozen_time=" + std::to_string(start)), "id");
  const auto subscribed = [&](const std::string& more) {
    const std::string customer = text(post("/v1/customers", "email=a@example.com" + more), "id");
    const std::string made = new_session("&customer=" + customer);
    EXPECT_TRUE(stripe.pay(made));
    return subscription_of(made);
  };
  const std::string on_clock = subscribed("&test_clock=" + id);
  const std::string off_clock = subscribed("");
  const std::int64_t later = start + 95 * 86'400;
  const auto moved = post("/v1/test_helpers/test_clocks/" + id + "/advance", "frozen_time=" + std::to_string(later));
  EXPECT_EQ(moved.at("frozen_time").as_int64(), later);
  EXPECT_EQ(text(moved, "status"), "ready");
  EXPECT_EQ(client->subscription(on_clock)->items.at(0).period_end, start + 120 * 86'400) << "renewed three times";
  EXPECT_EQ(client->subscription(off_clock)->items.at(0).period_end, start + 30 * 86'400);
  post("/v1/test_helpers/test_clocks/" + id + "/advance", "frozen_time=" + std::to_string(later), 400);
  post("/v1/test_helpers/test_clocks/clock_none/advance", "frozen_time=1", 404);
  post("/v1/customers", "test_clock=clock_none", 400);
  EXPECT_EQ(get("/v1/test_helpers/test_clocks").at("data").as_array().size(), 1u);
}

TEST_F(StripeMoneyTest, PlannedFaultsAreKeptUnderTheirKey) {
  EXPECT_TRUE(stripe.fail_next("/v1/customers", 500, 1));
  post("/v1/customers", "email=a@example.com", 500, "k1");
  post("/v1/customers", "email=a@example.com", 500, "k1");
  EXPECT_TRUE(post("/v1/customers", "email=a@example.com", 200, "k2").contains("email"));
  EXPECT_TRUE(stripe.fail_next("/v1/customers", 429, 2, "true"));
  post("/v1/customers", "email=a@example.com", 429, "k3");
  const auto second = exchange(ClientRequest("GET", "http://127.0.0.1:4000/v1/customers"));
  EXPECT_EQ(second->status, 401) << "what is not let in does not use them up";
  post("/v1/customers", "email=a@example.com", 429, "k3");
  post("/v1/customers", "email=a@example.com", 200, "k3");
  EXPECT_FALSE(stripe.fail_next("/elsewhere", 500, 1));
  EXPECT_FALSE(stripe.fail_next("/v1/", 200, 1));

  // Our billing gets over them.
  EXPECT_TRUE(stripe.fail_next("/v1/checkout/sessions", 500, 1));
  CheckoutRequest request;
  request.principal_key = "oidc|ada";
  request.user_id = "ada";
  request.product = "premium";
  request.plan = "monthly";
  EXPECT_FALSE(billing->begin_checkout(request));
  EXPECT_EQ(begin("premium", "monthly").state, Checkout::State::open);
}

}  // namespace
}  // namespace leanmcp
