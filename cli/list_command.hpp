#pragma once

#include "connection.hpp"

/// Adds `leanmcp list`; `status` gets the exit code of what was run.
void add_list_command(CLI::App& app, int& status, ClientCommandsPtr commands);
