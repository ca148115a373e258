#pragma once

#include <leanmcp/json/field.hpp>

#include <string>

namespace leanmcp::inline v0 {

/// What is wrong with a rule for a member of the object type: a second rule for it, a bound for another kind of value,
/// bounds that leave nothing, a default that does not fit. Empty when nothing is. For registration: it is not quick.
std::string rule_problem(const TypeInfo& object, const FieldInfo& field, const FieldRule& rule,
                         const FieldRules& rules);

}  // namespace leanmcp::inline v0
