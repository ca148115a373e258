#pragma once

#include <leanmcp/oauth/server/core.hpp>

#include <string_view>

namespace leanmcp::inline v0::as {

/// `client_assertion_type` (RFC 7523, section 2.2).
inline constexpr std::string_view jwt_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client that proves itself with a signed JWT (private_key_jwt): `client_assertion` and its type are in the form,
/// and no other way of authentication is. The assertion names the client as issuer and subject, this server's issuer as
/// its one audience (a string, RFC 7523bis), ends within five minutes and is good once, across instances.
/// `invalid_client` whatever is wrong.
Result<AuthenticatedClient, OAuthError> check_client_assertion(Core& core, const Parameters& form,
                                                               std::string_view peer, TimePoint now);

/// The algorithms assertions may have, for the metadata.
std::vector<std::string> assertion_algorithms();

}  // namespace leanmcp::inline v0::as
