#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Which scopes stand for others: who has "admin" may do what "read" allows. Transitive; cycles do no harm.
/// Thread-safe once set up.
class ScopeHierarchy {
 public:
  void implies(const std::string& scope, const std::vector<std::string>& others);
  bool empty() const noexcept { return implied_.empty(); }
  /// Whether one of the scopes held is the needed one or stands for it.
  bool grants(const std::vector<std::string>& held, std::string_view needed) const;

 private:
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> implied_;
};

}  // namespace leanmcp::inline v0
