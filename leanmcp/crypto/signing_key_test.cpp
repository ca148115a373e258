#include <leanmcp/crypto/signing_key.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/jws.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

void round_trip(SigningKey::Algorithm algorithm, const std::string& name) {
  const SigningKey key = SigningKey::generate(algorithm);
  const auto keys = PublicKeys::parse(R"({"keys":[)" + key.public_jwk() + "]}");
  ASSERT_TRUE(keys) << keys.error().message();
  EXPECT_TRUE(keys->has(key.key_id(), name));
  for (int i = 0; i < 20; ++i) {  // an ECDSA number with a leading zero comes up now and then
    const std::string token = key.sign(R"({"sub":"ada"})", "at+jwt");
    const auto dot = token.rfind('.');
    const std::string text = token.substr(0, dot);
    const auto signature = base64url_decode(token.substr(dot + 1));
    ASSERT_TRUE(signature);
    EXPECT_TRUE(keys->verify(key.key_id(), name, text, *signature));
    EXPECT_FALSE(keys->verify(key.key_id(), name, text + "x", *signature));
    const auto header = boost::json::parse(base64url_decode(text.substr(0, text.find('.'))).value()).as_object();
    EXPECT_EQ(header.at("alg").as_string(), name);
    EXPECT_EQ(header.at("kid").as_string(), key.key_id());
    EXPECT_EQ(header.at("typ").as_string(), "at+jwt");
    EXPECT_EQ(base64url_decode(text.substr(text.find('.') + 1)), R"({"sub":"ada"})");
  }
  EXPECT_EQ(key.key_id().size(), 43u);
  EXPECT_NE(SigningKey::generate(algorithm).key_id(), key.key_id());
  const auto jwk = boost::json::parse(key.public_jwk()).as_object();
  for (const std::string secret : {"d", "p", "q", "dp", "dq", "qi"}) EXPECT_FALSE(jwk.contains(secret));
}

class EachAlgorithm : public testing::TestWithParam<JwsAlgorithm> {};

TEST_P(EachAlgorithm, RoundTrip) { round_trip(GetParam(), std::string(to_string(GetParam()))); }

INSTANTIATE_TEST_SUITE_P(SigningKey, EachAlgorithm, testing::ValuesIn(public_key_algorithms()),
                         [](const auto& info) { return std::string(to_string(info.param)); });

}  // namespace
}  // namespace leanmcp
