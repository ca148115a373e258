#pragma once

#include <leanmcp/protocol/form_field.hpp>

#include <algorithm>

namespace leanmcp::inline v0::detail {

/// Answers of these types are texts that the user writes freely.
inline bool is_free_text(FieldType type) noexcept {
  return type == FieldType::text || type == FieldType::textarea || type == FieldType::email || type == FieldType::url;
}
inline bool is_numeric(FieldType type) noexcept { return type == FieldType::number || type == FieldType::integer; }
inline bool has_options(FieldType type) noexcept { return type == FieldType::select || type == FieldType::multiselect; }

inline bool listed(const std::vector<std::string>& only, const std::string& name) {
  return only.empty() || std::ranges::find(only, name) != only.end();
}

/// What the user reads for a choice.
inline const std::string& shown(const FormOption& option) noexcept {
  return option.label.empty() ? option.value : option.label;
}
/// What the user reads for a field.
inline const std::string& shown(const FormField& field) noexcept {
  return field.label.empty() ? field.name : field.label;
}

/// A number as people write it: no trailing zeros, no exponent where none is needed.
std::string number_text(double number);

}  // namespace leanmcp::inline v0::detail
