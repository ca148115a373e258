#pragma once

#include <CLI/CLI.hpp>

/// Adds `leanmcp schema validate`; `status` gets the exit code of what was run.
void add_schema_command(CLI::App& app, int& status);
