#pragma once

#include <CLI/CLI.hpp>

/// Adds `leanmcp completion`, which writes a shell's completion of all commands that `app` has by then; last of all.
void add_completion_command(CLI::App& app);
