#pragma once

#include <leanmcp/base/secret.hpp>
#include <leanmcp/crypto/jwk.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// A secret shared with the signer, for HS256, HS384 and HS512. A type of its own, so that a public key never stands
/// where a secret is meant. Immutable and thread-safe; copies share the secret, which is wiped with the last of them.
class SymmetricKey {
 public:
  /// The raw bytes; at least 32 (RFC 7518, section 3.2). An algorithm whose digest is longer than the secret does not
  /// fit.
  static Result<SymmetricKey, JwkFault> from_bytes(Secret bytes, std::string key_id = {});
  /// A JWK with `kty` `oct` (RFC 7518, section 6.4); `use`, `key_ops` (for `operation`, "verify" or "sign") and `alg`
  /// are heeded.
  static Result<SymmetricKey, JwkFault> parse(std::string_view jwk, std::string_view operation = "verify");

  const std::string& id() const noexcept;
  std::optional<JwsAlgorithm> algorithm() const noexcept;
  bool fits(JwsAlgorithm algorithm) const noexcept;

  /// In constant time.
  bool verify(JwsAlgorithm algorithm, std::string_view signed_text, std::string_view signature) const;
  /// The raw MAC. Throws std::invalid_argument where the key does not fit the algorithm.
  std::string sign(JwsAlgorithm algorithm, std::string_view text) const;

 private:
  struct Data;
  explicit SymmetricKey(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

}  // namespace leanmcp::inline v0
