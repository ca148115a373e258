#pragma once

#include <CLI/CLI.hpp>

/// Adds `leanmcp sandbox`; `status` gets the exit code of what was run.
void add_sandbox_command(CLI::App& app, int& status);
