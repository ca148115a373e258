#pragma once

#include <CLI/CLI.hpp>

/// Adds `leanmcp jwt decode` and `leanmcp jwt verify`; `status` gets the exit code of what was run.
void add_jwt_command(CLI::App& app, int& status);
