#include <leanmcp/payments/billing_fixture_test.hpp>

#include <atomic>
#include <thread>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using detail::FakeStripe;
using ReservationState = CreditReservation::State;

/// Billing that also sells for good and by the piece.
class PurchasesTest : public detail::BillingTest {
 protected:
  void SetUp() override {
    BillingPlan pack;
    pack.key = "hundred";
    pack.price_id = "price_100";
    pack.label = "100 images";
    pack.kind = PlanKind::credits;
    pack.credits = 100;
    BillingProduct images;
    images.key = "images";
    images.plans = {pack};
    BillingPlan forever;
    forever.key = "lifetime";
    forever.price_id = "price_forever";
    forever.kind = PlanKind::one_time;
    BillingProduct atlas;
    atlas.key = "atlas";
    atlas.plans = {forever};
    options.products.push_back(images);
    options.products.push_back(atlas);
    options.meters = {{"calls", "api_calls"}};
    detail::BillingTest::SetUp();
  }
  CheckoutRequest wants(const std::string& product, const std::string& plan) {
    CheckoutRequest out = request();
    out.product = product;
    out.plan = plan;
    return out;
  }
  std::string buy(const std::string& product, const std::string& plan) {
    const Checkout begun = checkout(wants(product, plan));
    const std::string payment = stripe->pay(begun.session_id);
    deliver_all();
    return payment;
  }
  CreditReservation reserve(std::int64_t amount, const std::string& operation) {
    auto out = billing->reserve_credits("oidc|ada", "images", amount, operation);
    EXPECT_TRUE(out) << (out ? "" : out.error().detail());
    return out ? *out : CreditReservation();
  }
  std::int64_t balance() { return billing->credit_balance("oidc|ada", "images").value(); }
};

TEST_P(PurchasesTest, SellsForGood) {
  EXPECT_FALSE(allowed("ada", "atlas"));
  const Checkout begun = checkout(wants("atlas", "lifetime"));
  const auto& params = stripe->session_params.at(begun.session_id);
  EXPECT_EQ(params.at("mode"), "payment");
  EXPECT_EQ(params.at("payment_intent_data[metadata][userId]"), "ada");
  EXPECT_FALSE(params.count("subscription_data[metadata][userId]"));
  stripe->pay(begun.session_id);
  deliver_all();
  EXPECT_TRUE(allowed("ada", "atlas"));
  EXPECT_FALSE(allowed("grace", "atlas"));
  EXPECT_EQ(billing->check("oidc|ada", "atlas")->status, "purchased");
  EXPECT_EQ(checkout(wants("atlas", "lifetime")).state, Checkout::State::already_subscribed);
  clock->advance(24h * 3650);
  restart();
  EXPECT_TRUE(allowed("ada", "atlas"));
}

TEST_P(PurchasesTest, TakesBackWhatWasRefundedOrIsDisputed) {
  const std::string payment = buy("atlas", "lifetime");
  stripe->dispute(payment, true);
  deliver_all();
  EXPECT_FALSE(allowed("ada", "atlas"));
  stripe->dispute(payment, false);  // won
  deliver_all();
  EXPECT_TRUE(allowed("ada", "atlas"));
  stripe->refund(payment);
  deliver_all();
  EXPECT_FALSE(allowed("ada", "atlas"));
  ASSERT_EQ(anomalies.size(), 2u);
  EXPECT_EQ(anomalies[1].kind, BillingAnomaly::Kind::money_back);
  // It may be bought again.
  buy("atlas", "lifetime");
  EXPECT_TRUE(allowed("ada", "atlas"));
}

TEST_P(PurchasesTest, DisputesOfOursAreReportedWithThePersonAndOthersNotAtAll) {
  stripe->dispute(buy("atlas", "lifetime"), true);
  deliver_all();
  ASSERT_EQ(anomalies.size(), 1u);
  EXPECT_EQ(anomalies[0].kind, BillingAnomaly::Kind::money_back);
  EXPECT_EQ(anomalies[0].principal_key, "oidc|ada");
  // Of an invoice: the payment knows the customer only.
  stripe->payments["pi_invoice"].customer = stripe->customers.begin()->first;
  stripe->dispute("pi_invoice", true);
  deliver_all();
  ASSERT_EQ(anomalies.size(), 2u);
  EXPECT_EQ(anomalies[1].principal_key, "oidc|ada");
  // Sold by somebody else in the same Stripe account.
  stripe->payments["pi_other"].customer = "cus_other";
  stripe->dispute("pi_other", true);
  stripe->emit("charge.dispute.created", "dispute", "dp_2", {}, {}, "pi_unknown");
  deliver_all();
  EXPECT_EQ(anomalies.size(), 2u);
}

TEST_P(PurchasesTest, RefundThatIsHeardOfFirst) {
  const Checkout begun = checkout(wants("atlas", "lifetime"));
  stripe->refund(stripe->pay(begun.session_id));
  deliver(stripe->event_log[1]);
  EXPECT_FALSE(allowed("ada", "atlas"));
  deliver(stripe->event_log[0]);
  EXPECT_FALSE(allowed("ada", "atlas"));
  EXPECT_EQ(flow(begun.flow_id).state, CheckoutFlow::State::completed);
}

TEST_P(PurchasesTest, APromotionCodeMayTakeTheWholePrice) {
  EXPECT_FALSE(stripe->session_params.at(checkout().session_id).count("allow_promotion_codes"));
  options.allow_promotion_codes = true;
  restart();
  const auto free_of_charge = [&](const std::string& product, const std::string& plan) {
    const Checkout begun = checkout(wants(product, plan));
    EXPECT_EQ(stripe->session_params.at(begun.session_id).at("allow_promotion_codes"), "true");
    stripe->pay_nothing(begun.session_id);
    deliver_all();
    EXPECT_EQ(flow(begun.flow_id).state, CheckoutFlow::State::completed);
  };
  free_of_charge("atlas", "lifetime");
  EXPECT_TRUE(allowed("ada", "atlas"));
  free_of_charge("images", "hundred");
  EXPECT_EQ(balance(), 100);
  free_of_charge("images", "hundred");
  EXPECT_EQ(balance(), 200);
  EXPECT_TRUE(anomalies.empty());
}

TEST_P(PurchasesTest, DelayedPaymentGrantsWhenItComes) {
  const Checkout begun = checkout(wants("images", "hundred"));
  stripe->pay(begun.session_id, true);
  deliver_all();
  EXPECT_EQ(balance(), 0);
  stripe->settle_delayed(begun.session_id, true);
  deliver_all();
  EXPECT_EQ(balance(), 100);
}

TEST_P(PurchasesTest, CreditsAreReservedThenSpentOrGivenBack) {
  EXPECT_EQ(reserve(1, "op-0").state, ReservationState::insufficient);
  buy("images", "hundred");
  for (const StripeEvent& event : stripe->event_log) deliver(event);  // again: nothing is granted twice
  EXPECT_EQ(balance(), 100);
  EXPECT_EQ(billing->check("oidc|ada", "images")->status, "credits");

  const CreditReservation first = reserve(60, "op-1");
  ASSERT_EQ(first.state, ReservationState::reserved);
  EXPECT_EQ(first.balance, 40);
  EXPECT_EQ(reserve(60, "op-2").state, ReservationState::insufficient);
  EXPECT_EQ(reserve(60, "op-1").state, ReservationState::in_progress);
  ASSERT_TRUE(billing->release_credits(first.id));
  EXPECT_EQ(balance(), 100);
  const CreditReservation second = reserve(60, "op-1");
  ASSERT_EQ(second.state, ReservationState::reserved);
  EXPECT_FALSE(*billing->commit_credits(first.id));  // given back already
  EXPECT_TRUE(*billing->commit_credits(second.id));
  EXPECT_EQ(reserve(60, "op-1").state, ReservationState::finished);
  EXPECT_EQ(balance(), 40);
  buy("images", "hundred");
  EXPECT_EQ(balance(), 140);
  restart();
  EXPECT_EQ(balance(), 140);
}

TEST_P(PurchasesTest, ReservationLapses) {
  buy("images", "hundred");
  const CreditReservation slow = reserve(100, "slow");
  clock->advance(1801s);
  EXPECT_EQ(balance(), 100);
  const CreditReservation other = reserve(100, "other");
  ASSERT_EQ(other.state, ReservationState::reserved);
  EXPECT_TRUE(*billing->commit_credits(other.id));
  EXPECT_FALSE(*billing->commit_credits(slow.id));
  EXPECT_EQ(balance(), 0);
  EXPECT_EQ(anomalies.back().kind, BillingAnomaly::Kind::unpaid_work);
}

TEST_P(PurchasesTest, ParallelCallsNeverSpendACreditTwice) {
  buy("images", "hundred");
  ASSERT_TRUE(*billing->commit_credits(reserve(90, "before").id));
  std::atomic<int> spent{0};
  std::atomic<int> unclear{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 8; ++i) {
        // Every operation is tried by two threads, every third one fails.
        const int operation = (thread / 2) * 8 + i;
        auto held = billing->reserve_credits("oidc|ada", "images", 1, "op-" + std::to_string(operation));
        if (!held) {
          ++unclear;
          continue;
        }
        if (held->state != ReservationState::reserved) continue;
        if (operation % 3 == 0) {
          if (!billing->release_credits(held->id)) ++unclear;
          continue;
        }
        const auto committed = billing->commit_credits(held->id);
        if (committed && *committed) ++spent;
        if (!committed) ++unclear;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(unclear, 0);
  EXPECT_LE(spent, 10);
  EXPECT_GE(spent, 1);
  EXPECT_EQ(balance(), 10 - spent);
}

TEST_P(PurchasesTest, GrantsOfTheApp) {
  EXPECT_TRUE(*billing->grant_credits("oidc|ada", "images", 5, "welcome-ada"));
  EXPECT_FALSE(*billing->grant_credits("oidc|ada", "images", 5, "welcome-ada"));
  EXPECT_EQ(balance(), 5);
  EXPECT_FALSE(billing->grant_credits("oidc|ada", "images", -5, "theft"));
}

TEST_P(PurchasesTest, UseIsCountedOnceAndSurvivesAnOutage) {
  EXPECT_FALSE(*billing->has_account("oidc|ada"));
  buy("images", "hundred");
  EXPECT_TRUE(*billing->has_account("oidc|ada"));
  ASSERT_TRUE(billing->meter("oidc|ada", "calls", 2, "call-1"));
  ASSERT_TRUE(billing->meter("oidc|ada", "calls", 2, "call-1"));
  ASSERT_EQ(stripe->meter_events.size(), 1u);
  const auto& event = stripe->meter_events.begin()->second;
  EXPECT_EQ(event.at("event_name"), "api_calls");
  EXPECT_EQ(event.at("payload[value]"), "2");
  EXPECT_EQ(event.at("payload[stripe_customer_id]"), stripe->customers.begin()->first);
  EXPECT_EQ(stripe->calls.at("meter"), 1);

  stripe->fault = [](const std::string& call) {
    return call == "meter" ? FakeStripe::Fault::before : FakeStripe::Fault::none;
  };
  ASSERT_TRUE(billing->meter("oidc|ada", "calls", 1, "call-2"));
  EXPECT_EQ(stripe->meter_events.size(), 1u);
  stripe->fault = [](const std::string&) { return FakeStripe::Fault::none; };
  restart();
  clock->advance(10s);
  auto swept = billing->sweep();
  ASSERT_TRUE(swept);
  EXPECT_EQ(swept->meters_sent, 1);
  EXPECT_EQ(stripe->meter_events.size(), 2u);
  EXPECT_FALSE(billing->meter("oidc|ada", "nothing", 1, "call-3"));
}

TEST_P(PurchasesTest, ChangesAndEndsASubscription) {
  EXPECT_FALSE(billing->cancel_at_period_end("oidc|ada", "premium"));
  buy("premium", "monthly");
  auto changed = billing->change_plan("oidc|ada", "premium", "yearly");
  ASSERT_TRUE(changed) << changed.error().detail();
  EXPECT_EQ(changed->billing_plan, "yearly");
  EXPECT_EQ(stripe->calls.at("update_subscription"), 1);
  ASSERT_TRUE(billing->change_plan("oidc|ada", "premium", "yearly"));
  EXPECT_EQ(stripe->calls.at("update_subscription"), 1);
  EXPECT_FALSE(billing->change_plan("oidc|ada", "premium", "hourly"));
  auto ended = billing->cancel_at_period_end("oidc|ada", "premium");
  ASSERT_TRUE(ended);
  EXPECT_TRUE(ended->cancels_at_period_end);
  EXPECT_EQ(ended->plan, "premium");
  EXPECT_FALSE(billing->cancel_at_period_end("oidc|ada", "premium", false)->cancels_at_period_end);
  ASSERT_TRUE(billing->portal_url("oidc|ada", "https://app.example/", PortalPage::cancel));
  EXPECT_EQ(stripe->portal_params.at("flow_data[type]"), "subscription_cancel");
  EXPECT_TRUE(stripe->portal_params.count("flow_data[subscription_cancel][subscription]"));
  EXPECT_FALSE(billing->portal_url("oidc|grace", "https://app.example/"));
}

TEST_P(PurchasesTest, TrialIsGivenOnce) {
  options.products[0].plans[0].trial_days = 14;
  restart();
  const Checkout first = checkout();
  EXPECT_EQ(stripe->session_params.at(first.session_id).at("subscription_data[trial_period_days]"), "14");
  const std::string subscription = stripe->pay(first.session_id);
  stripe->set_status(subscription, "trialing");
  deliver_all();
  EXPECT_TRUE(allowed());
  stripe->set_status(subscription, "canceled");
  deliver_all();
  EXPECT_FALSE(allowed());
  const Checkout second = checkout();
  EXPECT_FALSE(stripe->session_params.at(second.session_id).count("subscription_data[trial_period_days]"));
}

TEST_P(PurchasesTest, PricesComeFromStripeAndAreKept) {
  StripePrice monthly;
  monthly.id = "price_m";
  monthly.currency = "usd";
  monthly.unit_amount = 999;
  monthly.interval = "month";
  monthly.interval_count = 1;
  StripePrice tiers = monthly;
  tiers.unit_amount.reset();
  stripe->price_objects = {{"price_m", monthly}, {"price_y", tiers}};
  auto prices = billing->prices("premium");
  ASSERT_TRUE(prices);
  ASSERT_EQ(prices->size(), 1u);
  EXPECT_EQ((*prices)[0].text(), "$9.99 a month");
  ASSERT_TRUE(billing->prices("premium"));
  EXPECT_EQ(stripe->calls.at("price"), 2);
  clock->advance(3601s);
  stripe->price_objects.clear();
  prices = billing->prices("premium");  // the last known ones
  ASSERT_TRUE(prices);
  EXPECT_EQ((*prices)[0].text(), "$9.99 a month");
  EXPECT_EQ(stripe->calls.at("price"), 4);
  EXPECT_FALSE(billing->prices("support"));
}

INSTANTIATE_TEST_SUITE_P(Engines, PurchasesTest, testing::Values(DatabaseEngine::sqlite, DatabaseEngine::postgresql),
                         detail::engine_name);

}  // namespace
}  // namespace leanmcp
