#include <leanmcp/payments/gate_fixture_test.hpp>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using detail::Shop;
using detail::trusted;

class Gate : public testing::TestWithParam<Version> {};
/// The revisions whose clients may be able to open URLs.
class UrlGate : public Gate {};
INSTANTIATE_TEST_SUITE_P(Versions, UrlGate, testing::Values(Version::v2025_11_25, Version::v2026_07_28));
INSTANTIATE_TEST_SUITE_P(Versions, Gate,
                         testing::Values(Version::v2025_06_18, Version::v2025_11_25, Version::v2026_07_28));

TEST_P(UrlGate, TheSameCallCompletesOncePaid) {
  Shop shop(GetParam());
  shop.on_ask = [&] { shop.pay(); };
  const json::object result = shop.call("feature");
  EXPECT_EQ(Shop::text(result), "premium data");
  EXPECT_EQ(shop.feature_runs, 1);
  ASSERT_EQ(shop.asked.size(), 1u);
  EXPECT_NE(shop.asked[0].find("https://app.example/billing/go/"), std::string::npos) << shop.asked[0];
  EXPECT_EQ(shop.asked[0].find("checkout.example"), std::string::npos) << "never Stripe's own link";
  EXPECT_EQ(Shop::text(shop.call("feature")), "premium data");
  EXPECT_EQ(shop.asked.size(), 1u);
  EXPECT_EQ(shop.stripe->sessions.size(), 1u);
}

TEST_P(UrlGate, ASlowPayerWithinTheRounds) {
  Shop shop(GetParam());
  // Two minutes of the server's time: in the seventh round.
  shop.stripe->on_call = [&, begun = std::optional<TimePoint>()](const std::string& call) mutable {
    if (call != "get_session") return;
    if (!begun) begun = shop.clock->now();
    if (shop.clock->now() - *begun > 120s) shop.pay();
  };
  EXPECT_EQ(Shop::text(shop.call("feature")), "premium data");
  EXPECT_EQ(shop.asked.size(), 1u);
}

TEST_P(UrlGate, BeyondTheRoundsItIsPendingAndTheNextCallSeesItPaid) {
  Shop shop(GetParam(), WaitOptions().round(1s).rounds(3));
  const json::object refused = Shop::refusal(shop.call("feature"));
  EXPECT_EQ(refused.at("status"), "pending");
  EXPECT_EQ(refused.at("upgradeAvailable"), true);
  EXPECT_EQ(shop.feature_runs, 0);
  shop.pay();
  shop.clock->advance(10s);
  EXPECT_EQ(Shop::text(shop.call("feature")), "premium data");
  EXPECT_EQ(shop.asked.size(), 1u);
}

TEST_P(Gate, DeclinedOrNotAskedGetsTheStructuredAnswer) {
  Shop shop(GetParam());
  for (const char* const action : {R"({"action":"decline"})", R"({"action":"cancel"})"}) {
    shop.answer = action;
    const json::object refused = Shop::refusal(shop.call("feature"));
    EXPECT_EQ(refused.at("error"), "Premium subscription required");
    EXPECT_EQ(refused.at("upgradeAvailable"), true);
    EXPECT_EQ(refused.at("status"), "payment_required");
    EXPECT_EQ(refused.at("retryTool"), "feature");
    EXPECT_EQ(refused.at("upgradeTool"), "upgrade");
    EXPECT_TRUE(refused.at("paymentUrl").as_string().starts_with("https://app.example/billing/go/"));
    EXPECT_TRUE(refused.contains("expiresAt"));
  }
  EXPECT_EQ(shop.asked.size(), GetParam() == Version::v2025_06_18 ? 0u : 2u);
  EXPECT_EQ(shop.stripe->sessions.size(), 1u) << "one open checkout, whatever is answered";
  EXPECT_EQ(shop.feature_runs, 0);
}

TEST_P(Gate, WhoCannotBeAskedGetsTheStructuredAnswer) {
  for (const char* const capabilities : {"{}", R"({"elicitation":{"form":{}}})"}) {
    Shop shop(GetParam());
    shop.client->capabilities(capabilities);
    const json::object refused = Shop::refusal(shop.call("feature"));
    EXPECT_EQ(refused.at("status"), "payment_required");
    EXPECT_TRUE(refused.contains("paymentUrl"));
    EXPECT_TRUE(shop.asked.empty());
  }
}

TEST_P(Gate, CreditsAreSpentOnSuccessOnly) {
  Shop shop(GetParam());
  shop.client->capabilities("{}");
  EXPECT_EQ(Shop::refusal(shop.call("draw")).at("error"), "Images credits required");
  ASSERT_TRUE(shop.billing->grant_credits(test_principal("ada").key(), "images", 7, "welcome"));
  EXPECT_EQ(Shop::text(shop.call("draw")), "a picture");
  EXPECT_EQ(shop.balance(), 4);
  shop.fails = true;
  shop.call("draw");
  shop.fails = false;
  EXPECT_EQ(shop.balance(), 4);
  EXPECT_EQ(Shop::text(shop.call("draw")), "a picture");
  EXPECT_EQ(shop.balance(), 1);
  const int before = shop.drawn;
  EXPECT_EQ(Shop::refusal(shop.call("draw")).at("error"), "Images credits required");
  EXPECT_EQ(shop.drawn, before);
}

TEST_P(UrlGate, CreditsAreBoughtInTheMiddleOfTheCall) {
  Shop shop(GetParam());
  shop.on_ask = [&] {
    shop.pay();
    shop.deliver();
  };
  EXPECT_EQ(Shop::text(shop.call("draw")), "a picture");
  EXPECT_EQ(shop.balance(), 7);
}

TEST_P(Gate, ACallOfSeveralRoundsPaysOnce) {
  Shop shop(GetParam());
  ASSERT_TRUE(shop.billing->grant_credits(test_principal("ada").key(), "images", 5, "welcome"));
  shop.answer = R"({"action":"accept","content":{"yes":true}})";
  EXPECT_EQ(Shop::text(shop.call("ask_and_draw")), "drawn");
  EXPECT_EQ(shop.asked.size(), 1u);
  EXPECT_EQ(shop.balance(), 4);
}

TEST(Gate, AReplayedLastRoundIsNotServedAgain) {
  Shop shop(Version::v2026_07_28);
  ASSERT_TRUE(shop.billing->grant_credits(test_principal("ada").key(), "images", 5, "welcome"));
  const auto first = shop.client->request_once("tools/call", R"({"name":"ask_and_draw","arguments":{}})");
  json::object again = json::parse(R"({"name":"ask_and_draw","arguments":{},
      "inputResponses":{"sure":{"action":"accept","content":{"yes":true}}}})")
                           .as_object();
  again["requestState"] = json::parse(first.result).at("requestState");
  const std::string params = json::serialize(again);
  EXPECT_NE(shop.client->request_once("tools/call", params).result.find("drawn"), std::string::npos);
  const auto replayed = shop.client->request_once("tools/call", params);
  EXPECT_NE(replayed.result.find("ALREADY_COMPLETED"), std::string::npos) << replayed.result << replayed.error;
  EXPECT_EQ(shop.balance(), 4);
}

TEST_P(Gate, UseIsCountedAfterSuccessOnly) {
  Shop shop(GetParam());
  EXPECT_TRUE(shop.call("count").contains("isError"));
  shop.client->capabilities("{}");
  shop.call("feature");  // makes the customer, and no subscriber
  EXPECT_EQ(Shop::refusal(shop.call("count")).at("error"), "There is no subscription to bill this to");
  shop.subscribe();
  shop.fails = true;
  shop.call("count");
  EXPECT_TRUE(shop.stripe->meter_events.empty());
  shop.fails = false;
  EXPECT_EQ(Shop::text(shop.call("count")), "counted");
  ASSERT_EQ(shop.stripe->meter_events.size(), 1u);
  EXPECT_EQ(shop.stripe->meter_events.begin()->second.at("payload[value]"), "2");
}

TEST(Gate, PricesStandInTheListing) {
  Shop shop(Version::v2026_07_28);
  const std::string tools = shop.client->request("tools/list", "{}").result;
  EXPECT_NE(tools.find("The feature. Needs premium: $9.99 a month or $99.00 a year."), std::string::npos) << tools;
  EXPECT_NE(tools.find("$5.00 for 10 credits"), std::string::npos);
  EXPECT_NE(tools.find("com.leanmcp/price"), std::string::npos);
}

TEST(Gate, PricesThatStripeDoesNotTellAtStartComeLater) {
  Shop shop(Version::v2026_07_28, WaitOptions(), ServerOptions(), [](Shop& one) {
    one.stripe->fault = [](const std::string& call) {
      return call == "price" ? detail::FakeStripe::Fault::before : detail::FakeStripe::Fault::none;
    };
  });
  const auto listed = [&] { return shop.client->request("tools/list", "{}").result; };
  EXPECT_EQ(listed().find("Needs premium"), std::string::npos);
  EXPECT_EQ(shop.stripe->calls.at("price"), 1) << "who does not answer is not asked for each tool";
  EXPECT_EQ(shop.billing->sweep()->prices_waiting, 1);
  EXPECT_EQ(listed().find("Needs premium"), std::string::npos);
  shop.stripe->fault = [](const std::string&) { return detail::FakeStripe::Fault::none; };
  shop.clock->advance(31s);
  EXPECT_EQ(shop.billing->sweep()->prices_waiting, 0);
  EXPECT_NE(listed().find("The feature. Needs premium: $9.99 a month or $99.00 a year."), std::string::npos);
  const int read = shop.stripe->calls.at("price");
  ASSERT_TRUE(shop.billing->sweep());
  EXPECT_EQ(shop.stripe->calls.at("price"), read) << "all is known";
}

TEST(Gate, PricesThatAreMissedDuringASweepAreReadByIt) {
  const auto clock = std::make_shared<ManualClock>();
  const auto stripe = std::make_shared<detail::FakeStripe>(*clock);
  const auto billing =
      Billing::create(Database::open("sqlite::memory:").value(), stripe, clock, detail::test_options()).value();
  std::atomic<bool> silent{true};
  stripe->fault = [&](const std::string& call) {
    return silent && call == "price" ? detail::FakeStripe::Fault::before : detail::FakeStripe::Fault::none;
  };
  stripe->price_objects = {{"price_m", detail::price("price_m", 999, "month")},
                           {"price_y", detail::price("price_y", 9900, "year")}};
  Server server("late", "1");
  server.tool(
      "feature", [] { return "data"; }, priced(billing, "premium"));
  stripe->on_call = [&](const std::string& call) {
    if (call != "events" || !silent) return;
    // The sweep has begun, and Stripe takes its time.
    EXPECT_TRUE(server.build());
    silent = false;
    clock->advance(31s);
  };
  ASSERT_TRUE(billing->sweep());
  EXPECT_EQ(stripe->calls.at("price"), 4) << "once in vain, then each of the three";
  EXPECT_NE(connect_in_memory(server).request("tools/list", "{}").result.find("$9.99 a month"), std::string::npos);
}

TEST(Gate, WhoWaitsForPricesMayBeGoneWhenTheyCome) {
  const auto clock = std::make_shared<ManualClock>();
  const auto stripe = std::make_shared<detail::FakeStripe>(*clock);
  const auto billing =
      Billing::create(Database::open("sqlite::memory:").value(), stripe, clock, detail::test_options()).value();
  stripe->fault = [](const std::string&) { return detail::FakeStripe::Fault::before; };
  {
    Server server("short", "1");
    server.tool(
        "feature", [] { return "data"; }, priced(billing, "premium"));
    ASSERT_TRUE(server.build());
  }
  stripe->fault = [](const std::string&) { return detail::FakeStripe::Fault::none; };
  stripe->price_objects = {{"price_m", detail::price("price_m", 999, "month")}};
  clock->advance(31s);
  EXPECT_EQ(billing->sweep()->prices_waiting, 0);
}

/// An app's own tables decide: the same database, the same permissions.
class AppsOwn final : public Entitlements {
 public:
  Result<Entitlement> check(std::string_view principal_key, std::string_view product) override {
    if (down) return Error("down");
    Entitlement out;
    out.allowed = principal_key == test_principal("ada").key() && product == "premium";
    return out;
  }
  bool down = false;
};

TEST(Gate, AsksTheAppsOwnEntitlements) {
  const auto own = std::make_shared<AppsOwn>();
  Server server("own", "1");
  server.tool(
      "feature", [] { return "data"; }, trusted(), requires_plan(own, "premium"));
  MemoryClient client = connect_in_memory(server);
  client.as_user(test_user("ada", "ada@example.com"));
  EXPECT_EQ(client.call_text("feature"), "data");
  client.as_user(test_user("grace", "grace@example.com"));
  EXPECT_EQ(client.call_text("feature"), R"({"error":"Premium subscription required","upgradeAvailable":true})");
  own->down = true;
  EXPECT_NE(client.call_text("feature").find(R"("action":"retry")"), std::string::npos);
}

TEST(Gate, RefusesWhatCannotWork) {
  Shop shop(Version::v2026_07_28);
  const auto fault = [&](Decorator first, Decorator second) {
    Server server("x", "1");
    server.tool(
        "t", [] { return "x"; }, std::move(first), std::move(second));
    const auto built = server.build();
    return built ? std::string() : built.error().message();
  };
  EXPECT_NE(fault(description("x"), requires_plan(shop.billing, "premium")).find("authenticated"), std::string::npos);
  EXPECT_NE(fault(trusted(), requires_credit(shop.billing, "premium")).find("sells credits"), std::string::npos);
  EXPECT_NE(fault(trusted(), metered(shop.billing, "nothing")).find("no meter"), std::string::npos);
}

}  // namespace
}  // namespace leanmcp
