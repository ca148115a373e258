#pragma once

#include <leanmcp/payments/billing_fixture_test.hpp>

#include <algorithm>
#include <string>

namespace leanmcp::detail {

using namespace std::chrono_literals;

/// Billing that sells subscriptions, credits and use.
class MoneyTest : public BillingTest {
 protected:
  void SetUp() override {
    BillingPlan pack;
    pack.key = "ten";
    pack.price_id = "price_10";
    pack.kind = PlanKind::credits;
    pack.credits = 10;
    BillingProduct images;
    images.key = "images";
    images.plans = {pack};
    options.products.push_back(images);
    options.meters = {{"calls", "api_calls"}, {"premium calls", "api_calls", "premium"}};
    BillingTest::SetUp();
  }
  void fail(const std::string& call, FakeStripe::Fault kind) {
    stripe->fault = [call, kind](const std::string& name) { return name == call ? kind : FakeStripe::Fault::none; };
  }
  void heal() {
    stripe->fault = [](const std::string&) { return FakeStripe::Fault::none; };
  }
  CheckoutRequest pack() {
    CheckoutRequest out = request("ada", "ten");
    out.product = "images";
    return out;
  }
  std::string subscribe() {
    const std::string subscription = stripe->pay(checkout().session_id);
    deliver_all();
    return subscription;
  }
  std::size_t seen(BillingAnomaly::Kind kind) const {
    return static_cast<std::size_t>(
        std::count_if(anomalies.begin(), anomalies.end(), [&](const auto& one) { return one.kind == kind; }));
  }
  std::string customer() const { return stripe->customers.begin()->first; }
  StripeSubscription bought_elsewhere(const std::string& id, const std::string& status, const std::string& price) {
    StripeSubscription out;
    out.id = id;
    out.customer = customer();
    out.status = status;
    out.created = unix_seconds(clock->now());
    out.items = {{"si_" + id, price, "prod_1", 1, 0, unix_seconds(clock->now()) + 30 * 86'400}};
    stripe->subscription_objects[id] = out;
    return out;
  }
};

}  // namespace leanmcp::detail
