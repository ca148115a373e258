#pragma once

#include <leanmcp/auth/jwt_provider.hpp>

#include <boost/json.hpp>

#include <functional>
#include <string>
#include <string_view>

// How profiles are asked for. Not for users.
namespace leanmcp::inline v0::detail {

/// Makes a user of the token's claims with the profile's put over them.
using ShapeUser = std::function<AuthUser(const Principal&, const json::object& merged)>;

/// GET with the token at a userinfo endpoint (OpenID Connect Core 1.0, section 5.3). The subject must be the token's
/// `sub` or the principal's id, or the answer is another person's. 401 is INVALID_TOKEN.
void look_up_userinfo(const Fetcher& fetcher, const std::string& url, const Principal& principal,
                      std::string_view token, ShapeUser shape, JwtProvider::UserDone done);

/// The principal's claims with the profile's members over them.
json::object merged_claims(const Principal& principal, const json::object& profile);

/// The claims' audiences for a sentence: "[account]".
std::string audiences(const json::object& claims);

}  // namespace leanmcp::inline v0::detail
