#include <leanmcp/oauth/client/keyring_token_store.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace leanmcp {
namespace {

/// tests/keyring starts a keyring on a bus of its own and sets the variable; elsewhere the person's own keyring would
/// be written to.
bool has_test_keyring() { return std::getenv("LEANMCP_TEST_KEYRING") != nullptr; }

class Keyring : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "keyring-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  static std::string value(TokenStore& store, const std::string& name) {
    const auto found = store.load(name);
    if (!found) return "fault: " + found.error().message();
    return *found ? std::string((*found)->reveal()) : "nothing";
  }
  std::string folder;
};

TEST_F(Keyring, WithoutAServiceTheCauseIsTold) {
  const pid_t child = ::fork();
  if (child == 0) {
    // In a process of its own: the library keeps the bus that it found first.
    ::setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
    const auto store = KeyringTokenStore::open(folder);
    ::_exit(!store && store.error() == TokenStoreFault::no_keyring ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(Keyring, KeepsValuesOverProcesses) {
  if (!has_test_keyring()) GTEST_SKIP() << "no keyring for tests here: ./test keyring";
  const std::string odd("a\0\n\xff", 4);
  const auto store = KeyringTokenStore::open(folder, "one");
  ASSERT_TRUE(store) << to_string(store.error());
  EXPECT_EQ(value(**store, "a"), "nothing");
  ASSERT_TRUE((*store)->save("a", Secret("one")));
  ASSERT_TRUE((*store)->save("a", Secret("two")));
  ASSERT_TRUE((*store)->save(odd, Secret(odd)));
  ASSERT_TRUE((*store)->save("long", Secret(std::string(20'000, 'x'))));
  ASSERT_TRUE((*store)->save("empty", Secret()));
  EXPECT_EQ(value(**store, "a"), "two");
  EXPECT_EQ(value(**store, odd), odd);
  EXPECT_EQ(value(**store, "long").size(), 20'000U);
  EXPECT_EQ(value(**store, "empty"), "");
  auto names = *(*store)->names();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"a", odd, "empty", "long"}));

  const auto other = KeyringTokenStore::open(folder, "two");
  ASSERT_TRUE(other);
  EXPECT_EQ(value(**other, "a"), "nothing") << "another label is another store";
  EXPECT_TRUE((*other)->names()->empty());
  const auto again = KeyringTokenStore::open(folder, "one");
  ASSERT_TRUE(again);
  EXPECT_EQ(value(**again, "a"), "two");

  for (const std::string& name : names) ASSERT_TRUE((*store)->erase(name));
  ASSERT_TRUE((*store)->erase("a"));
  EXPECT_EQ(value(**again, "a"), "nothing");
  EXPECT_TRUE((*again)->names()->empty());
}

TEST_F(Keyring, OneLeaseForOneName) {
  if (!has_test_keyring()) GTEST_SKIP() << "no keyring for tests here: ./test keyring";
  const auto store = KeyringTokenStore::open(folder);
  const auto other = KeyringTokenStore::open(folder);
  ASSERT_TRUE(store && other);
  auto first = (*store)->try_lock("a");
  ASSERT_TRUE(first && *first);
  EXPECT_FALSE(*(*other)->try_lock("a"));
  EXPECT_TRUE(*(*other)->try_lock("b"));
  first->reset();
  EXPECT_TRUE(*(*other)->try_lock("a"));
}

TEST_F(Keyring, ALockedKeyringIsToldAndOpensAgain) {
  const char* const lock = std::getenv("LEANMCP_TEST_KEYRING_LOCK");
  const char* const unlock = std::getenv("LEANMCP_TEST_KEYRING_UNLOCK");
  if (!has_test_keyring() || !lock || !unlock) GTEST_SKIP() << "no keyring for tests here: ./test keyring";
  const auto store = KeyringTokenStore::open(folder, "locked");
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->save("a", Secret("one")));
  ASSERT_EQ(std::system(lock), 0);
  const auto found = (*store)->load("a");
  const auto saved = (*store)->save("a", Secret("two"));
  ASSERT_EQ(std::system(unlock), 0);
  ASSERT_FALSE(found) << "nobody is there to unlock it";
  EXPECT_EQ(found.error().message(), to_string(TokenStoreFault::keyring_locked));
  EXPECT_FALSE(saved);
  EXPECT_EQ(value(**store, "a"), "one");
}

}  // namespace
}  // namespace leanmcp
