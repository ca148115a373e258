#pragma once

#include <leanmcp/payments/billing.hpp>
#include <leanmcp/payments/fake_stripe_test.hpp>
#include <leanmcp/storage/test_cluster.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::detail {

inline BillingOptions test_options() {
  BillingOptions options;
  options.products = {{"premium", {{"monthly", "price_m", "Monthly", 0}, {"yearly", "price_y", "Yearly", 0}}},
                      {"support", {{"basic", "price_s", "Basic", 0}}}};
  options.success_url = "https://app.example/success?session_id={CHECKOUT_SESSION_ID}";
  options.cancel_url = "https://app.example/cancelled";
  options.webhook_secrets = {Secret("whsec_test")};
  options.manage_url = "https://app.example/manage";
  return options;
}

/// Billing over a fake Stripe and a real database of either engine.
class BillingTest : public testing::TestWithParam<DatabaseEngine> {
 protected:
  void SetUp() override {
    if (GetParam() == DatabaseEngine::postgresql) {
      TestCluster* const cluster = TestCluster::instance();
      if (!cluster) GTEST_SKIP() << "PostgreSQL is not installed";
      url_ = cluster->fresh_database();
    } else {
      char name[] = "/tmp/leanmcp-billing-XXXXXX";
      directory_ = mkdtemp(name);
      url_ = "sqlite:" + (directory_ / "billing.db").string();
    }
    restart();
  }
  void TearDown() override {
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }

  /// As after a restart of the process: nothing in memory survives.
  void restart() {
    billing.reset();
    auto database = Database::open(url_);
    ASSERT_TRUE(database) << database.error().detail;
    BillingOptions chosen = options;
    chosen.on_anomaly = [this](const BillingAnomaly& anomaly) { anomalies.push_back(anomaly); };
    auto made = Billing::create(*database, stripe, clock, chosen);
    ASSERT_TRUE(made) << made.error().message() << made.error().detail();
    billing = *made;
  }

  const std::string& url() const { return url_; }

  static CheckoutRequest request(const std::string& user = "ada", const std::string& plan = "monthly") {
    CheckoutRequest out;
    out.principal_key = "oidc|" + user;
    out.user_id = user;
    out.email = user + "@example.com";
    out.product = "premium";
    out.plan = plan;
    return out;
  }
  Checkout checkout(const CheckoutRequest& wanted = request()) {
    auto begun = billing->begin_checkout(wanted);
    EXPECT_TRUE(begun) << (begun ? "" : begun.error().message() + " " + begun.error().detail());
    return begun ? *begun : Checkout();
  }
  WebhookReceipt::Outcome deliver(const StripeEvent& event) {
    auto receipt =
        billing->handle_webhook(event.payload, sign_webhook(event.payload, Secret("whsec_test"), clock->now()));
    EXPECT_TRUE(receipt) << (receipt ? "" : receipt.error().reason);
    return receipt ? receipt->outcome : WebhookReceipt::Outcome::ignored;
  }
  /// Everything not yet delivered.
  void deliver_all() {
    for (; delivered_ < stripe->event_log.size(); ++delivered_) deliver(stripe->event_log[delivered_]);
  }
  bool allowed(const std::string& user = "ada", const std::string& product = "premium") {
    auto entitlement = billing->check("oidc|" + user, product);
    EXPECT_TRUE(entitlement) << (entitlement ? "" : entitlement.error().detail());
    return entitlement && entitlement->allowed;
  }
  CheckoutFlow flow(const std::string& id) {
    auto found = billing->flow(id);
    EXPECT_TRUE(found && *found);
    return **found;
  }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<FakeStripe> stripe = std::make_shared<FakeStripe>(*clock);
  BillingOptions options = test_options();
  std::shared_ptr<Billing> billing;
  std::vector<BillingAnomaly> anomalies;

 private:
  std::filesystem::path directory_;
  std::string url_;
  std::size_t delivered_ = 0;
};

inline std::string engine_name(const testing::TestParamInfo<DatabaseEngine>& info) {
  return info.param == DatabaseEngine::sqlite ? "sqlite" : "postgresql";
}

}  // namespace leanmcp::detail
