#include <leanmcp/payments/billing_fixture_test.hpp>

#include <algorithm>
#include <thread>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using detail::FakeStripe;
using Outcome = WebhookReceipt::Outcome;
using FlowState = CheckoutFlow::State;

class BillingEventsTest : public detail::BillingTest {};

TEST_P(BillingEventsTest, RefusesUnsignedWebhooks) {
  const Checkout begun = checkout();
  stripe->pay(begun.session_id);
  const StripeEvent& event = stripe->event_log.front();
  const auto unsigned_one = billing->handle_webhook(event.payload, "");
  ASSERT_FALSE(unsigned_one);
  EXPECT_EQ(unsigned_one.error().status, 400);
  EXPECT_FALSE(billing->handle_webhook(event.payload, sign_webhook(event.payload, Secret("other"), clock->now())));
  EXPECT_FALSE(
      billing->handle_webhook(event.payload, sign_webhook(event.payload, Secret("whsec_test"), clock->now() - 10min)));
}

TEST_P(BillingEventsTest, AppliesEachEventOnce) {
  const Checkout begun = checkout();
  stripe->pay(begun.session_id);
  const StripeEvent event = stripe->event_log.at(1);
  EXPECT_EQ(deliver(event), Outcome::applied);
  const int fetched = stripe->calls["get_session"];
  EXPECT_EQ(deliver(event), Outcome::duplicate);
  restart();
  EXPECT_EQ(deliver(event), Outcome::duplicate);
  EXPECT_EQ(stripe->calls["get_session"], fetched);
  EXPECT_TRUE(allowed());
}

TEST_P(BillingEventsTest, IgnoresTheOtherModeAndOtherAccounts) {
  stripe->emit("customer.subscription.updated", "subscription", "sub_1", "cus_1");
  StripeEvent event = stripe->event_log.front();
  const auto replace = [](std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
  };
  StripeEvent live = event;
  live.payload = replace(event.payload, "\"livemode\":false", "\"livemode\":true");
  EXPECT_EQ(deliver(live), Outcome::ignored);
  StripeEvent connected = event;
  connected.payload = replace(event.payload, "\"livemode\":false", "\"livemode\":false,\"account\":\"acct_9\"");
  std::string logged;
  options.log = Logger([&](LogLevel, std::string_view line) { logged += line; }, LogLevel::info);
  restart();
  EXPECT_EQ(deliver(connected), Outcome::ignored);
  EXPECT_NE(logged.find("acct_9"), std::string::npos) << logged;
  EXPECT_EQ(deliver(event), Outcome::applied);  // no customer of ours: seen, and nothing else
  EXPECT_EQ(stripe->calls["get_subscription"], 0);
}

TEST_P(BillingEventsTest, KeepsEventsWhileStripeIsDown) {
  const Checkout begun = checkout();
  stripe->pay(begun.session_id);
  stripe->fault = [](const std::string&) { return FakeStripe::Fault::before; };
  for (const StripeEvent& event : stripe->event_log) EXPECT_EQ(deliver(event), Outcome::stored);
  restart();
  auto sweep = billing->sweep();
  ASSERT_TRUE(sweep);
  EXPECT_EQ(sweep->events_applied, 0);
  stripe->fault = [](const std::string&) { return FakeStripe::Fault::none; };
  clock->advance(1h);
  sweep = billing->sweep();
  ASSERT_TRUE(sweep);
  EXPECT_EQ(sweep->events_applied, 3);
  EXPECT_EQ(sweep->events_failed, 0);
  EXPECT_TRUE(allowed());
  EXPECT_EQ(flow(begun.flow_id).state, FlowState::completed);
}

TEST_P(BillingEventsTest, RedeliveryAppliesWhatFailed) {
  const Checkout begun = checkout();
  stripe->pay(begun.session_id);
  stripe->fault = [](const std::string&) { return FakeStripe::Fault::before; };
  EXPECT_EQ(deliver(stripe->event_log.at(1)), Outcome::stored);
  stripe->fault = [](const std::string&) { return FakeStripe::Fault::none; };
  EXPECT_EQ(deliver(stripe->event_log.at(1)), Outcome::applied);
  EXPECT_TRUE(allowed());
}

TEST_P(BillingEventsTest, SweepFindsWhatNoWebhookTold) {
  const Checkout begun = checkout();
  const Checkout left = checkout(request("grace"));
  stripe->pay(begun.session_id);
  clock->advance(40min);
  auto sweep = billing->sweep();
  ASSERT_TRUE(sweep) << sweep.error().detail();
  EXPECT_GE(sweep->events_found, 3);
  EXPECT_TRUE(allowed());
  EXPECT_EQ(flow(begun.flow_id).state, FlowState::completed);
  EXPECT_EQ(flow(left.flow_id).state, FlowState::expired);
  sweep = billing->sweep();
  ASSERT_TRUE(sweep);
  EXPECT_EQ(sweep->events_found, 1);  // the expiry that the sweep before brought about
}

TEST_P(BillingEventsTest, SweepRecoversACreationCutOff) {
  stripe->fault = [](const std::string& call) {
    return call == "create_session" ? FakeStripe::Fault::after : FakeStripe::Fault::none;
  };
  EXPECT_FALSE(billing->begin_checkout(request()));
  stripe->fault = [](const std::string&) { return FakeStripe::Fault::none; };
  clock->advance(1min);
  ASSERT_TRUE(billing->sweep());
  const Checkout begun = checkout();
  EXPECT_EQ(stripe->sessions.size(), 1u);
  EXPECT_EQ(begun.session_id, stripe->sessions.begin()->first);
}

TEST_P(BillingEventsTest, AGateSeesAPaymentBeforeItsWebhook) {
  const Checkout begun = checkout();
  EXPECT_FALSE(allowed());
  stripe->pay(begun.session_id);
  clock->advance(6s);
  EXPECT_TRUE(allowed());
  auto refreshed = billing->refresh_flow(begun.flow_id);
  ASSERT_TRUE(refreshed && *refreshed);
  EXPECT_EQ((*refreshed)->state, FlowState::completed);
  EXPECT_FALSE(*billing->refresh_flow("nonsense"));
}

TEST_P(BillingEventsTest, AsksStripeSeldom) {
  checkout();
  const int before = stripe->calls["get_session"];
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(allowed());
  EXPECT_LE(stripe->calls["get_session"], before + 1);
}

TEST_P(BillingEventsTest, StatusDecidesByTheRules) {
  const Checkout begun = checkout();
  const std::string subscription = stripe->pay(begun.session_id);
  deliver_all();
  const std::pair<const char*, bool> cases[] = {{"active", true},
                                                {"trialing", true},
                                                {"past_due", true},
                                                {"active", true},
                                                {"unpaid", false},
                                                {"incomplete", false},
                                                {"incomplete_expired", false},
                                                {"paused", false},
                                                {"canceled", false},
                                                {"sleeping", false},
                                                {"", false},
                                                {"Active", false}};
  for (const auto& [status, allow] : cases) {
    stripe->set_status(subscription, status);
    deliver_all();
    EXPECT_EQ(allowed(), allow) << status;
  }
  stripe->set_status(subscription, "past_due");
  deliver_all();
  clock->advance(3 * 24h - 1s);
  EXPECT_TRUE(allowed());
  stripe->emit("invoice.payment_failed", "invoice", "in_x", stripe->customers.begin()->first, subscription);
  deliver_all();  // seen again, still past_due: the grace does not begin anew
  clock->advance(2s);
  EXPECT_FALSE(allowed());
  EXPECT_EQ(billing->subscription_status("oidc|ada")->status, "past_due");
  EXPECT_EQ(billing->subscription_status("oidc|ada")->plan, "free");
}

TEST_P(BillingEventsTest, PastThePeriodStripeIsAskedFirst) {
  const Checkout begun = checkout();
  const std::string subscription = stripe->pay(begun.session_id);
  deliver_all();
  clock->advance(30 * 24h + 1h);
  const std::int64_t next = unix_seconds(clock->now()) + 30 * 86'400;
  stripe->set_status(subscription, "active", next);  // renewed; the webhook lags
  EXPECT_TRUE(allowed());
  EXPECT_EQ(unix_seconds(*billing->subscription_status("oidc|ada")->expires_at), next);

  clock->advance(30 * 24h + 1h);
  stripe->fault = [](const std::string&) { return FakeStripe::Fault::before; };
  EXPECT_TRUE(allowed());  // within the grace for outages
  clock->advance(24h);
  auto unknown = billing->check("oidc|ada", "premium");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().data().find("retryable"), std::string::npos);
  stripe->fault = [](const std::string&) { return FakeStripe::Fault::none; };
  stripe->set_status(subscription, "canceled");
  EXPECT_FALSE(allowed());
}

TEST_P(BillingEventsTest, AnOlderAnswerNeverReplacesANewerOne) {
  const Checkout begun = checkout();
  const std::string subscription = stripe->pay(begun.session_id);
  deliver_all();
  stripe->set_status(subscription, "unpaid");
  const StripeEvent slow = stripe->event_log.back();
  // While the slow worker waits for Stripe, a fast one reads and writes a newer state.
  bool nested = false;
  stripe->on_call = [&](const std::string& call) {
    if (call != "get_subscription" || nested) return;
    nested = true;
    stripe->set_status(subscription, "canceled");
    const StripeEvent fast = stripe->event_log.back();
    std::thread([&] { deliver(fast); }).join();
    stripe->subscription_objects.at(subscription).status = "unpaid";  // what the slow one was about to read
  };
  deliver(slow);
  stripe->on_call = [](const std::string&) {};
  EXPECT_GE(stripe->calls["get_subscription"], 3);  // read again instead of overwriting
}

TEST_P(BillingEventsTest, ForeignSessionsGrantNothing) {
  const Checkout mine = checkout();
  const Checkout other = checkout(request("grace"));
  // A session that claims Ada's flow but belongs to another customer.
  stripe->sessions.at(other.session_id).metadata["flow_id"] = mine.flow_id;
  stripe->pay(other.session_id);
  stripe->subscription_objects.begin()->second.customer = "cus_unknown";
  deliver_all();
  EXPECT_FALSE(allowed());
  EXPECT_EQ(flow(mine.flow_id).state, FlowState::open);
  ASSERT_FALSE(anomalies.empty());
  EXPECT_EQ(anomalies.front().kind, BillingAnomaly::Kind::foreign_session);
}

TEST_P(BillingEventsTest, ASecondSubscriptionIsReported) {
  const Checkout begun = checkout();
  stripe->pay(begun.session_id);
  deliver_all();
  EXPECT_TRUE(anomalies.empty());
  StripeSubscription second = stripe->subscription_objects.begin()->second;
  second.id = "sub_second";
  second.created += 5;
  stripe->subscription_objects["sub_second"] = second;
  stripe->emit("customer.subscription.created", "subscription", "sub_second", second.customer);
  deliver_all();
  ASSERT_EQ(anomalies.size(), 1u);
  EXPECT_EQ(anomalies[0].kind, BillingAnomaly::Kind::second_subscription);
  EXPECT_EQ(anomalies[0].object_id, "sub_second");
  EXPECT_TRUE(allowed());
  stripe->emit("charge.refunded", "charge", "ch_1", second.customer);
  deliver_all();
  ASSERT_EQ(anomalies.size(), 2u);
  EXPECT_EQ(anomalies[1].kind, BillingAnomaly::Kind::money_back);
  EXPECT_EQ(anomalies[1].principal_key, "oidc|ada");
}

TEST_P(BillingEventsTest, EventsThatNeverApplyAreReportedOnce) {
  options.max_event_attempts = 3;
  restart();
  const Checkout begun = checkout();
  stripe->pay(begun.session_id);
  stripe->fault = [](const std::string& call) {
    return call == "get_subscription" ? FakeStripe::Fault::before : FakeStripe::Fault::none;
  };
  deliver(stripe->event_log.front());
  for (int i = 0; i < 10; ++i) {
    clock->advance(1min);
    ASSERT_TRUE(billing->sweep());
  }
  EXPECT_EQ(std::count_if(anomalies.begin(), anomalies.end(),
                          [](const auto& one) { return one.kind == BillingAnomaly::Kind::stuck_event; }),
            static_cast<std::ptrdiff_t>(stripe->event_log.size()));
}

TEST_P(BillingEventsTest, PortalOnlyForCustomers) {
  EXPECT_FALSE(billing->portal_url("oidc|ada", "https://app.example/"));
  checkout();
  EXPECT_EQ(*billing->portal_url("oidc|ada", "https://app.example/"), "https://portal");
}

TEST_P(BillingEventsTest, MoneyOnItsWayEntitlesToNothingWhateverTheSubscriptionIsCalled) {
  for (const bool paid : {true, false}) {
    const std::string user = paid ? "ada" : "grace";
    const Checkout begun = checkout(request(user));
    const std::string subscription = stripe->pay(begun.session_id, true);
    stripe->set_status(subscription, "active");
    deliver_all();
    EXPECT_FALSE(allowed(user));
    EXPECT_EQ(flow(begun.flow_id).state, CheckoutFlow::State::pending);
    stripe->set_status(subscription, "active");
    deliver_all();
    EXPECT_FALSE(allowed(user)) << "by the subscription's own events";
    stripe->settle_delayed(begun.session_id, paid);
    deliver_all();
    EXPECT_EQ(allowed(user), paid);
  }
}

// The debit failed, and the invoice was paid in another way before its event came.
TEST_P(BillingEventsTest, AnInvoicePaidAfterItsDebitFailedCountsInEveryOrder) {
  for (const bool failure_last : {false, true}) {
    const std::string user = failure_last ? "ada" : "grace";
    const Checkout begun = checkout(request(user));
    const std::string subscription = stripe->pay(begun.session_id, true);
    deliver_all();
    const std::size_t before = stripe->event_log.size();
    stripe->settle_delayed(begun.session_id, false);
    stripe->set_status(subscription, "active");
    std::vector<StripeEvent> events(stripe->event_log.begin() + static_cast<std::ptrdiff_t>(before),
                                    stripe->event_log.end());
    ASSERT_EQ(events.size(), 3u);
    if (failure_last) std::swap(events[1], events[2]);
    for (const StripeEvent& event : events) deliver(event);
    EXPECT_TRUE(allowed(user)) << failure_last;
    EXPECT_EQ(flow(begun.flow_id).state, CheckoutFlow::State::failed);
  }
}

TEST_P(BillingEventsTest, GraceIsForThoseWhoHavePaidBefore) {
  const Checkout begun = checkout();
  const std::string subscription = stripe->pay(begun.session_id, true);
  deliver_all();
  stripe->settle_delayed(begun.session_id, false);
  stripe->set_status(subscription, "past_due");
  deliver_all();
  EXPECT_FALSE(allowed("ada"));
  stripe->set_status(subscription, "active");
  deliver_all();
  EXPECT_TRUE(allowed("ada"));
}

/// Every order of delivery, each event up to twice, while Stripe's objects are already in their final state.
TEST_P(BillingEventsTest, OrderAndRepetitionDoNotMatter) {
  const Checkout begun = checkout();
  const std::string subscription = stripe->pay(begun.session_id);
  stripe->set_status(subscription, "past_due");
  stripe->set_status(subscription, "active");
  stripe->set_status(subscription, "canceled");
  const std::vector<StripeEvent> events(stripe->event_log);
  std::vector<std::size_t> order(events.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  int permutations = 0;
  do {
    ++permutations;
    if (permutations % 24 != 1) continue;  // 30 of the 720, spread over all first elements
    const Checkout one = checkout(request("user" + std::to_string(permutations)));
    const std::string sub = stripe->pay(one.session_id);
    stripe->set_status(sub, "past_due");
    stripe->set_status(sub, "active");
    stripe->set_status(sub, "canceled");
    const std::vector<StripeEvent> mine(stripe->event_log.end() - 6, stripe->event_log.end());
    for (const std::size_t i : order) {
      deliver(mine[i]);
      if (i % 2 == 0) deliver(mine[i]);
    }
    EXPECT_FALSE(allowed("user" + std::to_string(permutations)));
    EXPECT_EQ(flow(one.flow_id).state, FlowState::completed);
  } while (std::next_permutation(order.begin(), order.end()));
}

INSTANTIATE_TEST_SUITE_P(Engines, BillingEventsTest,
                         testing::Values(DatabaseEngine::sqlite, DatabaseEngine::postgresql), detail::engine_name);

TEST(BillingOptions, RefusesWhatCannotWork) {
  ManualClock clock;
  const auto stripe = std::make_shared<FakeStripe>(clock);
  const auto fault = [&](const std::function<void(BillingOptions&)>& change) {
    BillingOptions options;
    options.products = {{"premium", {{"monthly", "price_m", "Monthly", 0}}}};
    options.success_url = "https://a/";
    options.cancel_url = "https://a/";
    change(options);
    auto made = Billing::create(*Database::open("sqlite::memory:"), stripe, std::make_shared<ManualClock>(), options);
    return made ? std::string() : made.error().message();
  };
  EXPECT_EQ(fault([](BillingOptions&) {}), "");
  EXPECT_NE(fault([](BillingOptions& o) { o.products.clear(); }), "");
  EXPECT_NE(fault([](BillingOptions& o) { o.products.push_back(o.products[0]); }), "");
  EXPECT_NE(fault([](BillingOptions& o) { o.products[0].key = "free"; }), "");
  EXPECT_NE(fault([](BillingOptions& o) { o.products[0].plans.clear(); }), "");
  EXPECT_NE(fault([](BillingOptions& o) { o.products[0].plans[0].price_id = ""; }), "");
  EXPECT_NE(fault([](BillingOptions& o) { o.products[0].plans.push_back({"yearly", "price_m", "", 0}); }), "");
  EXPECT_NE(fault([](BillingOptions& o) { o.products[0].plans[0].trial_days = 731; }), "");
  EXPECT_NE(fault([](BillingOptions& o) { o.success_url = "javascript:alert(1)"; }), "");
  EXPECT_NE(fault([](BillingOptions& o) { o.cancel_url = ""; }), "");
  EXPECT_NE(fault([](BillingOptions& o) { o.checkout_lifetime = 1799s; }), "");
  EXPECT_NE(fault([](BillingOptions& o) { o.checkout_lifetime = 86'401s; }), "");
  EXPECT_NE(fault([](BillingOptions& o) { o.webhook_secrets = {Secret("")}; }), "");
}

}  // namespace
}  // namespace leanmcp
