#include <leanmcp/oauth/server/client_metadata.hpp>

#include <leanmcp/crypto/signing_key.hpp>

#include <boost/json.hpp>

#include <gtest/gtest.h>

namespace leanmcp::as {
namespace {

namespace json = boost::json;

const std::string redirects = R"("redirect_uris":["https://app.example/cb"])";

std::string fault(const std::string& text, MetadataSource source = MetadataSource::registration) {
  const auto read = read_client_metadata(text, source);
  return read ? "" : read.error().error;
}
std::string with(const std::string& members, MetadataSource source = MetadataSource::registration) {
  return fault("{" + redirects + "," + members + "}", source);
}

TEST(ClientMetadata, Rfc7591Section2_Defaults) {
  const auto client = read_client_metadata("{" + redirects + "}", MetadataSource::registration);
  ASSERT_TRUE(client);
  EXPECT_EQ(client->redirect_uris, std::vector<std::string>{"https://app.example/cb"});
  EXPECT_EQ(client->grant_types, std::vector<std::string>{"authorization_code"});
  EXPECT_EQ(client->method, ClientMethod::basic);
  EXPECT_EQ(client->application_type, "native");
  EXPECT_TRUE(client->scopes.empty());
  EXPECT_FALSE(client->dpop_bound);
}

TEST(ClientMetadata, Rfc7591Section2_EverythingThatIsTaken) {
  const std::string text = R"({"redirect_uris":["http://127.0.0.1/cb","com.example.app:/cb"],
    "grant_types":["authorization_code","refresh_token","refresh_token"],"response_types":["code"],
    "token_endpoint_auth_method":"none","application_type":"native","client_name":"App \"<img>\"",
    "client_uri":"https://app.example","logo_uri":"https://app.example/logo.png","tos_uri":"","policy_uri":null,
    "scope":"read write read","contacts":["x@app.example"],"dpop_bound_access_tokens":true,"software_id":"x"})";
  const auto client = read_client_metadata(text, MetadataSource::registration);
  ASSERT_TRUE(client) << client.error().description;
  EXPECT_EQ(client->grant_types, (std::vector<std::string>{"authorization_code", "refresh_token"}));
  EXPECT_EQ(client->method, ClientMethod::none);
  EXPECT_EQ(client->name, "App \"<img>\"");
  EXPECT_EQ(client->scopes, (std::vector<std::string>{"read", "write"}));
  EXPECT_TRUE(client->dpop_bound);
  EXPECT_EQ(client->client_uri, "https://app.example");
  const auto information = json::parse(client_information(*client) + "}").as_object();
  EXPECT_EQ(information.at("scope"), "read write");
  EXPECT_EQ(information.at("client_name"), "App \"<img>\"");
  EXPECT_FALSE(information.contains("logo_uri"));
}

TEST(ClientMetadata, Attack20_Rfc7591Section2_RedirectUris) {
  for (const char* const text :
       {"{}", R"({"redirect_uris":[]})", R"({"redirect_uris":null})", R"({"redirect_uris":"https://a/"})",
        R"({"redirect_uris":[1]})", R"({"redirect_uris":["https://a/","javascript:x"]})",
        R"({"redirect_uris":["https://a/1","https://a/2","https://a/3","https://a/4","https://a/5","https://a/6",
            "https://a/7","https://a/8","https://a/9","https://a/10","https://a/11"]})"})
    EXPECT_EQ(fault(text), "invalid_redirect_uri") << text;
}

TEST(ClientMetadata, Attack48_OpenIdRegistrationSection2_WebOnLoopback) {
  for (const char* const uri : {"http://127.0.0.1/cb", "https://localhost/cb", "https://localhost./cb"})
    EXPECT_EQ(fault(std::string(R"({"application_type":"web","redirect_uris":[")") + uri + "\"]}"),
              "invalid_redirect_uri")
        << uri;
}

TEST(ClientMetadata, Attack49_Rfc7591Section2_GrantsOfMachines) {
  for (const char* const members :
       {R"("grant_types":["client_credentials"])", R"("grant_types":["authorization_code","client_credentials"])",
        R"("grant_types":["authorization_code","implicit"])", R"("grant_types":["authorization_code","password"])",
        R"("grant_types":["urn:ietf:params:oauth:grant-type:jwt-bearer","authorization_code"])",
        R"("grant_types":["refresh_token"])", R"("grant_types":[])", R"("grant_types":"authorization_code")",
        R"("response_types":["token"])", R"("response_types":["code","token"])", R"("response_types":[])"})
    EXPECT_EQ(with(members), "invalid_client_metadata") << members;
}

TEST(ClientMetadata, Rfc7591Section2_WrongTypesAndBounds) {
  for (const char* const members :
       {R"("client_name":1)", R"("client_name":["x"])", R"("client_uri":"javascript:x")",
        R"("logo_uri":"data:image/png,x")", R"("tos_uri":"x")", R"("policy_uri":"https://u@host/")",
        R"("application_type":"browser")", R"("token_endpoint_auth_method":"client_secret_jwt")",
        R"("token_endpoint_auth_method":"tls_client_auth")", R"("token_endpoint_auth_method":3)", R"("scope":["read"])",
        R"("scope":"a  b")", R"("scope":"a\tb")", R"("scope":" a")", R"("dpop_bound_access_tokens":"yes")",
        R"("token_endpoint_auth_signing_alg":"none")", R"("token_endpoint_auth_signing_alg":"HS256")",
        R"("token_endpoint_auth_method":"private_key_jwt")"})
    EXPECT_EQ(with(members), "invalid_client_metadata") << members;
  EXPECT_EQ(with("\"client_name\":\"" + std::string(201, 'x') + "\""), "invalid_client_metadata");
  EXPECT_EQ(with("\"scope\":\"" + std::string(1025, 'x') + "\""), "invalid_client_metadata");
}

TEST(ClientMetadata, Rfc7591Section2_Keys) {
  const SigningKey key = SigningKey::generate(JwsAlgorithm::es256);
  const std::string set = "{\"keys\":[" + key.public_jwk() + "]}";
  const std::string secret = "{\"keys\":[" + key.public_jwk() + "," + std::string(key.private_jwk().reveal()) + "]}";
  const std::string method = R"("token_endpoint_auth_method":"private_key_jwt",)";
  EXPECT_EQ(with(method + "\"jwks\":" + set), "");
  EXPECT_EQ(with(method + R"("jwks_uri":"https://app.example/jwks")"), "");
  EXPECT_EQ(with(method + R"("jwks_uri":"https://app.example/jwks","jwks":)" + set), "invalid_client_metadata");
  EXPECT_EQ(with(method + "\"jwks\":" + secret), "invalid_client_metadata");
  for (const char* const jwks : {"1", "{}", R"({"keys":[]})", R"({"keys":[{"kty":"oct","k":"AAAA"}]})"})
    EXPECT_EQ(with(method + "\"jwks\":" + jwks), "invalid_client_metadata") << jwks;
  for (const char* const uri : {"http://app.example/jwks", "https://u@app.example/", "https://app.example/#x", "x"})
    EXPECT_EQ(with(method + "\"jwks_uri\":\"" + uri + "\""), "invalid_client_metadata") << uri;
}

TEST(ClientMetadata, Rfc8725Section2_6_NoAmbiguousJson) {
  for (const std::string& text :
       {std::string(""), std::string("[]"), std::string("null"), std::string("{"),
        "{" + redirects + "," + redirects + "}", "{" + redirects + "} {}",
        "{" + redirects + R"(,"a":[[[[[[[[[[1]]]]]]]]]]})", "{" + redirects + ",\"a\":\"\xff\"}"})
    EXPECT_EQ(fault(text), "invalid_client_metadata") << text;
}

TEST(ClientMetadata, Attack51_DocumentsShareNoSecret) {
  constexpr auto document = MetadataSource::document;
  for (const char* const members :
       {R"("client_secret":"x")", R"("client_secret_expires_at":0)", R"("client_secret":null)",
        R"("token_endpoint_auth_method":"client_secret_basic")", R"("token_endpoint_auth_method":"client_secret_post")",
        R"("token_endpoint_auth_method":"client_secret_jwt")", R"("grant_types":["client_credentials"])",
        R"("response_types":["token"])"})
    EXPECT_EQ(with(members, document), "invalid_client_metadata") << members;
  // For many servers: of the grants those on offer are kept.
  const auto client =
      read_client_metadata("{" + redirects + R"(,"grant_types":["authorization_code","client_credentials",
        "refresh_token"],"response_types":["code","code id_token"]})",
                           document);
  ASSERT_TRUE(client);
  EXPECT_EQ(client->method, ClientMethod::none);
  EXPECT_EQ(client->grant_types, (std::vector<std::string>{"authorization_code", "refresh_token"}));
}

}  // namespace
}  // namespace leanmcp::as
