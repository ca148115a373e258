#pragma once

#include <string>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// Whether an icon may come from there: an https: or data:image/ URI (2026-07-28, Overview, icons).
bool is_icon_source(std::string_view src);

/// What is wrong with a text that should be a JSON array of icons; empty when nothing is.
std::string icons_problem(std::string_view json_array);

}  // namespace leanmcp::inline v0::detail
