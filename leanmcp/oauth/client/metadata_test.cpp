#include <leanmcp/oauth/client/metadata.hpp>

#include <gtest/gtest.h>

namespace leanmcp::inline v0 {
namespace {

using Urls = std::vector<std::string>;
const EndpointRules internet("https://rs.example/mcp", false);

TEST(Rfc9728Section3_1, PlacesOfResourceMetadata) {
  EXPECT_EQ(resource_metadata_urls("https://rs.example/mcp", ""),
            (Urls{"https://rs.example/.well-known/oauth-protected-resource/mcp",
                  "https://rs.example/.well-known/oauth-protected-resource"}));
  EXPECT_EQ(resource_metadata_urls("https://rs.example:8443/a/b/?q=1#f", ""),
            (Urls{"https://rs.example:8443/.well-known/oauth-protected-resource/a/b",
                  "https://rs.example:8443/.well-known/oauth-protected-resource"}));
  EXPECT_EQ(resource_metadata_urls("https://rs.example/", ""),
            (Urls{"https://rs.example/.well-known/oauth-protected-resource"}));
  EXPECT_EQ(resource_metadata_urls("https://rs.example/mcp", "https://rs.example/custom"),
            (Urls{"https://rs.example/custom"}))
      << "the challenge's place alone";
  EXPECT_EQ(resource_metadata_urls("not a url", ""), Urls());
}

TEST(Rfc8414Section3_1, PlacesOfServerMetadata) {
  EXPECT_EQ(issuer_metadata_urls("https://as.example"),
            (Urls{"https://as.example/.well-known/oauth-authorization-server",
                  "https://as.example/.well-known/openid-configuration"}));
  EXPECT_EQ(issuer_metadata_urls("https://as.example/"), issuer_metadata_urls("https://as.example"));
  EXPECT_EQ(issuer_metadata_urls("https://as.example/tenant/1"),
            (Urls{"https://as.example/.well-known/oauth-authorization-server/tenant/1",
                  "https://as.example/.well-known/openid-configuration/tenant/1",
                  "https://as.example/tenant/1/.well-known/openid-configuration"}))
      << "nothing at the root, which may be another tenant's";
  for (const char* const issuer :
       {"", "as.example", "http://as.example", "https://as.example?x", "https://as.example#x", "javascript:alert(1)"})
    EXPECT_EQ(issuer_metadata_urls(issuer), Urls()) << issuer;
}

Result<ProtectedResource, DiscoveryFault> resource(const std::string& named, const std::string& called) {
  return read_protected_resource("{\"resource\":\"" + named + "\",\"authorization_servers\":[\"https://as\"]}", called);
}

TEST(Rfc9728Section3_3, ResourceIsTheOneCalledOrAPathAboveIt) {
  for (const auto& [named, called] : {std::pair("https://rs.example/mcp", "https://rs.example/mcp"),
                                      std::pair("https://rs.example", "https://rs.example/mcp"),
                                      std::pair("https://rs.example/", "https://rs.example/mcp"),
                                      std::pair("https://rs.example/a", "https://rs.example/a/mcp"),
                                      std::pair("https://rs.example/a/", "https://rs.example/a/mcp"),
                                      std::pair("https://rs.example/mcp?x=1", "https://rs.example/mcp?x=1")})
    EXPECT_TRUE(resource(named, called)) << named << " " << called;
}

TEST(Rfc9728Section3_3, AnotherResourceIsRefused) {
  for (const auto& [named, called] :
       {std::pair("https://other.example/mcp", "https://rs.example/mcp"),
        std::pair("http://rs.example/mcp", "https://rs.example/mcp"),
        std::pair("https://rs.example:444/mcp", "https://rs.example/mcp"),
        std::pair("https://rs.example/mc", "https://rs.example/mcp"),
        std::pair("https://rs.example/mcp/x", "https://rs.example/mcp"),
        std::pair("https://rs.example/MCP", "https://rs.example/mcp"),
        std::pair("https://rs.example/mcp#f", "https://rs.example/mcp"), std::pair("", "https://rs.example/mcp"),
        std::pair("https://rs.example@evil.example/mcp", "https://rs.example/mcp"),
        std::pair("https://rs.example/mcp?x=1", "https://rs.example/mcp?x=2")}) {
    const auto read = resource(named, called);
    ASSERT_FALSE(read) << named << " " << called;
    EXPECT_EQ(read.error(), DiscoveryFault::other_resource) << named;
  }
}

TEST(Rfc9728Section2, Members) {
  const auto read = read_protected_resource(
      R"({"resource":"https://rs.example","authorization_servers":["https://a","https://b",5],
          "scopes_supported":["x","y"],"dpop_bound_access_tokens_required":true})",
      "https://rs.example/mcp");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->authorization_servers, (Urls{"https://a", "https://b"}));
  EXPECT_EQ(read->scopes_supported, (Urls{"x", "y"}));
  EXPECT_TRUE(read->dpop_required);
  for (const char* const text :
       {R"({"resource":"https://rs.example"})", R"({"resource":"https://rs.example","authorization_servers":[]})",
        R"({"resource":"https://rs.example","authorization_servers":"https://a"})"})
    EXPECT_EQ(read_protected_resource(text, "https://rs.example/mcp").error(), DiscoveryFault::no_authorization_server);
  for (const char* const text : {"", "<html>", "[]", "null", "{", R"({"resource":5})"})
    EXPECT_EQ(read_protected_resource(text, "https://rs.example/mcp").error(), DiscoveryFault::malformed) << text;
  EXPECT_EQ(read_protected_resource(std::string(300'000, ' ') + "{}", "https://rs.example/mcp").error(),
            DiscoveryFault::malformed);
}

std::string document(const std::string& more) {
  return R"({"issuer":"https://as.example","token_endpoint":"https://as.example/token")" + more + "}";
}

TEST(Rfc8414Section3_3, IssuerIsByteEqual) {
  EXPECT_TRUE(read_authorization_server(document(""), "https://as.example", internet));
  for (const char* const asked :
       {"https://as.example/", "https://AS.example", "https://as.example:443", "https://evil.example"})
    EXPECT_EQ(read_authorization_server(document(""), asked, internet).error(), DiscoveryFault::other_issuer) << asked;
}

TEST(Rfc8414Section2, Members) {
  const auto read = read_authorization_server(
      document(
          R"(,"authorization_endpoint":"https://as.example/authorize","registration_endpoint":"https://as.example/r",
        "revocation_endpoint":"https://as.example/v","scopes_supported":["offline_access"],
        "grant_types_supported":["authorization_code"],"code_challenge_methods_supported":["S256"],
        "token_endpoint_auth_methods_supported":["none"],"token_endpoint_auth_signing_alg_values_supported":["ES256"],
        "dpop_signing_alg_values_supported":["ES256"],"authorization_response_iss_parameter_supported":true,
        "client_id_metadata_document_supported":true)"),
      "https://as.example", internet);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->authorization_endpoint, "https://as.example/authorize");
  EXPECT_EQ(read->registration_endpoint, "https://as.example/r");
  EXPECT_EQ(read->revocation_endpoint, "https://as.example/v");
  EXPECT_TRUE(read->supports_scope("offline_access"));
  EXPECT_FALSE(read->supports_scope("offline"));
  EXPECT_TRUE(read->supports_s256());
  EXPECT_EQ(read->token_auth_methods, Urls{"none"});
  EXPECT_TRUE(read->names_issuer);
  EXPECT_TRUE(read->takes_client_documents);
  const auto bare = read_authorization_server(document(""), "https://as.example", internet);
  ASSERT_TRUE(bare);
  EXPECT_FALSE(bare->supports_s256()) << "what is not listed is not there";
  EXPECT_FALSE(bare->token_auth_methods);
  EXPECT_FALSE(bare->names_issuer);
  const auto odd = read_authorization_server(
      document(R"(,"authorization_response_iss_parameter_supported":"true","code_challenge_methods_supported":"S256")"),
      "https://as.example", internet);
  ASSERT_TRUE(odd);
  EXPECT_FALSE(odd->names_issuer);
  EXPECT_FALSE(odd->supports_s256());
}

TEST(ServerMetadata, EndpointThatMayNotBeCalledIsAnError) {
  for (const char* const endpoint :
       {"javascript:alert(1)", "http://as.example/a", "https://u@as.example/", "https://127.0.0.1/",
        "http://localhost:1/", "https://169.254.169.254/latest", "/relative", "https://as.example/\\\"$(id)"})
    for (const char* const name : {"authorization_endpoint", "registration_endpoint", "revocation_endpoint"}) {
      const auto read = read_authorization_server(document(std::string(",\"") + name + "\":\"" + endpoint + "\""),
                                                  "https://as.example", internet);
      ASSERT_FALSE(read) << name << endpoint;
      EXPECT_EQ(read.error(), DiscoveryFault::unusable_endpoint) << name << endpoint;
    }
  EXPECT_EQ(read_authorization_server(document(",\"revocation_endpoint\":5"), "https://as.example", internet).error(),
            DiscoveryFault::unusable_endpoint);
  EXPECT_EQ(read_authorization_server(R"({"issuer":"https://as.example"})", "https://as.example", internet).error(),
            DiscoveryFault::no_token_endpoint);
  EXPECT_EQ(read_authorization_server("nonsense", "https://as.example", internet).error(), DiscoveryFault::malformed);
}

TEST(ServerMetadata, ListsAreBounded) {
  std::string scopes;
  for (int i = 0; i < 1'000; ++i) scopes += (i ? ",\"s" : "\"s") + std::to_string(i) + "\"";
  const auto read =
      read_authorization_server(document(",\"scopes_supported\":[" + scopes + "]"), "https://as.example", internet);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->scopes_supported.size(), 200U);
}

TEST(Mcp20250326, DefaultEndpoints) {
  const AuthorizationServer at = default_endpoints("https://rs.example:8443/mcp");
  EXPECT_EQ(at.issuer, "https://rs.example:8443");
  EXPECT_EQ(at.authorization_endpoint, "https://rs.example:8443/authorize");
  EXPECT_EQ(at.token_endpoint, "https://rs.example:8443/token");
  EXPECT_EQ(at.registration_endpoint, "https://rs.example:8443/register");
}

TEST(Rfc8707Section2, ResourceHasNoFragment) {
  EXPECT_EQ(canonical_resource("https://rs.example/mcp?a#b"), "https://rs.example/mcp?a");
  EXPECT_EQ(canonical_resource("https://rs.example/mcp"), "https://rs.example/mcp");
}

TEST(DiscoveryFaults, HaveSentences) {
  for (int fault = 0; fault <= static_cast<int>(DiscoveryFault::no_token_endpoint); ++fault)
    EXPECT_TRUE(to_string(static_cast<DiscoveryFault>(fault)).ends_with('.'));
}

}  // namespace
}  // namespace leanmcp::inline v0
