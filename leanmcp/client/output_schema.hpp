#pragma once

#include <leanmcp/json/fwd.hpp>
#include <leanmcp/json/schema_validator.hpp>
#include <leanmcp/json/type_info.hpp>

namespace leanmcp::inline v0::detail {

/// A tool's output schema, ready to validate. The dialect is 2020-12; schemas that declare draft-07 or 2019-09, as many
/// generators still do, are taken when they use nothing that means something else there. Others are an error.
Result<SchemaValidator, SchemaError> compile_output_schema(const json::object& schema);

/// The value without members that the type does not know: what a newer server adds is no error.
json::value known_members(const json::value& value, const TypeInfo& type);

}  // namespace leanmcp::inline v0::detail
