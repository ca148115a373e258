#pragma once

#include "connection.hpp"

/// Adds `leanmcp discover`; `status` gets the exit code of what was run.
void add_discover_command(CLI::App& app, int& status, ClientCommandsPtr commands);
