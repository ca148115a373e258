#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// The value that `Mcp-Name` or `Mcp-Param-*` carries: as it is, or decoded where it is marked as base64 (2026-07-28,
/// Streamable HTTP, Value Encoding). Nullopt for what no client may send: bytes outside of visible ASCII, base64 that
/// is none.
std::optional<std::string> decode_header_value(std::string_view value);
/// Whether the header carries exactly this; nullopt as above.
std::optional<bool> header_value_is(std::string_view value, std::string_view expected);

}  // namespace leanmcp::inline v0
