#pragma once

#include <algorithm>
#include <string>

namespace leanmcp::inline v0::detail {

/// Takes the line ends out of a JSON text. Where it has any they stand between its parts, from an author that wrote
/// it over several lines; on stdio and in events a line's end would be the message's.
inline void make_one_line(std::string& json) {
  const auto is_end = [](char c) { return c == '\n' || c == '\r'; };
  if (std::any_of(json.begin(), json.end(), is_end)) std::replace_if(json.begin(), json.end(), is_end, ' ');
}

}  // namespace leanmcp::inline v0::detail
