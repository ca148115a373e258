#pragma once

#include <CLI/CLI.hpp>

/// Adds `leanmcp whoami`; `status` gets the exit code of what was run.
void add_whoami_command(CLI::App& app, int& status);
