#include <leanmcp/payments/billing_fixture_test.hpp>

#include <functional>
#include <iostream>

namespace leanmcp {
namespace {

using detail::FakeStripe;

/// What happens to one purchase, step by step; each step makes some events.
struct History {
  const char* name;
  std::vector<std::function<void(FakeStripe&, const std::string& session)>> steps;
  std::size_t events;
  bool allowed;
  CheckoutFlow::State flow;
};

std::string subscription_of(FakeStripe& stripe, const std::string& session) {
  return stripe.sessions.at(session).subscription;
}

const auto pay = [](FakeStripe& stripe, const std::string& session) { stripe.pay(session); };
const auto pay_later = [](FakeStripe& stripe, const std::string& session) { stripe.pay(session, true); };
const auto expire = [](FakeStripe& stripe, const std::string& session) { stripe.expire_now(session); };
const auto money_comes = [](FakeStripe& stripe, const std::string& session) { stripe.settle_delayed(session, true); };
const auto money_fails = [](FakeStripe& stripe, const std::string& session) { stripe.settle_delayed(session, false); };
const auto cancel = [](FakeStripe& stripe, const std::string& session) {
  stripe.set_status(subscription_of(stripe, session), "canceled");
};
const auto fall_due = [](FakeStripe& stripe, const std::string& session) {
  stripe.set_status(subscription_of(stripe, session), "past_due");
};
const auto recover = [](FakeStripe& stripe, const std::string& session) {
  stripe.set_status(subscription_of(stripe, session), "active");
};
const auto renew = [](FakeStripe& stripe, const std::string& session) {
  const std::string id = subscription_of(stripe, session);
  const auto& subscription = stripe.subscription_objects.at(id);
  stripe.set_status(id, "active", subscription.items.at(0).period_end + 30 * 86'400);
  stripe.emit("invoice.paid", "invoice", "in_renewal", subscription.customer, id);
};
const auto change_plan = [](FakeStripe& stripe, const std::string& session) {
  const std::string id = subscription_of(stripe, session);
  stripe.subscription_objects.at(id).items.at(0).price = "price_y";
  stripe.set_status(id, "active");
};

using FlowState = CheckoutFlow::State;

const History histories[] = {
    {"paid at once", {pay}, 3, true, FlowState::completed},
    {"delayed, then paid", {pay_later, money_comes}, 4, true, FlowState::completed},
    {"delayed, then failed", {pay_later, money_fails}, 4, false, FlowState::failed},
    {"expired", {expire}, 1, false, FlowState::expired},
    {"paid, then cancelled", {pay, cancel}, 4, false, FlowState::completed},
    {"renewed", {pay, renew}, 5, true, FlowState::completed},
    {"past due, then recovered", {pay, fall_due, recover}, 5, true, FlowState::completed},
    {"plan changed", {pay, change_plan}, 4, true, FlowState::completed},
};

/// Every sequence of at most `longest` deliveries in which each event comes at least once.
void sequences(std::size_t events, std::size_t longest, std::vector<std::size_t>& prefix,
               const std::function<void(const std::vector<std::size_t>&)>& visit) {
  std::size_t missing = 0;
  for (std::size_t i = 0; i < events; ++i)
    missing += std::find(prefix.begin(), prefix.end(), i) == prefix.end() ? 1 : 0;
  if (missing == 0) visit(prefix);
  if (prefix.size() + std::max<std::size_t>(missing, 1) > longest) return;
  for (std::size_t i = 0; i < events; ++i) {
    prefix.push_back(i);
    sequences(events, longest, prefix, visit);
    prefix.pop_back();
  }
}

/// One Billing and one fake Stripe; every run is another person in it.
class Runner {
 public:
  Runner() {
    options_ = detail::test_options();
    auto made = Billing::create(*Database::open("sqlite::memory:"), stripe_, clock_, options_);
    billing_ = *made;
  }

  /// `early`: each step happens as late as the deliveries allow, so that Stripe is asked amid the history.
  void run(const History& history, const std::vector<std::size_t>& deliveries, bool early) {
    const std::string user = "u" + std::to_string(++users_);
    CheckoutRequest request;
    request.principal_key = "oidc|" + user;
    request.user_id = user;
    request.product = "premium";
    request.plan = "monthly";
    auto begun = billing_->begin_checkout(request);
    ASSERT_TRUE(begun) << begun.error().detail();
    stripe_->event_log.clear();
    std::size_t step = 0;
    while (!early && step < history.steps.size()) history.steps[step++](*stripe_, begun->session_id);
    for (const std::size_t event : deliveries) {
      while (stripe_->event_log.size() <= event) {
        ASSERT_LT(step, history.steps.size());
        history.steps[step++](*stripe_, begun->session_id);
      }
      const std::string body = stripe_->event_log[event].payload;
      auto receipt = billing_->handle_webhook(body, sign_webhook(body, Secret("whsec_test"), clock_->now()));
      ASSERT_TRUE(receipt);
    }
    ASSERT_EQ(stripe_->event_log.size(), history.events) << history.name;
    const auto flow = billing_->flow(begun->flow_id);
    ASSERT_TRUE(flow && *flow);
    EXPECT_EQ((*flow)->state, history.flow) << history.name;
    auto entitlement = billing_->check(request.principal_key, "premium");
    ASSERT_TRUE(entitlement);
    EXPECT_EQ(entitlement->allowed, history.allowed) << history.name;
    if (!begun->session_id.empty() && history.allowed) {
      const auto& object = stripe_->subscription_objects.at(subscription_of(*stripe_, begun->session_id));
      EXPECT_EQ(entitlement->status, object.status);
      EXPECT_EQ(unix_seconds(*entitlement->expires_at), object.items.at(0).period_end);
      EXPECT_EQ(entitlement->plan, object.items.at(0).price == "price_y" ? "yearly" : "monthly");
    }
  }

 private:
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<FakeStripe> stripe_ = std::make_shared<FakeStripe>(*clock_);
  BillingOptions options_;
  std::shared_ptr<Billing> billing_;
  int users_ = 0;
};

TEST(BillingHistories, EndInTheStateOfTheFinalObject) {
#ifdef NDEBUG
  constexpr std::size_t most_deliveries = 6;
  constexpr std::size_t least_runs = 20'000;
#else
  constexpr std::size_t most_deliveries = 5;  // builds for debugging and sanitizers take ten times as long
  constexpr std::size_t least_runs = 1'000;
#endif
  std::size_t runs = 0;
  std::size_t deliveries = 0;
  for (const History& history : histories) {
    Runner runner;
    std::vector<std::size_t> prefix;
    const std::size_t runs_before = runs;
    sequences(history.events, most_deliveries, prefix, [&](const std::vector<std::size_t>& order) {
      for (const bool early : {false, true}) {
        if (testing::Test::HasFailure()) return;
        runner.run(history, order, early);
        ++runs;
        deliveries += order.size();
      }
    });
    std::cout << "  " << history.name << ": " << runs - runs_before << " orders of " << history.events << " events\n";
    EXPECT_GT(runs, runs_before);
  }
  std::cout << runs << " histories with " << deliveries << " deliveries\n";
  EXPECT_GT(runs, least_runs);
}

}  // namespace
}  // namespace leanmcp
