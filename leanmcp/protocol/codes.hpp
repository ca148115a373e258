#pragma once

namespace leanmcp::inline v0 {

/// JSON-RPC error codes (JSON-RPC 2.0, section 5.1; MCP 2026-07-28, Overview, Error Codes). The specification closes
/// -32000…-32099 to codes of our own; ours are small positive numbers that read like their HTTP status.
namespace code {
inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal_error = -32603;
/// 2025-11-25 and before only; later revisions use invalid_params.
inline constexpr int resource_not_found = -32002;
inline constexpr int header_mismatch = -32020;
inline constexpr int missing_client_capability = -32021;
inline constexpr int unsupported_version = -32022;
/// 2025-11-25 only.
inline constexpr int url_elicitation_required = -32042;
inline constexpr int unauthenticated = 401;
inline constexpr int payment_required = 402;
inline constexpr int insufficient_scope = 403;
inline constexpr int rate_limited = 429;
inline constexpr int unavailable = 503;
}  // namespace code

}  // namespace leanmcp::inline v0
