#include <leanmcp/payments/stripe_form.hpp>

#include <boost/json.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace leanmcp::inline v0 {
namespace {

namespace json = boost::json;

void append_escaped(std::string& out, std::string_view text, std::string_view also_plain) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (letter || c == '-' || c == '_' || c == '.' || c == '~' || also_plain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    }
  }
}

/// Number::toString of ECMA-262, section 6.1.6.1.20: the shortest digits that read back, an exponent only outside
/// [1e-6, 1e21).
std::string javascript_number(double number) {
  if (number == 0) return "0";
  std::array<char, 40> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const auto e = text.find('e');
  if (e == std::string_view::npos) return std::string(text);  // inf and nan, which JSON cannot hold
  std::string digits;
  for (const char c : text.substr(0, e))
    if (c >= '0' && c <= '9') digits.push_back(c);
  int exponent = 0;
  const std::string_view tail = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(tail.data(), tail.data() + tail.size(), exponent);
  const std::string sign = std::signbit(number) ? "-" : "";
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // the decimal point stands after so many digits
  if (count <= point && point <= 21) return sign + digits + std::string(static_cast<std::size_t>(point - count), '0');
  if (0 < point && point <= 21) return sign + digits.insert(static_cast<std::size_t>(point), ".");
  if (-6 < point && point <= 0) return sign + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  if (count > 1) digits.insert(1, ".");
  return sign + digits + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
}

std::string scalar(const json::value& value) {
  switch (value.kind()) {
    case json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case json::kind::int64:
      return std::to_string(value.get_int64());
    case json::kind::uint64:
      return std::to_string(value.get_uint64());
    case json::kind::double_:
      return javascript_number(value.get_double());
    case json::kind::string:
      return std::string(value.get_string());
    default:
      return {};
  }
}

class FormWriter {
 public:
  void write(const std::string& key, const json::value& value) {
    if (const auto* const object = value.if_object()) {
      for (const auto& [name, member] : *object) write(key + '[' + std::string(name) + ']', member);
    } else if (const auto* const array = value.if_array()) {
      for (std::size_t i = 0; i < array->size(); ++i) write(key + '[' + std::to_string(i) + ']', (*array)[i]);
    } else {
      if (!out_.empty()) out_.push_back('&');
      append_escaped(out_, key, "[]");
      out_.push_back('=');
      append_escaped(out_, scalar(value), "[]");
    }
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace

std::string stripe_form(const json::object& parameters) {
  FormWriter writer;
  for (const auto& [name, value] : parameters) writer.write(std::string(name), value);
  return writer.take();
}

std::string stripe_escape(std::string_view text) {
  std::string out;
  append_escaped(out, text, {});
  return out;
}

}  // namespace leanmcp::inline v0
