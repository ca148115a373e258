#include <leanmcp/base/encoding.hpp>
#include <leanmcp/oauth/client/oauth_test_world.hpp>

namespace leanmcp::inline v0 {
namespace {

using detail::always;
using detail::answer;
using detail::json_of;
using detail::OAuthDouble;
using detail::OAuthWorld;
using detail::secret;
using detail::SeenRequest;

OAuthClientIdentity machine() { return OAuthClientIdentity("machine", Secret("hush")); }

std::string jwt_for(const std::string& audience) {
  return "e30." + base64url_encode(json_of("{'aud':'" + audience + "'}")) + ".c2ln";
}

constexpr const char* id_jag =
    "{'access_token':'the-id-jag','token_type':'N_A','issued_token_type':'urn:ietf:params:oauth:token-type:id-jag'}";

TEST(Rfc6749Section4_4, ClientCredentials) {
  OAuthWorld world;
  world.protect_with(world.as, ",'scopes_supported':['run']");
  auto client = world.client(world.options().registered(machine(), world.as.origin()).client_credentials());
  ASSERT_TRUE(world.run(client->sign_in()));
  EXPECT_EQ(world.token_of(*client), "at-1");
  const SeenRequest request = world.as.seen("/token").at(0);
  EXPECT_EQ(request.field("grant_type"), "client_credentials");
  EXPECT_EQ(request.field("resource"), world.mcp_url());
  EXPECT_EQ(request.field("scope"), "run");
  EXPECT_EQ(request.header("Authorization"), "Basic " + base64_encode("machine:hush"));
  EXPECT_EQ(world.as.count("/register"), 0U);
  EXPECT_TRUE(world.browser->urls.empty());
}

TEST(Rfc6749Section4_4, RenewsByItselfBeforeTheEnd) {
  OAuthWorld world;
  world.as.refreshable = false;
  auto client = world.client(world.options().registered(machine(), world.as.origin()).client_credentials());
  ASSERT_TRUE(world.run(client->sign_in()));
  world.clock->advance(std::chrono::seconds(3'545));
  EXPECT_EQ(world.token_of(*client), "at-2");
  EXPECT_EQ(world.as.grants("client_credentials"), 2U);
  // What it has is good for a little longer, so a server that is away does not stop it.
  world.clock->advance(std::chrono::seconds(3'545));
  world.as.on("/token", always(503, "{}"));
  EXPECT_EQ(world.token_of(*client), "at-2");
}

TEST(Rfc6749Section4_4, SecretNeedsItsIssuer) {
  OAuthWorld world;
  auto careless = world.client(world.options().registered(machine()).client_credentials());
  EXPECT_FALSE(world.run(careless->sign_in()));
  EXPECT_FALSE(world.as.was_told("hush"));
  EXPECT_EQ(world.as.count("/token"), 0U);
  auto trusting = world.client(world.options().registered(machine()).trust_first_issuer().client_credentials());
  EXPECT_TRUE(world.run(trusting->sign_in()));
  detail::AgreeableServer second;
  world.protect_with(second);
  EXPECT_FALSE(world.run(trusting->challenged(world.challenge(401, "Bearer", "at-1"))));
  EXPECT_TRUE(second.seen().empty());
}

TEST(Rfc7523Section2_2, SignatureIsForTheIssuerAndNeedsNoOther) {
  OAuthWorld world;
  OAuthClientIdentity identity("machine");
  identity.key = SigningKey::generate(JwsAlgorithm::es256);
  auto client = world.client(world.options().registered(identity).client_credentials());
  ASSERT_TRUE(world.run(client->sign_in()));
  EXPECT_FALSE(world.as.seen("/token").at(0).field("client_assertion").empty());
}

TEST(WorkloadIdentity, TokenForTheIssuer) {
  OAuthWorld world;
  const std::string jwt = jwt_for(world.as.origin());
  auto client = world.client(world.options().registered(OAuthClientIdentity("machine")).workload(secret(jwt)));
  ASSERT_TRUE(world.run(client->sign_in()));
  const SeenRequest request = world.as.seen("/token").at(0);
  EXPECT_EQ(request.field("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  EXPECT_EQ(request.field("assertion"), jwt);
  EXPECT_EQ(request.field("resource"), world.mcp_url());
}

TEST(WorkloadIdentity, TokenForAnotherIssuerIsNotShown) {
  OAuthWorld world;
  const std::string jwt = jwt_for("https://as.example");
  auto client = world.client(world.options().registered(OAuthClientIdentity("machine")).workload(secret(jwt)));
  EXPECT_FALSE(world.run(client->sign_in()));
  EXPECT_FALSE(world.as.was_told(jwt));
  // Platforms that know one audience for all: then the issuer must be given.
  auto told =
      world.client(world.options().registered(OAuthClientIdentity("machine"), world.as.origin()).workload(secret(jwt)));
  EXPECT_TRUE(world.run(told->sign_in()));
}

TEST(WorkloadIdentity, AnyErrorEndsIt) {
  for (const char* const error : {"invalid_grant", "use_dpop_nonce", "invalid_client", "unauthorized_client"}) {
    OAuthWorld world;
    world.as.metadata(",'dpop_signing_alg_values_supported':['ES256']");
    world.as.on("/token", always(400, json_of("{'error':'" + std::string(error) + "'}"), "DPoP-Nonce: n\r\n"));
    auto client = world.client(world.options()
                                   .registered(OAuthClientIdentity("machine"), world.as.origin())
                                   .dpop(UseDpop::always)
                                   .workload(secret("jwt")));
    EXPECT_FALSE(world.run(client->sign_in()));
    EXPECT_EQ(world.as.count("/token"), 1U) << error;
    EXPECT_EQ(world.as.count("/register"), 0U);
  }
}

TEST(EnterpriseManagedAuthorization, BothLegs) {
  OAuthWorld world;
  OAuthDouble idp;
  idp.on("/token", always(200, json_of(id_jag)));
  auto client = world.client(
      world.options()
          .registered(machine(), world.as.origin())
          .enterprise(EnterpriseGrant(idp.origin() + "/token", OAuthClientIdentity("at-idp"), secret("the-id-token"))));
  ASSERT_TRUE(world.run(client->sign_in()));
  const SeenRequest exchange = idp.seen("/token").at(0);
  EXPECT_EQ(exchange.field("grant_type"), "urn:ietf:params:oauth:grant-type:token-exchange");
  EXPECT_EQ(exchange.field("requested_token_type"), "urn:ietf:params:oauth:token-type:id-jag");
  EXPECT_EQ(exchange.field("audience"), world.as.origin());
  EXPECT_EQ(exchange.field("resource"), world.mcp_url());
  EXPECT_EQ(exchange.field("subject_token"), "the-id-token");
  EXPECT_EQ(exchange.field("subject_token_type"), "urn:ietf:params:oauth:token-type:id_token");
  EXPECT_EQ(exchange.field("client_id"), "at-idp");
  const SeenRequest bearer = world.as.seen("/token").at(0);
  EXPECT_EQ(bearer.field("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  EXPECT_EQ(bearer.field("assertion"), "the-id-jag");
  EXPECT_EQ(bearer.header("Authorization"), "Basic " + base64_encode("machine:hush"));
  EXPECT_FALSE(world.as.was_told("the-id-token"));
  EXPECT_FALSE(idp.was_told("hush"));
  // On expiry both legs again.
  world.clock->advance(std::chrono::hours(2));
  EXPECT_EQ(world.token_of(*client), "at-2");
  EXPECT_EQ(idp.count("/token"), 2U);
}

TEST(EnterpriseManagedAuthorization, AsksNobodyWithoutAnIssuerOrAProof) {
  OAuthWorld world;
  OAuthDouble idp;
  const auto grant = [&idp] {
    return EnterpriseGrant(idp.origin() + "/token", OAuthClientIdentity("at-idp"), secret("the-id-token"));
  };
  for (const auto& options :
       {world.options().enterprise(grant()), world.options().registered(machine()).enterprise(grant()),
        world.options().registered(OAuthClientIdentity("machine"), world.as.origin()).enterprise(grant())})
    EXPECT_FALSE(world.run(world.client(options)->sign_in()));
  EXPECT_TRUE(idp.seen().empty());
  EXPECT_EQ(world.as.count("/token"), 0U);
}

TEST(EnterpriseManagedAuthorization, TokenEndpointIsOnTheIssuersHost) {
  OAuthWorld world;
  OAuthDouble elsewhere;
  OAuthDouble idp;
  world.as.on("/.well-known/oauth-authorization-server",
              always(200, json_of("{'issuer':'" + world.as.origin() + "','token_endpoint':'" + elsewhere.origin() +
                                  "/token'}")));
  auto client = world.client(
      world.options()
          .registered(machine(), world.as.origin())
          .enterprise(EnterpriseGrant(idp.origin() + "/token", OAuthClientIdentity("at-idp"), secret("the-id-token"))));
  EXPECT_FALSE(world.run(client->sign_in()));
  EXPECT_TRUE(idp.seen().empty());
  EXPECT_TRUE(elsewhere.seen().empty());
}

TEST(EnterpriseManagedAuthorization, ProviderThatGivesNoAssertion) {
  for (const char* const body : {"{'access_token':'a','token_type':'Bearer','issued_token_type':'urn:ietf:params:oauth:"
                                 "token-type:access_token'}",
                                 "{'error':'access_denied'}", "<html>"}) {
    OAuthWorld world;
    OAuthDouble idp;
    idp.on("/token", always(200, json_of(body)));
    auto client = world.client(
        world.options()
            .registered(machine(), world.as.origin())
            .enterprise(EnterpriseGrant(idp.origin() + "/token", OAuthClientIdentity("at-idp"), secret("id-token"))));
    EXPECT_FALSE(world.run(client->sign_in())) << body;
    EXPECT_EQ(world.as.count("/token"), 0U) << body;
  }
}

TEST(MachineGrants, SayWhichExtensionTheyAre) {
  OAuthWorld world;
  using Names = std::vector<std::string>;
  EXPECT_EQ(world.client()->extensions(), Names());
  EXPECT_EQ(world.client(world.options().registered(machine()).client_credentials())->extensions(),
            Names{"io.modelcontextprotocol/oauth-client-credentials"});
  EXPECT_EQ(
      world.client(world.options().enterprise(EnterpriseGrant("https://idp", OAuthClientIdentity("x"), secret("y"))))
          ->extensions(),
      Names{"io.modelcontextprotocol/enterprise-managed-authorization"});
}

}  // namespace
}  // namespace leanmcp::inline v0
