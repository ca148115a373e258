#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/oauth/server/remote_test_support.hpp>
#include <leanmcp/oauth/server/server_test_support.hpp>

#include <leanmcp/crypto/dpop.hpp>

namespace leanmcp::as {
namespace {

namespace json = boost::json;
using leanmcp::detail::ScriptedServer;
using Kind = TrustedIssuer::Kind;

constexpr const char* idp = "https://idp.example";
constexpr const char* platform = "https://platform.example";
constexpr const char* jwt_bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

class AssertionTest : public ServerTest {
 protected:
  void SetUp() override {
    server = std::make_unique<ScriptedServer>([this](const std::string&) { return http_answer(200, jwks_of(key)); });
    configure();
    start();
  }
  void TearDown() override { server.reset(); }
  virtual void configure() {
    options.trust(TrustedIssuer(Kind::id_jag, idp, server->url("/jwks"), {"ES256"}).same_people_as("okta"));
  }

  json::object claims() const {
    return {{"iss", idp},
            {"sub", "person-1"},
            {"aud", test_issuer},
            {"client_id", "machine"},
            {"resource", test_resource},
            {"scope", "read write"},
            {"jti", "id-" + std::to_string(++count)},
            {"iat", unix_seconds(now())},
            {"exp", unix_seconds(now()) + 300}};
  }
  Answer present(const std::string& assertion, Pairs more = {}, HttpFields headers = {}) {
    core->limits = std::make_unique<RateLimits>(options.limits_);
    Pairs pairs{{"grant_type", jwt_bearer}, {"assertion", assertion}};
    for (auto& pair : more) pairs.push_back(std::move(pair));
    headers.push_back(basic("machine", test_secret));
    return token(pairs, std::move(headers));
  }
  Answer present(const json::object& with, Pairs more = {}, HttpFields headers = {}) {
    return present(sign_claims(key, with, "oauth-id-jag+jwt"), std::move(more), std::move(headers));
  }
  Answer changed(const char* name, const json::value& value) {
    auto with = claims();
    with[name] = value;
    return present(with);
  }

  SigningKey key = SigningKey::generate(JwsAlgorithm::es256);
  std::unique_ptr<ScriptedServer> server;
  mutable int count = 0;
};

TEST_F(AssertionTest, IdJagSection4_4_AGoodOne) {
  const Answer answer = present(claims());
  ASSERT_EQ(answer.status, 200) << answer.body << logged();
  EXPECT_EQ(header(answer, "Cache-Control"), "no-store");
  EXPECT_FALSE(json_of(answer).contains("refresh_token"));
  EXPECT_EQ(member(answer, "token_type"), "Bearer");
  EXPECT_EQ(member(answer, "scope"), "read write");
  const auto token = claims_of(member(answer, "access_token"));
  EXPECT_EQ(token.at("sub"), "okta:person-1");
  EXPECT_EQ(token.at("aud"), test_resource);
  EXPECT_EQ(token.at("client_id"), "machine");
  EXPECT_EQ(token.at("iss"), test_issuer);
}

TEST_F(AssertionTest, IdJagSection4_4_AudienceOfOne) {
  EXPECT_EQ(changed("aud", json::array{test_issuer}).status, 200);
  for (const json::value& audience : {json::value(json::array{test_issuer, idp}), json::value(json::array{}),
                                      json::value("https://other.example"), json::value(std::string(test_issuer) + "/"),
                                      json::value(json::array(1, json::value(json::array{test_issuer})))})
    EXPECT_EQ(error_of(changed("aud", audience)), "invalid_grant") << json::serialize(audience);
}

TEST_F(AssertionTest, IdJagSection4_4_MayBePresentedAgain) {
  const std::string assertion = sign_claims(key, claims(), "oauth-id-jag+jwt");
  EXPECT_EQ(present(assertion).status, 200);
  EXPECT_EQ(present(assertion).status, 200);
}

TEST_F(AssertionTest, Attack42_IdJag_WrongBindings) {
  EXPECT_EQ(error_of(present(sign_claims(key, claims(), "JWT"))), "invalid_grant");
  EXPECT_EQ(error_of(present(sign_claims(key, claims(), ""))), "invalid_grant");
  EXPECT_EQ(error_of(present(sign_claims(key, claims(), "at+jwt"))), "invalid_grant");
  const std::pair<const char*, json::value> cases[] = {{"client_id", "other"},
                                                       {"client_id", ""},
                                                       {"client_id", json::array{"machine"}},
                                                       {"client_id", nullptr},
                                                       {"resource", "https://x/"},
                                                       {"resource", json::array{test_resource}},
                                                       {"resource", ""},
                                                       {"iss", "https://evil"},
                                                       {"iss", "https://idp.example/"},
                                                       {"iss", json::array{}},
                                                       {"sub", ""},
                                                       {"sub", 7},
                                                       {"jti", json::array{}},
                                                       {"jti", json::object{}},
                                                       {"jti", ""},
                                                       {"jti", nullptr},
                                                       {"exp", "soon"},
                                                       {"exp", 1e300},
                                                       {"iat", "now"},
                                                       {"iat", json::array{1}},
                                                       {"scope", json::array{"read"}},
                                                       {"cnf", "x"},
                                                       {"exp", unix_seconds(now()) + 301},
                                                       {"exp", unix_seconds(now()) - 31},
                                                       {"iat", unix_seconds(now()) + 31}};
  for (const auto& [name, value] : cases) {
    const Answer answer = changed(name, value);
    EXPECT_EQ(answer.status, 400) << name << json::serialize(value);
    EXPECT_EQ(error_of(answer), "invalid_grant") << name << json::serialize(value);
    EXPECT_EQ(member(answer, "error_description"), "The assertion is not good for this request.") << name;
  }
  for (const char* const name : {"iss", "sub", "aud", "client_id", "resource", "jti", "iat", "exp"}) {
    auto without = claims();
    without.erase(name);
    EXPECT_EQ(error_of(present(without)), "invalid_grant") << name;
  }
  const SigningKey other = SigningKey::generate(JwsAlgorithm::es256);
  EXPECT_EQ(error_of(present(sign_claims(other, claims(), "oauth-id-jag+jwt"))), "invalid_grant");
  EXPECT_EQ(error_of(present(std::string("x"))), "invalid_grant");
  EXPECT_EQ(error_of(present(std::string("a.b.c"))), "invalid_grant");
  EXPECT_EQ(error_of(present(std::string())), "invalid_request");
}

TEST_F(AssertionTest, IdJagSection4_4_ScopeOnlyNarrows) {
  EXPECT_EQ(member(present(claims(), {{"scope", "read"}}), "scope"), "read");
  auto with = claims();
  with["scope"] = "read";
  EXPECT_EQ(error_of(present(with, {{"scope", "read write"}})), "invalid_scope");
  EXPECT_EQ(error_of(present(with, {{"scope", "admin"}})), "invalid_scope");
  with.erase("scope");
  EXPECT_EQ(member(present(with), "scope"), "read");
}

TEST_F(AssertionTest, Rfc8707Section2_TheRequestsResource) {
  EXPECT_EQ(present(claims(), {{"resource", test_resource}}).status, 200);
  EXPECT_EQ(error_of(present(claims(), {{"resource", "https://other.example/mcp"}})), "invalid_target");
  EXPECT_EQ(error_of(present(claims(), {{"resource", "https://x"}})), "invalid_target");
}

TEST_F(AssertionTest, IdJagSection4_4_BoundToAKey) {
  const SigningKey own = SigningKey::generate(JwsAlgorithm::es256);
  const SigningKey other = SigningKey::generate(JwsAlgorithm::es256);
  const std::string url = std::string(test_issuer) + "/token";
  const auto proof = [&](const SigningKey& by) {
    return HttpFields{{"dpop", make_dpop_proof(by, DpopRequest("POST", url), now())}};
  };
  auto with = claims();
  with["cnf"] = json::object{{"jkt", own.thumbprint()}};
  EXPECT_EQ(error_of(present(with)), "invalid_grant");
  EXPECT_EQ(error_of(present(with, {}, proof(other))), "invalid_grant");
  const Answer answer = present(with, {}, proof(own));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(member(answer, "token_type"), "DPoP");
  EXPECT_EQ(claims_of(member(answer, "access_token")).at("cnf"), (json::object{{"jkt", own.thumbprint()}}));
  with["cnf"] = json::object{{"x5t#S256", "x"}};
  EXPECT_EQ(error_of(present(with, {}, proof(own))), "invalid_grant");
}

TEST_F(AssertionTest, Attack43_Rfc6749Section5_2_NotForOtherClients) {
  const std::string assertion = sign_claims(key, claims(), "oauth-id-jag+jwt");
  const Answer registered =
      answer_register(*core, post_json("/register", R"({"redirect_uris":["https://app.example/cb"]})"), now());
  const auto by = [&](const std::string& id, const std::string& secret) {
    return token({{"grant_type", jwt_bearer}, {"assertion", assertion}}, {basic(id, secret)});
  };
  EXPECT_EQ(error_of(by(member(registered, "client_id"), member(registered, "client_secret"))), "unauthorized_client");
  EXPECT_EQ(error_of(by("machine", "wrong")), "invalid_client");
  // An ID-JAG says for whom it is, and proves nothing of who presents it.
  EXPECT_EQ(error_of(token({{"grant_type", jwt_bearer}, {"assertion", assertion}})), "invalid_client");
  EXPECT_EQ(error_of(token({{"grant_type", jwt_bearer}, {"assertion", assertion}, {"client_id", "machine"}})),
            "invalid_client");
}

class SingleUseTest : public AssertionTest {
  void configure() override {
    options.trust(TrustedIssuer(Kind::id_jag, idp, server->url("/jwks"), {"ES256"}).single_use());
  }
};

TEST_F(SingleUseTest, IdJagSection4_4_OnceAndOnlyForAGoodRequest) {
  const std::string assertion = sign_claims(key, claims(), "oauth-id-jag+jwt");
  // What fails for another reason does not use it up.
  EXPECT_EQ(error_of(present(assertion, {{"scope", "admin"}})), "invalid_scope");
  EXPECT_EQ(error_of(present(assertion, {{"resource", "https://x"}})), "invalid_target");
  const Answer answer = present(assertion);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(claims_of(member(answer, "access_token")).at("sub").as_string(), std::string(idp) + ":person-1");
  EXPECT_EQ(error_of(present(assertion)), "invalid_grant");
}

class OffTest : public AssertionTest {
  void configure() override {}
};

TEST_F(OffTest, Rfc7523Section2_1_OffWithoutTrustedIssuers) {
  EXPECT_EQ(error_of(present(claims())), "unsupported_grant_type");
}

TEST_F(OffTest, NothingIsWrittenForAStranger) {
  const SigningKey own = SigningKey::generate(JwsAlgorithm::es256);
  const std::string url = std::string(test_issuer) + "/token";
  for (int i = 0; i < 3; ++i) {
    const HttpFields proof{{"dpop", make_dpop_proof(own, DpopRequest("POST", url), now())}};
    EXPECT_EQ(error_of(token({{"grant_type", jwt_bearer}, {"assertion", "x"}}, proof)), "unsupported_grant_type");
  }
  EXPECT_EQ((*core->store->database().run("SELECT COUNT(*) FROM as_once"))[0].integer(0), 0);
}

class WorkloadTest : public AssertionTest {
 protected:
  void configure() override {
    options.trust(TrustedIssuer(Kind::workload, platform, server->url("/jwks"), {"ES256"})
                      .audience("https://sts.example")
                      .subject("system:job-1", "machine"));
  }
  json::object workload() const {
    return {{"iss", platform},
            {"sub", "system:job-1"},
            {"aud", json::array{"https://sts.example"}},
            {"iat", unix_seconds(now())},
            {"exp", unix_seconds(now()) + 3600}};
  }
  Answer bare(const json::object& with, Pairs more = {}) {
    Pairs pairs{{"grant_type", jwt_bearer}, {"assertion", sign_claims(key, with, "JWT")}};
    for (auto& pair : more) pairs.push_back(std::move(pair));
    return token(pairs);
  }
};

TEST_F(WorkloadTest, Rfc7523Section2_1_TheAssertionAlone) {
  const Answer answer = bare(workload(), {{"resource", test_resource}, {"scope", "read"}});
  ASSERT_EQ(answer.status, 200) << answer.body << logged();
  EXPECT_EQ(claims_of(member(answer, "access_token")).at("sub"), "machine");
  EXPECT_FALSE(json_of(answer).contains("refresh_token"));
  EXPECT_EQ(present(sign_claims(key, workload(), "JWT")).status, 200);
}

TEST_F(WorkloadTest, AssertionsAloneAreCountedByAddress) {
  for (int i = 0; i < 60; ++i) EXPECT_EQ(bare(workload()).status, 200) << i;
  const Answer over = bare(workload());
  EXPECT_EQ(over.status, 429);
  EXPECT_NE(header(over, "Retry-After"), "");
  EXPECT_EQ(present(sign_claims(key, workload(), "JWT")).status, 200) << "a client that proves itself counts apart";
  // Guessing ends sooner.
  core->limits = std::make_unique<RateLimits>(options.limits_);
  auto bad = workload();
  bad["sub"] = "system:job-2";
  for (int i = 0; i < 10; ++i) EXPECT_EQ(error_of(bare(bad)), "invalid_grant") << i;
  EXPECT_EQ(bare(bad).status, 429);
}

TEST_F(WorkloadTest, AnIssuerThatIsAwayIsNotTheWorkloadsFault) {
  server.reset();
  const Answer answer = bare(workload());
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(error_of(answer), "temporarily_unavailable");
}

TEST_F(WorkloadTest, Attack42_Workload_AudienceAndSubjects) {
  const std::pair<const char*, json::value> cases[] = {{"aud", test_issuer},
                                                       {"aud", json::array{"https://sts.example", "x"}},
                                                       {"sub", "system:job-2"},
                                                       {"sub", "system:job-1 "},
                                                       {"sub", ""},
                                                       {"iss", "https://evil.example"},
                                                       {"exp", unix_seconds(now()) - 31}};
  for (const auto& [name, value] : cases) {
    auto with = workload();
    with[name] = value;
    EXPECT_EQ(error_of(bare(with)), "invalid_grant") << name << json::serialize(value);
  }
  EXPECT_EQ(error_of(bare(workload(), {{"scope", "admin"}})), "invalid_scope");
  EXPECT_EQ(error_of(bare(workload(), {{"resource", "https://x"}})), "invalid_target");
  // Nothing passes for the other kind.
  EXPECT_EQ(
      error_of(token({{"grant_type", jwt_bearer}, {"assertion", sign_claims(key, workload(), "oauth-id-jag+jwt")}})),
      "invalid_grant");
}

}  // namespace
}  // namespace leanmcp::as
