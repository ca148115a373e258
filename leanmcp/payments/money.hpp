#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// Digits after the point in which Stripe counts a currency (docs.stripe.com/currencies): 0 for JPY and its kind, 3 for
/// KWD and its kind, otherwise 2. ISK and UGX have no subunit any more but are still counted in hundredths there.
/// `currency` is an ISO 4217 code in either case; an unknown one counts 2.
int currency_digits(std::string_view currency) noexcept;

/// An amount of money: whole minor units as Stripe counts them, never a floating-point number. 999 USD is 9.99 dollars,
/// 999 JPY is 999 yen, 999 KWD is 0.999 dinar.
struct Money {
  std::int64_t minor = 0;
  /// ISO 4217 in lower case, as Stripe writes it.
  std::string currency;

  friend bool operator==(const Money&, const Money&) = default;
};

/// For people: `$9.99`, `€9.99`, `£9.99`, `¥999`, otherwise `9.990 KWD`. A negative amount has its sign in front.
std::string to_text(const Money& money);

}  // namespace leanmcp::inline v0
