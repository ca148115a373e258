#include "schema_command.hpp"

#include "lines.hpp"

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/schema_validator.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <iostream>
#include <memory>

namespace json = boost::json;
using leanmcp::Error;
using leanmcp::Result;

namespace {

struct SchemaArguments {
  std::string schema;
  std::string instance;
  bool lines = false;
  bool as_json = false;
};

json::object refused_instance(std::string_view why) {
  json::array errors;
  errors.push_back({{"path", ""}, {"message", why}});
  return {{"valid", false}, {"errors", std::move(errors)}};
}

/// `{"valid","errors":[{"path","message"}]}`. Nothing fits a schema that cannot be used: one error says why.
json::object verdict_on(const json::value& schema, const json::value& instance) {
  const auto compiled = leanmcp::SchemaValidator::compile(schema);
  if (!compiled) {
    const std::string& place = compiled.error().pointer;
    return refused_instance("the schema cannot be used: " + compiled.error().message + " (at " +
                            (place.empty() ? "its root" : place) + ")");
  }
  json::array errors;
  for (const auto& fault : compiled->validate(instance))
    errors.push_back({{"path", fault.instance_path}, {"message", fault.message}});
  const bool valid = errors.empty();
  return {{"valid", valid}, {"errors", std::move(errors)}};
}

Result<json::object> validate_line(const json::object& line) {
  const json::value* const schema = line.if_contains("schema");
  const json::value* const instance = line.if_contains("instance");
  if (!schema) return Error("\"schema\" is missing");
  if (!instance) return Error("\"instance\" is missing");
  return verdict_on(*schema, *instance);
}

Result<json::value> read_json(const std::string& path) {
  const auto text = read_whole(path);
  if (!text) return text.error();
  leanmcp::ParseLimits limits;
  limits.bytes = text->size();
  auto parsed = leanmcp::parse_json(*text, limits);
  if (!parsed) return Error(path + " is not JSON");
  return std::move(*parsed);
}

int validate_instance(const SchemaArguments& arguments) {
  if (arguments.lines) return answer_lines(std::cin, std::cout, validate_line, refused_instance);
  if (arguments.schema.empty() || arguments.instance.empty())
    return usage_error("Name a schema file and an instance file (- for standard input), or use --jsonl");
  const auto schema = read_json(arguments.schema);
  if (!schema) return usage_error(schema.error().message());
  const auto instance = read_json(arguments.instance);
  if (!instance) return usage_error(instance.error().message());
  const json::object verdict = verdict_on(*schema, *instance);
  const bool valid = verdict.at("valid").as_bool();
  if (arguments.as_json) {
    std::cout << leanmcp::json_text(verdict) << '\n';
  } else if (valid) {
    std::cout << "valid\n";
  } else {
    for (const json::value& error : verdict.at("errors").as_array()) {
      const std::string_view path = error.at("path").as_string();
      std::cout << (path.empty() ? "" : std::string(path) + " ") << std::string_view(error.at("message").as_string())
                << '\n';
    }
  }
  return valid ? 0 : 1;
}

}  // namespace

void add_schema_command(CLI::App& app, int& status) {
  CLI::App* const group = app.add_subcommand("schema", "JSON Schema 2020-12");
  group->require_subcommand(1);
  const auto arguments = std::make_shared<SchemaArguments>();
  CLI::App* const command =
      group->add_subcommand("validate", "Checks a JSON document against a schema; nothing is fetched");
  command->add_option("SCHEMA", arguments->schema, "File with the schema, - for standard input");
  command->add_option("INSTANCE", arguments->instance, "File with the document, - for standard input");
  command->add_flag("--json", arguments->as_json, "Print the verdict as JSON");
  command->add_flag("--jsonl", arguments->lines,
                    R"(Read lines {"schema":…,"instance":…}, write {"valid","errors":[{"path","message"}]})");
  command->footer(
      "Exit code: 0 valid, 1 not valid, 2 wrong usage.\n"
      "Examples:\n"
      "  leanmcp schema validate schema.json document.json\n"
      "  echo '{\"schema\":{\"type\":\"integer\"},\"instance\":2.5}' | leanmcp schema validate --jsonl");
  command->callback([arguments, &status] { status = validate_instance(*arguments); });
}
