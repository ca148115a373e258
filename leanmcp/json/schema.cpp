#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/schema.hpp>

#include <leanmcp/json/bind.hpp>
#include <leanmcp/json/rule_check.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

namespace leanmcp::inline v0 {

namespace {

json::value bound(double value) {
  constexpr double integers = 9'007'199'254'740'992;
  if (std::fabs(value) <= integers && value == static_cast<double>(static_cast<std::int64_t>(value)))
    return json::value(static_cast<std::int64_t>(value));
  return json::value(value);
}

/// Struct types that contain themselves somewhere; they need a definition to refer to.
void find_recursive(const TypeInfo& type, std::vector<const TypeInfo*>& open, std::set<const TypeInfo*>& seen,
                    std::set<const TypeInfo*>& recursive) {
  switch (type.kind) {
    case TypeKind::optional:
    case TypeKind::array:
    case TypeKind::map: return find_recursive(type.inner(), open, seen, recursive);
    case TypeKind::variant:
      for (std::size_t i = 0; i < type.count; ++i) find_recursive(type.alternatives[i](), open, seen, recursive);
      return;
    case TypeKind::object:
      if (std::find(open.begin(), open.end(), &type) != open.end()) {
        recursive.insert(&type);
        return;
      }
      if (!seen.insert(&type).second) return;
      open.push_back(&type);
      for (std::size_t i = 0; i < type.count; ++i) find_recursive(type.fields[i].type(), open, seen, recursive);
      open.pop_back();
      return;
    default: return;
  }
}

/// Which of JSON's types a value of the type may be written as, a bit each.
unsigned json_types(const TypeInfo& type) {
  switch (type.kind) {
    case TypeKind::boolean:
      return 1;
    case TypeKind::integer:
    case TypeKind::number:
      return 2;
    case TypeKind::string:
    case TypeKind::enumeration:
    case TypeKind::date_time:
      return 4;
    case TypeKind::array:
      return 8;
    case TypeKind::map:
    case TypeKind::object:
      return 16;
    case TypeKind::optional:
      return 32 | json_types(type.inner());
    case TypeKind::variant: {
      unsigned types = 0;
      for (std::size_t i = 0; i < type.count; ++i) types |= json_types(type.alternatives[i]());
      return types;
    }
    case TypeKind::any:
      break;
  }
  return 63;
}

/// Whether no value can be of two alternatives.
bool exclusive(const TypeInfo& variant) {
  unsigned seen = 0;
  for (std::size_t i = 0; i < variant.count; ++i) {
    const unsigned types = json_types(variant.alternatives[i]());
    if ((seen & types) != 0) return false;
    seen |= types;
  }
  return true;
}

class Generator {
 public:
  Generator(const TypeInfo& root, const FieldRules& rules, SchemaPurpose purpose) : rules_(rules), purpose_(purpose) {
    std::vector<const TypeInfo*> open;
    std::set<const TypeInfo*> seen;
    std::set<const TypeInfo*> recursive;
    find_recursive(root, open, seen, recursive);
    for (const TypeInfo* const type : recursive) names_[type] = "T" + std::to_string(names_.size());
  }

  Result<json::object> run(const TypeInfo& root) {
    json::object out = shape(root, nullptr);
    for (const auto& [type, name] : names_) {
      json::value& definitions = out["$defs"];
      if (!definitions.is_object()) definitions = json::object();
      definitions.get_object()[name] = object(*type);
    }
    if (!problem_.empty()) return Error(problem_);
    if (names_.contains(&root)) {
      // A root must say it is an object; the definition is repeated rather than referred to.
      json::object whole = object(root);
      whole["$defs"] = std::move(out["$defs"]);
      return whole;
    }
    return out;
  }

 private:
  json::object shape(const TypeInfo& type, const FieldRule* rule) {
    json::object out;
    switch (type.kind) {
      case TypeKind::any: break;
      case TypeKind::boolean: out["type"] = "boolean"; break;
      case TypeKind::integer:
        out["type"] = "integer";
        integer_range(type, out);
        break;
      case TypeKind::number: out["type"] = "number"; break;
      case TypeKind::string: out["type"] = "string"; break;
      case TypeKind::enumeration: {
        out["type"] = "string";
        json::array names;
        for (std::size_t i = 0; i < type.count; ++i) names.push_back(json::value(type.enumerators[i].name));
        out["enum"] = std::move(names);
        break;
      }
      case TypeKind::optional: {
        // A member that is not there is left out; an element, entry or alternative has to say so.
        json::array choices;
        choices.push_back(shape(type.inner(), nullptr));
        json::object nothing;
        nothing["type"] = "null";
        choices.push_back(std::move(nothing));
        out["anyOf"] = std::move(choices);
        break;
      }
      case TypeKind::array:
        out["type"] = "array";
        out["items"] = shape(type.inner(), nullptr);
        break;
      case TypeKind::map:
        out["type"] = "object";
        out["additionalProperties"] = shape(type.inner(), nullptr);
        break;
      case TypeKind::variant: {
        json::array alternatives;
        for (std::size_t i = 0; i < type.count; ++i) alternatives.push_back(shape(type.alternatives[i](), nullptr));
        // A result may fit a second alternative as well: 1 is an integer and a number.
        out[purpose_ == SchemaPurpose::input || exclusive(type) ? "oneOf" : "anyOf"] = std::move(alternatives);
        break;
      }
      case TypeKind::date_time:
        out["type"] = "string";
        out["format"] = "date-time";
        break;
      case TypeKind::object:
        if (const auto named = names_.find(&type); named != names_.end()) {
          out["$ref"] = "#/$defs/" + named->second;
        } else {
          out = object(type);
        }
        break;
    }
    if (rule) decorate(type, *rule, out);
    return out;
  }

  static void integer_range(const TypeInfo& type, json::object& out) {
    // 64-bit ranges are left out: most readers of a schema could not represent their ends.
    if (type.bytes == 8) {
      if (!type.is_signed) out["minimum"] = 0;
      return;
    }
    const std::int64_t span = std::int64_t{1} << (type.bytes * 8);
    out["minimum"] = type.is_signed ? -span / 2 : 0;
    out["maximum"] = type.is_signed ? span / 2 - 1 : span - 1;
  }

  json::object object(const TypeInfo& type) {
    json::object out;
    out["type"] = "object";
    json::object properties;
    json::array required;
    for (std::size_t i = 0; i < type.count; ++i) {
      const FieldInfo& field = type.fields[i];
      const FieldRule* const rule = find_rule(rules_, field);
      if (rule) note(field, rule_problem(type, field, *rule, rules_));
      if (purpose_ == SchemaPurpose::input && rule && rule->only_user) continue;
      const TypeInfo& value = field.type();
      json::object property = shape(value.kind == TypeKind::optional ? value.inner() : value, rule);
      if (needs(type, field, rule)) {
        required.push_back(json::value(field.name));
      } else if (purpose_ == SchemaPurpose::input) {
        add_default(type, field, rule, property);
      }
      properties[field.name] = std::move(property);
    }
    out["properties"] = std::move(properties);
    if (!required.empty()) out["required"] = std::move(required);
    if (purpose_ == SchemaPurpose::input) out["additionalProperties"] = false;
    return out;
  }

  bool needs(const TypeInfo& type, const FieldInfo& field, const FieldRule* rule) const {
    if (field.type().kind == TypeKind::optional) return false;
    if (purpose_ == SchemaPurpose::output) return true;
    if (rule && (rule->may_be_absent || !rule->default_json.empty())) return false;
    return !has_default(type, field);
  }

  void add_default(const TypeInfo& type, const FieldInfo& field, const FieldRule* rule, json::object& property) {
    if (rule && !rule->default_json.empty()) {
      if (auto value = parse_json(rule->default_json, ParseLimits())) property["default"] = std::move(*value);
      return;
    }
    if (field.type().kind != TypeKind::optional && has_default(type, field))
      property["default"] = to_json(field.type(), field.at(type.default_object()));
  }

  void decorate(const TypeInfo& type, const FieldRule& rule, json::object& out) {
    const TypeInfo* value = &type;
    while (value->kind == TypeKind::optional) value = &value->inner();
    if (!rule.title.empty()) out["title"] = rule.title;
    if (!rule.description.empty()) out["description"] = rule.description;
    if (rule.minimum) out["minimum"] = bound(*rule.minimum);
    if (rule.maximum) out["maximum"] = bound(*rule.maximum);
    if (rule.exclusive_minimum) out["exclusiveMinimum"] = bound(*rule.exclusive_minimum);
    if (rule.exclusive_maximum) out["exclusiveMaximum"] = bound(*rule.exclusive_maximum);
    if (rule.min_length) out["minLength"] = *rule.min_length;
    if (rule.max_length) out["maxLength"] = *rule.max_length;
    const bool is_map = value->kind == TypeKind::map;
    if (rule.min_items) out[is_map ? "minProperties" : "minItems"] = *rule.min_items;
    if (rule.max_items) out[is_map ? "maxProperties" : "maxItems"] = *rule.max_items;
    if (!rule.pattern.empty()) out["pattern"] = rule.pattern;
    if (!rule.format.empty()) out["format"] = rule.format;
    if (!rule.examples.empty()) {
      auto examples = parse_json("[" + rule.examples + "]", ParseLimits());
      if (!examples) {
        problem_ = "the example of '" + rule.member + "' is no JSON";
      } else {
        out["examples"] = std::move(*examples);
      }
    }
    if (!rule.header.empty() && purpose_ == SchemaPurpose::input) out["x-mcp-header"] = rule.header;
  }

  void note(const FieldInfo& field, const std::string& what) {
    if (problem_.empty() && !what.empty()) problem_ = "the field '" + std::string(field.name) + "': " + what;
  }

  const FieldRules& rules_;
  const SchemaPurpose purpose_;
  std::map<const TypeInfo*, std::string> names_;
  std::string problem_;
};

bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

/// Visits every subschema; `reachable` while only `properties` lead there.
std::string header_problem(const json::value& schema, bool reachable, bool is_property, std::set<std::string>& names) {
  if (const json::array* const list = schema.if_array()) {
    for (const json::value& item : *list)
      if (auto problem = header_problem(item, false, false, names); !problem.empty()) return problem;
    return {};
  }
  const json::object* const object = schema.if_object();
  if (!object) return {};
  if (const json::value* const header = object->if_contains("x-mcp-header")) {
    if (!header->is_string() || !is_token(std::string_view(header->get_string())))
      return "x-mcp-header must be a header name (RFC 9110, token)";
    const std::string name(header->get_string());
    if (!reachable || !is_property) return "x-mcp-header '" + name + "' is not on a property reached by properties only";
    const json::value* const type = object->if_contains("type");
    if (!type || (*type != "string" && *type != "integer" && *type != "boolean"))
      return "x-mcp-header '" + name + "' is for string, integer and boolean properties";
    if (!names.insert(lower(name)).second) return "x-mcp-header '" + name + "' is there twice";
  }
  for (const auto& [key, value] : *object) {
    if (key == "properties" && value.is_object()) {
      for (const auto& [name, property] : value.get_object())
        if (auto problem = header_problem(property, reachable, true, names); !problem.empty()) return problem;
    } else if (key != "const" && key != "enum" && key != "default" && key != "examples") {
      if (auto problem = header_problem(value, false, false, names); !problem.empty()) return problem;
    }
  }
  return {};
}

}  // namespace

Result<json::object> schema(const TypeInfo& type, const FieldRules& rules, SchemaPurpose purpose) {
  auto made = Generator(type, rules, purpose).run(type);
  if (!made || purpose == SchemaPurpose::output) return made;
  const auto headers = check_header_annotations(*made);
  if (!headers) return headers.error();
  return made;
}

Result<void> check_header_annotations(const json::object& schema) {
  std::set<std::string> names;
  const std::string problem = header_problem(json::value(schema), true, false, names);
  if (!problem.empty()) return Error(problem);
  return {};
}

}  // namespace leanmcp::inline v0
