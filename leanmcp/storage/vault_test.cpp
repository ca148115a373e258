#include <leanmcp/storage/vault.hpp>

#include <leanmcp/storage/test_cluster.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

const TimePoint now{1'800'000'000s};
const std::string key_a = "a:" + std::string(64, 'a');
const std::string key_b = "b:" + std::string(64, 'b');

class VaultTest : public testing::TestWithParam<DatabaseEngine> {
 protected:
  void SetUp() override {
    std::string url = "sqlite::memory:";
    if (GetParam() == DatabaseEngine::postgresql) {
      detail::TestCluster* const cluster = detail::TestCluster::instance();
      if (!cluster) GTEST_SKIP() << "PostgreSQL is not installed";
      url = cluster->fresh_database();
    }
    auto opened = Database::open(url);
    ASSERT_TRUE(opened);
    database.emplace(*opened);
  }
  Vault vault(const std::string& keys, const std::string& record = "oauth-token") {
    return *Vault::open(*database, *KeyRing::parse(keys), record);
  }
  static std::string text(const Vault& vault, std::string_view owner, std::string_view service) {
    const auto got = vault.get(owner, service);
    if (!got) return std::string(to_string(got.error().cause));
    return *got && (*got)->version > 0 ? std::string((*got)->value.reveal()) : "none";
  }
  std::optional<Database> database;
};
INSTANTIATE_TEST_SUITE_P(Engines, VaultTest, testing::Values(DatabaseEngine::sqlite, DatabaseEngine::postgresql));

TEST_P(VaultTest, KeepsOneRecordForEachOwnerAndService) {
  const Vault v = vault(key_a);
  ASSERT_TRUE(v.put("ada", "github", Secret("gho_1"), now));
  ASSERT_TRUE(v.put("ada", "slack", Secret("xox"), now));
  ASSERT_TRUE(v.put("bob", "github", Secret("gho_b"), now));
  ASSERT_TRUE(v.put("ada", "github", Secret("gho_2"), now));
  EXPECT_EQ(text(v, "ada", "github"), "gho_2");
  EXPECT_EQ(text(v, "bob", "github"), "gho_b");
  EXPECT_EQ(text(v, "eve", "github"), "none");
  EXPECT_EQ(text(v, "", "github"), "bad_record");
  EXPECT_EQ(*v.services("ada"), (std::vector<std::string>{"github", "slack"}));
  EXPECT_TRUE(*v.remove("ada", "slack"));
  EXPECT_FALSE(*v.remove("ada", "slack"));
  EXPECT_EQ(*v.remove_all("ada"), 1);
  EXPECT_EQ(text(v, "ada", "github"), "none");
  EXPECT_EQ(text(v, "bob", "github"), "gho_b");
}

TEST_P(VaultTest, NothingReadableIsStored) {
  const Vault v = vault(key_a);
  ASSERT_TRUE(v.put("ada", "github", Secret("gho_secret"), now));
  const auto rows = database->run("SELECT sealed FROM vault");
  ASSERT_TRUE(rows);
  EXPECT_EQ((*rows)[0].text(0).find("gho_secret"), std::string::npos);
}

TEST_P(VaultTest, ARowCannotBePassedOffAsAnother) {
  const Vault v = vault(key_a);
  ASSERT_TRUE(v.put("ada", "github", Secret("ada's"), now));
  ASSERT_TRUE(v.put("eve", "github", Secret("eve's"), now));
  ASSERT_TRUE(
      database->run("UPDATE vault SET sealed = (SELECT sealed FROM vault WHERE owner = 'ada') WHERE owner = 'eve'"));
  EXPECT_EQ(text(v, "eve", "github"), "damaged");
  ASSERT_TRUE(database->run("UPDATE vault SET record = 'other' WHERE owner = 'ada'"));
  EXPECT_EQ(text(vault(key_a, "other"), "ada", "github"), "damaged") << "a record of another kind";
  EXPECT_EQ(text(v, "ada", "github"), "none");
}

TEST_P(VaultTest, OldKeysOnlyReadAndRewrapBringsAllToTheNewest) {
  ASSERT_TRUE(vault(key_a).put("ada", "github", Secret("one"), now));
  ASSERT_TRUE(vault(key_a).put("bob", "github", Secret("two"), now));
  const Vault both = vault(key_b + "," + key_a);
  EXPECT_EQ(text(both, "ada", "github"), "one");
  ASSERT_TRUE(both.put("cat", "github", Secret("three"), now));
  EXPECT_EQ(text(vault(key_a), "cat", "github"), "unknown_key");
  EXPECT_EQ(*vault(key_b).rewrap(), 0) << "what does not open is left alone";
  EXPECT_EQ(*both.rewrap(), 2);
  EXPECT_EQ(*both.rewrap(), 0);
  EXPECT_EQ(text(vault(key_b), "ada", "github"), "one");
  EXPECT_EQ(text(vault(key_b), "bob", "github"), "two");
}

TEST_P(VaultTest, ReplaceLosesAgainstWhoeverWroteMeanwhile) {
  const Vault v = vault(key_a);
  EXPECT_TRUE(*v.replace("ada", "github", 0, Secret("first"), now));
  EXPECT_FALSE(*v.replace("ada", "github", 0, Secret("second"), now));
  const std::int64_t version = (*v.get("ada", "github"))->version;
  ASSERT_TRUE(v.put("ada", "github", Secret("third"), now));
  EXPECT_FALSE(*v.replace("ada", "github", version, Secret("late"), now));
  EXPECT_EQ(text(v, "ada", "github"), "third");
  EXPECT_TRUE(*v.replace("ada", "github", (*v.get("ada", "github"))->version, Secret("fourth"), now));
  EXPECT_EQ(text(v, "ada", "github"), "fourth");
  EXPECT_FALSE(*v.remove("ada", "github", version));
  EXPECT_TRUE(*v.remove("ada", "github", (*v.get("ada", "github"))->version));
  ASSERT_TRUE(v.put("ada", "github", Secret("fifth"), now));
  ASSERT_TRUE(v.remove("ada", "github"));
  ASSERT_TRUE(v.put("ada", "github", Secret("again"), now + 1s));
  EXPECT_FALSE(*v.replace("ada", "github", version, Secret("late"), now)) << "a version never comes back";
}

TEST_P(VaultTest, OneHolderAtATime) {
  const Vault v = vault(key_a);
  EXPECT_FALSE(*v.lease("ada", "github", "one", now, now + 30s)) << "there is no record";
  ASSERT_TRUE(v.put("ada", "github", Secret("t"), now));
  EXPECT_TRUE(*v.lease("ada", "github", "one", now, now + 30s));
  EXPECT_FALSE(*v.lease("ada", "github", "two", now + 1s, now + 31s));
  EXPECT_TRUE(*v.lease("ada", "github", "two", now + 31s, now + 61s)) << "it ran out";
  ASSERT_TRUE(v.release("ada", "github", "one"));
  EXPECT_FALSE(*v.lease("ada", "github", "one", now + 32s, now + 62s));
  ASSERT_TRUE(v.release("ada", "github", "two"));
  EXPECT_TRUE(*v.lease("ada", "github", "one", now + 33s, now + 63s));
}

}  // namespace
}  // namespace leanmcp
