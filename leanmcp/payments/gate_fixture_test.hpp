#pragma once

#include <leanmcp/payments/billing_fixture_test.hpp>
#include <leanmcp/payments/gate.hpp>
#include <leanmcp/transport/in_memory.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace leanmcp::detail {

using namespace std::chrono_literals;

/// Stands where `authenticated` stands: the in-memory client brings its user along.
class TrustsTheTest final : public Hook {
 public:
  Stage stage() const override { return Stage::authenticate; }
  Verdict before(Call& call) override {
    call.set_principal(call.info().credentials.assumed_user->principal);
    return Verdict::proceed();
  }
};

inline Decorator trusted() { return Decorator(std::make_shared<TrustsTheTest>()); }

inline StripePrice price(const std::string& id, std::int64_t amount, const std::string& interval) {
  StripePrice out;
  out.id = id;
  out.currency = "usd";
  out.unit_amount = amount;
  out.interval = interval;
  out.interval_count = interval.empty() ? 0 : 1;
  return out;
}

/// A server with a paid tool of each kind, its billing over a fake Stripe, and a client.
struct Shop {
  /// `more` registers further tools.
  explicit Shop(Version version, WaitOptions wait = WaitOptions(), ServerOptions settings = ServerOptions(),
                const std::function<void(Shop&)>& more = {})
      : server("shop", "1", std::move(settings.clock(clock))) {
    BillingOptions options = test_options();
    options.go_url = "https://app.example/billing/go";
    BillingPlan pack;
    pack.key = "ten";
    pack.price_id = "price_10";
    pack.kind = PlanKind::credits;
    pack.credits = 10;
    BillingProduct images;
    images.key = "images";
    images.plans = {pack};
    options.products.push_back(images);
    options.meters = {{"calls", "api_calls"}};
    stripe->price_objects = {{"price_m", price("price_m", 999, "month")},
                             {"price_y", price("price_y", 9900, "year")},
                             {"price_10", price("price_10", 500, "")}};
    billing = Billing::create(database, stripe, clock, options).value();
    server.tool(
        "feature", [this] { return ++feature_runs, std::string("premium data"); }, trusted(),
        description("The feature"),
        requires_plan(billing, "premium", GateOptions().upgrade_tool("upgrade").wait(wait)));
    server.tool(
        "draw",
        [this]() -> Result<std::string> {
          ++drawn;
          if (fails) return ToolError("no paint");
          return std::string("a picture");
        },
        trusted(), requires_credit(billing, "images", 3, GateOptions().wait(wait)));
    server.tool(
        "ask_and_draw",
        [](Context& ctx) -> Task<std::string> {
          Form form = Form("Sure?").boolean("yes", "Yes");
          Task<Answer<std::string>> asking = ctx.elicit_json("sure", form);
          const Answer<std::string> answer = co_await std::move(asking);
          co_return answer ? "drawn" : "not drawn";
        },
        trusted(), requires_credit(billing, "images", 1));
    server.tool(
        "count",
        [this]() -> Result<std::string> {
          if (fails) return ToolError("failed");
          return std::string("counted");
        },
        trusted(), metered(billing, "calls", 2));
    if (more) more(*this);
    client.emplace(connect_in_memory(server, version));
    client->as_user(test_user("ada", "ada@example.com"));
    client->on_question([this](std::string_view, std::string_view params) {
      asked.emplace_back(params);
      if (on_ask) on_ask();
      return answer;
    });
    // Time runs while the client waits.
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
  ~Shop() {
    ticker.request_stop();
    ticker.join();
  }

  std::string session() { return stripe->sessions.rbegin()->first; }
  void pay() { stripe->pay(session()); }
  json::object call(const std::string& tool, bool progress = true) {
    const std::string meta = progress ? R"(,"_meta":{"progressToken":1})" : "";
    const auto reply = client->request("tools/call", R"({"name":")" + tool + R"(","arguments":{})" + meta + "}");
    EXPECT_TRUE(reply.ok()) << reply.error;
    return reply.ok() ? json::parse(reply.result).as_object() : json::object();
  }
  static std::string text(const json::object& result) {
    return std::string(result.at("content").at(0).at("text").as_string());
  }
  static json::object refusal(const json::object& result) {
    EXPECT_TRUE(result.contains("isError"));
    EXPECT_FALSE(result.contains("structuredContent"));
    return json::parse(text(result)).as_object();
  }
  std::string ada() const { return test_principal("ada").key(); }
  /// Ada has paid for a month of premium.
  void subscribe() {
    CheckoutRequest request;
    request.principal_key = ada();
    request.user_id = "ada";
    request.product = "premium";
    request.plan = "monthly";
    stripe->pay(billing->begin_checkout(request).value().session_id);
    deliver();
  }
  void deliver() {
    for (const StripeEvent& event : stripe->event_log)
      ASSERT_TRUE(
          billing->handle_webhook(event.payload, sign_webhook(event.payload, Secret("whsec_test"), clock->now())));
  }
  /// Credits that work was done for; those of a call under way are out of the balance, but not here.
  std::int64_t spent() {
    return (*database.run("SELECT COALESCE(SUM(amount), 0) FROM billing_credits WHERE state = 'committed'"))[0].integer(
        0);
  }
  /// Uses that Stripe has been told.
  std::int64_t counted() {
    return (*database.run("SELECT COUNT(*) FROM billing_meter_events WHERE sent_at IS NOT NULL"))[0].integer(0);
  }
  std::int64_t balance() { return *billing->credit_balance(test_principal("ada").key(), "images"); }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<FakeStripe> stripe = std::make_shared<FakeStripe>(*clock);
  Database database = *Database::open("sqlite::memory:");
  std::shared_ptr<Billing> billing;
  std::atomic<int> feature_runs{0};
  std::atomic<int> drawn{0};
  std::atomic<bool> fails{false};
  Server server;
  std::optional<MemoryClient> client;
  std::vector<std::string> asked;
  std::function<void()> on_ask;
  std::string answer = R"({"action":"accept"})";
  std::jthread ticker;
};

}  // namespace leanmcp::detail
