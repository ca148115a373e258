#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/json/field.hpp>
#include <leanmcp/json/type_info.hpp>

namespace leanmcp::inline v0 {

/// Whether a schema says what callers may send, or what they get.
enum class SchemaPurpose { input, output };

/// JSON Schema 2020-12 of a type with the rules for its members. Input: unknown members are refused, members with a
/// default may be absent. Output: members that are not optional are required. Recursive types use `$defs`. The error
/// tells a rule that cannot hold: a bad pattern, a default that does not fit, a header on the wrong member.
Result<json::object> schema(const TypeInfo& type, const FieldRules& rules, SchemaPurpose purpose);

/// Checks the `x-mcp-header` annotations of an input schema (2026-07-28, Streamable HTTP, Schema Extension): header
/// names are tokens and unique without regard to case, on string, integer or boolean properties that are reached by
/// `properties` only.
Result<void> check_header_annotations(const json::object& schema);

}  // namespace leanmcp::inline v0
