#pragma once

#include <cstddef>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// The length that JSON Schema counts (Validation 2020-12, section 6.3.1). `text` is well-formed UTF-8.
inline std::size_t code_points(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

}  // namespace leanmcp::inline v0::detail
