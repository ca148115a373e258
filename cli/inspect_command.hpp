#pragma once

#include "connection.hpp"

/// Adds `leanmcp inspect`; `status` gets the exit code of what was run.
void add_inspect_command(CLI::App& app, int& status, ClientCommandsPtr commands);
