#include <leanmcp/protocol/form_values.hpp>
#include <leanmcp/protocol/form_kinds.hpp>

#include <boost/json.hpp>

#include <charconv>
#include <cmath>

namespace leanmcp::inline v0::detail {
namespace {

/// The largest magnitude up to which a double holds every integer.
constexpr double exact_integers = 9007199254740992.0;

bool is_exact_integer(double number) noexcept {
  return std::isfinite(number) && std::trunc(number) == number && std::fabs(number) <= exact_integers;
}

}  // namespace

json::value bound_to_json(double bound) {
  if (is_exact_integer(bound)) return static_cast<std::int64_t>(bound);
  return bound;
}

json::value to_json(const FormDefault& value) {
  struct ToJson {
    json::value operator()(std::monostate) const { return nullptr; }
    json::value operator()(const std::string& text) const { return json::value(text); }
    json::value operator()(double number) const { return bound_to_json(number); }
    json::value operator()(bool on) const { return on; }
    json::value operator()(std::int64_t number) const { return number; }
    json::value operator()(const FormDefault::List& items) const {
      json::array array;
      array.reserve(items.size());
      for (const std::string& item : items) array.emplace_back(item);
      return array;
    }
  };
  return std::visit(ToJson(), value.get());
}

std::string number_text(double number) {
  char buffer[64];
  const auto end = is_exact_integer(number)
                       ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<std::int64_t>(number))
                       : std::to_chars(buffer, buffer + sizeof buffer, number);
  return std::string(buffer, end.ptr);
}

}  // namespace leanmcp::inline v0::detail
