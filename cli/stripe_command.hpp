#pragma once

#include <CLI/CLI.hpp>

/// Adds `leanmcp stripe encode`; `status` gets the exit code of what was run.
void add_stripe_command(CLI::App& app, int& status);
