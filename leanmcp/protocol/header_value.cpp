#include <leanmcp/protocol/header_value.hpp>

#include <leanmcp/base/encoding.hpp>

namespace leanmcp::inline v0 {

std::optional<std::string> decode_header_value(std::string_view value) {
  constexpr std::string_view begin = "=?base64?";
  constexpr std::string_view end = "?=";
  if (value.size() >= begin.size() + end.size() && value.starts_with(begin) && value.ends_with(end))
    return base64_decode(value.substr(begin.size(), value.size() - begin.size() - end.size()));
  for (const char c : value)
    if (c != '\t' && (c < 0x20 || c > 0x7e)) return std::nullopt;
  return std::string(value);
}

}  // namespace leanmcp::inline v0
