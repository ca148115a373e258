#include <leanmcp/crypto/symmetric_key.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/key_handle.hpp>
#include <leanmcp/crypto/strict_json.hpp>

#include <stdexcept>

namespace leanmcp::inline v0 {
namespace {

constexpr std::size_t most_bytes = 4096;

std::size_t digest_size(JwsAlgorithm algorithm) {
  if (algorithm == JwsAlgorithm::hs256) return 32;
  return algorithm == JwsAlgorithm::hs384 ? 48 : 64;
}

}  // namespace

struct SymmetricKey::Data {
  Secret bytes;
  detail::KeyUse use;
};

Result<SymmetricKey, JwkFault> SymmetricKey::from_bytes(Secret bytes, std::string key_id) {
  if (bytes.reveal().size() < 32) return JwkFault::too_small;
  if (bytes.reveal().size() > most_bytes) return JwkFault::too_big;
  auto data = std::make_shared<Data>();
  data->bytes = std::move(bytes);
  data->use.id = std::move(key_id);
  return SymmetricKey(std::move(data));
}

Result<SymmetricKey, JwkFault> SymmetricKey::parse(std::string_view jwk, std::string_view operation) {
  if (jwk.size() > JwkLimits().bytes) return JwkFault::too_large;
  const auto object = detail::strict_object(jwk, detail::deepest_jwk);
  if (!object)
    return object.error() == detail::StrictFault::repeated_member ? JwkFault::repeated_member : JwkFault::not_json;
  const boost::json::string* const kind = detail::text_member(*object, "kty");
  if (!kind) return JwkFault::bad_member;
  if (*kind != "oct") return JwkFault::unknown_type;
  auto use = detail::key_use(*object, operation);
  if (!use) return use.error();
  if (use->algorithm && !is_symmetric(*use->algorithm)) return JwkFault::wrong_algorithm;
  const boost::json::string* const text = detail::text_member(*object, "k");
  auto bytes = text ? base64url_decode(*text) : std::nullopt;
  if (!bytes) return JwkFault::bad_member;
  const std::size_t least = use->algorithm ? digest_size(*use->algorithm) : 32;
  if (bytes->size() < least) return JwkFault::too_small;
  auto key = from_bytes(Secret(std::move(*bytes)));
  if (!key) return key.error();
  auto data = std::make_shared<Data>();
  data->bytes = key->data_->bytes;
  data->use = std::move(*use);
  return SymmetricKey(std::move(data));
}

const std::string& SymmetricKey::id() const noexcept { return data_->use.id; }
std::optional<JwsAlgorithm> SymmetricKey::algorithm() const noexcept { return data_->use.algorithm; }

bool SymmetricKey::fits(JwsAlgorithm algorithm) const noexcept {
  return is_symmetric(algorithm) && (!data_->use.algorithm || *data_->use.algorithm == algorithm) &&
         data_->bytes.reveal().size() >= digest_size(algorithm);
}

bool SymmetricKey::verify(JwsAlgorithm algorithm, std::string_view signed_text, std::string_view signature) const {
  return fits(algorithm) && constant_time_equal(sign(algorithm, signed_text), signature);
}

std::string SymmetricKey::sign(JwsAlgorithm algorithm, std::string_view text) const {
  if (!fits(algorithm)) throw std::invalid_argument("the symmetric key is not for this algorithm");
  const std::string_view key = data_->bytes.reveal();
  if (algorithm == JwsAlgorithm::hs256) return hmac_sha256(key, text);
  return algorithm == JwsAlgorithm::hs384 ? hmac_sha384(key, text) : hmac_sha512(key, text);
}

}  // namespace leanmcp::inline v0
