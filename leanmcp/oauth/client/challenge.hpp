#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// One challenge of a `WWW-Authenticate` header (RFC 9110, section 11.6.1).
class AuthenticateChallenge {
 public:
  /// In lower case: schemes and parameter names do not depend on case (RFC 9110, sections 11.1 and 11.2).
  std::string scheme;
  /// The one opaque value some schemes have instead of parameters; empty otherwise.
  std::string token68;
  /// Names in lower case, values with their quoting undone.
  std::vector<std::pair<std::string, std::string>> parameters;

  /// The value of the parameter, null when it is not there. `name` in lower case.
  const std::string* find(std::string_view name) const noexcept;
};

/// All challenges of the header's fields joined by commas. nullopt when the text is no such list, names a parameter of
/// one challenge twice, or is over 16 KiB or 16 challenges of 32 parameters.
std::optional<std::vector<AuthenticateChallenge>> parse_authenticate(std::string_view fields);

/// What a server that wants a token says (RFC 6750, section 3; RFC 9728, section 5.1; RFC 9449, section 7.1; RFC 9470,
/// section 3).
class TokenChallenge {
 public:
  bool bearer = false;
  bool dpop = false;
  std::string resource_metadata;
  std::string scope;
  std::string error;
  /// How the person is to be authenticated, and how many seconds ago that may have been at most. Empty unless they are
  /// what an authorization request can carry: up to 1,024 visible characters and spaces, up to nine digits.
  std::string acr_values;
  std::string max_age;
};

/// The Bearer and DPoP challenges of the list, taken together; the first value of each parameter counts.
TokenChallenge token_challenge(const std::vector<AuthenticateChallenge>& challenges);

}  // namespace leanmcp::inline v0
