#pragma once

#include "connection.hpp"

/// Adds `leanmcp ping`; `status` gets the exit code of what was run.
void add_ping_command(CLI::App& app, int& status, ClientCommandsPtr commands);
