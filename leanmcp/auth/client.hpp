#pragma once

// Signing in to MCP servers: the OAuth client, how a person gets to the sign-in page and back, and where tokens are
// kept.

#include <leanmcp/oauth/client/browser_launch.hpp>
#include <leanmcp/oauth/client/file_token_store.hpp>
#include <leanmcp/oauth/client/keyring_token_store.hpp>
#include <leanmcp/oauth/client/loopback_listener.hpp>
#include <leanmcp/oauth/client/oauth_client.hpp>
