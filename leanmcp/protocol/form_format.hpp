#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// The number of code points, or nothing when `text` is not valid UTF-8 (RFC 3629: no surrogates, no overlong forms).
std::optional<std::size_t> count_code_points(std::string_view text) noexcept;

/// Whether a control character (U+0000 to U+001F, U+007F) other than a tab stands in the text; line breaks are let
/// through when `lines` is true.
bool has_control_characters(std::string_view text, bool lines) noexcept;

/// RFC 3339 section 5.6, full-date, with the days that each month has (Appendix C for leap years).
bool is_date(std::string_view text) noexcept;

/// RFC 3339 section 5.6, date-time: an offset is required, `T` and `Z` in either case. A leap second is taken only
/// where it can be, as the last second of a UTC day (section 5.7).
bool is_datetime(std::string_view text) noexcept;

/// A dot-atom of ASCII (RFC 5322 section 3.2.3) of at most 64 octets, `@`, and a host name of at least two labels;
/// 254 octets in all (RFC 5321 section 4.5.3.1). No quoted local parts, comments or address literals.
bool is_email(std::string_view text) noexcept;

/// An absolute http or https URL (RFC 3986) with a host and without user information.
bool is_http_url(std::string_view text);

}  // namespace leanmcp::inline v0::detail
