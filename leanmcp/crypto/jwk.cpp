#include <leanmcp/crypto/jwk.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/key_handle.hpp>
#include <leanmcp/crypto/strict_json.hpp>

#include <set>

namespace leanmcp::inline v0 {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_key_id = 1024;
constexpr std::size_t most_operations = 16;

Result<bool, JwkFault> allows(const json::value& operations, std::string_view wanted) {
  const json::array* const list = operations.if_array();
  if (!list || list->size() > most_operations) return JwkFault::bad_member;
  std::set<std::string_view> seen;
  for (const json::value& item : *list) {
    const json::string* const name = item.if_string();
    // RFC 7517, section 4.3: duplicates must not be there.
    if (!name || !seen.insert(std::string_view(*name)).second) return JwkFault::bad_member;
  }
  return seen.count(wanted) != 0;
}

}  // namespace

std::string_view to_string(JwkFault fault) noexcept {
  switch (fault) {
    case JwkFault::too_large:
      return "too large";
    case JwkFault::not_json:
      return "not a JSON object";
    case JwkFault::repeated_member:
      return "a repeated member";
    case JwkFault::bad_member:
      return "a missing or broken member";
    case JwkFault::unknown_type:
      return "unknown type of key";
    case JwkFault::unknown_curve:
      return "unknown curve";
    case JwkFault::symmetric_key:
      return "a symmetric key where a public one is expected";
    case JwkFault::private_key:
      return "a private key where a public one is expected";
    case JwkFault::no_private_key:
      return "not a private key";
    case JwkFault::wrong_use:
      return "not meant for signatures";
    case JwkFault::wrong_operations:
      return "its operations do not allow it";
    case JwkFault::unknown_algorithm:
      return "unknown algorithm";
    case JwkFault::wrong_algorithm:
      return "its algorithm is for another type of key";
    case JwkFault::too_small:
      return "key too small";
    case JwkFault::too_big:
      return "key too big";
    case JwkFault::bad_exponent:
      return "bad RSA exponent";
    case JwkFault::not_on_curve:
      return "no point of its curve";
    case JwkFault::mismatched:
      return "private and public half do not belong together";
    case JwkFault::bad_pem:
      return "not a PEM key without passphrase";
    case JwkFault::not_a_set:
      return "not a JSON object with a list of keys";
    case JwkFault::too_many_keys:
      return "too many keys";
    case JwkFault::no_usable_key:
      return "no key that can be used";
  }
  return {};
}

namespace detail {

Result<KeyUse, JwkFault> key_use(const json::object& jwk, std::string_view operation) {
  KeyUse use;
  if (const json::value* const id = jwk.if_contains("kid")) {
    if (!id->is_string() || id->get_string().size() > longest_key_id) return JwkFault::bad_member;
    use.id = std::string_view(id->get_string());
  }
  if (const json::value* const meant = jwk.if_contains("use")) {
    if (!meant->is_string()) return JwkFault::bad_member;
    if (meant->get_string() != "sig") return JwkFault::wrong_use;
  }
  if (const json::value* const operations = jwk.if_contains("key_ops")) {
    const auto allowed = allows(*operations, operation);
    if (!allowed) return allowed.error();
    if (!*allowed) return JwkFault::wrong_operations;
  }
  if (const json::value* const name = jwk.if_contains("alg")) {
    if (!name->is_string()) return JwkFault::bad_member;
    use.algorithm = jws_algorithm(name->get_string());
    if (!use.algorithm) return JwkFault::unknown_algorithm;
  }
  return use;
}

}  // namespace detail

std::shared_ptr<const PublicKey::Data> PublicKey::Data::make(detail::TypedKey key, detail::KeyUse use) {
  auto data = std::make_shared<Data>();
  data->jwk = detail::public_jwk(key);
  data->thumbprint = base64url_encode(sha256(data->jwk));
  data->key = std::move(key);
  data->use = std::move(use);
  return data;
}

Result<std::shared_ptr<const PublicKey::Data>, JwkFault> PublicKey::Data::from_object(const json::object& jwk,
                                                                                      const JwkLimits& limits) {
  auto use = detail::key_use(jwk, "verify");
  if (!use) return use.error();
  auto key = detail::key_from_jwk(jwk, detail::KeyPart::public_half, limits);
  if (!key) return key.error();
  if (use->algorithm && !leanmcp::fits(key->type, *use->algorithm)) return JwkFault::wrong_algorithm;
  return make(std::move(*key), std::move(*use));
}

Result<PublicKey, JwkFault> PublicKey::parse(std::string_view jwk, const JwkLimits& limits) {
  if (jwk.size() > limits.bytes) return JwkFault::too_large;
  const auto object = detail::strict_object(jwk, detail::deepest_jwk);
  if (!object)
    return object.error() == detail::StrictFault::repeated_member ? JwkFault::repeated_member : JwkFault::not_json;
  auto data = Data::from_object(*object, limits);
  if (!data) return data.error();
  return PublicKey(std::move(*data));
}

Result<PublicKey, JwkFault> PublicKey::from_pem(std::string_view pem, std::string key_id) {
  auto key = detail::key_from_pem(pem, detail::KeyPart::public_half, JwkLimits());
  if (!key) return key.error();
  detail::KeyUse use;
  use.id = std::move(key_id);
  return PublicKey(Data::make(std::move(*key), std::move(use)));
}

const std::string& PublicKey::id() const noexcept { return data_->use.id; }
KeyType PublicKey::type() const noexcept { return data_->key.type; }
std::optional<JwsAlgorithm> PublicKey::algorithm() const noexcept { return data_->use.algorithm; }
const std::string& PublicKey::jwk() const noexcept { return data_->jwk; }
const std::string& PublicKey::thumbprint() const noexcept { return data_->thumbprint; }

bool PublicKey::fits(JwsAlgorithm algorithm) const noexcept {
  return leanmcp::fits(data_->key.type, algorithm) && (!data_->use.algorithm || *data_->use.algorithm == algorithm);
}

bool PublicKey::verify(JwsAlgorithm algorithm, std::string_view signed_text, std::string_view signature) const {
  return fits(algorithm) && detail::verify_signature(data_->key, algorithm, signed_text, signature);
}

}  // namespace leanmcp::inline v0
