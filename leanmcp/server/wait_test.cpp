#include <leanmcp/server/wait.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

TEST(HumanWaits, BoundsEachCallerByItself) {
  HumanWaits waits(2);
  HumanWaits::Seat first = waits.take("ada");
  const HumanWaits::Seat second = waits.take("ada");
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  EXPECT_FALSE(waits.take("ada"));
  EXPECT_TRUE(waits.take("bob"));
  first = HumanWaits::Seat();
  EXPECT_TRUE(waits.take("ada"));
}

TEST(HumanWaits, SeatsOutliveTheTableAndMove) {
  HumanWaits::Seat kept;
  {
    HumanWaits waits(1);
    HumanWaits::Seat seat = waits.take("ada");
    kept = std::move(seat);
    EXPECT_FALSE(waits.take("ada"));
  }
  EXPECT_TRUE(kept);
  HumanWaits none(0);
  EXPECT_FALSE(none.take("ada"));
}

TEST(WaitOptions, TheDeadlineIsAllRoundsUnlessSet) {
  EXPECT_EQ(WaitOptions().deadline(), std::chrono::seconds(160));
  EXPECT_EQ(WaitOptions().deadline(std::chrono::seconds(5)).deadline(), std::chrono::seconds(5));
}

}  // namespace
}  // namespace leanmcp
