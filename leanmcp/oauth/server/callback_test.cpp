// The callback: what comes back from a provider.

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/oauth/server/flow_test_support.hpp>
#include <leanmcp/oauth/server/upstream_tokens.hpp>

#include <thread>

namespace leanmcp::as {
namespace {

class Callback : public FlowTest {
 protected:
  void SetUp() override { start(options()); }
};

TEST_F(Callback, EndsWithACodeStateAndIssuerOnce) {
  Browser browser;
  const std::string state = depart(browser);
  const Answer back = callback(browser, "code=up-code&state=" + state);
  EXPECT_EQ(back.status, 303);
  EXPECT_TRUE(location(back).starts_with("https://app.example/cb?"));
  auto query = query_of(location(back));
  EXPECT_EQ(query.size(), 3U);
  EXPECT_EQ(query["code"].size(), 43U);
  EXPECT_EQ(query["state"], "s-1");
  EXPECT_EQ(query["iss"], issuer);
  EXPECT_TRUE(browser.jar.empty()) << "nothing stays behind";
  EXPECT_EQ(upstream->seen_query, "code=up-code&state=" + state);
  EXPECT_EQ(upstream->seen_redirect, "https://as.example/callback/github");

  const auto code = core->store->code(digest_of(query["code"]));
  ASSERT_TRUE(code && *code);
  EXPECT_EQ((*code)->challenge, std::string(43, 'c'));
  EXPECT_EQ((*code)->resource, "https://mcp.example/mcp");
  EXPECT_EQ((*code)->expires, now() + 60s);
  const auto grant = core->store->grant((*code)->grant_id);
  ASSERT_TRUE(grant && *grant);
  EXPECT_EQ((*grant)->subject, "github:4711");
  EXPECT_EQ((*grant)->upstream, "github");
  EXPECT_EQ((*grant)->profile, R"({"name":"Ada"})");
  const auto token = upstream_access_token(*core, **grant, now());
  ASSERT_TRUE(token);
  EXPECT_EQ(token->reveal(), "upstream-access-0");
}

TEST_F(Callback, VerifierAndNonceAreTheOnesOfTheDeparture) {
  Browser browser;
  const Answer page = authorize(browser);
  const Answer on =
      consent(browser, {{"request", field(page, "request")}, {"token", field(page, "token")}, {"allow", "github"}});
  auto sent = query_of(next_url(on));
  callback(browser, "code=1&state=" + sent["state"]);
  EXPECT_EQ(upstream->seen_verifier, sent["verifier"]);
  EXPECT_EQ(upstream->seen_nonce, sent["nonce"]);
}

TEST_F(Callback, AttackInAnotherBrowser) {
  Browser victim, attacker;
  const std::string state = depart(attacker);
  expect_stopped(callback(victim, "code=1&state=" + state), 403);
  const std::string other = depart(victim);
  expect_stopped(callback(victim, "code=1&state=" + state), 403);
  EXPECT_EQ(upstream->exchanges, 0);
  EXPECT_EQ(callback(victim, "code=1&state=" + other).status, 303);
  EXPECT_EQ(callback(attacker, "code=1&state=" + state).status, 303) << "not used up by the wrong browser";
}

TEST_F(Callback, AttackErrorWithoutTheCookieIsNoRedirect) {
  Browser attacker, victim;
  const std::string state = depart(attacker);
  expect_stopped(callback(victim, "error=access_denied&state=" + state), 403);
}

TEST_F(Callback, AttackGuessedState) {
  Browser browser;
  depart(browser);
  expect_stopped(callback(browser, "code=1&state=" + std::string(43, 'A')), 400);
  expect_stopped(callback(browser, "code=1&state="), 400);
  expect_stopped(callback(browser, "code=1"), 400);
  EXPECT_EQ(upstream->exchanges, 0);
}

TEST_F(Callback, AttackStateReplayedMeansOneExchange) {
  Browser browser;
  const std::string state = depart(browser);
  const Browser before = browser;
  EXPECT_EQ(callback(browser, "code=1&state=" + state).status, 303);
  Browser again = before;
  expect_stopped(callback(again, "code=1&state=" + state), 400);
  EXPECT_EQ(upstream->exchanges, 1);
}

TEST_F(Callback, AttackParallelCallbacksMeanOneExchange) {
  Browser browser;
  const std::string state = depart(browser);
  std::atomic<int> codes = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const Answer answer =
          answer_callback(*core, get("/callback/github", "code=1&state=" + state, browser), "github", now());
      if (answer.status == 303) ++codes;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(codes, 1);
  EXPECT_EQ(upstream->exchanges, 1);
}

TEST_F(Callback, AttackStateOfAnotherProvider) {
  auto two = options();
  const auto other = std::make_shared<FakeUpstream>("google");
  two.upstream(other);
  start(std::move(two));
  Browser browser;
  const std::string state = depart(browser);
  expect_stopped(callback(browser, "code=1&state=" + state, "google"), 400);
  expect_stopped(callback(browser, "code=1&state=" + state, "nobody"), 404);
  EXPECT_EQ(other->exchanges, 0);
  EXPECT_EQ(callback(browser, "code=1&state=" + state).status, 303) << "not used up";
}

TEST_F(Callback, AttackBindingCookieBeforeApproval) {
  Browser browser;
  const Answer page = authorize(browser);
  browser.jar["__Host-leanmcp-go-" + digest_of("guess").substr(0, 16)] = "x";
  expect_stopped(callback(browser, "code=1&state=guess"), 400);
  expect_stopped(callback(browser, "code=1&state=" + field(page, "request")), 400);
}

TEST_F(Callback, EndsWithItsTime) {
  Browser browser;
  const std::string state = depart(browser);
  clock->advance(600s);
  expect_stopped(callback(browser, "code=1&state=" + state), 400);
  EXPECT_EQ(upstream->exchanges, 0);
}

TEST_F(Callback, FaultsOfTheProviderAreToldInWordsOfOurs) {
  const auto error_for = [&](UpstreamFault fault) {
    upstream->fault = fault;
    Browser browser;
    const std::string state = depart(browser);
    const Answer answer = callback(
        browser, "error=server_error&error_description=%3Cscript%3E&error_uri=https%3A%2F%2Fevil&state=" + state);
    EXPECT_EQ(location(answer).find("%3Cscript"), std::string::npos);
    EXPECT_EQ(location(answer).find("error_uri"), std::string::npos);
    EXPECT_EQ(query_of(location(answer))["state"], "s-1");
    return error_at(answer);
  };
  EXPECT_EQ(error_for(UpstreamFault::denied), "access_denied");
  EXPECT_EQ(error_for(UpstreamFault::unreachable), "temporarily_unavailable");
  EXPECT_EQ(error_for(UpstreamFault::refused), "server_error");
  EXPECT_EQ(error_for(UpstreamFault::malformed), "server_error");
  EXPECT_EQ(error_for(UpstreamFault::bad_id_token), "server_error");
  EXPECT_EQ(error_for(UpstreamFault::no_identity), "server_error");
  EXPECT_EQ(error_for(UpstreamFault::other_person), "server_error");
  EXPECT_EQ(log.find("<script"), std::string::npos);
}

TEST_F(Callback, Rfc9207_AnAnswerOfAnotherIssuerGoesNowhere) {
  upstream->fault = UpstreamFault::wrong_issuer;
  Browser browser;
  const std::string state = depart(browser);
  expect_stopped(callback(browser, "code=1&iss=https%3A%2F%2Fevil&state=" + state), 400);
}

TEST_F(Callback, ASubjectIsNeverMadeUp) {
  upstream->person = "";
  Browser browser;
  const std::string state = depart(browser);
  EXPECT_EQ(error_at(callback(browser, "code=1&state=" + state)), "server_error");
}

TEST_F(Callback, AttackRepeatedParameters) {
  Browser browser;
  const std::string state = depart(browser);
  expect_stopped(callback(browser, "code=1&code=2&state=" + state), 400);
  expect_stopped(callback(browser, "code=1&state=" + state + "&state=x"), 400);
  EXPECT_EQ(upstream->exchanges, 0);
}

TEST_F(Callback, AClientThatIsGoneMeanwhileGetsNothing) {
  ClientRecord client;
  client.client_id = "dyn";
  client.redirect_uris = {redirect};
  client.grant_types = {"authorization_code"};
  client.created = now();
  ASSERT_TRUE(core->store->put_client(client));
  Browser browser;
  const std::string state = depart(browser, {{"client_id", "dyn"}});
  ASSERT_TRUE(core->store->remove_client("dyn"));
  expect_stopped(callback(browser, "code=1&state=" + state), 400);
}

TEST_F(Callback, WhereTheServerIsInTroubleTheSignInIsNotLost) {
  ClientRecord client;
  client.client_id = "dyn";
  client.redirect_uris = {redirect};
  client.grant_types = {"authorization_code"};
  client.created = now();
  ASSERT_TRUE(core->store->put_client(client));
  Browser browser;
  const Answer page = authorize(browser, {{"client_id", "dyn"}});
  const Pairs yes = {{"request", field(page, "request")}, {"token", field(page, "token")}, {"allow", "github"}};
  const auto rename = [&](const char* from, const char* to) {
    ASSERT_TRUE(core->store->database().run("ALTER TABLE " + std::string(from) + " RENAME TO " + to));
  };
  rename("as_clients", "gone");
  expect_stopped(consent(browser, yes), 503);
  rename("gone", "as_clients");
  const std::string state = query_of(next_url(consent(browser, yes)))["state"];
  rename("as_clients", "gone");
  expect_stopped(callback(browser, "code=1&state=" + state), 503);
  EXPECT_EQ(upstream->exchanges, 0);
  rename("gone", "as_clients");
  EXPECT_NE(query_of(location(callback(browser, "code=1&state=" + state)))["code"], "");
}

// The provider's tokens.

class UpstreamRefresh : public Callback {
 protected:
  void SetUp() override {
    start(options());
    upstream->tokens.refresh_token = Secret("r");
    upstream->tokens.expires = now() + 1h;
    Browser browser;
    const Answer back = callback(browser, "code=1&state=" + depart(browser));
    const auto code = core->store->code(digest_of(query_of(location(back))["code"]));
    grant = **core->store->grant((*code)->grant_id);
  }
  bool is_revoked() { return (*core->store->grant(grant.grant_id))->revoked; }
  GrantRecord grant;
};

TEST_F(UpstreamRefresh, OnlyWhatRanOut) {
  EXPECT_EQ(refresh_upstream(*core, grant, now()), UpstreamState::good);
  EXPECT_EQ(upstream->refreshes, 0);
  clock->advance(59min + 30s);
  EXPECT_EQ(refresh_upstream(*core, grant, now()), UpstreamState::good);
  EXPECT_EQ(upstream->refreshes, 1);
  EXPECT_EQ(upstream_access_token(*core, grant, now())->reveal(), "upstream-access-1");
  clock->advance(1h);
  EXPECT_EQ(upstream_access_token(*core, grant, now())->reveal(), "upstream-access-2");
}

TEST_F(UpstreamRefresh, ADeadTokenThereEndsTheFamilyHere) {
  clock->advance(2h);
  upstream->refresh_fault = UpstreamFault::refused;
  EXPECT_EQ(refresh_upstream(*core, grant, now()), UpstreamState::ended);
  EXPECT_TRUE(is_revoked());
  EXPECT_EQ(upstream_access_token(*core, **core->store->grant(grant.grant_id), now()).error(),
            UpstreamTokenFault::no_token);
}

TEST_F(UpstreamRefresh, AProviderThatIsAwayEndsNothing) {
  clock->advance(2h);
  for (const UpstreamFault fault : {UpstreamFault::unreachable, UpstreamFault::malformed}) {
    upstream->refresh_fault = fault;
    EXPECT_EQ(refresh_upstream(*core, grant, now()), UpstreamState::later);
    EXPECT_EQ(upstream_access_token(*core, grant, now()).error(), UpstreamTokenFault::later);
    EXPECT_FALSE(is_revoked());
  }
  upstream->refresh_fault.reset();
  EXPECT_EQ(refresh_upstream(*core, grant, now()), UpstreamState::good);
}

TEST_F(UpstreamRefresh, OneOfManyRefreshes) {
  clock->advance(2h);
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      const auto token = upstream_access_token(*core, grant, now());
      if (token && token->reveal() == "upstream-access-1") ++good;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 16);
  EXPECT_EQ(upstream->refreshes, 1);
}

TEST_F(UpstreamRefresh, ForgottenHereAndRevokedThere) {
  forget_upstream_tokens(*core, grant);
  EXPECT_EQ(upstream->revoked, "upstream-access-0");
  EXPECT_EQ(upstream_access_token(*core, grant, now()).error(), UpstreamTokenFault::no_token);
  forget_upstream_tokens(*core, grant);
}

class EndedSignIns : public FlowTest {
 protected:
  void SetUp() override {
    start(options());
    challenge = base64url_encode(sha256(verifier));
  }
  /// The code.
  std::string sign_in() {
    Browser browser;
    const std::string state = depart(browser, {{"code_challenge", challenge}});
    return query_of(location(callback(browser, "code=1&state=" + state)))["code"];
  }
  std::int64_t in_vault() const { return (*core->store->database().run("SELECT COUNT(*) FROM vault"))[0].integer(0); }
  std::int64_t forget() {
    return forget_ended_sign_ins(*core, now(), [] { return true; }).value();
  }
  const std::string verifier = std::string(43, 'v');
  std::string challenge;
};

TEST_F(EndedSignIns, WhatTheProviderGaveGoesWithTheGrant) {
  const std::string code = sign_in();
  const Answer tokens = answer_token(
      *core,
      post("/token",
           {{"grant_type", "authorization_code"}, {"code", code}, {"client_id", "app"}, {"code_verifier", verifier}},
           {}),
      now());
  ASSERT_EQ(tokens.status, 200) << tokens.body;
  // As long as it can be refreshed it stays, with its code swept too.
  clock->advance(48h);
  ASSERT_TRUE(core->store->sweep(now()));
  EXPECT_EQ(forget(), 0);
  EXPECT_EQ(in_vault(), 1);
  clock->advance(24h * 59);
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(in_vault(), 0);
  EXPECT_EQ(upstream->revoked, "upstream-access-0");
}

TEST_F(EndedSignIns, AlsoWhereTheGrantWasSweptBefore) {
  sign_in();
  clock->advance(24h * 61);
  ASSERT_TRUE(core->store->sweep(now()));
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(in_vault(), 0);
  EXPECT_EQ(upstream->revoked, "upstream-access-0");
}

TEST_F(EndedSignIns, ACodeThatNobodyRedeemsDoesNotKeepThem) {
  const std::string code = sign_in();
  const std::string grant = (*core->store->code(digest_of(code)))->grant_id;
  clock->advance(24h);
  ASSERT_TRUE(core->store->sweep(now()));
  EXPECT_EQ(forget(), 0);
  clock->advance(2min);
  ASSERT_TRUE(core->store->sweep(now()));
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(in_vault(), 0);
  EXPECT_TRUE((*core->store->grant(grant))->revoked);
  EXPECT_EQ(upstream->revoked, "upstream-access-0");
}

TEST_F(EndedSignIns, TokensWithoutAGrantAreNotKept) {
  GrantRecord never;
  never.grant_id = "never", never.upstream = "github";
  UpstreamTokens tokens;
  tokens.access_token = Secret("orphan");
  ASSERT_TRUE(keep_upstream_tokens(*core, never, tokens, now()));
  clock->advance(600s);
  EXPECT_EQ(forget(), 0);
  clock->advance(61s);
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(in_vault(), 0);
  EXPECT_EQ(upstream->revoked, "orphan");
  // Nor what does not open any more.
  ASSERT_TRUE(keep_upstream_tokens(*core, never, tokens, now()));
  ASSERT_TRUE(core->store->database().run("UPDATE vault SET sealed = 'x'"));
  clock->advance(661s);
  EXPECT_EQ(forget(), 1);
  EXPECT_EQ(in_vault(), 0);
  // A record of another kind is somebody else's.
  ASSERT_TRUE(
      core->store->database().run("INSERT INTO vault (record, owner, service, key_id, sealed, version, "
                                  "updated_at) VALUES ('other', 'o', 's', 'k', 'x', 1, 1)"));
  EXPECT_EQ(forget(), 0);
  EXPECT_EQ(in_vault(), 1);
}

}  // namespace
}  // namespace leanmcp::as
