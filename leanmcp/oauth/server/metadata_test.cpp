#include <leanmcp/oauth/server/core_test_support.hpp>
#include <leanmcp/oauth/server/endpoints.hpp>

namespace leanmcp::as {
namespace {

class Metadata : public CoreTest {
 protected:
  void adjust(OAuthServerOptions& options) override { options.own_users(); }
  boost::json::object document(bool openid = false) { return object(answer_metadata(*core_, openid).body); }
};

TEST_F(Metadata, Rfc8414Section2_OnlyWhatWorks) {
  const auto said = document();
  EXPECT_EQ(said.at("issuer").as_string(), issuer);
  EXPECT_EQ(said.at("authorization_endpoint").as_string(), "https://as.example/authorize");
  EXPECT_EQ(said.at("token_endpoint").as_string(), "https://as.example/token");
  EXPECT_EQ(said.at("jwks_uri").as_string(), "https://as.example/jwks");
  EXPECT_EQ(said.at("revocation_endpoint").as_string(), "https://as.example/revoke");
  EXPECT_EQ(said.at("introspection_endpoint").as_string(), "https://as.example/introspect");
  EXPECT_EQ(said.at("pushed_authorization_request_endpoint").as_string(), "https://as.example/par");
  EXPECT_EQ(json_text(said.at("response_types_supported")), R"(["code"])");
  EXPECT_EQ(json_text(said.at("code_challenge_methods_supported")), R"(["S256"])");
  EXPECT_EQ(json_text(said.at("grant_types_supported")),
            R"(["authorization_code","refresh_token","client_credentials"])");
  EXPECT_TRUE(said.at("authorization_response_iss_parameter_supported").as_bool());
  EXPECT_TRUE(said.at("client_id_metadata_document_supported").as_bool());
  EXPECT_EQ(json_text(said.at("dpop_signing_alg_values_supported")).find("none"), std::string::npos);
  EXPECT_EQ(json_text(said.at("dpop_signing_alg_values_supported")).find("HS"), std::string::npos);
  EXPECT_EQ(json_text(said.at("scopes_supported")), R"(["read","write","openid","profile","offline_access"])");
  // Registration, assertions and exchange are off.
  EXPECT_FALSE(said.contains("registration_endpoint"));
  EXPECT_FALSE(said.contains("authorization_grant_profiles_supported"));
}

TEST_F(Metadata, Rfc8414Section3_WhatIsTurnedOnIsInIt) {
  core_->options.registration(Registration::open).token_exchange().client_documents(false).pushed_requests(false);
  core_->options.trust(
      TrustedIssuer(TrustedIssuer::Kind::id_jag, "https://idp.example", "https://idp.example/jwks", {"ES256"}));
  const auto said = document();
  EXPECT_EQ(said.at("registration_endpoint").as_string(), "https://as.example/register");
  EXPECT_FALSE(said.at("client_id_metadata_document_supported").as_bool());
  EXPECT_FALSE(said.contains("pushed_authorization_request_endpoint"));
  EXPECT_EQ(json_text(said.at("authorization_grant_profiles_supported")),
            R"(["urn:ietf:params:oauth:grant-profile:id-jag"])");
  EXPECT_NE(json_text(said.at("grant_types_supported")).find("jwt-bearer"), std::string::npos);
  EXPECT_NE(json_text(said.at("grant_types_supported")).find("token-exchange"), std::string::npos);
}

TEST_F(Metadata, PromptCreateSection4_2_WhatMayBeAskedOfASignIn) {
  EXPECT_EQ(json_text(document().at("prompt_values_supported")), R"(["none","login","consent","select_account"])");
}

TEST_F(Metadata, Rfc8414Section3_3_TheIssuerIsNeverTakenFromTheRequest_Attack29) {
  Request request(HttpMethod::get, "/.well-known/oauth-authorization-server");
  request.headers = {
      {"host", "evil.example"}, {"x-forwarded-host", "evil.example"}, {"forwarded", "host=evil.example"}};
  const Answer answer = answer_request(*core_, request, now());
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(member(answer.body, "issuer"), issuer);
  EXPECT_EQ(answer.body.find("evil"), std::string::npos);
}

TEST_F(Metadata, OidcDiscoverySection3_OnlyWhereThereAreIdTokens) {
  const auto said = document(true);
  EXPECT_EQ(said.at("userinfo_endpoint").as_string(), "https://as.example/userinfo");
  EXPECT_EQ(json_text(said.at("id_token_signing_alg_values_supported")), R"(["ES256"])");
  EXPECT_EQ(json_text(said.at("subject_types_supported")), R"(["public"])");
  for (ProtectedApi& api : core_->options.apis_)
    std::erase_if(api.scopes, [](const ScopeDescription& scope) { return scope.name == "openid"; });
  EXPECT_EQ(answer_metadata(*core_, true).status, 404);
  EXPECT_FALSE(document().contains("userinfo_endpoint"));
}

TEST_F(Metadata, WithoutPeopleThereIsNoAuthorizationEndpoint) {
  core_->options.own_users(false);
  const auto said = document();
  EXPECT_FALSE(said.contains("authorization_endpoint"));
  EXPECT_FALSE(said.contains("code_challenge_methods_supported"));
  EXPECT_EQ(json_text(said.at("grant_types_supported")), R"(["client_credentials"])");
}

TEST_F(Metadata, Rfc7517Section5_TheKeySetHasPublicPartsOnly) {
  const Answer answer = answer_jwks(*core_, now());
  EXPECT_EQ(answer.content_type, "application/jwk-set+json");
  EXPECT_EQ(header(answer, "Cache-Control"), "public, max-age=600");
  const auto keys = object(answer.body).at("keys").as_array();
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].at("use").as_string(), "sig");
  EXPECT_EQ(keys[0].at("alg").as_string(), "ES256");
  for (const char* const secret : {"d", "p", "q", "k"}) EXPECT_FALSE(keys[0].as_object().contains(secret));
}

/// Each of these would start a server that cannot work, or not safely.
TEST(CheckOptions, WhatIsWrongIsNamed) {
  const auto good = [] {
    OAuthServerOptions options("https://as.example");
    options.keys(KeyRing::random()).protects(ProtectedApi("https://api.example/mcp").scope("read", "Read"));
    return options;
  };
  const auto why = [](const OAuthServerOptions& options) {
    const auto checked = check_options(options);
    return checked ? std::string() : checked.error().message();
  };
  const auto contains = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos ? testing::AssertionSuccess()
                                                : testing::AssertionFailure() << "\"" << text << "\" lacks " << part;
  };
  EXPECT_EQ(why(good()), "");
  for (const char* const issuer :
       {"http://as.example", "https://as.example/", "https://as.example?x", "as.example", "", "https://as.example#x",
        "https://u@as.example", "https://as.example/a/../b", "ftp://as.example"}) {
    OAuthServerOptions options = good();
    options.issuer_ = issuer;
    EXPECT_TRUE(contains(why(options), "the issuer")) << issuer;
  }
  for (const char* const issuer :
       {"http://127.0.0.1:3000", "http://localhost:3000/oauth", "https://as.example/tenant"}) {
    OAuthServerOptions options = good();
    options.issuer_ = issuer;
    EXPECT_EQ(why(options), "") << issuer;
  }
  EXPECT_TRUE(contains(why(OAuthServerOptions("https://as.example")), "state keys"));
  EXPECT_TRUE(contains(why(OAuthServerOptions("https://as.example").keys(KeyRing::random())), "protects"));
  EXPECT_TRUE(contains(why(good().protects(ProtectedApi("https://api.example/mcp"))), "twice"));
  EXPECT_TRUE(contains(why(good().protects(ProtectedApi("http://api.example"))), "resource"));
  EXPECT_TRUE(contains(why(good().protects(ProtectedApi("https://b.example").scope("a b", ""))), "scope"));
  EXPECT_TRUE(contains(why(good().protects(ProtectedApi("https://b.example").scope("offline_access", ""))), "scope"));
  EXPECT_TRUE(
      contains(why(good().protects(ProtectedApi("https://b.example").introspected_by("api", Secret("short")))), "16"));
  EXPECT_TRUE(contains(why(good().signing(JwsAlgorithm::ps256)), "ES256"));
  EXPECT_TRUE(contains(why(good().initial_access_token(Secret("short"))), "16"));

  const auto client = [] {
    return ConfiguredClient("app").secret(Secret("a-long-enough-secret")).redirect_uri("https://app.example/cb").web();
  };
  EXPECT_EQ(why(good().client(client())), "");
  EXPECT_TRUE(contains(why(good().client(client()).client(client())), "twice"));
  EXPECT_TRUE(contains(why(good().client(client().secret(Secret("short")))), "16"));
  EXPECT_TRUE(contains(why(good().client(client().redirect_uri("javascript:alert(1)"))), "redirect"));
  EXPECT_TRUE(contains(why(good().client(client().grant_type("password"))), "password"));
  EXPECT_TRUE(contains(why(good().client(ConfiguredClient("app"))), "redirect"));
  EXPECT_TRUE(contains(why(good().client(ConfiguredClient("app").grant_type("client_credentials"))), "prove"));
  EXPECT_TRUE(contains(why(good().client(ConfiguredClient("https://a.example/x"))), "id"));
  EXPECT_TRUE(contains(why(good().client(ConfiguredClient("local:1"))), "person"));
  EXPECT_TRUE(contains(why(good().client(ConfiguredClient("app").keys("{}", "ES256"))), "keys"));

  OAuthServerOptions slow = good();
  slow.lifetimes().code = std::chrono::seconds(601);
  EXPECT_TRUE(contains(why(slow), "code"));
  OAuthServerOptions lax = good();
  lax.lifetimes().refresh_grace = std::chrono::seconds(11);
  EXPECT_TRUE(contains(why(lax), "refresh_grace"));
}

}  // namespace
}  // namespace leanmcp::as
