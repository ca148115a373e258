#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/crypto/public_keys.hpp>
#include <leanmcp/crypto/signing_key.hpp>
#include <leanmcp/crypto/symmetric_key.hpp>
#include <leanmcp/crypto/token_fault.hpp>

#include <span>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// What a token from outside may be at most.
struct JwsLimits {
  std::size_t bytes = 16 * 1024;
  std::size_t header_depth = 8;
  std::size_t claims_depth = 16;
};

/// The three parts of a token, decoded; nothing is checked beyond that.
struct JwsParts {
  std::string header;  ///< JSON text, as the signer wrote it
  std::string payload;
  std::string signature;  ///< raw bytes
  std::string signed_text;
};

/// Splits the compact form (RFC 7515, section 7.1). Each part must be base64url in its one canonical form.
Result<JwsParts, TokenFault> split_jws(std::string_view compact, const JwsLimits& limits = {});

/// What a JWS says, with a header that was understood whole.
struct Jws {
  JwsAlgorithm algorithm = JwsAlgorithm::rs256;
  std::string key_id;  ///< `kid`, or empty
  std::string type;    ///< `typ`, or empty
  /// `jwk`, JSON text: the public key that a proof of possession brings with it. Empty unless it was asked for.
  std::string embedded_key;
  /// RFC 7638 thumbprint of the public key that made the signature; empty before that is known, and for a SymmetricKey.
  std::string signer;
  JwsParts parts;
};

/// Whether a header may bring its own key in `jwk`. Only proofs of possession may (RFC 9449, section 4.2), and for them
/// the key proves nothing but itself.
enum class EmbeddedKey { refused, required };

/// Splits, and reads the header. The signature is not looked at.
Result<Jws, TokenFault> parse_jws(std::string_view compact, const JwsLimits& limits = {},
                                  EmbeddedKey embedded = EmbeddedKey::refused);

/// Verifies a JWS (RFC 7515, section 5.2; RFC 8725, section 3). Only the algorithms in the list are taken, and of them
/// only what fits the key; a symmetric one never with public keys. The key is chosen by `kid`; without one each key
/// that fits is tried. Pure functions.
Result<Jws, TokenFault> verify_jws(std::string_view compact, const PublicKeys& keys,
                                   std::span<const JwsAlgorithm> allowed, const JwsLimits& limits = {});
/// With the one key that the caller has chosen; `kid` is not compared.
Result<Jws, TokenFault> verify_jws(std::string_view compact, const PublicKey& key,
                                   std::span<const JwsAlgorithm> allowed, const JwsLimits& limits = {});
Result<Jws, TokenFault> verify_jws(std::string_view compact, const SymmetricKey& key,
                                   std::span<const JwsAlgorithm> allowed, const JwsLimits& limits = {});

/// Signs any payload under a header of the caller's, JSON text, whose `alg` must be the key's: the caller answers for
/// it. `SigningKey::sign` writes the usual header by itself.
std::string sign_jws(std::string_view header, std::string_view payload, const SigningKey& key);
std::string sign_jws(std::string_view header, std::string_view payload, const SymmetricKey& key,
                     JwsAlgorithm algorithm);

/// Every algorithm that public keys verify.
std::span<const JwsAlgorithm> public_key_algorithms() noexcept;

/// Whether `typ` names the media type, written whole or without `application/`, in whatever case (RFC 7515, section
/// 4.1.9).
bool is_type(std::string_view typ, std::string_view wanted) noexcept;

}  // namespace leanmcp::inline v0
