#include <leanmcp/crypto/key_handle.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/strict_json.hpp>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <stdexcept>

namespace leanmcp::inline v0::detail {

namespace json = boost::json;

namespace {

using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
/// Cleared when freed: most of them are parts of private keys.
using Number = std::unique_ptr<BIGNUM, Deleter<BN_clear_free>>;
using NumberContext = std::unique_ptr<BN_CTX, Deleter<BN_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;

constexpr int smallest_rsa = 2048;
constexpr std::string_view private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
constexpr std::string_view tried_text = "leanmcp";

struct Curve {
  KeyType type;
  std::string_view jwk_name;
  const char* group;
  std::size_t size;
};
constexpr Curve curves[] = {{KeyType::p256, "P-256", "prime256v1", 32},
                            {KeyType::p384, "P-384", "secp384r1", 48},
                            {KeyType::p521, "P-521", "secp521r1", 66}};

struct EdwardsCurve {
  KeyType type;
  std::string_view jwk_name;
  int id;
  std::size_t size;
};
constexpr EdwardsCurve edwards_curves[] = {{KeyType::ed25519, "Ed25519", EVP_PKEY_ED25519, 32},
                                           {KeyType::ed448, "Ed448", EVP_PKEY_ED448, 57}};

struct RsaMember {
  std::string_view jwk_name;
  const char* parameter;
};
constexpr RsaMember rsa_private[] = {{"d", OSSL_PKEY_PARAM_RSA_D},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
                                     {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
                                     {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1}};

void require(bool good) {
  if (!good) throw std::runtime_error("OpenSSL failed to make or read a key");
}

std::optional<std::string> member(const json::object& jwk, std::string_view name) {
  const json::string* const text = text_member(jwk, name);
  if (!text) return std::nullopt;
  return base64url_decode(*text);
}

Number number(std::string_view big_endian) {
  return Number(BN_bin2bn(bytes(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

KeyHandle from_params(const char* type, OSSL_PARAM_BLD* builder, KeyPart part) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  const int selection = part == KeyPart::private_half ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) != 1)
    return nullptr;
  return KeyHandle(key);
}

std::optional<JwkFault> rsa_fault(const BIGNUM* modulus, const BIGNUM* exponent, const JwkLimits& limits) {
  if (BN_num_bits(modulus) < smallest_rsa) return JwkFault::too_small;
  if (static_cast<std::size_t>(BN_num_bits(modulus)) > limits.rsa_bits) return JwkFault::too_big;
  if (!BN_is_odd(modulus)) return JwkFault::bad_member;
  if (!BN_is_odd(exponent) || BN_is_one(exponent) || BN_num_bits(exponent) > 64) return JwkFault::bad_exponent;
  return std::nullopt;
}

/// Whether the parts of a private key say the same: signing uses only some of them.
bool rsa_parts_agree(const BIGNUM* n, const BIGNUM* e, const std::array<Number, std::size(rsa_private)>& parts) {
  const auto& [d, p, q, dp, dq, qi] = parts;
  const NumberContext context(BN_CTX_secure_new());
  const Number left(BN_secure_new());
  const Number less(BN_secure_new());
  require(context && left && less);
  BN_CTX* const c = context.get();
  if (BN_mul(left.get(), p.get(), q.get(), c) != 1 || BN_cmp(left.get(), n) != 0) return false;
  // e·d, e·dp and e·dq are 1 modulo one less than the prime.
  const auto inverts = [&](const Number& exponent, const Number& prime) {
    return BN_copy(less.get(), prime.get()) && BN_sub_word(less.get(), 1) == 1 && !BN_is_zero(less.get()) &&
           BN_mod_mul(left.get(), e, exponent.get(), less.get(), c) == 1 && BN_is_one(left.get()) == 1;
  };
  return inverts(d, p) && inverts(d, q) && inverts(dp, p) && inverts(dq, q) &&
         BN_mod_mul(left.get(), q.get(), qi.get(), p.get(), c) == 1 && BN_is_one(left.get()) == 1;
}

Result<KeyHandle, JwkFault> rsa_key(const json::object& jwk, KeyPart part, const JwkLimits& limits) {
  const auto n = member(jwk, "n");
  const auto e = member(jwk, "e");
  if (!n || !e || n->empty() || e->empty()) return JwkFault::bad_member;
  const Number modulus = number(*n);
  const Number exponent = number(*e);
  const Builder builder(OSSL_PARAM_BLD_new());
  require(modulus && exponent && builder);
  if (const auto fault = rsa_fault(modulus.get(), exponent.get(), limits)) return *fault;
  require(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1);
  require(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1);
  std::array<Number, std::size(rsa_private)> parts;
  if (part == KeyPart::private_half) {
    // More than two primes are not taken; the parts that make signing quick are asked for.
    if (jwk.contains("oth")) return JwkFault::bad_member;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto value = member(jwk, rsa_private[i].jwk_name);
      if (!value || value->empty() || value->size() > n->size()) return JwkFault::bad_member;
      parts[i] = number(*value);
      require(parts[i] != nullptr);
      require(OSSL_PARAM_BLD_push_BN(builder.get(), rsa_private[i].parameter, parts[i].get()) == 1);
    }
    if (!rsa_parts_agree(modulus.get(), exponent.get(), parts)) return JwkFault::mismatched;
  }
  KeyHandle key = from_params("RSA", builder.get(), part);
  if (!key) return JwkFault::bad_member;
  return key;
}

Result<KeyHandle, JwkFault> ec_key(const json::object& jwk, const Curve& curve, KeyPart part) {
  const auto x = member(jwk, "x");
  const auto y = member(jwk, "y");
  if (!x || !y || x->size() != curve.size || y->size() != curve.size) return JwkFault::bad_member;
  const std::string point = "\x04" + *x + *y;
  const Builder builder(OSSL_PARAM_BLD_new());
  require(builder != nullptr);
  require(OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0) == 1);
  require(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1);
  Number scalar;
  if (part == KeyPart::private_half) {
    const auto d = member(jwk, "d");
    if (!d || d->size() != curve.size) return JwkFault::bad_member;
    scalar = number(*d);
    require(scalar && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar.get()) == 1);
  }
  KeyHandle key = from_params("EC", builder.get(), part);
  if (!key) return JwkFault::not_on_curve;
  // The point must lie on the curve: otherwise a forged key could leak or accept what it should not.
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!check || EVP_PKEY_public_check(check.get()) != 1) return JwkFault::not_on_curve;
  return key;
}

Result<KeyHandle, JwkFault> edwards_key(const json::object& jwk, const EdwardsCurve& curve, KeyPart part) {
  const auto x = member(jwk, "x");
  if (!x || x->size() != curve.size) return JwkFault::bad_member;
  if (part == KeyPart::public_half) {
    KeyHandle key(EVP_PKEY_new_raw_public_key(curve.id, nullptr, bytes(*x), x->size()));
    if (!key) return JwkFault::not_on_curve;
    return key;
  }
  const auto d = member(jwk, "d");
  if (!d || d->size() != curve.size) return JwkFault::bad_member;
  KeyHandle key(EVP_PKEY_new_raw_private_key(curve.id, nullptr, bytes(*d), d->size()));
  std::string derived(curve.size, '\0');
  std::size_t size = derived.size();
  require(key != nullptr);
  require(EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(derived.data()), &size) == 1);
  if (derived != *x) return JwkFault::mismatched;
  return key;
}

Result<TypedKey, JwkFault> typed(KeyType type, Result<KeyHandle, JwkFault> made) {
  if (!made) return made.error();
  TypedKey key;
  key.type = type;
  key.handle = std::move(*made);
  return key;
}

JwsAlgorithm any_algorithm(KeyType type) {
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

/// Whether the halves belong together, by trying.
bool signs_for_itself(const TypedKey& key) {
  try {
    const JwsAlgorithm algorithm = any_algorithm(key.type);
    return verify_signature(key, algorithm, tried_text, make_signature(key, algorithm, tried_text));
  } catch (const std::runtime_error&) {
    return false;
  }
}

Result<TypedKey, JwkFault> read_key(const json::object& jwk, KeyPart part, const JwkLimits& limits) {
  const json::string* const kind = text_member(jwk, "kty");
  if (!kind) return JwkFault::bad_member;
  if (*kind == "oct") return JwkFault::symmetric_key;
  if (*kind != "RSA" && *kind != "EC" && *kind != "OKP") return JwkFault::unknown_type;
  if (part == KeyPart::public_half) {
    for (const std::string_view name : private_members)
      if (jwk.contains(name)) return JwkFault::private_key;
  } else if (!jwk.contains("d")) {
    return JwkFault::no_private_key;
  }
  if (*kind == "RSA") return typed(KeyType::rsa, rsa_key(jwk, part, limits));
  const json::string* const name = text_member(jwk, "crv");
  if (!name) return JwkFault::bad_member;
  if (*kind == "EC") {
    for (const Curve& curve : curves)
      if (*name == curve.jwk_name) return typed(curve.type, ec_key(jwk, curve, part));
  } else {
    for (const EdwardsCurve& curve : edwards_curves)
      if (*name == curve.jwk_name) return typed(curve.type, edwards_key(jwk, curve, part));
  }
  return JwkFault::unknown_curve;
}

Number parameter(const TypedKey& key, const char* name) {
  BIGNUM* raw = nullptr;
  require(EVP_PKEY_get_bn_param(key.handle.get(), name, &raw) == 1);
  return Number(raw);
}

/// Base64url of a number, with leading zeros up to `size`; as short as it goes for 0.
std::string number_text(const TypedKey& key, const char* name, std::size_t size) {
  const Number value = parameter(key, name);
  const std::size_t needed = size == 0 ? static_cast<std::size_t>(BN_num_bytes(value.get())) : size;
  std::string out(needed, '\0');
  require(BN_bn2binpad(value.get(), reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(needed)) ==
          static_cast<int>(needed));
  std::string text = base64url_encode(out);
  OPENSSL_cleanse(out.data(), out.size());
  return text;
}

const Curve* curve_of(KeyType type) {
  for (const Curve& curve : curves)
    if (curve.type == type) return &curve;
  return nullptr;
}

const EdwardsCurve* edwards_of(KeyType type) {
  for (const EdwardsCurve& curve : edwards_curves)
    if (curve.type == type) return &curve;
  return nullptr;
}

std::string raw_text(const TypedKey& key, std::size_t size, KeyPart part) {
  std::string out(size, '\0');
  auto* const at = reinterpret_cast<unsigned char*>(out.data());
  require((part == KeyPart::public_half ? EVP_PKEY_get_raw_public_key(key.handle.get(), at, &size)
                                        : EVP_PKEY_get_raw_private_key(key.handle.get(), at, &size)) == 1);
  std::string text = base64url_encode(out);
  OPENSSL_cleanse(out.data(), out.size());
  return text;
}

/// Asked for a passphrase where there is none: OpenSSL would otherwise ask at the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

std::optional<KeyType> type_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA")) return KeyType::rsa;
  for (const EdwardsCurve& curve : edwards_curves)
    if (EVP_PKEY_get_base_id(key) == curve.id) return curve.type;
  if (!EVP_PKEY_is_a(key, "EC")) return std::nullopt;
  char group[64] = {};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group, sizeof group, &size) != 1) return std::nullopt;
  for (const Curve& curve : curves)
    if (std::string_view(group) == curve.group) return curve.type;
  return std::nullopt;
}

}  // namespace

Result<TypedKey, JwkFault> key_from_jwk(const json::object& jwk, KeyPart part, const JwkLimits& limits) {
  auto key = read_key(jwk, part, limits);
  if (key && part == KeyPart::private_half && !signs_for_itself(*key)) return JwkFault::mismatched;
  return key;
}

Result<TypedKey, JwkFault> key_from_pem(std::string_view pem, KeyPart part, const JwkLimits& limits) {
  if (pem.size() > limits.bytes) return JwkFault::too_large;
  const Bio text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  require(text != nullptr);
  TypedKey key;
  key.handle.reset(part == KeyPart::public_half ? PEM_read_bio_PUBKEY(text.get(), nullptr, no_passphrase, nullptr)
                                                : PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr));
  if (!key.handle) return JwkFault::bad_pem;
  const auto type = type_of(key.handle.get());
  if (!type) return JwkFault::unknown_type;
  key.type = *type;
  if (key.type == KeyType::rsa) {
    const Number modulus = parameter(key, OSSL_PKEY_PARAM_RSA_N);
    const Number exponent = parameter(key, OSSL_PKEY_PARAM_RSA_E);
    if (const auto fault = rsa_fault(modulus.get(), exponent.get(), limits)) return *fault;
  }
  if (part == KeyPart::private_half && !signs_for_itself(key)) return JwkFault::mismatched;
  return key;
}

TypedKey new_key(KeyType type, unsigned rsa_bits) {
  TypedKey key;
  key.type = type;
  if (const Curve* const curve = curve_of(type)) {
    key.handle.reset(EVP_EC_gen(curve->group));
  } else if (const EdwardsCurve* const edwards = edwards_of(type)) {
    key.handle.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, OBJ_nid2sn(edwards->id)));
  } else if (type == KeyType::rsa && rsa_bits >= smallest_rsa) {
    key.handle.reset(EVP_RSA_gen(rsa_bits));
  }
  require(key.handle != nullptr);
  return key;
}

std::string public_jwk(const TypedKey& key) {
  const auto quoted = [](std::string_view name, std::string_view text) {
    return "\"" + std::string(name) + "\":\"" + std::string(text) + "\"";
  };
  if (key.type == KeyType::rsa)
    return "{" + quoted("e", number_text(key, OSSL_PKEY_PARAM_RSA_E, 0)) + "," + quoted("kty", "RSA") + "," +
           quoted("n", number_text(key, OSSL_PKEY_PARAM_RSA_N, 0)) + "}";
  if (const Curve* const curve = curve_of(key.type))
    return "{" + quoted("crv", curve->jwk_name) + "," + quoted("kty", "EC") + "," +
           quoted("x", number_text(key, OSSL_PKEY_PARAM_EC_PUB_X, curve->size)) + "," +
           quoted("y", number_text(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve->size)) + "}";
  const EdwardsCurve* const edwards = edwards_of(key.type);
  require(edwards != nullptr);
  return "{" + quoted("crv", edwards->jwk_name) + "," + quoted("kty", "OKP") + "," +
         quoted("x", raw_text(key, edwards->size, KeyPart::public_half)) + "}";
}

std::string private_jwk(const TypedKey& key) {
  std::string out = public_jwk(key);
  out.pop_back();
  const auto add = [&](std::string_view name, const std::string& text) {
    out.append(",\"").append(name).append("\":\"").append(text).append("\"");
  };
  if (key.type == KeyType::rsa) {
    for (const RsaMember& part : rsa_private) add(part.jwk_name, number_text(key, part.parameter, 0));
  } else if (const Curve* const curve = curve_of(key.type)) {
    add("d", number_text(key, OSSL_PKEY_PARAM_PRIV_KEY, curve->size));
  } else if (const EdwardsCurve* const edwards = edwards_of(key.type)) {
    add("d", raw_text(key, edwards->size, KeyPart::private_half));
  }
  return out + "}";
}

}  // namespace leanmcp::inline v0::detail
