#pragma once

#include <leanmcp/base/result.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// A provider's published signing keys (JWK Set, RFC 7517). Immutable and thread-safe; copies share the keys.
///
/// Taken are RSA keys of 2048 to 8192 bits and P-256, P-384, P-521 keys, meant for signatures. Others in the set are
/// left out: a set may hold keys for other uses.
class PublicKeys {
 public:
  PublicKeys();
  /// The error says what is wrong with the set as a whole, or that no key in it can be used.
  static Result<PublicKeys> parse(std::string_view jwks_json);

  /// Whether the set has a key for this id and algorithm. An empty id means "none given".
  bool has(std::string_view key_id, std::string_view algorithm) const;
  /// Whether one of the keys for the id and algorithm made the signature (RFC 7518, section 3). RS256, RS384, RS512,
  /// PS256, PS384, PS512, ES256, ES384 and ES512; a key is used with its own kind of algorithm only, and with the one
  /// it names if it names one.
  bool verify(std::string_view key_id, std::string_view algorithm, std::string_view signed_text,
              std::string_view signature) const;
  std::size_t size() const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

}  // namespace leanmcp::inline v0
