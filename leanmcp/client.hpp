#pragma once

// Calling MCP servers: the client, its options and handlers, and the client for programs without an executor.

#include <leanmcp/client/authorizer.hpp>
#include <leanmcp/client/blocking_client.hpp>
#include <leanmcp/client/client.hpp>
