#include <leanmcp/oauth/client/authorization.hpp>
#include <leanmcp/oauth/client/oauth_test_world.hpp>

namespace leanmcp::inline v0 {
namespace {

using detail::AgreeableServer;
using detail::always;
using detail::answer;
using detail::json_of;
using detail::OAuthDouble;
using detail::OAuthWorld;
using detail::parameter;
using detail::SeenRequest;

const std::string scope_wanted = "Bearer error=\"insufficient_scope\", scope=\"";

void accept(OAuthClient& client, const OAuthWorld& world, const std::string& operation = {}) {
  client.answered(AuthRequest("POST", world.mcp_url(), operation), ClientResponse{200, {}, {}});
}

TEST(SignIn, HoldsToTheWholeFlow) {
  OAuthWorld world;
  world.protect_with(world.as, ",'scopes_supported':['read','write']");
  auto client = world.client();
  EXPECT_EQ(world.token_of(*client), "") << "the first request goes without";
  const auto signed_in = world.run(client->challenged(world.challenge(401, "Bearer realm=\"x\"")));
  ASSERT_TRUE(signed_in);
  EXPECT_TRUE(*signed_in);
  EXPECT_EQ(world.token_of(*client), "at-1");
  const SeenRequest registration = world.as.seen("/register").at(0);
  EXPECT_NE(registration.body.find("http://127.0.0.1:4711/callback"), std::string::npos);
  const std::string& url = world.browser->urls.at(0);
  EXPECT_EQ(parameter(url, "client_id"), "registered-1");
  EXPECT_EQ(parameter(url, "scope"), "read write");
  EXPECT_EQ(parameter(url, "resource"), world.mcp_url());
  const SeenRequest trade = world.as.seen("/token").at(0);
  EXPECT_EQ(trade.field("grant_type"), "authorization_code");
  EXPECT_EQ(trade.field("code"), "the-code");
  EXPECT_EQ(trade.field("redirect_uri"), "http://127.0.0.1:4711/callback");
  EXPECT_EQ(trade.field("resource"), world.mcp_url());
  EXPECT_EQ(trade.field("client_id"), "registered-1");
  EXPECT_EQ(s256_challenge(Secret(trade.field("code_verifier"))), parameter(url, "code_challenge"));
  const OAuthClient::Status status = client->status();
  EXPECT_TRUE(status.signed_in);
  EXPECT_EQ(status.issuer, world.as.origin());
  EXPECT_EQ(status.scope, "read write") << "what the server does not say is as it was asked for";
  EXPECT_TRUE(status.can_refresh);
}

TEST(Token, GoesToTheResourcesOriginAlone) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->sign_in()));
  EXPECT_EQ(world.token_of(*client, world.rs.origin() + "/other"), "at-1");
  for (const std::string& url :
       {world.as.origin() + "/mcp", std::string("https://evil.example/mcp"), std::string("x"),
        "https" + world.mcp_url().substr(4), "http://localhost" + world.mcp_url().substr(world.mcp_url().rfind(':'))})
    EXPECT_EQ(world.token_of(*client, url), "") << url;
}

TEST(Token, RequestsThatComeTogetherSignInOnce) {
  OAuthWorld world;
  auto client = world.client();
  std::vector<Task<Result<bool>>> all;
  for (int i = 0; i < 5; ++i) all.push_back(client->challenged(world.challenge(401)));
  for (const auto& outcome : world.run(std::move(all))) EXPECT_TRUE(outcome && *outcome);
  EXPECT_EQ(world.browser->urls.size(), 1U);
  EXPECT_EQ(world.as.count("/token"), 1U);
}

TEST(Token, RequestsThatComeTogetherFailTogether) {
  OAuthWorld world;
  auto client = world.client();
  world.browser->person = [](const std::string&) -> Result<std::string> { return Error("the window was closed"); };
  std::vector<Task<Result<bool>>> all;
  for (int i = 0; i < 5; ++i) all.push_back(client->challenged(world.challenge(401)));
  for (const auto& outcome : world.run(std::move(all))) EXPECT_FALSE(outcome);
  EXPECT_EQ(world.browser->urls.size(), 1U) << "the person is not asked once for each";
}

TEST(Token, FreshOneThatIsNotTakenIsNotAskedForAgain) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->challenged(world.challenge(401))));
  const auto again = world.refuse(*client);
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);
  EXPECT_EQ(world.browser->urls.size(), 1U);
  EXPECT_EQ(world.as.grants("refresh_token"), 0U);
}

TEST(Refresh, FirstThenANewSignInWhereThatDoesNotHelp) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->sign_in()));
  accept(*client, world);
  ASSERT_TRUE(*world.refuse(*client));
  EXPECT_EQ(world.token_of(*client), "at-2");
  EXPECT_EQ(world.browser->urls.size(), 1U);
  ASSERT_TRUE(*world.refuse(*client)) << "the renewed one is not taken either";
  EXPECT_EQ(world.as.grants("refresh_token"), 1U);
  EXPECT_EQ(world.browser->urls.size(), 2U);
  EXPECT_FALSE(*world.refuse(*client));
}

TEST(Refresh, SendsResourceAndKeepsWhatTheAnswerLeavesOut) {
  OAuthWorld world;
  world.protect_with(world.as, ",'scopes_supported':['read']");
  auto client = world.client();
  ASSERT_TRUE(world.run(client->sign_in()));
  world.clock->advance(std::chrono::seconds(3'541));
  world.as.refreshable = false;
  EXPECT_EQ(world.token_of(*client), "at-2");
  const SeenRequest request = world.as.seen("/token").at(1);
  EXPECT_EQ(request.field("grant_type"), "refresh_token");
  EXPECT_EQ(request.field("refresh_token"), "rt-1");
  EXPECT_EQ(request.field("resource"), world.mcp_url());
  EXPECT_EQ(request.field("client_id"), "registered-1");
  EXPECT_TRUE(client->status().can_refresh) << "RFC 6749, section 6: the old refresh token stays";
  EXPECT_EQ(client->status().scope, "read");
}

TEST(Refresh, IsEarlyAndOnceForAllThatAsk) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->sign_in()));
  world.clock->advance(std::chrono::seconds(3'539));
  EXPECT_EQ(world.token_of(*client), "at-1");
  world.clock->advance(std::chrono::seconds(1));
  std::vector<Task<Result<AccessCredentials>>> all;
  for (int i = 0; i < 5; ++i) all.push_back(client->credentials(AuthRequest("POST", world.mcp_url())));
  const auto given = world.run(std::move(all));
  EXPECT_EQ(given.front()->token.reveal(), "at-2");
  // The old one is still good, so nobody need wait; whoever comes when the new one is there gets that.
  const std::string last(given.back()->token.reveal());
  EXPECT_TRUE(last == "at-1" || last == "at-2") << last;
  EXPECT_EQ(world.as.grants("refresh_token"), 1U);
  world.clock->advance(std::chrono::hours(2));
  all.clear();
  for (int i = 0; i < 5; ++i) all.push_back(client->credentials(AuthRequest("POST", world.mcp_url())));
  for (const auto& token : world.run(std::move(all))) EXPECT_EQ(token->token.reveal(), "at-3");
  EXPECT_EQ(world.as.grants("refresh_token"), 2U);
}

TEST(Refresh, LaterProcessRenewsEarlyAsWell) {
  OAuthWorld world;
  ASSERT_TRUE(world.run(world.client()->sign_in()));
  world.clock->advance(std::chrono::hours(2));
  auto later = world.client();
  EXPECT_EQ(world.token_of(*later), "at-2");
  EXPECT_EQ(world.as.seen("/token").at(1).field("resource"), world.mcp_url());
}

TEST(Refresh, UnreachableServerIsLeftAloneForAWhile) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->sign_in()));
  accept(*client, world);
  world.as.on("/token", always(503, "{}", "Retry-After: 30\r\n"));
  world.clock->advance(std::chrono::seconds(3'550));
  EXPECT_EQ(world.token_of(*client), "at-1") << "it is still good";
  EXPECT_EQ(world.token_of(*client), "at-1");
  EXPECT_EQ(world.as.grants("refresh_token"), 1U);
  EXPECT_FALSE(world.run(client->challenged(world.challenge(401, "Bearer", "at-1"))));
  EXPECT_EQ(world.as.grants("refresh_token"), 1U);
  EXPECT_EQ(world.browser->urls.size(), 1U) << "a person could not sign in there either";
  world.as.on("/token", [&world](const SeenRequest& request) { return world.as.give(request); });
  world.clock->advance(std::chrono::seconds(31));
  EXPECT_EQ(world.token_of(*client), "at-2");
}

TEST(Refresh, AnswerIsKeptThoughTheRequestIsCancelled) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->sign_in()));
  world.clock->advance(std::chrono::hours(2));
  std::atomic<bool> asked = false;
  world.as.on("/token", [&](const SeenRequest& request) {
    asked = true;
    OAuthDouble::Answer slow = world.as.give(request);
    slow.delay = std::chrono::milliseconds(100);
    return slow;
  });
  std::optional<RunHandle> handle;
  bool ended = false;
  world.loop.post([&] {
    handle = spawn(world.loop, client->credentials(AuthRequest("POST", world.mcp_url())),
                   [&](RunOutcome<Result<AccessCredentials>>) {
                     ended = true;
                     world.loop.stop();
                   });
  });
  std::function<void()> cancel_when_asked = [&] {
    if (asked) {
      handle->cancel();
    } else {
      world.loop.start_timer(std::chrono::milliseconds(1), cancel_when_asked);
    }
  };
  world.loop.start_timer(std::chrono::milliseconds(1), cancel_when_asked);
  world.loop.run();
  ASSERT_TRUE(ended);
  EXPECT_EQ(world.token_of(*client), "at-2");
  EXPECT_EQ(world.token_of(*world.client()), "at-2");
  EXPECT_EQ(world.as.grants("refresh_token"), 1U);
}

TEST(Refresh, ForgottenByAnotherProcessIsForgotten) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->sign_in()));
  accept(*client, world);
  ASSERT_TRUE(world.run(world.client()->sign_out()));
  world.browser->person = [](const std::string&) -> Result<std::string> { return Error("nobody is there"); };
  EXPECT_FALSE(world.refuse(*client));
  EXPECT_EQ(world.as.grants("refresh_token"), 0U);
  EXPECT_FALSE(client->status().signed_in);
}

TEST(StepUp, AsksForTheUnionByANewAuthorization) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->challenged(world.challenge(401, "Bearer scope=\"basic\""))));
  ASSERT_TRUE(*world.refuse(*client, 403, scope_wanted + "write\""));
  EXPECT_EQ(world.as.grants("refresh_token"), 0U);
  EXPECT_EQ(parameter(world.browser->urls.at(1), "scope"), "write basic");
  EXPECT_EQ(client->status().scope, "write basic");
}

TEST(StepUp, FailsWhereNothingNewIsAskedFor) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->challenged(world.challenge(401, "Bearer scope=\"basic\""))));
  EXPECT_FALSE(*world.refuse(*client, 403, scope_wanted + "basic\""));
  EXPECT_FALSE(*world.refuse(*client, 403, "Bearer error=\"insufficient_scope\""));
  EXPECT_FALSE(*world.refuse(*client, 403, "Bearer error=\"invalid_token\", scope=\"more\""));
  EXPECT_FALSE(*world.refuse(*client, 403, ""));
  EXPECT_EQ(world.browser->urls.size(), 1U);
}

TEST(StepUp, TwiceForOneOperation) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->challenged(world.challenge(401))));
  const auto step_up = [&](int i) {
    AuthChallenge challenge =
        world.challenge(403, scope_wanted + "s" + std::to_string(i) + "\"", world.token_of(*client));
    challenge.operation = "tools/call greedy";
    const auto outcome = world.run(client->challenged(challenge));
    return outcome && *outcome;
  };
  EXPECT_TRUE(step_up(1));
  EXPECT_TRUE(step_up(2));
  EXPECT_FALSE(step_up(3));
  EXPECT_EQ(world.browser->urls.size(), 3U);
}

TEST(StepUp, ThreeAuthorizationsInAllHoweverTheServerAsks) {
  OAuthWorld world;
  world.as.refreshable = false;
  auto client = world.client();
  int yes = 0;
  for (int i = 0; i < 20; ++i) {
    // Takes one request now and then, to look harmless.
    accept(*client, world, "ping");
    AuthChallenge challenge =
        i % 2 ? world.challenge(401, "Bearer", world.token_of(*client))
              : world.challenge(403, scope_wanted + "s" + std::to_string(i) + "\"", world.token_of(*client));
    challenge.operation = "tools/call t" + std::to_string(i);
    const auto outcome = world.run(client->challenged(challenge));
    yes += outcome && *outcome;
  }
  EXPECT_EQ(world.browser->urls.size(), 3U);
  EXPECT_EQ(yes, 3);
}

TEST(Rfc9470Section4, StrongerSignInIsPassedOn) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->challenged(world.challenge(401, "Bearer scope=\"pay\""))));
  accept(*client, world);
  ASSERT_TRUE(*world.refuse(
      *client, 401, "Bearer error=\"insufficient_user_authentication\", acr_values=\"urn:gold\", max_age=\"60\""));
  EXPECT_EQ(world.as.grants("refresh_token"), 0U) << "a refresh does not authenticate anybody";
  const std::string& url = world.browser->urls.at(1);
  EXPECT_EQ(parameter(url, "acr_values"), "urn:gold");
  EXPECT_EQ(parameter(url, "max_age"), "60");
  EXPECT_EQ(parameter(url, "scope"), "pay");
}

TEST(Migration, NothingOfTheOldServerIsShownToTheNewOne) {
  OAuthWorld world;
  AgreeableServer second;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->sign_in()));
  accept(*client, world);
  const std::string verifier = world.as.seen("/token").at(0).field("code_verifier");
  world.protect_with(second);
  ASSERT_TRUE(*world.refuse(*client));
  EXPECT_EQ(client->status().issuer, second.origin());
  EXPECT_EQ(second.count("/register"), 1U);
  EXPECT_EQ(second.grants("refresh_token"), 0U);
  for (const std::string& told : {std::string("at-1"), std::string("rt-1"), verifier, world.as.origin()})
    EXPECT_FALSE(second.was_told(told)) << told;
  // And back: what was stored for the first issuer is not lost, and not mixed up.
  EXPECT_EQ(world.as.count("/register"), 1U);
}

TEST(Discovery, IssuerMixUpReachesNoEndpoint) {
  OAuthWorld world;
  AgreeableServer other;
  world.as.on("/.well-known/oauth-authorization-server",
              always(200, other.seen().empty()
                              ? json_of("{'issuer':'" + other.origin() + "','token_endpoint':'" + other.origin() +
                                        "/token','authorization_endpoint':'" + other.origin() +
                                        "/authorize','code_challenge_methods_supported':['S256']}")
                              : ""));
  EXPECT_FALSE(world.run(world.client()->sign_in()));
  EXPECT_EQ(world.as.count("/.well-known/openid-configuration"), 0U) << "a wrong document ends the search";
  EXPECT_EQ(world.as.count("/register") + world.as.count("/token") + other.seen().size(), 0U);
  EXPECT_TRUE(world.browser->urls.empty());
}

TEST(Discovery, ResourceOfAnotherOriginEndsItBeforeAnyServerIsAsked) {
  OAuthWorld world;
  world.rs.on("/.well-known/oauth-protected-resource/mcp",
              always(200, json_of("{'resource':'https://bank.example/mcp','authorization_servers':['" +
                                  world.as.origin() + "']}")));
  EXPECT_FALSE(world.run(world.client()->sign_in()));
  EXPECT_TRUE(world.as.seen().empty());
}

TEST(Discovery, ChallengeOfOneHostDoesNotNameMetadataOfAnother) {
  OAuthWorld world;
  OAuthDouble evil;
  const std::string header = "Bearer resource_metadata=\"" + evil.origin() + "/prm\"";
  EXPECT_FALSE(world.run(world.client()->challenged(world.challenge(401, header))));
  EXPECT_TRUE(evil.seen().empty());
}

TEST(Discovery, ChallengesPlaceIsTheOnlyOne) {
  OAuthWorld world;
  const std::string header = "Bearer resource_metadata=\"" + world.rs.origin() + "/custom\"";
  EXPECT_FALSE(world.run(world.client()->challenged(world.challenge(401, header))));
  EXPECT_EQ(world.rs.seen().size(), 1U);
  EXPECT_EQ(world.rs.count("/custom"), 1U);
}

TEST(Callback, WrongIssuerReachesNoTokenEndpoint) {
  for (const char* const named : {"true", "false"}) {
    OAuthWorld world;
    world.as.metadata(std::string(",'authorization_response_iss_parameter_supported':") + named);
    world.browser->person = [](const std::string& url) -> Result<std::string> {
      return "code=c&iss=https%3A%2F%2Fevil.example&state=" + encode_form_text(parameter(url, "state"));
    };
    EXPECT_FALSE(world.run(world.client()->sign_in()));
    EXPECT_EQ(world.as.count("/token"), 0U);
  }
}

TEST(Callback, ErrorsOfTheServerAreNotRepeated) {
  OAuthWorld world;
  world.browser->person = [](const std::string& url) -> Result<std::string> {
    return "error=server_error&error_description=%3Cscript%3Ealert(1)%3C/script%3E&state=" +
           encode_form_text(parameter(url, "state"));
  };
  const auto failed = world.run(world.client()->sign_in());
  ASSERT_FALSE(failed);
  EXPECT_EQ((failed.error().message() + failed.error().detail()).find("script"), std::string::npos);
}

TEST(Identity, DocumentOfTheClientComesBeforeRegistration) {
  OAuthWorld world;
  world.as.metadata(",'client_id_metadata_document_supported':true");
  auto client = world.client(world.options().client_document("https://app.example/client.json"));
  ASSERT_TRUE(world.run(client->sign_in()));
  EXPECT_EQ(parameter(world.browser->urls.at(0), "client_id"), "https://app.example/client.json");
  EXPECT_EQ(world.as.count("/register"), 0U);
}

TEST(Identity, OneRegisteredByHandComesBeforeAll) {
  OAuthWorld world;
  world.as.metadata(",'client_id_metadata_document_supported':true");
  auto client = world.client(world.options()
                                 .client_document("https://app.example/client.json")
                                 .registered(OAuthClientIdentity("by-hand", Secret("hush")), world.as.origin()));
  ASSERT_TRUE(world.run(client->sign_in()));
  EXPECT_EQ(parameter(world.browser->urls.at(0), "client_id"), "by-hand");
  EXPECT_FALSE(world.as.seen("/token").at(0).header("Authorization").empty());
  EXPECT_EQ(world.as.count("/register"), 0U);
}

TEST(SignOut, RevokesTheRefreshTokenAndForgets) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->sign_in()));
  ASSERT_TRUE(world.run(client->sign_out()));
  const SeenRequest revocation = world.as.seen("/revoke").at(0);
  EXPECT_EQ(revocation.field("token"), "rt-1");
  EXPECT_EQ(revocation.field("token_type_hint"), "refresh_token");
  EXPECT_EQ(revocation.field("client_id"), "registered-1");
  EXPECT_FALSE(client->status().signed_in);
  EXPECT_EQ(world.token_of(*world.client()), "");
  EXPECT_TRUE(world.run(client->sign_out())) << "once more is nothing";
  EXPECT_EQ(world.as.count("/revoke"), 1U);
}

TEST(SignOut, RevokesWhatAnotherProcessRenewed) {
  OAuthWorld world;
  auto first = world.client();
  ASSERT_TRUE(world.run(first->sign_in()));
  auto second = world.client();
  world.clock->advance(std::chrono::seconds(3'550));
  EXPECT_EQ(world.token_of(*second), "at-2");
  ASSERT_TRUE(world.run(first->sign_out()));
  EXPECT_EQ(world.as.seen("/revoke").at(0).field("token"), "rt-2");
}

TEST(SignOut, ForgetsEvenIfTheServerIsGone) {
  OAuthWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->sign_in()));
  world.as.on("/revoke", always(503, ""));
  EXPECT_FALSE(world.run(client->sign_out())) << "the person should know";
  EXPECT_EQ(world.token_of(*world.client()), "");
}

}  // namespace
}  // namespace leanmcp::inline v0
