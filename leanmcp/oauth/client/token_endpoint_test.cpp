#include <leanmcp/base/encoding.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/oauth/client/token_endpoint.hpp>

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <map>

namespace leanmcp::inline v0 {
namespace {

using std::chrono::seconds;
constexpr TimePoint now{std::chrono::milliseconds(1'800'000'000'000)};

AuthorizationServer token_server(std::optional<std::vector<std::string>> methods = std::nullopt) {
  AuthorizationServer out;
  out.issuer = "https://as.example";
  out.token_endpoint = "https://as.example/oauth/token";
  out.token_auth_methods = std::move(methods);
  return out;
}

HttpClient::Outcome token_answer(int status, std::string body, HttpFields headers = {}) {
  ClientResponse out;
  out.status = status;
  out.body = std::move(body);
  out.headers = std::move(headers);
  return out;
}

const std::string* header(const ClientRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return &value;
  return nullptr;
}

std::map<std::string, std::string> fields(const ClientRequest& request) {
  const auto form = decode_form(request.body);
  EXPECT_TRUE(form);
  std::map<std::string, std::string> out(form->begin(), form->end());
  EXPECT_EQ(out.size(), form->size()) << "a parameter is there twice: " << request.body;
  return out;
}

TEST(Rfc6749Section2_3_1, BasicFormEncodesIdAndSecret) {
  const OAuthClientIdentity identity("id:with colon", Secret("p%ss:word+&é"));
  const ClientRequest request =
      token_request(token_server(), identity, ClientAuthentication::basic, {{"grant_type", "x"}}, now);
  ASSERT_TRUE(header(request, "Authorization"));
  EXPECT_EQ(*header(request, "Authorization"), "Basic " + base64_encode("id%3Awith%20colon:p%25ss%3Aword%2B%26%C3%A9"));
  EXPECT_EQ(fields(request), (std::map<std::string, std::string>{{"grant_type", "x"}}));
  EXPECT_EQ(*header(request, "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://as.example/oauth/token");
}

TEST(Rfc6749Section2_3_1, BodyAndPublicClients) {
  const OAuthClientIdentity identity("id", Secret("s"));
  const ClientRequest post = token_request(token_server(), identity, ClientAuthentication::post, {}, now);
  EXPECT_FALSE(header(post, "Authorization"));
  EXPECT_EQ(fields(post), (std::map<std::string, std::string>{{"client_id", "id"}, {"client_secret", "s"}}));
  const ClientRequest none = token_request(token_server(), identity, ClientAuthentication::none, {}, now);
  EXPECT_EQ(fields(none), (std::map<std::string, std::string>{{"client_id", "id"}}));
  EXPECT_EQ(none.body.find("s="), std::string::npos);
}

TEST(Rfc7523Section3, AssertionIsForTheIssuerAlone) {
  OAuthClientIdentity identity("machine");
  identity.key = SigningKey::generate(JwsAlgorithm::es256);
  const auto request = fields(token_request(token_server(), identity, ClientAuthentication::private_key_jwt, {}, now));
  EXPECT_EQ(request.at("client_id"), "machine");
  EXPECT_EQ(request.at("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  const std::string& jwt = request.at("client_assertion");
  const std::size_t first = jwt.find('.');
  const std::size_t second = jwt.find('.', first + 1);
  const auto head = parse_known(base64url_decode(jwt.substr(0, first)).value()).as_object();
  EXPECT_EQ(head.at("typ"), "client-authentication+jwt");
  EXPECT_EQ(head.at("alg"), "ES256");
  EXPECT_EQ(head.at("kid"), json::string(identity.key->key_id()));
  const auto claims = parse_known(base64url_decode(jwt.substr(first + 1, second - first - 1)).value()).as_object();
  EXPECT_EQ(claims.at("iss"), "machine");
  EXPECT_EQ(claims.at("sub"), "machine");
  EXPECT_EQ(claims.at("aud"), "https://as.example") << "one string, the issuer, not the endpoint";
  EXPECT_EQ(claims.at("iat"), 1'800'000'000);
  EXPECT_LE(claims.at("exp").as_int64() - claims.at("iat").as_int64(), 300);
  const auto again = fields(token_request(token_server(), identity, ClientAuthentication::private_key_jwt, {}, now));
  const std::string& other = again.at("client_assertion");
  EXPECT_NE(jwt.substr(0, jwt.rfind('.')), other.substr(0, other.rfind('.'))) << "jti is new each time";
}

TEST(ChooseAuthentication, AgreedThenKeyThenBasicThenPostThenNone) {
  using Methods = std::vector<std::string>;
  OAuthClientIdentity with_secret("id", Secret("s"));
  EXPECT_EQ(*choose_authentication(with_secret, token_server()), ClientAuthentication::basic);
  EXPECT_EQ(*choose_authentication(with_secret, token_server(Methods{"client_secret_post", "client_secret_basic"})),
            ClientAuthentication::basic);
  EXPECT_EQ(*choose_authentication(with_secret, token_server(Methods{"client_secret_post"})),
            ClientAuthentication::post);
  EXPECT_EQ(*choose_authentication(with_secret, token_server(Methods{"none"})), ClientAuthentication::none);
  EXPECT_FALSE(choose_authentication(with_secret, token_server(Methods{"tls_client_auth"})));
  with_secret.method = ClientAuthentication::post;
  EXPECT_EQ(*choose_authentication(with_secret, token_server(Methods{"client_secret_post", "client_secret_basic"})),
            ClientAuthentication::post);
  EXPECT_EQ(*choose_authentication(with_secret, token_server()), ClientAuthentication::post);
  EXPECT_EQ(*choose_authentication(with_secret, token_server(Methods{"client_secret_basic"})),
            ClientAuthentication::basic);
  EXPECT_EQ(*choose_authentication(OAuthClientIdentity("id"), token_server(Methods{"client_secret_basic"})),
            ClientAuthentication::none);
  OAuthClientIdentity with_key("id");
  with_key.key = SigningKey::generate(JwsAlgorithm::es256);
  EXPECT_EQ(*choose_authentication(with_key, token_server()), ClientAuthentication::private_key_jwt);
  EXPECT_FALSE(choose_authentication(with_key, token_server(Methods{"client_secret_basic"})));
}

TEST(Rfc8414Section2, KeyOfAnAlgorithmThatIsNotListedIsNotUsed) {
  OAuthClientIdentity identity("id");
  identity.key = SigningKey::generate(JwsAlgorithm::es256);
  AuthorizationServer at = token_server(std::vector<std::string>{"private_key_jwt"});
  at.token_auth_algorithms = {"RS256", "PS256"};
  EXPECT_FALSE(choose_authentication(identity, at));
  at.token_auth_algorithms = {"RS256", "ES256"};
  EXPECT_EQ(*choose_authentication(identity, at), ClientAuthentication::private_key_jwt);
}

TEST(Rfc6749Section5_1, Tokens) {
  const auto tokens = read_token_response(
      token_answer(
          200, R"({"access_token":"a.b~c","token_type":"bearer","expires_in":3600,"refresh_token":"r","scope":"x y"})"),
      "asked", false, now);
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->access_token.reveal(), "a.b~c");
  EXPECT_EQ(tokens->refresh_token.reveal(), "r");
  EXPECT_EQ(tokens->scope, "x y");
  EXPECT_EQ(tokens->expires, now + seconds(3'600));
  EXPECT_EQ(tokens->renew_after, now + seconds(3'540));
  const auto bare =
      read_token_response(token_answer(200, R"({"access_token":"a","token_type":"BEARER"})"), "asked", false, now);
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->scope, "asked") << "what is not said is as it was asked for";
  EXPECT_FALSE(bare->expires);
}

TEST(EarlyRenewal, IsAMinuteOrAQuarterOfTheLifeBeforeTheEnd) {
  const auto renewed_after = [](const std::string& life) {
    const auto tokens = read_token_response(
        token_answer(200, R"({"access_token":"a","token_type":"Bearer","expires_in":)" + life + "}"), "", false, now);
    return std::pair(*tokens->expires - now, *tokens->renew_after - now);
  };
  using Pair = std::pair<std::chrono::milliseconds, std::chrono::milliseconds>;
  EXPECT_EQ(renewed_after("3600"), Pair(seconds(3'600), seconds(3'540)));
  EXPECT_EQ(renewed_after("60"), Pair(seconds(60), seconds(45)));
  EXPECT_EQ(renewed_after("0"), Pair(seconds(0), seconds(0)));
  EXPECT_EQ(renewed_after("-5"), Pair(seconds(0), seconds(0)));
  EXPECT_EQ(renewed_after("\"120\""), Pair(seconds(120), seconds(90)));
  EXPECT_EQ(renewed_after("90.5"), Pair(seconds(90), seconds(68)));
  const auto endless = renewed_after("1e300").first;
  EXPECT_EQ(endless, seconds(10LL * 365 * 86'400));
}

TEST(Rfc6749Section5_1, WhatIsNoTokenIsMalformed) {
  for (const char* const body :
       {"", "<html>", "[]", "{}", R"({"access_token":"","token_type":"Bearer"})", R"({"access_token":"a"})",
        R"({"access_token":5,"token_type":"Bearer"})", R"({"access_token":"a","token_type":"mac"})",
        R"({"access_token":"a","token_type":"N_A"})", R"({"access_token":"a b","token_type":"Bearer"})",
        R"({"access_token":"a\r\nX: y","token_type":"Bearer"})", R"({"access_token":"é","token_type":"Bearer"})"})
    EXPECT_EQ(read_token_response(token_answer(200, body), "", false, now).error(), TokenCause::malformed) << body;
}

TEST(TokenAnswer, OfAnyServiceIncludingGitHubs) {
  const auto of = [](int status, const std::string& body) -> std::string {
    const auto read = read_token_answer(token_answer(status, body));
    return read ? std::string(read->access_token.reveal()) : std::string(to_string(read.error()));
  };
  EXPECT_EQ(of(200, R"({"access_token":"gho_1","token_type":"bearer"})"), "gho_1");
  EXPECT_EQ(of(200, R"({"access_token":"xoxp","token_type":"user"})"), "xoxp");
  EXPECT_EQ(of(200, R"({"access_token":"a"})"), "a");
  EXPECT_EQ(of(200, R"({"error":"bad_verification_code","error_description":"<b>"})"), to_string(TokenCause::refused));
  EXPECT_EQ(of(200, R"({"error":"x","access_token":"gho_1"})"), to_string(TokenCause::refused));
  EXPECT_EQ(of(200, R"({"access_token":""})"), to_string(TokenCause::malformed));
  EXPECT_EQ(of(200, R"({"access_token":7})"), to_string(TokenCause::malformed));
  EXPECT_EQ(of(200, "<html>"), to_string(TokenCause::malformed));
  EXPECT_EQ(of(400, R"({"error":"invalid_grant"})"), to_string(TokenCause::invalid_grant));
  EXPECT_EQ(of(503, ""), to_string(TokenCause::unreachable));
  EXPECT_EQ(of(429, ""), to_string(TokenCause::unreachable));
  EXPECT_EQ(read_token_answer(HttpClientFault()).error(), TokenCause::unreachable);
}

TEST(Rfc6749Section5_2, Errors) {
  const auto cause = [](int status, const std::string& body) {
    return read_token_response(token_answer(status, body), "", false, now).error();
  };
  EXPECT_EQ(cause(400, R"({"error":"invalid_grant"})"), TokenCause::invalid_grant);
  EXPECT_EQ(cause(401, R"({"error":"invalid_client"})"), TokenCause::invalid_client);
  EXPECT_EQ(cause(400, R"({"error":"invalid_scope"})"), TokenCause::invalid_scope);
  EXPECT_EQ(cause(400, R"({"error":"invalid_target"})"), TokenCause::invalid_target);
  EXPECT_EQ(cause(400, R"({"error":"use_dpop_nonce"})"), TokenCause::use_dpop_nonce);
  EXPECT_EQ(cause(400, R"({"error":"whatever"})"), TokenCause::refused);
  EXPECT_EQ(cause(403, "<html>"), TokenCause::refused);
  EXPECT_EQ(cause(302, ""), TokenCause::refused) << "redirects are not followed";
  EXPECT_EQ(cause(200, R"({"error":"invalid_grant","access_token":"a","token_type":"Bearer"})"),
            TokenCause::invalid_grant)
      << "some servers answer errors with 200";
  EXPECT_EQ(cause(400, R"({"access_token":"a","token_type":"Bearer"})"), TokenCause::refused);
  for (const int status : {500, 502, 503, 429})
    EXPECT_EQ(cause(status, R"({"error":"invalid_grant"})"), TokenCause::unreachable) << status;
  EXPECT_EQ(read_token_response(HttpClientFault{HttpClientCause::timeout, {}}, "", false, now).error(),
            TokenCause::unreachable);
}

TEST(Rfc9449Section5, BearerIsNoAnswerToARequestWithAProof) {
  const auto bearer = token_answer(200, R"({"access_token":"a","token_type":"Bearer"})");
  const auto dpop = token_answer(200, R"({"access_token":"a","token_type":"dpop"})");
  EXPECT_EQ(read_token_response(bearer, "", true, now).error(), TokenCause::malformed);
  EXPECT_EQ(read_token_response(dpop, "", false, now).error(), TokenCause::malformed) << "bound to a key nobody has";
  ASSERT_TRUE(read_token_response(dpop, "", true, now));
  EXPECT_TRUE(read_token_response(dpop, "", true, now)->is_dpop());
}

TEST(Rfc9449Section5_1, AlgorithmIsOneOfTheServersThatIsNotSymmetric) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(choose_dpop_algorithm(Names{"RS256", "ES256"}), JwsAlgorithm::es256);
  EXPECT_EQ(choose_dpop_algorithm(Names{"none", "HS256", "ES384", "RS256"}), JwsAlgorithm::es384);
  EXPECT_EQ(choose_dpop_algorithm(Names{"HS256", "HS384", "HS512", "none", "es256", ""}), std::nullopt);
  EXPECT_EQ(choose_dpop_algorithm(Names{}), std::nullopt);
}

TEST(IdJag, IsWhatTheExchangeSaysItIs) {
  const std::string good =
      R"({"access_token":"jag","issued_token_type":"urn:ietf:params:oauth:token-type:id-jag","token_type":"N_A"})";
  ASSERT_TRUE(read_id_jag(token_answer(200, good)));
  EXPECT_EQ(read_id_jag(token_answer(200, good))->reveal(), "jag");
  EXPECT_FALSE(read_id_jag(token_answer(201, good)));
  EXPECT_FALSE(read_id_jag(HttpClientFault{HttpClientCause::timeout, {}}));
  for (
      const char* const body :
      {R"({"access_token":"jag","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"N_A"})",
       R"({"access_token":"jag","issued_token_type":"urn:ietf:params:oauth:token-type:id-jag","token_type":"Bearer"})",
       R"({"access_token":"jag","issued_token_type":"urn:ietf:params:oauth:token-type:id-jag"})",
       R"({"access_token":"","issued_token_type":"urn:ietf:params:oauth:token-type:id-jag","token_type":"N_A"})",
       R"({"error":"x","access_token":"j","issued_token_type":"urn:ietf:params:oauth:token-type:id-jag","token_type":"N_A"})",
       "[]", ""})
    EXPECT_FALSE(read_id_jag(token_answer(200, body))) << body;
}

TEST(BackOff, GrowsAndListensToRetryAfter) {
  const HttpClient::Outcome lost = HttpClientFault{HttpClientCause::timeout, {}};
  EXPECT_EQ(back_off(1, lost), seconds(5));
  EXPECT_EQ(back_off(2, lost), seconds(10));
  EXPECT_EQ(back_off(3, lost), seconds(20));
  EXPECT_EQ(back_off(1'000'000, lost), seconds(300));
  EXPECT_EQ(back_off(1, token_answer(503, "", {{"retry-after", "42"}})), seconds(42));
  EXPECT_EQ(back_off(1, token_answer(503, "", {{"retry-after", "1"}})), seconds(5));
  EXPECT_EQ(back_off(1, token_answer(503, "", {{"retry-after", "99999"}})), seconds(300));
  for (const char* const odd : {"-3", "x", "", "99999999999999999999", "Wed, 21 Oct 2015 07:28:00 GMT"})
    EXPECT_EQ(back_off(1, token_answer(503, "", {{"retry-after", odd}})), seconds(5)) << odd;
}

}  // namespace
}  // namespace leanmcp::inline v0
