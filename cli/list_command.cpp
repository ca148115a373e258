#include "list_command.hpp"

#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <iostream>

using namespace leanmcp;

namespace {

/// The first line, as it may be shown.
std::string first_line(const std::string& text) { return shown(text.substr(0, text.find('\n'))); }

template <class T>
int add_entries(const ConnectionArguments& arguments, json::object& out, const char* name,
                const ClientResult<std::vector<T>>& found) {
  if (!found) return tell_failure(arguments, found.error());
  json::array list;
  for (const T& entry : *found) list.push_back(*entry.json);
  out[name] = std::move(list);
  return exit_ok;
}

template <class T, class Row>
int show_entries(const ConnectionArguments& arguments, const char* title, const ClientResult<std::vector<T>>& found,
                 const Row& row) {
  if (!found) return tell_failure(arguments, found.error());
  std::cout << title << " (" << found->size() << ")\n";
  std::vector<std::vector<std::string>> rows;
  for (const T& entry : *found) rows.push_back(row(entry));
  print_table(rows);
  return exit_ok;
}

int list_all(const ConnectionArguments& arguments, BlockingClient& client) {
  const ServerDescription& server = client.server();
  json::object out;
  int code = exit_ok;
  const auto described = [](const auto& entry) {
    return std::vector<std::string>{"  " + shown(entry.name),
                                    first_line(entry.description.empty() ? entry.title : entry.description)};
  };
  const auto at_uri = [](const ResourceInfo& entry) {
    return std::vector<std::string>{"  " + shown(entry.uri), first_line(entry.name), shown(entry.mime_type)};
  };
  const auto at_template = [](const TemplateInfo& entry) {
    return std::vector<std::string>{"  " + shown(entry.uri_template), first_line(entry.name), shown(entry.mime_type)};
  };
  const auto both = [&](const char* title, const char* name, const auto& found, const auto& row) {
    if (code != exit_ok) return;
    code = arguments.as_json ? add_entries(arguments, out, name, found) : show_entries(arguments, title, found, row);
  };
  if (server.has("tools")) both("Tools", "tools", client.list_tools(), described);
  if (server.has("prompts")) both("Prompts", "prompts", client.list_prompts(), described);
  if (server.has("resources")) {
    both("Resources", "resources", client.list_resources(), at_uri);
    both("Resource templates", "resourceTemplates", client.list_templates(), at_template);
  }
  if (code == exit_ok && arguments.as_json) print_json(out);
  return code;
}

}  // namespace

void add_list_command(CLI::App& app, int& status, ClientCommandsPtr commands) {
  CLI::App* const command = app.add_subcommand("list", "What a server offers: tools, prompts, resources");
  const auto arguments = std::make_shared<ConnectionArguments>();
  add_connection_options(*command, *arguments, "");
  command->add_flag("--json", arguments->as_json, "Write one JSON object");
  command->footer("Examples:\n  leanmcp list https://example.com/mcp\n  leanmcp list --stdio -- node server.js");
  command->callback([arguments, commands, &status] {
    status = run_connected(*arguments, *commands, 0, 0,
                           [&](const auto&, BlockingClient& client) { return list_all(*arguments, client); });
  });
}
