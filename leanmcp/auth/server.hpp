#pragma once

// An authorization server of your own, alone or beside an MCP server: how people sign in elsewhere, what is protected,
// and how an MCP server in the same process takes its tokens.

#include <leanmcp/oauth/server/oauth_server.hpp>
#include <leanmcp/oauth/server/own_tokens.hpp>
#include <leanmcp/oauth/server/upstreams.hpp>
