#pragma once

#include <leanmcp/crypto/jwk.hpp>

#include <boost/json/fwd.hpp>

#include <openssl/evp.h>

#include <array>
#include <atomic>
#include <memory>

namespace leanmcp::inline v0::detail {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

/// Contexts that are ready to verify with one key, one for each algorithm, made when first needed and then copied: to
/// set one up costs more than a tenth of a verification. Thread-safe.
class ReadyContexts {
 public:
  ReadyContexts() = default;
  ReadyContexts(const ReadyContexts&) = delete;
  ReadyContexts& operator=(const ReadyContexts&) = delete;
  ~ReadyContexts();
  /// Nullptr when the crypto library fails.
  EVP_PKEY_CTX* find(EVP_PKEY* key, JwsAlgorithm algorithm, const EVP_MD* digest);

 private:
  std::array<std::atomic<EVP_PKEY_CTX*>, 16> made_{};
};

/// How deep a JWK, or a set of them, may be nested.
constexpr std::size_t deepest_jwk = 8;

/// Text as OpenSSL takes it.
inline const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// What one key is, as OpenSSL has it.
struct TypedKey {
  KeyType type = KeyType::rsa;
  KeyHandle handle;
  std::unique_ptr<ReadyContexts> contexts = std::make_unique<ReadyContexts>();
};

enum class KeyPart { public_half, private_half };

/// The key in a JWK's own members (RFC 7518, section 6; RFC 8037, section 2). A private half is tried against its
/// public one.
Result<TypedKey, JwkFault> key_from_jwk(const boost::json::object& jwk, KeyPart part, const JwkLimits& limits);
/// `PUBLIC KEY` (SubjectPublicKeyInfo) or `PRIVATE KEY` (PKCS #8, and the older forms), never with a passphrase.
Result<TypedKey, JwkFault> key_from_pem(std::string_view pem, KeyPart part, const JwkLimits& limits);
/// A new key pair. Throws std::runtime_error when the crypto library fails.
TypedKey new_key(KeyType type, unsigned rsa_bits);

/// The members that RFC 7638 hashes, in its order, without spaces.
std::string public_jwk(const TypedKey& key);
/// The same and the private members, in an order of ours.
std::string private_jwk(const TypedKey& key);

struct KeyUse {
  std::string id;
  std::optional<JwsAlgorithm> algorithm;
};
/// `kid`, `alg`, `use` and `key_ops` (RFC 7517, section 4). `operation` is the one that `key_ops` must allow.
Result<KeyUse, JwkFault> key_use(const boost::json::object& jwk, std::string_view operation);

/// JOSE's form of a signature: fixed-size r||s for elliptic curves (RFC 7518, section 3.4).
bool verify_signature(const TypedKey& key, JwsAlgorithm algorithm, std::string_view text, std::string_view signature);
/// Throws std::runtime_error when the crypto library fails or the key does not fit the algorithm.
std::string make_signature(const TypedKey& key, JwsAlgorithm algorithm, std::string_view text);

}  // namespace leanmcp::inline v0::detail

namespace leanmcp::inline v0 {

struct PublicKey::Data {
  detail::TypedKey key;
  detail::KeyUse use;
  std::string jwk;
  std::string thumbprint;

  static std::shared_ptr<const Data> make(detail::TypedKey key, detail::KeyUse use);
  static Result<std::shared_ptr<const Data>, JwkFault> from_object(const boost::json::object& jwk,
                                                                   const JwkLimits& limits);
};

}  // namespace leanmcp::inline v0
