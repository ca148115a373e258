#pragma once

#include "connection.hpp"

/// Adds `leanmcp call`; `status` gets the exit code of what was run.
void add_call_command(CLI::App& app, int& status, ClientCommandsPtr commands);
