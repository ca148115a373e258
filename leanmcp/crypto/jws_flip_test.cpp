#include "token_fixture_test.hpp"

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/jwt.hpp>

#include <gtest/gtest.h>

#include <array>
#include <functional>

namespace leanmcp {
namespace {

constexpr std::string_view claims = R"({"iss":"i","aud":"a","exp":1900000000,"sub":"ada"})";

using Verify = std::function<bool(const std::string&)>;

std::array<std::string, 3> parts_of(const std::string& token) {
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  return {token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1)};
}

std::string joined(const std::array<std::string, 3>& parts) { return parts[0] + "." + parts[1] + "." + parts[2]; }

/// Each bit of the text as it travels, then each bit of what its three parts say.
void no_flipped_bit_is_taken(const std::string& good, const Verify& verify) {
  ASSERT_TRUE(verify(good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string forged = good;
      forged[i] = static_cast<char>(forged[i] ^ (1 << bit));
      ASSERT_FALSE(verify(forged)) << "character " << i << " bit " << bit;
    }
  }
  const auto parts = parts_of(good);
  for (std::size_t part = 0; part < parts.size(); ++part) {
    const std::string bytes = base64url_decode(parts[part]).value();
    ASSERT_FALSE(bytes.empty());
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
      std::string forged = bytes;
      forged[i / 8] = static_cast<char>(forged[i / 8] ^ (1 << (i % 8)));
      auto changed = parts;
      changed[part] = base64url_encode(forged);
      ASSERT_FALSE(verify(joined(changed))) << "part " << part << " bit " << i;
    }
  }
}

class FlippedBits : public testing::TestWithParam<JwsAlgorithm> {};

TEST_P(FlippedBits, AreRefused) {
  const std::string name(to_string(GetParam()));
  // Every algorithm is allowed, so that only the signature stands in the way of a changed one.
  std::vector<std::string> allowed;
  for (const JwsAlgorithm algorithm : public_key_algorithms()) allowed.emplace_back(to_string(algorithm));
  for (const char* const symmetric : {"HS256", "HS384", "HS512"}) allowed.emplace_back(symmetric);
  const JwtRules rules("i", "a", allowed);
  if (is_symmetric(GetParam())) {
    const auto key = SymmetricKey::from_bytes(Secret(std::string(64, 'k')));
    const std::string token = sign_jws(R"({"alg":")" + name + R"("})", claims, *key, GetParam());
    no_flipped_bit_is_taken(token,
                            [&](const std::string& text) { return verify_jwt(text, *key, rules, now).has_value(); });
  } else {
    const SigningKey key = SigningKey::generate(GetParam());
    // Without a key id, so that a changed one does not hide what the signature says; the key itself names no algorithm.
    const PublicKeys keys({*PublicKey::parse(key.public_key().jwk())});
    const std::string token = sign_jws(R"({"alg":")" + name + R"("})", claims, key);
    no_flipped_bit_is_taken(token,
                            [&](const std::string& text) { return verify_jwt(text, keys, rules, now).has_value(); });
  }
}

std::vector<JwsAlgorithm> every_algorithm() {
  const auto list = public_key_algorithms();
  std::vector<JwsAlgorithm> all(list.begin(), list.end());
  all.insert(all.end(), {JwsAlgorithm::hs256, JwsAlgorithm::hs384, JwsAlgorithm::hs512});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Jws, FlippedBits, testing::ValuesIn(every_algorithm()),
                         [](const auto& info) { return std::string(to_string(info.param)); });

}  // namespace
}  // namespace leanmcp
