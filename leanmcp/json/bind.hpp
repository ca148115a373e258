#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/json/field.hpp>
#include <leanmcp/json/type_info.hpp>

#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// One thing that does not fit: where (JSON pointer, RFC 6901) and what.
struct BindFault {
  std::string pointer;
  std::string message;
};

/// What an incoming value may be at most, besides what the parser allows.
struct BindLimits {
  std::size_t depth = 32;
  std::size_t string_bytes = 1024 * 1024;
  std::size_t elements = 100'000;  ///< of one list or map
  std::size_t faults = 100;        ///< reported at most
  std::size_t steps = 4'000'000;   ///< values looked at; alternatives of a variant may look at the same one again
};

/// Fills `object`, which must be a value-initialised object of the type, from the value. All faults are found at once;
/// with any, what the object holds is unspecified. Unknown members are faults; an integer may be written `2.0` but not
/// `2.5` and must fit; absent members keep their default where they have one.
std::vector<BindFault> bind_value(const TypeInfo& type, void* object, const json::value& value, const FieldRules& rules);
std::vector<BindFault> bind_value(const TypeInfo& type, void* object, const json::value& value, const FieldRules& rules,
                            const BindLimits& limits);

/// The same where the members of the outermost object come as texts, as the arguments of prompts and the variables of
/// URI templates do: "3" is taken for a number and "true" for a boolean where the type wants one.
std::vector<BindFault> bind_texts(const TypeInfo& type, void* object, const json::value& value, const FieldRules& rules);

/// The faults of what is there; that required members of the outermost object are absent is none. `texts` as in
/// `bind_texts`.
std::vector<BindFault> check_passed(const TypeInfo& type, const json::value& value, const FieldRules& rules,
                                    bool texts = false);

/// The object as JSON. Absent optionals are left out; what has no form in the type's schema is null, or the number of
/// an enumeration (`misfit`).
json::value to_json(const TypeInfo& type, const void* object);
/// Where and why an object has no JSON form in its type's schema: a NaN or infinity, a value of an enumeration without
/// a name, a time outside of the years 0000 to 9999. Empty when all fits.
std::string misfit(const TypeInfo& type, const void* object);

/// Whether two objects of the type are equal member by member.
bool equal(const TypeInfo& type, const void* a, const void* b);
/// Whether the member may be absent without a rule: it is an optional, or its initialiser gives something else than an
/// empty value.
bool has_default(const TypeInfo& type, const FieldInfo& field);


}  // namespace leanmcp::inline v0
