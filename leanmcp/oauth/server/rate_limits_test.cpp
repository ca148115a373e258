#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/oauth/server/test_time.hpp>

#include <gtest/gtest.h>

namespace leanmcp::as {
namespace {

using std::chrono::seconds;

TEST(RateLimits, EachMinuteByAddressAndClient) {
  RateLimits limits{OAuthServerOptions::Limits()};
  const std::pair<Limit, int> rules[] = {{Limit::registration, 10},
                                         {Limit::token, 60},
                                         {Limit::failure, 10},
                                         {Limit::authorize, 30},
                                         {Limit::document, 5}};
  for (const auto& [limit, most] : rules) {
    for (int i = 0; i < most; ++i) {
      EXPECT_EQ(limits.wait(limit, "192.0.2.1", start), seconds(0));
      EXPECT_EQ(limits.take(limit, "192.0.2.1", start), seconds(0)) << i;
    }
    EXPECT_GT(limits.wait(limit, "192.0.2.1", start), seconds(0));
    EXPECT_GT(limits.take(limit, "192.0.2.1", start), seconds(0));
    EXPECT_EQ(limits.take(limit, "192.0.2.2", start), seconds(0));
    EXPECT_EQ(limits.take(limit, "192.0.2.1", start + seconds(61)), seconds(0));
  }
}

TEST(RateLimits, AskingDoesNotCount) {
  RateLimits limits{OAuthServerOptions::Limits()};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(limits.wait(Limit::failure, "192.0.2.1", start), seconds(0));
}

TEST(RateLimits, Attack49_WhatAllAddressesTogetherMayLeaveBehind) {
  RateLimits limits{OAuthServerOptions::Limits()};
  int taken = 0;
  for (int i = 0; i < 1000; ++i) taken += limits.take(Limit::all_registrations, "all", start) == seconds(0);
  EXPECT_EQ(taken, 300);
  taken = 0;
  for (int i = 0; i < 1000; ++i)
    taken += limits.take(Limit::document, "192.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), start) ==
             seconds(0);
  EXPECT_EQ(taken, 150);
}

TEST(RateLimits, NoneWhereNoneIsSet) {
  OAuthServerOptions::Limits none;
  none.register_per_address = none.token_per_client = none.failures_per_address = 0;
  RateLimits limits(none);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(limits.take(Limit::registration, "a", start), seconds(0));
    EXPECT_EQ(limits.take(Limit::token, "a", start), seconds(0));
    EXPECT_EQ(limits.take(Limit::failure, "a", start), seconds(0));
  }
}

TEST(RateLimits, AnIPv6AddressIsItsNetwork) {
  EXPECT_EQ(limit_key("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(limit_key("2001:db8:1:2:3:4:5:6"), limit_key("2001:db8:1:2::1"));
  EXPECT_NE(limit_key("2001:db8:1:2::1"), limit_key("2001:db8:1:3::1"));
  EXPECT_EQ(limit_key("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(limit_key("nonsense:"), "nonsense:");
  RateLimits limits{OAuthServerOptions::Limits()};
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(limits.take(Limit::failure, "2001:db8::" + std::to_string(i), start), seconds(0));
  EXPECT_GT(limits.take(Limit::failure, "2001:db8::ffff", start), seconds(0));
}

TEST(RateLimits, SaysWhenToComeBack) {
  const OAuthError error = too_many_requests(seconds(7));
  EXPECT_EQ(error.status, 429);
  EXPECT_EQ(error.retry_after, seconds(7));
}

}  // namespace
}  // namespace leanmcp::as
