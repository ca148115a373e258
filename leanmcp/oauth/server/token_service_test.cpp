#include <leanmcp/oauth/server/core_test_support.hpp>
#include <leanmcp/oauth/server/endpoints.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>

// Client credentials, scopes, revocation, introspection, userinfo.
namespace leanmcp::as {
namespace {

using namespace std::chrono_literals;

class TokenService : public CoreTest {
 protected:
  void SetUp() override {
    CoreTest::SetUp();
    add_client("c1");
    add_client("c2");
  }
  Answer machine(FormParameters form = {}) {
    form.emplace_back("grant_type", "client_credentials");
    return token(form, {{"authorization", basic("machine", machine_secret)}});
  }
  Answer ask(std::string path, const FormParameters& form, const HttpFields& headers = {}) {
    Request request = form_request(std::move(path), form);
    request.headers.insert(request.headers.end(), headers.begin(), headers.end());
    return answer_request(*core_, request, now());
  }
  Answer introspect(const std::string& token_text, const std::string& id = "api",
                    const std::string& secret = "introspection-secret") {
    return ask("/introspect", {{"token", token_text}}, {{"authorization", basic(id, secret)}});
  }
  Answer revoke(const std::string& client_id, const std::string& token_text) {
    return ask("/revoke", {{"token", token_text}, {"client_id", client_id}});
  }
  Answer userinfo(const HttpFields& headers) {
    Request request(HttpMethod::get, "/userinfo");
    request.headers = headers;
    return answer_request(*core_, request, now());
  }
};

TEST_F(TokenService, Rfc6749Section4_4_ClientCredentials) {
  const Answer answer = machine();
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_FALSE(object(answer.body).contains("refresh_token"));
  const auto said = claims(member(answer.body, "access_token"));
  EXPECT_EQ(said.at("sub").as_string(), "machine");
  EXPECT_EQ(said.at("client_id").as_string(), "machine");
  EXPECT_EQ(said.at("aud").as_string(), resource);
  EXPECT_EQ(said.at("scope").as_string(), "read");
  EXPECT_FALSE(said.contains("fam"));
  EXPECT_EQ(claims(member(machine({{"resource", other_resource}}).body, "access_token")).at("aud").as_string(),
            other_resource);
}

TEST_F(TokenService, Rfc6749Section4_4_NotForPublicOrRegisteredClients) {
  EXPECT_EQ(error_of(token({{"grant_type", "client_credentials"}, {"client_id", "c1"}})), "unauthorized_client");
  ClientRecord greedy = add_client("greedy", ClientMethod::basic, "a-long-enough-secret");
  greedy.grant_types.push_back("client_credentials");
  ASSERT_TRUE(core_->store->put_client(greedy));
  EXPECT_EQ(error_of(token({{"grant_type", "client_credentials"}},
                           {{"authorization", basic("greedy", "a-long-enough-secret")}})),
            "unauthorized_client");
}

TEST_F(TokenService, Rfc6749Section3_3_AScopeThatIsNotOffered_Attack26) {
  for (const char* const scope : {"admin", "read admin", "write", "openid", "READ"})
    EXPECT_EQ(error_of(machine({{"scope", scope}})), "invalid_scope") << scope;
  EXPECT_EQ(
      claims(member(machine({{"scope", "read  read offline_access"}}).body, "access_token")).at("scope").as_string(),
      "read");
  const ClientRecord client = add_client("c3");
  const ProtectedApi& api = core_->options.apis_[0];
  EXPECT_EQ(grant_scope(*core_, client, api, "admin").error().error, "invalid_scope");
  EXPECT_EQ(*grant_scope(*core_, client, api, ""), "read");
  EXPECT_EQ(*grant_scope(*core_, client, api, "offline_access"), "read");
  EXPECT_EQ(*grant_scope(*core_, client, api, "openid write read"), "read write openid");
}

TEST_F(TokenService, Rfc8707Section2_AnotherResource_Attack25) {
  EXPECT_EQ(error_of(machine({{"resource", "https://evil.example"}})), "invalid_target");
  EXPECT_EQ(error_of(machine({{"resource", std::string(resource) + "/"}})), "invalid_target");
  EXPECT_EQ(error_of(machine({{"resource", "https://API.example/mcp"}})), "invalid_target");
}

TEST_F(TokenService, Rfc3986Section6_2_3_AnOriginWithAndWithoutItsSlashIsOneResource) {
  core_->options.apis_.emplace_back("https://root.example");
  ASSERT_TRUE(core_->api("https://root.example/"));
  EXPECT_EQ(core_->api("https://root.example/")->resource, "https://root.example");
  EXPECT_FALSE(core_->api("https://root.example/x"));
  EXPECT_FALSE(core_->api("https://root.example//"));
}

TEST_F(TokenService, Rfc6749Section3_2_MalformedTokenRequests) {
  EXPECT_EQ(error_of(token({})), "invalid_request");
  EXPECT_EQ(error_of(token({{"grant_type", "password"}})), "unsupported_grant_type");
  EXPECT_EQ(error_of(token({{"grant_type", "refresh_token"}, {"client_id", "c1"}})), "invalid_request");
  EXPECT_EQ(error_of(token({{"grant_type", "authorization_code"}, {"client_id", "c1"}})), "invalid_request");
  FormParameters twice = refresh_form("c1", "x");
  twice.emplace_back("client_id", "c1");
  EXPECT_EQ(error_of(token(twice)), "invalid_request");
  EXPECT_EQ(error_of(token({{"grant_type", "refresh_token"}, {"a[]", "x"}})), "invalid_request");
  EXPECT_EQ(error_of(token({{"grant_type", "refresh_token"}, {"a", "\xff"}})), "invalid_request");
  EXPECT_EQ(error_of(token({{"grant_type", std::string(33 * 1024, 'x')}})), "invalid_request");
  Request broken = form_request("/token", {});
  broken.body = "grant_type=%g1";
  EXPECT_EQ(error_of(answer_token(*core_, broken, now())), "invalid_request");
  EXPECT_EQ(answer_request(*core_, Request(HttpMethod::get, "/token"), now()).status, 405);
  EXPECT_EQ(answer_request(*core_, Request(HttpMethod::get, "/nothing"), now()).status, 404);
}

TEST_F(TokenService, TokensAreCountedByClientAndOfPublicOnesByAddressToo) {
  OAuthServerOptions::Limits limits;
  limits.token_per_client = 2;
  core_->limits = std::make_unique<RateLimits>(limits);
  const auto from = [&](const char* address, const FormParameters& form, const HttpFields& headers = {}) {
    Request request = form_request("/token", form);
    request.headers.insert(request.headers.end(), headers.begin(), headers.end());
    request.peer = address;
    return answer_token(*core_, request, now());
  };
  const HttpFields login{{"authorization", basic("machine", machine_secret)}};
  const FormParameters credentials{{"grant_type", "client_credentials"}};
  EXPECT_EQ(from("192.0.2.1", credentials, login).status, 200);
  EXPECT_EQ(from("192.0.2.2", credentials, login).status, 200);
  const Answer over = from("192.0.2.3", credentials, login);
  EXPECT_EQ(over.status, 429);
  EXPECT_NE(header(over, "Retry-After"), "");
  // Many people may have the same app.
  for (const char* const address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
    for (int i = 0; i < 2; ++i) EXPECT_EQ(from(address, refresh_form("c1", "unknown")).status, 400);
  EXPECT_EQ(from("192.0.2.3", refresh_form("c1", "unknown")).status, 429);
  clock_->advance(60s);
  EXPECT_EQ(from("192.0.2.3", refresh_form("c1", "unknown")).status, 400);
}

TEST_F(TokenService, Rfc7009Section2_ARefreshTokenTakesItsFamilyAlong) {
  const auto [access_token, refresh_token] = sign_in("c1");
  const std::string grant_id(claims(access_token).at("fam").as_string());
  ASSERT_TRUE(core_->vault->put(grant_id, "github", Secret("upstream"), now()));
  const Answer answer = revoke("c1", refresh_token);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_FALSE(live(access_token));
  EXPECT_EQ(error_of(token(refresh_form("c1", refresh_token))), "invalid_grant");
  EXPECT_TRUE(core_->vault->services(grant_id)->empty());
}

TEST_F(TokenService, Rfc7009Section2_AnAccessTokenAlone) {
  const auto [access_token, refresh_token] = sign_in("c1");
  EXPECT_EQ(revoke("c1", access_token).status, 200);
  EXPECT_FALSE(live(access_token));
  EXPECT_EQ(token(refresh_form("c1", refresh_token)).status, 200);
}

TEST_F(TokenService, Rfc7009Section2_1_AnotherClientsTokenStaysGood_Attack54) {
  const auto [access_token, refresh_token] = sign_in("c1");
  EXPECT_EQ(revoke("c2", refresh_token).status, 200);
  EXPECT_EQ(revoke("c2", access_token).status, 200);
  EXPECT_TRUE(live(access_token));
  EXPECT_EQ(token(refresh_form("c1", refresh_token)).status, 200);
  EXPECT_EQ(revoke("c1", "unknown").status, 200);
  EXPECT_EQ(revoke("nobody", refresh_token).status, 401);
  EXPECT_EQ(error_of(ask("/revoke", {{"client_id", "c1"}})), "invalid_request");
}

TEST_F(TokenService, Rfc7662Section2_2_ALiveToken) {
  const auto [access_token, refresh_token] = sign_in("c1");
  const Answer answer = introspect(access_token);
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(header(answer, "Cache-Control"), "no-store");
  const auto said = object(answer.body);
  EXPECT_TRUE(said.at("active").as_bool());
  EXPECT_EQ(said.at("token_type").as_string(), "Bearer");
  EXPECT_EQ(said.at("sub").as_string(), "github:1");
  EXPECT_EQ(said.at("client_id").as_string(), "c1");
  EXPECT_EQ(said.at("scope").as_string(), "read");
  EXPECT_EQ(said.at("iss").as_string(), issuer);
  EXPECT_EQ(said.at("aud").as_string(), resource);
  EXPECT_EQ(said.at("auth_time").as_int64(), unix_seconds(now())) << "RFC 9470, section 6.2";
  EXPECT_FALSE(said.contains("fam"));
}

TEST_F(TokenService, Rfc7662Section2_2_WhateverIsNotLiveIsInactive) {
  const auto [access_token, refresh_token] = sign_in("c1");
  const std::string inactive = R"({"active":false})";
  EXPECT_EQ(introspect(refresh_token).body, inactive);
  EXPECT_EQ(introspect("junk").body, inactive);
  EXPECT_EQ(introspect(access_token.substr(0, access_token.size() - 4) + "AAAA").body, inactive);
  const SigningKey stranger = SigningKey::generate(JwsAlgorithm::es256);
  EXPECT_EQ(introspect(stranger.sign(json_text(claims(access_token)), "at+jwt")).body, inactive);
  // Our own key, but another kind of token.
  EXPECT_EQ(introspect(core_->keys->current(now()).sign(json_text(claims(access_token)), "JWT")).body, inactive);
  clock_->advance(606s);
  EXPECT_EQ(introspect(access_token).body, inactive);
}

TEST_F(TokenService, Rfc7662Section2_1_OnlyTheServersOwnTokens_Attack53) {
  const auto [access_token, refresh_token] = sign_in("c1");
  EXPECT_EQ(ask("/introspect", {{"token", access_token}}).status, 401);
  const Answer wrong = introspect(access_token, "api", "introspection-secret-2");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_NE(header(wrong, "WWW-Authenticate").find("Basic"), std::string::npos);
  EXPECT_EQ(introspect(access_token, "c1", "").status, 401);
  EXPECT_EQ(introspect(access_token, "machine", machine_secret).status, 401);
  EXPECT_EQ(introspect(access_token, "other-api", "introspection-secret-2").body, R"({"active":false})");
  EXPECT_EQ(
      ask("/introspect", {{"token", access_token}, {"client_id", "api"}, {"client_secret", "introspection-secret"}})
          .status,
      200);
  EXPECT_EQ(error_of(ask("/introspect",
                         {{"token", access_token}, {"client_id", "api"}, {"client_secret", "introspection-secret"}},
                         {{"authorization", basic("api", "introspection-secret")}})),
            "invalid_request");
}

TEST_F(TokenService, OidcCoreSection5_3_UserinfoSaysWhatTheScopesAllow) {
  const auto [access_token, refresh_token] = sign_in("c1", "read openid profile");
  const Answer answer = userinfo({{"authorization", "Bearer " + access_token}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(member(answer.body, "sub"), "github:1");
  EXPECT_EQ(member(answer.body, "name"), "Ann");
  EXPECT_FALSE(object(answer.body).contains("email"));
}

TEST_F(TokenService, Rfc6750Section3_UserinfoRefuses) {
  const auto [access_token, refresh_token] = sign_in("c1");
  const Answer narrow = userinfo({{"authorization", "Bearer " + access_token}});
  EXPECT_EQ(narrow.status, 403);
  EXPECT_NE(header(narrow, "WWW-Authenticate").find("insufficient_scope"), std::string::npos);
  const Answer nothing = userinfo({});
  EXPECT_EQ(nothing.status, 401);
  EXPECT_EQ(header(nothing, "WWW-Authenticate"), "Bearer realm=\"userinfo\"");
  const Answer code_answer = token(code_form("c1", issue_code("c1", "read openid")));
  // An ID token is no access token; a refresh token even less.
  for (const char* const name : {"id_token", "refresh_token"})
    EXPECT_EQ(userinfo({{"authorization", "Bearer " + member(code_answer.body, name)}}).status, 401);
  const std::string open_token = member(code_answer.body, "access_token");
  EXPECT_EQ(userinfo({{"authorization", "Bearer " + open_token}}).status, 200);
  // A bearer token is not better with a proof, and a bound one is none without.
  EXPECT_EQ(userinfo({{"authorization", "DPoP " + open_token}}).status, 401);
}

TEST_F(TokenService, Rfc9449Section7_UserinfoWithABoundToken) {
  const SigningKey key = SigningKey::generate(JwsAlgorithm::es256);
  const SigningKey thief = SigningKey::generate(JwsAlgorithm::es256);
  const Answer first = token(code_form("c1", issue_code("c1", "read openid")), proof(key, "/token"));
  const std::string access_token = member(first.body, "access_token");
  const auto with_proof = [&](const SigningKey& signer, const std::string& token_in_proof) {
    const std::string url = core_->url("/userinfo");
    DpopRequest wanted("GET", url);
    wanted.access_token = token_in_proof;
    return userinfo({{"authorization", "DPoP " + access_token}, {"dpop", make_dpop_proof(signer, wanted, now())}});
  };
  EXPECT_EQ(with_proof(key, access_token).status, 200);
  EXPECT_EQ(with_proof(thief, access_token).status, 401);
  EXPECT_EQ(with_proof(key, "").status, 401);
  EXPECT_EQ(userinfo({{"authorization", "DPoP " + access_token}}).status, 401);
  EXPECT_EQ(userinfo({{"authorization", "Bearer " + access_token}}).status, 401);
}

TEST_F(TokenService, Rfc9068Section4_AKeyThatAnotherInstanceJustMadeIsFound) {
  auto other = std::make_unique<SigningKeys>(*core_->store, ring_, JwsAlgorithm::es256, KeySchedule());
  ASSERT_TRUE(other->keep(now()));
  clock_->advance(10s);
  ASSERT_TRUE(other->replace(now()));
  ASSERT_TRUE(other->keep(now()));
  const auto [access_token, refresh_token] = sign_in("c1");
  const std::string signed_there = other->current(now()).sign(json_text(claims(access_token)), "at+jwt");
  EXPECT_TRUE(live(signed_there));
}

}  // namespace
}  // namespace leanmcp::as
