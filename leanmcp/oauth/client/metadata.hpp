#pragma once

#include <leanmcp/base/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Whether a URL from metadata may be called: absolute http(s) with a host, without user name, fragment, control or
/// quoting characters; plain http to loopback addresses only. At most 2,048 characters.
bool is_usable_endpoint(std::string_view url);

/// `resource` in the form of RFC 8707, section 2: the MCP endpoint's URL without fragment.
std::string canonical_resource(std::string_view mcp_url);

/// Where the protected resource metadata of an MCP endpoint may be, in the order to try (RFC 9728, section 3.1; MCP
/// 2025-11-25, Authorization Server Discovery): the place a challenge names, alone; else below the path, then at the
/// root.
std::vector<std::string> resource_metadata_urls(std::string_view mcp_url, std::string_view from_challenge);

/// RFC 9728, section 2.
class ProtectedResource {
 public:
  std::string resource;
  std::vector<std::string> authorization_servers;
  std::vector<std::string> scopes_supported;
};

/// Reads the document. `resource` must be the endpoint that was called, its origin, or a path above it (section 3.3):
/// otherwise another server's tokens could be asked for with this one's name.
Result<ProtectedResource> read_protected_resource(std::string_view text, std::string_view mcp_url);

/// Where an issuer's metadata may be, in the order to try (RFC 8414, section 3.1; OpenID Connect Discovery 1.0, section
/// 4; MCP 2025-11-25, Authorization Server Metadata Discovery). Empty when the issuer is no usable URL.
std::vector<std::string> issuer_metadata_urls(std::string_view issuer);

/// RFC 8414, section 2, and the extensions that clients of MCP look at.
class AuthorizationServer {
 public:
  std::string issuer;
  std::string authorization_endpoint;
  std::string token_endpoint;
  std::string registration_endpoint;
  std::string revocation_endpoint;
  std::vector<std::string> scopes_supported;
  std::vector<std::string> grant_types;
  std::vector<std::string> code_challenge_methods;
  /// Absent stands for `client_secret_basic` (RFC 8414, section 2).
  std::optional<std::vector<std::string>> token_auth_methods;
  std::vector<std::string> token_auth_algorithms;
  std::vector<std::string> dpop_algorithms;
  /// RFC 9207, section 3.
  bool names_issuer = false;
  /// Client ID Metadata Documents.
  bool takes_client_documents = false;

  bool supports_s256() const;
  bool supports_scope(std::string_view scope) const;
};

/// Reads the document; `issuer` in it must be `issuer`, byte for byte (RFC 8414, section 3.3). Endpoints that are no
/// usable URLs are an error, not ignored: somebody put them there.
Result<AuthorizationServer> read_authorization_server(std::string_view text, std::string_view issuer);

/// What the revision 2025-03-26 falls back to where a server has no metadata: `/authorize`, `/token` and `/register` at
/// its root. PKCE with S256 is taken for granted there.
AuthorizationServer default_endpoints(std::string_view mcp_url);

}  // namespace leanmcp::inline v0
