#include <leanmcp/json/parse.hpp>
#include <leanmcp/oauth/client/registration.hpp>

#include <boost/json.hpp>

#include <gtest/gtest.h>

namespace leanmcp::inline v0 {
namespace {

AuthorizationServer registering_server(std::optional<std::vector<std::string>> methods) {
  AuthorizationServer out;
  out.registration_endpoint = "https://as.example/register";
  out.token_auth_methods = std::move(methods);
  return out;
}

json::object body_of(const AuthorizationServer& at, const ClientDescription& description) {
  const ClientRequest request = registration_request(at, description);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://as.example/register");
  return parse_known(request.body).as_object();
}

HttpClient::Outcome registration_answer(int status, std::string body) {
  ClientResponse out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

TEST(Rfc7591Section2, RequestSaysWhatTheClientIs) {
  ClientDescription description;
  description.name = "A \"client\"";
  description.redirect_uri = "http://127.0.0.1:1/cb";
  description.scope = "a b";
  const json::object body = body_of(registering_server(std::nullopt), description);
  EXPECT_EQ(body.at("client_name"), "A \"client\"");
  EXPECT_EQ(body.at("redirect_uris"), (json::array{"http://127.0.0.1:1/cb"}));
  EXPECT_EQ(body.at("grant_types"), (json::array{"authorization_code", "refresh_token"}));
  EXPECT_EQ(body.at("response_types"), (json::array{"code"}));
  EXPECT_EQ(body.at("application_type"), "native");
  EXPECT_EQ(body.at("token_endpoint_auth_method"), "none");
  EXPECT_EQ(body.at("scope"), "a b");
}

TEST(Rfc7591Section2, MethodIsOneTheServerLists) {
  const auto method = [](std::vector<std::string> listed) {
    return std::string(body_of(registering_server(std::move(listed)), ClientDescription())
                           .at("token_endpoint_auth_method")
                           .as_string());
  };
  EXPECT_EQ(method({"client_secret_post", "client_secret_basic", "none"}), "none");
  EXPECT_EQ(method({"client_secret_post", "client_secret_basic"}), "client_secret_basic");
  EXPECT_EQ(method({"private_key_jwt", "client_secret_post"}), "client_secret_post");
  EXPECT_EQ(method({"tls_client_auth"}), "none");
}

TEST(Rfc7591Section3_2_1, AnswerWithIdAndSecret) {
  const auto identity = read_registration(registration_answer(
      201,
      R"({"client_id":"id","client_secret":"s","token_endpoint_auth_method":"client_secret_post","client_secret_expires_at":1900000000})"));
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->client_id, "id");
  EXPECT_EQ(identity->secret.reveal(), "s");
  EXPECT_EQ(identity->method, ClientAuthentication::post);
  EXPECT_EQ(identity->secret_expires, TimePoint(std::chrono::seconds(1'900'000'000)));
  const auto bare = read_registration(registration_answer(200, R"({"client_id":"id","client_secret_expires_at":0})"));
  ASSERT_TRUE(bare);
  EXPECT_FALSE(bare->method);
  EXPECT_FALSE(bare->secret_expires);
}

TEST(Rfc7591Section3_2_1, AnswerThatCannotBeUsed) {
  for (const auto& [status, body] : std::vector<std::pair<int, std::string>>{
           {201, "{}"},
           {201, R"({"client_id":""})"},
           {201, R"({"client_id":5})"},
           {201, "<html>"},
           {201, R"({"client_id":"id","error":"x"})"},
           {201, R"({"client_id":"id","token_endpoint_auth_method":"client_secret_basic"})"},
           {201, R"({"client_id":"id","token_endpoint_auth_method":"tls_client_auth"})"},
           {201, R"({"client_id":"id","token_endpoint_auth_method":"private_key_jwt"})"},
           {202, R"({"client_id":"id"})"},
           {302, R"({"client_id":"id"})"}})
    EXPECT_FALSE(read_registration(registration_answer(status, body))) << status << body;
  EXPECT_FALSE(read_registration(HttpClientFault{HttpClientCause::timeout, {}}));
}

TEST(Rfc7591Section3_2_2, RejectionIsToldWithoutTheServersWords) {
  const auto refused = read_registration(
      registration_answer(400, R"({"error":"invalid_redirect_uri","error_description":"<script>alert(1)</script>"})"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("invalid_redirect_uri"), std::string::npos) << refused.error().message();
  EXPECT_EQ(refused.error().message().find("script"), std::string::npos);
  const auto strange = read_registration(registration_answer(400, R"({"error":"<script>"})"));
  EXPECT_EQ(strange.error().message().find("script"), std::string::npos);
  EXPECT_NE(strange.error().message().find("400"), std::string::npos);
}

}  // namespace
}  // namespace leanmcp::inline v0
