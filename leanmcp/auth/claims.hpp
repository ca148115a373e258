#pragma once

#include <leanmcp/json/fwd.hpp>
#include <leanmcp/server/principal.hpp>

#include <string>

namespace leanmcp::inline v0 {

/// The verified claims as a principal: `scope` or `scp` as text or list, the client id as the first of client_id, azp,
/// cid, appid. A token whose subject is its own client is a machine's.
Principal principal_from_claims(const std::string& provider, const json::object& claims);

/// The profile members of OpenID Connect Core 1.0, section 5.1, where the claims have them.
AuthUser user_from_claims(const Principal& principal, const json::object& claims);
/// Whether the claims already hold a profile, so that nobody needs to be asked.
bool has_profile(const json::object& claims);

}  // namespace leanmcp::inline v0
