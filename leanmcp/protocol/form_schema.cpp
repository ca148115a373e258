#include <leanmcp/protocol/form.hpp>
#include <leanmcp/protocol/form_kinds.hpp>
#include <leanmcp/protocol/form_values.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {
namespace {

using detail::shown;

/// Who reads a schema: a client of the oldest form mode, of the present one, or a caller of the tool.
enum class Reader { client_2025_06_18, client, tool };

bool is_titled(const FormField& field) {
  return std::ranges::any_of(field.options, [](const FormOption& o) { return shown(o) != o.value; });
}

json::array option_values(const FormField& field) {
  json::array values;
  values.reserve(field.options.size());
  for (const FormOption& option : field.options) values.emplace_back(option.value);
  return values;
}

json::array option_titles(const FormField& field) {
  json::array titles;
  titles.reserve(field.options.size());
  for (const FormOption& option : field.options) titles.emplace_back(shown(option));
  return titles;
}

/// SEP-1330: `[{"const":…,"title":…}]`.
json::array titled_options(const FormField& field) {
  json::array options;
  options.reserve(field.options.size());
  for (const FormOption& option : field.options)
    options.push_back(json::object{{"const", option.value}, {"title", shown(option)}});
  return options;
}

/// "monthly (Monthly - $9.99), yearly (Yearly - $99)"
std::string listed_options(const FormField& field) {
  std::string text;
  for (const FormOption& option : field.options) {
    if (!text.empty()) text += ", ";
    text += option.value;
    if (shown(option) != option.value) text += " (" + option.label + ")";
  }
  return text;
}

void append_sentence(std::string& text, std::string_view sentence) {
  if (sentence.empty()) return;
  if (!text.empty()) {
    if (std::string_view(".!?:;").find(text.back()) == std::string_view::npos) text += '.';
    text += ' ';
  }
  text += sentence;
}

/// The wire knows one text per field: description, help and placeholder go into it.
std::string folded_description(const FormField& field, Reader reader) {
  std::string text = field.description;
  append_sentence(text, field.help);
  // A form should carry no link that clients might make clickable (2026-07-28, Elicitation, Safe URL Handling).
  if (!field.placeholder.empty() && field.placeholder.find("://") == std::string::npos)
    append_sentence(text, "Example: " + field.placeholder);
  if (field.type == FieldType::multiselect && reader == Reader::client_2025_06_18)
    append_sentence(text, "Any of these, separated by commas: " + listed_options(field));
  if (reader == Reader::tool && is_titled(field))
    append_sentence(text, (field.type == FieldType::select ? "One of: " : "Any of: ") + listed_options(field));
  return text;
}

std::string_view json_type(const FormField& field, Reader reader) {
  switch (field.type) {
    case FieldType::number:
      return "number";
    case FieldType::integer:
      return "integer";
    case FieldType::boolean:
      return "boolean";
    case FieldType::multiselect:
      return reader == Reader::client_2025_06_18 ? "string" : "array";
    default:
      return "string";
  }
}

std::string_view json_format(FieldType type) {
  switch (type) {
    case FieldType::date:
      return "date";
    case FieldType::datetime:
      return "date-time";
    case FieldType::email:
      return "email";
    case FieldType::url:
      return "uri";
    default:
      return {};
  }
}

void add_choices(json::object& schema, const FormField& field, Reader reader) {
  const bool titled = is_titled(field);
  if (field.type == FieldType::select) {
    if (reader == Reader::tool || !titled) {
      schema["enum"] = option_values(field);
    } else if (reader == Reader::client && !field.legacy_titles) {
      schema["oneOf"] = titled_options(field);
    } else {
      schema["enum"] = option_values(field);
      schema["enumNames"] = option_titles(field);
    }
  } else if (field.type == FieldType::multiselect && reader != Reader::client_2025_06_18) {
    // An empty list is no answer to a required field, as an empty text is none.
    const std::size_t least = std::max<std::size_t>(field.min_items.value_or(0), field.required ? 1 : 0);
    if (least > 0) schema["minItems"] = least;
    if (field.max_items) schema["maxItems"] = *field.max_items;
    if (reader == Reader::tool) schema["uniqueItems"] = true;
    json::object items;
    if (reader == Reader::client && titled) {
      items["anyOf"] = titled_options(field);
    } else {
      items["type"] = "string";
      items["enum"] = option_values(field);
    }
    schema["items"] = std::move(items);
  }
}

json::object field_schema(const FormField& field, Reader reader) {
  json::object schema;
  schema["type"] = json_type(field, reader);
  if (!field.label.empty()) schema["title"] = field.label;
  if (std::string text = folded_description(field, reader); !text.empty()) schema["description"] = text;
  if (const auto format = json_format(field.type); !format.empty()) schema["format"] = format;
  if (field.min_length) schema["minLength"] = *field.min_length;
  if (field.max_length) schema["maxLength"] = *field.max_length;
  if (field.min) schema["minimum"] = detail::bound_to_json(*field.min);
  if (field.max) schema["maximum"] = detail::bound_to_json(*field.max);
  if (reader == Reader::tool && !field.pattern.empty()) schema["pattern"] = field.pattern;
  add_choices(schema, field, reader);
  // 2025-06-18 has a default for booleans only; SEP-1034 gave one to the others.
  if (!field.default_value.empty() && (reader != Reader::client_2025_06_18 || field.type == FieldType::boolean))
    schema["default"] = detail::to_json(field.default_value);
  return schema;
}

json::object describe_rules(const FormField& field) {
  json::object rules;
  if (field.min) rules["min"] = detail::bound_to_json(*field.min);
  if (field.max) rules["max"] = detail::bound_to_json(*field.max);
  if (field.min_length) rules["minLength"] = *field.min_length;
  if (field.max_length) rules["maxLength"] = *field.max_length;
  if (field.min_items) rules["minItems"] = *field.min_items;
  if (field.max_items) rules["maxItems"] = *field.max_items;
  if (!field.pattern.empty()) rules["pattern"] = field.pattern;
  const std::string& message = field.pattern_error.empty() ? field.error_text : field.pattern_error;
  if (!message.empty()) rules["errorMessage"] = message;
  return rules;
}

json::object describe(const FormField& field) {
  json::object described{
      {"name", field.name}, {"type", to_string(field.type)}, {"label", shown(field)}, {"required", field.required}};
  if (!field.description.empty()) described["description"] = field.description;
  if (!field.help.empty()) described["helpText"] = field.help;
  if (!field.placeholder.empty()) described["placeholder"] = field.placeholder;
  if (!field.options.empty()) {
    json::array options;
    for (const FormOption& option : field.options)
      options.push_back(json::object{{"value", option.value}, {"label", shown(option)}});
    described["options"] = std::move(options);
  }
  if (!field.default_value.empty()) described["defaultValue"] = detail::to_json(field.default_value);
  if (json::object rules = describe_rules(field); !rules.empty()) described["validation"] = std::move(rules);
  if (field.ask_user) described["askUser"] = true;
  return described;
}

}  // namespace

json::object Form::requested_schema(Version version, const std::vector<std::string>& only_fields) const {
  const Reader reader = version >= Version::v2025_11_25 ? Reader::client : Reader::client_2025_06_18;
  json::object properties;
  json::array required;
  for (const FormField& field : fields_) {
    if (!detail::listed(only_fields, field.name)) continue;
    properties[field.name] = field_schema(field, reader);
    if (field.required) required.emplace_back(field.name);
  }
  json::object schema{{"type", "object"}};
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

json::object Form::property_schema(std::string_view name) const {
  const FormField* field = find_field(name);
  return field ? field_schema(*field, Reader::tool) : json::object();
}

json::array Form::describe_fields(const std::vector<std::string>& only_fields) const {
  json::array described;
  for (const FormField& field : fields_)
    if (detail::listed(only_fields, field.name)) described.push_back(describe(field));
  return described;
}

}  // namespace leanmcp::inline v0
