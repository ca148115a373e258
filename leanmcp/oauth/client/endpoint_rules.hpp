#pragma once

#include <leanmcp/http/client.hpp>

#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// Whether a URL from metadata may be called at all: absolute http(s) with a host, without user name, fragment, control
/// or quoting characters; plain http to loopback addresses only. At most 2,048 characters.
bool is_usable_endpoint(std::string_view url);

/// Where an MCP server may send a client to. One on the internet has no business on the client's own machine or network
/// (MCP 2025-11-25, Security Best Practices, Server-Side Request Forgery), one on this machine may name others here.
class EndpointRules {
 public:
  /// `allow_private` lifts the limits on addresses.
  EndpointRules(std::string_view mcp_url, bool allow_private);

  /// A usable URL whose host, as it is written, is one the server may name: the MCP server's own origin always;
  /// loopback only if the MCP server is there; other special addresses (private, link-local, …) only if it has one.
  bool allows(std::string_view url) const;
  /// What the address that is connected to must be, for what a name hides.
  AddressPolicy addresses(std::string_view url) const;

 private:
  std::string own_origin_;
  bool loopback_ = false;
  bool special_ = false;
};

}  // namespace leanmcp::inline v0
