#include <leanmcp/protocol/header_value.hpp>

#include <leanmcp/base/encoding.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr std::string_view begin = "=?base64?";
constexpr std::string_view end = "?=";

bool is_marked(std::string_view value) {
  return value.size() >= begin.size() + end.size() && value.starts_with(begin) && value.ends_with(end);
}

bool is_plain(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || (c >= 0x20 && c <= 0x7e); });
}

}  // namespace

std::optional<std::string> decode_header_value(std::string_view value) {
  if (is_marked(value)) return base64_decode(value.substr(begin.size(), value.size() - begin.size() - end.size()));
  if (!is_plain(value)) return std::nullopt;
  return std::string(value);
}

std::optional<bool> header_value_is(std::string_view value, std::string_view expected) {
  if (!is_marked(value)) return is_plain(value) ? std::optional<bool>(value == expected) : std::nullopt;
  const auto decoded = decode_header_value(value);
  if (!decoded) return std::nullopt;
  return *decoded == expected;
}

}  // namespace leanmcp::inline v0
