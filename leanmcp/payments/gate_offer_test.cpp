// What gates offer to those who have not paid, and that nobody is asked for what they have paid already.

#include <leanmcp/payments/gate_fixture_test.hpp>

namespace leanmcp {
namespace {

using detail::Shop;
using detail::trusted;

class Offer : public testing::TestWithParam<Version> {};
/// The revisions whose clients may be able to open URLs.
class UrlOffer : public Offer {};
INSTANTIATE_TEST_SUITE_P(Versions, Offer,
                         testing::Values(Version::v2025_06_18, Version::v2025_11_25, Version::v2026_07_28));
INSTANTIATE_TEST_SUITE_P(Versions, UrlOffer, testing::Values(Version::v2025_11_25, Version::v2026_07_28));

TEST_P(UrlOffer, CreditsPaidWhileNoWebhookComesAreSeenByTheSameCall) {
  Shop shop(GetParam());
  shop.on_ask = [&] { shop.pay(); };
  EXPECT_EQ(Shop::text(shop.call("draw")), "a picture");
  EXPECT_EQ(shop.asked.size(), 1u) << "nobody pays twice because Stripe's word was lost";
  EXPECT_EQ(shop.stripe->sessions.size(), 1u);
  EXPECT_EQ(shop.balance(), 7);
}

TEST_P(UrlOffer, CreditsThatDoNotSufficeHideNoPayment) {
  Shop shop(GetParam());
  ASSERT_TRUE(*shop.billing->grant_credits(shop.ada(), "images", 2, "welcome"));
  shop.on_ask = [&] { shop.pay(); };
  EXPECT_EQ(Shop::text(shop.call("draw")), "a picture");
  EXPECT_EQ(shop.asked.size(), 1u);
  EXPECT_EQ(shop.stripe->sessions.size(), 1u);
  EXPECT_EQ(shop.balance(), 9);
}

TEST_P(Offer, CreditsThatArriveWhileTheLinkIsMadeAreUsed) {
  Shop shop(GetParam(), WaitOptions(), ServerOptions(), [](Shop& one) {
    const auto offer = [&one](const Principal& who) -> Result<PaymentOffer> {
      // As a webhook that is applied at this moment.
      EXPECT_TRUE(*one.billing->grant_credits(who.key(), "images", 1, "bought just now"));
      PaymentOffer out;
      out.url = "https://app.example/pay";
      return out;
    };
    one.server.tool(
        "race", [] { return std::string("done"); }, trusted(),
        requires_credit(one.billing, "images", 1, GateOptions().offer(offer)));
  });
  EXPECT_EQ(Shop::text(shop.call("race")), "done");
  EXPECT_TRUE(shop.asked.empty());
  EXPECT_EQ(shop.balance(), 0);
}

TEST_P(Offer, ALinkThatWasJustMadeIsNotAskedAfter) {
  Shop shop(GetParam());
  shop.client->capabilities("{}");
  for (const char* const tool : {"draw", "feature"}) {
    EXPECT_EQ(Shop::refusal(shop.call(tool)).at("status"), "payment_required");
    EXPECT_EQ(shop.stripe->calls.count("get_session"), 0u) << tool;
    // Nor does that keep the next call from asking.
    shop.pay();
    EXPECT_FALSE(shop.call(tool).contains("isError")) << tool;
    shop.stripe->calls.erase("get_session");
  }
}

TEST_P(Offer, WhoBoughtElsewhereIsNotAskedToPay) {
  Shop shop(GetParam());
  CheckoutRequest request;
  request.principal_key = shop.ada();
  request.user_id = "ada";
  request.product = "premium";
  request.plan = "monthly";
  shop.stripe->expire_now(shop.billing->begin_checkout(request).value().session_id);
  shop.deliver();
  StripeSubscription bought;
  bought.id = "sub_app";
  bought.customer = shop.stripe->customers.begin()->first;
  bought.status = "active";
  bought.created = unix_seconds(shop.clock->now());
  bought.items = {{"si_app", "price_m", "prod_1", 1, 0, unix_seconds(shop.clock->now()) + 30 * 86'400}};
  shop.stripe->subscription_objects[bought.id] = bought;
  EXPECT_EQ(Shop::text(shop.call("feature")), "premium data");
  EXPECT_TRUE(shop.asked.empty());
  EXPECT_EQ(shop.stripe->sessions.size(), 1u);
}

std::string fault(Decorator first, Decorator second, Decorator third = description("x")) {
  Server server("x", "1");
  server.tool(
      "t", [] { return "x"; }, std::move(first), std::move(second), std::move(third));
  const auto built = server.build();
  return built ? std::string() : built.error().message();
}

/// Billing over the shop's database that sells one product in every way.
std::shared_ptr<Billing> mixed(Shop& shop) {
  BillingPlan pack;
  pack.key = "pack";
  pack.price_id = "price_pack";
  pack.kind = PlanKind::credits;
  pack.credits = 5;
  BillingPlan monthly;
  monthly.key = "month";
  monthly.price_id = "price_month";
  BillingPlan by_use;
  by_use.key = "by-use";
  by_use.usage_price_id = "price_use";
  BillingOptions options = detail::test_options();
  options.products = {{"art", {pack, monthly, by_use}}, {"packs", {pack}}};
  options.products[1].plans[0].price_id = "price_other";
  options.meters = {{"strokes", "strokes", "art"}, {"nobody's", "strokes", "packs"}};
  return Billing::create(shop.database, shop.stripe, shop.clock, options).value();
}

TEST(Offer, TheAppAddsToTheCheckoutOfAGate) {
  Shop shop(Version::v2026_07_28);
  BillingOptions options = shop.billing->options();
  options.on_checkout = [](CheckoutRequest& request, const Principal& who) {
    request.metadata["tenant"] = "acme";
    request.email = who.id() + "@example.com";
    request.user_id = "app-" + who.id();
    request.plan = "yearly";
  };
  const auto billing = Billing::create(*Database::open("sqlite::memory:"), shop.stripe, shop.clock, options).value();
  Server server("own", "1");
  server.tool(
      "feature", [] { return "data"; }, trusted(), requires_plan(billing, "premium"));
  MemoryClient client = connect_in_memory(server);
  client.as_user(test_user("ada", "ada@example.com"));
  client.capabilities("{}");
  client.call("feature");
  ASSERT_EQ(shop.stripe->session_params.size(), 1u);
  const auto& params = shop.stripe->session_params.begin()->second;
  EXPECT_EQ(params.at("metadata[tenant]"), "acme");
  EXPECT_EQ(params.at("subscription_data[metadata][userId]"), "app-ada");
  EXPECT_EQ(params.at("line_items[0][price]"), "price_m") << "what is sold is the gate's to say";
}

TEST(Offer, APlanThatLetsItsOwnerThroughIsOffered) {
  Shop shop(Version::v2026_07_28, WaitOptions(), ServerOptions(), [](Shop& one) {
    const auto billing = mixed(one);
    const auto data = [] { return std::string("data"); };
    one.server.tool("plan", data, trusted(), requires_plan(billing, "art"))
        .tool("credit", data, trusted(), requires_credit(billing, "art"))
        .tool("use", data, trusted(), metered(billing, "strokes"));
  });
  const auto offered = [&](const std::string& tool) {
    EXPECT_TRUE(Shop::refusal(shop.call(tool)).contains("paymentUrl"));
    std::string price;
    for (const auto& [id, session] : shop.stripe->sessions)
      if (session.status == "open") price = shop.stripe->price_of_session.at(id);
    return price;
  };
  EXPECT_EQ(offered("plan"), "price_month");
  EXPECT_EQ(offered("credit"), "price_pack");
  EXPECT_EQ(offered("use"), "price_use");
}

TEST(Offer, APlanThatLetsNobodyThroughIsRefused) {
  Shop shop(Version::v2026_07_28);
  const auto billing = mixed(shop);
  const auto said = [&](Decorator gate) { return fault(trusted(), std::move(gate)); };
  const auto named = [](std::string plan) { return GateOptions().plan(std::move(plan)); };
  EXPECT_NE(said(requires_plan(billing, "arts")).find("no product 'arts'"), std::string::npos);
  EXPECT_NE(said(requires_plan(billing, "art", named("weekly"))).find("plan 'weekly'"), std::string::npos);
  EXPECT_NE(said(requires_credit(billing, "arts")).find("no product 'arts'"), std::string::npos);
  EXPECT_NE(said(requires_credit(billing, "art", 1, named("month"))).find("plan 'month'"), std::string::npos);
  EXPECT_NE(said(metered(billing, "strokes", 1, named("pack"))).find("plan 'pack'"), std::string::npos);
  EXPECT_NE(said(metered(billing, "nobody's")).find("is a subscription"), std::string::npos);
  EXPECT_EQ(said(requires_plan(billing, "art", named("month"))), "");
  EXPECT_EQ(said(requires_credit(billing, "art", 1, named("pack"))), "");
  EXPECT_EQ(said(metered(billing, "strokes", 1, named("month"))), "");
}

TEST(Offer, AGateNeedsACallerInWhateverOrderItStands) {
  Shop shop(Version::v2026_07_28);
  const auto own = std::shared_ptr<Entitlements>(shop.billing);
  for (const Decorator& gate : {requires_plan(shop.billing, "premium"), requires_plan(own, "premium"),
                                requires_credit(shop.billing, "images"), metered(shop.billing, "calls")}) {
    EXPECT_EQ(fault(trusted(), gate), "");
    EXPECT_EQ(fault(gate, trusted()), "") << "the order of decorators means nothing";
    EXPECT_NE(fault(gate, description("x")).find("authenticated(provider)"), std::string::npos);
    EXPECT_NE(fault(trusted(), gate, public_access()).find("authenticat"), std::string::npos);
    EXPECT_NE(fault(gate, public_access()).find("authenticat"), std::string::npos);
    struct Nothing {
      std::string look() const { return "x"; }
    } nothing;
    Server server("x", "1");
    server.service(nothing, trusted(), gate).tool("look", &Nothing::look, public_access());
    EXPECT_FALSE(server.build());
  }
}

/// A hook that authenticates nobody and lets everybody through all the same.
class LetsAnybodyIn final : public Hook {
 public:
  Stage stage() const override { return Stage::authenticate; }
  Verdict before(Call&) override { return Verdict::proceed(); }
};

TEST(Offer, ACallOfNobodyIsDenied) {
  Shop shop(Version::v2026_07_28, WaitOptions(), ServerOptions(), [](Shop& one) {
    const Decorator nobody(std::make_shared<LetsAnybodyIn>());
    const auto data = [] { return std::string("data"); };
    one.server.tool("plan", data, nobody, requires_plan(one.billing, "premium"))
        .tool("credit", data, nobody, requires_credit(one.billing, "images"))
        .tool("use", data, nobody, metered(one.billing, "calls"));
  });
  for (const char* const tool : {"plan", "credit", "use"}) {
    const auto reply = shop.client->request("tools/call", std::string(R"({"name":")") + tool + R"(","arguments":{}})");
    EXPECT_NE((reply.result + reply.error).find("MISSING_TOKEN"), std::string::npos) << reply.result << reply.error;
  }
  EXPECT_TRUE(shop.stripe->sessions.empty());
}

}  // namespace
}  // namespace leanmcp
