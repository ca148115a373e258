#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/dpop.hpp>
#include <leanmcp/crypto/jws.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/oauth/server/server_test_support.hpp>

// Who asks, and with which proof of a key: what the token endpoint makes sure of before any grant.
namespace leanmcp::as {
namespace {

namespace json = boost::json;
using std::chrono::hours;
using std::chrono::seconds;

const std::string machine_grant = "client_credentials";

class TokenClientTest : public ServerTest {
 protected:
  void SetUp() override {
    options.client(
        ConfiguredClient("odd:id%").secret(Secret("s:e%c r+t&=\xc3\xa4 long enough")).grant_type("client_credentials"));
    options.client(
        ConfiguredClient("poster").secret(Secret(test_secret), ClientMethod::post).grant_type("client_credentials"));
    options.client(ConfiguredClient("bound").secret(Secret(test_secret)).grant_type("client_credentials").dpop_bound());
    start();
  }
  Answer ask(Pairs more, HttpFields headers) {
    core->limits = std::make_unique<RateLimits>(options.limits_);
    Pairs pairs{{"grant_type", machine_grant}};
    for (auto& pair : more) pairs.push_back(std::move(pair));
    return token(pairs, std::move(headers));
  }
};

TEST_F(TokenClientTest, Attack36_Rfc6749Section2_3_1_ATokenIsNoClientId) {
  const Answer good = ask({}, {basic("machine", test_secret)});
  ASSERT_EQ(good.status, 200) << good.body;
  const std::string access_token = member(good, "access_token");
  for (const std::string& id : {"mcp_" + access_token, access_token}) {
    const Answer answer = ask({{"client_id", id}}, {});
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(error_of(answer), "invalid_client");
    EXPECT_EQ(error_of(ask({}, {basic(id, test_secret)})), "invalid_client");
  }
  // A token that was sent in its place is in no log.
  EXPECT_EQ(logged().find(access_token), std::string::npos);
}

TEST_F(TokenClientTest, Attack37_Rfc9068Section4_OtherTokensAreNoAccessTokens) {
  const std::string id_token = sign_id_token(*core, "github:1", "machine", "", "x", now(), now());
  EXPECT_FALSE(live_access_token(*core, id_token, now()).value());
  const SigningKey key = SigningKey::generate(JwsAlgorithm::es256);
  const json::object registration{{"iss", test_issuer},
                                  {"sub", "machine"},
                                  {"aud", test_resource},
                                  {"jti", "x"},
                                  {"exp", unix_seconds(now()) + 60}};
  EXPECT_FALSE(live_access_token(*core, sign_claims(key, registration, "at+jwt"), now()).value());
  Request request(HttpMethod::get, "/userinfo");
  request.headers = {{"authorization", "Bearer " + id_token}};
  EXPECT_EQ(answer_userinfo(*core, request, now()).status, 401);
}

TEST_F(TokenClientTest, Attack40_Rfc6749Section2_3_OneWayOnly) {
  const Answer both = ask({{"client_secret", test_secret}}, {basic("machine", test_secret)});
  EXPECT_EQ(both.status, 400);
  EXPECT_EQ(error_of(both), "invalid_request");
  EXPECT_EQ(error_of(ask({{"client_id", "poster"}, {"client_secret", test_secret}}, {basic("machine", test_secret)})),
            "invalid_request");
  EXPECT_EQ(error_of(ask({{"client_id", "poster"}}, {basic("machine", test_secret)})), "invalid_request");
  EXPECT_EQ(error_of(ask({}, {basic("machine", test_secret), basic("machine", test_secret)})), "invalid_request");
}

TEST_F(TokenClientTest, Attack40_Rfc6749Section2_3_1_TheRegisteredWayOnly) {
  const Answer wrong = ask({}, {basic("poster", test_secret)});
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(error_of(wrong), "invalid_client");
  EXPECT_NE(header(wrong, "WWW-Authenticate").find("Basic"), std::string::npos);
  EXPECT_EQ(error_of(ask({{"client_id", "machine"}, {"client_secret", test_secret}}, {})), "invalid_client");
  EXPECT_EQ(error_of(ask({{"client_id", "machine"}}, {})), "invalid_client");
  EXPECT_EQ(error_of(ask({}, {})), "invalid_client");
  EXPECT_EQ(ask({{"client_id", "poster"}, {"client_secret", test_secret}}, {}).status, 200);
}

TEST_F(TokenClientTest, Attack40_Rfc6749Section2_3_1_FormEncodedCredentials) {
  const std::string id = "odd%3Aid%25";
  EXPECT_EQ(ask({}, {basic(id, "s%3Ae%25c+r%2Bt%26%3D%C3%A4+long+enough")}).status, 200);
  EXPECT_EQ(ask({}, {basic(id, "s%3Ae%25c%20r%2Bt%26%3D%C3%A4%20long%20enough")}).status, 200);
  EXPECT_EQ(error_of(ask({}, {basic(id, "s:e%c r+t")})), "invalid_client");
  EXPECT_EQ(error_of(ask({}, {basic(id, "s%3Ae%25c+r+t%26%3D%C3%A4+long+enough")})), "invalid_client");
  for (const char* const value : {"Basic", "Basic ", "Basic x", "Basic !!!", "Basic bm9jb2xvbg==", "basic Og=="})
    EXPECT_EQ(error_of(ask({}, {{"authorization", value}})), "invalid_client") << value;
}

TEST_F(TokenClientTest, Attack40_GuessingEnds) {
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(token({{"grant_type", machine_grant}}, {basic("machine", "guess-" + std::to_string(i))}).status, 401);
  const Answer answer = token({{"grant_type", machine_grant}}, {basic("machine", "guess-10")});
  EXPECT_EQ(answer.status, 429);
  EXPECT_FALSE(header(answer, "Retry-After").empty());
  advance(seconds(61));
  EXPECT_EQ(token({{"grant_type", machine_grant}}, {basic("machine", "guess-11")}).status, 401);
}

TEST_F(TokenClientTest, AttackStrangersAtTheSameAddressStopNobody) {
  // As behind a proxy that is not named (client_address_from): everybody has its address.
  for (int i = 0; i < 20; ++i) {
    (void)token({{"grant_type", machine_grant}}, {basic("nobody", "guess")});
    (void)answer_introspect(*core, post_form("/introspect", {{"token", "x"}}, {basic("nobody", "guess")}), now());
  }
  EXPECT_EQ(token({{"grant_type", machine_grant}}, {basic("nobody", "guess")}).status, 429);
  EXPECT_EQ(
      answer_introspect(*core, post_form("/introspect", {{"token", "x"}}, {basic("nobody", "guess")}), now()).status,
      429);
  const HttpFields machine{basic("machine", test_secret)};
  EXPECT_EQ(token({{"grant_type", machine_grant}}, machine).status, 200);
  EXPECT_EQ(answer_revoke(*core, post_form("/revoke", {{"token", "x"}}, machine), now()).status, 200);
  const HttpFields api{basic("api-server", "secret-of-the-api-server-0123456")};
  EXPECT_EQ(answer_introspect(*core, post_form("/introspect", {{"token", "x"}}, api), now()).status, 200);
}

TEST_F(TokenClientTest, Attack44_Rfc6749Section5_1_NeverStoredAndFormsOnly) {
  const Answer good = ask({}, {basic("machine", test_secret)});
  EXPECT_EQ(header(good, "Cache-Control"), "no-store");
  EXPECT_EQ(header(good, "Pragma"), "no-cache");
  EXPECT_EQ(good.content_type, "application/json");
  Request request = post_json("/token", R"({"grant_type":"client_credentials"})", {basic("machine", test_secret)});
  const Answer answer = answer_token(*core, request, now());
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(error_of(answer), "invalid_request");
  EXPECT_EQ(header(answer, "Cache-Control"), "no-store");
  request.headers.pop_back();
  EXPECT_EQ(answer_token(*core, request, now()).status, 400);
}

class TokenDpopTest : public TokenClientTest {
 protected:
  std::string url() const { return std::string(test_issuer) + "/token"; }
  json::object claims(const char* id) const {
    return {{"jti", id}, {"htm", "POST"}, {"htu", url()}, {"iat", unix_seconds(now())}};
  }
  std::string proof(const json::object& with, std::string_view type = "dpop+jwt") const {
    return key.sign_with_key(json::serialize(with), type);
  }
  Answer with_proofs(const std::vector<std::string>& proofs, const std::string& id = "machine") {
    HttpFields headers{basic(id, test_secret)};
    for (const std::string& one : proofs) headers.emplace_back("dpop", one);
    return ask({}, std::move(headers));
  }
  void expect_refused(const std::string& what, const std::vector<std::string>& proofs) {
    const Answer answer = with_proofs(proofs);
    EXPECT_EQ(answer.status, 400) << what;
    EXPECT_EQ(error_of(answer), "invalid_dpop_proof") << what;
  }
  SigningKey key = SigningKey::generate(JwsAlgorithm::es256);
};

TEST_F(TokenDpopTest, Rfc9449Section5_ABoundToken) {
  const Answer answer = with_proofs({proof(claims("1"))});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(member(answer, "token_type"), "DPoP");
  const auto token = claims_of(member(answer, "access_token"));
  EXPECT_EQ(token.at("cnf"), (json::object{{"jkt", key.thumbprint()}}));
}

TEST_F(TokenDpopTest, Attack45_Rfc9449Section4_3_WrongProofs) {
  const auto with = [&](const char* name, const json::value& value) {
    auto changed = claims("wrong");
    changed[name] = value;
    return proof(changed);
  };
  for (const char* const target :
       {"https://as.example/authorize", "http://as.example/token", "https://evil.example/token", "https://as.example",
        "https://as.example:8443/token", "https://as.example/token/", "token", ""})
    expect_refused(target, {with("htu", target)});
  for (const json::value& method : {json::value("GET"), json::value("post"), json::value(""), json::value(1)})
    expect_refused(json::serialize(method), {with("htm", method)});
  for (const std::int64_t off : {-301, 301, -100'000, 100'000})
    expect_refused("iat " + std::to_string(off), {with("iat", unix_seconds(now()) + off)});
  for (const json::value& odd : {json::value("x"), json::value(nullptr), json::value(json::array{})})
    expect_refused("iat", {with("iat", odd)});
  for (const json::value& id : {json::value(""), json::value(7), json::value(std::string(300, 'x'))})
    expect_refused("jti", {with("jti", id)});
  expect_refused("type", {proof(claims("t"), "jwt")});
  expect_refused("no jwk", {key.sign(json::serialize(claims("k")), "dpop+jwt")});
  for (const char* const text : {"x", "a.b.c", ""}) {
    if (*text) expect_refused(text, {text});
  }
  const std::string good = proof(claims("flip"));
  const std::string flipped =
      good.substr(0, good.size() - 4) + (good[good.size() - 4] == 'A' ? "B" : "A") + good.substr(good.size() - 3);
  expect_refused("signature", {flipped});
}

TEST_F(TokenDpopTest, Attack45_Rfc9449Section4_3_PrivateAndSymmetricKeys) {
  const auto headed = [&](const std::string& algorithm, const std::string& jwk) {
    return R"({"typ":"dpop+jwt","alg":")" + algorithm + R"(","jwk":)" + jwk + "}";
  };
  const std::string payload = json::serialize(claims("private"));
  expect_refused("private", {sign_jws(headed("ES256", std::string(key.private_jwk().reveal())), payload, key)});
  const auto hmac = SymmetricKey::from_bytes(Secret(std::string(32, 'k')));
  ASSERT_TRUE(hmac);
  const std::string oct = R"({"kty":"oct","k":")" + base64url_encode(std::string(32, 'k')) + "\"}";
  expect_refused("HS256", {sign_jws(headed("HS256", oct), payload, *hmac, JwsAlgorithm::hs256)});
  const std::string none = base64url_encode(headed("none", key.public_jwk())) + "." + base64url_encode(payload) + ".";
  expect_refused("none", {none});
}

TEST_F(TokenDpopTest, Attack45_Rfc9449Section11_1_Replay) {
  const std::string used = proof(claims("once"));
  EXPECT_EQ(with_proofs({used}).status, 200);
  expect_refused("again", {used});
  expect_refused("the same id", {proof(claims("once"))});
  // Another key's ids are its own.
  const SigningKey other = SigningKey::generate(JwsAlgorithm::es256);
  EXPECT_EQ(with_proofs({other.sign_with_key(json::serialize(claims("once")), "dpop+jwt")}).status, 200);
  // Another instance knows it too, for as long as any clock takes the proof.
  auto instance = make_core(options, core->store->database());
  ASSERT_TRUE(instance);
  core = std::move(*instance);
  auto ahead = claims("ahead");
  ahead["iat"] = unix_seconds(now()) + 299;
  const std::string early = proof(ahead);
  EXPECT_EQ(with_proofs({early}).status, 200);
  advance(seconds(598));
  ASSERT_TRUE(core->store->sweep(now()));
  expect_refused("still good by its time", {early});
}

TEST_F(TokenDpopTest, Attack45_Rfc9449Section4_3_TwoHeaders) {
  expect_refused("two", {proof(claims("a")), proof(claims("b"))});
}

TEST_F(TokenDpopTest, Rfc9449Section5_2_ClientsThatAreBound) {
  const Answer without = with_proofs({}, "bound");
  EXPECT_EQ(without.status, 400);
  EXPECT_EQ(error_of(without), "invalid_dpop_proof");
  EXPECT_EQ(with_proofs({proof(claims("1"))}, "bound").status, 200);
}

TEST_F(TokenDpopTest, Rfc9449Section8_Nonces) {
  options.dpop_nonces();
  start();
  const Answer first = with_proofs({proof(claims("1"))});
  EXPECT_EQ(first.status, 400);
  EXPECT_EQ(error_of(first), "use_dpop_nonce");
  const std::string nonce = header(first, "DPoP-Nonce");
  ASSERT_FALSE(nonce.empty());
  auto with = claims("2");
  with["nonce"] = nonce;
  const Answer second = with_proofs({proof(with)});
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_FALSE(header(second, "DPoP-Nonce").empty());
  auto wrong = claims("3");
  wrong["nonce"] = nonce + "x";
  EXPECT_EQ(error_of(with_proofs({proof(wrong)})), "use_dpop_nonce");
  advance(hours(1));
  auto late = claims("4");
  late["nonce"] = nonce;
  EXPECT_EQ(error_of(with_proofs({proof(late)})), "use_dpop_nonce");
}

TEST_F(TokenDpopTest, Attack46_Rfc9449Section5_RefreshTokenOfAnotherKey) {
  ClientRecord client;
  client.client_id = "app", client.grant_types = {"authorization_code", "refresh_token"};
  client.redirect_uris = {"http://127.0.0.1/cb"}, client.created = now();
  ASSERT_TRUE(core->store->add_client(client));
  GrantRecord grant;
  grant.grant_id = "g1", grant.subject = "github:1", grant.client_id = "app", grant.scope = "read";
  grant.resource = test_resource, grant.created = now(), grant.expires = now() + hours(1);
  const std::string verifier(43, 'v');
  CodeRecord code;
  code.code_digest = digest_of("the-code"), code.grant_id = "g1", code.client_id = "app", code.scope = "read";
  code.redirect_uri = "http://127.0.0.1/cb", code.resource = test_resource;
  code.challenge = base64url_encode(sha256(verifier)), code.expires = now() + seconds(60);
  ASSERT_TRUE(core->store->add_grant(grant, code));
  const auto redeemed = token({{"grant_type", "authorization_code"},
                               {"code", "the-code"},
                               {"client_id", "app"},
                               {"code_verifier", verifier},
                               {"redirect_uri", "http://127.0.0.1/cb"}},
                              {{"dpop", proof(claims("c"))}});
  ASSERT_EQ(redeemed.status, 200) << redeemed.body << logged();
  const std::string refresh = member(redeemed, "refresh_token");
  ASSERT_FALSE(refresh.empty());
  const Pairs pairs{{"grant_type", "refresh_token"}, {"refresh_token", refresh}, {"client_id", "app"}};
  EXPECT_EQ(error_of(token(pairs)), "invalid_grant");
  const SigningKey thief = SigningKey::generate(JwsAlgorithm::es256);
  EXPECT_EQ(error_of(token(pairs, {{"dpop", thief.sign_with_key(json::serialize(claims("t")), "dpop+jwt")}})),
            "invalid_grant");
  // It is still the owner's.
  const Answer answer = token(pairs, {{"dpop", proof(claims("r"))}});
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(member(answer, "token_type"), "DPoP");
}

}  // namespace
}  // namespace leanmcp::as
