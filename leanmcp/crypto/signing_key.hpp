#pragma once

#include <leanmcp/base/secret.hpp>
#include <leanmcp/crypto/jwk.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// A private key that signs tokens (JWS, RFC 7515), with the public half that goes into a JWK set. Immutable and
/// thread-safe; copies share the key, which is wiped with the last of them.
class SigningKey {
 public:
  using Algorithm = JwsAlgorithm;

  /// A new key; `rsa_bits`, at least 2048, is for RS and PS. Throws std::runtime_error when the crypto library fails,
  /// and for a symmetric algorithm.
  static SigningKey generate(Algorithm algorithm, unsigned rsa_bits = 2048);
  /// A private JWK (RFC 7517, section 9.3 for its care): RSA with all its prime parts, EC or OKP. The algorithm is the
  /// one given, which must be what `alg` says if it is there; without either RS256 for RSA and the curve's own.
  static Result<SigningKey, JwkFault> from_jwk(std::string_view jwk, std::optional<Algorithm> algorithm = std::nullopt);
  /// `-----BEGIN PRIVATE KEY-----` (PKCS #8, RFC 5958) without a passphrase; the older `RSA` and `EC PRIVATE KEY` too.
  /// The key id is the thumbprint unless one is given.
  static Result<SigningKey, JwkFault> from_pem(std::string_view pem, std::optional<Algorithm> algorithm = std::nullopt,
                                               std::string key_id = {});

  Algorithm algorithm() const noexcept;
  /// The `kid` it was given, else the thumbprint.
  const std::string& key_id() const noexcept;
  /// The JWK thumbprint (RFC 7638) of the public key.
  const std::string& thumbprint() const noexcept;
  /// The public key as a JWK (RFC 7517), JSON text, with `use`, `alg` and `kid`.
  const std::string& public_jwk() const noexcept;
  /// The public half, to verify with.
  PublicKey public_key() const;
  /// The whole key as a JWK with `alg` and `kid`, to be stored: whoever has it can sign.
  Secret private_jwk() const;

  /// The JWS in compact form over the payload, with `alg`, `kid` and `typ` in the header; no `typ` when `type` is
  /// empty.
  std::string sign(std::string_view payload, std::string_view type = {}) const;
  /// The same with the public key itself (`jwk`) in place of `kid`: a proof of possession.
  std::string sign_with_key(std::string_view payload, std::string_view type) const;
  /// The signature alone, raw bytes in JOSE's form.
  std::string signature(std::string_view text) const;

 private:
  struct Data;
  explicit SigningKey(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

}  // namespace leanmcp::inline v0
