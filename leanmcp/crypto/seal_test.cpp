#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/seal.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

std::string unhex(std::string_view text) { return *hex_decode(text); }

TEST(Digest, KnownAnswers) {
  EXPECT_EQ(hex_encode(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_encode(sha512("abc")).substr(0, 32), "ddaf35a193617abacc417349ae204131");
  // RFC 4231, test case 2.
  EXPECT_EQ(hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // RFC 4231, test case 6: a key longer than a block.
  EXPECT_EQ(hex_encode(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digest, HkdfOfRfc5869) {
  // Appendix A.1 and A.3.
  EXPECT_EQ(hex_encode(hkdf_sha256(std::string(22, '\x0b'), unhex("000102030405060708090a0b0c"),
                                   unhex("f0f1f2f3f4f5f6f7f8f9"), 42)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  EXPECT_EQ(hex_encode(hkdf_sha256(std::string(22, '\x0b'), "", "", 42)),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Seal, OpensWhatItSealed) {
  const Sealer sealer = KeyRing::random().sealer("test");
  for (const std::string& text : {std::string(), std::string("x"), std::string(5000, 'y')}) {
    const std::string sealed = sealer.seal(text, "data");
    EXPECT_EQ(sealer.open(sealed, "data").value(), text);
    EXPECT_TRUE(text.size() < 100 || sealed.find("yyyy") == std::string::npos);
  }
  EXPECT_NE(sealer.seal("same", ""), sealer.seal("same", ""));
}

TEST(Seal, RefusesEveryChange) {
  const Sealer sealer = KeyRing::random().sealer("test");
  const std::string sealed = sealer.seal("secret", "data");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    for (int bit = 0; bit < 7; ++bit) {
      std::string changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      ASSERT_FALSE(sealer.open(changed, "data")) << i << ' ' << bit;
    }
    ASSERT_FALSE(sealer.open(sealed.substr(0, i), "data"));
  }
  EXPECT_FALSE(sealer.open(sealed, "other"));
  EXPECT_FALSE(sealer.open(sealed + "A", "data"));
}

TEST(Seal, LabelsShareNoKeys) {
  const KeyRing ring = KeyRing::random();
  EXPECT_FALSE(ring.sealer("a").open(ring.sealer("b").seal("x", ""), ""));
  EXPECT_TRUE(ring.sealer("a").open(ring.sealer("a").seal("x", ""), ""));
}

TEST(Seal, KeysRotate) {
  const std::string a = "a:" + std::string(64, '1');
  const std::string b = "b:" + std::string(64, '2');
  const Sealer old_ring = KeyRing::parse(a).value().sealer("x");
  const Sealer both = KeyRing::parse(b + "," + a).value().sealer("x");
  const Sealer gone = KeyRing::parse(b).value().sealer("x");
  const std::string sealed = old_ring.seal("text", "");
  EXPECT_TRUE(both.open(sealed, ""));
  EXPECT_EQ(gone.open(sealed, "").error(), OpenFault::unknown_key);
  EXPECT_TRUE(gone.open(both.seal("new", ""), ""));
}

TEST(KeyRing, DerivesASecretForEachPurpose) {
  const KeyRing ring = KeyRing::random();
  EXPECT_EQ(ring.derived("a").reveal().size(), 32u);
  EXPECT_EQ(ring.derived("a").reveal(), ring.derived("a").reveal());
  EXPECT_NE(ring.derived("a").reveal(), ring.derived("b").reveal());
  EXPECT_NE(ring.derived("a").reveal(), KeyRing::random().derived("a").reveal());
}

TEST(KeyRing, RefusesBadKeys) {
  for (const char* text : {"", "a:short", "a:", ":x", "a b:1111111111111111111111111111111111111111111111111111111111111111",
                           "a:1111111111111111111111111111111111111111111111111111111111111111,"
                           "a:2222222222222222222222222222222222222222222222222222222222222222"})
    EXPECT_FALSE(KeyRing::parse(text)) << text;
  EXPECT_TRUE(KeyRing::parse(std::string(64, 'f'))) << "a bare key gets an id of its own";
}

}  // namespace
}  // namespace leanmcp
