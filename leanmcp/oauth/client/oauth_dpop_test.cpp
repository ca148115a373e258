#include <leanmcp/crypto/dpop.hpp>
#include <leanmcp/oauth/client/oauth_test_world.hpp>

namespace leanmcp::inline v0 {
namespace {

using detail::always;
using detail::answer;
using detail::json_of;
using detail::OAuthDouble;
using detail::OAuthWorld;
using detail::SeenRequest;

/// An authorization server that binds tokens to keys, as RFC 9449 says.
class DpopWorld : public OAuthWorld {
 public:
  DpopWorld() {
    as.metadata(",'dpop_signing_alg_values_supported':['ES256','RS256']");
    as.on("/token", [this](const SeenRequest& request) { return give(request); });
  }

  OAuthDouble::Answer give(const SeenRequest& request) {
    const auto proof = check(request.header("DPoP"), DpopExpectation("POST", as.origin() + "/token"));
    if (!proof) return answer(400, json_of("{'error':'invalid_dpop_proof'}"));
    if (!nonce.empty() && proof->nonce != nonce)
      return answer(400, json_of("{'error':'use_dpop_nonce'}"), "DPoP-Nonce: " + nonce + "\r\n");
    thumbprints.push_back(proof->thumbprint);
    ids.push_back(proof->id);
    const std::string number = std::to_string(thumbprints.size());
    return answer(200,
                  json_of("{'access_token':'at-" + number + "','token_type':'" + token_type +
                          "','expires_in':3600,'refresh_token':'rt-" + number + "'}"),
                  next_nonce.empty() ? std::string() : "DPoP-Nonce: " + next_nonce + "\r\n");
  }
  Result<DpopProof, DpopFault> check(const std::string& proof, const DpopExpectation& expected) {
    return verify_dpop_proof(proof, expected, DpopRules(), clock->now());
  }

  std::string nonce;
  std::string next_nonce;
  std::string token_type = "DPoP";
  std::vector<std::string> thumbprints;
  std::vector<std::string> ids;
};

const std::string* proof_of(const AccessCredentials& credentials) {
  const std::string* found = nullptr;
  for (const auto& [name, value] : credentials.headers)
    if (name == "DPoP") {
      EXPECT_FALSE(found) << "one header";
      found = &value;
    }
  return found;
}

TEST(Rfc9449Section7, RequestsAreProvenOneByOne) {
  DpopWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->challenged(world.challenge(401, "DPoP algs=\"ES256\""))));
  const std::string target = world.mcp_url();
  const std::string url = target + "?x=1";
  std::vector<std::string> ids;
  for (const char* const method : {"POST", "GET", "POST"}) {
    const auto given = world.run(client->credentials(AuthRequest(method, url)));
    ASSERT_TRUE(given);
    EXPECT_EQ(given->scheme, "DPoP");
    ASSERT_TRUE(proof_of(*given));
    DpopExpectation expected(method, target);
    expected.access_token = "at-1";
    expected.thumbprint = world.thumbprints.at(0);
    const auto proof = world.check(*proof_of(*given), expected);
    ASSERT_TRUE(proof) << to_string(proof.error());
    EXPECT_EQ(std::count(ids.begin(), ids.end(), proof->id), 0);
    ids.push_back(proof->id);
  }
}

TEST(Rfc9449Section5, RefreshIsProvenWithTheSameKey) {
  DpopWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->challenged(world.challenge(401, "DPoP"))));
  world.clock->advance(std::chrono::hours(2));
  EXPECT_EQ(world.token_of(*client), "at-2");
  // A later process has the key from the store.
  world.clock->advance(std::chrono::hours(2));
  EXPECT_EQ(world.token_of(*world.client()), "at-3");
  EXPECT_EQ(std::set<std::string>(world.thumbprints.begin(), world.thumbprints.end()).size(), 1U);
  EXPECT_EQ(std::set<std::string>(world.ids.begin(), world.ids.end()).size(), 3U);
}

TEST(Rfc9449Section8, NonceOfTheTokenEndpointIsUsedInANewProof) {
  DpopWorld world;
  world.nonce = "n-1";
  auto client = world.client();
  ASSERT_TRUE(world.run(client->challenged(world.challenge(401, "DPoP"))));
  EXPECT_EQ(world.as.count("/token"), 2U);
  EXPECT_NE(world.as.seen("/token").at(0).header("DPoP"), world.as.seen("/token").at(1).header("DPoP"));
  world.next_nonce = "n-2";
  world.clock->advance(std::chrono::hours(2));
  EXPECT_EQ(world.token_of(*client), "at-2");
  EXPECT_EQ(world.as.count("/token"), 3U) << "the nonce is remembered";
  world.nonce = "n-2";
  world.clock->advance(std::chrono::hours(2));
  EXPECT_EQ(world.token_of(*client), "at-3");
  EXPECT_EQ(world.as.count("/token"), 4U) << "one that came with success is used next";
}

TEST(Rfc9449Section8, OneRetryForANonce) {
  DpopWorld world;
  world.as.on("/token", always(400, json_of("{'error':'use_dpop_nonce'}"), "DPoP-Nonce: again\r\n"));
  EXPECT_FALSE(world.run(world.client()->challenged(world.challenge(401, "DPoP"))));
  EXPECT_EQ(world.as.count("/token"), 2U);
}

TEST(Rfc9449Section9, NonceOfTheResourceServer) {
  DpopWorld world;
  auto client = world.client();
  ASSERT_TRUE(world.run(client->challenged(world.challenge(401, "DPoP"))));
  const std::string wants = "DPoP error=\"use_dpop_nonce\"";
  const auto ask = [&](unsigned attempt, const std::string& nonce) {
    AuthChallenge challenge = world.challenge(401, wants, "at-1");
    challenge.attempt = attempt;
    if (!nonce.empty()) challenge.headers.emplace_back("dpop-nonce", nonce);
    return *world.run(client->challenged(challenge));
  };
  const auto nonce_now = [&] {
    const auto given = world.run(client->credentials(AuthRequest("POST", world.mcp_url())));
    const std::string target = world.mcp_url();
    DpopExpectation expected("POST", target);
    expected.access_token = "at-1";
    return world.check(*proof_of(*given), expected)->nonce;
  };
  EXPECT_FALSE(ask(1, ""));
  EXPECT_TRUE(ask(1, "rs-1"));
  EXPECT_EQ(nonce_now(), "rs-1");
  EXPECT_FALSE(ask(3, "rs-2")) << "it never ends otherwise";
  client->answered(AuthRequest("POST", world.mcp_url()), ClientResponse{200, {{"dpop-nonce", "rs-3"}}, {}});
  EXPECT_EQ(nonce_now(), "rs-3");
  client->answered(AuthRequest("POST", world.as.origin() + "/x"), ClientResponse{200, {{"dpop-nonce", "other"}}, {}});
  EXPECT_EQ(nonce_now(), "rs-3") << "a nonce is its origin's";
  EXPECT_EQ(world.as.count("/token"), 1U);
}

TEST(Rfc9449Section5, BearerInReturnForAProofIsRefused) {
  DpopWorld world;
  world.token_type = "Bearer";
  auto client = world.client();
  EXPECT_FALSE(world.run(client->challenged(world.challenge(401, "DPoP"))));
  EXPECT_EQ(world.token_of(*client), "");
}

TEST(Rfc9728Section2, BoundTokensThatTheResourceWants) {
  DpopWorld world;
  world.protect_with(world.as, ",'dpop_bound_access_tokens_required':true");
  ASSERT_TRUE(world.run(world.client()->sign_in()));
  EXPECT_EQ(world.thumbprints.size(), 1U);
}

TEST(Dpop, FailedSignInLeavesTheBoundTokenUsable) {
  DpopWorld world;
  ASSERT_TRUE(world.run(world.client()->challenged(world.challenge(401, "DPoP"))));
  auto later = world.client();
  world.browser->person = [](const std::string&) -> Result<std::string> { return Error("nobody is there"); };
  EXPECT_FALSE(world.refuse(*later, 403, "DPoP error=\"insufficient_scope\", scope=\"more\""));
  const auto given = world.run(later->credentials(AuthRequest("POST", world.mcp_url())));
  ASSERT_TRUE(given);
  EXPECT_EQ(given->token.reveal(), "at-1");
  EXPECT_TRUE(proof_of(*given));
}

TEST(Dpop, TokenWithoutItsKeyIsOfNoUse) {
  DpopWorld world;
  ASSERT_TRUE(world.run(world.client()->challenged(world.challenge(401, "DPoP"))));
  const std::string name = tokens_name(world.as.origin(), world.mcp_url(), "");
  auto kept = restore_tokens(**world.store->load(name));
  ASSERT_TRUE(kept);
  ASSERT_TRUE(world.store->save(name, save_tokens(kept->first, Secret("{\"kty\":\"none\"}"))));
  EXPECT_EQ(world.token_of(*world.client()), "");
  ASSERT_TRUE(world.store->save(name, save_tokens(kept->first, Secret())));
  EXPECT_EQ(world.token_of(*world.client()), "");
}

}  // namespace
}  // namespace leanmcp::inline v0
