#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Why a sealed text was not opened.
enum class OpenFault { too_large, not_sealed, unknown_key, tampered };
std::string_view to_string(OpenFault fault);

/// Seals texts that travel through other hands: AES-256-GCM under a key derived for one purpose. The result is
/// unpadded base64url. Immutable and thread-safe; copies share the keys.
class Sealer {
 public:
  /// `associated_data` is bound to the text without being in it; the same must be given to `open`.
  std::string seal(std::string_view plaintext, std::string_view associated_data) const;
  Result<std::string, OpenFault> open(std::string_view sealed, std::string_view associated_data) const;
  /// The id of the key that seals now.
  const std::string& key_id() const noexcept;
  /// The id of the key a text says it was sealed with, unverified; empty for anything else. It is bound to the text: one
  /// that was changed does not open.
  static std::string key_id_of(std::string_view sealed);

 private:
  friend class KeyRing;
  struct Key {
    std::string id;
    Secret bytes;
  };
  std::shared_ptr<const std::vector<Key>> keys_;
};

/// The configured root keys, newest first: the first one seals, all of them open, so that keys can be rotated while
/// what was sealed before stays good. Everything that is sealed uses a key of its own, derived by HKDF (RFC 5869).
class KeyRing {
 public:
  /// `[id:]key[,[id:]key…]`, each key 32 bytes as base64url (or 64 hex digits); ids are 1 to 16 letters, digits, - or _.
  static Result<KeyRing> parse(std::string_view text);
  /// One unpredictable key that nobody else has.
  static KeyRing random();
  /// A sealer for the purpose the label names. Different labels share no key.
  Sealer sealer(std::string_view label) const;
  /// 32 bytes for the purpose the label names, of the newest key: for what is keyed without being sealed. Shared with
  /// no sealer of the same label.
  Secret derived(std::string_view label) const;

 private:
  std::vector<Sealer::Key> keys_;
};

}  // namespace leanmcp::inline v0
