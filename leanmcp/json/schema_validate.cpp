#include <leanmcp/json/code_points.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/pointer.hpp>
#include <leanmcp/json/schema_node.hpp>
#include <leanmcp/json/write.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace leanmcp::inline v0 {

namespace {

using detail::compare_numbers;
using detail::equal_instances;

/// What the keywords of a schema, and those it applied in place, have looked at (Core, section 11): by position among
/// the members or items of one instance.
struct Evaluated {
  std::vector<bool> seen;
  void mark(std::size_t index, std::size_t size) {
    if (seen.size() < size) seen.resize(size);
    seen[index] = true;
  }
  void mark_all(std::size_t size) { seen.assign(size, true); }
  void merge(const Evaluated& other) {
    if (seen.size() < other.seen.size()) seen.resize(other.seen.size());
    for (std::size_t i = 0; i < other.seen.size(); ++i)
      if (other.seen[i]) seen[i] = true;
  }
  bool has(std::size_t index) const { return index < seen.size() && seen[index]; }
};

unsigned type_bits(const json::value& instance) {
  switch (instance.kind()) {
    case json::kind::null: return bit_null;
    case json::kind::bool_: return bit_boolean;
    case json::kind::object: return bit_object;
    case json::kind::array: return bit_array;
    case json::kind::string: return bit_string;
    default: return detail::is_integer(instance) ? bit_number | bit_integer : static_cast<unsigned>(bit_number);
  }
}

std::string type_names(unsigned types) {
  constexpr std::pair<unsigned, const char*> names[] = {
      {bit_null, "null"},     {bit_boolean, "boolean"}, {bit_object, "object"},  {bit_array, "array"},
      {bit_number, "number"}, {bit_string, "string"},   {bit_integer, "integer"}};
  std::string out;
  for (const auto& [bit, name] : names)
    if (types & bit) out.append(out.empty() ? "" : " or ").append(name);
  return out;
}

class Validation {
 public:
  explicit Validation(const SchemaValidator::Compiled& compiled) : compiled_(compiled) {}

  std::vector<SchemaFault> faults;

  bool check(const SchemaNode& node, const json::value& instance, const JsonPlace& place, Evaluated* evaluated) {
    if (spent_) return false;
    if (depth_ >= compiled_.limits.recursion || !charge(1)) return too_costly(node, place);
    if (node.constant) return *node.constant || fault(node, "", place, "is not allowed");
    ++depth_;
    const bool scoped = scope_.empty() || scope_.back() != node.resource;
    if (scoped) scope_.push_back(node.resource);
    Evaluated own;
    Evaluated* const track = compiled_.tracks ? &own : nullptr;
    bool fits = values(node, instance, place) && !spent_;
    fits = in_place(node, instance, place, track) && fits;
    if (const json::object* const object = instance.if_object()) {
      fits = members(node, *object, place, track) && fits;
    } else if (const json::array* const array = instance.if_array()) {
      fits = elements(node, *array, place, track) && fits;
    }
    if (scoped) scope_.pop_back();
    --depth_;
    if (spent_) return too_costly(node, place);
    if (fits && evaluated && track) {
      if (!charge(own.seen.size() / 64)) return too_costly(node, place);
      evaluated->merge(own);
    }
    return fits;
  }

 private:
  /// Counts work that is more than one step; false when all there was is spent.
  bool charge(std::size_t steps) {
    steps_ += steps;
    if (steps_ > compiled_.limits.steps) spent_ = true;
    return !spent_;
  }

  bool too_costly(const SchemaNode& node, const JsonPlace& place) {
    spent_ = true;
    quiet_ = 0;
    if (!std::exchange(told_, true)) fault(node, "", place, "is too costly to check against this schema");
    return false;
  }

  /// Nobody hears of a fault now.
  bool silent() const { return quiet_ != 0 || faults.size() >= compiled_.limits.faults; }

  bool fault(const SchemaNode& node, const char* keyword, const JsonPlace& place, std::string message) {
    if (!silent())
      faults.push_back(SchemaFault{place.text(), keyword[0] == 0 ? node.path : node.path + "/" + keyword, std::move(message)});
    return false;
  }

  /// Whether the instance fits, without a word about why not.
  bool tries(const SchemaNode& node, const json::value& instance, const JsonPlace& place, Evaluated* evaluated) {
    ++quiet_;
    const bool fits = check(node, instance, place, evaluated);
    if (quiet_ > 0) --quiet_;
    return fits;
  }

  bool values(const SchemaNode& node, const json::value& instance, const JsonPlace& place) {
    bool fits = true;
    if (node.types != 0 && (node.types & type_bits(instance)) == 0)
      fits = fault(node, "type", place, "expected " + type_names(node.types));
    if (node.comparing != 0 && !charge(node.comparing)) return false;
    if (node.constant_value && !equal_instances(*node.constant_value, instance))
      fits = silent() ? false
                      : fault(node, "const", place, "must be " + json_text(*node.constant_value).substr(0, 100));
    if (node.enumeration) {
      bool among = false;
      for (const json::value& value : *node.enumeration) among = among || equal_instances(value, instance);
      if (!among) fits = fault(node, "enum", place, "is none of the allowed values");
    }
    if (instance.is_number()) return number(node, instance, place) && fits;
    if (instance.is_string()) return string(node, instance.get_string(), place) && fits;
    return fits;
  }

  bool number(const SchemaNode& node, const json::value& v, const JsonPlace& place) {
    bool fits = true;
    if (node.maximum && compare_numbers(v, *node.maximum) > 0)
      fits = fault(node, "maximum", place, "must be at most " + json_text(*node.maximum));
    if (node.exclusive_maximum && compare_numbers(v, *node.exclusive_maximum) >= 0)
      fits = fault(node, "exclusiveMaximum", place, "must be less than " + json_text(*node.exclusive_maximum));
    if (node.minimum && compare_numbers(v, *node.minimum) < 0)
      fits = fault(node, "minimum", place, "must be at least " + json_text(*node.minimum));
    if (node.exclusive_minimum && compare_numbers(v, *node.exclusive_minimum) <= 0)
      fits = fault(node, "exclusiveMinimum", place, "must be more than " + json_text(*node.exclusive_minimum));
    if (node.multiple_of && !detail::is_multiple(v, *node.multiple_of))
      fits = fault(node, "multipleOf", place, "must be a multiple of " + json_text(*node.multiple_of));
    return fits;
  }

  bool string(const SchemaNode& node, std::string_view text, const JsonPlace& place) {
    bool fits = true;
    if (node.pattern && !charge(text.size() / 256)) return false;
    if (node.max_length || node.min_length) {
      if (!charge(text.size() / 1024)) return false;
      const std::size_t length = detail::code_points(text);
      if (node.max_length && length > *node.max_length)
        fits = fault(node, "maxLength", place, "must have at most " + std::to_string(*node.max_length) + " characters");
      if (node.min_length && length < *node.min_length)
        fits = fault(node, "minLength", place, "must have at least " + std::to_string(*node.min_length) + " characters");
    }
    if (node.pattern && !node.pattern->matches(text)) fits = fault(node, "pattern", place, "does not match the pattern");
    return fits;
  }

  const SchemaNode& target(const SchemaReference& reference) const {
    if (reference.dynamic_name.empty()) return *reference.target;
    // Core, section 8.2.3.2: the outermost resource on the way that has the dynamic anchor.
    for (const SchemaResource* const resource : scope_) {
      const auto found = resource->dynamic_anchors.find(reference.dynamic_name);
      if (found != resource->dynamic_anchors.end())
        if (const auto node = compiled_.nodes.find(found->second); node != compiled_.nodes.end()) return *node->second;
    }
    return *reference.target;
  }

  bool in_place(const SchemaNode& node, const json::value& instance, const JsonPlace& place, Evaluated* track) {
    bool fits = true;
    for (const SchemaReference& reference : node.references) fits = check(target(reference), instance, place, track) && fits;
    for (const SchemaNode* const each : node.all_of) fits = check(*each, instance, place, track) && fits;
    if (!node.any_of.empty()) {
      bool any = false;
      // With tracking every alternative counts, not just the first that fits.
      for (const SchemaNode* const each : node.any_of)
        if (!any || track) any = tries(*each, instance, place, track) || any;
      if (!any) fits = fault(node, "anyOf", place, "fits none of the alternatives");
    }
    if (!node.one_of.empty()) {
      std::size_t count = 0;
      for (const SchemaNode* const each : node.one_of) count += tries(*each, instance, place, track) ? 1 : 0;
      if (count != 1)
        fits = fault(node, "oneOf", place, count == 0 ? "fits none of the alternatives" : "fits more than one alternative");
    }
    if (node.negated && tries(*node.negated, instance, place, nullptr))
      fits = fault(node, "not", place, "is what it must not be");
    if (node.condition) {
      const SchemaNode* const next =
          tries(*node.condition, instance, place, track) ? node.then_schema : node.else_schema;
      if (next) fits = check(*next, instance, place, track) && fits;
    }
    if (const json::object* const object = instance.if_object())
      for (const auto& [key, schema] : node.dependent_schemas)
        if (object->contains(key)) fits = check(*schema, instance, place, track) && fits;
    return fits && !spent_;
  }

  bool members(const SchemaNode& node, const json::object& object, const JsonPlace& place, Evaluated* track) {
    bool fits = true;
    if (node.max_properties && object.size() > *node.max_properties)
      fits = fault(node, "maxProperties", place, "has too many members");
    if (node.min_properties && object.size() < *node.min_properties)
      fits = fault(node, "minProperties", place, "has too few members");
    if (!charge((node.required.size() + node.dependent_required.size()) / 16)) return false;
    for (const std::string& name : node.required) {
      const JsonPlace here{&place, name, 0, false};
      if (!object.contains(name)) fits = fault(node, "required", here, "is missing");
    }
    for (const auto& [key, names] : node.dependent_required) {
      if (!object.contains(key)) continue;
      if (!charge(names.size() / 16)) return false;
      for (const std::string& name : names) {
        const JsonPlace here{&place, name, 0, false};
        if (!object.contains(name)) fits = fault(node, "dependentRequired", here, "is missing beside " + key);
      }
    }
    if (node.properties.empty() && node.pattern_properties.empty() && !node.additional_properties &&
        !node.property_names && !node.unevaluated_properties)
      return fits;
    if (!charge(object.size() * (1 + node.pattern_properties.size()) / 8)) return false;
    std::size_t index = 0;
    for (const auto& [key, value] : object) {
      if (spent_) return false;
      fits = member(node, key, value, index, object.size(), place, track) && fits;
      ++index;
    }
    if (node.unevaluated_properties) {
      index = 0;
      for (const auto& [key, value] : object) {
        const JsonPlace here{&place, key, 0, false};
        if (!track->has(index)) fits = check(*node.unevaluated_properties, value, here, nullptr) && fits;
        ++index;
      }
      track->mark_all(object.size());
    }
    return fits;
  }

  bool member(const SchemaNode& node, std::string_view key, const json::value& value, std::size_t index, std::size_t size,
              const JsonPlace& place, Evaluated* track) {
    const JsonPlace here{&place, key, 0, false};
    bool fits = true;
    bool named = false;
    if (const auto known = node.properties.find(key); known != node.properties.end()) {
      named = true;
      fits = check(*known->second, value, here, nullptr) && fits;
    }
    for (const PatternProperty& each : node.pattern_properties) {
      if (!charge(key.size() / 256)) return false;
      if (!each.pattern || !each.pattern->matches(key)) continue;
      named = true;
      fits = check(*each.schema, value, here, nullptr) && fits;
    }
    if (!named && node.additional_properties) {
      named = true;
      fits = check(*node.additional_properties, value, here, nullptr) && fits;
    }
    if (named && track) track->mark(index, size);
    if (node.property_names) fits = check(*node.property_names, json::value(key), here, nullptr) && fits;
    return fits;
  }

  bool elements(const SchemaNode& node, const json::array& array, const JsonPlace& place, Evaluated* track) {
    bool fits = true;
    if (node.max_items && array.size() > *node.max_items) fits = fault(node, "maxItems", place, "has too many items");
    if (node.min_items && array.size() < *node.min_items) fits = fault(node, "minItems", place, "has too few items");
    if (node.unique_items && has_twice(array)) fits = fault(node, "uniqueItems", place, "has an item twice");
    const std::size_t looked_at =
        node.items || node.contains ? array.size() : std::min(array.size(), node.prefix_items.size());
    std::size_t matching = 0;
    for (std::size_t i = 0; i < looked_at && !spent_; ++i) {
      const JsonPlace here{&place, {}, i, true};
      const SchemaNode* const schema = i < node.prefix_items.size() ? node.prefix_items[i] : node.items;
      if (schema) {
        fits = check(*schema, array[i], here, nullptr) && fits;
        if (track) track->mark(i, array.size());
      }
      if (node.contains && tries(*node.contains, array[i], here, nullptr)) {
        ++matching;
        if (track) track->mark(i, array.size());
      }
    }
    if (node.contains) {
      const std::uint64_t least = node.min_contains.value_or(1);
      if (matching < least) fits = fault(node, "contains", place, "has too few items that fit");
      if (node.max_contains && matching > *node.max_contains)
        fits = fault(node, "maxContains", place, "has too many items that fit");
    }
    if (node.unevaluated_items && charge(array.size() / 64)) {
      for (std::size_t i = 0; i < array.size() && !spent_; ++i) {
        const JsonPlace here{&place, {}, i, true};
        if (!track->has(i)) fits = check(*node.unevaluated_items, array[i], here, nullptr) && fits;
      }
      track->mark_all(array.size());
    }
    return fits && !spent_;
  }

  /// The canonical text makes one comparison of each pair unnecessary, and a million items affordable.
  bool has_twice(const json::array& array) {
    std::set<std::string> seen;
    std::size_t bytes = 0;
    for (const json::value& item : array) {
      std::string text = canonical_json(item);
      bytes += 32 + text.size();
      if (bytes >= 256 && !charge(std::exchange(bytes, bytes % 256) / 256)) return false;
      if (!seen.insert(std::move(text)).second) return true;
    }
    return false;
  }

  const SchemaValidator::Compiled& compiled_;
  std::vector<const SchemaResource*> scope_;
  std::size_t steps_ = 0;
  std::size_t depth_ = 0;
  int quiet_ = 0;
  bool spent_ = false;
  bool told_ = false;
};

}  // namespace

std::vector<SchemaFault> SchemaValidator::validate(const json::value& instance) const {
  Validation validation(*compiled_);
  const JsonPlace root;
  const bool fits = validation.check(*compiled_->root, instance, root, nullptr);
  if (!fits && validation.faults.empty()) validation.faults.push_back(SchemaFault{"", "", "does not fit the schema"});
  if (fits) validation.faults.clear();
  return std::move(validation.faults);
}

}  // namespace leanmcp::inline v0
