#include <leanmcp/oauth/server/upstream.hpp>

namespace leanmcp::inline v0 {

std::string_view to_string(UpstreamFault fault) noexcept {
  switch (fault) {
    case UpstreamFault::unreachable:
      return "the provider cannot be reached";
    case UpstreamFault::denied:
      return "the provider says no";
    case UpstreamFault::refused:
      return "the provider refuses the code or token";
    case UpstreamFault::malformed:
      return "the provider's answer is of no use";
    case UpstreamFault::bad_id_token:
      return "the ID token is not good";
    case UpstreamFault::wrong_issuer:
      return "the answer is of another issuer";
    case UpstreamFault::no_identity:
      return "the provider names no person";
    case UpstreamFault::other_person:
      return "the profile is somebody else's";
  }
  return "";
}

}  // namespace leanmcp::inline v0
