#include <leanmcp/crypto/dpop.hpp>
#include <leanmcp/oauth/server/server_test_support.hpp>

namespace leanmcp::as {
namespace {

namespace json = boost::json;
using std::chrono::hours;
using std::chrono::seconds;

constexpr const char* exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr const char* access_token_type = "urn:ietf:params:oauth:token-type:access_token";
constexpr const char* other_resource = "https://other.example/mcp";
constexpr const char* api_secret = "secret-of-the-api-server-0123456";

class ExchangeTest : public ServerTest {
 protected:
  void SetUp() override {
    options.token_exchange();
    // The server behind `test_resource`, as a client.
    options.client(
        ConfiguredClient("api-server").secret(Secret(api_secret)).grant_type(exchange).exchange_for(other_resource));
    start();
    grant.grant_id = "g1", grant.subject = "github:1", grant.client_id = "app", grant.expires = now() + hours(1);
    ASSERT_TRUE(core->store->add_grant(grant));
  }
  AccessTokenClaims person() const {
    AccessTokenClaims claims;
    claims.subject = "github:1", claims.client_id = "app", claims.audience = test_resource;
    claims.scope = "read write", claims.grant_id = "g1";
    return claims;
  }
  std::string subject_token(const AccessTokenClaims& claims, seconds lifetime = seconds(600)) const {
    return sign_access_token(*core, claims, now(), lifetime);
  }
  Answer trade(const std::string& subject, Pairs more = {}, HttpFields headers = {}) {
    Pairs pairs{{"grant_type", exchange}, {"subject_token", subject}, {"subject_token_type", access_token_type}};
    for (auto& pair : more) pairs.push_back(std::move(pair));
    headers.push_back(basic("api-server", api_secret));
    return token(pairs, std::move(headers));
  }
  GrantRecord grant;
};

TEST_F(ExchangeTest, Rfc8693Section2_2_ANarrowerToken) {
  const Answer answer = trade(subject_token(person()), {{"scope", "read"}});
  ASSERT_EQ(answer.status, 200) << answer.body << logged();
  EXPECT_EQ(member(answer, "issued_token_type"), access_token_type);
  EXPECT_EQ(member(answer, "scope"), "read");
  EXPECT_FALSE(json_of(answer).contains("refresh_token"));
  const auto claims = claims_of(member(answer, "access_token"));
  EXPECT_EQ(claims.at("sub"), "github:1");
  EXPECT_EQ(claims.at("client_id"), "api-server");
  EXPECT_EQ(claims.at("aud"), test_resource);
  EXPECT_EQ(claims.at("act"), (json::object{{"sub", "api-server"}}));
  EXPECT_EQ(claims.at("fam"), "g1");
  EXPECT_FALSE(claims.contains("auth_time"));
  auto signed_in = person();
  signed_in.signed_in = now() - seconds(100);
  EXPECT_EQ(claims_of(member(trade(subject_token(signed_in)), "access_token")).at("auth_time"),
            unix_seconds(now()) - 100)
      << "RFC 9068, section 2.2.1: after an exchange too";
}

TEST_F(ExchangeTest, Rfc8693Section2_1_NeverWider) {
  auto claims = person();
  claims.scope = "read";
  EXPECT_EQ(error_of(trade(subject_token(claims), {{"scope", "read write"}})), "invalid_scope");
  EXPECT_EQ(error_of(trade(subject_token(claims), {{"scope", "admin"}})), "invalid_scope");
  EXPECT_EQ(error_of(trade(subject_token(claims), {{"resource", other_resource}, {"scope", "admin"}})),
            "invalid_scope");
  EXPECT_EQ(member(trade(subject_token(claims)), "scope"), "read");
  // Not longer either.
  EXPECT_EQ(json_of(trade(subject_token(claims, seconds(100)))).at("expires_in"), 100);
}

TEST_F(ExchangeTest, Rfc8707Section2_OtherServersOnlyWhereTheOperatorSaysSo) {
  const Answer answer = trade(subject_token(person()), {{"resource", other_resource}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(claims_of(member(answer, "access_token")).at("aud"), other_resource);
  EXPECT_EQ(member(answer, "scope"), "read");
  EXPECT_EQ(trade(subject_token(person()), {{"audience", other_resource}}).status, 200);
  EXPECT_EQ(error_of(trade(subject_token(person()), {{"audience", other_resource}, {"resource", test_resource}})),
            "invalid_target");
  EXPECT_EQ(error_of(trade(subject_token(person()), {{"resource", "https://evil.example"}})), "invalid_target");
  // `machine` may exchange its own tokens, for the same server only.
  auto claims = person();
  claims.client_id = "machine";
  const auto by_machine = [&](Pairs more) {
    Pairs pairs{
        {"grant_type", exchange}, {"subject_token", subject_token(claims)}, {"subject_token_type", access_token_type}};
    for (auto& pair : more) pairs.push_back(std::move(pair));
    return token(pairs, {basic("machine", test_secret)});
  };
  EXPECT_EQ(by_machine({}).status, 200);
  EXPECT_EQ(error_of(by_machine({{"resource", other_resource}})), "invalid_target");
}

TEST_F(ExchangeTest, Rfc8693Section5_NotWhoeverCameByAToken) {
  auto claims = person();
  claims.audience = other_resource;
  EXPECT_EQ(error_of(trade(subject_token(claims))), "invalid_request");
  EXPECT_EQ(error_of(token({{"grant_type", exchange},
                            {"subject_token", subject_token(person())},
                            {"subject_token_type", access_token_type}},
                           {basic("machine", test_secret)})),
            "invalid_request");
}

TEST_F(ExchangeTest, Attack55_Rfc8693Section2_1_OnlyOurOwnLiveAccessTokens) {
  const std::string good = subject_token(person());
  const SigningKey foreign = SigningKey::generate(JwsAlgorithm::es256);
  const std::string forged = foreign.sign(json::serialize(claims_of(good)), "at+jwt");
  for (const std::string& bad : {std::string("x"), std::string("gho_upstream_token"), forged, good + "x",
                                 sign_id_token(*core, "github:1", "api-server", "", "x", now(), now())})
    EXPECT_EQ(error_of(trade(bad)), "invalid_request") << bad;
  EXPECT_EQ(trade(good).status, 200);
  ASSERT_TRUE(core->store->deny(std::string(claims_of(good).at("jti").as_string()), now() + hours(1)));
  EXPECT_EQ(error_of(trade(good)), "invalid_request");
  const std::string before = subject_token(person());
  ASSERT_TRUE(core->store->revoke_grant("g1"));
  EXPECT_EQ(error_of(trade(before)), "invalid_request");
  auto claims = person();
  claims.grant_id.clear();
  const std::string late = subject_token(claims, seconds(10));
  advance(seconds(20));
  EXPECT_EQ(error_of(trade(late)), "invalid_request");
}

TEST_F(ExchangeTest, Rfc8693Section2_1_ParametersThatAreNotTaken) {
  const std::string good = subject_token(person());
  EXPECT_EQ(error_of(trade("")), "invalid_request");
  EXPECT_EQ(error_of(trade(good, {{"actor_token", good}, {"actor_token_type", access_token_type}})), "invalid_request");
  EXPECT_EQ(error_of(trade(good, {{"requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}})),
            "invalid_request");
  EXPECT_EQ(error_of(trade(good, {{"requested_token_type", "urn:ietf:params:oauth:token-type:id-jag"}})),
            "invalid_request");
  EXPECT_EQ(trade(good, {{"requested_token_type", access_token_type}}).status, 200);
  for (const char* const type : {"urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:saml2",
                                 "urn:ietf:params:oauth:token-type:refresh_token", ""})
    EXPECT_EQ(error_of(token({{"grant_type", exchange}, {"subject_token", good}, {"subject_token_type", type}},
                             {basic("api-server", api_secret)})),
              "invalid_request")
        << type;
}

TEST_F(ExchangeTest, Rfc8693Section4_1_ChainsOfActorsEnd) {
  std::string token = subject_token(person());
  std::size_t hops = 0;
  for (; hops < 10; ++hops) {
    const Answer answer = trade(token);
    if (answer.status != 200) break;
    token = member(answer, "access_token");
  }
  EXPECT_EQ(hops, 4U);
  const auto actor = claims_of(token).at("act").as_object();
  EXPECT_EQ(actor.at("act").at("act").at("act").at("sub"), "api-server");
}

TEST_F(ExchangeTest, Rfc9449Section5_BoundTokens) {
  const SigningKey own = SigningKey::generate(JwsAlgorithm::es256);
  const SigningKey other = SigningKey::generate(JwsAlgorithm::es256);
  const std::string url = std::string(test_issuer) + "/token";
  const auto proof = [&](const SigningKey& key) {
    return std::pair<std::string, std::string>("dpop", make_dpop_proof(key, DpopRequest("POST", url), now()));
  };
  auto claims = person();
  claims.client_id = "machine", claims.thumbprint = own.thumbprint();
  const auto by_machine = [&](HttpFields headers) {
    headers.push_back(basic("machine", test_secret));
    return token(
        {{"grant_type", exchange}, {"subject_token", subject_token(claims)}, {"subject_token_type", access_token_type}},
        std::move(headers));
  };
  EXPECT_EQ(error_of(by_machine({})), "invalid_request");
  EXPECT_EQ(error_of(by_machine({proof(other)})), "invalid_request");
  const Answer answer = by_machine({proof(own)});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(member(answer, "token_type"), "DPoP");
}

TEST_F(ExchangeTest, Rfc8693Section2_OffByDefaultAndForConfiguredClients) {
  const Answer registered =
      answer_register(*core, post_json("/register", R"({"redirect_uris":["https://app.example/cb"]})"), now());
  EXPECT_EQ(error_of(token({{"grant_type", exchange},
                            {"subject_token", subject_token(person())},
                            {"subject_token_type", access_token_type}},
                           {basic(member(registered, "client_id"), member(registered, "client_secret"))})),
            "unauthorized_client");
  options.token_exchange(false);
  start();
  EXPECT_EQ(error_of(trade(subject_token(person()))), "unsupported_grant_type");
}

}  // namespace
}  // namespace leanmcp::as
