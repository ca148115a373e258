#include <leanmcp/crypto/digest.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

namespace leanmcp::inline v0 {

namespace {

/// Fetched once: an implicit fetch costs more than hashing a short text.
const EVP_MD* fetch(const char* name) {
  const EVP_MD* const md = EVP_MD_fetch(nullptr, name, nullptr);
  if (!md) throw std::runtime_error(std::string("the crypto library has no ") + name);
  return md;
}

const EVP_MD* md256() {
  static const EVP_MD* const md = fetch("SHA256");
  return md;
}
const EVP_MD* md384() {
  static const EVP_MD* const md = fetch("SHA384");
  return md;
}
const EVP_MD* md512() {
  static const EVP_MD* const md = fetch("SHA512");
  return md;
}

const unsigned char* data(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

std::string digest(const EVP_MD* md, std::string_view bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), out, &size, md, nullptr) != 1)
    throw std::runtime_error("digest failed");
  return std::string(reinterpret_cast<const char*>(out), size);
}

std::string hmac(const EVP_MD* md, std::string_view key, std::string_view bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  // A null key pointer would mean "reuse the former key".
  const char none = 0;
  const void* const key_data = key.empty() ? &none : key.data();
  if (!HMAC(md, key_data, static_cast<int>(key.size()), data(bytes), bytes.size(), out, &size))
    throw std::runtime_error("HMAC failed");
  return std::string(reinterpret_cast<const char*>(out), size);
}

}  // namespace

std::string sha256(std::string_view bytes) { return digest(md256(), bytes); }
std::string sha384(std::string_view bytes) { return digest(md384(), bytes); }
std::string sha512(std::string_view bytes) { return digest(md512(), bytes); }
std::string hmac_sha256(std::string_view key, std::string_view bytes) { return hmac(md256(), key, bytes); }
std::string hmac_sha384(std::string_view key, std::string_view bytes) { return hmac(md384(), key, bytes); }
std::string hmac_sha512(std::string_view key, std::string_view bytes) { return hmac(md512(), key, bytes); }

std::string hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info, std::size_t length) {
  constexpr std::size_t block = 32;
  if (length > 255 * block) throw std::length_error("HKDF gives at most 8160 bytes");
  const std::string prk = hmac_sha256(salt.empty() ? std::string(block, '\0') : std::string(salt), key);
  std::string out;
  std::string last;
  for (unsigned char i = 1; out.size() < length; ++i) {
    last += info;
    last += static_cast<char>(i);
    last = hmac_sha256(prk, last);
    out += last;
  }
  out.resize(length);
  return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace leanmcp::inline v0
