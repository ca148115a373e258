#include <leanmcp/oauth/server/signing_keys.hpp>

#include <leanmcp/crypto/jwt.hpp>
#include <leanmcp/oauth/server/test_time.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

namespace leanmcp::as {
namespace {

using namespace std::chrono_literals;

constexpr auto day = 24h;

class SigningKeysTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/leanmcp-keys-XXXXXX";
    directory_ = mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Store store() {
    auto database = Database::open("sqlite:" + (directory_ / "keys.db").string());
    auto opened = Store::open(std::move(*database));
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }
  std::unique_ptr<SigningKeys> instance(JwsAlgorithm algorithm = JwsAlgorithm::es256) {
    return std::make_unique<SigningKeys>(store(), ring_, algorithm, schedule_);
  }
  static bool verifies(const SigningKeys& keys, const std::string& token, TimePoint now) {
    const JwsAlgorithm allowed[] = {JwsAlgorithm::es256, JwsAlgorithm::rs256};
    return verify_jws(token, keys.published(now), allowed).has_value();
  }

  std::filesystem::path directory_;
  KeyRing ring_ = KeyRing::random();
  KeySchedule schedule_;
};

TEST_F(SigningKeysTest, TheNextKeyIsPublishedADayBeforeItSignsAndTheOldOneStaysForItsTokens) {
  const auto keys = instance();
  ASSERT_TRUE(keys->keep(start));
  const std::string first = keys->current(start).key_id();
  EXPECT_EQ(keys->published(start).size(), 1u);

  TimePoint now = start + 30 * day - 24h - 1s;
  ASSERT_TRUE(keys->keep(now));
  EXPECT_EQ(keys->published(now).size(), 1u);
  now += 1s;
  ASSERT_TRUE(keys->keep(now));
  EXPECT_EQ(keys->published(now).size(), 2u);
  EXPECT_EQ(keys->current(now).key_id(), first);

  now = start + 30 * day - 1ms;
  EXPECT_EQ(keys->current(now).key_id(), first);
  const std::string last_token = keys->current(now).sign("{}");
  // Without another look at the database: the time alone decides.
  now = start + 30 * day;
  const std::string second = keys->current(now).key_id();
  EXPECT_NE(second, first);
  EXPECT_TRUE(verifies(*keys, last_token, now + 659s));
  EXPECT_NE(keys->jwks(now + 659s).find(first), std::string::npos);
  EXPECT_FALSE(verifies(*keys, last_token, now + 661s));
  EXPECT_EQ(keys->jwks(now + 661s).find(first), std::string::npos);
  EXPECT_NE(keys->jwks(now + 661s).find(second), std::string::npos);

  ASSERT_TRUE(keys->keep(now + 1 * day));
  EXPECT_EQ(keys->current(now + 1 * day).key_id(), second);
}

TEST_F(SigningKeysTest, AfterALongPauseTheNextKeyStillWaitsADay) {
  const auto keys = instance();
  ASSERT_TRUE(keys->keep(start));
  const std::string first = keys->current(start).key_id();
  const TimePoint now = start + 100 * day;
  const auto later = instance();
  ASSERT_TRUE(later->keep(now));
  EXPECT_EQ(later->current(now).key_id(), first);
  EXPECT_EQ(later->published(now).size(), 2u);
  EXPECT_NE(later->current(now + 24h).key_id(), first);
}

TEST_F(SigningKeysTest, InstancesAgreeThroughTheDatabase) {
  std::vector<std::unique_ptr<SigningKeys>> instances;
  for (int i = 0; i < 4; ++i) instances.push_back(instance());
  const auto keep_all = [&](TimePoint now) {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < instances.size(); ++i) {
      threads.emplace_back([&, i] {
        const auto kept = instances[i]->keep(now + std::chrono::milliseconds(i));
        EXPECT_TRUE(kept) << (kept ? "" : kept.error().message() + kept.error().detail());
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& keys : instances)
      EXPECT_EQ(keys->current(now + 1s).key_id(), instances[0]->current(now + 1s).key_id());
  };
  keep_all(start);
  EXPECT_EQ(store().signing_keys()->size(), 1u);
  keep_all(start + 29 * day + 1h);
  EXPECT_EQ(store().signing_keys()->size(), 2u);
  keep_all(start + 30 * day + 1h);
  EXPECT_EQ(store().signing_keys()->size(), 2u);
}

TEST_F(SigningKeysTest, TheyAreSealedInTheDatabase) {
  const auto keys = instance();
  ASSERT_TRUE(keys->keep(start));
  const auto rows = store().signing_keys();
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].sealed.find("\"d\""), std::string::npos);
  EXPECT_FALSE((*rows)[0].sealed.empty());
  // With another ring they do not open, and the sentence says so.
  SigningKeys stranger(store(), KeyRing::random(), JwsAlgorithm::es256, schedule_);
  const auto kept = stranger.keep(start);
  ASSERT_FALSE(kept);
  EXPECT_NE(kept.error().message().find("state keys"), std::string::npos);
}

TEST_F(SigningKeysTest, AChangedRingSealsThemAnew) {
  const std::string old_key = "old:" + std::string(43, 'A');
  const std::string new_key = "new:" + std::string(42, 'B') + "A";
  ring_ = *KeyRing::parse(old_key);
  ASSERT_TRUE(instance()->keep(start));
  ring_ = *KeyRing::parse(new_key + "," + old_key);
  ASSERT_TRUE(instance()->keep(start));
  ring_ = *KeyRing::parse(new_key);
  const auto keys = instance();
  ASSERT_TRUE(keys->keep(start));
  EXPECT_EQ(store().signing_keys()->size(), 1u);
}

TEST_F(SigningKeysTest, AnotherAlgorithmGetsAKeyOfItsOwnAndTheOldTokensStayGood) {
  const auto before = instance();
  ASSERT_TRUE(before->keep(start));
  const std::string token = before->current(start).sign("{}");
  const auto after = instance(JwsAlgorithm::rs256);
  ASSERT_TRUE(after->keep(start + 1h));
  EXPECT_EQ(after->current(start + 1h).algorithm(), JwsAlgorithm::rs256);
  EXPECT_TRUE(verifies(*after, token, start + 1h));
  // An instance that was not changed yet goes on.
  ASSERT_TRUE(before->keep(start + 2h));
  EXPECT_EQ(before->current(start + 2h).algorithm(), JwsAlgorithm::es256);
  EXPECT_EQ(store().signing_keys()->size(), 2u);
  ASSERT_TRUE(after->keep(start + 31 * day));
  EXPECT_FALSE(verifies(*after, token, start + 31 * day));
}

TEST_F(SigningKeysTest, AStolenKeyIsReplacedAtOnce) {
  const auto keys = instance();
  const auto other = instance();
  TimePoint now = start;
  ASSERT_TRUE(keys->keep(now));
  now += 29 * day;
  ASSERT_TRUE(keys->keep(now));  // the next one waits
  ASSERT_TRUE(other->keep(now));
  const std::string old = keys->current(now).key_id();
  now += 1h;
  const auto fresh = keys->replace(now);
  ASSERT_TRUE(fresh) << fresh.error().message();
  ASSERT_TRUE(keys->keep(now));
  EXPECT_EQ(keys->current(now).key_id(), *fresh);
  EXPECT_EQ(store().signing_keys()->size(), 2u);
  EXPECT_FALSE(verifies(*other, keys->current(now).sign("{}"), now));
  other->look_again(now);
  EXPECT_TRUE(verifies(*other, keys->current(now).sign("{}"), now));
  EXPECT_EQ(other->current(now).key_id(), *fresh);
  const std::string of_the_old = keys->current(now).sign("{}");
  const auto next = keys->replace(now, OldKeys::leave_now);
  ASSERT_TRUE(next);
  ASSERT_TRUE(keys->keep(now));
  EXPECT_EQ(keys->current(now).key_id(), *next);
  EXPECT_EQ(keys->published(now).size(), 1u);
  EXPECT_EQ(keys->jwks(now).find(old), std::string::npos);
  EXPECT_FALSE(verifies(*keys, of_the_old, now));
  // The schedule does not bring it back.
  ASSERT_TRUE(keys->keep(now + 1min));
  EXPECT_EQ(keys->published(now + 1min).size(), 1u);
}

TEST_F(SigningKeysTest, ChangesAreTold) {
  std::vector<std::string> told;
  const auto keys = instance();
  keys->on_change([&](std::string_view what, std::string_view) { told.emplace_back(what); });
  ASSERT_TRUE(keys->keep(start));
  EXPECT_EQ(told, (std::vector<std::string>{"made", "active"}));
  told.clear();
  ASSERT_TRUE(keys->keep(start + 29 * day));
  EXPECT_EQ(told, (std::vector<std::string>{"made", "retires"}));
  told.clear();
  ASSERT_TRUE(keys->keep(start + 30 * day));
  EXPECT_EQ(told, (std::vector<std::string>{"active"}));
}

}  // namespace
}  // namespace leanmcp::as
