#pragma once

#include <CLI/CLI.hpp>

/// Adds `leanmcp webhook sign|verify`; `status` gets the exit code of what was run.
void add_webhook_command(CLI::App& app, int& status);
