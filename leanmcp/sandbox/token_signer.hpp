#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace leanmcp::inline v0::sandbox {

/// Signs the sandbox's tokens with a key of its own.
class TokenSigner {
 public:
  virtual ~TokenSigner() = default;
  /// The public keys as a JWK set (RFC 7517, section 5), JSON text.
  virtual std::string jwks() const = 0;
  /// A JWS in compact form (RFC 7515) over the claims, JSON text; `type` goes into the header's `typ`.
  virtual std::string sign(std::string_view claims, std::string_view type) const = 0;
};

/// RS256 with a new 2048-bit key, lost when the process ends.
std::shared_ptr<TokenSigner> make_token_signer();

}  // namespace leanmcp::inline v0::sandbox
