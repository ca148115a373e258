#include <leanmcp/client/output_schema.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace leanmcp::inline v0::detail {

namespace {

constexpr std::array<std::string_view, 3> older_dialects = {"http://json-schema.org/draft-07/schema",
                                                            "https://json-schema.org/draft-07/schema",
                                                            "https://json-schema.org/draft/2019-09/schema"};

/// Keywords that 2020-12 reads differently, or does not read.
bool means_something_else(std::string_view key, const json::value& value, std::size_t siblings) {
  if (key == "items") return value.is_array();
  if (key == "$ref") return siblings > 1;  // draft-07 ignores what stands beside it
  return key == "additionalItems" || key == "dependencies" || key == "$recursiveRef" || key == "$recursiveAnchor";
}

bool is_portable(const json::value& schema, int depth) {
  if (depth > 64) return false;
  if (const json::array* const list = schema.if_array())
    return std::all_of(list->begin(), list->end(),
                       [depth](const json::value& item) { return is_portable(item, depth + 1); });
  const json::object* const object = schema.if_object();
  if (!object) return true;
  for (const auto& [key, value] : *object) {
    if (means_something_else(key, value, object->size())) return false;
    if (key == "const" || key == "enum" || key == "default" || key == "examples") continue;
    if (key == "properties" && value.is_object()) {
      for (const auto& [name, property] : value.get_object())
        if (!is_portable(property, depth + 1)) return false;
      continue;
    }
    if (!is_portable(value, depth + 1)) return false;
  }
  return true;
}

}  // namespace

Result<SchemaValidator, SchemaError> compile_output_schema(const json::object& schema) {
  const json::value* const dialect = schema.if_contains("$schema");
  if (!dialect || !dialect->is_string()) return SchemaValidator::compile(json::value(schema));
  std::string_view name(dialect->get_string());
  if (name.ends_with('#')) name.remove_suffix(1);
  if (std::find(older_dialects.begin(), older_dialects.end(), name) == older_dialects.end())
    return SchemaValidator::compile(json::value(schema));
  json::object plain = schema;
  plain.erase("$schema");
  if (!is_portable(json::value(plain), 0)) return SchemaError{"/$schema", "this dialect is not supported: use 2020-12"};
  return SchemaValidator::compile(json::value(std::move(plain)));
}

json::value known_members(const json::value& value, const TypeInfo& type) {
  switch (type.kind) {
    case TypeKind::object: {
      const json::object* const object = value.if_object();
      if (!object) return value;
      json::object out;
      for (std::size_t i = 0; i < type.count; ++i) {
        const FieldInfo& field = type.fields[i];
        if (const json::value* const member = object->if_contains(field.name))
          out[field.name] = known_members(*member, field.type());
      }
      return out;
    }
    case TypeKind::array: {
      const json::array* const list = value.if_array();
      if (!list) return value;
      json::array out;
      out.reserve(list->size());
      for (const json::value& item : *list) out.push_back(known_members(item, type.inner()));
      return out;
    }
    case TypeKind::map: {
      const json::object* const object = value.if_object();
      if (!object) return value;
      json::object out;
      for (const auto& [key, member] : *object) out[key] = known_members(member, type.inner());
      return out;
    }
    case TypeKind::optional:
      return value.is_null() ? value : known_members(value, type.inner());
    default:
      return value;
  }
}

}  // namespace leanmcp::inline v0::detail
