#include <leanmcp/crypto/key_handle.hpp>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include <stdexcept>
#include <vector>

namespace leanmcp::inline v0::detail {
namespace {

using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;

void require_signed(bool good) {
  if (!good) throw std::runtime_error("OpenSSL failed to sign");
}

/// Fetched once: an implicit fetch at each use costs a microsecond and a lock.
const EVP_MD* digest_of(JwsAlgorithm algorithm) {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const EVP_MD* const sha384 = EVP_MD_fetch(nullptr, "SHA384", nullptr);
  static const EVP_MD* const sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
  switch (algorithm) {
    case JwsAlgorithm::rs256:
    case JwsAlgorithm::ps256:
    case JwsAlgorithm::es256:
      return sha256;
    case JwsAlgorithm::rs384:
    case JwsAlgorithm::ps384:
    case JwsAlgorithm::es384:
      return sha384;
    case JwsAlgorithm::rs512:
    case JwsAlgorithm::ps512:
    case JwsAlgorithm::es512:
      return sha512;
    default:
      return nullptr;  // Edwards curves hash by themselves
  }
}

bool is_pss(JwsAlgorithm algorithm) { return algorithm >= JwsAlgorithm::ps256 && algorithm <= JwsAlgorithm::ps512; }

std::size_t coordinate_size(KeyType type) {
  switch (type) {
    case KeyType::p256:
      return 32;
    case KeyType::p384:
      return 48;
    case KeyType::p521:
      return 66;
    default:
      return 0;
  }
}

/// RFC 7518, section 3.5: the salt is as long as the digest, MGF1 uses the same digest.
bool set_padding(EVP_PKEY_CTX* parameters, JwsAlgorithm algorithm, const EVP_MD* digest) {
  return !is_pss(algorithm) || (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                                EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1 &&
                                EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, digest) == 1);
}

/// Edwards curves hash by themselves, and take the text as a whole.
bool verify_whole(const TypedKey& key, std::string_view text, std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.handle.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text), text.size()) == 1;
}

/// r||s as the DER that the crypto library takes; empty when it has another size.
std::string der_signature(std::string_view raw, std::size_t size) {
  if (raw.size() != 2 * size) return {};
  const EcSignature signature(ECDSA_SIG_new());
  BIGNUM* const r = BN_bin2bn(bytes(raw), static_cast<int>(size), nullptr);
  BIGNUM* const s = BN_bin2bn(bytes(raw) + size, static_cast<int>(size), nullptr);
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* out = nullptr;
  const int length = i2d_ECDSA_SIG(signature.get(), &out);
  if (length <= 0) return {};
  std::string der(reinterpret_cast<const char*>(out), static_cast<std::size_t>(length));
  OPENSSL_free(out);
  return der;
}

std::string raw_signature(std::string_view der, std::size_t size) {
  const unsigned char* at = bytes(der);
  const EcSignature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  require_signed(signature != nullptr);
  std::string out(2 * size, '\0');
  auto* const to = reinterpret_cast<unsigned char*>(out.data());
  const int length = static_cast<int>(size);
  require_signed(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), to, length) == length);
  require_signed(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), to + size, length) == length);
  return out;
}

}  // namespace

ReadyContexts::~ReadyContexts() {
  for (auto& made : made_) EVP_PKEY_CTX_free(made.load(std::memory_order_relaxed));
}

EVP_PKEY_CTX* ReadyContexts::find(EVP_PKEY* key, JwsAlgorithm algorithm, const EVP_MD* digest) {
  auto& slot = made_.at(static_cast<std::size_t>(algorithm));
  if (EVP_PKEY_CTX* const made = slot.load(std::memory_order_acquire)) return made;
  PkeyContext fresh(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!fresh || EVP_PKEY_verify_init(fresh.get()) != 1 || EVP_PKEY_CTX_set_signature_md(fresh.get(), digest) != 1 ||
      !set_padding(fresh.get(), algorithm, digest))
    return nullptr;
  EVP_PKEY_CTX* other = nullptr;
  if (slot.compare_exchange_strong(other, fresh.get(), std::memory_order_acq_rel)) return fresh.release();
  return other;
}

bool verify_signature(const TypedKey& key, JwsAlgorithm algorithm, std::string_view text, std::string_view signature) {
  if (!fits(key.type, algorithm)) return false;
  std::string der;
  std::string_view checked = signature;
  if (const std::size_t size = coordinate_size(key.type); size != 0) {
    der = der_signature(signature, size);
    if (der.empty()) return false;
    checked = der;
  }
  const EVP_MD* const digest = digest_of(algorithm);
  if (!digest) return verify_whole(key, text, checked);
  EVP_PKEY_CTX* const ready = key.contexts->find(key.handle.get(), algorithm, digest);
  const PkeyContext context(ready ? EVP_PKEY_CTX_dup(ready) : nullptr);
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  return context && EVP_Digest(text.data(), text.size(), hash, &size, digest, nullptr) == 1 &&
         EVP_PKEY_verify(context.get(), bytes(checked), checked.size(), hash, size) == 1;
}

std::string make_signature(const TypedKey& key, JwsAlgorithm algorithm, std::string_view text) {
  require_signed(fits(key.type, algorithm));
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  require_signed(context != nullptr);
  require_signed(EVP_DigestSignInit(context.get(), &parameters, digest_of(algorithm), nullptr, key.handle.get()) == 1);
  require_signed(set_padding(parameters, algorithm, digest_of(algorithm)));
  std::size_t size = 0;
  require_signed(EVP_DigestSign(context.get(), nullptr, &size, bytes(text), text.size()) == 1);
  std::string signature(size, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(signature.data());
  require_signed(EVP_DigestSign(context.get(), out, &size, bytes(text), text.size()) == 1);
  signature.resize(size);
  const std::size_t coordinate = coordinate_size(key.type);
  return coordinate == 0 ? signature : raw_signature(signature, coordinate);
}

}  // namespace leanmcp::inline v0::detail
