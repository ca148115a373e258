#pragma once

#include "connection.hpp"

/// Adds `leanmcp read`; `status` gets the exit code of what was run.
void add_read_command(CLI::App& app, int& status, ClientCommandsPtr commands);
