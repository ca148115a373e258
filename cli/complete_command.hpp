#pragma once

#include "connection.hpp"

/// Adds `leanmcp complete`; `status` gets the exit code of what was run.
void add_complete_command(CLI::App& app, int& status, ClientCommandsPtr commands);
