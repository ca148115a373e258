#include <leanmcp/payments/billing_fixture_test.hpp>
#include <leanmcp/payments/billing_tools.hpp>
#include <leanmcp/transport/in_memory.hpp>

#include <boost/json.hpp>

#include <thread>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

class TrustsTheTest final : public Hook {
 public:
  Stage stage() const override { return Stage::authenticate; }
  Verdict before(Call& call) override {
    const auto user = call.info().credentials.assumed_user;
    call.set_principal(user->principal);
    call.set_user_loader([user]() -> Task<Result<std::shared_ptr<const AuthUser>, Denial>> {
      Result<std::shared_ptr<const AuthUser>, Denial> loaded(user);
      co_return std::move(loaded);
    });
    return Verdict::proceed();
  }
};

class Tools : public testing::TestWithParam<Version> {
 protected:
  explicit Tools(const std::string& product = "premium", bool terms_on_stripe = false)
      : server("shop", "1", ServerOptions().clock(clock)) {
    BillingOptions options = detail::test_options();
    options.terms_on_stripe = terms_on_stripe;
    options.on_checkout = [](CheckoutRequest& request, const Principal& who) {
      request.metadata["tenant"] = "acme of " + who.id();
      request.principal_key = "nobody";
    };
    BillingPlan pack;
    pack.key = "ten";
    pack.price_id = "price_10";
    pack.kind = PlanKind::credits;
    pack.credits = 10;
    BillingProduct images;
    images.key = "images";
    images.plans = {pack};
    options.products.push_back(images);
    options.go_url = "https://app.example/billing/go";
    billing = Billing::create(*Database::open("sqlite::memory:"), stripe, clock, options).value();
    add_billing_tools(server, Decorator(std::make_shared<TrustsTheTest>()), billing,
                      BillingToolsOptions().product(product));
  }
  void connect(const char* capabilities = nullptr) {
    client.emplace(connect_in_memory(server, GetParam()));
    client->as_user(test_user("ada", "ada@example.com"));
    if (capabilities) client->capabilities(capabilities);
    client->on_question([this](std::string_view, std::string_view params) {
      const bool url = params.find(R"("mode":"url")") != std::string_view::npos;
      if (url) on_url(stripe->sessions.rbegin()->first);
      ++asked;
      return url ? std::string(R"({"action":"accept"})") : form_answer;
    });
    ticker = std::jthread([this](std::stop_token stop) {
      while (!stop.stop_requested()) {
        std::this_thread::sleep_for(200us);
        client->executor().post([this, stop] {
          if (stop.stop_requested()) return;
          clock->advance(100ms);
          client->executor().advance(100ms);
        });
      }
    });
  }
  void TearDown() override {
    ticker.request_stop();
    ticker.join();
  }
  json::object call(const std::string& tool, const std::string& arguments = "{}") {
    const auto reply = client->request(
        "tools/call", R"({"name":")" + tool + R"(","arguments":)" + arguments + R"(,"_meta":{"progressToken":1}})");
    EXPECT_TRUE(reply.ok()) << reply.error;
    const json::object result = json::parse(reply.result).as_object();
    failed = result.contains("isError");
    const std::string text(result.at("content").at(0).at("text").as_string());
    boost::system::error_code not_json;
    const json::value parsed = json::parse(text, not_json);
    return not_json ? json::object{{"text", text}} : parsed.as_object();
  }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<detail::FakeStripe> stripe = std::make_shared<detail::FakeStripe>(*clock);
  std::shared_ptr<Billing> billing;
  Server server;
  std::optional<MemoryClient> client;
  std::string form_answer = R"({"action":"accept","content":{"plan":"yearly","confirm":true}})";
  std::function<void(const std::string&)> on_url = [this](const std::string& session) { stripe->pay(session); };
  int asked = 0;
  bool failed = false;
  std::jthread ticker;
};

TEST_P(Tools, UpgradeManageAndCancel) {
  connect();
  EXPECT_EQ(call("checkSubscription").at("plan"), "free");
  call("manageSubscription");
  EXPECT_TRUE(failed);
  json::object bought = call("upgrade");
  EXPECT_FALSE(failed);
  if (GetParam() == Version::v2025_06_18) {
    EXPECT_EQ(bought.at("status"), "payment_required");
    EXPECT_TRUE(bought.at("paymentUrl").as_string().starts_with("https://app.example/billing/go/"));
    EXPECT_EQ(bought.at("url"), bought.at("paymentUrl"));
    EXPECT_TRUE(bought.at("expiresAt").as_string().ends_with("Z"));
    EXPECT_EQ(bought.at("retryTool"), "checkSubscription");
    stripe->pay(stripe->sessions.rbegin()->first);
    clock->advance(10s);
  } else {
    EXPECT_EQ(bought.at("status"), "active") << json::serialize(bought);
    EXPECT_FALSE(bought.contains("url")) << "there is nothing to open";
    EXPECT_FALSE(bought.contains("retryTool"));
    EXPECT_EQ(asked, 2);
  }
  const json::object now = call("checkSubscription");
  EXPECT_EQ(now.at("plan"), "premium");
  EXPECT_EQ(now.at("canUpgrade"), false);
  EXPECT_EQ(call("upgrade", R"({"plan":"monthly"})").at("status"), "active");
  EXPECT_TRUE(call("manageSubscription").at("url").as_string().starts_with("https://app.example/manage/"));
  form_answer = R"({"action":"accept","content":{"confirm":false}})";
  call("cancelSubscription");
  EXPECT_TRUE(failed);
  form_answer = R"({"action":"accept","content":{"confirm":true}})";
  EXPECT_EQ(call("cancelSubscription").at("cancelsAtPeriodEnd"), true);
  EXPECT_FALSE(failed);
  EXPECT_EQ(stripe->sessions.size(), 1u);
}

TEST_P(Tools, WithoutAnyElicitationNobodyHasAgreedAndNothingIsSold) {
  connect("{}");
  const json::object missing = call("upgrade", R"({"plan":"monthly"})");
  EXPECT_TRUE(failed);
  EXPECT_NE(json::serialize(missing).find("I agree to the terms"), std::string::npos) << json::serialize(missing);
  call("upgrade", R"({"plan":"monthly","confirm":true})");
  EXPECT_TRUE(failed) << "consent is no argument";
  EXPECT_TRUE(stripe->sessions.empty());
}

TEST_P(Tools, TheAppAddsToTheCheckoutButNotWhoBuys) {
  connect();
  call("upgrade");
  ASSERT_EQ(stripe->session_params.size(), 1u);
  const auto& params = stripe->session_params.begin()->second;
  EXPECT_EQ(params.at("metadata[tenant]"), "acme of ada");
  EXPECT_EQ(params.at("subscription_data[metadata][tenant]"), "acme of ada");
  EXPECT_EQ(params.at("metadata[userId]"), "ada");
  stripe->pay(stripe->sessions.rbegin()->first);
  clock->advance(10s);
  EXPECT_EQ(call("checkSubscription").at("plan"), "premium");
}

/// Stripe's page asks for consent.
class TermsTools : public Tools {
 protected:
  TermsTools() : Tools("premium", true) {}
};

TEST_P(TermsTools, WhoCannotBeAskedHereAgreesAndEndsItOnStripesPages) {
  connect("{}");
  call("cancelSubscription");
  EXPECT_TRUE(failed) << "there is none";
  const json::object bought = call("upgrade", R"({"plan":"monthly"})");
  EXPECT_FALSE(failed);
  EXPECT_EQ(bought.at("status"), "payment_required");
  const std::string session = stripe->sessions.rbegin()->first;
  EXPECT_EQ(stripe->session_params.at(session).at("consent_collection[terms_of_service]"), "required");
  stripe->pay(session);
  clock->advance(10s);
  call("cancelSubscription", R"({"confirm":true})");
  EXPECT_TRUE(failed) << "consent is no argument";
  const json::object refused = call("cancelSubscription");
  EXPECT_TRUE(failed);
  EXPECT_TRUE(refused.at("manageUrl").as_string().starts_with("https://app.example/manage/"))
      << json::serialize(refused);
  EXPECT_FALSE(stripe->calls.count("update_subscription"));
  EXPECT_EQ(asked, 0);
}

TEST_P(Tools, NoAgreementNoCheckout) {
  connect();
  form_answer = R"({"action":"accept","content":{"plan":"yearly","confirm":false}})";
  call("upgrade");
  EXPECT_TRUE(failed);
  EXPECT_TRUE(stripe->sessions.empty());
}

/// Of a product that is bought again and again.
class CreditTools : public Tools {
 protected:
  CreditTools() : Tools("images") { form_answer = R"({"action":"accept","content":{"plan":"ten","confirm":true}})"; }
};

TEST_P(CreditTools, WhatIsLeftOverSaysNothingOfThePayment) {
  const std::string ada = test_principal("ada").key();
  ASSERT_TRUE(*billing->grant_credits(ada, "images", 2, "welcome"));
  connect();
  const auto upgrade = [&](std::function<void(const std::string&)> then) {
    on_url = std::move(then);
    return std::string(call("upgrade").at("status").as_string());
  };
  EXPECT_EQ(upgrade([](const std::string&) {}), "pending");
  EXPECT_EQ(upgrade([&](const std::string& session) { stripe->expire_now(session); }), "failed");
  EXPECT_EQ(*billing->credit_balance(ada, "images"), 2);
  EXPECT_EQ(upgrade([&](const std::string& session) { stripe->pay(session); }), "active");
  EXPECT_EQ(*billing->credit_balance(ada, "images"), 12);
}

INSTANTIATE_TEST_SUITE_P(Versions, CreditTools, testing::Values(Version::v2025_11_25, Version::v2026_07_28));
INSTANTIATE_TEST_SUITE_P(Versions, TermsTools,
                         testing::Values(Version::v2025_06_18, Version::v2025_11_25, Version::v2026_07_28));
INSTANTIATE_TEST_SUITE_P(Versions, Tools,
                         testing::Values(Version::v2025_06_18, Version::v2025_11_25, Version::v2026_07_28));

}  // namespace
}  // namespace leanmcp
