#pragma once

#include <leanmcp/json/pattern.hpp>
#include <leanmcp/json/schema_validator.hpp>

#include <boost/json.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// A schema resource (JSON Schema Core 2020-12, section 4.3.5): what has a URI of its own, and its anchors.
struct SchemaResource {
  std::string uri;
  const json::value* root = nullptr;
  std::map<std::string, const json::value*> anchors;
  std::map<std::string, const json::value*> dynamic_anchors;
};

struct SchemaNode;

/// One `patternProperties` entry.
struct PatternProperty {
  std::shared_ptr<const detail::Pattern> pattern;
  const SchemaNode* schema;
};

/// A reference; a dynamic one is decided by where the validation came through.
struct SchemaReference {
  const SchemaNode* target = nullptr;
  std::string dynamic_name;  ///< not empty: a `$dynamicRef` to this dynamic anchor
};

/// One compiled subschema. Pointers lead to nodes of the same compilation; null where a keyword is absent.
struct SchemaNode {
  std::string path;  ///< JSON pointer in the schema
  const SchemaResource* resource = nullptr;
  std::optional<bool> constant;  ///< the schemas `true` and `false`

  std::vector<SchemaReference> references;
  std::vector<const SchemaNode*> all_of;
  std::vector<const SchemaNode*> any_of;
  std::vector<const SchemaNode*> one_of;
  const SchemaNode* negated = nullptr;
  const SchemaNode* condition = nullptr;
  const SchemaNode* then_schema = nullptr;
  const SchemaNode* else_schema = nullptr;
  std::vector<std::pair<std::string, const SchemaNode*>> dependent_schemas;

  std::vector<const SchemaNode*> prefix_items;
  const SchemaNode* items = nullptr;
  const SchemaNode* contains = nullptr;
  std::map<std::string, const SchemaNode*, std::less<>> properties;
  std::vector<PatternProperty> pattern_properties;
  const SchemaNode* additional_properties = nullptr;
  const SchemaNode* property_names = nullptr;
  const SchemaNode* unevaluated_items = nullptr;
  const SchemaNode* unevaluated_properties = nullptr;

  unsigned types = 0;  ///< bits of TypeBit; 0 for any
  const json::array* enumeration = nullptr;
  const json::value* constant_value = nullptr;
  std::size_t comparing = 0;  ///< what comparing with `enumeration` and `constant_value` costs at most
  const json::value* multiple_of = nullptr;
  const json::value* maximum = nullptr;
  const json::value* exclusive_maximum = nullptr;
  const json::value* minimum = nullptr;
  const json::value* exclusive_minimum = nullptr;
  std::optional<std::uint64_t> max_length;
  std::optional<std::uint64_t> min_length;
  std::shared_ptr<const detail::Pattern> pattern;
  std::optional<std::uint64_t> max_items;
  std::optional<std::uint64_t> min_items;
  bool unique_items = false;
  std::optional<std::uint64_t> max_contains;
  std::optional<std::uint64_t> min_contains;
  std::optional<std::uint64_t> max_properties;
  std::optional<std::uint64_t> min_properties;
  std::vector<std::string> required;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;
};

enum TypeBit : unsigned {
  bit_null = 1,
  bit_boolean = 2,
  bit_object = 4,
  bit_array = 8,
  bit_number = 16,
  bit_string = 32,
  bit_integer = 64
};

struct SchemaValidator::Compiled {
  json::value schema;
  SchemaLimits limits;
  std::map<std::string, SchemaResource> resources;
  std::map<const json::value*, std::unique_ptr<SchemaNode>> nodes;
  const SchemaNode* root = nullptr;
  /// Some node asks what was left unevaluated, so that it has to be tracked.
  bool tracks = false;
};

namespace detail {

/// -1, 0 or 1, exactly, whatever the two kinds of number are.
int compare_numbers(const json::value& a, const json::value& b);
/// Equal in the data model (Core, section 4.2.2): 1 and 1.0 are.
bool equal_instances(const json::value& a, const json::value& b);
/// In decimals, so that 0.3 is a multiple of 0.1.
bool is_multiple(const json::value& number, const json::value& of);
bool is_integer(const json::value& number);

}  // namespace detail

}  // namespace leanmcp::inline v0
