#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/json/type_info.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

namespace detail {
class Pattern;
}

/// What was declared about one member of a described struct: words for the schema, rules for the binder.
/// A value; reading it from many threads is safe.
struct FieldRule {
  const TypeInfo* owner = nullptr;  ///< the struct (or base) that declares the member
  std::string member;
  std::string title;
  std::string description;
  std::optional<double> minimum;
  std::optional<double> maximum;
  std::optional<double> exclusive_minimum;
  std::optional<double> exclusive_maximum;
  std::optional<std::size_t> min_length;  ///< code points
  std::optional<std::size_t> max_length;
  std::optional<std::size_t> min_items;
  std::optional<std::size_t> max_items;
  std::string pattern;
  std::shared_ptr<const detail::Pattern> compiled;
  std::string format;
  std::string header;           ///< `x-mcp-header`
  std::string default_json;     ///< JSON text that stands for an absent member
  std::string examples;         ///< JSON texts joined by commas
  bool may_be_absent = false;
  bool only_user = false;
  std::string problem;  ///< what is wrong with the rule itself; told when the server is built
};
using FieldRules = std::vector<FieldRule>;

/// One part of a rule, such as `min(1)`.
class FieldPart {
 public:
  explicit FieldPart(std::function<void(FieldRule&)> apply) : apply_(std::move(apply)) {}
  void apply(FieldRule& rule) const { apply_(rule); }

 private:
  std::function<void(FieldRule&)> apply_;
};

/// Inclusive and exclusive bounds of a number.
FieldPart min(double least);
FieldPart max(double most);
FieldPart exclusive_min(double bound);
FieldPart exclusive_max(double bound);
/// Length of a text in code points.
FieldPart min_length(std::size_t least);
FieldPart max_length(std::size_t most);
/// Elements of a list or entries of a map.
FieldPart min_items(std::size_t least);
FieldPart max_items(std::size_t most);
/// Must match somewhere in the text; anchor with ^ and $ for all of it.
FieldPart pattern(std::string expression);
/// `format` of JSON Schema; a word for the reader, not checked.
FieldPart format(std::string name);
FieldPart field_title(std::string text);
/// One example, as JSON text.
FieldPart example(std::string json_text);
/// The member may be absent; it then keeps what its initialiser gave.
FieldPart optional_field();
/// The member may be absent; this JSON text stands for it.
FieldPart default_value(std::string json_text);
/// HTTP clients repeat the argument in the header `Mcp-Param-<name>` (2026-07-28, Tools, x-mcp-header).
FieldPart header(std::string name);
/// Only a person may give it: the member is never an argument.
FieldPart ask_user();

namespace detail {

template <auto A, auto B>
constexpr bool same_pointer() {
  if constexpr (std::is_same_v<decltype(A), decltype(B)>) {
    return A == B;
  } else {
    return false;
  }
}

template <auto M, class L>
struct MemberName;
template <auto M, template <class...> class L, class... D>
struct MemberName<M, L<D...>> {
  static constexpr const char* find() {
    const char* name = nullptr;
    ((same_pointer<M, D::pointer>() ? (name = D::name) : nullptr), ...);
    return name;
  }
};

}  // namespace detail

/// A rule for one member: `field<&Order::quantity>("How many", min(1), max(99))`.
template <auto M, class... Part>
FieldRule field(std::string description, Part&&... parts) {
  using Class = typename detail::FieldOf<std::remove_const_t<decltype(M)>>::Class;
  static_assert(is_described_struct<Class>, "the member's struct is not described: write BOOST_DESCRIBE_STRUCT after it");
  constexpr const char* name =
      detail::MemberName<M, boost::describe::describe_members<Class, boost::describe::mod_public>>::find();
  static_assert(name != nullptr, "BOOST_DESCRIBE_STRUCT does not name this member");
  FieldRule rule;
  rule.owner = &type_info<Class>();
  rule.member = name;
  rule.description = std::move(description);
  (parts.apply(rule), ...);
  return rule;
}

/// The rule for a field, or null.
const FieldRule* find_rule(const FieldRules& rules, const FieldInfo& field);
/// Whether the rule's pattern, if any, matches.
bool pattern_matches(const FieldRule& rule, std::string_view text);

}  // namespace leanmcp::inline v0
