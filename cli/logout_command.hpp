#pragma once

#include <CLI/CLI.hpp>

/// Adds `leanmcp logout`; `status` gets the exit code of what was run.
void add_logout_command(CLI::App& app, int& status);
