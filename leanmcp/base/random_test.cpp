#include <leanmcp/base/random.hpp>

#include <leanmcp/base/encoding.hpp>

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace leanmcp;

TEST(RandomId, IsThatManyBytesAndAnotherEachTime) {
  std::set<std::string> seen;
  for (const std::size_t bytes : {6u, 16u, 32u}) {
    const std::string id = random_id(bytes);
    const auto back = base64url_decode(id);
    ASSERT_TRUE(back) << id;
    EXPECT_EQ(back->size(), bytes);
  }
  for (int i = 0; i < 1000; ++i) seen.insert(random_id());
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(RandomId, IsNeverTakenForAnOptionOfACommand) {
  std::set<char> first;
  for (int i = 0; i < 5000; ++i) first.insert(random_id()[0]);
  EXPECT_FALSE(first.contains('-'));
  EXPECT_EQ(first.size(), 63u) << "every other letter of the alphabet still begins one";
}

}  // namespace
