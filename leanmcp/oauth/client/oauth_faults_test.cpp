#include <leanmcp/oauth/client/oauth_client_impl.hpp>
#include <leanmcp/oauth/client/oauth_test_world.hpp>

// What a review found: each of these failed before its fix.

namespace leanmcp::inline v0 {
namespace {

using detail::AgreeableServer;
using detail::always;
using detail::answer;
using detail::json_of;
using detail::OAuthDouble;
using detail::OAuthWorld;
using detail::parameter;
using detail::secret;
using detail::SeenRequest;

TEST(MachineGrants, SecretGoesToNoOtherIssuerThanTheRegisteredOne) {
  OAuthWorld world;
  auto client = world.client(world.options()
                                 .registered(OAuthClientIdentity("machine", Secret("hush")), "https://as.example")
                                 .client_credentials());
  EXPECT_FALSE(world.run(client->sign_in()));
  EXPECT_EQ(world.as.count("/token"), 0U);
  EXPECT_FALSE(world.as.was_told("hush"));
}

TEST(MachineGrants, WorkloadTokenGoesToNoOtherIssuerThanTheRegisteredOne) {
  OAuthWorld world;
  auto client = world.client(
      world.options().registered(OAuthClientIdentity("machine"), "https://as.example").workload(secret("the-jwt")));
  EXPECT_FALSE(world.run(client->sign_in()));
  EXPECT_FALSE(world.as.was_told("the-jwt"));
}

TEST(MachineGrants, IdJagGoesToNoOtherIssuerThanTheRegisteredOne) {
  OAuthWorld world;
  OAuthDouble idp;
  idp.on("/token", always(200, json_of("{'access_token':'the-id-jag','token_type':'N_A',"
                                       "'issued_token_type':'urn:ietf:params:oauth:token-type:id-jag'}")));
  auto client = world.client(
      world.options()
          .registered(OAuthClientIdentity("machine", Secret("hush")), "https://as.example")
          .enterprise(EnterpriseGrant(idp.origin() + "/token", OAuthClientIdentity("at-idp"), secret("the-id-token"))));
  EXPECT_FALSE(world.run(client->sign_in()));
  EXPECT_EQ(idp.count("/token"), 0U) << "an assertion for a server that a stranger named";
  EXPECT_FALSE(world.as.was_told("the-id-jag"));
  EXPECT_FALSE(world.as.was_told("hush"));
}

TEST(Migration, PreRegisteredClientIsBoundToTheFirstIssuer) {
  OAuthWorld world;
  AgreeableServer second;
  const auto options = [&world] { return world.options().registered(OAuthClientIdentity("by-hand", Secret("hush"))); };
  auto client = world.client(options());
  ASSERT_TRUE(world.run(client->sign_in()));
  world.protect_with(second);
  const auto again = world.refuse(*client);
  EXPECT_FALSE(again);
  EXPECT_FALSE(second.was_told("by-hand"));
  EXPECT_FALSE(second.was_told("hush"));
  EXPECT_EQ(world.browser->urls.size(), 1U);
  // Nor by a later process.
  auto later = world.client(options());
  EXPECT_FALSE(world.refuse(*later));
  EXPECT_FALSE(second.was_told("by-hand"));
  EXPECT_EQ(world.browser->urls.size(), 1U);
}

TEST(Dpop, SymmetricAlgorithmOfTheServerIsNoAlgorithm) {
  OAuthWorld world;
  world.as.metadata(",'dpop_signing_alg_values_supported':['HS256','none']");
  auto asked = world.client();
  const auto signed_in = world.run(asked->challenged(world.challenge(401, "DPoP")));
  ASSERT_TRUE(signed_in);
  EXPECT_EQ(world.as.seen("/token").at(0).header("DPoP"), "") << "nothing that this client could sign with";
  auto always = world.client(world.options().profile("other").dpop(UseDpop::always));
  EXPECT_FALSE(world.run(always->sign_in()));
}

TEST(Refresh, TwoProcessesDoNotUseOneRefreshTokenTwice) {
  OAuthWorld world;
  ASSERT_TRUE(world.run(world.client()->sign_in()));
  // Two processes are two clients with what is in the store.
  auto first = world.client();
  auto second = world.client();
  std::vector<Task<Result<bool>>> both;
  both.push_back(first->challenged(world.challenge(401, "Bearer", "at-1")));
  both.push_back(second->challenged(world.challenge(401, "Bearer", "at-1")));
  for (const auto& outcome : world.run(std::move(both))) {
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(*outcome);
  }
  EXPECT_EQ(world.as.grants("refresh_token"), 1U);
  EXPECT_EQ(world.browser->urls.size(), 1U);
  EXPECT_EQ(world.token_of(*first), "at-2");
  EXPECT_EQ(world.token_of(*second), "at-2");
}

TEST(Refresh, EarlyRenewalReadsWhatAnotherProcessStored) {
  OAuthWorld world;
  auto first = world.client();
  ASSERT_TRUE(world.run(first->sign_in()));
  auto second = world.client();
  EXPECT_EQ(world.token_of(*second), "at-1");
  world.clock->advance(std::chrono::seconds(3'550));
  EXPECT_EQ(world.token_of(*first), "at-2");
  EXPECT_EQ(world.token_of(*second), "at-2");
  EXPECT_EQ(world.as.grants("refresh_token"), 1U);
}

TEST(Refresh, OnlyInvalidGrantForgetsTokens) {
  for (const auto& [status, body] :
       {std::pair(400, "{'error':'temporarily_unavailable'}"), std::pair(400, "{'error':'invalid_request'}"),
        std::pair(403, "<html>"), std::pair(200, "<html>"), std::pair(503, "{}"), std::pair(429, "{}")}) {
    OAuthWorld world;
    auto client = world.client();
    ASSERT_TRUE(world.run(client->sign_in()));
    world.as.on("/token", always(status, json_of(body)));
    world.browser->person = [](const std::string&) -> Result<std::string> { return Error("nobody is there"); };
    client->answered(AuthRequest("POST", world.mcp_url()), ClientResponse{200, {}, {}});
    EXPECT_FALSE(world.refuse(*client)) << status << body;
    EXPECT_TRUE(client->status().signed_in) << status << body;
    EXPECT_TRUE(client->status().can_refresh) << status << body;
    EXPECT_EQ(world.token_of(*world.client()), "at-1") << "in the store: " << status << body;
  }
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->sign_in()));
  world.as.on("/token", always(400, json_of("{'error':'invalid_grant'}")));
  world.browser->person = [](const std::string&) -> Result<std::string> { return Error("nobody is there"); };
  client->answered(AuthRequest("POST", world.mcp_url()), ClientResponse{200, {}, {}});
  EXPECT_FALSE(world.refuse(*client));
  EXPECT_FALSE(client->status().signed_in);
  EXPECT_EQ(world.token_of(*world.client()), "");
}

TEST(Refresh, ForgottenRegistrationIsMadeAgainOnce) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->sign_in()));
  client->answered(AuthRequest("POST", world.mcp_url()), ClientResponse{200, {}, {}});
  // The server forgets its clients.
  world.as.on("/token", [&world](const SeenRequest& request) {
    const bool known = request.field("client_id") == "registered-2";
    return known ? world.as.give(request) : answer(401, json_of("{'error':'invalid_client'}"));
  });
  const auto again = world.refuse(*client);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE(*again);
  EXPECT_EQ(world.as.count("/register"), 2U);
  EXPECT_EQ(client->status().client_id, "registered-2");
}

TEST(Limits, AuthorizationsOfLongAgoAreNotCounted) {
  OAuthWorld world;
  world.as.refreshable = false;
  auto client = world.client();
  for (int i = 0; i < 5; ++i) {
    const auto signed_in = world.refuse(*client, 401, "Bearer error=\"invalid_token\"");
    ASSERT_TRUE(signed_in) << i << " " << signed_in.error().message();
    EXPECT_TRUE(*signed_in) << i;
    client->answered(AuthRequest("POST", world.mcp_url()), ClientResponse{200, {}, {}});
    world.clock->advance(std::chrono::hours(2));
  }
  EXPECT_EQ(world.browser->urls.size(), 5U);
}

TEST(Limits, DenialIsForgottenWhenThePersonAsksAgain) {
  OAuthWorld world;
  auto client = world.client();
  world.browser->person = [](const std::string& url) -> Result<std::string> {
    return "error=access_denied&state=" + encode_form_text(parameter(url, "state"));
  };
  EXPECT_FALSE(world.run(client->challenged(world.challenge(401))));
  EXPECT_FALSE(world.run(client->challenged(world.challenge(401))));
  EXPECT_EQ(world.browser->urls.size(), 1U) << "a denial is not asked about again by itself";
  world.browser->person = &OAuthWorld::agree;
  EXPECT_TRUE(world.run(client->sign_in()));
}

TEST(LateChallenge, DoesNotRefreshWhatAnotherRequestHasRefreshed) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->sign_in()));
  client->answered(AuthRequest("POST", world.mcp_url()), ClientResponse{200, {}, {}});
  const AuthChallenge of_the_first_token = world.challenge(401, "Bearer", "at-1");
  ASSERT_TRUE(world.run(client->challenged(of_the_first_token)));
  // A request that went with the first token as well is answered only now.
  const auto late = world.run(client->challenged(of_the_first_token));
  ASSERT_TRUE(late);
  EXPECT_TRUE(*late);
  EXPECT_EQ(world.as.grants("refresh_token"), 1U);
}

TEST(Discovery, BadDocumentDoesNotHideTheNextPlace) {
  OAuthWorld world;
  const std::string document =
      json_of("{'resource':'" + world.rs.origin() + "','authorization_servers':['" + world.as.origin() + "']}");
  for (const auto& [status, body] :
       {std::pair(200, "<html>"), std::pair(200, "[]"), std::pair(404, ""), std::pair(403, "{}"), std::pair(302, "")}) {
    world.rs.on("/.well-known/oauth-protected-resource/mcp", always(status, body));
    world.rs.on("/.well-known/oauth-protected-resource", always(200, document));
    const auto signed_in = world.run(world.client(world.options().profile(body + std::to_string(status)))->sign_in());
    EXPECT_TRUE(signed_in) << status << body << ": " << signed_in.error().message();
  }
  world.protect_with(world.as);
  const std::string metadata =
      world.as.seen("/.well-known/oauth-authorization-server").empty()
          ? std::string()
          : json_of("{'issuer':'" + world.as.origin() + "','authorization_endpoint':'" + world.as.origin() +
                    "/authorize','token_endpoint':'" + world.as.origin() + "/token','registration_endpoint':'" +
                    world.as.origin() + "/register','code_challenge_methods_supported':['S256']}");
  world.as.on("/.well-known/oauth-authorization-server", always(200, "<html>"));
  world.as.on("/.well-known/openid-configuration", always(200, metadata));
  EXPECT_TRUE(world.run(world.client(world.options().profile("as"))->sign_in()));
}

TEST(Discovery, FailureOfTheNetworkEndsIt) {
  OAuthWorld world;
  world.rs.on("/.well-known/oauth-protected-resource/mcp", [](const SeenRequest&) {
    OAuthDouble::Answer cut{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"};
    cut.close = true;
    return cut;
  });
  EXPECT_FALSE(world.run(world.client()->sign_in()));
  EXPECT_EQ(world.rs.count("/.well-known/oauth-protected-resource"), 0U);
}

TEST(Registration, IsForItsRedirectUriAlone) {
  OAuthWorld world;
  ASSERT_TRUE(world.run(world.client()->sign_in()));
  const auto sign_in_with = [&world](const std::string& redirect_uri) {
    world.browser->redirect_uri = redirect_uri;
    ASSERT_TRUE(world.run(world.client(world.options().profile(""))->sign_in()));
  };
  const auto forget = [&world] {
    ASSERT_TRUE(world.store->erase(tokens_name(world.as.origin(), world.mcp_url(), "")));
  };
  forget();
  sign_in_with("http://127.0.0.1:4712/callback");
  EXPECT_EQ(world.as.count("/register"), 1U) << "another port of loopback is the same client (RFC 8252, section 7.3)";
  forget();
  sign_in_with("http://127.0.0.1:4712/other");
  EXPECT_EQ(world.as.count("/register"), 2U);
  forget();
  sign_in_with("http://[::1]:4712/other");
  EXPECT_EQ(world.as.count("/register"), 3U);
  forget();
  sign_in_with("https://app.example/callback");
  EXPECT_EQ(world.as.count("/register"), 4U);
  forget();
  sign_in_with("https://app.example:444/callback");
  EXPECT_EQ(world.as.count("/register"), 5U);
}

}  // namespace
}  // namespace leanmcp::inline v0
