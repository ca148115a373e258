#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace leanmcp::inline v0::detail {

inline bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// With a blank between two of them, as scopes are written (RFC 6749, section 3.3).
inline std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out.append(out.empty() ? "" : " ").append(word);
  return out;
}

}  // namespace leanmcp::inline v0::detail
