// What a hostile caller tries at the gates: to have work done without paying, or for one payment twice.

#include <leanmcp/payments/gate_fixture_test.hpp>

#include <leanmcp/elicitation/elicitation.hpp>

#include <boost/describe.hpp>

#include <condition_variable>
#include <mutex>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using detail::Shop;
using detail::trusted;

/// A function that stops where it is told until it is let go, and counts how many are in it at once.
class Door {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++inside_;
    most_ = std::max(most_, inside_);
    ++entered_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    --inside_;
    ++left_;
    changed_.notify_all();
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  int most() const {
    const std::lock_guard lock(mutex_);
    return most_;
  }
  int entered() const {
    const std::lock_guard lock(mutex_);
    return entered_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int inside_ = 0;
  int most_ = 0;
  int entered_ = 0;
  int left_ = 0;
};

struct Word {
  std::string word;
};
BOOST_DESCRIBE_STRUCT(Word, (), (word))

void with_doors(Shop& shop, Door& door) {
  shop.server.tool(
      "slow",
      [&door]() -> Result<std::string> {
        door.pass();
        return std::string("done");
      },
      trusted(), requires_credit(shop.billing, "images", 1));
  shop.server.tool(
      "slow_failure",
      [&door]() -> Result<std::string> {
        door.pass();
        return ToolError("no");
      },
      trusted(), requires_credit(shop.billing, "images", 1));
  shop.server.tool(
      "waiting",
      []() -> Task<std::string> {
        Task<void> sleeping = sleep_for(1h);
        co_await std::move(sleeping);
        co_return std::string("done");
      },
      trusted(), requires_credit(shop.billing, "images", 1));
  shop.server.tool(
      "slow_count",
      [&door]() -> Result<std::string> {
        door.pass();
        return std::string("counted");
      },
      trusted(), metered(shop.billing, "calls", 1));
  shop.server.tool(
      "waiting_count",
      []() -> Task<std::string> {
        Task<void> sleeping = sleep_for(1h);
        co_await std::move(sleeping);
        co_return std::string("counted");
      },
      trusted(), metered(shop.billing, "calls", 1));
  shop.server.tool(
      "ask_and_count",
      [](Context& ctx) -> Task<std::string> {
        Form form = Form("Sure?").boolean("yes", "Yes");
        Task<Answer<std::string>> asking = ctx.elicit_json("sure", form);
        const Answer<std::string> answer = co_await std::move(asking);
        co_return answer ? "counted" : "not counted";
      },
      trusted(), metered(shop.billing, "calls", 1));
  shop.server.tool(
      "formal", [](const Word& input) { return input.word; }, trusted(), requires_credit(shop.billing, "images", 1),
      elicitation(Form("Which word?").text("word").required(),
                  ElicitationOptions().otherwise([](Action) { return ToolResult("No word, then."); })));
}

std::string params(const std::string& tool) { return R"({"name":")" + tool + R"(","arguments":{}})"; }

/// Lets the executor work until `done`, or a minute has passed.
bool run_until(Shop& shop, const std::function<bool()>& done) {
  for (int i = 0; i < 60'000; ++i) {
    shop.client->executor().run();
    if (done()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

class Attack : public testing::TestWithParam<Version> {};
INSTANTIATE_TEST_SUITE_P(Versions, Attack, testing::Values(Version::v2025_11_25, Version::v2026_07_28));

TEST_P(Attack, CancellingDoesNotFreeACreditWhileTheWorkGoesOn) {
  Door door;
  Shop shop(GetParam(), WaitOptions(), ServerOptions(), [&](Shop& one) { with_doors(one, door); });
  shop.client->capabilities("{}");
  ASSERT_TRUE(*shop.billing->grant_credits(shop.ada(), "images", 1, "gift"));
  shop.client->start("tools/call", params("slow"));
  ASSERT_TRUE(run_until(shop, [&] { return door.entered() == 1; }));
  shop.client->cancel();
  shop.client->executor().run();
  for (int i = 0; i < 5; ++i) {
    // The same credit again, while the first call is still being worked on for.
    const auto refused = shop.call("slow");
    EXPECT_EQ(Shop::refusal(refused).at("error"), "Images credits required");
  }
  EXPECT_EQ(door.entered(), 1);
  door.open();
  ASSERT_TRUE(run_until(shop, [&] { return shop.balance() == 0; }));
  std::this_thread::sleep_for(20ms);
  shop.client->executor().run();
  EXPECT_EQ(shop.balance(), 0) << "the work was done; that nobody waited for it does not make it free";
  EXPECT_EQ(door.most(), 1);
}

TEST_P(Attack, CancelledWorkThatFailsCostsNothing) {
  Door door;
  Shop shop(GetParam(), WaitOptions(), ServerOptions(), [&](Shop& one) { with_doors(one, door); });
  shop.client->capabilities("{}");
  ASSERT_TRUE(*shop.billing->grant_credits(shop.ada(), "images", 1, "gift"));
  shop.client->start("tools/call", params("slow_failure"));
  ASSERT_TRUE(run_until(shop, [&] { return door.entered() == 1; }));
  shop.client->cancel();
  EXPECT_EQ(shop.balance(), 0) << "held until it has stopped";
  door.open();
  EXPECT_TRUE(run_until(shop, [&] { return shop.balance() == 1; }));
}

TEST_P(Attack, ACoroutineThatIsCutOffCostsNothingAndHoldsNothing) {
  Door door;
  Shop shop(GetParam(), WaitOptions(), ServerOptions(), [&](Shop& one) { with_doors(one, door); });
  shop.client->capabilities("{}");
  ASSERT_TRUE(*shop.billing->grant_credits(shop.ada(), "images", 1, "gift"));
  for (int i = 0; i < 10; ++i) {
    shop.client->start("tools/call", params("waiting"));
    ASSERT_TRUE(run_until(shop, [&] { return shop.balance() == 0; })) << i;
    shop.client->cancel();
    ASSERT_TRUE(run_until(shop, [&] { return shop.balance() == 1; })) << i;
  }
}

TEST_P(Attack, CancellingAtAnyMomentLeavesNoCreditBehind) {
  Door door;
  door.open();
  Shop shop(GetParam(), WaitOptions(), ServerOptions(), [&](Shop& one) { with_doors(one, door); });
  shop.client->capabilities("{}");
  ASSERT_TRUE(*shop.billing->grant_credits(shop.ada(), "images", 100, "gift"));
  for (int i = 0; i < 100; ++i) {
    shop.client->start("tools/call", params(i % 2 == 0 ? "slow_failure" : "waiting"));
    for (int step = 0; step < i % 10; ++step) {
      shop.client->executor().run();
      std::this_thread::sleep_for(std::chrono::microseconds(i * 7 % 150));
    }
    shop.client->cancel();
    shop.client->executor().run();
  }
  EXPECT_TRUE(run_until(shop, [&] { return shop.balance() == 100; })) << shop.balance();
}

TEST_P(Attack, CancellingAtAnyMomentLeavesNoUseHeld) {
  Door door;
  Shop shop(GetParam(), WaitOptions(), ServerOptions(), [&](Shop& one) { with_doors(one, door); });
  shop.client->capabilities("{}");
  shop.subscribe();
  for (int i = 0; i < 50; ++i) {
    shop.client->start("tools/call", params("waiting_count"));
    for (int step = 0; step < i % 10; ++step) {
      shop.client->executor().run();
      std::this_thread::sleep_for(std::chrono::microseconds(i * 7 % 150));
    }
    shop.client->cancel();
    shop.client->executor().run();
  }
  const auto held = [&] {
    // The next call about use gives back what those before left.
    const auto probe = shop.billing->reserve_use(shop.ada(), "calls", 1, "probe");
    EXPECT_TRUE(shop.billing->release_use(probe->id));
    return (*shop.database.run("SELECT COUNT(*) FROM billing_meter_events WHERE state = 'held'"))[0].integer(0);
  };
  EXPECT_TRUE(run_until(shop, [&] { return held() == 0; })) << held();
  EXPECT_EQ(shop.counted(), 0);
}

TEST_P(Attack, ATimeoutGivesBackWhenTheWorkHasStopped) {
  Door door;
  Shop shop(GetParam(), WaitOptions(), ServerOptions().call_timeout(10s), [&](Shop& one) { with_doors(one, door); });
  shop.client->capabilities("{}");
  ASSERT_TRUE(*shop.billing->grant_credits(shop.ada(), "images", 1, "gift"));
  const json::object result = shop.call("slow");
  EXPECT_NE(Shop::text(result).find("took too long"), std::string::npos);
  EXPECT_EQ(shop.balance(), 0);
  EXPECT_EQ(Shop::refusal(shop.call("slow")).at("error"), "Images credits required");
  door.open();
  EXPECT_TRUE(run_until(shop, [&] { return shop.balance() == 1; })) << "released on failure or timeout";
}

TEST_P(Attack, WhatAnotherDecoratorAnsweredIsNotCharged) {
  Door door;
  Shop shop(GetParam(), WaitOptions(), ServerOptions(), [&](Shop& one) { with_doors(one, door); });
  ASSERT_TRUE(*shop.billing->grant_credits(shop.ada(), "images", 5, "gift"));
  shop.answer = R"({"action":"decline"})";
  EXPECT_EQ(Shop::text(shop.call("formal")), "No word, then.");
  EXPECT_EQ(shop.balance(), 5) << "the function never ran";
  shop.answer = R"({"action":"accept","content":{"word":"tree"}})";
  EXPECT_EQ(Shop::text(shop.call("formal")), "tree");
  EXPECT_EQ(shop.balance(), 4);
}

TEST_P(Attack, ReplayedRoundsHoldTheirCreditOnce) {
  Door door;
  Shop shop(GetParam(), WaitOptions(), ServerOptions().force_replay(), [&](Shop& one) { with_doors(one, door); });
  ASSERT_TRUE(*shop.billing->grant_credits(shop.ada(), "images", 5, "gift"));
  shop.answer = R"({"action":"accept","content":{"word":"tree","yes":true}})";
  EXPECT_EQ(Shop::text(shop.call("formal")), "tree");
  EXPECT_EQ(Shop::text(shop.call("ask_and_draw")), "drawn");
  EXPECT_EQ(shop.balance(), 3);
}

TEST_P(Attack, AnAbandonedCheckoutBuysNoMeteredUse) {
  Door door;
  door.open();
  Shop shop(GetParam(), WaitOptions(), ServerOptions(), [&](Shop& one) { with_doors(one, door); });
  shop.client->capabilities("{}");
  shop.call("feature");  // begins a checkout, which makes a customer at Stripe
  ASSERT_TRUE(*shop.billing->has_account(shop.ada()));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(shop.call("slow_count").contains("isError"));
  EXPECT_EQ(door.entered(), 0);
  EXPECT_TRUE(shop.stripe->meter_events.empty());
  shop.subscribe();
  EXPECT_EQ(Shop::text(shop.call("slow_count")), "counted");
}

TEST_P(Attack, CancelledMeteredWorkCountsWhenItWasDone) {
  Door door;
  Shop shop(GetParam(), WaitOptions(), ServerOptions(), [&](Shop& one) { with_doors(one, door); });
  shop.client->capabilities("{}");
  shop.subscribe();
  shop.client->start("tools/call", params("slow_count"));
  ASSERT_TRUE(run_until(shop, [&] { return door.entered() == 1; }));
  shop.client->cancel();
  door.open();
  EXPECT_TRUE(run_until(shop, [&] { return shop.counted() == 1; }));
  EXPECT_EQ(shop.stripe->meter_events.size(), 1u);
}

TEST(Attack, AReplayedRoundOfMeteredWorkIsNotDoneAgain) {
  Door door;
  Shop shop(Version::v2026_07_28, WaitOptions(), ServerOptions(), [&](Shop& one) { with_doors(one, door); });
  shop.subscribe();
  const auto first = shop.client->request_once("tools/call", params("ask_and_count"));
  json::object again = json::parse(R"({"name":"ask_and_count","arguments":{},
      "inputResponses":{"sure":{"action":"accept","content":{"yes":true}}}})")
                           .as_object();
  again["requestState"] = json::parse(first.result).at("requestState");
  const std::string replay = json::serialize(again);
  EXPECT_NE(shop.client->request_once("tools/call", replay).result.find("counted"), std::string::npos);
  for (int i = 0; i < 3; ++i) {
    const auto replayed = shop.client->request_once("tools/call", replay);
    EXPECT_NE(replayed.result.find("ALREADY_COMPLETED"), std::string::npos) << replayed.result << replayed.error;
  }
  EXPECT_EQ(shop.stripe->meter_events.size(), 1u);
}

TEST(Attack, ABusyServerForgetsNoDebt) {
  Door door;
  Door jam;
  Shop shop(Version::v2026_07_28, WaitOptions(), ServerOptions().workers(2, 2), [&](Shop& one) {
    with_doors(one, door);
    one.server.tool("jam", [&jam] { return jam.pass(), std::string("jammed"); });
  });
  shop.client->capabilities("{}");
  ASSERT_TRUE(*shop.billing->grant_credits(shop.ada(), "images", 1, "gift"));
  shop.client->start("tools/call", params("slow"));
  ASSERT_TRUE(run_until(shop, [&] { return door.entered() == 1; }));
  // One worker is at work on the call, the other one and the queue are filled up.
  for (int i = 0; i < 3; ++i) shop.client->start("tools/call", params("jam"));
  ASSERT_TRUE(run_until(shop, [&] { return jam.entered() == 1; }));
  door.open();
  for (int i = 0; i < 50; ++i) {
    shop.client->executor().run();
    std::this_thread::sleep_for(1ms);
  }
  jam.open();
  ASSERT_TRUE(run_until(shop, [&] { return shop.spent() == 1; }));
  shop.clock->advance(2h);  // far past the hold: what was not committed would be back
  EXPECT_EQ(shop.balance(), 0);
}

}  // namespace
}  // namespace leanmcp
