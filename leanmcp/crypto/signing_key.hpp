#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// A private key that signs tokens (JWS, RFC 7515), with the public half that goes into a JWK set. Immutable and
/// thread-safe; copies share the key, which is wiped with the last of them.
class SigningKey {
 public:
  enum class Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 and a 2048-bit key (RFC 7518, section 3.3).
    rs256,
    /// ECDSA on P-256 with SHA-256 (RFC 7518, section 3.4).
    es256,
  };

  /// A new key. Throws std::runtime_error only when the crypto library itself fails.
  static SigningKey generate(Algorithm algorithm);

  /// The JWK thumbprint (RFC 7638) of the public key.
  const std::string& key_id() const noexcept;
  /// The public key as a JWK (RFC 7517), JSON text, with `use`, `alg` and `kid`.
  const std::string& public_jwk() const noexcept;
  /// The compact JWS over `payload`, with `alg`, `kid` and the given `typ` in its header.
  std::string sign(std::string_view payload, std::string_view type) const;

 private:
  struct Data;
  explicit SigningKey(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

}  // namespace leanmcp::inline v0
