#include <leanmcp/crypto/signing_key.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/key_handle.hpp>
#include <leanmcp/crypto/strict_json.hpp>

#include <stdexcept>

namespace leanmcp::inline v0 {

namespace json = boost::json;

namespace {

KeyType type_for(JwsAlgorithm algorithm) {
  switch (algorithm) {
    case JwsAlgorithm::es256:
      return KeyType::p256;
    case JwsAlgorithm::es384:
      return KeyType::p384;
    case JwsAlgorithm::es512:
      return KeyType::p521;
    case JwsAlgorithm::eddsa:
    case JwsAlgorithm::ed25519:
      return KeyType::ed25519;
    case JwsAlgorithm::ed448:
      return KeyType::ed448;
    case JwsAlgorithm::hs256:
    case JwsAlgorithm::hs384:
    case JwsAlgorithm::hs512:
      throw std::runtime_error("a signing key is no symmetric key");
    default:
      return KeyType::rsa;
  }
}

JwsAlgorithm usual_for(KeyType type) {
  switch (type) {
    case KeyType::p256:
      return JwsAlgorithm::es256;
    case KeyType::p384:
      return JwsAlgorithm::es384;
    case KeyType::p521:
      return JwsAlgorithm::es512;
    case KeyType::ed25519:
    case KeyType::ed448:
      return JwsAlgorithm::eddsa;
    default:
      return JwsAlgorithm::rs256;
  }
}

}  // namespace

struct SigningKey::Data {
  std::shared_ptr<const PublicKey::Data> key;
  Algorithm algorithm = Algorithm::rs256;
  std::string key_id;
  std::string public_jwk;

  static Result<std::shared_ptr<const Data>, JwkFault> make(detail::TypedKey key, detail::KeyUse use,
                                                            std::optional<Algorithm> algorithm) {
    const Algorithm chosen = algorithm.value_or(use.algorithm.value_or(usual_for(key.type)));
    if (!fits(key.type, chosen) || (use.algorithm && *use.algorithm != chosen)) return JwkFault::wrong_algorithm;
    auto data = std::make_shared<Data>();
    use.algorithm = chosen;
    data->algorithm = chosen;
    data->key_id = use.id;
    const auto made = PublicKey::Data::make(std::move(key), std::move(use));
    data->key = made;
    if (data->key_id.empty()) data->key_id = made->thumbprint;
    json::object jwk = json::parse(made->jwk).as_object();
    jwk["use"] = "sig";
    jwk["alg"] = to_string(chosen);
    jwk["kid"] = data->key_id;
    data->public_jwk = json::serialize(jwk);
    return std::shared_ptr<const Data>(std::move(data));
  }
};

SigningKey SigningKey::generate(Algorithm algorithm, unsigned rsa_bits) {
  return SigningKey(*Data::make(detail::new_key(type_for(algorithm), rsa_bits), detail::KeyUse(), algorithm));
}

Result<SigningKey, JwkFault> SigningKey::from_jwk(std::string_view jwk, std::optional<Algorithm> algorithm) {
  const JwkLimits limits;
  if (jwk.size() > limits.bytes) return JwkFault::too_large;
  const auto object = detail::strict_object(jwk, detail::deepest_jwk);
  if (!object)
    return object.error() == detail::StrictFault::repeated_member ? JwkFault::repeated_member : JwkFault::not_json;
  auto use = detail::key_use(*object, "sign");
  if (!use) return use.error();
  auto key = detail::key_from_jwk(*object, detail::KeyPart::private_half, limits);
  if (!key) return key.error();
  auto data = Data::make(std::move(*key), std::move(*use), algorithm);
  if (!data) return data.error();
  return SigningKey(std::move(*data));
}

Result<SigningKey, JwkFault> SigningKey::from_pem(std::string_view pem, std::optional<Algorithm> algorithm,
                                                  std::string key_id) {
  auto key = detail::key_from_pem(pem, detail::KeyPart::private_half, JwkLimits());
  if (!key) return key.error();
  detail::KeyUse use;
  use.id = std::move(key_id);
  auto data = Data::make(std::move(*key), std::move(use), algorithm);
  if (!data) return data.error();
  return SigningKey(std::move(*data));
}

SigningKey::Algorithm SigningKey::algorithm() const noexcept { return data_->algorithm; }
const std::string& SigningKey::key_id() const noexcept { return data_->key_id; }
const std::string& SigningKey::thumbprint() const noexcept { return data_->key->thumbprint; }
const std::string& SigningKey::public_jwk() const noexcept { return data_->public_jwk; }
PublicKey SigningKey::public_key() const { return *PublicKey::parse(data_->public_jwk); }

Secret SigningKey::private_jwk() const {
  std::string text = detail::private_jwk(data_->key->key);
  text.pop_back();
  text += ",\"alg\":\"" + std::string(to_string(data_->algorithm)) +
          "\",\"kid\":" + json::serialize(json::string(data_->key_id)) + "}";
  return Secret(std::move(text));
}

std::string SigningKey::signature(std::string_view text) const {
  return detail::make_signature(data_->key->key, data_->algorithm, text);
}

std::string SigningKey::sign(std::string_view payload, std::string_view type) const {
  json::object header{{"alg", to_string(data_->algorithm)}, {"kid", data_->key_id}};
  if (!type.empty()) header["typ"] = type;
  const std::string text = base64url_encode(json::serialize(header)) + "." + base64url_encode(payload);
  return text + "." + base64url_encode(signature(text));
}

std::string SigningKey::sign_with_key(std::string_view payload, std::string_view type) const {
  const std::string header = R"({"typ":)" + json::serialize(json::string(type)) + R"(,"alg":")" +
                             std::string(to_string(data_->algorithm)) + R"(","jwk":)" + data_->key->jwk + "}";
  const std::string text = base64url_encode(header) + "." + base64url_encode(payload);
  return text + "." + base64url_encode(signature(text));
}

}  // namespace leanmcp::inline v0
