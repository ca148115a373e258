#pragma once

#include <leanmcp/json/fwd.hpp>
#include <leanmcp/protocol/version.hpp>

#include <optional>
#include <string>
#include <vector>

namespace leanmcp::inline v0::detail {

/// What came back from `server/discover`, sent to learn the server's era. All empty: no answer in time (stdio).
struct ProbeReply {
  const json::object* result = nullptr;
  const json::object* error = nullptr;
};

/// What to do next.
enum class ProbeStep {
  /// The server is modern: go on with `version`.
  modern,
  /// The server is modern but wants another revision: probe again with `version`.
  probe_again,
  /// The server is legacy: send `initialize` with `version`.
  initialize,
  /// The server is modern and refuses the probe itself; its error is the outcome.
  refused,
  /// No revision in common.
  unsupported,
};

struct ProbeVerdict {
  ProbeStep step = ProbeStep::unsupported;
  Version version = newest_version;
  /// The server knows no `server/discover`. Should it know no `initialize` either, it is modern after all.
  bool perhaps_modern = false;
};

/// Judges the answer to a probe sent with `tried` for the `attempt`th time, counted from 1 (2026-07-28, Versioning and
/// Compatibility; stdio and Streamable HTTP, Backward Compatibility). `wanted` is what the client speaks, best first.
ProbeVerdict judge_probe(const ProbeReply& reply, const std::vector<Version>& wanted, Version tried, int attempt);

/// The newest legacy revision wanted; nullopt when only modern ones are.
std::optional<Version> legacy_version(const std::vector<Version>& wanted);
/// The newest modern revision wanted.
std::optional<Version> modern_version(const std::vector<Version>& wanted);

/// Whether the failure of `initialize` with this status tells a server of the HTTP+SSE transport of 2024-11-05
/// (2026-07-28, Streamable HTTP, HTTP+SSE Transport): 400, 404 or 405 without a JSON-RPC answer of the modern era.
bool suggests_http_sse(int status, const json::object* error);

/// The revision whose rules hold after a server answered `initialize` with this text; nullopt when it is none of
/// `wanted`. 2024-11-05 is taken as 2025-03-26, whose rules for clients include its own.
std::optional<Version> negotiated(std::string_view text, const std::vector<Version>& wanted);

}  // namespace leanmcp::inline v0::detail
