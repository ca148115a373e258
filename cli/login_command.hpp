#pragma once

#include <CLI/CLI.hpp>

/// Adds `leanmcp login`; `status` gets the exit code of what was run.
void add_login_command(CLI::App& app, int& status);
