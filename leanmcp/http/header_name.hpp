#pragma once

#include <leanmcp/base/ascii.hpp>
#include <leanmcp/http/request.hpp>

#include <string_view>

namespace leanmcp::inline v0::detail {

/// Whether `text` is `lower` in any case.
constexpr bool is_in_any_case(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (to_lower(text[i]) != lower[i]) return false;
  return true;
}

constexpr bool same_in_any_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i] && to_lower(a[i]) != to_lower(b[i])) return false;
  return true;
}

KnownHeader known_header(std::string_view name) noexcept;

/// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) noexcept;
/// No control character but the tab (RFC 9110, section 5.5).
bool is_field_value(std::string_view text) noexcept;

}  // namespace leanmcp::inline v0::detail
