#pragma once

#include <optional>
#include <string_view>

namespace leanmcp::inline v0 {

/// How a token is signed (RFC 7518, section 3; RFC 8037, section 3.1; RFC 9864, section 2). `none` is not among them.
enum class JwsAlgorithm {
  rs256,  ///< RSASSA-PKCS1-v1_5 with SHA-256
  rs384,
  rs512,
  ps256,  ///< RSASSA-PSS with SHA-256, a salt as long as the digest
  ps384,
  ps512,
  es256,  ///< ECDSA on P-256 with SHA-256
  es384,
  es512,  ///< ECDSA on P-521 with SHA-512
  eddsa,  ///< Ed25519 or Ed448, as the key says
  ed25519,
  ed448,
  hs256,  ///< HMAC with SHA-256; only with a SymmetricKey
  hs384,
  hs512,
};

/// The name in a header's `alg`.
std::string_view to_string(JwsAlgorithm algorithm) noexcept;
/// By its exact name; nullopt for `none` and whatever else is not known.
std::optional<JwsAlgorithm> jws_algorithm(std::string_view name) noexcept;
/// Whether who can verify can also sign: HS256, HS384 and HS512.
bool is_symmetric(JwsAlgorithm algorithm) noexcept;

/// What kind of key it is.
enum class KeyType { rsa, p256, p384, p521, ed25519, ed448, symmetric };

/// Whether keys of the type make signatures of the algorithm. An elliptic curve has one algorithm, RSA six.
bool fits(KeyType type, JwsAlgorithm algorithm) noexcept;

}  // namespace leanmcp::inline v0
