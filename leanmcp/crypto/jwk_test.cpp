#include "jose_vectors_test.hpp"

#include <leanmcp/crypto/jwk.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/jws.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace leanmcp {
namespace {

namespace json = boost::json;

std::string key_cause(const std::string& jwk, const JwkLimits& limits = {}) {
  const auto key = PublicKey::parse(jwk, limits);
  return key ? "good" : std::string(to_string(key.error()));
}

/// The public P-256 key of RFC 7515, appendix A.3, with members changed; a null one is taken away.
std::string ec(json::object changes) {
  json::object jwk = json::parse(jose_vectors::es256_key).as_object();
  jwk.erase("d");
  for (auto& [name, value] : changes) {
    if (value.is_null()) {
      jwk.erase(name);
    } else {
      jwk[name] = std::move(value);
    }
  }
  return json::serialize(jwk);
}

std::string rsa(std::string n, std::string e) {
  return json::serialize(json::object{{"kty", "RSA"}, {"n", base64url_encode(n)}, {"e", base64url_encode(e)}});
}

TEST(PublicKey, EachCauseHasItsName) {
  EXPECT_EQ(key_cause(ec({})), "good");
  EXPECT_EQ(key_cause(std::string(70'000, ' ')), "too large");
  EXPECT_EQ(key_cause("7"), "not a JSON object");
  EXPECT_EQ(key_cause(R"({"kty":"EC","kty":"EC"})"), "a repeated member");
  EXPECT_EQ(key_cause("{}"), "a missing or broken member");
  EXPECT_EQ(key_cause(ec({{"kty", "PQ"}})), "unknown type of key");
  EXPECT_EQ(key_cause(ec({{"kty", "ec"}})), "unknown type of key") << "names are compared by case";
  EXPECT_EQ(key_cause(R"({"kty":"oct","k":"AAAA"})"), "a symmetric key where a public one is expected");
  EXPECT_EQ(key_cause(jose_vectors::es256_key), "a private key where a public one is expected");
  EXPECT_EQ(key_cause(jose_vectors::ed25519_key), "a private key where a public one is expected");
  EXPECT_EQ(key_cause(ec({{"k", "AAAA"}})), "a private key where a public one is expected");
  EXPECT_EQ(key_cause(ec({{"crv", "secp256k1"}})), "unknown curve");
  EXPECT_EQ(key_cause(ec({{"kty", "OKP"}, {"crv", "X25519"}})), "unknown curve");
  EXPECT_EQ(key_cause(ec({{"kty", "OKP"}, {"crv", "Ed25519"}})), "good") << "32 bytes are a key";
  EXPECT_EQ(key_cause(ec({{"crv", "P-384"}})), "a missing or broken member") << "of another size";
  EXPECT_EQ(key_cause(ec({{"crv", nullptr}})), "a missing or broken member");
  EXPECT_EQ(key_cause(ec({{"x", nullptr}})), "a missing or broken member");
  EXPECT_EQ(key_cause(ec({{"x", 7}})), "a missing or broken member");
  EXPECT_EQ(key_cause(ec({{"x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU="}})), "a missing or broken member");
  EXPECT_EQ(key_cause(ec({{"x", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}})), "no point of its curve");
  EXPECT_EQ(key_cause(ec({{"x", std::string(43, 'A')}, {"y", std::string(43, 'A')}})), "no point of its curve");
  EXPECT_EQ(key_cause(ec({{"use", "enc"}})), "not meant for signatures");
  EXPECT_EQ(key_cause(ec({{"use", 1}})), "a missing or broken member");
  EXPECT_EQ(key_cause(ec({{"key_ops", json::array{"sign"}}})), "its operations do not allow it");
  EXPECT_EQ(key_cause(ec({{"key_ops", json::array{}}})), "its operations do not allow it");
  EXPECT_EQ(key_cause(ec({{"key_ops", json::array{"verify", "verify"}}})), "a missing or broken member");
  EXPECT_EQ(key_cause(ec({{"key_ops", "verify"}})), "a missing or broken member");
  EXPECT_EQ(key_cause(ec({{"key_ops", json::array{"verify"}}, {"use", "sig"}})), "good");
  EXPECT_EQ(key_cause(ec({{"alg", "ECDH-ES"}})), "unknown algorithm");
  EXPECT_EQ(key_cause(ec({{"alg", "RS256"}})), "its algorithm is for another type of key");
  EXPECT_EQ(key_cause(ec({{"alg", "ES384"}})), "its algorithm is for another type of key");
  EXPECT_EQ(key_cause(ec({{"kid", 1}})), "a missing or broken member");
  EXPECT_EQ(key_cause(ec({{"kid", std::string(2000, 'k')}})), "a missing or broken member");
}

TEST(PublicKey, RsaKeysHaveBounds) {
  const std::string n2048 = "\xff" + std::string(254, '\x55') + "\x01";
  const std::string f4("\x01\x00\x01", 3);
  EXPECT_EQ(key_cause(rsa(n2048, f4)), "good");
  EXPECT_EQ(key_cause(rsa(n2048, "\x03")), "good");
  EXPECT_EQ(key_cause(rsa(n2048.substr(0, 255) + "\x02", f4)), "a missing or broken member") << "even";
  EXPECT_EQ(key_cause(rsa("\x7f" + n2048.substr(1), f4)), "key too small") << "2047 bits";
  EXPECT_EQ(key_cause(rsa(std::string(1, '\0') + n2048.substr(1), f4)), "key too small") << "zeros do not count";
  EXPECT_EQ(key_cause(rsa("\xff" + std::string(1024, '\x55'), f4)), "key too big");
  EXPECT_EQ(key_cause(rsa(n2048, "\x01")), "bad RSA exponent");
  EXPECT_EQ(key_cause(rsa(n2048, "\x02")), "bad RSA exponent");
  EXPECT_EQ(key_cause(rsa(n2048, std::string(9, '\x01'))), "bad RSA exponent");
  JwkLimits limits;
  limits.rsa_bits = 2047;
  EXPECT_EQ(key_cause(rsa(n2048, f4), limits), "key too big");
}

TEST(PublicKey, OneKeyHasOneThumbprint) {
  const std::string n2048 = "\xff" + std::string(254, '\x55') + "\x01";
  const auto plain = PublicKey::parse(rsa(n2048, "\x03"));
  const auto padded = PublicKey::parse(rsa(std::string(1, '\0') + n2048, "\x03"));
  ASSERT_TRUE(plain && padded);
  EXPECT_EQ(plain->thumbprint(), padded->thumbprint());
  EXPECT_EQ(PublicKey::parse(ec({{"use", "sig"}, {"kid", "x"}}))->thumbprint(), PublicKey::parse(ec({}))->thumbprint());
}

TEST(PublicKey, NamesItsAlgorithm) {
  const auto key =
      PublicKey::parse(R"({"alg":"PS384",)" + SigningKey::generate(JwsAlgorithm::ps384).public_key().jwk().substr(1));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->fits(JwsAlgorithm::ps384));
  EXPECT_FALSE(key->fits(JwsAlgorithm::ps256));
  EXPECT_FALSE(key->fits(JwsAlgorithm::rs384));
}

TEST(PublicKeys, SkipsWhatItCannotUseAndSaysWhy) {
  const std::string set = R"({"keys":[7,)" + ec({{"kid", "good"}}) + "," + ec({{"kid", "enc"}, {"use", "enc"}}) +
                          R"(,{"kty":"oct","kid":"secret","k":"AAAA"}],"other":true})";
  const auto keys = PublicKeys::parse(set);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->size(), 1U);
  ASSERT_EQ(keys->skipped().size(), 3U);
  EXPECT_EQ(keys->skipped()[0].fault, JwkFault::not_json);
  EXPECT_EQ(keys->skipped()[1].fault, JwkFault::wrong_use);
  EXPECT_EQ(keys->skipped()[2].id, "secret");
  EXPECT_EQ(keys->skipped()[2].fault, JwkFault::symmetric_key);
}

TEST(PublicKeys, RefusesWhatIsNoSet) {
  const auto said = [](const std::string& text, const JwkSetLimits& limits = {}) {
    return PublicKeys::parse(text, limits).error().message();
  };
  const std::string start = "the key set cannot be used: ";
  EXPECT_EQ(said("junk"), start + "not a JSON object with a list of keys");
  EXPECT_EQ(said(R"({"keys":{}})"), start + "not a JSON object with a list of keys");
  EXPECT_EQ(said(R"({"keys":[],"keys":[]})"), start + "a repeated member");
  EXPECT_EQ(said(R"({"keys":[]})"), start + "no key that can be used");
  EXPECT_EQ(said(std::string(600'000, ' ')), start + "too large");
  JwkSetLimits limits;
  limits.keys = 1;
  EXPECT_EQ(said(R"({"keys":[1,2]})", limits), start + "too many keys");
}

TEST(SymmetricKeys, AreBoundedAndMeantForIt) {
  const auto said = [](const std::string& text) {
    const auto key = SymmetricKey::parse(text);
    return key ? "good" : std::string(to_string(key.error()));
  };
  const std::string k32 = base64url_encode(std::string(32, 'k'));
  EXPECT_EQ(said(R"({"kty":"oct","k":")" + k32 + R"("})"), "good");
  EXPECT_EQ(said(R"({"kty":"oct","alg":"HS512","k":")" + k32 + R"("})"), "key too small");
  EXPECT_EQ(said(R"({"kty":"oct","alg":"RS256","k":")" + k32 + R"("})"), "its algorithm is for another type of key");
  EXPECT_EQ(said(R"({"kty":"oct","use":"enc","k":")" + k32 + R"("})"), "not meant for signatures");
  EXPECT_EQ(said(R"({"kty":"oct","k":"AAAA"})"), "key too small");
  EXPECT_EQ(said(R"({"kty":"oct"})"), "a missing or broken member");
  EXPECT_EQ(said(ec({})), "unknown type of key");
}

TEST(SigningKey, ImportsWhatItExports) {
  for (const JwsAlgorithm algorithm : public_key_algorithms()) {
    const SigningKey key = SigningKey::generate(algorithm);
    const auto again = SigningKey::from_jwk(key.private_jwk().reveal());
    ASSERT_TRUE(again) << to_string(algorithm) << ": " << to_string(again.error());
    EXPECT_EQ(again->algorithm(), algorithm);
    EXPECT_EQ(again->public_jwk(), key.public_jwk());
    EXPECT_EQ(again->key_id(), key.key_id());
    const std::string signature = again->signature("text");
    EXPECT_TRUE(key.public_key().verify(algorithm, "text", signature));
  }
}

TEST(SigningKey, RefusesWhatItCannotSignWith) {
  const auto said = [](const std::string& text, std::optional<JwsAlgorithm> algorithm = {}) {
    const auto key = SigningKey::from_jwk(text, algorithm);
    return key ? "good" : std::string(to_string(key.error()));
  };
  const auto changed = [](const char* jwk, std::string_view name, json::value value) {
    json::object object = json::parse(jwk).as_object();
    if (value.is_null()) {
      object.erase(name);
    } else {
      object[name] = std::move(value);
    }
    return json::serialize(object);
  };
  using namespace jose_vectors;
  EXPECT_EQ(said(es256_key), "good");
  EXPECT_EQ(said(ec({})), "not a private key");
  EXPECT_EQ(said(hs256_key), "a symmetric key where a public one is expected");
  EXPECT_EQ(said(es256_key, JwsAlgorithm::es384), "its algorithm is for another type of key");
  EXPECT_EQ(said(rs256_key, JwsAlgorithm::ps512), "good");
  EXPECT_EQ(said(private_rsa, JwsAlgorithm::ps512), "its algorithm is for another type of key") << "it names RS256";
  EXPECT_EQ(said(changed(es256_key, "use", "enc")), "not meant for signatures");
  EXPECT_EQ(said(changed(es256_key, "key_ops", json::array{"verify"})), "its operations do not allow it");
  EXPECT_EQ(said(changed(es256_key, "d", json::string(base64url_encode(std::string(32, '\1'))))),
            "private and public half do not belong together");
  EXPECT_EQ(said(changed(ed25519_key, "d", json::string(base64url_encode(std::string(32, '\1'))))),
            "private and public half do not belong together");
  for (const char* const part : {"d", "p", "q", "dp", "dq", "qi"})
    EXPECT_EQ(said(changed(rs256_key, part, "AQAB")), "private and public half do not belong together") << part;
  EXPECT_EQ(said(changed(rs256_key, "qi", nullptr)), "a missing or broken member");
  EXPECT_EQ(said(changed(rs256_key, "oth", json::array{})), "a missing or broken member");
}

std::string private_pem(EVP_PKEY* key, const char* passphrase = nullptr) {
  BIO* const out = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(out, key, passphrase ? EVP_aes_256_cbc() : nullptr, passphrase,
                                passphrase ? static_cast<int>(std::string_view(passphrase).size()) : 0, nullptr,
                                nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(out);
  return text;
}

std::string public_pem(EVP_PKEY* key) {
  BIO* const out = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(out, key);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(out);
  return text;
}

TEST(Pem, BothHalves) {
  EVP_PKEY* const made = EVP_EC_gen("P-256");
  const std::string pem = private_pem(made);
  const auto key = SigningKey::from_pem(pem, std::nullopt, "mine");
  ASSERT_TRUE(key) << to_string(key.error());
  EXPECT_EQ(key->key_id(), "mine");
  EXPECT_EQ(key->algorithm(), JwsAlgorithm::es256);
  const auto half = PublicKey::from_pem(public_pem(made), "mine");
  ASSERT_TRUE(half);
  EXPECT_TRUE(half->verify(JwsAlgorithm::es256, "text", key->signature("text")));
  EXPECT_EQ(half->thumbprint(), key->thumbprint());
  EXPECT_EQ(PublicKey::from_pem(pem).error(), JwkFault::bad_pem) << "a private one";
  EXPECT_EQ(SigningKey::from_pem(public_pem(made)).error(), JwkFault::bad_pem);
  EXPECT_EQ(SigningKey::from_pem(pem, JwsAlgorithm::rs256).error(), JwkFault::wrong_algorithm);
  EXPECT_EQ(SigningKey::from_pem(private_pem(made, "secret")).error(), JwkFault::bad_pem) << "asks nobody";
  EXPECT_EQ(SigningKey::from_pem("junk").error(), JwkFault::bad_pem);
  EVP_PKEY_free(made);
}

TEST(Pem, SmallAndForeignKeys) {
  EVP_PKEY* const small = EVP_RSA_gen(1024);
  EXPECT_EQ(SigningKey::from_pem(private_pem(small)).error(), JwkFault::too_small);
  EXPECT_EQ(PublicKey::from_pem(public_pem(small)).error(), JwkFault::too_small);
  EVP_PKEY_free(small);
  EVP_PKEY* const bitcoin = EVP_EC_gen("secp256k1");
  EXPECT_EQ(PublicKey::from_pem(public_pem(bitcoin)).error(), JwkFault::unknown_type);
  EVP_PKEY_free(bitcoin);
  EVP_PKEY* const agreement = EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519");
  EXPECT_EQ(PublicKey::from_pem(public_pem(agreement)).error(), JwkFault::unknown_type);
  EVP_PKEY_free(agreement);
}

}  // namespace
}  // namespace leanmcp
