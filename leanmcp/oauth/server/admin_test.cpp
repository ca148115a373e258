#include <leanmcp/oauth/server/admin.hpp>

#include <leanmcp/oauth/server/client_metadata.hpp>
#include <leanmcp/oauth/server/server_test_support.hpp>
#include <leanmcp/oauth/server/signing_keys.hpp>
#include <leanmcp/oauth/server/stateless_client.hpp>
#include <leanmcp/oauth/server/users.hpp>

namespace leanmcp::as {
namespace {

using std::chrono::hours;

class AdminTest : public ServerTest {
 protected:
  void SetUp() override {
    options.keys(ring).registration(Registration::with_token);
    start();
    auto opened = Administration::open(core->store->database(), ring, options.log_);
    ASSERT_TRUE(opened) << opened.error().message();
    admin.emplace(std::move(*opened));
    add("app-1"), add("app-2");
  }
  void add(const std::string& id) {
    ClientRecord client;
    client.client_id = id, client.created = now(), client.redirect_uris = {"https://app.example/cb"};
    ASSERT_TRUE(core->store->add_client(client));
    for (const char* const subject : {"github:1", "github:2"}) {
      GrantRecord grant;
      grant.grant_id = id + "-" + subject, grant.subject = subject, grant.client_id = id;
      grant.created = now(), grant.expires = now() + hours(1);
      ASSERT_TRUE(core->store->add_grant(grant));
    }
  }
  bool live(const std::string& grant) const {
    const auto found = core->store->grant(grant).value();
    return found && !found->revoked;
  }
  KeyRing ring = KeyRing::random();
  std::optional<Administration> admin;
};

TEST_F(AdminTest, ClientsAreListedDisabledAndRemoved) {
  EXPECT_EQ(admin->clients(100, "")->size(), 2U);
  EXPECT_EQ(admin->clients(100, "app-1")->size(), 1U);
  EXPECT_EQ(admin->clients(1, "")->size(), 1U);
  EXPECT_TRUE(admin->set_client_disabled("app-1", true).value());
  EXPECT_FALSE(find_client(*core, "app-1", "", now()));
  EXPECT_FALSE(live("app-1-github:1"));
  EXPECT_TRUE(live("app-2-github:1"));
  EXPECT_TRUE(admin->set_client_disabled("app-1", false).value());
  EXPECT_TRUE(find_client(*core, "app-1", "", now()));
  EXPECT_FALSE(admin->set_client_disabled("nobody", true).value());
  EXPECT_TRUE(admin->remove_client("app-2").value());
  EXPECT_FALSE(admin->remove_client("app-2").value());
  EXPECT_FALSE(live("app-2-github:2"));
  EXPECT_NE(logged().find("oauth administration"), std::string::npos);
}

TEST_F(AdminTest, WhatAClientSaysOfItselfDoesNotEnableIt) {
  auto client = *core->store->client("app-1").value();
  EXPECT_TRUE(*core->store->update_client(client));
  EXPECT_TRUE(*admin->set_client_disabled("app-1", true));
  EXPECT_FALSE(*core->store->update_client(client));
  ASSERT_TRUE(core->store->put_client(client));
  EXPECT_TRUE((*core->store->client("app-1"))->disabled);
  EXPECT_TRUE(*admin->remove_client("app-1"));
  EXPECT_FALSE(*core->store->update_client(client));
}

TEST_F(AdminTest, AClientThatIsSealedInItsIdIsDisabledAndEnabled) {
  auto client = read_client_metadata(R"({"redirect_uris":["https://app.example/cb"]})", MetadataSource::registration);
  ASSERT_TRUE(client);
  client->created = now();
  const auto id = stateless_client_id(ring, *client);
  ASSERT_TRUE(id);
  EXPECT_TRUE(*admin->set_client_disabled(*id, true));
  EXPECT_TRUE(*admin->set_client_disabled(*id, true));
  EXPECT_FALSE(find_client(*core, *id, "", now()));
  EXPECT_TRUE(*admin->set_client_disabled(*id, false));
  // By its own end, 90 days from its registration: not by those of clients with a record.
  advance(hours(24 * 89));
  EXPECT_TRUE(find_client(*core, *id, "", now()));
  // Enabling what is enabled signs nobody out.
  GrantRecord grant;
  grant.grant_id = "g", grant.subject = "github:1", grant.client_id = *id;
  grant.created = now(), grant.expires = now() + hours(1);
  ASSERT_TRUE(core->store->add_grant(grant));
  EXPECT_TRUE(*admin->set_client_disabled(*id, false));
  EXPECT_TRUE(live("g"));
  EXPECT_FALSE(*admin->set_client_disabled("sealed.x", false));
}

TEST_F(AdminTest, GrantsAreRevokedByPersonClientAndByThemselves) {
  EXPECT_EQ(admin->grants("", "", 100)->size(), 4U);
  EXPECT_EQ(admin->grants("github:1", "", 100)->size(), 2U);
  EXPECT_EQ(admin->grants("github:1", "app-1", 100)->size(), 1U);
  EXPECT_EQ(admin->revoke_grants("", "").value(), 0);
  EXPECT_TRUE(admin->revoke_grant("app-1-github:1").value());
  EXPECT_FALSE(admin->revoke_grant("app-1-github:1").value());
  EXPECT_FALSE(live("app-1-github:1"));
  EXPECT_EQ(admin->revoke_grants("github:1", "").value(), 1);
  EXPECT_FALSE(live("app-2-github:1"));
  EXPECT_TRUE(live("app-1-github:2"));
  EXPECT_EQ(admin->revoke_grants("", "app-1").value(), 1);
  EXPECT_FALSE(live("app-1-github:2"));
}

TEST_F(AdminTest, HoweverManyThereAreAllEnd) {
  const Database& database = core->store->database();
  ASSERT_TRUE(database.run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10050) INSERT INTO as_grants "
      "SELECT 'g' || i, 'github:3', 'app-1', '', '', 'github', '{}', 0, 9000000000000, i % 2, NULL FROM n"));
  ConsentRecord consent;
  consent.subject = "github:3", consent.client_id = "app-1", consent.expires = now() + hours(1);
  ASSERT_TRUE(core->store->put_consent(consent));
  consent.subject = "github:1", consent.client_id = "app-2";
  ASSERT_TRUE(core->store->put_consent(consent));
  EXPECT_EQ(admin->revoke_grants("github:3", "").value(), 5025);
  ASSERT_TRUE(database.run("UPDATE as_grants SET revoked = 0 WHERE subject = 'github:3'"));
  EXPECT_EQ(admin->revoke_grants("", "app-1").value(), 10'052);
  EXPECT_FALSE(live("app-1-github:1"));
  EXPECT_EQ(admin->revoke_grants("", "app-1").value(), 0);
  const auto consents = database.run("SELECT client_id FROM as_consents");
  ASSERT_EQ(consents->size(), 1U);
  EXPECT_EQ((*consents)[0].text(0), "app-2");
  ASSERT_TRUE(database.run("UPDATE as_grants SET revoked = 0 WHERE subject = 'github:3'"));
  EXPECT_TRUE(admin->remove_client("app-1").value());
  EXPECT_EQ((*database.run("SELECT COUNT(*) FROM as_grants WHERE client_id = 'app-1'"))[0].integer(0), 0);
}

TEST_F(AdminTest, AnAccessTokenIsDenied) {
  AccessTokenClaims claims;
  claims.subject = "x", claims.client_id = "machine", claims.audience = test_resource;
  const std::string token = sign_access_token(*core, claims, now(), std::chrono::seconds(600));
  EXPECT_TRUE(live_access_token(*core, token, now()).value());
  ASSERT_TRUE(admin->deny(std::string(claims_of(token).at("jti").as_string()), now()));
  EXPECT_FALSE(live_access_token(*core, token, now()).value());
}

TEST_F(AdminTest, KeysAreListedAndReplaced) {
  const auto before = admin->keys(now());
  ASSERT_TRUE(before);
  ASSERT_EQ(before->size(), 1U);
  EXPECT_EQ(before->front().use, KeyDescription::Use::signs);
  EXPECT_EQ(before->front().key_id, core->keys->current(now()).key_id());
  advance(std::chrono::seconds(10));
  const auto replaced = admin->rotate_key(std::nullopt, OldKeys::leave_by_schedule, now());
  ASSERT_TRUE(replaced) << replaced.error().message();
  const auto after = admin->keys(now());
  ASSERT_TRUE(after);
  std::size_t signing = 0;
  for (const KeyDescription& key : *after) {
    signing += key.use == KeyDescription::Use::signs;
    EXPECT_EQ(key.use == KeyDescription::Use::signs, key.key_id == *replaced);
  }
  EXPECT_EQ(signing, 1U);
  ASSERT_TRUE(core->keys->keep(now()));
  EXPECT_EQ(core->keys->current(now()).key_id(), *replaced);
}

TEST_F(AdminTest, TheKeyThatIsReplacedIsTheServersOwn) {
  options.signing(JwsAlgorithm::rs256);
  options.lifetimes().access_token = std::chrono::seconds(3600);
  options.lifetimes().key = hours(24 * 365);
  start();
  admin.emplace(*Administration::open(core->store->database(), ring, options.log_));
  advance(hours(24 * 60));
  ASSERT_TRUE(core->keys->keep(now()));
  AccessTokenClaims claims;
  claims.subject = "x", claims.client_id = "machine", claims.audience = test_resource;
  const std::string token = sign_access_token(*core, claims, now(), std::chrono::seconds(3600));
  const auto rotate = [&](std::optional<JwsAlgorithm> algorithm, OldKeys old) {
    auto replaced = admin->rotate_key(algorithm, old, now());
    EXPECT_TRUE(core->keys->keep(now()));
    return replaced;
  };
  EXPECT_FALSE(rotate(JwsAlgorithm::es256, OldKeys::leave_now)) << "the server does not sign with that";
  EXPECT_FALSE(rotate(JwsAlgorithm::ps256, OldKeys::leave_now));
  EXPECT_FALSE(rotate(JwsAlgorithm::eddsa, OldKeys::leave_now));
  const auto second = rotate(std::nullopt, OldKeys::leave_by_schedule);
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(core->keys->current(now()).key_id(), *second);
  EXPECT_EQ(core->keys->current(now()).algorithm(), JwsAlgorithm::rs256);
  advance(std::chrono::seconds(3000));
  EXPECT_TRUE(live_access_token(*core, token, now()).value()) << "good tokens live on by the server's schedule";
  const std::string stolen = sign_access_token(*core, claims, now(), std::chrono::seconds(600));
  const auto third = rotate(std::nullopt, OldKeys::leave_now);
  ASSERT_TRUE(third);
  EXPECT_EQ(core->keys->current(now()).key_id(), *third);
  EXPECT_FALSE(live_access_token(*core, token, now()).value());
  EXPECT_FALSE(live_access_token(*core, stolen, now()).value());
  EXPECT_EQ(admin->keys(now())->size(), 1U);
  EXPECT_EQ(core->keys->published(now()).size(), 1U);
}

TEST_F(AdminTest, WhereTwoAlgorithmsSignNobodyGuesses) {
  SigningKeys other(*core->store, ring, JwsAlgorithm::rs256, KeySchedule());
  ASSERT_TRUE(other.keep(now()));
  EXPECT_TRUE(admin->rotate_key(std::nullopt, OldKeys::leave_by_schedule, now())) << "the former one has an end";
  ASSERT_TRUE(core->keys->keep(now()));
  advance(std::chrono::seconds(1));
  ASSERT_TRUE(other.keep(now()));
  advance(std::chrono::seconds(1));
  EXPECT_FALSE(admin->rotate_key(std::nullopt, OldKeys::leave_by_schedule, now()));
  EXPECT_TRUE(admin->rotate_key(JwsAlgorithm::rs256, OldKeys::leave_by_schedule, now()));
}

TEST_F(AdminTest, AnInvitationIsGoodForOneRegistration) {
  const Secret token = admin->invite(now(), hours(1));
  const auto add = [&] {
    return answer_register(*core,
                           post_json("/register", R"({"redirect_uris":["https://app.example/cb"]})",
                                     {{"authorization", "Bearer " + std::string(token.reveal())}}),
                           now())
        .status;
  };
  EXPECT_EQ(add(), 201);
  EXPECT_EQ(add(), 401);
  EXPECT_EQ(logged().find(token.reveal()), std::string::npos);
}

TEST_F(AdminTest, UsersAreAddedDisabledAndGivenAnotherPassword) {
  ASSERT_TRUE(admin->add_user("ada", "a good long password", R"({"name":"Ada"})", now()));
  EXPECT_FALSE(admin->add_user("ada", "a good long password", "{}", now()));
  EXPECT_EQ(admin->users(10)->size(), 1U);
  EXPECT_TRUE(check_user(*core->store, "ada", "a good long password").value());
  ASSERT_TRUE(admin->set_password("ada", "another good password"));
  EXPECT_FALSE(check_user(*core->store, "ada", "a good long password").value());
  GrantRecord grant;
  grant.grant_id = "g", grant.subject = "local:" + admin->users(10)->front().subject, grant.client_id = "app-1";
  grant.expires = now() + hours(1);
  ASSERT_TRUE(core->store->add_grant(grant));
  EXPECT_TRUE(admin->set_user_disabled("ada", true).value());
  EXPECT_FALSE(check_user(*core->store, "ada", "another good password").value());
  EXPECT_TRUE(core->store->grant("g").value()->revoked);
  EXPECT_FALSE(admin->set_user_disabled("nobody", true).value());
  EXPECT_EQ(logged().find("password\""), std::string::npos);
}

}  // namespace
}  // namespace leanmcp::as
