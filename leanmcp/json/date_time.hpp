#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// A point in time: whole seconds since the Unix epoch, rounded down, and the nanoseconds of that second.
struct UnixTime {
  std::int64_t seconds = 0;
  std::int32_t nanoseconds = 0;
  bool operator==(const UnixTime&) const = default;
};

/// What RFC 3339 can write, as its years have four digits: 0000-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
inline constexpr std::int64_t first_date_time = -62'167'219'200;
inline constexpr std::int64_t last_date_time = 253'402'300'799;

/// RFC 3339, section 5.6: `2026-02-28T10:00:00Z`, with as many fractional digits as needed (0, 3, 6 or 9). nullopt for
/// what has no four-digit year.
std::optional<std::string> format_date_time(UnixTime time);
/// Of nanoseconds since the Unix epoch.
std::string format_date_time(std::int64_t nanoseconds);
/// Strict: four-digit year (in UTC too), real calendar date, offset needed, no leap second. nullopt otherwise.
std::optional<UnixTime> parse_date_time(std::string_view text);

}  // namespace leanmcp::inline v0
