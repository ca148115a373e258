#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// RFC 3339, section 5.6: nanoseconds since the Unix epoch as `2026-02-28T10:00:00Z`, with as many fractional digits
/// as needed (0, 3, 6 or 9).
std::string format_date_time(std::int64_t nanoseconds);
/// Strict: four-digit year, real calendar date, offset needed, no leap second. nullopt otherwise, and for times that do
/// not fit 64 bits of nanoseconds (years 1678 to 2261).
std::optional<std::int64_t> parse_date_time(std::string_view text);

}  // namespace leanmcp::inline v0
