#include <leanmcp/oauth/server/core_test_support.hpp>

#include <thread>

// The token endpoint with an authorization code. Tests that end in "Attack" and a number are of the list of attacks
// that this server must stand (docs/security.md).
namespace leanmcp::as {
namespace {

using namespace std::chrono_literals;

class TokenCode : public CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    add_client("c1");
    add_client("c2");
  }
};

TEST_F(TokenCode, Rfc6749Section5_1_TheAnswerHasTokensAndIsNotStored) {
  const Answer answer = token(code_form("c1", issue_code("c1")));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(header(answer, "Cache-Control"), "no-store");
  EXPECT_EQ(header(answer, "Pragma"), "no-cache");
  const auto reply = object(answer.body);
  EXPECT_EQ(reply.at("token_type").as_string(), "Bearer");
  EXPECT_EQ(reply.at("expires_in").as_int64(), 600);
  EXPECT_EQ(reply.at("scope").as_string(), "read");
  EXPECT_EQ(reply.at("refresh_token").as_string().size(), 43u);
  EXPECT_FALSE(reply.contains("id_token"));
}

TEST_F(TokenCode, Rfc9068Section2_TheAccessTokenIsAJwtForOneServer) {
  const Issued issued = issue_code("c1");
  const Answer answer = token(code_form("c1", issued));
  const std::string jwt = member(answer.body, "access_token");
  const auto header_part = split_jws(jwt);
  ASSERT_TRUE(header_part);
  const auto head = object(header_part->header);
  EXPECT_EQ(head.at("typ").as_string(), "at+jwt");
  EXPECT_EQ(head.at("alg").as_string(), "ES256");
  EXPECT_EQ(std::string(head.at("kid").as_string()), core_->keys->current(now()).key_id());
  const auto said = claims(jwt);
  EXPECT_EQ(said.at("iss").as_string(), issuer);
  EXPECT_EQ(said.at("sub").as_string(), "github:1");
  EXPECT_EQ(said.at("aud").as_string(), resource);
  EXPECT_EQ(said.at("client_id").as_string(), "c1");
  EXPECT_EQ(said.at("scope").as_string(), "read");
  EXPECT_EQ(std::string(said.at("fam").as_string()), issued.grant_id);
  EXPECT_EQ(said.at("exp").as_int64() - said.at("iat").as_int64(), 600);
  EXPECT_FALSE(said.contains("cnf"));
  EXPECT_TRUE(live(jwt));
}

TEST_F(TokenCode, Rfc9068Section4_AnIdTokenIsNoAccessToken_Attack37) {
  const Issued issued = issue_code("c1", "read openid");
  clock_->advance(std::chrono::seconds(7));
  const Answer answer = token(code_form("c1", issued));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::string id_token = member(answer.body, "id_token");
  const auto said = claims(id_token);
  EXPECT_EQ(said.at("aud").as_string(), "c1");
  EXPECT_EQ(said.at("sub").as_string(), "github:1");
  EXPECT_EQ(said.at("nonce").as_string(), "nonce-1");
  EXPECT_EQ(said.at("auth_time").as_int64(), said.at("iat").as_int64() - 7) << "when the person signed in";
  EXPECT_EQ(std::string(said.at("at_hash").as_string()),
            base64url_encode(sha256(member(answer.body, "access_token")).substr(0, 16)));
  EXPECT_FALSE(live(id_token));
}

TEST_F(TokenCode, ATokenOfTheProviderNeverGetsOut_Attack12) {
  const Issued issued = issue_code("c1", "read openid");
  ASSERT_TRUE(core_->vault->put(issued.grant_id, "github", Secret("gho_upstream-token"), now()));
  const Answer answer = token(code_form("c1", issued));
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.find("gho_"), std::string::npos);
  for (const char* const name : {"access_token", "id_token"}) {
    const std::string said = json_text(claims(member(answer.body, name)));
    EXPECT_EQ(said.find("gho_"), std::string::npos);
    EXPECT_EQ(said.find("ann@example.com"), std::string::npos);
  }
  EXPECT_EQ(log().find("gho_"), std::string::npos);
}

TEST_F(TokenCode, Rfc6749Section4_1_3_CodeOfAnotherClient_Attack30) {
  const Issued issued = issue_code("c1");
  const Answer stolen = token(code_form("c2", issued));
  EXPECT_EQ(stolen.status, 400);
  EXPECT_EQ(error_of(stolen), "invalid_grant");
  EXPECT_EQ(token(code_form("c1", issued)).status, 200);
}

TEST_F(TokenCode, Rfc7636Section4_6_WrongMissingOrShortVerifier_Attack31) {
  const Issued issued = issue_code("c1");
  const FormParameters good = code_form("c1", issued);
  EXPECT_EQ(error_of(token(with(good, "code_verifier", random_id(32)))), "invalid_grant");
  EXPECT_EQ(error_of(token(with(good, "code_verifier", ""))), "invalid_request");
  EXPECT_EQ(error_of(token(with(good, "code_verifier", issued.verifier.substr(1)))), "invalid_request");
  EXPECT_EQ(error_of(token(with(good, "code_verifier", issued.verifier + "!"))), "invalid_request");
  EXPECT_EQ(token(good).status, 200);
}

TEST_F(TokenCode, Rfc9700Section4_8_AVerifierForARequestWithoutChallengeIsRefused) {
  const Issued issued = issue_code("c1");
  ASSERT_TRUE(core_->store->database().run("UPDATE as_codes SET challenge = ''"));
  EXPECT_EQ(error_of(token(code_form("c1", issued))), "invalid_grant");
  EXPECT_EQ(error_of(token(with(code_form("c1", issued), "code_verifier", ""))), "invalid_request");
}

TEST_F(TokenCode, WrongTriesAreCounted) {
  const Issued issued = issue_code("c1");
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(error_of(token(with(code_form("c1", issued), "code_verifier", random_id(32)))), "invalid_grant");
  EXPECT_EQ(error_of(token(code_form("c1", issued))), "invalid_grant");
}

TEST_F(TokenCode, Rfc6749Section4_1_2_ACodeUsedTwiceEndsWhatCameOfIt_Attack32) {
  const Issued issued = issue_code("c1");
  ASSERT_TRUE(core_->vault->put(issued.grant_id, "github", Secret("upstream"), now()));
  const Answer first = token(code_form("c1", issued));
  ASSERT_EQ(first.status, 200);
  const std::string access_token = member(first.body, "access_token");
  EXPECT_TRUE(live(access_token));
  clock_->advance(5min);  // also after its time
  const Answer again = token(code_form("c1", issued));
  EXPECT_EQ(error_of(again), "invalid_grant");
  EXPECT_FALSE(live(access_token));
  EXPECT_EQ(error_of(token(refresh_form("c1", member(first.body, "refresh_token")))), "invalid_grant");
  EXPECT_TRUE(core_->vault->services(issued.grant_id)->empty());
  EXPECT_NE(log().find("code used twice"), std::string::npos);
}

TEST_F(TokenCode, Rfc6749Section4_1_2_OneOfManyParallelRedemptions_Attack33) {
  for (int round = 0; round < 5; ++round) {
    const Issued issued = issue_code("c1");
    std::atomic<int> good = 0, bad = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        const Answer answer = token(code_form("c1", issued));
        if (answer.status == 200) {
          ++good;
        } else if (error_of(answer) == "invalid_grant") {
          ++bad;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(good, 1);
    EXPECT_EQ(bad, 7);
  }
}

TEST_F(TokenCode, Rfc6749Section4_1_3_AnotherRedirectUri_Attack34) {
  const Issued issued = issue_code("c1");
  EXPECT_EQ(error_of(token(with(code_form("c1", issued), "redirect_uri", "http://127.0.0.1:7777/cb/"))),
            "invalid_grant");
  EXPECT_EQ(error_of(token(with(code_form("c1", issued), "redirect_uri", "http://127.0.0.1:7778/cb"))),
            "invalid_grant");
  // OAuth 2.1 leaves it out.
  EXPECT_EQ(token(with(code_form("c1", issued), "redirect_uri", "")).status, 200);
}

TEST_F(TokenCode, Rfc6749Section4_1_2_ACodeRunsOut_Attack35) {
  const Issued issued = issue_code("c1");
  const Issued in_time = issue_code("c1");
  clock_->advance(59'999ms);
  EXPECT_EQ(token(code_form("c1", in_time)).status, 200);
  clock_->advance(1ms);
  EXPECT_EQ(error_of(token(code_form("c1", issued))), "invalid_grant");
}

TEST_F(TokenCode, Rfc8707Section2_2_AnotherResource_Attack25) {
  const Issued issued = issue_code("c1");
  EXPECT_EQ(error_of(token(with(code_form("c1", issued), "resource", "https://evil.example"))), "invalid_target");
  EXPECT_EQ(error_of(token(with(code_form("c1", issued), "resource", other_resource))), "invalid_target");
  const Answer answer = token(with(code_form("c1", issued), "resource", resource));
  EXPECT_EQ(claims(member(answer.body, "access_token")).at("aud").as_string(), resource);
}

TEST_F(TokenCode, Rfc9449Section10_ABoundCodeNeedsItsKey) {
  const SigningKey key = SigningKey::generate(JwsAlgorithm::es256);
  const SigningKey thief = SigningKey::generate(JwsAlgorithm::es256);
  const Issued issued = issue_code("c1", "read", key.thumbprint());
  EXPECT_EQ(error_of(token(code_form("c1", issued))), "invalid_grant");
  EXPECT_EQ(error_of(token(code_form("c1", issued), proof(thief, "/token"))), "invalid_grant");
  const Answer answer = token(code_form("c1", issued), proof(key, "/token"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(member(answer.body, "token_type"), "DPoP");
  EXPECT_EQ(std::string(claims(member(answer.body, "access_token")).at("cnf").at("jkt").as_string()), key.thumbprint());
}

TEST_F(TokenCode, WhatIsStoredIsNoUseToAThief) {
  const Issued issued = issue_code("c1");
  const Answer answer = token(code_form("c1", issued));
  const std::string refresh_token = member(answer.body, "refresh_token");
  for (const char* const table : {"as_codes", "as_refresh", "as_grants", "as_clients", "as_keys"}) {
    const auto rows = core_->store->database().run("SELECT * FROM " + std::string(table));
    ASSERT_TRUE(rows);
    for (const Row& row : *rows) {
      for (std::size_t column = 0; column < row.size(); ++column) {
        const auto* const text = std::get_if<std::string>(&row.at(column).get());
        if (!text) continue;
        EXPECT_EQ(text->find(issued.code), std::string::npos) << table;
        EXPECT_EQ(text->find(refresh_token), std::string::npos) << table;
        EXPECT_EQ(text->find(issued.verifier), std::string::npos) << table;
      }
    }
  }
  for (const std::string& secret : {issued.code, refresh_token, issued.verifier, member(answer.body, "access_token")})
    EXPECT_EQ(log().find(secret), std::string::npos);
}

TEST_F(TokenCode, AClientWithoutTheGrantGetsNoRefreshToken) {
  ClientRecord client = add_client("once");
  client.grant_types = {"authorization_code"};
  ASSERT_TRUE(core_->store->put_client(client));
  const Answer answer = token(code_form("once", issue_code("once")));
  ASSERT_EQ(answer.status, 200);
  EXPECT_FALSE(object(answer.body).contains("refresh_token"));
}

}  // namespace
}  // namespace leanmcp::as
