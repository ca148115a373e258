#pragma once

#include <CLI/CLI.hpp>

/// Adds `leanmcp as clients|grants|keys|revoke|users`: administration of an authorization server over its database;
/// `status` gets the exit code of what was run.
void add_as_command(CLI::App& app, int& status);
