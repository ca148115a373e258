#pragma once

#include <leanmcp/auth/cognito.hpp>
#include <leanmcp/auth/user_lookup.hpp>

#include <string>

// The user pools API (Amazon Cognito Identity Provider, API reference), unsigned operations. Not for users.
namespace leanmcp::inline v0 {

/// GetUser with the caller's own access token. NotAuthorizedException and UserNotFoundException are INVALID_TOKEN: the
/// token was revoked or the user is gone.
void cognito_get_user(const Fetcher& fetcher, const std::string& api, const Principal& principal,
                      const std::string& token, detail::ShapeUser shape, JwtProvider::UserDone done);

/// InitiateAuth or GetTokensFromRefreshToken.
void cognito_refresh(const Fetcher& fetcher, const std::string& api, CognitoRefresh way, const RefreshRequest& request,
                     const std::string& client, const Secret& secret, JwtProvider::TokensDone done);

}  // namespace leanmcp::inline v0
