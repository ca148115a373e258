#include <leanmcp/crypto/public_keys.hpp>

#include <leanmcp/base/encoding.hpp>

#include <boost/json.hpp>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <vector>

namespace leanmcp::inline v0 {

namespace json = boost::json;

namespace {

constexpr std::size_t most_set_bytes = 512 * 1024;
constexpr std::size_t most_keys = 64;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

struct Curve {
  const char* jwk_name;
  const char* group;
  const char* algorithm;
  std::size_t size;
};
constexpr Curve curves[] = {{"P-256", "prime256v1", "ES256", 32}, {"P-384", "secp384r1", "ES384", 48},
                            {"P-521", "secp521r1", "ES512", 66}};

const EVP_MD* digest_of(std::string_view algorithm) {
  if (algorithm.ends_with("256")) return EVP_sha256();
  if (algorithm.ends_with("384")) return EVP_sha384();
  if (algorithm.ends_with("512")) return EVP_sha512();
  return nullptr;
}

std::string_view text(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (!value || !value->is_string()) return {};
  return value->get_string();
}

Key from_params(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return Key(key);
}

Key rsa_key(const json::object& jwk) {
  const auto n = base64url_decode(text(jwk, "n"));
  const auto e = base64url_decode(text(jwk, "e"));
  // A modulus below 2048 bits is refused (RFC 7518, section 3.3); one without end would cost without end.
  if (!n || !e || n->size() < 256 || n->size() > 1025 || e->empty() || e->size() > 8) return nullptr;
  const Number modulus(BN_bin2bn(bytes(*n), static_cast<int>(n->size()), nullptr));
  const Number exponent(BN_bin2bn(bytes(*e), static_cast<int>(e->size()), nullptr));
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || !builder || BN_num_bits(modulus.get()) < 2048 || !BN_is_odd(exponent.get()) ||
      BN_is_one(exponent.get()) || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    return nullptr;
  return from_params("RSA", builder.get());
}

Key ec_key(const json::object& jwk, const Curve& curve) {
  const auto x = base64url_decode(text(jwk, "x"));
  const auto y = base64url_decode(text(jwk, "y"));
  if (!x || !y || x->size() != curve.size || y->size() != curve.size) return nullptr;
  const std::string point = "\x04" + *x + *y;
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return nullptr;
  Key key = from_params("EC", builder.get());
  if (!key) return nullptr;
  // The point must lie on the curve: otherwise a forged key could leak or accept what it should not.
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!check || EVP_PKEY_public_check(check.get()) != 1) return nullptr;
  return key;
}

/// JOSE's r||s of fixed size as the DER that the crypto library takes (RFC 7518, section 3.4).
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

}  // namespace

struct PublicKeys::Data {
  struct Entry {
    std::string id;
    std::string algorithm;  ///< as the key names it, or empty
    const Curve* curve = nullptr;
    Key key;

    bool fits(std::string_view key_id, std::string_view wanted) const {
      if (!key_id.empty() && id != key_id) return false;
      if (!algorithm.empty() && algorithm != wanted) return false;
      if (curve) return wanted == curve->algorithm;
      return wanted.starts_with("RS") || wanted.starts_with("PS");
    }
  };
  std::vector<Entry> keys;
};

PublicKeys::PublicKeys() : data_(std::make_shared<const Data>()) {}

std::size_t PublicKeys::size() const { return data_->keys.size(); }

Result<PublicKeys> PublicKeys::parse(std::string_view jwks_json) {
  if (jwks_json.size() > most_set_bytes) return Error("the key set is too large");
  boost::system::error_code failed;
  const json::value value = json::parse(jwks_json, failed);
  const json::value* const list = !failed && value.is_object() ? value.get_object().if_contains("keys") : nullptr;
  if (!list || !list->is_array()) return Error("the key set is no JSON object with a list of keys");
  auto data = std::make_shared<Data>();
  for (const json::value& item : list->get_array()) {
    if (data->keys.size() == most_keys) break;
    const json::object* const jwk = item.if_object();
    if (!jwk) continue;
    const std::string_view use = text(*jwk, "use");
    if (!use.empty() && use != "sig") continue;
    if (const json::value* const ops = jwk->if_contains("key_ops"); ops && ops->is_array()) {
      bool may_verify = false;
      for (const json::value& op : ops->get_array()) may_verify = may_verify || op == "verify";
      if (!may_verify) continue;
    }
    Data::Entry entry;
    entry.id = text(*jwk, "kid");
    entry.algorithm = text(*jwk, "alg");
    if (text(*jwk, "kty") == "RSA") {
      entry.key = rsa_key(*jwk);
    } else if (text(*jwk, "kty") == "EC") {
      for (const Curve& curve : curves)
        if (text(*jwk, "crv") == curve.jwk_name) entry.curve = &curve;
      if (entry.curve) entry.key = ec_key(*jwk, *entry.curve);
    }
    if (entry.key) data->keys.push_back(std::move(entry));
  }
  if (data->keys.empty()) return Error("the key set has no key that can be used");
  PublicKeys keys;
  keys.data_ = std::move(data);
  return keys;
}

bool PublicKeys::has(std::string_view key_id, std::string_view algorithm) const {
  for (const auto& entry : data_->keys)
    if (entry.fits(key_id, algorithm)) return true;
  return false;
}

bool PublicKeys::verify(std::string_view key_id, std::string_view algorithm, std::string_view signed_text,
                        std::string_view signature) const {
  const EVP_MD* const md = digest_of(algorithm);
  if (!md) return false;
  for (const auto& entry : data_->keys) {
    if (!entry.fits(key_id, algorithm)) continue;
    std::string der;
    if (entry.curve) {
      der = der_signature(signature, entry.curve->size);
      if (der.empty()) continue;
    }
    const std::string_view checked = entry.curve ? std::string_view(der) : signature;
    const DigestContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* parameters = nullptr;
    if (!context || EVP_DigestVerifyInit(context.get(), &parameters, md, nullptr, entry.key.get()) != 1) continue;
    if (algorithm.starts_with("PS") && (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
                                        EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1))
      continue;
    if (EVP_DigestVerify(context.get(), bytes(checked), checked.size(), bytes(signed_text), signed_text.size()) == 1)
      return true;
  }
  return false;
}

}  // namespace leanmcp::inline v0
