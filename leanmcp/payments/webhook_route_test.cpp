#include <leanmcp/payments/webhook_route.hpp>

#include <leanmcp/http/client.hpp>
#include <leanmcp/payments/billing_fixture_test.hpp>
#include <leanmcp/transport/serve.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

TEST(WebhookRoute, WhatThrowsWhileAnEventIsAppliedTakesNoWorkerAway) {
  const auto clock = std::make_shared<ManualClock>();
  const auto stripe = std::make_shared<detail::FakeStripe>(*clock);
  const auto billing =
      Billing::create(Database::open("sqlite::memory:").value(), stripe, clock, detail::test_options()).value();
  std::mutex mutex;
  std::string logged;
  const auto warnings = [&] {
    const std::lock_guard lock(mutex);
    int count = 0;
    for (auto at = logged.find("nothing sweeps"); at != std::string::npos; at = logged.find("nothing sweeps", at + 1))
      ++count;
    return count;
  };
  Server server("shop", "1", ServerOptions().logger(Logger([&](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    logged += line;
  })));
  HttpOptions options;
  options.port(0);
  mount_webhook(options, server, billing, "/webhook/stripe");
  HttpService service(server, options);
  ASSERT_TRUE(service.start());
  HttpClient http;
  const auto send = [&](const StripeEvent& event) {
    ClientRequest request("POST", "http://127.0.0.1:" + std::to_string(service.port()) + "/webhook/stripe");
    request.headers = {{"Stripe-Signature", sign_webhook(event.payload, Secret("whsec_test"), clock->now())}};
    request.body = event.payload;
    const auto answer = http.fetch(request);
    return answer ? answer->status : 0;
  };
  std::atomic<int> thrown{0};
  std::atomic<bool> broken{true};
  stripe->on_call = [&](const std::string& call) {
    if (!broken || call != "get_session") return;
    ++thrown;
    throw std::runtime_error("the app's own Stripe");
  };
  CheckoutRequest request;
  request.principal_key = "oidc|ada";
  request.user_id = "ada";
  request.product = "premium";
  request.plan = "monthly";
  const Checkout begun = billing->begin_checkout(request).value();
  for (int i = 1; i <= 4; ++i) {
    stripe->emit("checkout.session.completed", "checkout.session", begun.session_id, "");
    EXPECT_EQ(send(stripe->event_log.back()), 200) << "it is in the inbox";
    for (int wait = 0; wait < 12'000 && thrown < i; ++wait) std::this_thread::sleep_for(5ms);
    ASSERT_EQ(thrown, i) << "as many workers as before";
  }
  EXPECT_EQ(warnings(), 1) << "said once";
  broken = false;
  stripe->pay(begun.session_id);
  EXPECT_EQ(send(stripe->event_log.back()), 200);
  bool completed = false;
  for (int wait = 0; wait < 12'000 && !completed; ++wait) {
    std::this_thread::sleep_for(5ms);
    completed = billing->subscription_status("oidc|ada").value().plan == "premium";
  }
  EXPECT_TRUE(completed);
}

}  // namespace
}  // namespace leanmcp
