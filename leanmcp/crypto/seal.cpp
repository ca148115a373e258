#include <leanmcp/crypto/seal.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>

namespace leanmcp::inline v0 {

namespace {

constexpr char format = 1;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t key_bytes = 32;
constexpr std::size_t most_sealed = 1024 * 1024;

struct Cipher {
  EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
  Cipher() {
    if (!context) throw std::bad_alloc();
  }
  Cipher(const Cipher&) = delete;
  Cipher& operator=(const Cipher&) = delete;
  ~Cipher() { EVP_CIPHER_CTX_free(context); }
};

const EVP_CIPHER* aes() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void check(int ok) {
  if (ok != 1) throw std::runtime_error("sealing failed");
}

bool good_id(std::string_view id) {
  return !id.empty() && id.size() <= 16 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace

std::string_view to_string(OpenFault fault) {
  switch (fault) {
    case OpenFault::too_large: return "too large";
    case OpenFault::not_sealed: return "not a sealed text";
    case OpenFault::unknown_key: return "sealed with an unknown key";
    case OpenFault::tampered: return "changed on the way or sealed for another use";
  }
  return "";
}

// Layout: format, length of the key id, key id, nonce, ciphertext, tag. The part before the ciphertext is
// authenticated with the associated data.
std::string Sealer::seal(std::string_view plaintext, std::string_view associated_data) const {
  const Key& key = keys_->front();
  std::string out(1, format);
  out += static_cast<char>(key.id.size());
  out += key.id;
  std::string nonce(nonce_bytes, '\0');
  random_bytes({bytes(nonce), nonce.size()});
  out += nonce;
  const std::string head = out;
  std::string text(plaintext.size(), '\0');
  std::string tag(tag_bytes, '\0');
  const Cipher cipher;
  int n = 0;
  check(EVP_EncryptInit_ex2(cipher.context, aes(), bytes(key.bytes.reveal()), bytes(nonce), nullptr));
  check(EVP_EncryptUpdate(cipher.context, nullptr, &n, bytes(std::string_view(head)), static_cast<int>(head.size())));
  check(EVP_EncryptUpdate(cipher.context, nullptr, &n, bytes(associated_data), static_cast<int>(associated_data.size())));
  if (!text.empty())
    check(EVP_EncryptUpdate(cipher.context, bytes(text), &n, bytes(plaintext), static_cast<int>(plaintext.size())));
  check(EVP_EncryptFinal_ex(cipher.context, bytes(tag), &n));
  check(EVP_CIPHER_CTX_ctrl(cipher.context, EVP_CTRL_AEAD_GET_TAG, tag_bytes, tag.data()));
  return base64url_encode(out + text + tag);
}

Result<std::string, OpenFault> Sealer::open(std::string_view sealed, std::string_view associated_data) const {
  if (sealed.size() > most_sealed) return OpenFault::too_large;
  const auto raw = base64url_decode(sealed);
  if (!raw || raw->size() < 2 || (*raw)[0] != format) return OpenFault::not_sealed;
  const auto id_size = static_cast<std::size_t>(static_cast<unsigned char>((*raw)[1]));
  const std::size_t head_size = 2 + id_size + nonce_bytes;
  if (raw->size() < head_size + tag_bytes) return OpenFault::not_sealed;
  const std::string_view all = *raw;
  const auto key = std::find_if(keys_->begin(), keys_->end(), [&](const Key& k) { return k.id == all.substr(2, id_size); });
  if (key == keys_->end()) return OpenFault::unknown_key;
  const std::string_view head = all.substr(0, head_size);
  const std::string_view nonce = all.substr(2 + id_size, nonce_bytes);
  const std::string_view text = all.substr(head_size, all.size() - head_size - tag_bytes);
  std::string tag(all.substr(all.size() - tag_bytes));
  std::string plain(text.size(), '\0');
  const Cipher cipher;
  int n = 0;
  check(EVP_DecryptInit_ex2(cipher.context, aes(), bytes(key->bytes.reveal()), bytes(nonce), nullptr));
  check(EVP_DecryptUpdate(cipher.context, nullptr, &n, bytes(head), static_cast<int>(head.size())));
  check(EVP_DecryptUpdate(cipher.context, nullptr, &n, bytes(associated_data), static_cast<int>(associated_data.size())));
  if (!plain.empty())
    check(EVP_DecryptUpdate(cipher.context, bytes(plain), &n, bytes(text), static_cast<int>(text.size())));
  check(EVP_CIPHER_CTX_ctrl(cipher.context, EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()));
  unsigned char rest[16];
  if (EVP_DecryptFinal_ex(cipher.context, rest, &n) != 1) return OpenFault::tampered;
  return plain;
}

const std::string& Sealer::key_id() const noexcept { return keys_->front().id; }

std::string Sealer::key_id_of(std::string_view sealed) {
  if (sealed.size() > most_sealed) return {};
  const auto raw = base64url_decode(sealed);
  if (!raw || raw->size() < 2 || (*raw)[0] != format) return {};
  const auto size = static_cast<std::size_t>(static_cast<unsigned char>((*raw)[1]));
  return raw->size() < 2 + size ? std::string() : raw->substr(2, size);
}

Result<KeyRing> KeyRing::parse(std::string_view text) {
  KeyRing ring;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view entry = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const auto colon = entry.find(':');
    const std::string_view value = colon == std::string_view::npos ? entry : entry.substr(colon + 1);
    // A bare key gets an id that says nothing about it and is the same in every instance.
    const std::string id = colon == std::string_view::npos
                               ? base64url_encode(hmac_sha256(value, "leanmcp key id")).substr(0, 8)
                               : std::string(entry.substr(0, colon));
    if (!good_id(id)) return Error("a key's id is 1 to 16 letters, digits, - or _");
    auto key = value.size() == 2 * key_bytes ? hex_decode(value) : base64url_decode(value);
    if (!key || key->size() != key_bytes)
      return Error("the key '" + id + "' is not 32 bytes as base64url or 64 hexadecimal digits");
    for (const auto& known : ring.keys_)
      if (known.id == id) return Error("the key id '" + id + "' is there twice");
    ring.keys_.push_back(Sealer::Key{id, Secret(std::move(*key))});
  }
  if (ring.keys_.empty()) return Error("no key is given");
  return ring;
}

KeyRing KeyRing::random() {
  std::string key(key_bytes, '\0');
  random_bytes({bytes(key), key.size()});
  KeyRing ring;
  ring.keys_.push_back(Sealer::Key{random_id(6), Secret(std::move(key))});
  return ring;
}

Sealer KeyRing::sealer(std::string_view label) const {
  std::vector<Sealer::Key> derived;
  for (const auto& key : keys_)
    derived.push_back(Sealer::Key{key.id, Secret(hkdf_sha256(key.bytes.reveal(), "leanmcp v1", label, key_bytes))});
  Sealer sealer;
  sealer.keys_ = std::make_shared<const std::vector<Sealer::Key>>(std::move(derived));
  return sealer;
}

Secret KeyRing::derived(std::string_view label) const {
  return Secret(hkdf_sha256(keys_.front().bytes.reveal(), "leanmcp v1 secret", label, key_bytes));
}

}  // namespace leanmcp::inline v0
