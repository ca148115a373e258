#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/oauth/client/endpoint_rules.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Of one document.
constexpr std::size_t most_metadata_bytes = 256 * 1024;

/// `resource` in the form of RFC 8707, section 2: the MCP endpoint's URL without fragment.
std::string canonical_resource(std::string_view mcp_url);

/// Where the protected resource metadata of an MCP endpoint may be, in the order to try (RFC 9728, section 3.1; MCP
/// 2025-11-25, Authorization Server Discovery): the place a challenge names, alone; else below the path, then at the
/// root.
std::vector<std::string> resource_metadata_urls(std::string_view mcp_url, std::string_view from_challenge);

/// Why there is no metadata that can be used.
enum class DiscoveryFault {
  unusable_url,             ///< of the document: not https, or on a host that this server may not name
  other_host,               ///< a challenge of one host names the document of another
  unreachable,              ///< no whole answer, 5xx or 429: whether there is a document is not known
  absent,                   ///< none in any of its places
  malformed,                ///< no JSON object, or a member that is none of its kind
  other_resource,           ///< for another resource than the one called
  no_authorization_server,  ///< or none with a usable URL
  other_issuer,             ///< names another issuer than the one asked
  unusable_endpoint,        ///< an endpoint that is no usable URL, or on a host that this server may not name
  no_token_endpoint,
};
/// A sentence that can be shown; nothing of the document is in it.
std::string_view to_string(DiscoveryFault fault) noexcept;

/// RFC 9728, section 2.
class ProtectedResource {
 public:
  std::string resource;
  std::vector<std::string> authorization_servers;
  std::vector<std::string> scopes_supported;
  /// `dpop_bound_access_tokens_required`.
  bool dpop_required = false;
};

/// Reads the document. `resource` must be the endpoint that was called, its origin, or a path above it (section 3.3):
/// otherwise another server's tokens could be asked for with this one's name.
Result<ProtectedResource, DiscoveryFault> read_protected_resource(std::string_view text, std::string_view mcp_url);

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
Result<AuthorizationServer, DiscoveryFault> read_authorization_server(std::string_view text, std::string_view issuer,
                                                                      const EndpointRules& rules);

/// What the revision 2025-03-26 falls back to where a server has no metadata: `/authorize`, `/token` and `/register` at
/// its root. PKCE with S256 is taken for granted there.
AuthorizationServer default_endpoints(std::string_view mcp_url);

}  // namespace leanmcp::inline v0
