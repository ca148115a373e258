#include <leanmcp/oauth/server/core_test_support.hpp>

#include <leanmcp/storage/test_cluster.hpp>

#include <set>
#include <thread>

// The token endpoint with a refresh token.
namespace leanmcp::as {
namespace {

using namespace std::chrono_literals;

class TokenRefresh : public CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    add_client("c1");
    add_client("c2");
  }
  Answer refresh(const std::string& token_text) { return token(refresh_form("c1", token_text)); }
  static std::string refresh_of(const Answer& answer) { return member(answer.body, "refresh_token"); }
};

TEST_F(TokenRefresh, Rfc6749Section6_EachRefreshGivesANewPair) {
  auto [access_token, refresh_token] = sign_in("c1");
  clock_->advance(60s);
  const Answer answer = refresh(refresh_token);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_NE(refresh_of(answer), refresh_token);
  EXPECT_NE(member(answer.body, "access_token"), access_token);
  EXPECT_EQ(member(answer.body, "scope"), "read");
  EXPECT_TRUE(live(member(answer.body, "access_token")));
  clock_->advance(60s);
  EXPECT_EQ(refresh(refresh_of(answer)).status, 200);
}

TEST_F(TokenRefresh, Rfc9449Section5_AProofBindsARefreshTokenThatWasNotBound) {
  const auto [access_token, first] = sign_in("c1");
  const SigningKey key = SigningKey::generate(JwsAlgorithm::es256);
  const Answer bound = token(refresh_form("c1", first), proof(key, "/token"));
  ASSERT_EQ(bound.status, 200) << bound.body;
  EXPECT_EQ(member(bound.body, "token_type"), "DPoP");
  EXPECT_EQ(error_of(refresh(refresh_of(bound))), "invalid_grant");
  const SigningKey other = SigningKey::generate(JwsAlgorithm::es256);
  EXPECT_EQ(error_of(token(refresh_form("c1", refresh_of(bound)), proof(other, "/token"))), "invalid_grant");
  const Answer next = token(refresh_form("c1", refresh_of(bound)), proof(key, "/token"));
  ASSERT_EQ(next.status, 200) << next.body;
  EXPECT_EQ(error_of(refresh(refresh_of(next))), "invalid_grant");
}

TEST_F(TokenRefresh, Rfc9700Section4_14_ReuseAfterTheGraceEndsTheFamily_Attack38) {
  const auto [access_token, refresh_token] = sign_in("c1");
  const Answer second = refresh(refresh_token);
  ASSERT_EQ(second.status, 200);
  clock_->advance(10s);
  const Answer reuse = refresh(refresh_token);
  EXPECT_EQ(error_of(reuse), "invalid_grant");
  EXPECT_EQ(error_of(refresh(refresh_of(second))), "invalid_grant");
  EXPECT_FALSE(live(access_token));
  EXPECT_FALSE(live(member(second.body, "access_token")));
  EXPECT_NE(log().find("refresh_reuse"), std::string::npos);
}

TEST_F(TokenRefresh, Rfc9700Section4_14_RepetitionWithinTheGraceGetsTheSameAnswer_Attack38) {
  const auto [access_token, refresh_token] = sign_in("c1");
  const Answer second = refresh(refresh_token);
  clock_->advance(9'999ms);
  const Answer again = refresh(refresh_token);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, second.body);
  EXPECT_EQ(count("SELECT COUNT(*) FROM as_refresh"), 2);
  EXPECT_TRUE(live(member(second.body, "access_token")));
  EXPECT_EQ(refresh(refresh_of(second)).status, 200);
}

TEST_F(TokenRefresh, Rfc9700Section4_14_AnOlderTokenIsReuseEvenWithinTheGrace) {
  const auto [access_token, refresh_token] = sign_in("c1");
  const Answer second = refresh(refresh_token);
  const Answer third = refresh(refresh_of(second));
  ASSERT_EQ(third.status, 200);
  EXPECT_EQ(error_of(refresh(refresh_token)), "invalid_grant");
  EXPECT_EQ(error_of(refresh(refresh_of(third))), "invalid_grant");
}

TEST_F(TokenRefresh, ManyAtOnceMakeOneNewMember) {
  const auto [access_token, refresh_token] = sign_in("c1");
  std::vector<std::string> bodies(64);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < bodies.size(); ++i)
    threads.emplace_back([&, i] { bodies[i] = token(refresh_form("c1", refresh_token)).body; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<std::string>(bodies.begin(), bodies.end()).size(), 1u) << bodies[0];
  EXPECT_EQ(count("SELECT COUNT(*) FROM as_refresh"), 2);
  EXPECT_EQ(refresh(member(bodies[0], "refresh_token")).status, 200);
}

TEST_F(TokenRefresh, Rfc6749Section6_AnotherClientWiderScopeOtherResource_Attack39) {
  const auto [access_token, refresh_token] = sign_in("c1");
  EXPECT_EQ(error_of(token(refresh_form("c2", refresh_token))), "invalid_grant");
  EXPECT_EQ(error_of(token(with(refresh_form("c1", refresh_token), "scope", "read write"))), "invalid_scope");
  EXPECT_EQ(error_of(token(with(refresh_form("c1", refresh_token), "scope", "admin"))), "invalid_scope");
  EXPECT_EQ(error_of(token(with(refresh_form("c1", refresh_token), "resource", other_resource))), "invalid_target");
  EXPECT_EQ(error_of(token(with(refresh_form("c1", refresh_token), "resource", "https://evil.example"))),
            "invalid_target");
  // None of these has used it up.
  EXPECT_EQ(refresh(refresh_token).status, 200);
}

TEST_F(TokenRefresh, Rfc6749Section6_ANarrowerScopeIsForTheAccessTokenAlone) {
  auto [access_token, refresh_token] = sign_in("c1", "read write");
  const Answer narrow = token(with(refresh_form("c1", refresh_token), "scope", "write"));
  ASSERT_EQ(narrow.status, 200) << narrow.body;
  EXPECT_EQ(member(narrow.body, "scope"), "write");
  EXPECT_EQ(claims(member(narrow.body, "access_token")).at("scope").as_string(), "write");
  const Answer whole = refresh(refresh_of(narrow));
  EXPECT_EQ(member(whole.body, "scope"), "read write");
}

TEST_F(TokenRefresh, Rfc9449Section5_ABoundTokenNeedsItsKey_Attack46) {
  const SigningKey key = SigningKey::generate(JwsAlgorithm::es256);
  const SigningKey thief = SigningKey::generate(JwsAlgorithm::es256);
  const Answer first = token(code_form("c1", issue_code("c1")), proof(key, "/token"));
  ASSERT_EQ(first.status, 200) << first.body;
  const FormParameters form = refresh_form("c1", refresh_of(first));
  EXPECT_EQ(error_of(token(form, proof(thief, "/token"))), "invalid_grant");
  EXPECT_EQ(error_of(token(form)), "invalid_grant");
  const Answer second = token(form, proof(key, "/token"));
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(member(second.body, "token_type"), "DPoP");
  // The grace is for the key as well.
  EXPECT_EQ(error_of(token(form, proof(thief, "/token"))), "invalid_grant");
  EXPECT_EQ(token(form, proof(key, "/token")).body, second.body);
}

TEST_F(TokenRefresh, Rfc9449Section5_AConfidentialClientMayChangeItsKeyButNotWithinTheGrace) {
  add_client("web", ClientMethod::basic, "a-long-enough-secret");
  const HttpFields login{{"authorization", basic("web", "a-long-enough-secret")}};
  const auto send = [&](FormParameters form, const SigningKey& key) {
    HttpFields headers = proof(key, "/token");
    headers.insert(headers.end(), login.begin(), login.end());
    return token(form, headers);
  };
  const SigningKey one = SigningKey::generate(JwsAlgorithm::es256);
  const SigningKey two = SigningKey::generate(JwsAlgorithm::es256);
  const Answer first = send(code_form("web", issue_code("web")), one);
  ASSERT_EQ(first.status, 200) << first.body;
  const Answer second = send(refresh_form("web", refresh_of(first)), two);
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(std::string(claims(member(second.body, "access_token")).at("cnf").at("jkt").as_string()), two.thumbprint());
  EXPECT_EQ(error_of(send(refresh_form("web", refresh_of(first)), one)), "invalid_grant");
  EXPECT_EQ(send(refresh_form("web", refresh_of(second)), two).status, 200);
}

TEST_F(TokenRefresh, AnIdleTokenAndAnOldFamilyRunOut) {
  auto [access_token, refresh_token] = sign_in("c1");
  auto [other_access, other_refresh] = sign_in("c1");
  clock_->advance(24h * 14);
  EXPECT_EQ(error_of(refresh(refresh_token)), "invalid_grant");
  std::string current = sign_in("c1").second;
  for (int day = 0; day < 59; ++day) {
    clock_->advance(24h);
    const Answer answer = refresh(current);
    ASSERT_EQ(answer.status, 200) << day << answer.body;
    current = refresh_of(answer);
  }
  clock_->advance(24h);
  EXPECT_EQ(error_of(refresh(current)), "invalid_grant");
}

TEST_F(TokenRefresh, AScopeThatTheServerGaveUpIsNoLongerGiven) {
  const auto [access_token, refresh_token] = sign_in("c1", "read write");
  auto& scopes = core_->options.apis_[0].scopes;
  std::erase_if(scopes, [](const ScopeDescription& scope) { return scope.name == "write"; });
  EXPECT_EQ(member(refresh(refresh_token).body, "scope"), "read");
}

TEST_F(TokenRefresh, AStoredAnswerOfAnotherTokenDoesNotOpen) {
  const auto [a1, one] = sign_in("c1");
  const auto [a2, two] = sign_in("c1");
  ASSERT_EQ(refresh(one).status, 200);
  ASSERT_EQ(refresh(two).status, 200);
  const auto stored = core_->store->refresh_token(digest_of(two));
  ASSERT_TRUE(core_->store->database().run("UPDATE as_refresh SET successor = $2 WHERE token_digest = $1",
                                           {digest_of(one), (*stored)->successor}));
  EXPECT_EQ(error_of(refresh(one)), "invalid_grant");
}

/// Two instances on one PostgreSQL.
TEST_F(TokenRefresh, ManyAtOnceAtTwoInstancesMakeOneNewMember) {
  leanmcp::detail::TestCluster* const cluster = leanmcp::detail::TestCluster::instance();
  if (!cluster) GTEST_SKIP() << "PostgreSQL is not installed";
  const std::string url = cluster->fresh_database();
  start(url);
  const std::unique_ptr<Core> one = std::move(core_);
  start(url);
  EXPECT_EQ(one->keys->current(now()).key_id(), core_->keys->current(now()).key_id());
  add_client("c1");
  const auto [access_token, refresh_token] = sign_in("c1");
  std::vector<Answer> answers(64);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    threads.emplace_back([&, i] {
      answers[i] =
          answer_token(i % 2 ? *one : *core_, form_request("/token", refresh_form("c1", refresh_token)), now());
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Answer& answer : answers) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body, answers[0].body);
  }
  EXPECT_EQ(count("SELECT COUNT(*) FROM as_refresh"), 2);
  EXPECT_EQ(refresh(refresh_of(answers[0])).status, 200);
}

}  // namespace
}  // namespace leanmcp::as
