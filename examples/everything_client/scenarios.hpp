#pragma once

#include <leanmcp/client.hpp>

#include <map>
#include <string>

/// What a scenario gets from the suite's runner.
struct ScenarioInput {
  std::string url;
  std::string name;
  /// `MCP_CONFORMANCE_CONTEXT`: the text of a JSON object, or empty.
  std::string context;
  /// Options with the revision that the runner wants.
  leanmcp::ClientOptions options;
};

/// Plays one scenario; the exit code, or an exception that says what went wrong.
using Scenario = int (*)(const ScenarioInput& input);
using Scenarios = std::map<std::string, Scenario>;

// Each file adds its own.
void add_protocol_scenarios(Scenarios& scenarios);
void add_auth_scenarios(Scenarios& scenarios);
