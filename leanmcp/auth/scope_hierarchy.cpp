#include <leanmcp/auth/scope_hierarchy.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

void ScopeHierarchy::implies(const std::string& scope, const std::vector<std::string>& others) {
  implied_[scope].insert(others.begin(), others.end());
  // Closed at once, so that looking up needs no walk.
  for (bool grown = true; grown;) {
    grown = false;
    for (auto& [above, below] : implied_) {
      const auto before = below.size();
      for (const std::string& word : std::vector<std::string>(below.begin(), below.end()))
        if (const auto further = implied_.find(word); further != implied_.end())
          below.insert(further->second.begin(), further->second.end());
      grown = grown || below.size() != before;
    }
  }
}

bool ScopeHierarchy::grants(const std::vector<std::string>& held, std::string_view needed) const {
  return std::any_of(held.begin(), held.end(), [&](const std::string& scope) {
    if (scope == needed) return true;
    const auto below = implied_.find(scope);
    return below != implied_.end() && below->second.contains(needed);
  });
}

}  // namespace leanmcp::inline v0
