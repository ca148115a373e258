// What the official conformance suite expects of a client: "everything-client URL", the scenario in the environment.

#include "scenarios.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>

using namespace leanmcp;

namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: everything-client URL\n";
    return 2;
  }
  Scenarios scenarios;
  add_protocol_scenarios(scenarios);
  add_auth_scenarios(scenarios);

  ScenarioInput input;
  input.url = argv[1];
  input.name = variable("MCP_CONFORMANCE_SCENARIO");
  input.context = variable("MCP_CONFORMANCE_CONTEXT");
  input.options.name("leanmcp-everything-client", "1.0.0");
  input.options.logger(Logger([](LogLevel, std::string_view line) { std::cerr << line << '\n'; }, LogLevel::debug));
  if (const auto revision = parse_version(variable("MCP_CONFORMANCE_PROTOCOL_VERSION"))) {
    std::vector<Version> wanted{*revision};
    // A legacy server may settle for an older revision than the one that is asked for.
    for (const Version version : supported_versions)
      if (!is_modern(*revision) && version < *revision) wanted.push_back(version);
    input.options.versions(std::move(wanted));
  }

  const auto scenario = scenarios.find(input.name);
  if (scenario == scenarios.end()) {
    std::cerr << "no such scenario: " << input.name << '\n';
    return 2;
  }
  try {
    return scenario->second(input);
  } catch (const ClientException& failure) {
    std::cerr << to_string(failure.error().cause()) << ": " << failure.what() << '\n';
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
  }
  return 1;
}
