// What goes wrong around a sale: options that change, sessions and customers that are gone, an app that throws.

#include <leanmcp/payments/money_fixture_test.hpp>
#include <leanmcp/payments/sweeper.hpp>

#include <atomic>
#include <thread>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using detail::FakeStripe;
using Fault = FakeStripe::Fault;
using Kind = BillingAnomaly::Kind;
using CheckoutState = Checkout::State;

class RepairTest : public detail::MoneyTest {
 protected:
  /// What creating billing over the same database says; empty when it works.
  std::string refused(const BillingOptions& wanted) {
    const auto made = Billing::create(Database::open(url()).value(), stripe, clock, wanted);
    return made ? "" : made.error().message();
  }
  BillingPlan& plan_of_images() { return options.products.back().plans.front(); }
};

TEST_P(RepairTest, ASessionThatStripeDoesNotKnowLeavesNothingOpen) {
  const Checkout first = checkout();
  stripe->sessions.clear();
  clock->advance(1h);
  const Checkout second = checkout();
  EXPECT_EQ(second.state, CheckoutState::open);
  EXPECT_NE(second.session_id, first.session_id);
  EXPECT_TRUE(stripe->sessions.count(second.session_id));
  stripe->sessions.clear();
  clock->advance(1h);
  ASSERT_TRUE(billing->sweep());
  EXPECT_EQ(flow(second.flow_id).state, CheckoutFlow::State::expired);
  // Another plan, while nobody has noticed yet.
  const Checkout third = checkout();
  EXPECT_FALSE(allowed());  // which has just asked
  stripe->sessions.clear();
  const Checkout fourth = checkout(request("ada", "yearly"));
  EXPECT_EQ(fourth.state, CheckoutState::open);
  EXPECT_NE(fourth.session_id, third.session_id);
}

TEST_P(RepairTest, ADatabaseServesOneStripe) {
  EXPECT_EQ(refused(options), "");
  stripe->live = true;
  const std::string live = refused(options);
  EXPECT_NE(live.find("test mode"), std::string::npos) << live;
  EXPECT_NE(live.find("live mode"), std::string::npos) << live;
  stripe->live = false;
  stripe->sandbox = true;
  EXPECT_NE(refused(options).find("sandbox mode"), std::string::npos) << refused(options);
  stripe->sandbox = false;
  BillingOptions other = options;
  other.account = "acct_2";
  stripe->connected_account = "acct_2";
  EXPECT_NE(refused(other).find("for account acct_2"), std::string::npos) << refused(other);
  stripe->connected_account.clear();
  EXPECT_EQ(refused(options), "");
}

TEST_P(RepairTest, BillingAndItsClientSpeakOfOneAccount) {
  BillingOptions other = options;
  other.account = "acct_2";
  EXPECT_NE(refused(other).find("acts for ''"), std::string::npos) << refused(other);
  stripe->connected_account = "acct_3";
  EXPECT_NE(refused(other).find("acct_3"), std::string::npos) << "each webhook would be taken for somebody else's";
  EXPECT_NE(refused(options).find("acct_3"), std::string::npos);
}

TEST_P(RepairTest, ADatabaseFromBeforeItWasBoundIsKnownByItsCheckouts) {
  const Checkout begun = checkout();
  const auto database = Database::open(url());
  ASSERT_TRUE(database);
  const auto was = [&](const std::string& id) {
    return database->run("UPDATE billing_flows SET session_id = $1 WHERE flow_id = $2", {id, begun.flow_id}) &&
           database->run("DELETE FROM billing_stripe");
  };
  ASSERT_TRUE(was("cs_test_1"));
  stripe->live = true;
  EXPECT_NE(refused(options).find("test mode"), std::string::npos) << "a test card must not entitle";
  stripe->live = false;
  ASSERT_TRUE(was("cs_live_1"));
  EXPECT_NE(refused(options).find("live mode"), std::string::npos);
  stripe->live = true;
  EXPECT_EQ(refused(options), "") << "a mistaken start binds nothing";
}

TEST_P(RepairTest, WhatWasSoldIsGivenThoughThePlanChangedMeanwhile) {
  const Checkout begun = checkout(pack());
  plan_of_images().credits = 3;  // the same pack holds less from now on
  restart();
  stripe->pay(begun.session_id);
  deliver_all();
  EXPECT_EQ(*billing->credit_balance("oidc|ada", "images"), 10);

  const Checkout other = checkout(pack());
  plan_of_images().key = "twenty";
  plan_of_images().credits = 20;
  restart();
  stripe->pay(other.session_id);
  deliver_all();
  EXPECT_EQ(*billing->credit_balance("oidc|ada", "images"), 13) << "a plan that is gone was paid all the same";
  EXPECT_EQ(seen(Kind::unknown_sale), 0u);
}

TEST_P(RepairTest, WhatWasBoughtForGoodStaysThoughItIsNotSoldAnyMore) {
  plan_of_images().kind = PlanKind::one_time;
  plan_of_images().credits = 0;
  restart();
  const Checkout begun = checkout(pack());
  plan_of_images().kind = PlanKind::subscription;
  restart();
  stripe->pay(begun.session_id);
  deliver_all();
  EXPECT_TRUE(allowed("ada", "images"));
  EXPECT_EQ(billing->check("oidc|ada", "images")->status, "purchased");
}

TEST_P(RepairTest, ASaleThatCannotBeToldIsReportedAndWaits) {
  const Checkout begun = checkout(pack());
  stripe->sessions.at(begun.session_id).metadata.erase("sold");
  const std::string key = std::exchange(plan_of_images().key, "another");
  restart();
  stripe->pay(begun.session_id);
  deliver_all();
  EXPECT_EQ(seen(Kind::unknown_sale), 1u);
  EXPECT_EQ(*billing->credit_balance("oidc|ada", "images"), 0);
  EXPECT_FALSE(billing->check("oidc|ada", "images")) << "nobody is asked to pay again";
  plan_of_images().key = key;
  restart();
  clock->advance(1h);
  ASSERT_TRUE(billing->sweep());
  EXPECT_EQ(*billing->credit_balance("oidc|ada", "images"), 10) << "its event was not thrown away";
  EXPECT_EQ(seen(Kind::unknown_sale), 1u);
}

TEST_P(RepairTest, UnpaidSubscriptionsCanBeEnded) {
  const std::string subscription = subscribe();
  for (const std::string status : {"past_due", "unpaid"}) {
    stripe->subscription_objects.at(subscription).cancel_at_period_end = false;
    stripe->set_status(subscription, status);
    deliver_all();
    clock->advance(4 * 24h);
    ASSERT_FALSE(allowed());
    const auto ended = billing->cancel_at_period_end("oidc|ada", "premium");
    ASSERT_TRUE(ended) << status;
    EXPECT_TRUE(ended->cancels_at_period_end) << status;
    EXPECT_TRUE(stripe->subscription_objects.at(subscription).cancel_at_period_end);
    ASSERT_TRUE(billing->portal_url("oidc|ada", "https://app.example/", PortalPage::cancel)) << status;
    EXPECT_EQ(stripe->portal_params.at("flow_data[subscription_cancel][subscription]"), subscription);
    EXPECT_FALSE(billing->portal_url("oidc|ada", "https://app.example/", PortalPage::change_plan));
  }
  stripe->set_status(subscription, "canceled");
  deliver_all();
  EXPECT_FALSE(billing->cancel_at_period_end("oidc|ada", "premium"));
}

TEST_P(RepairTest, AllOfThemEndAndOneIsTakenBack) {
  const std::string first = subscribe();
  for (const auto& [id, status] : {std::pair("sub_z", "active"), std::pair("sub_begun", "incomplete")}) {
    bought_elsewhere(id, status, "price_y");
    stripe->emit("customer.subscription.created", "subscription", id, customer());
  }
  deliver_all();
  ASSERT_TRUE(billing->cancel_at_period_end("oidc|ada", "premium"));
  const auto ending = [&] {
    return stripe->subscription_objects.at(first).cancel_at_period_end +
           stripe->subscription_objects.at("sub_z").cancel_at_period_end;
  };
  EXPECT_EQ(ending(), 2) << "nobody who ended it is charged again";
  ASSERT_TRUE(billing->cancel_at_period_end("oidc|ada", "premium"));
  EXPECT_EQ(stripe->calls.at("update_subscription"), 2);
  ASSERT_TRUE(billing->cancel_at_period_end("oidc|ada", "premium", false));
  EXPECT_EQ(ending(), 1);
}

TEST_P(RepairTest, AnEndThatWasSetAtThePortalIsKnown) {
  const std::string subscription = subscribe();
  auto& object = stripe->subscription_objects.at(subscription);
  object.cancel_at = object.items.at(0).period_end - 86'400;
  stripe->set_status(subscription, "active");
  deliver_all();
  auto status = billing->subscription_status("oidc|ada", "premium");
  EXPECT_TRUE(status->cancels_at_period_end);
  EXPECT_EQ(unix_seconds(*status->expires_at), object.cancel_at);
  ASSERT_TRUE(billing->cancel_at_period_end("oidc|ada", "premium"));
  EXPECT_FALSE(stripe->calls.count("update_subscription")) << "it ends already";
  status = billing->cancel_at_period_end("oidc|ada", "premium", false);
  EXPECT_FALSE(status->cancels_at_period_end);
  EXPECT_EQ(object.cancel_at, 0);
}

TEST_P(RepairTest, AnOutageExtendsNothingThatWasToEnd) {
  const std::string subscription = subscribe();
  clock->advance(30 * 24h + 1h);
  fail("get_subscription", Fault::before);
  EXPECT_TRUE(allowed()) << "its renewal may be late";
  heal();
  stripe->set_status(subscription, "active", unix_seconds(clock->now()) + 86'400);
  deliver_all();
  ASSERT_TRUE(billing->cancel_at_period_end("oidc|ada", "premium"));
  EXPECT_TRUE(allowed());
  clock->advance(25h);
  fail("get_subscription", Fault::before);
  const auto unknown = billing->check("oidc|ada", "premium");
  EXPECT_FALSE(unknown && unknown->allowed);
}

TEST_P(RepairTest, OnlyTheCustomerThatIsGoneIsForgotten) {
  fail("create_session", Fault::before);
  EXPECT_FALSE(billing->begin_checkout(request()));  // frozen for the first customer
  heal();
  const std::string first = customer();
  stripe->customers.at(first).deleted = true;
  stripe->emit("customer.deleted", "customer", first, "");
  deliver_all();
  EXPECT_EQ(checkout().state, CheckoutState::open);
  EXPECT_EQ(stripe->customers.size(), 2u) << "the second one is none the worse for it";
}

TEST_P(RepairTest, AnEmailThatStripeRefusesLocksNobodyOut) {
  CheckoutRequest wanted = request();
  wanted.email = "bad address";
  EXPECT_EQ(checkout(wanted).state, CheckoutState::open);
  EXPECT_EQ(stripe->customers.size(), 1u);
  EXPECT_EQ(stripe->calls.at("create_customer"), 2);
  const auto refused = billing->begin_checkout(request("bad user"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "The checkout could not be started.");
}

TEST_P(RepairTest, AnAppThatThrowsStopsNothing) {
  BillingOptions throwing = options;
  std::atomic<int> thrown{0};
  throwing.on_anomaly = [&](const BillingAnomaly&) {
    ++thrown;
    throw std::runtime_error("the app's own fault");
  };
  subscribe();
  billing = Billing::create(Database::open(url()).value(), stripe, clock, throwing).value();
  bought_elsewhere("sub_z", "active", "price_y");
  stripe->emit("customer.subscription.created", "subscription", "sub_z", customer());
  EXPECT_EQ(deliver(stripe->event_log.back()), WebhookReceipt::Outcome::applied);
  EXPECT_EQ(thrown, 1);
}

TEST_P(RepairTest, TheSweeperOutlivesWhatThrows) {
  std::atomic<int> rounds{0};
  stripe->on_call = [&](const std::string& call) {
    if (call != "events") return;
    ++rounds;
    throw std::runtime_error("the app's own Stripe");
  };
  const BillingSweeper sweeper(billing, 1ms, Logger());
  for (int i = 0; i < 4'000 && rounds < 3; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_GE(rounds, 3);
}

TEST_P(RepairTest, AnAppsCustomersAreTakenOver) {
  stripe->customers["cus_old"] = StripeCustomer{"cus_old", false, false, {}};
  StripeSubscription old;
  old.id = "sub_old";
  old.customer = "cus_old";
  old.status = "active";
  old.created = unix_seconds(clock->now());
  old.items = {{"si", "price_m", "prod_1", 1, 0, unix_seconds(clock->now()) + 86'400}};
  stripe->subscription_objects[old.id] = old;
  EXPECT_FALSE(allowed());
  const auto adopted = billing->adopt_customer("oidc|ada", "cus_old");
  ASSERT_TRUE(adopted) << adopted.error().detail();
  EXPECT_TRUE(*adopted);
  EXPECT_TRUE(allowed());
  EXPECT_EQ(checkout().state, CheckoutState::already_subscribed);
  EXPECT_EQ(stripe->calls.count("create_customer"), 0u);
  EXPECT_TRUE(*billing->adopt_customer("oidc|ada", "cus_old"));
  EXPECT_FALSE(*billing->adopt_customer("oidc|ada", "cus_other"));
  EXPECT_FALSE(billing->adopt_customer("oidc|bob", "cus_old")) << "it is Ada's";
  EXPECT_FALSE(billing->adopt_customer("", "cus_old"));
}

TEST_P(RepairTest, OldFlowsWithoutAPaymentGo) {
  const Checkout abandoned = checkout(request("eve"));
  stripe->expire_now(abandoned.session_id);
  const Checkout bought = checkout(pack());
  const std::string payment = stripe->pay(bought.session_id);
  deliver_all();
  clock->advance(41 * 24h);
  ASSERT_TRUE(billing->sweep());
  EXPECT_FALSE(billing->flow(abandoned.flow_id).value());
  ASSERT_TRUE(billing->flow(bought.flow_id).value());
  stripe->refund(payment);
  deliver_all();
  EXPECT_EQ(*billing->credit_balance("oidc|ada", "images"), 0) << "a refund that comes late finds what it was for";
}

INSTANTIATE_TEST_SUITE_P(Engines, RepairTest, testing::Values(DatabaseEngine::sqlite, DatabaseEngine::postgresql),
                         detail::engine_name);

}  // namespace
}  // namespace leanmcp
