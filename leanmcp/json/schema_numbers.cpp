#include <leanmcp/json/schema_node.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace leanmcp::inline v0::detail {

namespace {

/// x87's long double holds every 64-bit integer and every double exactly.
static_assert(std::numeric_limits<long double>::digits >= 64, "numbers are compared in long double");

long double exact(const json::value& number) {
  if (number.is_int64()) return static_cast<long double>(number.get_int64());
  if (number.is_uint64()) return static_cast<long double>(number.get_uint64());
  return static_cast<long double>(number.get_double());
}

/// A compiler extension that both supported compilers have; pedantic mode wants it said.
__extension__ using Wide = unsigned __int128;

/// The shortest decimal that reads back as the number: mantissa times ten to the exponent.
struct Decimal {
  Wide mantissa = 0;
  int exponent = 0;
};

Decimal decimal(const json::value& number) {
  Decimal out;
  if (number.is_int64()) {
    const std::int64_t v = number.get_int64();
    out.mantissa = v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
    return out;
  }
  if (number.is_uint64()) {
    out.mantissa = number.get_uint64();
    return out;
  }
  char text[40];
  const double v = std::fabs(number.get_double());
  const char* const end = std::to_chars(text, text + sizeof text, v, std::chars_format::scientific).ptr;
  const char* at = text;
  bool fraction = false;
  for (; at != end && *at != 'e'; ++at) {
    if (*at == '.') {
      fraction = true;
      continue;
    }
    out.mantissa = out.mantissa * 10 + static_cast<unsigned>(*at - '0');
    if (fraction) --out.exponent;
  }
  if (at != end) {
    ++at;
    if (*at == '+') ++at;
    int power = 0;
    std::from_chars(at, end, power);
    out.exponent += power;
  }
  return out;
}

}  // namespace

int compare_numbers(const json::value& a, const json::value& b) {
  const long double x = exact(a);
  const long double y = exact(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

bool is_integer(const json::value& number) {
  if (!number.is_double()) return number.is_number();
  const double v = number.get_double();
  return std::isfinite(v) && std::floor(v) == v;
}

bool is_multiple(const json::value& number, const json::value& of) {
  Decimal a = decimal(number);
  Decimal b = decimal(of);
  if (a.mantissa == 0) return true;
  // a·10^x is a multiple of b·10^y when (a·10^(x-y)) mod b is 0, worked out by repeated tens so that nothing overflows.
  int shift = a.exponent - b.exponent;
  while (shift < 0 && a.mantissa % 10 == 0) {
    a.mantissa /= 10;
    ++shift;
  }
  while (shift < 0) {
    if (b.mantissa > (~static_cast<Wide>(0)) / 10) return false;
    b.mantissa *= 10;
    ++shift;
  }
  Wide rest = a.mantissa % b.mantissa;
  for (; shift > 0 && rest != 0; --shift) rest = rest * 10 % b.mantissa;
  return rest == 0;
}

bool equal_instances(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  if (const json::array* const list = a.if_array()) {
    const json::array& other = b.get_array();
    if (list->size() != other.size()) return false;
    for (std::size_t i = 0; i < list->size(); ++i)
      if (!equal_instances((*list)[i], other[i])) return false;
    return true;
  }
  if (const json::object* const object = a.if_object()) {
    const json::object& other = b.get_object();
    if (object->size() != other.size()) return false;
    for (const auto& [key, value] : *object) {
      const json::value* const twin = other.if_contains(key);
      if (!twin || !equal_instances(value, *twin)) return false;
    }
    return true;
  }
  return a == b;
}

}  // namespace leanmcp::inline v0::detail
