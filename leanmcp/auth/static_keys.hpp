#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Tokens signed with keys that are known beforehand: no network at all. For tests, and for issuers without a JWKS URL.
class StaticKeysOptions : public ProviderOptions<StaticKeysOptions> {
 public:
  /// All are needed; `jwks` is a JWK Set as JSON text (RFC 7517).
  StaticKeysOptions(std::string issuer, std::string audience, std::string jwks)
      : issuer(std::move(issuer)), audience(std::move(audience)), jwks(std::move(jwks)) {
    provider_name = "static";
  }
  StaticKeysOptions& algorithms(std::vector<std::string> list) { return accepted = std::move(list), *this; }

  std::string issuer;
  std::string audience;
  std::string jwks;
  std::vector<std::string> accepted = {"RS256", "ES256"};
};

std::shared_ptr<AuthProvider> static_keys(StaticKeysOptions options);

}  // namespace leanmcp::inline v0
