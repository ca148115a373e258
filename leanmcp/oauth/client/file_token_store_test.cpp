#include <leanmcp/oauth/client/file_token_store.hpp>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <thread>

namespace leanmcp {
namespace {

namespace fs = std::filesystem;
using enum TokenStoreFault;

const ScryptCost cheap(4, 8, 1);

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}
void put(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

class FileStore : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "tokens-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base = pattern;
    place = base / "new/place";
    keys = base / "keys";
  }
  void TearDown() override { fs::remove_all(base); }

  TokenFileKey by_words(const char* words = "correct horse") { return TokenFileKey::passphrase(Secret(words), cheap); }
  TokenFileKey by_file() { return TokenFileKey::file(keys.string()); }
  std::shared_ptr<FileTokenStore> open(TokenFileKey key) {
    auto store = FileTokenStore::open(place.string(), std::move(key));
    EXPECT_TRUE(store) << to_string(store.error());
    return store ? *store : nullptr;
  }
  std::optional<TokenStoreFault> fault(TokenFileKey key) {
    const auto store = FileTokenStore::open(place.string(), std::move(key));
    return store ? std::nullopt : std::optional(store.error());
  }
  static std::string value(TokenStore& store, const std::string& name) {
    const auto found = store.load(name);
    if (!found) return "fault: " + found.error().message();
    return *found ? std::string((*found)->reveal()) : "nothing";
  }

  fs::path base, place, keys;
};

TEST_F(FileStore, KeepsValuesOverProcessesByPassphraseAndByKeyFile) {
  for (const bool words : {true, false}) {
    fs::remove_all(place);
    const auto key = [&] { return words ? by_words() : by_file(); };
    const std::string odd("a\0\n\xff", 4);
    {
      const auto store = open(key());
      EXPECT_EQ(value(*store, "a"), "nothing");
      ASSERT_TRUE(store->save("a", Secret("one")));
      ASSERT_TRUE(store->save("a", Secret("two")));
      ASSERT_TRUE(store->save(odd, Secret(odd)));
      ASSERT_TRUE(store->save("empty", Secret()));
      ASSERT_TRUE(store->save("gone", Secret("x")));
      ASSERT_TRUE(store->erase("gone"));
      ASSERT_TRUE(store->erase("gone"));
    }
    const auto store = open(key());
    EXPECT_EQ(value(*store, "a"), "two");
    EXPECT_EQ(value(*store, odd), odd);
    EXPECT_EQ(value(*store, "empty"), "");
    EXPECT_EQ(value(*store, "gone"), "nothing");
    EXPECT_EQ(*store->names(), (std::vector<std::string>{"a", odd, "empty"}));
  }
}

TEST_F(FileStore, NothingIsReadableInTheFileAndModesArePrivate) {
  ::umask(0);
  const auto store = open(by_file());
  ASSERT_TRUE(store->save("issuer https://as.example", Secret("a-secret-token")));
  ::umask(022);
  const std::string file = text_of(place / "tokens");
  for (const char* const clear : {"secret", "as.example", "issuer"}) EXPECT_EQ(file.find(clear), std::string::npos);
  for (const fs::path& path : {place, place.parent_path(), keys})
    EXPECT_EQ(fs::status(path).permissions(), fs::perms(0700));
  for (const fs::path& path : {place / "tokens", place / "tokens.lock", keys / "token-key"})
    EXPECT_EQ(fs::status(path).permissions(), fs::perms(0600)) << path;
  // The same contents are never sealed into the same bytes.
  ASSERT_TRUE(store->save("issuer https://as.example", Secret("a-secret-token")));
  EXPECT_NE(text_of(place / "tokens"), file);
}

TEST_F(FileStore, EachPassphraseFileHasItsOwnSalt) {
  std::set<std::string> lines;
  for (int i = 0; i < 3; ++i) {
    fs::remove_all(place);
    ASSERT_TRUE(open(by_words())->save("a", Secret("b")));
    std::istringstream file(text_of(place / "tokens"));
    std::string line;
    std::getline(file, line);
    EXPECT_EQ(line, "leanmcp tokens 1");
    std::getline(file, line);
    EXPECT_TRUE(line.starts_with("scrypt 4 8 1 ")) << line;
    lines.insert(line);
  }
  EXPECT_EQ(lines.size(), 3U);
}

TEST_F(FileStore, TellsWhatItOpensWithBeforeItIsOpened) {
  const auto kind = [&] { return *FileTokenStore::kind(place.string()); };
  EXPECT_EQ(kind(), TokenFileKind::none);
  EXPECT_FALSE(fs::exists(place));
  ASSERT_TRUE(open(by_words()));
  EXPECT_EQ(kind(), TokenFileKind::none);
  ASSERT_TRUE(open(by_words())->save("a", Secret("b")));
  EXPECT_EQ(kind(), TokenFileKind::passphrase);
  fs::remove(place / "tokens");
  ASSERT_TRUE(open(by_file())->save("a", Secret("b")));
  EXPECT_EQ(kind(), TokenFileKind::key_file);
  put(place / "tokens", "leanmcp tokens 2\nkey file\nAAAA\n");
  EXPECT_EQ(FileTokenStore::kind(place.string()).error(), tampered);
  fs::permissions(place, fs::perms(0755));
  EXPECT_EQ(FileTokenStore::kind(place.string()).error(), not_private);
}

TEST_F(FileStore, AnotherKeyDoesNotOpenItAndChangesNothing) {
  ASSERT_TRUE(open(by_words())->save("a", Secret("one")));
  const std::string before = text_of(place / "tokens");
  EXPECT_EQ(fault(by_words("correct horsf")), wrong_key);
  EXPECT_EQ(fault(by_words("")), wrong_key);
  EXPECT_EQ(fault(by_file()), wrong_key);
  EXPECT_EQ(text_of(place / "tokens"), before);

  fs::remove_all(place);
  ASSERT_TRUE(open(by_file())->save("a", Secret("one")));
  EXPECT_EQ(fault(by_words()), wrong_key);
  fs::rename(keys / "token-key", keys / "old");
  EXPECT_EQ(fault(by_file()), no_key) << "a new key must not be made beside tokens of the old one";
  put(keys / "token-key", "rubbish\n");
  fs::permissions(keys / "token-key", fs::perms(0600));
  EXPECT_EQ(fault(by_file()), no_key);
  put(keys / "token-key", std::string(43, 'A') + "\n");
  EXPECT_EQ(fault(by_file()), wrong_key);
  put(keys / "token-key", std::string(8000, 'A'));
  EXPECT_EQ(fault(by_file()), no_key);
}

TEST_F(FileStore, EveryChangedBitIsSeenAndNothingIsWrittenOverIt) {
  for (const bool words : {false, true}) {
    fs::remove_all(place);
    const auto store = open(words ? by_words() : by_file());
    ASSERT_TRUE(store->save("a", Secret("one")));
    const std::string good = text_of(place / "tokens");
    const auto refused = [&](const std::string& bad, const std::string& where, bool writing = true) {
      put(place / "tokens", bad);
      const auto checked = store->check();
      ASSERT_FALSE(checked) << where;
      EXPECT_TRUE(checked.error() == tampered || checked.error() == wrong_key) << where;
      if (!writing) return;
      ASSERT_FALSE(store->load("a")) << where;
      ASSERT_FALSE(store->save("a", Secret("two"))) << where;
      ASSERT_FALSE(store->erase("a")) << where;
      ASSERT_EQ(text_of(place / "tokens"), bad) << where;
    };
    // Each changed salt costs the derivation of a key; one bit of a byte says enough there.
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (int bit = 0; bit < (words ? 1 : 8); ++bit) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
        refused(bad, "byte " + std::to_string(at) + " bit " + std::to_string(bit), at % 16 == 0 && bit == 0);
      }
    }
    for (std::size_t size = 0; size + 1 < good.size(); ++size)
      refused(good.substr(0, size), "cut off at " + std::to_string(size), size % 16 == 0);
    refused(good + good, "twice");
    put(place / "tokens", good);
    EXPECT_EQ(value(*store, "a"), "one");
  }
}

TEST_F(FileStore, AFileCannotSpendOurTimeOrMemory) {
  const std::string tail = " AAAAAAAAAAAAAAAAAAAAAA\nAAAA\n";
  fs::create_directories(place);
  fs::permissions(place, fs::perms(0700));
  for (const std::string cost :
       {"30 8 1", "20 1024 1", "10 8 1024000", "0 8 1", "4 0 1", "x 8 1", "4 8", "-1 8 1", "4294967296 8 1"}) {
    put(place / "tokens", "leanmcp tokens 1\nscrypt " + cost + tail);
    fs::permissions(place / "tokens", fs::perms(0600));
    EXPECT_EQ(fault(by_words()), tampered) << cost;
  }
  put(place / "tokens", std::string(2 << 20, 'a'));
  EXPECT_EQ(fault(by_words()), too_large);
}

TEST_F(FileStore, WhatIsNotPrivateIsRefused) {
  const auto store = open(by_file());
  ASSERT_TRUE(store->save("a", Secret("one")));
  const auto refused = [&](TokenStoreFault why) {
    EXPECT_EQ(fault(by_file()), why);
    const auto saved = store->save("a", Secret("two"));
    ASSERT_FALSE(saved);
    EXPECT_EQ(saved.error().message(), to_string(why));
  };
  for (const int mode : {0640, 0604, 0620, 0601}) {
    fs::permissions(place / "tokens", fs::perms(mode));
    refused(not_private);
  }
  fs::permissions(place / "tokens", fs::perms(0600));
  for (const int mode : {0750, 0701, 0720}) {
    fs::permissions(place, fs::perms(mode));
    refused(not_private);
  }
  fs::permissions(place, fs::perms(0700));
  fs::permissions(keys / "token-key", fs::perms(0644));
  EXPECT_EQ(fault(by_file()), not_private);
  fs::permissions(keys / "token-key", fs::perms(0600));
  EXPECT_EQ(value(*store, "a"), "one");
}

TEST_F(FileStore, OtherPeoplesFilesAreRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_TRUE(open(by_file())->save("a", Secret("one")));
  for (const fs::path& path : {place / "tokens", place, keys / "token-key", keys}) {
    ASSERT_EQ(::chown(path.c_str(), 1, 1), 0);
    EXPECT_EQ(fault(by_file()), foreign_owner) << path;
    ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
  }
  EXPECT_EQ(fault(by_file()), std::nullopt);
}

TEST_F(FileStore, OtherThingsInTheFilesPlaceAreRefused) {
  ASSERT_TRUE(open(by_file()));
  const fs::path file = place / "tokens";
  put(base / "elsewhere", "leanmcp tokens 1\n");
  fs::create_symlink(base / "elsewhere", file);
  EXPECT_EQ(fault(by_file()), not_a_store);
  fs::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(fault(by_file()), not_a_store) << "and does not wait for a writer";
  fs::remove(file);
  fs::create_directory(file);
  fs::permissions(file, fs::perms(0700));
  EXPECT_EQ(fault(by_file()), not_a_store);
  fs::remove(file);
  put(file, "");
  fs::permissions(file, fs::perms(0600));
  EXPECT_EQ(fault(by_file()), tampered) << "an empty file is a damaged one, not an empty store";
  fs::remove_all(place);
  put(place, "");
  EXPECT_EQ(fault(by_file()), not_a_store);
}

TEST_F(FileStore, HasALimit) {
  const auto store = open(by_file());
  ASSERT_TRUE(store->save("a", Secret("one")));
  const auto saved = store->save("b", Secret(std::string(512 * 1024, 'x')));
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().message(), to_string(too_large));
  ASSERT_TRUE(store->save("c", Secret(std::string(511 * 1024, 'x'))));
  EXPECT_EQ(value(*store, "a"), "one");
}

TEST_F(FileStore, OneLeaseForOneNameAmongAllStoresAndProcesses) {
  const auto store = open(by_file());
  const auto other = open(by_file());
  auto first = store->try_lock("a");
  ASSERT_TRUE(first && *first);
  const auto second = other->try_lock("a");
  ASSERT_TRUE(second);
  EXPECT_FALSE(*second);
  EXPECT_FALSE(*store->try_lock("a"));
  EXPECT_TRUE(*other->try_lock("b"));
  EXPECT_TRUE(other->save("a", Secret("value"))) << "a lease is no lock on the value";
  const auto from_child = [&] {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto mine = FileTokenStore::open(place.string(), by_file());
      const auto lease = mine ? (*mine)->try_lock("a") : Result<std::unique_ptr<TokenStore::Lease>>(Error("none"));
      ::_exit(!lease ? 2 : *lease ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  EXPECT_EQ(from_child(), 0);
  std::thread([&] { first->reset(); }).join();
  EXPECT_EQ(from_child(), 1);
  EXPECT_TRUE(*store->try_lock("a")) << "a process that ended has given it back";
}

TEST_F(FileStore, ALeaseOutlivesItsStore) {
  auto store = open(by_file());
  auto lease = store->try_lock("a");
  store.reset();
  EXPECT_FALSE(*open(by_file())->try_lock("a"));
  lease->reset();
  EXPECT_TRUE(*open(by_file())->try_lock("a"));
}

TEST_F(FileStore, ProcessesThatWriteAtOnceLoseNothing) {
  constexpr int writers = 4, each = 25;
  std::vector<pid_t> children;
  for (int writer = 0; writer < writers; ++writer) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto store = FileTokenStore::open(place.string(), by_file());
      bool good = store.has_value();
      for (int i = 0; good && i < each; ++i)
        good = (*store)->save(std::to_string(writer) + "-" + std::to_string(i), Secret("v")).has_value();
      ::_exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(open(by_file())->names()->size(), static_cast<std::size_t>(writers * each));
}

TEST_F(FileStore, AWriterKilledAtAnyMomentLosesNothingThatItSaidWasSaved) {
  std::mt19937 random(20261124);
  std::uniform_int_distribution<int> microseconds(0, 12'000);
  ASSERT_TRUE(open(by_file())->save("steady", Secret("kept")));
  long long last = 0;
  int killed_in_between = 0;
  for (int round = 0; round < 60; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      const auto store = FileTokenStore::open(place.string(), by_file());
      for (long long number = last + 1; store; ++number) {
        // Values of changing size, so that a file cut off would not look whole.
        const Secret value(std::to_string(number) + ":" +
                           std::string(static_cast<std::size_t>(number * 97 % 5000), 'x'));
        if (!(*store)->save("counter", value)) ::_exit(1);
        if (::write(ends[1], &number, sizeof number) != sizeof number) ::_exit(1);
      }
      ::_exit(2);
    }
    ::close(ends[1]);
    // Longer and longer until a first one was saved, however slow the disk is.
    std::this_thread::sleep_for(std::chrono::microseconds(microseconds(random) * (last == 0 ? round + 1 : 1)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << status;
    long long said = last;
    for (long long number = 0; ::read(ends[0], &number, sizeof number) == sizeof number;) said = number;
    ::close(ends[0]);

    const auto store = FileTokenStore::open(place.string(), by_file());
    ASSERT_TRUE(store) << to_string(store.error());
    EXPECT_EQ(value(**store, "steady"), "kept");
    const std::string text = value(**store, "counter");
    const long long found = text == "nothing" ? 0 : std::atoll(text.c_str());
    EXPECT_GE(found, said);
    EXPECT_LE(found, said + 1);
    const std::size_t whole = std::to_string(found).size() + 1 + static_cast<std::size_t>(found * 97 % 5000);
    EXPECT_EQ(text.size(), found == 0 ? text.size() : whole);
    killed_in_between += fs::exists(place / "tokens.new") ? 1 : 0;
    // What it held is free, and what it left is no hindrance.
    ASSERT_TRUE((*store)->save("steady", Secret("kept")));
    EXPECT_FALSE(fs::exists(place / "tokens.new"));
    last = found;
  }
  EXPECT_GT(last, 0);
  RecordProperty("killed_while_writing", killed_in_between);
}

}  // namespace
}  // namespace leanmcp
