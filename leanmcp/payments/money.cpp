#include <leanmcp/payments/money.hpp>

#include <algorithm>
#include <array>

namespace leanmcp::inline v0 {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

std::string_view sign_of(std::string_view currency) {
  if (currency == "usd") return "$";
  if (currency == "eur") return "€";
  if (currency == "gbp") return "£";
  if (currency == "jpy") return "¥";
  return {};
}

}  // namespace

int currency_digits(std::string_view currency) noexcept {
  constexpr std::array<std::string_view, 15> none{"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga",
                                                  "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"};
  constexpr std::array<std::string_view, 5> three{"bhd", "jod", "kwd", "omr", "tnd"};
  if (currency.size() != 3) return 2;
  char code[3];
  for (std::size_t i = 0; i < 3; ++i) {
    const char c = currency[i];
    code[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const std::string_view key(code, 3);
  if (std::find(none.begin(), none.end(), key) != none.end()) return 0;
  return std::find(three.begin(), three.end(), key) != three.end() ? 3 : 2;
}

std::string to_text(const Money& money) {
  const std::string currency = lower(money.currency);
  const auto digits = static_cast<std::size_t>(currency_digits(currency));
  const bool negative = money.minor < 0;
  // Through unsigned, so that the smallest number has an absolute value too.
  const std::uint64_t amount =
      negative ? 0 - static_cast<std::uint64_t>(money.minor) : static_cast<std::uint64_t>(money.minor);
  std::string number = std::to_string(amount);
  if (number.size() <= digits) number.insert(0, digits + 1 - number.size(), '0');
  if (digits > 0) number.insert(number.size() - digits, ".");
  const std::string_view sign = sign_of(currency);
  std::string out = negative ? "-" : "";
  if (!sign.empty()) return out.append(sign).append(number);
  return out.append(number).append(" ").append(upper(currency));
}

}  // namespace leanmcp::inline v0
