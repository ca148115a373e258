#pragma once

#include <leanmcp/crypto/jwk.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// A key of a set that is left out, and why. Sets may hold keys for other uses, or of kinds to come.
struct SkippedKey {
  std::string id;
  JwkFault fault;
};

/// Which set of keys is taken from outside.
struct JwkSetLimits {
  std::size_t bytes = 512 * 1024;
  /// Members of the list, usable or not; a longer one is refused as a whole.
  std::size_t keys = 256;
  JwkLimits key;
};

/// A provider's published signing keys (JWK Set, RFC 7517, section 5). Immutable and thread-safe; copies share the
/// keys.
class PublicKeys {
 public:
  /// No keys at all: every signature is from an unknown one.
  PublicKeys();
  /// Keys that are known already, or made from PEM.
  explicit PublicKeys(std::vector<PublicKey> keys);
  /// The error says what is wrong with the set as a whole, or that no key in it can be used.
  static Result<PublicKeys> parse(std::string_view jwks_json, const JwkSetLimits& limits = {});

  const std::vector<PublicKey>& keys() const noexcept;
  const std::vector<SkippedKey>& skipped() const noexcept;
  std::size_t size() const;

  /// Whether the set has a key with this id, for whatever algorithm.
  bool knows(std::string_view key_id) const;
  /// Whether the set has a key for this id and algorithm. An empty id means "none given".
  bool has(std::string_view key_id, std::string_view algorithm) const;
  bool has(std::string_view key_id, JwsAlgorithm algorithm) const;
  /// The key for the id and algorithm that made the signature; nullptr when none did. Without an id each fitting key is
  /// tried, up to eight. A key is used with its own kind of algorithm only, and with the one it names if it names one.
  const PublicKey* signer(std::string_view key_id, JwsAlgorithm algorithm, std::string_view signed_text,
                          std::string_view signature) const;
  bool verify(std::string_view key_id, std::string_view algorithm, std::string_view signed_text,
              std::string_view signature) const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

}  // namespace leanmcp::inline v0
