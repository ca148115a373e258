#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Turns a host into addresses by the system's resolver, for callers who must see all of them before they connect (see
/// ClientRequest::addresses). Thread-safe; copies share the bound on lookups.
class HostResolver {
 public:
  /// At most so many lookups under way; the system's cannot be cut short, so that one nobody waits for still counts.
  explicit HostResolver(std::size_t at_once = 16);

  /// Literal addresses without brackets, none when there are none, the time runs out, or too many lookups are under
  /// way. A host that is an address already, in whatever spelling, becomes that address. Blocks.
  std::vector<std::string> addresses(const std::string& host, std::chrono::milliseconds patience) const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

/// Whether a literal address is globally reachable: what AddressPolicy::public_only connects to. False for anything
/// that is no address.
bool is_public_address(std::string_view literal);

}  // namespace leanmcp::inline v0
