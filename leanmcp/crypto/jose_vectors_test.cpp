#include "jose_vectors_test.hpp"

#include <leanmcp/crypto/jwt.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/dpop.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <vector>

namespace leanmcp {
namespace {

namespace json = boost::json;
namespace vectors = jose_vectors;

const std::string joe = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

/// Without its private members.
std::string public_half(std::string_view jwk) {
  json::object object = json::parse(jwk).as_object();
  for (const char* name : {"d", "p", "q", "dp", "dq", "qi"}) object.erase(name);
  return json::serialize(object);
}

void verifies(std::string_view jwk, std::string_view token, JwsAlgorithm algorithm, std::string_view payload) {
  const auto key = PublicKey::parse(public_half(jwk));
  ASSERT_TRUE(key) << to_string(key.error());
  const auto jws = verify_jws(token, *key, std::vector{algorithm});
  ASSERT_TRUE(jws) << to_string(jws.error());
  EXPECT_EQ(jws->parts.payload, payload);
  EXPECT_EQ(jws->signer, key->thumbprint());
}

/// Deterministic algorithms make the very token of the RFC, the others one that verifies.
void signs(std::string_view jwk, std::string_view token, JwsAlgorithm algorithm, bool deterministic) {
  const auto key = SigningKey::from_jwk(jwk, algorithm);
  ASSERT_TRUE(key) << to_string(key.error());
  const auto parts = split_jws(token);
  ASSERT_TRUE(parts);
  const std::string made = sign_jws(parts->header, parts->payload, *key);
  if (deterministic) {
    EXPECT_EQ(made, token);
  }
  EXPECT_TRUE(verify_jws(made, key->public_key(), std::vector{algorithm}));
}

TEST(Rfc7515, AppendixA1) {
  const auto key = SymmetricKey::parse(vectors::hs256_key);
  ASSERT_TRUE(key);
  const std::vector hs256{JwsAlgorithm::hs256};
  const auto jws = verify_jws(vectors::hs256_token, *key, hs256);
  ASSERT_TRUE(jws) << to_string(jws.error());
  EXPECT_EQ(jws->parts.payload, joe);
  EXPECT_EQ(jws->type, "JWT");
  EXPECT_EQ(sign_jws(jws->parts.header, joe, *key, JwsAlgorithm::hs256), vectors::hs256_token);
}

TEST(Rfc7515, AppendixA2) {
  verifies(vectors::rs256_key, vectors::rs256_token, JwsAlgorithm::rs256, joe);
  signs(vectors::rs256_key, vectors::rs256_token, JwsAlgorithm::rs256, true);
}

TEST(Rfc7515, AppendixA3) {
  verifies(vectors::es256_key, vectors::es256_token, JwsAlgorithm::es256, joe);
  signs(vectors::es256_key, vectors::es256_token, JwsAlgorithm::es256, false);
}

TEST(Rfc7515, AppendixA4) {
  verifies(vectors::es512_key, vectors::es512_token, JwsAlgorithm::es512, "Payload");
  signs(vectors::es512_key, vectors::es512_token, JwsAlgorithm::es512, false);
}

// RFC 7518 prints one vector of its own, in appendix C: of a key agreement for encrypted tokens, which are not taken.
// Its algorithms of signatures (section 3) are those of RFC 7515's appendix A above; its keys (section 6), of RFC
// 7517's.
TEST(Rfc7518, AppendixCIsOfEncryptedTokensWhichAreNotTaken) {
  // The header that it prints, and the five parts of a token that would have it.
  const std::string header =
      R"({"alg":"ECDH-ES","enc":"A128GCM","apu":"QWxpY2U","apv":"Qm9i","epk":{"kty":"EC","crv":"P-256",)"
      R"("x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}})";
  EXPECT_FALSE(parse_jws(base64url_encode(header) + "..AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA"));
  EXPECT_FALSE(parse_jws(base64url_encode(header) + ".e30.AA"));
  EXPECT_FALSE(jws_algorithm("ECDH-ES"));
}

TEST(Rfc7515, AppendixA5IsNotTaken) {
  EXPECT_EQ(parse_jws(vectors::unsecured_token).error(), TokenFault::unsigned_token);
}

TEST(Rfc7517, AppendixA1) {
  const auto set = PublicKeys::parse(vectors::public_set);
  ASSERT_TRUE(set) << set.error().message();
  ASSERT_EQ(set->size(), 1U);
  EXPECT_EQ(set->keys()[0].id(), "2011-04-29");
  EXPECT_EQ(set->keys()[0].algorithm(), JwsAlgorithm::rs256);
  ASSERT_EQ(set->skipped().size(), 1U);
  EXPECT_EQ(set->skipped()[0].id, "1");
  EXPECT_EQ(set->skipped()[0].fault, JwkFault::wrong_use);
}

TEST(Rfc7517, AppendixA2) {
  const auto set = PublicKeys::parse(vectors::private_set);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().detail(),
            "1: not meant for signatures, 2011-04-29: a private key where a public one is expected");
  const auto key = SigningKey::from_jwk(vectors::private_rsa);
  ASSERT_TRUE(key) << to_string(key.error());
  EXPECT_EQ(key->key_id(), "2011-04-29");
  EXPECT_EQ(key->thumbprint(), vectors::rsa_thumbprint);
  EXPECT_EQ(json::parse(key->private_jwk().reveal()), json::parse(vectors::private_rsa));
}

TEST(Rfc7517, AppendixA3) {
  const json::value set = json::parse(vectors::symmetric_set);
  const auto key_of = [&](std::size_t i) { return json::serialize(set.at("keys").at(i)); };
  EXPECT_EQ(SymmetricKey::parse(key_of(0)).error(), JwkFault::unknown_algorithm) << "for encryption";
  EXPECT_EQ(SymmetricKey::parse(key_of(1))->id(), "HMAC key used in JWS spec Appendix A.1 example");
  EXPECT_FALSE(PublicKeys::parse(vectors::symmetric_set));
}

TEST(Rfc7638, Section31) {
  const auto set = PublicKeys::parse(vectors::public_set);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->keys()[0].thumbprint(), vectors::rsa_thumbprint);
}

TEST(Rfc7519, Section31) {
  const auto key = SymmetricKey::parse(vectors::hs256_key);
  const auto at = [](long long seconds) { return TimePoint(std::chrono::seconds(seconds)); };
  // It names no audience; ours must, so that the checks before it are what is seen.
  const JwtRules rules("joe", "anybody", {"HS256"});
  EXPECT_EQ(verify_jwt(vectors::hs256_token, *key, rules, at(1'300'819'000)).error(), TokenFault::no_audience);
  EXPECT_EQ(verify_jwt(vectors::hs256_token, *key, JwtRules("jim", "anybody", {"HS256"}), at(0)).error(),
            TokenFault::wrong_issuer);
  EXPECT_EQ(verify_jwt(vectors::unsecured_token, *key, rules, at(0)).error(), TokenFault::unsigned_token);
}

TEST(Rfc8037, AppendixA) {
  verifies(vectors::ed25519_key, vectors::ed25519_token, JwsAlgorithm::eddsa, "Example of Ed25519 signing");
  signs(vectors::ed25519_key, vectors::ed25519_token, JwsAlgorithm::eddsa, true);
  EXPECT_EQ(SigningKey::from_jwk(vectors::ed25519_key)->thumbprint(), vectors::ed25519_thumbprint);
}

TEST(Rfc9449, Examples) {
  const TimePoint now{std::chrono::seconds(1'562'262'620)};
  const DpopExpectation token_request("POST", "https://server.example.com/token");
  const auto proof = verify_dpop_proof(vectors::dpop_token_proof, token_request, {}, now);
  ASSERT_TRUE(proof) << to_string(proof.error());
  EXPECT_EQ(proof->thumbprint, vectors::dpop_thumbprint);
  EXPECT_EQ(proof->id, "-BwC3ESc6acc2lTc");
  DpopExpectation resource_request("GET", "https://resource.example.org/protectedresource");
  resource_request.access_token = vectors::dpop_access_token;
  resource_request.thumbprint = vectors::dpop_thumbprint;
  const auto used = verify_dpop_proof(vectors::dpop_resource_proof, resource_request, {}, now);
  ASSERT_TRUE(used) << to_string(used.error());
  EXPECT_EQ(used->id, "e1j3V_bKic8-LAEB");
}

}  // namespace
}  // namespace leanmcp
