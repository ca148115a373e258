#include <leanmcp/json/rule_check.hpp>

#include <leanmcp/json/bind.hpp>
#include <leanmcp/json/parse.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>

namespace leanmcp::inline v0 {

namespace {

/// Names the first bound that the binder would not hold for a value of the kind.
std::string foreign_bound(TypeKind kind, const FieldRule& rule) {
  const bool numeric = rule.minimum || rule.maximum || rule.exclusive_minimum || rule.exclusive_maximum;
  if (numeric && kind != TypeKind::integer && kind != TypeKind::number) return "min() and max() are for numbers";
  const bool textual = rule.min_length || rule.max_length || !rule.pattern.empty();
  if (textual && kind != TypeKind::string) return "min_length(), max_length() and pattern() are for texts";
  const bool counted = rule.min_items || rule.max_items;
  if (counted && kind != TypeKind::array && kind != TypeKind::map)
    return "min_items() and max_items() are for lists and maps";
  return {};
}

bool leaves_nothing(const FieldRule& rule) {
  for (const auto& least : {rule.minimum, rule.exclusive_minimum}) {
    for (const auto& most : {rule.maximum, rule.exclusive_maximum})
      if (least && most && *least > *most) return true;
  }
  const auto& above = rule.exclusive_minimum;
  const auto& below = rule.exclusive_maximum;
  if ((above && rule.maximum && *above >= *rule.maximum) || (below && rule.minimum && *rule.minimum >= *below) ||
      (above && below && *above >= *below))
    return true;
  return (rule.min_length && rule.max_length && *rule.min_length > *rule.max_length) ||
         (rule.min_items && rule.max_items && *rule.min_items > *rule.max_items);
}

/// The default is bound as if a caller had passed it.
std::string default_problem(const TypeInfo& object, const FieldInfo& field, const FieldRules& rules) {
  FieldRules passed = rules;
  std::string text;
  for (FieldRule& rule : passed) {
    if (rule.default_json.empty()) continue;
    if (find_rule(passed, field) == &rule) {
      text = rule.default_json;
      rule.only_user = false;
    }
    // Of the others nothing but that they may be absent is looked at: they have their own turn.
    rule.default_json.clear();
    rule.may_be_absent = true;
  }
  auto value = parse_json(text, ParseLimits());
  if (!value) return "its default is no JSON";
  json::object members;
  members[field.name] = std::move(*value);
  const auto faults = check_passed(object, std::move(members), passed);
  return faults.empty() ? std::string()
                        : "its default does not fit: " + faults.front().pointer + " " + faults.front().message;
}

}  // namespace

std::string rule_problem(const TypeInfo& object, const FieldInfo& field, const FieldRule& rule,
                         const FieldRules& rules) {
  if (!rule.problem.empty()) return rule.problem;
  const auto same = [&](const FieldRule& other) { return other.owner == rule.owner && other.member == rule.member; };
  if (std::count_if(rules.begin(), rules.end(), same) > 1) return "there are two rules for it; write one";
  const TypeInfo* value = &field.type();
  while (value->kind == TypeKind::optional) value = &value->inner();
  if (auto foreign = foreign_bound(value->kind, rule); !foreign.empty()) return foreign;
  for (const auto& bound : {rule.minimum, rule.maximum, rule.exclusive_minimum, rule.exclusive_maximum})
    if (bound && !std::isfinite(*bound)) return "its bound is no finite number";
  if (leaves_nothing(rule)) return "its bounds leave no value";
  return rule.default_json.empty() ? std::string() : default_problem(object, field, rules);
}

}  // namespace leanmcp::inline v0
