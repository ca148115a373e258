#include <leanmcp/auth/auth_denial.hpp>
#include <leanmcp/auth/dpop_guard.hpp>
#include <leanmcp/auth/static_keys.hpp>
#include <leanmcp/auth/test_tokens.hpp>
#include <leanmcp/crypto/dpop.hpp>
#include <leanmcp/server/request.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using test_tokens::now;

constexpr const char* mcp_url = "https://mcp.example/mcp";

class Guarded : public testing::Test {
 protected:
  const SigningKey key = SigningKey::generate(JwsAlgorithm::es256);
  Credentials with(std::string_view nonce) const {
    DpopRequest request("POST", mcp_url);
    request.access_token = "token";
    request.nonce = nonce;
    Credentials credentials;
    credentials.dpop_proof = make_dpop_proof(key, request, now);
    credentials.dpop_proofs = 1;
    credentials.http_method = "POST";
    return credentials;
  }
};

TEST_F(Guarded, EachProofIsGoodOnce) {
  DpopGuard guard((DpopOptions()));
  const Credentials proof = with("");
  EXPECT_FALSE(guard.check(proof, mcp_url, "token", key.thumbprint(), now));
  ASSERT_TRUE(guard.check(proof, mcp_url, "token", key.thumbprint(), now));
  EXPECT_FALSE(guard.check(with(""), mcp_url, "token", key.thumbprint(), now));
  EXPECT_TRUE(guard.check(with(""), mcp_url, "other", key.thumbprint(), now)) << "of another token";
  EXPECT_TRUE(guard.check(with(""), "https://mcp.example/other", "token", key.thumbprint(), now));
  EXPECT_TRUE(guard.check(with(""), mcp_url, "token", "AAAA", now)) << "of another key";
  Credentials two = with("");
  two.dpop_proofs = 2;
  EXPECT_TRUE(guard.check(two, mcp_url, "token", key.thumbprint(), now));
}

TEST_F(Guarded, NoncesAreAskedForAndGood) {
  DpopGuard guard(DpopOptions().nonces(Secret(std::string(32, 'k'))).required());
  const auto fault = guard.check(with(""), mcp_url, "token", key.thumbprint(), now);
  ASSERT_TRUE(fault);
  EXPECT_TRUE(fault->nonce);
  EXPECT_FALSE(guard.check(with(guard.nonce_now(now)), mcp_url, "token", key.thumbprint(), now));
  const DpopGuard sibling(DpopOptions().nonces(Secret(std::string(32, 'k'))));
  EXPECT_EQ(sibling.nonce_now(now), guard.nonce_now(now)) << "instances share them by the key";
  const auto stale = guard.check(with("stale"), mcp_url, "token", key.thumbprint(), now);
  EXPECT_TRUE(stale && stale->nonce);
}

TEST_F(Guarded, OneKeyCannotUseUpTheWindow) {
  DpopGuard guard(DpopOptions().remembered(40));
  const SigningKey other = SigningKey::generate(JwsAlgorithm::es256);
  const auto by = [&](const SigningKey& signer) {
    DpopRequest request("POST", mcp_url);
    request.access_token = "token";
    Credentials credentials;
    credentials.dpop_proof = make_dpop_proof(signer, request, now);
    credentials.dpop_proofs = 1;
    credentials.http_method = "POST";
    return guard.check(credentials, mcp_url, "token", signer.thumbprint(), now);
  };
  int taken = 0;
  while (taken < 100 && !by(key)) ++taken;
  EXPECT_EQ(taken, 21) << "more than its share only while there is room for all";
  EXPECT_EQ(by(key)->reason, "proof: too many by one key");
  EXPECT_FALSE(by(other)) << "others go on";
}

TEST(DpopDenial, AsksForANonceAndNamesTheAlgorithms) {
  const auto provider = static_keys(StaticKeysOptions("https://idp.example", mcp_url, test_tokens::keys));
  provider->protects(mcp_url, {"read"});
  provider->accept_dpop(DpopOptions().nonces().required());
  AuthDenial why(AuthCode::invalid_token, "proof: no nonce");
  why.sent_dpop = true;
  why.use_nonce = true;
  const Denial denial = denial_of(why, *provider, now);
  ASSERT_EQ(denial.headers.size(), 2U) << "Bearer is not offered where keys are required";
  EXPECT_EQ(denial.headers[0].second.rfind("DPoP error=\"use_dpop_nonce\"", 0), 0U) << denial.headers[0].second;
  EXPECT_NE(denial.headers[0].second.find("algs=\"ES256"), std::string::npos);
  EXPECT_EQ(denial.headers[1].first, "DPoP-Nonce");
  EXPECT_EQ(denial.headers[1].second, provider->dpop()->nonce_now(now));
}

TEST(BoundKey, IsReadStrictly) {
  const auto key_of = [](const char* claims) {
    Principal::Fields fields;
    fields.claims_json = claims;
    return bound_key(Principal(std::move(fields)));
  };
  EXPECT_EQ(key_of(R"({"sub":"ada"})"), std::nullopt);
  EXPECT_EQ(key_of(R"({"sub":"cnf"})"), std::nullopt);
  EXPECT_EQ(key_of(R"({"cnf":{"jkt":"abc"}})"), "abc");
  EXPECT_EQ(key_of(R"({"\u0063nf":{"jkt":"abc"}})"), "abc");
  for (const char* odd :
       {R"({"cnf":{}})", R"({"cnf":7})", R"({"cnf":{"jkt":7}})", R"({"cnf":{"jkt":"a","x5t#S256":"b"}})", R"({"cnf")"})
    EXPECT_EQ(key_of(odd), "") << odd;
}

}  // namespace
}  // namespace leanmcp
