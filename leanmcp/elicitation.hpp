#pragma once

// Asking the user by a declared form.

#include <leanmcp/elicitation/elicitation.hpp>
