#include <leanmcp/payments/money.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace leanmcp {
namespace {

TEST(Money, CountsEachCurrencyInItsOwnDigits) {
  EXPECT_EQ(to_text(Money{999, "usd"}), "$9.99");
  EXPECT_EQ(to_text(Money{5, "usd"}), "$0.05");
  EXPECT_EQ(to_text(Money{0, "EUR"}), "€0.00");
  EXPECT_EQ(to_text(Money{999, "jpy"}), "¥999");
  EXPECT_EQ(to_text(Money{5, "krw"}), "5 KRW");
  EXPECT_EQ(to_text(Money{9990, "kwd"}), "9.990 KWD");
  EXPECT_EQ(to_text(Money{5, "TND"}), "0.005 TND");
  EXPECT_EQ(to_text(Money{500, "isk"}), "5.00 ISK");
  EXPECT_EQ(to_text(Money{500, "ugx"}), "5.00 UGX");
  EXPECT_EQ(to_text(Money{-999, "gbp"}), "-£9.99");
}

TEST(Money, TakesAnyNumber) {
  EXPECT_EQ(to_text(Money{std::numeric_limits<std::int64_t>::min(), "usd"}), "-$92233720368547758.08");
  EXPECT_EQ(to_text(Money{1, ""}), "0.01 ");
  EXPECT_EQ(currency_digits("dollars"), 2);
}

}  // namespace
}  // namespace leanmcp
