// Ways to be charged twice, to pay for nothing, and to get something for nothing.

#include <leanmcp/payments/money_fixture_test.hpp>

#include <atomic>
#include <thread>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using detail::FakeStripe;
using Fault = FakeStripe::Fault;
using Kind = BillingAnomaly::Kind;
using Outcome = WebhookReceipt::Outcome;
using CheckoutState = Checkout::State;

class MoneyTest : public detail::MoneyTest {};

TEST_P(MoneyTest, NothingIsSoldBesideASubscriptionWhosePaymentIsDue) {
  const std::string subscription = subscribe();
  for (const std::string status : {"past_due", "unpaid"}) {
    stripe->set_status(subscription, status);
    deliver_all();
    clock->advance(4 * 24h);  // past the grace
    EXPECT_FALSE(allowed()) << status;
    const Checkout due = checkout(request("ada", "yearly"));
    EXPECT_EQ(due.state, CheckoutState::payment_due) << status;
    EXPECT_TRUE(due.url.starts_with("https://app.example/manage/")) << due.url;
    EXPECT_EQ(checkout().url, due.url) << "a question that names the link must not change from round to round";
  }
  EXPECT_EQ(stripe->sessions.size(), 1u) << "Stripe may charge the old one again: a new one would be paid twice";
  stripe->set_status(subscription, "active", unix_seconds(clock->now()) + 86'400);
  deliver_all();
  EXPECT_EQ(checkout().state, CheckoutState::already_subscribed);
  stripe->set_status(subscription, "canceled");
  deliver_all();
  EXPECT_EQ(checkout().state, CheckoutState::open);
}

TEST_P(MoneyTest, AnUnpaidSubscriptionNoWebhookToldOfIsFoundBeforeSelling) {
  const Checkout begun = checkout();
  stripe->expire_now(begun.session_id);
  deliver_all();
  stripe->page_size = 2;
  for (int i = 0; i < 5; ++i) bought_elsewhere("sub_a" + std::to_string(i), "canceled", "price_m");
  bought_elsewhere("sub_z", "past_due", "price_m");
  // The first payment failed a while ago, so its grace has to be over.
  ASSERT_EQ(checkout().state, CheckoutState::already_subscribed);
  clock->advance(4 * 24h);
  EXPECT_EQ(checkout().state, CheckoutState::payment_due);
  EXPECT_EQ(stripe->sessions.size(), 1u);
}

TEST_P(MoneyTest, NoSecondTrialForAHistoryThatWasMissed) {
  options.products[0].plans[0].trial_days = 14;
  restart();
  const Checkout first = checkout();
  EXPECT_TRUE(stripe->session_params.at(first.session_id).count("subscription_data[trial_period_days]"));
  stripe->expire_now(first.session_id);
  deliver_all();
  bought_elsewhere("sub_trial", "canceled", "price_m");  // tried before, in the app
  const Checkout second = checkout();
  EXPECT_FALSE(stripe->session_params.at(second.session_id).count("subscription_data[trial_period_days]"));
}

TEST_P(MoneyTest, ASecondSubscriptionThatStartsLaterIsReported) {
  const std::string first = subscribe();
  bought_elsewhere("sub_second", "incomplete", "price_m");
  stripe->emit("customer.subscription.created", "subscription", "sub_second", customer());
  deliver_all();
  EXPECT_EQ(seen(Kind::second_subscription), 0u);
  stripe->set_status("sub_second", "active");
  deliver_all();
  ASSERT_EQ(seen(Kind::second_subscription), 1u);
  EXPECT_EQ(anomalies.back().object_id, "sub_second");
  stripe->set_status("sub_second", "active");
  deliver_all();
  EXPECT_EQ(seen(Kind::second_subscription), 1u) << "once";
  EXPECT_EQ(billing->subscription_status("oidc|ada")->plan, "premium");
}

TEST_P(MoneyTest, AnOpenCheckoutEndsWhenTheSameIsBoughtElsewhere) {
  const Checkout open = checkout();
  bought_elsewhere("sub_app", "active", "price_y");
  stripe->emit("customer.subscription.created", "subscription", "sub_app", customer());
  deliver(stripe->event_log.back());
  EXPECT_EQ(stripe->sessions.at(open.session_id).status, "expired") << "nobody shall pay that one too";
  deliver_all();
  EXPECT_EQ(checkout().state, CheckoutState::already_subscribed);
  EXPECT_EQ(stripe->subscription_objects.size(), 1u);
}

TEST_P(MoneyTest, AFailureThatStripeKeepsStopsNobodyForADay) {
  for (const std::string call : {"create_customer", "create_session"}) {
    const std::string user = "user_" + call;
    fail(call, Fault::kept);
    const auto failed = billing->begin_checkout(request(user));
    ASSERT_FALSE(failed) << call;
    EXPECT_NE(failed.error().data().find("\"retryable\":true"), std::string::npos);
    heal();
    EXPECT_EQ(checkout(request(user)).state, CheckoutState::open) << call;
    EXPECT_EQ(checkout(request(user)).url, checkout(request(user)).url);
  }
  EXPECT_EQ(stripe->sessions.size(), 2u);
  EXPECT_EQ(stripe->open_sessions(), 2);
}

TEST_P(MoneyTest, AFlowWhoseSessionFailedForGoodIsNotStuck) {
  fail("create_session", Fault::kept);
  EXPECT_FALSE(billing->begin_checkout(request()));
  clock->advance(1h);  // the frozen request is old, and its key gives the failure again
  EXPECT_FALSE(billing->begin_checkout(request("ada", "yearly")));
  ASSERT_TRUE(billing->sweep());
  heal();
  clock->advance(1h);
  EXPECT_EQ(checkout().state, CheckoutState::open);
  EXPECT_EQ(stripe->open_sessions(), 1);
}

TEST_P(MoneyTest, ADeclinedChangeOfPlanCanBeTriedAgain) {
  subscribe();
  fail("update_subscription", Fault::declined);
  const auto declined = billing->change_plan("oidc|ada", "premium", "yearly");
  ASSERT_FALSE(declined);
  EXPECT_EQ(declined.error().message(), "The payment was declined; nothing was changed.");
  heal();  // another card
  const auto changed = billing->change_plan("oidc|ada", "premium", "yearly");
  ASSERT_TRUE(changed) << changed.error().detail();
  EXPECT_EQ(changed->billing_plan, "yearly");
}

TEST_P(MoneyTest, ThinEventsTakeBackWhatWasRefunded) {
  const Checkout begun = checkout(pack());
  const std::string payment = stripe->pay(begun.session_id);
  deliver_all();
  EXPECT_EQ(*billing->credit_balance("oidc|ada", "images"), 10);
  stripe->refund(payment);
  const StripeEvent snapshot = stripe->event_log.back();
  StripeEvent thin;
  thin.payload = FakeStripe::thin(snapshot, "evt_thin");
  EXPECT_EQ(deliver(thin), Outcome::applied);
  EXPECT_EQ(*billing->credit_balance("oidc|ada", "images"), 0);
  EXPECT_EQ(deliver(snapshot), Outcome::duplicate) << "the same change through both destinations";
  EXPECT_EQ(seen(Kind::money_back), 1u);
}

TEST_P(MoneyTest, ThinEventsOfInvoicesAndSubscriptions) {
  const std::string subscription = subscribe();
  stripe->subscription_objects.at(subscription).status = "unpaid";
  stripe->emit("invoice.payment_failed", "invoice", "in_7", customer(), subscription);
  StripeEvent thin;
  thin.payload = FakeStripe::thin(stripe->event_log.back(), "evt_thin_1");
  EXPECT_EQ(deliver(thin), Outcome::applied);
  EXPECT_FALSE(allowed());
  stripe->set_status(subscription, "active");
  thin.payload = FakeStripe::thin(stripe->event_log.back(), "evt_thin_2");
  EXPECT_EQ(deliver(thin), Outcome::applied);
  EXPECT_TRUE(allowed());
  EXPECT_EQ(stripe->calls["references"], 1);
}

TEST_P(MoneyTest, ADelayedPaymentWhoseFailureNobodyToldOfIsNotStuck) {
  const Checkout begun = checkout(pack());
  const std::string payment = stripe->pay(begun.session_id, true);
  stripe->payments.at(payment).status = "processing";
  deliver_all();
  EXPECT_EQ(flow(begun.flow_id).state, CheckoutFlow::State::pending);
  stripe->payments.at(payment).status = "requires_payment_method";  // and the event is lost
  stripe->event_log.clear();
  clock->advance(1min);
  ASSERT_TRUE(billing->sweep());
  EXPECT_EQ(flow(begun.flow_id).state, CheckoutFlow::State::failed);
  EXPECT_EQ(checkout(pack()).state, CheckoutState::open);
}

TEST_P(MoneyTest, APaidPurchaseIsGrantedThoughTheCustomerIsGoneByThen) {
  const Checkout begun = checkout(pack());
  stripe->pay(begun.session_id);
  const StripeEvent paid = stripe->event_log.back();
  stripe->customers.at(customer()).deleted = true;
  stripe->emit("customer.deleted", "customer", customer(), "");
  deliver(stripe->event_log.back());
  deliver(paid);
  EXPECT_EQ(*billing->credit_balance("oidc|ada", "images"), 10);
  EXPECT_EQ(seen(Kind::foreign_session), 0u);
}

TEST_P(MoneyTest, AnUndeclaredPriceCountsOnlyWithinTheSameProduct) {
  const std::string subscription = subscribe();
  StripePrice declared;
  declared.id = "price_m";
  declared.product = "prod_1";
  stripe->price_objects["price_m"] = declared;
  auto& item = stripe->subscription_objects.at(subscription).items.at(0);
  item.price = "price_new";  // raised in the dashboard
  stripe->set_status(subscription, "active");
  deliver_all();
  EXPECT_TRUE(allowed());
  EXPECT_EQ(seen(Kind::unknown_price), 0u);
  item.price = "price_free_plan";  // switched at the portal to something else
  item.product = "prod_free";
  stripe->set_status(subscription, "active");
  deliver_all();
  EXPECT_FALSE(allowed()) << "not premium any more";
  EXPECT_EQ(seen(Kind::unknown_price), 1u);
  item.price = "price_y";
  item.product = "prod_1";
  stripe->set_status(subscription, "active");
  deliver_all();
  EXPECT_TRUE(allowed());
}

TEST_P(MoneyTest, AWorkerThatDiesLeavesTheEventToOthersWhenItsLeaseRunsOut) {
  const Checkout begun = checkout();
  stripe->pay(begun.session_id);
  const StripeEvent event = stripe->event_log.at(1);
  struct Death {};
  stripe->on_call = [](const std::string& call) {
    if (call == "get_subscription") throw Death();
  };
  EXPECT_THROW(deliver(event), Death);
  stripe->on_call = [](const std::string&) {};
  restart();
  EXPECT_EQ(deliver(event), Outcome::duplicate) << "someone may be at it still";
  EXPECT_FALSE(allowed("ada", "support"));
  clock->advance(121s);
  stripe->event_log.clear();
  auto swept = billing->sweep();
  ASSERT_TRUE(swept);
  EXPECT_EQ(swept->events_applied, 1);
  EXPECT_TRUE(allowed());
}

TEST_P(MoneyTest, OneEventIsWorkedOnByOneOfMany) {
  const Checkout begun = checkout();
  stripe->pay(begun.session_id);
  const StripeEvent event = stripe->event_log.at(1);
  std::atomic<int> applied{0};
  std::vector<std::thread> threads;
  stripe->on_call = [](const std::string&) { std::this_thread::sleep_for(5ms); };
  for (int i = 0; i < 6; ++i) threads.emplace_back([&] { applied += deliver(event) == Outcome::applied ? 1 : 0; });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(stripe->calls["get_session"], 1);
  EXPECT_TRUE(allowed());
}

TEST_P(MoneyTest, MoreMissedEventsThanOneSweepReadsAreReadByTheNext) {
  const Checkout begun = checkout();
  stripe->pay(begun.session_id);
  // The oldest ones count; many newer ones of others stand before them.
  for (int i = 0; i < 250; ++i) {
    clock->advance(1s);
    stripe->emit("customer.subscription.updated", "subscription", "sub_other", "cus_other");
  }
  stripe->page_size = 1;               // so that a sweep reads 100
  fail("get_session", Fault::before);  // the flow itself is not to tell
  int found = 0;
  for (int i = 0; i < 4; ++i) {
    const auto swept = billing->sweep();
    ASSERT_TRUE(swept);
    found += swept->events_found;
    clock->advance(11min);
  }
  EXPECT_EQ(found, 253);
  heal();
  clock->advance(1h);
  stripe->page_size = 100;
  ASSERT_TRUE(billing->sweep());
  EXPECT_TRUE(allowed());
}

TEST_P(MoneyTest, ManyStoredEventsAreAppliedInOneSweep) {
  const Checkout begun = checkout();
  stripe->pay(begun.session_id);
  for (int i = 0; i < 350; ++i) stripe->emit("customer.subscription.updated", "subscription", "sub_x", "cus_other");
  const auto swept = billing->sweep();
  ASSERT_TRUE(swept);
  EXPECT_EQ(swept->events_applied, 353);
}

INSTANTIATE_TEST_SUITE_P(Engines, MoneyTest, testing::Values(DatabaseEngine::sqlite, DatabaseEngine::postgresql),
                         detail::engine_name);

}  // namespace
}  // namespace leanmcp
