#pragma once

#include "connection.hpp"

/// Adds `leanmcp get`; `status` gets the exit code of what was run.
void add_get_command(CLI::App& app, int& status, ClientCommandsPtr commands);
