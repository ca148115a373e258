#pragma once

#include <leanmcp/base/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// What programs make of the texts of their settings. The library itself reads none.

/// The items of a list with commas, such as `a, b`: without blanks around them, and without empty ones.
std::vector<std::string> comma_list(std::string_view text);

/// A TCP port, 0 to 65535; `unset` for an empty text. The error says what is wrong, not which setting it was.
Result<std::uint16_t> port_number(std::string_view text, std::uint16_t unset);

/// A URL that paths are put behind: `text`, or `unset` where it is empty, without slashes at the end.
std::string base_url(std::string_view text, std::string_view unset);

}  // namespace leanmcp::inline v0
