#include <leanmcp/base/manual_executor.hpp>
#include <leanmcp/server/subscriptions.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

class ListeningSink final : public RequestSink {
 public:
  explicit ListeningSink(ManualExecutor& executor) : executor_(executor) {}
  Executor& executor() noexcept override { return executor_; }
  void notify(std::string) override { ++notes; }
  void ask(std::string) override {}
  void respond(Reply reply) override { answer = std::move(reply.body); }
  void on_cancel(std::function<void()>) override {}
  int notes = 0;
  std::string answer;

 private:
  ManualExecutor& executor_;
};

TEST(Subscriptions, WhoHasNotPassedAGateOfNowIsEndedAndNotTold) {
  ManualExecutor executor;
  Subscriptions subscriptions;
  const auto listen = [&](std::uint64_t passed) {
    auto sink = std::make_shared<ListeningSink>(executor);
    SubscriptionFilter filter;
    filter.uris = {"a://open", "a://gold"};
    filter.passed = {0, passed};
    EXPECT_NE(subscriptions.add(sink, std::to_string(passed), std::move(filter), nullptr), 0u);
    return sink;
  };
  const auto stranger = listen(0);
  const auto earlier = listen(3);
  const auto holder = listen(7);
  const TimePoint now{};
  subscriptions.resource_updated("a://gold", now, 7);
  executor.run();
  EXPECT_EQ(stranger->notes + earlier->notes, 0);
  EXPECT_EQ(holder->notes, 1);

  const auto gate = [](const std::string& uri) { return uri == "a://gold" ? std::uint64_t{7} : std::uint64_t{0}; };
  subscriptions.end_outdated(gate, [](std::string_view id) { return "over " + std::string(id); });
  executor.run();
  EXPECT_EQ(stranger->answer, "over 0");
  EXPECT_EQ(earlier->answer, "over 3");
  EXPECT_EQ(holder->answer, "");
  EXPECT_EQ(subscriptions.listeners(), 1u);
  subscriptions.resource_updated("a://gold", now, 0);
  executor.run();
  EXPECT_EQ(holder->notes, 2) << "a gate that is gone keeps nobody out";
  EXPECT_EQ(stranger->notes, 0);
}

}  // namespace
}  // namespace leanmcp
