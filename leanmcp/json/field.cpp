#include <leanmcp/json/field.hpp>

#include <leanmcp/json/pattern.hpp>

namespace leanmcp::inline v0 {

FieldPart min(double least) {
  return FieldPart([=](FieldRule& rule) { rule.minimum = least; });
}
FieldPart max(double most) {
  return FieldPart([=](FieldRule& rule) { rule.maximum = most; });
}
FieldPart exclusive_min(double bound) {
  return FieldPart([=](FieldRule& rule) { rule.exclusive_minimum = bound; });
}
FieldPart exclusive_max(double bound) {
  return FieldPart([=](FieldRule& rule) { rule.exclusive_maximum = bound; });
}
FieldPart min_length(std::size_t least) {
  return FieldPart([=](FieldRule& rule) { rule.min_length = least; });
}
FieldPart max_length(std::size_t most) {
  return FieldPart([=](FieldRule& rule) { rule.max_length = most; });
}
FieldPart min_items(std::size_t least) {
  return FieldPart([=](FieldRule& rule) { rule.min_items = least; });
}
FieldPart max_items(std::size_t most) {
  return FieldPart([=](FieldRule& rule) { rule.max_items = most; });
}
FieldPart pattern(std::string expression) {
  return FieldPart([expression = std::move(expression)](FieldRule& rule) {
    rule.pattern = expression;
    auto compiled = detail::compile_pattern(expression);
    if (compiled) {
      rule.compiled = std::move(*compiled);
    } else {
      rule.problem = "its pattern: " + compiled.error().message();
    }
  });
}
FieldPart format(std::string name) {
  return FieldPart([name = std::move(name)](FieldRule& rule) { rule.format = name; });
}
FieldPart field_title(std::string text) {
  return FieldPart([text = std::move(text)](FieldRule& rule) { rule.title = text; });
}
FieldPart example(std::string json_text) {
  return FieldPart([json_text = std::move(json_text)](FieldRule& rule) {
    if (!rule.examples.empty()) rule.examples += ',';
    rule.examples += json_text;
  });
}
FieldPart optional_field() {
  return FieldPart([](FieldRule& rule) { rule.may_be_absent = true; });
}
FieldPart default_value(std::string json_text) {
  return FieldPart([json_text = std::move(json_text)](FieldRule& rule) { rule.default_json = json_text; });
}
FieldPart header(std::string name) {
  return FieldPart([name = std::move(name)](FieldRule& rule) { rule.header = name; });
}
FieldPart ask_user() {
  return FieldPart([](FieldRule& rule) { rule.only_user = true; });
}

const FieldRule* find_rule(const FieldRules& rules, const FieldInfo& field) {
  if (rules.empty()) return nullptr;
  const TypeInfo* const owner = &field.owner();
  for (const FieldRule& rule : rules)
    if (rule.owner == owner && rule.member == field.name) return &rule;
  return nullptr;
}

bool pattern_matches(const FieldRule& rule, std::string_view text) {
  return !rule.compiled || rule.compiled->matches(text);
}

}  // namespace leanmcp::inline v0
