#pragma once
#include <leanmcp/base/result.hpp>
#include <leanmcp/json/fwd.hpp>
#include <memory>
#include <string>
#include <vector>
namespace leanmcp::inline v0 {
struct SchemaError { std::string pointer; std::string message; };
struct SchemaFault { std::string instance_path; std::string schema_path; std::string message; };
struct SchemaLimits {};
class SchemaValidator {
 public:
  static Result<SchemaValidator, SchemaError> compile(const json::value& schema, const SchemaLimits& limits = {});
  std::vector<SchemaFault> validate(const json::value& instance) const;
};
}
