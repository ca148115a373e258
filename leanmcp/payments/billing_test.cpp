#include <leanmcp/payments/billing_fixture_test.hpp>

#include <atomic>
#include <set>
#include <thread>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using detail::BillingTest;
using detail::FakeStripe;
using Outcome = WebhookReceipt::Outcome;
using FlowState = CheckoutFlow::State;

TEST_P(BillingTest, SellsASubscription) {
  EXPECT_FALSE(allowed());
  auto before = billing->subscription_status("oidc|ada");
  ASSERT_TRUE(before);
  EXPECT_EQ(before->plan, "free");
  EXPECT_EQ(before->status, "none");
  EXPECT_TRUE(before->can_upgrade);
  EXPECT_FALSE(before->expires_at);

  const Checkout begun = checkout();
  EXPECT_EQ(begun.state, Checkout::State::open);
  EXPECT_EQ(begun.url, "https://checkout.example/" + begun.session_id);
  EXPECT_EQ(begun.expires_at, TimePoint(clock->now()) + 1860s);
  EXPECT_EQ(flow(begun.flow_id).state, FlowState::open);
  const StripeCheckoutSession& session = stripe->sessions.at(begun.session_id);
  EXPECT_EQ(session.metadata.at("userId"), "ada");
  EXPECT_EQ(session.metadata.at("flow_id"), begun.flow_id);
  EXPECT_EQ(session.client_reference_id, "ada");
  EXPECT_FALSE(allowed());

  stripe->pay(begun.session_id);
  for (const StripeEvent& event : stripe->event_log) EXPECT_EQ(deliver(event), Outcome::applied) << event.type;
  EXPECT_TRUE(allowed());
  EXPECT_FALSE(allowed("grace"));
  EXPECT_FALSE(allowed("ada", "support"));
  EXPECT_EQ(flow(begun.flow_id).state, FlowState::completed);
  EXPECT_EQ(flow(begun.flow_id).session_url, "");
  auto after = billing->subscription_status("oidc|ada");
  ASSERT_TRUE(after);
  EXPECT_EQ(after->plan, "premium");
  EXPECT_EQ(after->status, "active");
  EXPECT_EQ(after->billing_plan, "monthly");
  EXPECT_FALSE(after->can_upgrade);
  EXPECT_EQ(after->expires_at, TimePoint(clock->now()) + 30 * 24h);

  const Checkout again = checkout();
  EXPECT_EQ(again.state, Checkout::State::already_subscribed);
  ASSERT_TRUE(again.url.starts_with("https://app.example/manage/")) << again.url;
  const std::string link = again.url.substr(again.url.rfind('/') + 1);
  EXPECT_EQ(link.size(), 22u);
  EXPECT_EQ(billing->manage_link_owner(link).value(), "oidc|ada");
  EXPECT_FALSE(billing->manage_link_owner("x").value());
  EXPECT_EQ(stripe->sessions.size(), 1u);
  restart();
  EXPECT_TRUE(allowed());
}

TEST_P(BillingTest, GivesTheSameLinkAgain) {
  const Checkout first = checkout();
  clock->advance(10s);
  const Checkout second = checkout();
  EXPECT_EQ(second.url, first.url);
  EXPECT_EQ(second.flow_id, first.flow_id);
  EXPECT_EQ(stripe->sessions.size(), 1u);
  EXPECT_EQ(stripe->customers.size(), 1u);
  EXPECT_NE(checkout(request("grace")).url, first.url);
  EXPECT_EQ(stripe->customers.size(), 2u);
}

TEST_P(BillingTest, LinksToOurOwnPage) {
  options.go_url = "https://app.example/billing/go";
  restart();
  const Checkout begun = checkout();
  EXPECT_EQ(begun.url, "https://app.example/billing/go/" + begun.flow_id);
  EXPECT_EQ(begun.flow_id.size(), 22u);
  EXPECT_EQ(flow(begun.flow_id).session_url, "https://checkout.example/" + begun.session_id);
  EXPECT_EQ(flow(begun.flow_id).principal_key, "oidc|ada");
}

TEST_P(BillingTest, ConcurrentUpgradesMakeOneSession) {
  // Many people, since two that save the same customer meet only now and then.
  for (std::size_t person = 1; person <= 15; ++person) {
    std::vector<std::thread> threads;
    std::mutex mutex;
    std::set<std::string> urls;
    for (int i = 0; i < 6; ++i)
      threads.emplace_back([&] {
        auto begun = billing->begin_checkout(request("user" + std::to_string(person)));
        const std::lock_guard lock(mutex);
        if (begun)
          urls.insert(begun->url);
        else
          ADD_FAILURE() << begun.error().message() << begun.error().detail();
      });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(urls.size(), 1u);
    EXPECT_EQ(stripe->sessions.size(), person);
    EXPECT_EQ(stripe->customers.size(), person);
  }
}

TEST_P(BillingTest, ChangesThePlanOfAnOpenCheckout) {
  const Checkout monthly = checkout();
  const Checkout yearly = checkout(request("ada", "yearly"));
  EXPECT_EQ(yearly.flow_id, monthly.flow_id);
  EXPECT_NE(yearly.session_id, monthly.session_id);
  EXPECT_EQ(stripe->sessions.at(monthly.session_id).status, "expired");
  EXPECT_EQ(stripe->open_sessions(), 1);
  deliver_all();  // the old session's expiry does not close the flow
  EXPECT_EQ(flow(yearly.flow_id).state, FlowState::open);
  stripe->pay(yearly.session_id);
  deliver_all();
  EXPECT_TRUE(allowed());
  EXPECT_EQ(billing->subscription_status("oidc|ada")->billing_plan, "yearly");
}

TEST_P(BillingTest, PaymentBeatsAChangeOfPlan) {
  const Checkout monthly = checkout();
  // Paid while the change is under way: the expiry fails, and the payment is honoured.
  stripe->on_call = [&](const std::string& call) {
    if (call == "expire_session") stripe->pay(monthly.session_id);
  };
  const Checkout changed = checkout(request("ada", "yearly"));
  EXPECT_EQ(changed.state, Checkout::State::already_subscribed);
  EXPECT_TRUE(allowed());
  EXPECT_EQ(stripe->open_sessions(), 0);
  EXPECT_EQ(stripe->subscription_objects.size(), 1u);
}

TEST_P(BillingTest, ChangedTermsReplaceTheCheckout) {
  const Checkout first = checkout();
  options.terms_version = "2";
  restart();
  const Checkout second = checkout();
  EXPECT_NE(second.session_id, first.session_id);
  EXPECT_EQ(stripe->open_sessions(), 1);
}

TEST_P(BillingTest, AbandonedCheckoutsCloseAndOpenAnew) {
  const Checkout first = checkout();
  clock->advance(31min);
  const Checkout second = checkout();
  EXPECT_EQ(second.state, Checkout::State::open);
  EXPECT_NE(second.session_id, first.session_id);
  EXPECT_EQ(stripe->open_sessions(), 1);
  stripe->expire_now(second.session_id);
  deliver_all();
  EXPECT_EQ(flow(second.flow_id).state, FlowState::expired);
  const Checkout third = checkout();
  EXPECT_EQ(third.state, Checkout::State::open);
  EXPECT_NE(third.flow_id, second.flow_id);
}

TEST_P(BillingTest, DelayedPaymentsWait) {
  const Checkout begun = checkout();
  stripe->pay(begun.session_id, true);
  deliver_all();
  EXPECT_EQ(flow(begun.flow_id).state, FlowState::pending);
  EXPECT_FALSE(allowed());
  const Checkout again = checkout();
  EXPECT_EQ(again.state, Checkout::State::pending);
  EXPECT_EQ(again.url, "");
  stripe->settle_delayed(begun.session_id, true);
  deliver_all();
  EXPECT_EQ(flow(begun.flow_id).state, FlowState::completed);
  EXPECT_TRUE(allowed());

  const Checkout other = checkout(request("grace"));
  stripe->pay(other.session_id, true);
  deliver_all();
  stripe->settle_delayed(other.session_id, false);
  deliver_all();
  EXPECT_EQ(flow(other.flow_id).state, FlowState::failed);
  EXPECT_FALSE(allowed("grace"));
  EXPECT_EQ(checkout(request("grace")).state, Checkout::State::open);
}

TEST_P(BillingTest, LostAnswersChargeNobodyTwice) {
  for (const std::string call : {"create_customer", "create_session", "list", "get_session"}) {
    for (const auto kind : {FakeStripe::Fault::before, FakeStripe::Fault::after}) {
      const std::string user = call + (kind == FakeStripe::Fault::before ? "_before" : "_after");
      int left = 1;
      stripe->fault = [&](const std::string& name) {
        return name == call && left-- > 0 ? kind : FakeStripe::Fault::none;
      };
      auto begun = billing->begin_checkout(request(user));
      if (!begun) {
        EXPECT_NE(begun.error().data().find("\"retryable\":true"), std::string::npos);
        EXPECT_EQ(begun.error().message().find("connection"), std::string::npos);
        restart();  // the crash
      }
      stripe->fault = [](const std::string&) { return FakeStripe::Fault::none; };
      const Checkout again = checkout(request(user));
      EXPECT_EQ(again.state, Checkout::State::open);
      int sessions = 0;
      for (const auto& [id, session] : stripe->sessions) sessions += session.client_reference_id == user ? 1 : 0;
      EXPECT_EQ(sessions, 1) << user;
    }
  }
}

TEST_P(BillingTest, ALostSessionIsFoundWhenThePlanChanges) {
  stripe->fault = [](const std::string& call) {
    return call == "create_session" ? FakeStripe::Fault::after : FakeStripe::Fault::none;
  };
  EXPECT_FALSE(billing->begin_checkout(request()));
  stripe->fault = [](const std::string&) { return FakeStripe::Fault::none; };
  const Checkout yearly = checkout(request("ada", "yearly"));
  EXPECT_EQ(stripe->sessions.size(), 2u);
  EXPECT_EQ(stripe->open_sessions(), 1);
  EXPECT_EQ(stripe->sessions.at(yearly.session_id).status, "open");
}

TEST_P(BillingTest, AStaleFrozenRequestIsMadeAnew) {
  stripe->fault = [](const std::string& call) {
    return call == "create_session" ? FakeStripe::Fault::before : FakeStripe::Fault::none;
  };
  EXPECT_FALSE(billing->begin_checkout(request()));
  stripe->fault = [](const std::string&) { return FakeStripe::Fault::none; };
  clock->advance(10min);  // too near to the frozen expiry for Stripe by now
  EXPECT_EQ(checkout().state, Checkout::State::open);
  EXPECT_EQ(stripe->sessions.size(), 1u);
}

TEST_P(BillingTest, ACustomerDeletedAtStripeIsReplaced) {
  const Checkout first = checkout();
  stripe->pay(first.session_id);
  deliver_all();
  EXPECT_TRUE(allowed());
  const std::string customer = stripe->customers.begin()->first;
  stripe->customers[customer].deleted = true;
  stripe->emit("customer.deleted", "customer", customer, "");
  deliver_all();
  EXPECT_FALSE(allowed());
  const Checkout second = checkout();
  EXPECT_EQ(second.state, Checkout::State::open);
  EXPECT_EQ(stripe->customers.size(), 2u);

  // The same without the event.
  for (auto& [id, one] : stripe->customers) one.deleted = true;
  clock->advance(1h);
  EXPECT_EQ(checkout().state, Checkout::State::open);
  EXPECT_EQ(stripe->customers.size(), 3u);
}

TEST_P(BillingTest, FindsSubscriptionsItDidNotKnow) {
  const Checkout begun = checkout();
  stripe->expire_now(begun.session_id);
  deliver_all();
  StripeSubscription made_in_dashboard;
  made_in_dashboard.id = "sub_dash";
  made_in_dashboard.customer = stripe->customers.begin()->first;
  made_in_dashboard.status = "active";
  made_in_dashboard.items = {{"si", "price_y", "prod", 1, 0, unix_seconds(clock->now()) + 1000}};
  stripe->subscription_objects["sub_dash"] = made_in_dashboard;
  EXPECT_EQ(checkout().state, Checkout::State::already_subscribed);
  EXPECT_TRUE(allowed());
}

TEST_P(BillingTest, RefusesWhatTheServerDidNotOffer) {
  CheckoutRequest bad = request("ada", "price_m");
  EXPECT_FALSE(billing->begin_checkout(bad));
  bad = request();
  bad.product = "other";
  EXPECT_FALSE(billing->begin_checkout(bad));
  bad = request();
  bad.principal_key = "";
  EXPECT_FALSE(billing->begin_checkout(bad));
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{{"flow_id", "x"},
                                                                                   {"userId", "x"},
                                                                                   {"a[b]", "x"},
                                                                                   {"", "x"},
                                                                                   {std::string(41, 'k'), "x"},
                                                                                   {"k", std::string(501, 'v')}}) {
    bad = request();
    bad.metadata[key] = value;
    EXPECT_FALSE(billing->begin_checkout(bad)) << key;
  }
  EXPECT_TRUE(stripe->customers.empty());
  CheckoutRequest good = request();
  good.metadata["campaign"] = "spring";
  EXPECT_EQ(stripe->sessions.at(checkout(good).session_id).metadata.at("campaign"), "spring");
}

TEST_P(BillingTest, MisconfiguredPricesCloseTheFlow) {
  options.products[0].plans[0].price_id = "bad_price";
  restart();
  auto begun = billing->begin_checkout(request());
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().message(), "The checkout could not be started.");
  EXPECT_NE(begun.error().detail().find("resource_missing"), std::string::npos);
  EXPECT_EQ(checkout(request("ada", "yearly")).state, Checkout::State::open);
}

INSTANTIATE_TEST_SUITE_P(Engines, BillingTest, testing::Values(DatabaseEngine::sqlite, DatabaseEngine::postgresql),
                         detail::engine_name);

}  // namespace
}  // namespace leanmcp
