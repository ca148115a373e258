#include "form_prompt.hpp"

#include "web_address.hpp"

#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/schema_validator.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <optional>
#include <vector>

namespace json = boost::json;

namespace {

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

struct Choice {
  std::string value;
  std::string title;
};

/// The choices of an enumeration in either shape: `enum` (with `enumNames`), or `oneOf`/`anyOf` of `const` and `title`.
std::vector<Choice> choices_of(const json::object& schema) {
  std::vector<Choice> choices;
  if (const json::value* const values = schema.if_contains("enum"); values && values->is_array()) {
    const json::value* const names = schema.if_contains("enumNames");
    for (const json::value& value : values->get_array()) {
      if (!value.is_string()) continue;
      Choice choice{std::string(value.get_string()), std::string(value.get_string())};
      const std::size_t at = choices.size();
      if (names && names->is_array() && at < names->get_array().size() && names->get_array()[at].is_string())
        choice.title = std::string(names->get_array()[at].get_string());
      choices.push_back(std::move(choice));
    }
    return choices;
  }
  for (const char* const list : {"oneOf", "anyOf"}) {
    const json::value* const entries = schema.if_contains(list);
    if (!entries || !entries->is_array()) continue;
    for (const json::value& entry : entries->get_array()) {
      if (!entry.is_object()) continue;
      Choice choice{text_of(entry.get_object(), "const"), text_of(entry.get_object(), "title")};
      if (choice.title.empty()) choice.title = choice.value;
      choices.push_back(std::move(choice));
    }
  }
  return choices;
}

std::string kind_of(const json::object& schema) {
  const std::string format = text_of(schema, "format");
  if (format == "email") return "an email address";
  if (format == "uri") return "a URL";
  if (format == "date") return "a date, such as 2026-11-24";
  if (format == "date-time") return "a time, such as 2026-11-24T09:30:00Z";
  const std::string type = text_of(schema, "type");
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  return "";
}

/// The number (from 1) or the value of a choice.
std::optional<std::string> chosen(const std::vector<Choice>& choices, std::string_view text) {
  for (std::size_t i = 0; i < choices.size(); ++i)
    if (text == choices[i].value || text == choices[i].title || text == std::to_string(i + 1)) return choices[i].value;
  return std::nullopt;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(',');
    std::string_view part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

/// What was typed as a value of the field's type, or nothing where it is none.
std::optional<json::value> read_value(const json::object& schema, const std::string& typed) {
  const std::string type = text_of(schema, "type");
  if (type == "integer" || type == "number") {
    auto parsed = leanmcp::parse_json(typed, leanmcp::ParseLimits());
    if (!parsed || !parsed->is_number()) return std::nullopt;
    return std::move(*parsed);
  }
  if (type == "boolean") {
    if (typed == "y" || typed == "yes" || typed == "true") return json::value(true);
    if (typed == "n" || typed == "no" || typed == "false") return json::value(false);
    return std::nullopt;
  }
  if (type == "array") {
    const json::value* const items = schema.if_contains("items");
    const auto choices = items && items->is_object() ? choices_of(items->get_object()) : std::vector<Choice>();
    json::array values;
    for (const std::string& part : split(typed)) {
      const auto value = choices.empty() ? std::optional(part) : chosen(choices, part);
      if (!value) return std::nullopt;
      values.emplace_back(*value);
    }
    return json::value(std::move(values));
  }
  if (const auto choices = choices_of(schema); !choices.empty()) {
    const auto value = chosen(choices, typed);
    if (!value) return std::nullopt;
    return json::value(*value);
  }
  return json::value(typed);
}

void show_choices(Terminal& terminal, const std::vector<Choice>& choices) {
  for (std::size_t i = 0; i < choices.size(); ++i)
    terminal.say("    " + std::to_string(i + 1) + "  " + shown(choices[i].title) +
                 (choices[i].title == choices[i].value ? "" : terminal.dim("  (" + shown(choices[i].value) + ")")));
}

std::string default_text(const json::value& value) {
  return value.is_string() ? shown(value.get_string()) : shown(leanmcp::json_text(value));
}

enum class Asked { answered, left_out, ended };

Asked ask_field(Terminal& terminal, std::string_view name, const json::object& schema, bool required,
                json::object& content) {
  const std::string title = text_of(schema, "title");
  const std::string description = text_of(schema, "description");
  const bool several = text_of(schema, "type") == "array";
  const json::value* const items = schema.if_contains("items");
  const auto choices = choices_of(several && items && items->is_object() ? items->get_object() : schema);
  const json::value* const preset = schema.if_contains("default");

  terminal.say("");
  terminal.say("  " + terminal.bold(shown(title.empty() ? name : title)) +
               (required ? "" : terminal.dim("  (may be left empty)")));
  if (!description.empty()) terminal.say("  " + shown(description));
  show_choices(terminal, choices);
  std::string hint = several ? "numbers, with commas" : choices.empty() ? kind_of(schema) : "a number";
  if (text_of(schema, "type") == "boolean") hint = "yes or no";
  std::string prompt = "  ";
  if (!hint.empty()) prompt += hint;
  if (preset) prompt += (hint.empty() ? "[" : " [") + default_text(*preset) + "]";
  prompt += "> ";

  const auto validator = leanmcp::SchemaValidator::compile(schema);
  for (;;) {
    const auto typed = terminal.ask(prompt);
    if (!typed) return Asked::ended;
    if (typed->empty() && preset) {
      content[name] = *preset;
      return Asked::answered;
    }
    if (typed->empty()) {
      if (!required) return Asked::left_out;
      terminal.say(terminal.warning("  This is needed."));
      continue;
    }
    auto value = read_value(schema, *typed);
    if (!value) {
      terminal.say(terminal.warning("  Please give " + (hint.empty() ? std::string("a value") : hint) + "."));
      continue;
    }
    const auto faults = validator ? validator->validate(*value) : std::vector<leanmcp::SchemaFault>();
    if (faults.empty()) {
      content[name] = std::move(*value);
      return Asked::answered;
    }
    for (const auto& fault : faults) terminal.say(terminal.warning("  " + shown(fault.message)));
  }
}

bool is_required(const json::object& schema, std::string_view name) {
  const json::value* const required = schema.if_contains("required");
  if (!required || !required->is_array()) return false;
  for (const json::value& entry : required->get_array())
    if (entry.is_string() && entry.get_string() == name) return true;
  return false;
}

}  // namespace

PersonsAnswer prompt_form(Terminal& terminal, std::string_view from, std::string_view message,
                          const json::object& requested_schema) {
  if (!terminal.interactive()) return {"cancel", ""};
  terminal.say("");
  terminal.say(terminal.bold(shown(from)) + " asks: " + shown(message, true));
  json::object content;
  const json::value* const properties = requested_schema.if_contains("properties");
  if (properties && properties->is_object()) {
    for (const auto& [name, schema] : properties->get_object()) {
      if (!schema.is_object()) continue;
      const Asked asked = ask_field(terminal, name, schema.get_object(), is_required(requested_schema, name), content);
      if (asked == Asked::ended) return {"cancel", ""};
    }
  }
  terminal.say("");
  for (;;) {
    const auto answer = terminal.ask("Send this? (yes, no to decline, cancel) [yes] ");
    if (!answer || *answer == "c" || *answer == "cancel") return {"cancel", ""};
    if (*answer == "n" || *answer == "no") return {"decline", ""};
    if (answer->empty() || *answer == "y" || *answer == "yes") return {"accept", leanmcp::json_text(content)};
  }
}

PersonsAnswer prompt_url(Terminal& terminal, std::string_view from, std::string_view message, std::string_view url,
                         const std::function<bool(const std::string& url)>& open) {
  terminal.say("");
  terminal.say(terminal.bold(shown(from)) + " asks: " + shown(message, true));
  if (!check_address(terminal, url)) return {"decline", ""};
  show_address(terminal, url);
  if (!terminal.interactive()) return {"cancel", ""};
  const auto agreed = terminal.ask_yes_no("Open " + host_of(url) + " in the browser?", false);
  if (!agreed) return {"cancel", ""};
  if (!*agreed) return {"decline", ""};
  if (!open(std::string(url))) terminal.say("No browser could be started. Please open the address yourself.");
  return {"accept", ""};
}
