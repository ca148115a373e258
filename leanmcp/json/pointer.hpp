#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// A member's name as a reference token of a JSON Pointer (RFC 6901, section 3).
inline std::string pointer_token(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

/// A place in a document, as a chain of frames on the stack: costs nothing until a fault needs its text.
struct JsonPlace {
  const JsonPlace* parent = nullptr;
  std::string_view key;
  std::size_t index = 0;
  bool is_index = false;

  /// The JSON Pointer (RFC 6901); empty for the whole document.
  std::string text() const {
    if (!parent) return "";
    return parent->text() + "/" + (is_index ? std::to_string(index) : pointer_token(key));
  }
};

}  // namespace leanmcp::inline v0
