#pragma once

#include <leanmcp/json/fwd.hpp>

#include <string>

namespace leanmcp::inline v0 {

/// What the client says it can do: from `_meta` of each request, or from `initialize`.
struct ClientCapabilities {
  bool elicitation_form = false;
  bool elicitation_url = false;
  bool sampling = false;
  bool sampling_tools = false;
  bool roots = false;
};

/// Reads a ClientCapabilities object. An empty `elicitation` means form mode only (2026-07-28, Elicitation,
/// Capabilities); what is not understood is not there.
ClientCapabilities parse_capabilities(const json::object& object);

/// What a client calls itself; unverified, for display and logs only.
struct ClientInfo {
  std::string name;
  std::string version;
};
ClientInfo parse_client_info(const json::object& object);

}  // namespace leanmcp::inline v0
