#include <leanmcp/crypto/signing_key.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>

#include <boost/json.hpp>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <stdexcept>
#include <vector>

namespace leanmcp::inline v0 {
namespace {

namespace json = boost::json;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;

constexpr int p256_bytes = 32;

void require(bool good) {
  if (!good) throw std::runtime_error("OpenSSL failed to make or use a signing key");
}

/// The bytes of a number, with leading zeros up to `size`; as many as it needs for 0.
std::string number_bytes(const BIGNUM* number, int size) {
  const int needed = size == 0 ? BN_num_bytes(number) : size;
  std::string out(static_cast<std::size_t>(needed), '\0');
  require(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), needed) == needed);
  return out;
}

std::string parameter(EVP_PKEY* key, const char* name, int size) {
  BIGNUM* raw = nullptr;
  require(EVP_PKEY_get_bn_param(key, name, &raw) == 1);
  const Number number(raw);
  return base64url_encode(number_bytes(number.get(), size));
}

/// OpenSSL's DER signature as the two numbers side by side (RFC 7518, section 3.4).
std::string ec_raw(const std::vector<unsigned char>& der) {
  const unsigned char* at = der.data();
  const EcSignature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  require(signature != nullptr);
  return number_bytes(ECDSA_SIG_get0_r(signature.get()), p256_bytes) +
         number_bytes(ECDSA_SIG_get0_s(signature.get()), p256_bytes);
}

}  // namespace

struct SigningKey::Data {
  Key key;
  bool rsa = false;
  std::string key_id;
  std::string public_jwk;
};

SigningKey SigningKey::generate(Algorithm algorithm) {
  auto data = std::make_shared<Data>();
  data->rsa = algorithm == Algorithm::rs256;
  constexpr unsigned rsa_bits = 2048;
  data->key.reset(data->rsa ? EVP_RSA_gen(rsa_bits) : EVP_EC_gen("P-256"));
  require(data->key != nullptr);
  EVP_PKEY* const key = data->key.get();
  // Members in the order in which the thumbprint takes them (RFC 7638, section 3.2).
  json::object jwk;
  if (data->rsa) {
    jwk["e"] = parameter(key, OSSL_PKEY_PARAM_RSA_E, 0);
    jwk["kty"] = "RSA";
    jwk["n"] = parameter(key, OSSL_PKEY_PARAM_RSA_N, 0);
  } else {
    jwk["crv"] = "P-256";
    jwk["kty"] = "EC";
    jwk["x"] = parameter(key, OSSL_PKEY_PARAM_EC_PUB_X, p256_bytes);
    jwk["y"] = parameter(key, OSSL_PKEY_PARAM_EC_PUB_Y, p256_bytes);
  }
  data->key_id = base64url_encode(sha256(json::serialize(jwk)));
  jwk["use"] = "sig";
  jwk["alg"] = data->rsa ? "RS256" : "ES256";
  jwk["kid"] = data->key_id;
  data->public_jwk = json::serialize(jwk);
  return SigningKey(std::move(data));
}

const std::string& SigningKey::key_id() const noexcept { return data_->key_id; }
const std::string& SigningKey::public_jwk() const noexcept { return data_->public_jwk; }

std::string SigningKey::sign(std::string_view payload, std::string_view type) const {
  const json::object header{{"alg", data_->rsa ? "RS256" : "ES256"}, {"kid", data_->key_id}, {"typ", type}};
  std::string text = base64url_encode(json::serialize(header)) + "." + base64url_encode(payload);
  const DigestContext context(EVP_MD_CTX_new());
  require(context != nullptr);
  require(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, data_->key.get()) == 1);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  require(EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1);
  std::vector<unsigned char> signature(size);
  require(EVP_DigestSign(context.get(), signature.data(), &size, bytes, text.size()) == 1);
  signature.resize(size);
  const std::string raw = data_->rsa ? std::string(signature.begin(), signature.end()) : ec_raw(signature);
  return text + "." + base64url_encode(raw);
}

}  // namespace leanmcp::inline v0
