#pragma once

#include <leanmcp/auth/provider.hpp>
#include <leanmcp/oauth/server/oauth_server.hpp>

#include <memory>
#include <string>

namespace leanmcp::inline v0 {

/// For an MCP server in the same process: takes this server's access tokens for `resource`, one of the APIs it
/// protects, without any network. Keys and profiles are read where they are; who is signed in through which provider is
/// in the principal's id ("github:4711"). Already told what it protects: `publish_metadata` is all that is left to do.
///
/// After `OAuthServer::init`; the server must be there as long as the provider is used.
std::shared_ptr<AuthProvider> own_tokens(OAuthServer& server, const std::string& resource);

/// The access token that the caller's own provider gave when they signed in, for what a tool does there in their name;
/// refreshed where it ran out. Never to be passed on to the MCP side. Blocks: in a plain function, or on a worker. The
/// error says what to tell the caller.
Result<Secret> upstream_token(OAuthServer& server, const Principal& caller);

}  // namespace leanmcp::inline v0
