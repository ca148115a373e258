#pragma once

#include <leanmcp/oauth/client/token_endpoint.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// What a client says of itself when it registers (RFC 7591, section 2).
class ClientDescription {
 public:
  std::string name = "MCP client";
  std::string redirect_uri;
  /// Space-separated; empty to leave it out.
  std::string scope;
  /// `native` for programs on a person's machine, `web` for servers (OpenID Connect Registration 1.0, section 2).
  std::string application_type = "native";
};

/// POST to the registration endpoint: code and refresh token grants, and the first way of authentication of ours that
/// the server lists (none where it says nothing).
ClientRequest registration_request(const AuthorizationServer& server, const ClientDescription& description);

/// 201 (or 200) with a `client_id`; a method that we can do, and the secret it needs.
Result<OAuthClientIdentity> read_registration(const HttpClient::Outcome& outcome);

}  // namespace leanmcp::inline v0
