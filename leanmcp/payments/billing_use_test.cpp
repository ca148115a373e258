// Use that is counted, and instances that share one database.

#include <leanmcp/payments/money_fixture_test.hpp>
#include <leanmcp/payments/sweeper.hpp>

#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using detail::FakeStripe;
using Fault = FakeStripe::Fault;
using Kind = BillingAnomaly::Kind;

class UseTest : public detail::MoneyTest {};

TEST_P(UseTest, UseIsBilledOnlyToSubscribers) {
  EXPECT_FALSE(*billing->bills_use("oidc|ada", "calls"));
  checkout();  // a customer now, who has paid nothing
  EXPECT_TRUE(*billing->has_account("oidc|ada"));
  EXPECT_FALSE(*billing->bills_use("oidc|ada", "calls"));
  stripe->pay(checkout(pack()).session_id);
  deliver_all();
  EXPECT_FALSE(*billing->bills_use("oidc|ada", "calls")) << "credits bill nothing at the end of the month";
  const std::string subscription = subscribe();
  EXPECT_TRUE(*billing->bills_use("oidc|ada", "calls"));
  EXPECT_TRUE(*billing->bills_use("oidc|ada", "premium calls"));
  stripe->set_status(subscription, "canceled");
  deliver_all();
  EXPECT_FALSE(*billing->bills_use("oidc|ada", "premium calls"));
  EXPECT_FALSE(billing->bills_use("oidc|ada", "no meter"));
}

TEST_P(UseTest, OnePieceOfWorkIsHeldByOneAndCountedOnce) {
  using Use = UseReservation::State;
  subscribe();
  std::string held;
  const auto reserve = [&] {
    const auto use = billing->reserve_use("oidc|ada", "calls", 2, "work-1");
    if (use->state == Use::held) held = use->id;
    return use->state;
  };
  EXPECT_EQ(reserve(), Use::held);
  EXPECT_EQ(reserve(), Use::in_progress);
  ASSERT_TRUE(billing->release_use(held));
  EXPECT_EQ(reserve(), Use::held);
  restart();
  EXPECT_EQ(reserve(), Use::in_progress);
  ASSERT_TRUE(billing->sweep());
  EXPECT_TRUE(stripe->meter_events.empty()) << "what is held is not counted";
  clock->advance(1801s);
  EXPECT_EQ(reserve(), Use::held) << "the one who held it is gone";
  ASSERT_TRUE(billing->commit_use(held));
  ASSERT_EQ(stripe->meter_events.size(), 1u);
  EXPECT_EQ(stripe->meter_events.begin()->second.at("payload[value]"), "2");
  EXPECT_EQ(reserve(), Use::finished);
  ASSERT_TRUE(billing->commit_use(held));
  EXPECT_EQ(stripe->calls.at("meter"), 1);
  EXPECT_EQ(seen(Kind::unpaid_work), 0u);
  ASSERT_TRUE(billing->commit_use("work-2"));  // held by nobody
  EXPECT_EQ(seen(Kind::unpaid_work), 1u);
}

TEST_P(UseTest, AHoldThatRanOutTakesNoOtherAway) {
  using Use = UseReservation::State;
  subscribe();
  const auto reserve = [&] { return billing->reserve_use("oidc|ada", "calls", 2, "work-1").value(); };
  const UseReservation first = reserve();
  clock->advance(1801s);
  const UseReservation second = reserve();
  ASSERT_EQ(second.state, Use::held);
  ASSERT_TRUE(billing->release_use(first.id));
  EXPECT_EQ(reserve().state, Use::in_progress);
  ASSERT_TRUE(billing->commit_use(second.id));
  EXPECT_EQ(seen(Kind::unpaid_work), 0u);
  EXPECT_EQ(stripe->meter_events.size(), 1u);
}

TEST_P(UseTest, WorkThatIsDoneCountsWhoeverHoldsItByThen) {
  subscribe();
  const auto reserve = [&] { return billing->reserve_use("oidc|ada", "calls", 2, "work-1").value(); };
  const UseReservation first = reserve();
  clock->advance(1801s);
  const UseReservation second = reserve();
  ASSERT_TRUE(billing->commit_use(first.id));
  ASSERT_TRUE(billing->release_use(second.id));
  EXPECT_EQ(reserve().state, UseReservation::State::finished);
  EXPECT_EQ(stripe->meter_events.size(), 1u);
  EXPECT_EQ(seen(Kind::unpaid_work), 0u);
}

TEST_P(UseTest, UseOfACallThatNeverBeganIsFreeWithTheNextLook) {
  subscribe();
  const auto reserve = [&] { return billing->reserve_use("oidc|ada", "calls", 2, "work-1").value(); };
  billing->release_use_later(reserve().id);
  EXPECT_EQ(reserve().state, UseReservation::State::held);
}

TEST_P(UseTest, UseThatMayHaveBeenTakenIsNotToldAgainAfterADay) {
  subscribe();
  fail("meter", Fault::after);
  ASSERT_TRUE(billing->meter("oidc|ada", "calls", 1, "call-1"));
  EXPECT_EQ(stripe->calls.at("meter"), 1);
  clock->advance(22h);
  ASSERT_TRUE(billing->sweep());
  EXPECT_EQ(stripe->calls.at("meter"), 2) << "Stripe knows the identifier still";
  clock->advance(2h);
  heal();
  ASSERT_TRUE(billing->sweep());
  EXPECT_EQ(stripe->calls.at("meter"), 2);
  EXPECT_EQ(seen(Kind::stuck_meter), 1u);

  fail("meter", Fault::declined);  // refused: surely not taken
  ASSERT_TRUE(billing->meter("oidc|ada", "calls", 1, "call-2"));
  clock->advance(5 * 24h);
  heal();
  ASSERT_TRUE(billing->sweep());
  EXPECT_EQ(stripe->meter_events.size(), 2u);
}

TEST_P(UseTest, MeteredPricesHaveNoQuantity) {
  BillingPlan flat;
  flat.key = "flat";
  flat.price_id = "price_flat";
  flat.usage_price_id = "price_use";
  BillingPlan pure;
  pure.key = "pure";
  pure.usage_price_id = "price_use_only";
  BillingProduct api;
  api.key = "api";
  api.plans = {flat, pure};
  options.products.push_back(api);
  restart();
  const auto wants = [&](const std::string& user, const std::string& plan) {
    CheckoutRequest out = request(user, plan);
    out.product = "api";
    return out;
  };
  const auto params = stripe->session_params.at(checkout(wants("ada", "flat")).session_id);
  EXPECT_EQ(params.at("line_items[0][price]"), "price_flat");
  EXPECT_EQ(params.at("line_items[0][quantity]"), "1");
  EXPECT_EQ(params.at("line_items[1][price]"), "price_use");
  EXPECT_FALSE(params.count("line_items[1][quantity]"));
  const Checkout pure_one = checkout(wants("grace", "pure"));
  const auto pure_params = stripe->session_params.at(pure_one.session_id);
  EXPECT_EQ(pure_params.at("line_items[0][price]"), "price_use_only");
  EXPECT_FALSE(pure_params.count("line_items[0][quantity]"));
  stripe->pay(pure_one.session_id);
  deliver_all();
  EXPECT_TRUE(allowed("grace", "api"));
  EXPECT_EQ(billing->check("oidc|grace", "api")->plan, "pure");
  StripePrice use;
  use.id = "price_use";
  use.currency = "usd";
  use.unit_amount = 2;
  use.interval = "month";
  use.interval_count = 1;
  StripePrice flat_price = use;
  flat_price.id = "price_flat";
  flat_price.unit_amount = 999;
  StripePrice only = use;
  only.id = "price_use_only";
  stripe->price_objects = {{"price_use", use}, {"price_flat", flat_price}, {"price_use_only", only}};
  const auto prices = billing->prices("api");
  ASSERT_TRUE(prices);
  ASSERT_EQ(prices->size(), 2u);
  EXPECT_EQ((*prices)[0].text(), "$9.99 a month and $0.02 a use");
  EXPECT_EQ((*prices)[1].text(), "$0.02 a use");
}

TEST_P(UseTest, CreditsOfACallThatNeverBeganComeBackWithTheNextLook) {
  ASSERT_TRUE(*billing->grant_credits("oidc|ada", "images", 1, "welcome"));
  const auto held = billing->reserve_credits("oidc|ada", "images", 1, "op-1");
  ASSERT_TRUE(held);
  EXPECT_EQ(*billing->credit_balance("oidc|ada", "images"), 0);
  billing->release_credits_later(held->id);
  EXPECT_EQ(*billing->credit_balance("oidc|ada", "images"), 1);
  EXPECT_FALSE(*billing->commit_credits(held->id));
}

TEST_P(UseTest, TheSweeperBeginsAtOnce) {
  const Checkout begun = checkout();
  stripe->pay(begun.session_id);
  clock->advance(1min);
  const BillingSweeper sweeper(billing, 1h, Logger());
  bool seen = false;
  for (int i = 0; i < 4'000 && !seen; ++i) {
    std::this_thread::sleep_for(5ms);
    seen = flow(begun.flow_id).state == CheckoutFlow::State::completed;  // which asks nobody
  }
  EXPECT_TRUE(seen) << "no webhook came, and nobody waits an hour after a restart";
}

TEST_P(UseTest, WithoutTheDatabaseNothingIsTakenAndNothingGivenAway) {
  const Checkout begun = checkout();
  stripe->pay(begun.session_id);
  const StripeEvent event = stripe->event_log.back();
  const auto database = Database::open(url());
  ASSERT_TRUE(database);
  ASSERT_TRUE(database->run("ALTER TABLE billing_events RENAME TO hidden_events"));
  ASSERT_TRUE(database->run("ALTER TABLE billing_accounts RENAME TO hidden_accounts"));
  const auto refused =
      billing->handle_webhook(event.payload, sign_webhook(event.payload, Secret("whsec_test"), clock->now()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 503) << "Stripe sends it again";
  const auto unknown = billing->check("oidc|ada", "premium");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().data().find("\"retryable\":true"), std::string::npos);
  EXPECT_EQ(unknown.error().message().find("hidden"), std::string::npos);
  EXPECT_FALSE(billing->begin_checkout(request()));
  EXPECT_FALSE(billing->sweep());
  ASSERT_TRUE(database->run("ALTER TABLE hidden_events RENAME TO billing_events"));
  ASSERT_TRUE(database->run("ALTER TABLE hidden_accounts RENAME TO billing_accounts"));
  EXPECT_EQ(deliver(event), WebhookReceipt::Outcome::applied);
  EXPECT_TRUE(allowed());
}

TEST_P(UseTest, ThePageOfTheResultFindsItsCheckout) {
  const Checkout begun = checkout();
  const auto state = [&](const std::string& session) { return billing->refresh_session(session); };
  EXPECT_EQ((*state(begun.session_id))->state, CheckoutFlow::State::open);
  stripe->pay(begun.session_id);
  clock->advance(3s);
  EXPECT_EQ((*state(begun.session_id))->state, CheckoutFlow::State::completed) << "asked, since no webhook came";
  EXPECT_FALSE(*state("cs_unknown"));
  EXPECT_FALSE(*state(""));
}

/// Two instances over one database, as behind a load balancer: neither knows what the other has in memory.
TEST_P(UseTest, TwoInstancesSellOnceAndSpendOnce) {
  const std::shared_ptr<Billing> first = billing;
  restart();
  const std::shared_ptr<Billing> second = billing;
  const std::array<std::shared_ptr<Billing>, 2> instances{first, second};
  stripe->on_call = [](const std::string&) { std::this_thread::sleep_for(1ms); };
  std::atomic<int> unclear{0};
  std::mutex mutex;
  std::set<std::string> urls;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      const auto begun = instances[i % 2]->begin_checkout(request("ada", i % 4 < 2 ? "monthly" : "yearly"));
      const std::lock_guard lock(mutex);
      if (begun)
        urls.insert(begun->url);
      else
        ++unclear;
    });
  for (auto& thread : threads) thread.join();
  threads.clear();
  EXPECT_FALSE(urls.empty());
  EXPECT_EQ(stripe->customers.size(), 1u);
  ASSERT_EQ(stripe->open_sessions(), 1) << "whatever they change at once, one can be paid";
  for (const auto& [id, session] : stripe->sessions)
    if (session.status == "open") stripe->pay(id);
  const std::vector<StripeEvent> events(stripe->event_log);
  for (std::size_t i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (const StripeEvent& event : events) {
        const auto taken = instances[i % 2]->handle_webhook(
            event.payload, sign_webhook(event.payload, Secret("whsec_test"), clock->now()));
        if (!taken) ++unclear;
      }
      if (!instances[i % 2]->sweep()) ++unclear;
    });
  for (auto& thread : threads) thread.join();
  threads.clear();
  for (const auto& instance : instances) EXPECT_TRUE(instance->check("oidc|ada", "premium")->allowed);
  EXPECT_EQ(stripe->subscription_objects.size(), 1u);

  ASSERT_TRUE(*first->grant_credits("oidc|ada", "images", 7, "gift"));
  std::atomic<int> spent{0};
  for (std::size_t i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 6; ++k) {
        // The same operation comes to both instances.
        const std::string operation = "op-" + std::to_string(i / 2) + "-" + std::to_string(k);
        const auto held = instances[i % 2]->reserve_credits("oidc|ada", "images", 1, operation);
        if (!held || held->state != CreditReservation::State::reserved) continue;
        const auto committed = instances[(i + 1) % 2]->commit_credits(held->id);
        if (committed && *committed) ++spent;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(spent, 7);
  EXPECT_EQ(*second->credit_balance("oidc|ada", "images"), 0);
}

INSTANTIATE_TEST_SUITE_P(Engines, UseTest, testing::Values(DatabaseEngine::sqlite, DatabaseEngine::postgresql),
                         detail::engine_name);

}  // namespace
}  // namespace leanmcp
