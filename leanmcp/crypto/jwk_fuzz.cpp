#include <leanmcp/crypto/public_keys.hpp>
#include <leanmcp/crypto/signing_key.hpp>
#include <leanmcp/crypto/symmetric_key.hpp>

#include <cstdint>
#include <cstdlib>

namespace {

void require(bool good) {
  if (!good) std::abort();
}

void public_key(const leanmcp::PublicKey& key) {
  require(key.thumbprint().size() == 43 && key.type() != leanmcp::KeyType::symmetric);
  const auto again = leanmcp::PublicKey::parse(key.jwk());
  require(again && again->thumbprint() == key.thumbprint() && again->jwk() == key.jwk());
  for (const auto algorithm :
       {leanmcp::JwsAlgorithm::rs256, leanmcp::JwsAlgorithm::es256, leanmcp::JwsAlgorithm::eddsa})
    require(!key.verify(algorithm, "text", std::string(64, '\1')));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto key = leanmcp::PublicKey::parse(text)) public_key(*key);
  if (const auto keys = leanmcp::PublicKeys::parse(text))
    for (const leanmcp::PublicKey& key : keys->keys()) public_key(key);
  if (const auto key = leanmcp::PublicKey::from_pem(text)) public_key(*key);
  if (const auto key = leanmcp::SymmetricKey::parse(text))
    require(key->fits(key->algorithm().value_or(leanmcp::JwsAlgorithm::hs256)));
  for (const auto& key : {leanmcp::SigningKey::from_jwk(text), leanmcp::SigningKey::from_pem(text)}) {
    if (!key) continue;
    require(key->public_key().verify(key->algorithm(), "text", key->signature("text")));
    require(leanmcp::SigningKey::from_jwk(key->private_jwk().reveal()).has_value());
  }
  return 0;
}
