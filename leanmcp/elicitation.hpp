#pragma once

/// Asking the user: forms, pages to open, connections to other services.

#include <leanmcp/elicitation/connections.hpp>
#include <leanmcp/elicitation/elicitation.hpp>
#include <leanmcp/elicitation/once_store.hpp>
#include <leanmcp/elicitation/sign_in.hpp>
#include <leanmcp/server/context.hpp>
