#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/json/fwd.hpp>

#include <boost/json/storage_ptr.hpp>

#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// What a text from outside may be at most.
struct ParseLimits {
  std::size_t depth = 64;
  std::size_t bytes = 8 * 1024 * 1024;
};

/// Why a text is no JSON value within the limits.
enum class ParseFault { too_large, too_deep, invalid };

/// Parses strictly (RFC 8259; invalid UTF-8 refused) into memory of `storage`. A repeated key keeps its last value.
Result<json::value, ParseFault> parse_json(std::string_view text, const ParseLimits& limits,
                                           json::storage_ptr storage = {});

/// Parses a text that was written here, or went through `parse_json` before: anything else is a bug and throws
/// std::invalid_argument.
json::value parse_known(std::string_view text);

/// The same text for equal values: keys sorted, numbers in their shortest form, an integral double written as an
/// integer (in the manner of RFC 8785). For digests.
std::string canonical_json(const json::value& value);

}  // namespace leanmcp::inline v0
