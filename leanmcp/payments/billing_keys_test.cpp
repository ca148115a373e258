// Keys of the app's that are the same for different people or things, and use that is told to Stripe again.

#include <leanmcp/payments/money_fixture_test.hpp>

#include <set>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using detail::FakeStripe;
using Fault = FakeStripe::Fault;
using Kind = BillingAnomaly::Kind;
using ReservationState = CreditReservation::State;

class KeysTest : public detail::MoneyTest {
 protected:
  void SetUp() override {
    BillingPlan minutes;
    minutes.key = "sixty";
    minutes.price_id = "price_60";
    minutes.kind = PlanKind::credits;
    minutes.credits = 60;
    BillingProduct sound;
    sound.key = "sound";
    sound.plans = {minutes};
    options.products.push_back(sound);
    detail::MoneyTest::SetUp();
  }
  CreditReservation reserve(const std::string& user, const std::string& key, const std::string& product = "images") {
    return billing->reserve_credits("oidc|" + user, product, 1, key).value();
  }
  std::int64_t balance(const std::string& user, const std::string& product = "images") {
    return billing->credit_balance("oidc|" + user, product).value();
  }
  void give(const std::string& user, std::int64_t amount, const std::string& product = "images") {
    ASSERT_TRUE(*billing->grant_credits("oidc|" + user, product, amount, "gift"));
  }
};

TEST_P(KeysTest, AnotherPersonsOperationIsAnotherOne) {
  give("ada", 5);
  give("bob", 5);
  const CreditReservation first = reserve("ada", "job-1");
  ASSERT_TRUE(billing->release_credits(first.id));
  const CreditReservation bobs = reserve("bob", "job-1");
  ASSERT_EQ(bobs.state, ReservationState::reserved);
  EXPECT_EQ(bobs.balance, 4);
  EXPECT_EQ(balance("ada"), 5) << "Bob's work is not Ada's to pay";
  ASSERT_TRUE(*billing->commit_credits(bobs.id));
  EXPECT_EQ(reserve("ada", "job-1").state, ReservationState::reserved) << "nor is it Ada's that was finished";
  EXPECT_EQ(reserve("eve", "job-1").state, ReservationState::insufficient) << "nobody's payment is another one's";
}

TEST_P(KeysTest, OneOperationMaySpendCreditsOfTwoProducts) {
  give("ada", 5);
  give("ada", 7, "sound");
  EXPECT_EQ(reserve("ada", "call-1").state, ReservationState::reserved);
  EXPECT_EQ(reserve("ada", "call-1", "sound").state, ReservationState::reserved);
  EXPECT_EQ(balance("ada"), 4);
  EXPECT_EQ(balance("ada", "sound"), 6);
  EXPECT_EQ(reserve("ada", "call-1").state, ReservationState::in_progress);
}

TEST_P(KeysTest, OneOperationMayCountOnTwoMeters) {
  subscribe();
  ASSERT_TRUE(billing->meter("oidc|ada", "calls", 3, "call-1"));
  ASSERT_TRUE(billing->meter("oidc|ada", "premium calls", 4, "call-1"));
  ASSERT_TRUE(billing->meter("oidc|ada", "calls", 3, "call-1"));
  std::multiset<std::string> values;
  for (const auto& [identifier, event] : stripe->meter_events) {
    values.insert(event.at("payload[value]"));
    EXPECT_LE(identifier.size(), 100u) << "as Stripe allows";
  }
  EXPECT_EQ(values, (std::multiset<std::string>{"3", "4"}));
  stripe->pay(checkout(request("bob")).session_id);
  deliver_all();
  ASSERT_TRUE(billing->meter("oidc|bob", "calls", 5, "call-1"));
  EXPECT_EQ(stripe->meter_events.size(), 3u);
}

TEST_P(KeysTest, AWelcomeIsForEverybodyOnce) {
  EXPECT_TRUE(*billing->grant_credits("oidc|ada", "images", 5, "welcome"));
  EXPECT_TRUE(*billing->grant_credits("oidc|bob", "images", 5, "welcome"));
  EXPECT_TRUE(*billing->grant_credits("oidc|ada", "sound", 5, "welcome"));
  EXPECT_FALSE(*billing->grant_credits("oidc|bob", "images", 5, "welcome"));
  EXPECT_EQ(balance("bob"), 5);
  // Where one part ends and the next begins is not to be confused.
  EXPECT_TRUE(*billing->grant_credits("oidc|bob", "images", 1, "x:6:images1:y"));
  EXPECT_TRUE(*billing->grant_credits("oidc|bob:6:images1:x", "images", 1, "y"));
}

TEST_P(KeysTest, AFailureThatStripeKeepsIsNotTheEndOfTheUse) {
  subscribe();
  fail("meter", Fault::kept);
  ASSERT_TRUE(billing->meter("oidc|ada", "calls", 1, "call-1"));
  heal();
  EXPECT_TRUE(stripe->meter_events.empty());
  clock->advance(1min);
  ASSERT_TRUE(billing->sweep());
  EXPECT_EQ(stripe->meter_events.size(), 1u) << "under the same key Stripe would give its failure for a day";
  clock->advance(24h);
  ASSERT_TRUE(billing->sweep());
  EXPECT_EQ(stripe->calls.at("meter"), 2);
  EXPECT_EQ(seen(Kind::stuck_meter), 0u);
}

TEST_P(KeysTest, UseWhoseAnswerWasLostIsCountedOnceAndNotStuck) {
  subscribe();
  fail("meter", Fault::after);
  ASSERT_TRUE(billing->meter("oidc|ada", "calls", 1, "call-1"));
  heal();
  clock->advance(1min);
  const auto swept = billing->sweep();
  ASSERT_TRUE(swept);
  EXPECT_EQ(swept->meters_sent, 1);
  EXPECT_EQ(swept->meters_waiting, 0);
  clock->advance(24h);
  ASSERT_TRUE(billing->sweep());
  EXPECT_EQ(stripe->meter_events.size(), 1u);
  EXPECT_EQ(seen(Kind::stuck_meter), 0u);
}

TEST_P(KeysTest, AllUseOfAnOutageIsToldAfterIt) {
  subscribe();
  fail("meter", Fault::unreached);
  for (int i = 0; i < 250; ++i) ASSERT_TRUE(billing->meter("oidc|ada", "calls", 1, "call-" + std::to_string(i)));
  auto swept = billing->sweep();
  ASSERT_TRUE(swept);
  EXPECT_EQ(swept->meters_sent, 0);
  EXPECT_EQ(swept->meters_waiting, 250);
  const int tried = stripe->calls.at("meter");
  clock->advance(25h);  // longer than Stripe knows identifiers, but it never heard of these
  ASSERT_TRUE(billing->sweep());
  EXPECT_LE(stripe->calls.at("meter"), tried + 100) << "no more than a look while it lasts";
  heal();
  clock->advance(2h);
  swept = billing->sweep();
  ASSERT_TRUE(swept);
  EXPECT_EQ(swept->meters_sent, 250);
  EXPECT_EQ(swept->meters_waiting, 0);
  EXPECT_EQ(stripe->meter_events.size(), 250u);
  EXPECT_EQ(seen(Kind::stuck_meter), 0u);
}

TEST_P(KeysTest, WhatWasSpentLongAgoIsOneSum) {
  give("ada", 50);
  give("bob", 9);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(*billing->commit_credits(reserve("ada", "op-" + std::to_string(i)).id));
  ASSERT_TRUE(*billing->commit_credits(reserve("bob", "op").id));
  ASSERT_TRUE(billing->release_credits(reserve("ada", "failed").id));
  ASSERT_TRUE(billing->sweep());
  EXPECT_EQ(reserve("ada", "op-1").state, ReservationState::finished);
  clock->advance(26h);
  const auto rows = [&] { return Database::open(url()).value().run("SELECT amount FROM billing_credits")->size(); };
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(billing->sweep());
    EXPECT_EQ(rows(), 2u);
    EXPECT_EQ(balance("ada"), 42 - round);
    EXPECT_EQ(balance("bob"), 8);
    ASSERT_TRUE(*billing->commit_credits(reserve("ada", "later").id));
    clock->advance(26h);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, KeysTest, testing::Values(DatabaseEngine::sqlite, DatabaseEngine::postgresql),
                         detail::engine_name);

}  // namespace
}  // namespace leanmcp
