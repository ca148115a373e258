#include <leanmcp/oauth/client/authorization_limits.hpp>

#include <gtest/gtest.h>

namespace leanmcp::inline v0 {
namespace {

using std::chrono::minutes;
constexpr TimePoint start{std::chrono::milliseconds(1'800'000'000'000)};

TEST(StepUp, ThreeAuthorizationsInTheWindow) {
  AuthorizationLimits limits;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(limits.may_authorize(start + minutes(i)));
    limits.authorized(start + minutes(i));
  }
  EXPECT_FALSE(limits.may_authorize(start + minutes(9)));
  EXPECT_TRUE(limits.may_authorize(start + minutes(10))) << "the first is old by then";
  limits.authorized(start + minutes(10));
  EXPECT_FALSE(limits.may_authorize(start + minutes(10)));
}

TEST(StepUp, TwoForOneOperation) {
  AuthorizationLimits limits;
  limits.stepped_up("tools/call a", start);
  EXPECT_TRUE(limits.may_step_up("tools/call a", start));
  limits.stepped_up("tools/call a", start);
  EXPECT_FALSE(limits.may_step_up("tools/call a", start));
  EXPECT_TRUE(limits.may_step_up("tools/call b", start));
  EXPECT_TRUE(limits.may_step_up("tools/call a", start + minutes(10)));
}

TEST(StepUp, OperationThatWasLetThroughBeginsAnew) {
  AuthorizationLimits limits;
  limits.stepped_up("a", start);
  limits.stepped_up("a", start);
  limits.accepted("b");
  EXPECT_FALSE(limits.may_step_up("a", start));
  limits.accepted("a");
  EXPECT_TRUE(limits.may_step_up("a", start));
}

TEST(StepUp, OperationsThatAreRememberedAreBounded) {
  AuthorizationLimits limits;
  for (int i = 0; i < 256; ++i) limits.stepped_up("op " + std::to_string(i), start);
  EXPECT_FALSE(limits.may_step_up("one more", start));
  EXPECT_TRUE(limits.may_step_up("one more", start + minutes(10)));
}

TEST(Denials, AreRememberedInAnyOrderAndForATime) {
  AuthorizationLimits limits;
  limits.denied("a b", start);
  EXPECT_TRUE(limits.was_denied("a b", start));
  EXPECT_TRUE(limits.was_denied("b  a", start));
  EXPECT_FALSE(limits.was_denied("a", start));
  EXPECT_FALSE(limits.was_denied("a b", start + minutes(10)));
}

TEST(Limits, PersonWhoAsksBeginsAnew) {
  AuthorizationLimits limits;
  for (int i = 0; i < 3; ++i) limits.authorized(start);
  limits.stepped_up("a", start);
  limits.stepped_up("a", start);
  limits.denied("a", start);
  limits.clear();
  EXPECT_TRUE(limits.may_authorize(start));
  EXPECT_TRUE(limits.may_step_up("a", start));
  EXPECT_FALSE(limits.was_denied("a", start));
}

}  // namespace
}  // namespace leanmcp::inline v0
