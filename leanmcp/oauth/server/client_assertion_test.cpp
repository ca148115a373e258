#include <leanmcp/oauth/server/client_assertion.hpp>

#include <leanmcp/crypto/jws.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/oauth/server/remote_documents.hpp>
#include <leanmcp/oauth/server/remote_test_support.hpp>
#include <leanmcp/oauth/server/server_test_support.hpp>

namespace leanmcp::as {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

class ClientAssertionTest : public ServerTest {
 protected:
  void SetUp() override {
    options.client(ConfiguredClient("signer").keys(jwks_of(key), "ES256").grant_type("client_credentials"));
    start();
  }
  json::object claims() const {
    return {{"iss", "signer"},
            {"sub", "signer"},
            {"aud", test_issuer},
            {"jti", "id-" + std::to_string(++count)},
            {"iat", unix_seconds(now())},
            {"exp", unix_seconds(now()) + 60}};
  }
  Answer ask(const std::string& assertion, Pairs more = {}, HttpFields headers = {}) {
    core->limits = std::make_unique<RateLimits>(options.limits_);
    Pairs pairs{{"grant_type", "client_credentials"},
                {"client_assertion_type", std::string(jwt_assertion_type)},
                {"client_assertion", assertion}};
    for (auto& pair : more) pairs.push_back(std::move(pair));
    return token(pairs, std::move(headers));
  }
  Answer ask(const json::object& with, std::string_view type = "client-authentication+jwt") {
    return ask(sign_claims(key, with, type));
  }
  void expect_refused(const Answer& answer, const std::string& what) {
    EXPECT_EQ(answer.status, 401) << what << answer.body;
    EXPECT_EQ(error_of(answer), "invalid_client") << what;
  }

  SigningKey key = SigningKey::generate(JwsAlgorithm::es256);
  mutable int count = 0;
};

TEST_F(ClientAssertionTest, Rfc7523Section2_2_AGoodOne) {
  for (const char* const type : {"client-authentication+jwt", "JWT", "", "application/client-authentication+jwt"}) {
    const Answer answer = ask(claims(), type);
    EXPECT_EQ(answer.status, 200) << answer.body << logged();
    EXPECT_EQ(claims_of(member(answer, "access_token")).at("sub"), "signer");
  }
  EXPECT_EQ(ask(sign_claims(key, claims(), ""), {{"client_id", "signer"}}).status, 200);
}

TEST_F(ClientAssertionTest, Attack41_Rfc7523bisSection4_Audience) {
  for (const json::value& audience :
       {json::value(std::string(test_issuer) + "/token"), json::value(json::array{test_issuer}),
        json::value(json::array{test_issuer, "https://other.example"}), json::value(std::string(test_issuer) + "/"),
        json::value("https://other.example"), json::value(nullptr), json::value(1), json::value("")}) {
    auto with = claims();
    with["aud"] = audience;
    expect_refused(ask(with), json::serialize(audience));
  }
  auto without = claims();
  without.erase("aud");
  expect_refused(ask(without), "none");
}

TEST_F(ClientAssertionTest, Attack41_Rfc7523Section3_Replay) {
  const std::string assertion = sign_claims(key, claims(), "JWT");
  EXPECT_EQ(ask(assertion).status, 200);
  expect_refused(ask(assertion), "again");
  // Also signed anew, and by another instance of the server.
  auto with = claims();
  with["jti"] = "id-1";
  expect_refused(ask(with), "the same id");
  auto other = make_core(options, core->store->database());
  ASSERT_TRUE(other) << other.error().message();
  core = std::move(*other);
  expect_refused(ask(assertion), "at another instance");
}

TEST_F(ClientAssertionTest, Attack41_Rfc7523Section3_Times) {
  const auto expect = [&](std::int64_t issued, std::int64_t expires, bool good) {
    auto with = claims();
    with["iat"] = unix_seconds(now()) + issued;
    with["exp"] = unix_seconds(now()) + expires;
    const Answer answer = ask(with);
    EXPECT_EQ(answer.status, good ? 200 : 401) << issued << " " << expires;
  };
  expect(0, 300, true);
  expect(0, 3600, false);
  expect(0, 331, false);
  expect(-60, 1, true);
  expect(-600, -31, false);
  expect(31, 60, false);
  auto without = claims();
  without.erase("exp");
  expect_refused(ask(without), "no exp");
  for (const json::value& odd : {json::value("soon"), json::value(1e300), json::value(-1), json::value(nullptr)}) {
    auto with = claims();
    with["exp"] = odd;
    expect_refused(ask(with), json::serialize(odd));
  }
}

TEST_F(ClientAssertionTest, Attack41_Rfc7523Section3_IdIsNeeded) {
  for (const json::value& odd : {json::value(""), json::value(1), json::value(json::array{"x"}), json::value(nullptr),
                                 json::value(std::string(257, 'x'))}) {
    auto with = claims();
    with["jti"] = odd;
    expect_refused(ask(with), json::serialize(odd));
  }
  auto without = claims();
  without.erase("jti");
  expect_refused(ask(without), "none");
}

TEST_F(ClientAssertionTest, Attack41_Rfc7523Section3_Identity) {
  for (const auto& [name, value] : std::vector<std::pair<const char*, json::value>>{{"iss", "machine"},
                                                                                    {"sub", "machine"},
                                                                                    {"iss", ""},
                                                                                    {"sub", 1},
                                                                                    {"iss", json::array{"signer"}},
                                                                                    {"iss", "nobody"}}) {
    auto with = claims();
    with[name] = value;
    expect_refused(ask(with), std::string(name) + json::serialize(value));
  }
  auto both = claims();
  both["iss"] = both["sub"] = "machine";
  expect_refused(ask(both), "a client with another method");
  expect_refused(ask(sign_claims(key, claims(), ""), {{"client_id", "machine"}}), "the parameter says otherwise");
}

TEST_F(ClientAssertionTest, Attack41_Rfc8725Section3_Signatures) {
  const SigningKey other = SigningKey::generate(JwsAlgorithm::es256);
  expect_refused(ask(sign_claims(other, claims(), "")), "another key");
  const SigningKey rsa = SigningKey::generate(JwsAlgorithm::rs256);
  expect_refused(ask(sign_claims(rsa, claims(), "")), "another algorithm");
  expect_refused(ask(key.sign_with_key(json::serialize(claims()), "JWT")), "a key of its own");
  const std::string good = sign_claims(key, claims(), "JWT");
  expect_refused(ask(good.substr(0, good.rfind('.') + 1)), "no signature");
  const std::string none =
      base64url_encode(R"({"alg":"none","typ":"JWT"})") + "." + base64url_encode(json::serialize(claims())) + ".";
  expect_refused(ask(none), "none");
  const auto hmac = SymmetricKey::from_bytes(Secret(key.public_jwk()), key.key_id());
  ASSERT_TRUE(hmac);
  expect_refused(ask(sign_jws(R"({"alg":"HS256","typ":"JWT"})", json::serialize(claims()), *hmac, JwsAlgorithm::hs256)),
                 "the public key as a secret");
  for (const char* const text : {"x", "..", "a.b.c", "{}"}) expect_refused(ask(std::string(text)), text);
}

TEST_F(ClientAssertionTest, Rfc8725Section3_11_OtherKindsOfTokens) {
  for (const char* const type : {"dpop+jwt", "at+jwt", "oauth-id-jag+jwt", "secevent+jwt"})
    expect_refused(ask(claims(), type), type);
}

TEST_F(ClientAssertionTest, Attack40_Rfc6749Section2_3_OneWayOnly) {
  const std::string assertion = sign_claims(key, claims(), "JWT");
  const Answer with_secret = ask(assertion, {{"client_secret", "x"}});
  EXPECT_EQ(error_of(with_secret), "invalid_request");
  const Answer with_basic = ask(assertion, {}, {basic("signer", "x")});
  EXPECT_EQ(error_of(with_basic), "invalid_request");
  // Its id alone is not enough, and another type of assertion is none.
  expect_refused(token({{"grant_type", "client_credentials"}, {"client_id", "signer"}}), "id alone");
  expect_refused(token({{"grant_type", "client_credentials"},
                        {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
                        {"client_assertion", assertion}}),
                 "saml");
  expect_refused(token({{"grant_type", "client_credentials"}, {"client_assertion", assertion}}), "no type");
}

TEST_F(ClientAssertionTest, Rfc7591Section2_KeysAtAUrl) {
  options.loopback_documents();
  core->remote = std::make_unique<RemoteDocuments>(core->http, core->guarded_http, true);
  leanmcp::detail::ScriptedServer server([&](const std::string&) { return http_answer(200, jwks_of(key)); });
  ClientRecord client;
  client.client_id = "by-url";
  client.origin = ClientOrigin::dynamic;
  client.method = ClientMethod::private_key_jwt;
  client.jwks_uri = server.url("/jwks");
  client.grant_types = {"authorization_code"};
  client.created = now();
  ASSERT_TRUE(core->store->add_client(client));
  auto with = claims();
  with["iss"] = with["sub"] = "by-url";
  const Parameters form =
      Parameters::parse(ServerTest::form({{"client_assertion_type", std::string(jwt_assertion_type)},
                                          {"client_assertion", sign_claims(key, with, "JWT")}}))
          .value();
  const auto checked = check_client_assertion(*core, form, "192.0.2.1", now());
  ASSERT_TRUE(checked) << checked.error().reason;
  EXPECT_EQ(checked->client.client_id, "by-url");
  EXPECT_EQ(checked->used, ClientMethod::private_key_jwt);
  EXPECT_EQ(server.connections(), 1);
}

}  // namespace
}  // namespace leanmcp::as
