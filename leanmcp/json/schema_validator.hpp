#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/json/fwd.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Why a schema cannot be used: where in it (JSON pointer) and what.
struct SchemaError {
  std::string pointer;
  std::string message;
};

/// One way in which an instance does not fit: where in the instance, which keyword of the schema, and what.
struct SchemaFault {
  std::string instance_path;
  std::string schema_path;
  std::string message;
};

/// What a schema and a validation may cost (MCP 2026-07-28, Overview, Composition-Keyword Resource Use).
struct SchemaLimits {
  std::size_t depth = 64;                ///< of the schema's own nesting
  std::size_t subschemas = 10'000;
  std::size_t patterns = 250;            ///< different ones
  std::size_t pattern_nodes = 200'000;   ///< of all patterns together, as compiled
  std::size_t steps = 200'000;           ///< of one validation: a subschema applied, or a like amount of comparing
  std::size_t recursion = 256;           ///< subschemas inside subschemas while validating
  std::size_t faults = 50;               ///< reported at most
};

/// JSON Schema 2020-12 (Core and Validation): all vocabularies, with `$dynamicRef` and `unevaluated*`; `format` and
/// `content*` are annotations. Compiled once; immutable, thread-safe, cheap to copy.
///
/// References are followed inside the schema only. One that leads elsewhere, the metaschema included, makes the schema
/// unusable: nothing is ever fetched. `$schema`, where present, must name 2020-12. `pattern` takes what ECMA-262 and RE2
/// both have; anything else makes the schema unusable rather than slow. Numbers are compared exactly, `1.0` is an
/// integer, and `multipleOf` counts in decimals.
class SchemaValidator {
 public:
  static Result<SchemaValidator, SchemaError> compile(const json::value& schema, const SchemaLimits& limits = {});

  /// Empty when the instance fits. An instance that costs more than the limits allow does not fit.
  std::vector<SchemaFault> validate(const json::value& instance) const;

  struct Compiled;

 private:
  explicit SchemaValidator(std::shared_ptr<const Compiled> compiled) noexcept : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace leanmcp::inline v0
