#include <leanmcp/crypto/password.hpp>

#include <leanmcp/base/encoding.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

const ScryptCost quick(4, 1, 1);

std::string password_cause(std::string_view password, std::string_view stored, const ScryptLimits& limits = {}) {
  const auto verified = verify_password(password, stored, limits);
  return verified ? "good" : std::string(to_string(verified.error()));
}

// RFC 7914, section 12.
TEST(Scrypt, Vectors) {
  EXPECT_EQ(hex_encode(scrypt("", "", ScryptCost(4, 1, 1), 64).reveal()),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
            "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
  EXPECT_EQ(hex_encode(scrypt("password", "NaCl", ScryptCost(10, 8, 16), 64).reveal()),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
            "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
  EXPECT_EQ(hex_encode(scrypt("pleaseletmein", "SodiumChloride", ScryptCost(14, 8, 1), 64).reveal()),
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
}

TEST(Scrypt, CostsAreBounded) {
  EXPECT_THROW(scrypt("p", "s", ScryptCost(20, 8, 1), 32, {1 << 20, 1 << 30}), std::invalid_argument);
  EXPECT_THROW(scrypt("p", "s", ScryptCost(0, 8, 1), 32), std::invalid_argument);
  EXPECT_THROW(scrypt("p", "s", ScryptCost(16, 1, 1), 32), std::invalid_argument);
  EXPECT_THROW(scrypt("p", "s", ScryptCost(4, 1, 0), 32), std::invalid_argument);
  EXPECT_THROW(scrypt("p", "s", ScryptCost(4, 1, 1), 0), std::invalid_argument);
}

TEST(Password, RoundTrip) {
  const std::string stored = hash_password("correct horse", quick);
  EXPECT_TRUE(stored.starts_with("$scrypt$ln=4,r=1,p=1$")) << stored;
  EXPECT_EQ(password_cause("correct horse", stored), "good");
  EXPECT_EQ(password_cause("correct hors", stored), "wrong password");
  EXPECT_EQ(password_cause("", stored), "wrong password");
  EXPECT_NE(hash_password("correct horse", quick), stored) << "salted";
  EXPECT_EQ(password_cause("", hash_password("", quick)), "good");
}

// Made by passlib's format with Python's hashlib.scrypt.
TEST(Password, TakesWhatOthersWrote) {
  EXPECT_EQ(password_cause("hello",
                           "$scrypt$ln=10,r=8,p=2$c2FsdHNhbHRzYWx0c2FsdA$z2X9CJzFoOLWd2NZrTYQlo12zNOWQLwTiKEQDnMS80Y"),
            "good");
}

TEST(Password, NothingElseIsAHash) {
  const std::string salt = "c2FsdHNhbHRzYWx0c2FsdA";
  const std::string hash = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";
  for (const std::string& stored :
       {std::string(), std::string("plain"), "$scrypt$ln=4,r=1,p=1$" + salt,
        "$argon2id$ln=4,r=1,p=1$" + salt + "$" + hash, "$scrypt$ln=4,r=1$" + salt + "$" + hash,
        "$scrypt$ln=04,r=1,p=1$" + salt + "$" + hash, "$scrypt$ln=-4,r=1,p=1$" + salt + "$" + hash,
        "$scrypt$r=1,ln=4,p=1$" + salt + "$" + hash, "$scrypt$ln=4,r=1,p=99999999999$" + salt + "$" + hash,
        "$scrypt$ln=4,r=1,p=1$" + salt + "==$" + hash, "$scrypt$ln=4,r=1,p=1$c2FsdA$" + hash,
        "$scrypt$ln=4,r=1,p=1$" + salt + "$c2FsdA", "$scrypt$ln=4,r=1,p=1$" + salt + "$" + hash + "$x",
        "$scrypt$ln=4,r=1,p=1$" + salt + "$" + std::string(600, 'A')})
    EXPECT_EQ(password_cause("x", stored), "not a stored password") << stored;
  EXPECT_EQ(password_cause("x", "$scrypt$ln=30,r=8,p=1$" + salt + "$" + hash), "stored with a cost over the limits");
  EXPECT_EQ(password_cause("x", "$scrypt$ln=14,r=8,p=1000$" + salt + "$" + hash), "stored with a cost over the limits");
  EXPECT_EQ(password_cause("x", "$scrypt$ln=4,r=1,p=1$" + salt + "$" + hash), "wrong password");
  EXPECT_EQ(password_cause(std::string(1025, 'x'), "$scrypt$ln=4,r=1,p=1$" + salt + "$" + hash), "password too long");
  EXPECT_THROW(hash_password(std::string(1025, 'x'), quick), std::invalid_argument);
}

}  // namespace
}  // namespace leanmcp
