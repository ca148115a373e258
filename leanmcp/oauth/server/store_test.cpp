#include <leanmcp/oauth/server/store.hpp>

#include <leanmcp/oauth/server/test_time.hpp>
#include <leanmcp/storage/engine_test_support.hpp>

#include <gtest/gtest.h>

#include <thread>

namespace leanmcp::as {
namespace {

using namespace std::chrono_literals;

/// Every test runs on both engines; on PostgreSQL only where it is installed.
class StoreTest : public EachEngine {
 protected:
  /// Each call is as another instance has it: with connections of its own.
  Store open() {
    auto database = Database::open(url_);
    EXPECT_TRUE(database) << (database ? "" : database.error().detail);
    auto store = Store::open(std::move(*database));
    EXPECT_TRUE(store) << (store ? "" : store.error().detail);
    return std::move(*store);
  }

  static Approval approval(std::string form, std::string browser, std::string state, bool remember) {
    Approval out;
    out.form_digest = std::move(form);
    out.browser_digest = std::move(browser);
    out.upstream = "github";
    out.upstream_state_digest = std::move(state);
    out.upstream_secrets = "sec";
    out.remember = remember;
    return out;
  }

  static ClientRecord client(const std::string& id) {
    ClientRecord out;
    out.client_id = id;
    out.name = "naïve \"client\" \x1b";
    out.redirect_uris = {"http://127.0.0.1/cb", "https://app.example/cb?a=\"b\""};
    out.grant_types = {"authorization_code", "refresh_token"};
    out.method = ClientMethod::private_key_jwt;
    out.secret_digest = digest_of("secret");
    out.jwks = "{}";
    out.jwks_uri = "https://app.example/jwks";
    out.assertion_algorithm = "ES256";
    out.application_type = "web";
    out.scopes = {"a", "b"};
    out.client_uri = "https://app.example";
    out.dpop_bound = true;
    out.management_digest = "m";
    out.document_digest = "d";
    out.disabled = true;
    out.created = start;
    out.expires = start + 1h;
    return out;
  }
  static TransactionRecord request(const std::string& id) {
    TransactionRecord out;
    out.id_digest = id, out.client_id = "c", out.redirect_uri = "http://127.0.0.1/cb", out.redirect_uri_given = false;
    out.state = "s", out.challenge = "ch", out.scope = "a b", out.resource = "https://api.example/mcp";
    out.nonce = "n", out.dpop_thumbprint = "t", out.upstream = "github";
    out.form_digests = {"form1"};
    out.expires = start + 10min;
    return out;
  }
  static GrantRecord family(const std::string& id) {
    GrantRecord out;
    out.grant_id = id;
    out.subject = "github:1";
    out.client_id = "c";
    out.scope = "a b";
    out.resource = "https://api.example/mcp";
    out.upstream = "github";
    out.profile = R"({"name":"Ann"})";
    out.created = start;
    out.expires = start + 24h * 60;
    return out;
  }
  static CodeRecord code(const std::string& digest, const std::string& grant_id) {
    CodeRecord out;
    out.code_digest = digest;
    out.grant_id = grant_id;
    out.client_id = "c";
    out.redirect_uri = "http://127.0.0.1/cb";
    out.challenge = "ch";
    out.scope = "a b";
    out.resource = "https://api.example/mcp";
    out.nonce = "n";
    out.expires = start + 60s;
    return out;
  }
  static RefreshRecord token(const std::string& digest, const std::string& grant_id, std::int64_t generation) {
    RefreshRecord out;
    out.token_digest = digest;
    out.grant_id = grant_id;
    out.generation = generation;
    out.client_id = "c";
    out.scope = "a b";
    out.resource = "https://api.example/mcp";
    out.dpop_thumbprint = "t";
    out.expires = start + 24h * 14;
    return out;
  }
};

TEST_P(StoreTest, ClientsComeBackWhole) {
  const Store store = open();
  const ClientRecord given = client("c1");
  EXPECT_TRUE(*store.add_client(given));
  EXPECT_FALSE(*store.add_client(given));
  auto found = store.client("c1");
  ASSERT_TRUE(found && *found);
  const ClientRecord& got = **found;
  EXPECT_EQ(got.origin, ClientOrigin::dynamic);
  EXPECT_EQ(got.name, given.name);
  EXPECT_EQ(got.redirect_uris, given.redirect_uris);
  EXPECT_EQ(got.grant_types, given.grant_types);
  EXPECT_EQ(got.method, given.method);
  EXPECT_EQ(got.secret_digest, given.secret_digest);
  EXPECT_EQ(got.jwks, "{}");
  EXPECT_EQ(got.jwks_uri, given.jwks_uri);
  EXPECT_EQ(got.assertion_algorithm, "ES256");
  EXPECT_EQ(got.application_type, "web");
  EXPECT_EQ(got.scopes, given.scopes);
  EXPECT_EQ(got.client_uri, given.client_uri);
  EXPECT_TRUE(got.dpop_bound);
  EXPECT_EQ(got.management_digest, "m");
  EXPECT_EQ(got.document_digest, "d");
  EXPECT_TRUE(got.disabled);
  EXPECT_EQ(got.created, start);
  EXPECT_FALSE(got.used);
  EXPECT_EQ(got.expires, start + 1h);

  ClientRecord other = given;
  other.origin = ClientOrigin::document;
  other.method = ClientMethod::none;
  other.name = "other";
  ASSERT_TRUE(store.put_client(other));
  ASSERT_TRUE(store.touch_client("c1", start + 1s));
  EXPECT_EQ((*store.client("c1"))->name, "other");
  EXPECT_EQ((*store.client("c1"))->origin, ClientOrigin::document);
  EXPECT_EQ((*store.client("c1"))->used, start + 1s);
  EXPECT_FALSE(*store.client("nobody"));
  other.disabled = false;
  EXPECT_TRUE((*store.client("c1"))->disabled) << "putting leaves that as it is";
  EXPECT_FALSE(*store.update_client(other));
  EXPECT_TRUE(*store.set_client_disabled("c1", false));
  EXPECT_TRUE(*store.update_client(other));
  EXPECT_FALSE(*store.set_client_disabled("nobody", true));
  EXPECT_TRUE(*store.add_client(client("c2")));
  EXPECT_EQ(store.clients(10, "")->size(), 2u);
  EXPECT_EQ((*store.clients(10, "c1"))[0].client_id, "c2");
  EXPECT_EQ(*store.count_clients(ClientOrigin::dynamic), 1);
}

TEST_P(StoreTest, ARemovedClientTakesItsTokensAlong) {
  const Store store = open();
  EXPECT_TRUE(*store.add_client(client("c")));
  ASSERT_TRUE(store.add_transaction(request("t")));
  ASSERT_TRUE(store.add_grant(family("g"), code("k", "g")));
  EXPECT_TRUE(*store.redeem_code("k", token("r1", "g", 1)));
  EXPECT_TRUE(*store.remove_client("c"));
  EXPECT_FALSE(*store.remove_client("c"));
  EXPECT_FALSE(*store.client("c"));
  EXPECT_FALSE(*store.grant("g"));
  EXPECT_FALSE(*store.code("k"));
  EXPECT_FALSE(*store.refresh_token("r1"));
  EXPECT_FALSE(*store.transaction("t"));
}

TEST_P(StoreTest, ARequestIsApprovedOnceAndFinishedOnce) {
  const Store store = open();
  ASSERT_TRUE(store.add_transaction(request("t")));
  auto asked = store.transaction("t");
  ASSERT_TRUE(asked && *asked);
  EXPECT_EQ((*asked)->form_digests, std::vector<std::string>{"form1"});
  EXPECT_FALSE((*asked)->redirect_uri_given);
  EXPECT_FALSE((*asked)->approved);
  EXPECT_TRUE(*store.add_form("t", "form2"));
  EXPECT_FALSE(*store.add_form("other", "form2"));
  EXPECT_FALSE(*store.approve("t", approval("form3", "b", "st", true), start));
  EXPECT_FALSE(*store.approve("t", approval("form2", "b", "st", true), start + 10min));
  auto approved = store.approve("t", approval("form2", "b", "st", true), start);
  ASSERT_TRUE(approved && *approved) << (approved ? "" : approved.error().detail);
  EXPECT_TRUE((*approved)->approved);
  EXPECT_TRUE((*approved)->remember);
  EXPECT_EQ((*approved)->browser_digest, "b");
  EXPECT_EQ((*approved)->upstream_state_digest, "st");
  EXPECT_EQ((*approved)->upstream, "github");
  EXPECT_EQ((*approved)->upstream_secrets, "sec");
  EXPECT_EQ((*approved)->scope, "a b");
  EXPECT_FALSE(*store.approve("t", approval("form1", "b2", "st2", false), start));
  EXPECT_FALSE(*store.add_form("t", "form4"));
  EXPECT_EQ((*store.transaction_by_state("st"))->id_digest, "t");
  EXPECT_FALSE(*store.transaction_by_state(""));
  EXPECT_TRUE(*store.finish_transaction("t"));
  EXPECT_FALSE(*store.finish_transaction("t"));
  EXPECT_FALSE(*store.transaction_by_state("st"));
}

TEST_P(StoreTest, OpenRendersAreCounted) {
  const Store store = open();
  ASSERT_TRUE(store.add_transaction(request("t")));
  int open_forms = 1;
  for (int i = 0; i < 40; ++i) open_forms += *store.add_form("t", "f" + std::to_string(i)) ? 1 : 0;
  EXPECT_EQ(open_forms, 20);
}

TEST_P(StoreTest, ACodeIsRedeemedOnceByWhomeverIsFirst) {
  const Store one = open();
  const Store two = open();
  for (int round = 0; round < 8; ++round) {
    const std::string id = std::to_string(round);
    ASSERT_TRUE(one.add_grant(family("g" + id), code("k" + id, "g" + id)));
    std::atomic<int> won = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        const Store& store = i % 2 ? one : two;
        auto redeemed = store.redeem_code("k" + id, token("r" + id + "." + std::to_string(i), "g" + id, 1));
        EXPECT_TRUE(redeemed) << (redeemed ? "" : redeemed.error().detail);
        if (redeemed && *redeemed) ++won;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(won, 1);
    EXPECT_TRUE((*one.code("k" + id))->redeemed);
  }
  EXPECT_EQ(*one.count_wrong_try("k0"), 1);
  EXPECT_EQ(*one.count_wrong_try("k0"), 2);
  EXPECT_EQ(*one.count_wrong_try("nothing"), 0);
}

TEST_P(StoreTest, ACodeOfARevokedFamilyIsDead) {
  const Store store = open();
  ASSERT_TRUE(store.add_grant(family("g"), code("k", "g")));
  EXPECT_TRUE(*store.revoke_grant("g"));
  EXPECT_FALSE(*store.revoke_grant("g"));
  EXPECT_FALSE(*store.redeem_code("k", std::nullopt));
}

TEST_P(StoreTest, ManyRefreshesMakeOneSuccessor) {
  const Store one = open();
  const Store two = open();
  ASSERT_TRUE(one.add_grant(family("g"), code("k", "g")));
  ASSERT_TRUE(*one.redeem_code("k", token("r1", "g", 1)));
  std::vector<std::string> answers(32);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    threads.emplace_back([&, i] {
      const Store& store = i % 2 ? one : two;
      auto rotated = store.rotate("r1", token("s" + std::to_string(i), "g", 2), "answer" + std::to_string(i), start);
      ASSERT_TRUE(rotated) << rotated.error().detail;
      ASSERT_TRUE(*rotated);
      answers[i] = (*rotated)->successor;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(answers[0].empty());
  for (const std::string& answer : answers) EXPECT_EQ(answer, answers[0]);
  auto rows = one.database().run("SELECT COUNT(*) FROM as_refresh WHERE grant_id = 'g'");
  EXPECT_EQ((*rows)[0].integer(0), 2);
  EXPECT_EQ((*one.refresh_token("r1"))->used, start);

  EXPECT_TRUE(*two.revoke_grant("g"));
  const std::string live = "s" + answers[0].substr(6);
  EXPECT_TRUE(*one.refresh_token(live));
  auto dead = one.rotate(live, token("x", "g", 3), "x", start);
  ASSERT_TRUE(dead);
  EXPECT_FALSE(*dead);
}

TEST_P(StoreTest, AnIdIsUsedOnce) {
  const Store one = open();
  const Store two = open();
  const std::string id("\0\xff any bytes", 12);
  std::atomic<int> first = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      auto used = (i % 2 ? one : two).use_once("dpop", id, start, start + 5min);
      EXPECT_TRUE(used) << (used ? "" : used.error().detail);
      if (used && *used) ++first;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(first, 1);
  EXPECT_TRUE(*one.use_once("assertion", id, start, start + 5min));
  EXPECT_FALSE(*one.use_once("dpop", id, start + 299s, start + 10min));
  EXPECT_TRUE(*one.use_once("dpop", id, start + 300s, start + 10min));
  EXPECT_FALSE(*one.denied("j"));
  ASSERT_TRUE(one.deny("j", start + 1min));
  ASSERT_TRUE(one.deny("j", start + 1min));
  EXPECT_TRUE(*two.denied("j"));
}

TEST_P(StoreTest, OneOfManyInstancesAddsTheNextKey) {
  const Store one = open();
  const Store two = open();
  const auto key_of = [](int i, TimePoint active) {
    SigningKeyRecord key;
    key.key_id = "k" + std::to_string(i);
    key.algorithm = "ES256";
    key.sealed = "sealed";
    key.created = start;
    key.active = active;
    return key;
  };
  std::atomic<int> added = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      auto done = (i % 2 ? one : two).add_signing_key(key_of(i, start + std::chrono::milliseconds(i)), std::nullopt);
      EXPECT_TRUE(done) << (done ? "" : done.error().detail);
      if (done && *done) ++added;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(added, 1);
  auto keys = one.signing_keys();
  ASSERT_EQ(keys->size(), 1u);
  const SigningKeyRecord first = (*keys)[0];
  EXPECT_FALSE(first.retires);
  EXPECT_FALSE(*two.add_signing_key(key_of(10, start + 1h), std::nullopt));
  EXPECT_FALSE(*two.add_signing_key(key_of(10, start + 1h), start + 1min));
  EXPECT_TRUE(*two.add_signing_key(key_of(10, start + 1h), first.active));
  EXPECT_TRUE(*two.retire_signing_key(first.key_id, start + 1h));
  EXPECT_FALSE(*two.retire_signing_key(first.key_id, start + 2h));
  EXPECT_FALSE(*two.reseal_signing_key(first.key_id, "other", "new"));
  EXPECT_TRUE(*two.reseal_signing_key(first.key_id, "sealed", "new"));
  keys = one.signing_keys();
  EXPECT_EQ((*keys)[0].retires, start + 1h);
  EXPECT_EQ((*keys)[0].sealed, "new");
  EXPECT_EQ((*keys)[1].key_id, "k10");
}

TEST_P(StoreTest, ConsentsPushedRequestsUsersAndBrowsers) {
  const Store store = open();
  ConsentRecord consent;
  consent.subject = "github:1", consent.client_id = "c", consent.redirect_uri = "http://127.0.0.1/cb";
  consent.resource = "https://api.example/mcp", consent.scope = "a b", consent.document_digest = "d1";
  consent.expires = start + 1h;
  EXPECT_FALSE(*store.has_consent(consent, start));
  ASSERT_TRUE(store.put_consent(consent));
  EXPECT_TRUE(*store.has_consent(consent, start));
  EXPECT_FALSE(*store.has_consent(consent, start + 1h));
  consent.document_digest = "d2";
  EXPECT_FALSE(*store.has_consent(consent, start));
  ASSERT_TRUE(store.put_consent(consent));
  EXPECT_TRUE(*store.has_consent(consent, start));
  consent.scope = "a";
  EXPECT_FALSE(*store.has_consent(consent, start));
  consent.scope = "a b";
  ASSERT_TRUE(store.remove_consents("github:2", ""));
  ASSERT_TRUE(store.remove_consents("github:1", "other"));
  EXPECT_TRUE(*store.has_consent(consent, start));
  ASSERT_TRUE(store.remove_consents("github:1", "c"));
  EXPECT_FALSE(*store.has_consent(consent, start));

  PushedRecord pushed;
  pushed.uri_digest = "u", pushed.client_id = "c", pushed.parameters = "a=b", pushed.expires = start + 60s;
  ASSERT_TRUE(store.add_pushed(pushed));
  EXPECT_FALSE(*store.take_pushed("u", start + 60s));
  auto taken = store.take_pushed("u", start);
  ASSERT_TRUE(taken && *taken);
  EXPECT_EQ((*taken)->parameters, "a=b");
  EXPECT_FALSE(*store.take_pushed("u", start));

  UserRecord user;
  user.username = "ann", user.subject = "1", user.password_hash = "h", user.created = start;
  EXPECT_TRUE(*store.add_user(user));
  EXPECT_FALSE(*store.add_user(user));
  EXPECT_TRUE(*store.set_user_disabled("ann", true));
  EXPECT_TRUE(*store.set_password_hash("ann", "h2"));
  EXPECT_FALSE(*store.set_password_hash("bob", "h2"));
  EXPECT_TRUE((*store.user("ann"))->disabled) << "a new password enables nobody";
  EXPECT_EQ((*store.user("ann"))->password_hash, "h2");
  EXPECT_FALSE(*store.user("bob"));
  EXPECT_EQ(store.users(10)->size(), 1u);

  ASSERT_TRUE(store.add_browser("b", "local:1", start + 1h));
  EXPECT_EQ(*store.browser("b", start), "local:1");
  EXPECT_FALSE(*store.browser("b", start + 1h));
}

TEST_P(StoreTest, SweepRemovesWhatRanOutAndNothingElse) {
  const Store store = open();
  ClientRecord fresh = client("fresh");
  fresh.disabled = false;
  ClientRecord disabled = client("disabled");
  disabled.disabled = true;
  ClientRecord configured = client("configured");
  configured.origin = ClientOrigin::configured;
  ASSERT_TRUE(store.put_client(fresh));
  ASSERT_TRUE(store.put_client(disabled));
  ASSERT_TRUE(store.put_client(configured));
  ASSERT_TRUE(store.add_transaction(request("t")));
  ASSERT_TRUE(store.add_grant(family("g"), code("k", "g")));
  ASSERT_TRUE(*store.redeem_code("k", token("r1", "g", 1)));
  ASSERT_TRUE(*store.rotate("r1", token("r2", "g", 2), "answer", start));
  ASSERT_TRUE(*store.use_once("dpop", "x", start, start + 5min));
  EXPECT_EQ(*store.sweep(start), 0);
  EXPECT_TRUE(*store.transaction("t"));
  // The request, its form, the id, the answer.
  EXPECT_EQ(*store.sweep(start + 11min), 4);
  EXPECT_TRUE(*store.code("k"));
  EXPECT_EQ((*store.refresh_token("r1"))->successor, "");
  EXPECT_GT(*store.sweep(start + 24h * 8), 0);
  EXPECT_FALSE(*store.code("k"));
  EXPECT_FALSE(*store.client("fresh"));
  EXPECT_TRUE(*store.grant("g"));
  EXPECT_TRUE(*store.refresh_token("r2"));
  ASSERT_TRUE(store.sweep(start + 24h * 61));
  EXPECT_FALSE(*store.grant("g"));
  EXPECT_FALSE(*store.refresh_token("r2"));
  EXPECT_TRUE(*store.client("configured"));
  ASSERT_TRUE(store.sweep(start + 24h * 1000));
  EXPECT_TRUE(*store.client("disabled")) << "forgotten, it could register again with what made somebody disable it";
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreTest, both_engines, engine_name);

}  // namespace
}  // namespace leanmcp::as
