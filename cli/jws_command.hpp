#pragma once

#include <CLI/CLI.hpp>

/// Adds `leanmcp jws verify` and `leanmcp jws sign`; `status` gets the exit code of what was run.
void add_jws_command(CLI::App& app, int& status);
