#include "inspect_command.hpp"

#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <iostream>

using namespace leanmcp;

namespace {

struct InspectArguments : ConnectionArguments {
  bool schemas = false;
};

std::string member_text(const json::object& object, std::string_view name) {
  const json::value* const member = object.if_contains(name);
  if (!member) return {};
  return member->is_string() ? std::string(member->get_string()) : json_text(*member);
}

/// `name*: type` of each property, the required ones with their star.
std::string parameters_of(const json::object& schema) {
  const json::value* const properties = schema.if_contains("properties");
  const json::value* const required = schema.if_contains("required");
  if (!properties || !properties->is_object()) return {};
  std::string out;
  for (const auto& [name, property] : properties->get_object()) {
    if (!out.empty()) out += ", ";
    out += shown(name);
    if (required && required->is_array())
      for (const json::value& one : required->get_array())
        if (one.is_string() && one.get_string() == name) out += '*';
    const std::string type = property.is_object() ? member_text(property.get_object(), "type") : std::string();
    if (!type.empty()) out += ": " + shown(type);
  }
  return out;
}

std::string hints_of(const ToolInfo& tool) {
  if (!tool.annotations) return {};
  std::string out;
  for (const auto& [name, value] : *tool.annotations)
    if (value.is_bool() && value.get_bool())
      out += (out.empty() ? "" : " ") + shown(name.substr(0, name.rfind("Hint")));
  return out;
}

void show_server(const ServerDescription& server) {
  std::cout << shown(server.title.empty() ? server.name : server.title) << ' ' << shown(server.version) << "\n"
            << "Revision: " << to_string(server.revision) << '\n'
            << "Capabilities:\n";
  for (const auto& [name, value] : *server.capabilities)
    std::cout << "  " << shown(name) << ' ' << shown(json_text(value)) << '\n';
  if (!server.instructions.empty()) std::cout << "Instructions: " << shown(server.instructions, true) << '\n';
}

void show_tools(const std::vector<ToolInfo>& tools, bool schemas) {
  std::vector<std::vector<std::string>> rows{{"TOOL", "PARAMETERS", "RESULT", "HINTS"}};
  for (const ToolInfo& tool : tools) {
    const std::string result = tool.output_schema ? parameters_of(*tool.output_schema) : "-";
    rows.push_back({shown(tool.name), parameters_of(*tool.input_schema), result, hints_of(tool)});
  }
  print_table(rows);
  if (!schemas) return;
  for (const ToolInfo& tool : tools) {
    std::cout << '\n'
              << shown(tool.name) << ": " << shown(tool.description, true) << '\n'
              << "  input  " << shown(json_text(*tool.input_schema)) << '\n';
    if (tool.output_schema) std::cout << "  output " << shown(json_text(*tool.output_schema)) << '\n';
  }
}

int inspect(const InspectArguments& arguments, BlockingClient& client) {
  const ServerDescription& server = client.server();
  std::vector<ToolInfo> tools;
  if (server.has("tools")) {
    auto found = client.list_tools();
    if (!found) return tell_failure(arguments, found.error());
    tools = std::move(*found);
  }
  if (!arguments.as_json) {
    show_server(server);
    show_tools(tools, arguments.schemas);
    return exit_ok;
  }
  json::object out;
  out["revision"] = to_string(server.revision);
  out["name"] = server.name;
  out["version"] = server.version;
  out["instructions"] = server.instructions;
  out["capabilities"] = *server.capabilities;
  json::array list;
  for (const ToolInfo& tool : tools) list.push_back(*tool.json);
  out["tools"] = std::move(list);
  return print_json(out);
}

}  // namespace

void add_inspect_command(CLI::App& app, int& status, ClientCommandsPtr commands) {
  CLI::App* const command = app.add_subcommand("inspect", "Capabilities, tools as a table, schemas");
  const auto arguments = std::make_shared<InspectArguments>();
  add_connection_options(*command, *arguments, "");
  command->add_flag("--schemas", arguments->schemas, "Show the schemas as well");
  command->add_flag("--json", arguments->as_json, "Write one JSON object");
  command->footer("Example:\n  leanmcp inspect https://example.com/mcp --schemas");
  command->callback([arguments, commands, &status] {
    status = run_connected(*arguments, *commands, 0, 0,
                           [&](const auto&, BlockingClient& client) { return inspect(*arguments, client); });
  });
}
