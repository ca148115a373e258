#include <leanmcp/crypto/public_keys.hpp>

#include <leanmcp/crypto/key_handle.hpp>
#include <leanmcp/crypto/strict_json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace json = boost::json;

namespace {

/// A token that names no key costs one verification for each key that fits.
constexpr int most_tries = 8;

Error unusable(JwkFault fault) { return Error("the key set cannot be used: " + std::string(to_string(fault))); }

std::string shown_id(const json::object* jwk) {
  const json::string* const id = jwk ? detail::text_member(*jwk, "kid") : nullptr;
  return id ? std::string(std::string_view(*id).substr(0, 64)) : std::string();
}

}  // namespace

struct PublicKeys::Data {
  std::vector<PublicKey> keys;
  std::vector<SkippedKey> skipped;
};

PublicKeys::PublicKeys() : data_(std::make_shared<const Data>()) {}

PublicKeys::PublicKeys(std::vector<PublicKey> keys) {
  auto data = std::make_shared<Data>();
  data->keys = std::move(keys);
  data_ = std::move(data);
}

Result<PublicKeys> PublicKeys::parse(std::string_view jwks_json, const JwkSetLimits& limits) {
  if (jwks_json.size() > limits.bytes) return unusable(JwkFault::too_large);
  const auto set = detail::strict_object(jwks_json, detail::deepest_jwk);
  if (!set)
    return unusable(set.error() == detail::StrictFault::repeated_member ? JwkFault::repeated_member
                                                                        : JwkFault::not_a_set);
  const json::value* const list = set->if_contains("keys");
  if (!list || !list->is_array()) return unusable(JwkFault::not_a_set);
  if (list->get_array().size() > limits.keys) return unusable(JwkFault::too_many_keys);
  auto data = std::make_shared<Data>();
  for (const json::value& item : list->get_array()) {
    const json::object* const jwk = item.if_object();
    auto key = jwk ? PublicKey::Data::from_object(*jwk, limits.key)
                   : Result<std::shared_ptr<const PublicKey::Data>, JwkFault>(JwkFault::not_json);
    if (key) {
      data->keys.push_back(PublicKey(std::move(*key)));
    } else {
      data->skipped.push_back({shown_id(jwk), key.error()});
    }
  }
  if (data->keys.empty()) {
    std::string why;
    for (const SkippedKey& skipped : data->skipped)
      if (why.size() < 500)
        why += (why.empty() ? "" : ", ") + skipped.id + ": " + std::string(to_string(skipped.fault));
    return unusable(JwkFault::no_usable_key).with_detail(std::move(why));
  }
  PublicKeys keys;
  keys.data_ = std::move(data);
  return keys;
}

const std::vector<PublicKey>& PublicKeys::keys() const noexcept { return data_->keys; }
const std::vector<SkippedKey>& PublicKeys::skipped() const noexcept { return data_->skipped; }
std::size_t PublicKeys::size() const { return data_->keys.size(); }

bool PublicKeys::knows(std::string_view key_id) const {
  return std::any_of(data_->keys.begin(), data_->keys.end(),
                     [&](const PublicKey& key) { return key_id.empty() || key.id() == key_id; });
}

bool PublicKeys::has(std::string_view key_id, JwsAlgorithm algorithm) const {
  return std::any_of(data_->keys.begin(), data_->keys.end(), [&](const PublicKey& key) {
    return (key_id.empty() || key.id() == key_id) && key.fits(algorithm);
  });
}

bool PublicKeys::has(std::string_view key_id, std::string_view algorithm) const {
  const auto known = jws_algorithm(algorithm);
  return known && has(key_id, *known);
}

const PublicKey* PublicKeys::signer(std::string_view key_id, JwsAlgorithm algorithm, std::string_view signed_text,
                                    std::string_view signature) const {
  int tries = 0;
  for (const PublicKey& key : data_->keys) {
    if ((!key_id.empty() && key.id() != key_id) || !key.fits(algorithm)) continue;
    if (key.verify(algorithm, signed_text, signature)) return &key;
    if (++tries == most_tries) break;
  }
  return nullptr;
}

bool PublicKeys::verify(std::string_view key_id, std::string_view algorithm, std::string_view signed_text,
                        std::string_view signature) const {
  const auto known = jws_algorithm(algorithm);
  return known && signer(key_id, *known, signed_text, signature) != nullptr;
}

}  // namespace leanmcp::inline v0
