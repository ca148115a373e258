#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/crypto/jws_algorithm.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// Why a key, or a set of keys, cannot be used.
enum class JwkFault {
  too_large,  ///< the text is longer than allowed
  not_json,   ///< no JSON object, or nested too deep
  repeated_member,
  bad_member,    ///< a member is missing, of the wrong type, or no canonical base64url of the right length
  unknown_type,  ///< `kty` is not RSA, EC or OKP (or oct, where a symmetric key is asked for)
  unknown_curve,
  symmetric_key,     ///< `oct` where a public key is expected
  private_key,       ///< private members where a public key is expected: it is no secret any more
  no_private_key,    ///< no private members where a private key is expected
  wrong_use,         ///< `use` is not `sig`
  wrong_operations,  ///< `key_ops` does not allow it
  unknown_algorithm,
  wrong_algorithm,  ///< `alg` is for another type of key
  too_small,        ///< RSA below 2048 bits, or a symmetric key shorter than its digest (RFC 7518, sections 3.2, 3.3)
  too_big,
  bad_exponent,
  not_on_curve,
  mismatched,  ///< the private half does not belong to the public one
  bad_pem,
  not_a_set,  ///< no list `keys`
  too_many_keys,
  no_usable_key,
};
/// A few words; holds nothing of the key.
std::string_view to_string(JwkFault fault) noexcept;

/// What is taken from outside at most.
struct JwkLimits {
  std::size_t bytes = 64 * 1024;
  /// An RSA modulus. Verifying costs its square.
  std::size_t rsa_bits = 8192;
};

/// One public key for signatures: RSA of at least 2048 bits, P-256, P-384, P-521, Ed25519 or Ed448. Immutable and
/// thread-safe; copies share the key. Built once, then used for many signatures.
class PublicKey {
 public:
  /// A JSON Web Key (RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2). `use`, `key_ops` and `alg` are
  /// heeded where they are there. A private or symmetric key is refused.
  static Result<PublicKey, JwkFault> parse(std::string_view jwk, const JwkLimits& limits = {});
  /// `-----BEGIN PUBLIC KEY-----` (RFC 7468, section 13), for a provider that hands out a PEM.
  static Result<PublicKey, JwkFault> from_pem(std::string_view pem, std::string key_id = {});

  /// `kid`; empty when there is none.
  const std::string& id() const noexcept;
  KeyType type() const noexcept;
  /// `alg`, when the key names one: then it serves no other.
  std::optional<JwsAlgorithm> algorithm() const noexcept;
  bool fits(JwsAlgorithm algorithm) const noexcept;

  /// The required members alone, in the order and form of RFC 7638, section 3: JSON text.
  const std::string& jwk() const noexcept;
  /// SHA-256 thumbprint (RFC 7638) as base64url: 43 characters. The same key has one thumbprint, however it was
  /// written.
  const std::string& thumbprint() const noexcept;

  /// Whether this key made the signature (RFC 7518, section 3; RFC 8037, section 3.1). False where it does not fit the
  /// algorithm.
  bool verify(JwsAlgorithm algorithm, std::string_view signed_text, std::string_view signature) const;

  struct Data;

 private:
  friend class PublicKeys;
  friend class SigningKey;
  explicit PublicKey(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

}  // namespace leanmcp::inline v0
