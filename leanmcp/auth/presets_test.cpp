#include <leanmcp/auth/auth0.hpp>
#include <leanmcp/auth/clerk.hpp>
#include <leanmcp/auth/cognito.hpp>
#include <leanmcp/auth/firebase.hpp>
#include <leanmcp/auth/provider_test_support.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using test::World;

struct PresetTest : testing::Test {
  World world;
  template <class Options>
  Options& timed(Options& options) {
    return options.clock(world.clock);
  }
  std::shared_ptr<AuthProvider> ready(std::shared_ptr<AuthProvider> provider) {
    const auto done = provider->init();
    EXPECT_TRUE(done) << (done ? "" : done.error().message());
    return provider;
  }
};

// ---- Clerk

struct ClerkTest : PresetTest {
  std::string issuer = "https://x-y-12.clerk.accounts.dev";
  ClerkTest() { world.network.serve(issuer + "/.well-known/jwks.json", test::key_set({World::key()})); }
  std::shared_ptr<AuthProvider> make(ClerkOptions options) {
    return ready(clerk(timed(options), world.network.fetcher()));
  }
  static ClerkOptions options() {
    return ClerkOptions().frontend_api("https://x-y-12.clerk.accounts.dev/").secret_key(Secret("sk_test_1"));
  }
  std::string token(const std::string& more, const std::string& type = "JWT") {
    return world.token("\"iss\":\"" + issuer + "\"" + (more.empty() ? "" : "," + more), type);
  }
};

TEST_F(ClerkTest, TheHostIsReadWithSchemeAndSlashAndNothingElse) {
  make(options().authorized_parties({"https://app"}));
  for (const char* bad : {"", "pk_test_abc", "a.b/c", "user@a.b"})
    EXPECT_FALSE(clerk(ClerkOptions().frontend_api(bad).authorized_parties({"x"}), world.network.fetcher())->init())
        << bad;
}

TEST_F(ClerkTest, NeedsToKnowWhoseTokensItTakes) {
  const auto refused = clerk(options().authorized_parties({""}), world.network.fetcher())->init();
  EXPECT_TRUE(refused.error().message().starts_with("CLERK_AUTHORIZED_PARTIES is not set"));
}

TEST_F(ClerkTest, AConfiguredAudienceMustBeThere) {
  const auto provider = make(options().audience("mcp"));
  EXPECT_EQ(world.reason(*provider, token(R"("sub":"user_1","aud":"mcp")")), "");
  EXPECT_NE(world.reason(*provider, token(R"("sub":"user_1")")), "") << "Clerk's own SDK lets this pass";
}

TEST_F(ClerkTest, OAuthTokensAreForConfiguredClients) {
  const auto provider = make(options().oauth_clients({"app"}));
  EXPECT_EQ(world.reason(*provider, token(R"("sub":"user_1","client_id":"app","scp":["a","b"])", "at+jwt")), "");
  EXPECT_EQ(world.reason(*provider, token(R"("sub":"user_1","client_id":"other")", "application/at+jwt")),
            "client_id other not in CLERK_OAUTH_CLIENTS");
  EXPECT_EQ(world.reason(*provider, token(R"("sub":"user_1","azp":"https://app")")),
            "a session token, and CLERK_AUTHORIZED_PARTIES is not set");
  const auto who = world.verify(*provider, token(R"("sub":"user_1","client_id":"app","scp":["a","b"])", "at+jwt"));
  EXPECT_TRUE(who->has_scope("b"));
}

TEST_F(ClerkTest, TheUserComesFromClaimsThenUserinfoThenTheBackend) {
  const auto provider = make(options().authorized_parties({"https://app"}).oauth_clients({"app"}));
  const std::string from_claims = token(R"("sub":"user_1","azp":"https://app","email":"c@x","firstName":"C")");
  EXPECT_EQ((*world.user(*provider, from_claims))->json,
            R"({"sub":"user_1","userId":"user_1","email":"c@x","firstName":"C","lastName":null,"imageUrl":null})");
  world.network.serve(issuer + "/oauth/userinfo", R"({"sub":"user_1","given_name":"U","email":"u@x","picture":"p"})");
  const auto oauth = world.user(*provider, token(R"("sub":"user_1","client_id":"app")", "at+jwt"));
  EXPECT_EQ((*oauth)->json,
            R"({"sub":"user_1","userId":"user_1","email":"u@x","firstName":"U","lastName":null,"imageUrl":"p"})");
  const std::string backend = "https://api.clerk.com/v1/users/user_1";
  world.network.serve(
      backend, R"({"id":"user_1","first_name":"B","last_name":null,"image_url":"i","primary_email_address_id":null,
    "email_addresses":[{"id":"e","email_address":"first@x"}]})");
  const std::string session = token(R"("sub":"user_1","azp":"https://app")");
  const auto user = world.user(*provider, session);
  EXPECT_EQ((*user)->json,
            R"({"sub":"user_1","userId":"user_1","email":null,"firstName":"B","lastName":null,"imageUrl":"i"})")
      << "no primary address: none is guessed";
  EXPECT_EQ(world.network.requests.back().headers.at(1),
            (std::pair<std::string, std::string>("Authorization", "Bearer sk_test_1")));
  world.user(*provider, session).value();
  EXPECT_EQ(world.network.asked(backend), 1) << "cached";
}

TEST_F(ClerkTest, WithoutASecretKeyThereIsNoHalfUser) {
  const auto provider =
      make(ClerkOptions().frontend_api("x-y-12.clerk.accounts.dev").authorized_parties({"https://app"}));
  const std::string text = token(R"("sub":"user_1","azp":"https://app")");
  EXPECT_EQ(world.user(*provider, text).error().code, AuthCode::verification_failed);
  EXPECT_EQ(world.reason(*provider, text), "") << "who needs the principal alone is not concerned";
  const auto quiet = make(ClerkOptions()
                              .frontend_api("x-y-12.clerk.accounts.dev")
                              .authorized_parties({"https://app"})
                              .get_user(GetUser::no));
  EXPECT_EQ((*world.user(*quiet, text))->sub, "user_1");
}

TEST_F(ClerkTest, SubjectsGoIntoPathsOnlyWhenTheyArePlain) {
  const auto provider = make(options().authorized_parties({"https://app"}));
  const auto before = world.network.requests.size();
  EXPECT_FALSE(world.user(*provider, token(R"("sub":"../me?x=","azp":"https://app")")));
  EXPECT_EQ(world.network.requests.size(), before);
}

TEST_F(ClerkTest, OpaqueTokensAreAskedAbout) {
  const auto provider = make(options().oauth_clients({"app"}));
  const std::string url = "https://api.clerk.com/v1/oauth_applications/access_tokens/verify";
  const auto serve = [&](const std::string& rest) {
    world.network.serve(url, R"({"id":"oat_1","client_id":"app","subject":"user_1","scopes":["a"],)" + rest + "}");
  };
  serve("\"expiration\":" + std::to_string((world.seconds() + 60) * 1000));
  const auto who = world.verify(*provider, "oat_good");
  EXPECT_EQ(who->expires_at(), world.seconds() + 60) << "milliseconds are seen as such";
  EXPECT_TRUE(who->has_scope("a"));
  world.verify(*provider, "oat_good").value();
  EXPECT_EQ(world.network.asked(url), 1);
  serve("\"revoked\":true");
  EXPECT_EQ(world.reason(*provider, "oat_revoked"), "revoked or expired");
  world.network.fail(url, 404);
  EXPECT_EQ(world.verify(*provider, "oat_unknown").error().code, AuthCode::invalid_token);
  world.network.fail(url, 401);
  EXPECT_EQ(world.verify(*provider, "oat_key").error().code, AuthCode::verification_failed) << "our key, not the token";
}

TEST_F(ClerkTest, RefreshIsForOAuthOnly) {
  const auto session = make(options().authorized_parties({"https://app"}));
  EXPECT_EQ(world.refresh(*session).error().code, AuthCode::verification_failed);
  const auto provider = make(options().oauth_clients({"app"}).client("app", Secret("cs")));
  world.network.serve(issuer + "/oauth/token",
                      R"({"access_token":"new","token_type":"bearer","expires_in":86400,"refresh_token":"r2"})");
  const auto tokens = world.refresh(*provider);
  EXPECT_EQ(tokens->access_token.reveal(), "new");
  EXPECT_EQ(tokens->refresh_token.reveal(), "r2");
  EXPECT_EQ(tokens->expires_in, 86400s);
  EXPECT_EQ(world.network.requests.back().body, "grant_type=refresh_token&refresh_token=rt") << "a form, not JSON";
  world.network.fail(issuer + "/oauth/token", 400, R"({"error":"invalid_grant"})");
  EXPECT_EQ(world.refresh(*provider).error().code, AuthCode::invalid_token);
  world.network.fail(issuer + "/oauth/token", 401, R"({"error":"invalid_client"})");
  EXPECT_EQ(world.refresh(*provider).error().code, AuthCode::verification_failed);
}

// ---- Cognito

struct CognitoTest : PresetTest {
  std::string original = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool";
  std::string updated = "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool";
  std::string api = "https://cognito-idp.eu-west-1.amazonaws.com/";
  CognitoTest() { world.network.serve(original + "/.well-known/jwks.json", test::key_set({World::key()})); }
  static CognitoOptions options() { return CognitoOptions().user_pool_id("eu-west-1_Pool").client_id("web"); }
  std::shared_ptr<AuthProvider> make(CognitoOptions options) {
    return ready(cognito(timed(options), world.network.fetcher()));
  }
  std::string token(const std::string& more, const std::string& issuer) {
    return world.token("\"iss\":\"" + issuer + "\",\"sub\":\"u\"," + more, "");
  }
};

TEST_F(CognitoTest, BothIssuersEachWithItsOwnKeys) {
  const auto provider = make(options());
  const std::string access = R"("token_use":"access","client_id":"web","username":"ada")";
  EXPECT_EQ(world.reason(*provider, token(access, original)), "");
  EXPECT_EQ(world.verify(*provider, token(access, updated)).error().code, AuthCode::verification_failed)
      << "the keys of the other host do not count";
  world.clock->advance(11s);
  world.network.serve(updated + "/.well-known/jwks.json", test::key_set({World::key()}));
  EXPECT_EQ(world.reason(*provider, token(access, updated)), "");
  EXPECT_EQ(world.reason(*provider, token(access, original)), "");
}

TEST_F(CognitoTest, ARotationOfOneIssuerForgetsItsTokensOnly) {
  world.network.serve(updated + "/.well-known/jwks.json", test::key_set({World::key()}));
  const auto provider = make(options());
  const std::string access = R"("token_use":"access","client_id":"web")";
  const std::string by_original = token(access, original);
  const std::string by_updated = token(access, updated);
  EXPECT_EQ(world.reason(*provider, by_original) + world.reason(*provider, by_updated), "");
  world.network.serve(original + "/.well-known/jwks.json", test::key_set({World::other_key()}));
  world.clock->advance(10min);
  EXPECT_EQ(world.reason(*provider, by_original), "signed with an unknown key") << "also where it was cached";
  EXPECT_EQ(world.reason(*provider, by_updated), "");
}

TEST_F(CognitoTest, ResourceBoundTokensNeedNoClientList) {
  const auto provider = make(CognitoOptions().user_pool_id("eu-west-1_Pool").resource("https://mcp"));
  EXPECT_EQ(world.reason(*provider, token(R"("token_use":"access","client_id":"dcr","aud":"https://mcp")", original)),
            "");
  EXPECT_NE(world.reason(*provider, token(R"("token_use":"access","client_id":"dcr")", original)), "");
  EXPECT_NE(world.reason(*provider, token(R"("token_use":"id","aud":"dcr")", original)), "");
}

TEST_F(CognitoTest, OnlyTheConfiguredUse) {
  const auto provider = make(options().token_uses({"access"}));
  EXPECT_EQ(world.reason(*provider, token(R"("token_use":"id","aud":"web")", original)),
            "got token_use=id, expected access");
}

TEST_F(CognitoTest, UserinfoWhereGetUserIsNotAllowed) {
  const auto provider = make(options().domain("pool.auth.eu-west-1.amazoncognito.com"));
  world.network.serve("https://pool.auth.eu-west-1.amazoncognito.com/oauth2/userInfo",
                      R"({"sub":"u","email":"a@x","email_verified":"true","username":"ada"})");
  const auto user =
      world.user(*provider, token(R"("token_use":"access","client_id":"web","scope":"openid email")", original));
  EXPECT_EQ((*user)->json,
            R"({"sub":"u","email":"a@x","email_verified":true,"cognito:username":"ada","cognito:groups":[]})");
}

TEST_F(CognitoTest, GetUserCannotPutClaimsIntoTheToken) {
  const auto provider = make(options());
  world.network.serve(
      api, R"({"Username":"ada","UserAttributes":[{"Name":"sub","Value":"u"},{"Name":"cognito:groups","Value":"admin"},
    {"Name":"email","Value":"a@x"},{"Name":"email_verified","Value":"false"}]})");
  const auto user = world.user(
      *provider,
      token(R"("token_use":"access","client_id":"web","scope":"aws.cognito.signin.user.admin","cognito:groups":["g"])",
            original));
  EXPECT_EQ((*user)->json,
            R"({"sub":"u","email":"a@x","email_verified":false,"cognito:username":"ada","cognito:groups":["g"]})");
  const auto& request = world.network.requests.back();
  EXPECT_EQ(request.headers.at(1).second, "application/x-amz-json-1.1");
  EXPECT_EQ(request.headers.at(2).second, "AWSCognitoIdentityProviderService.GetUser");
}

TEST_F(CognitoTest, ThreeWaysToRefresh) {
  const std::string answer =
      R"({"AuthenticationResult":{"AccessToken":"a","IdToken":"i","ExpiresIn":3600,"TokenType":"Bearer"}})";
  world.network.serve(api, answer);
  EXPECT_EQ(world.refresh(*make(options().client_secret(Secret("s"))))->id_token.reveal(), "i");
  EXPECT_EQ(world.network.requests.back().body, R"({"ClientId":"web","RefreshToken":"rt","ClientSecret":"s"})");
  const auto initiate = make(options().client_secret(Secret("s")).refresh_by(CognitoRefresh::initiate_auth));
  EXPECT_TRUE(world.refresh(*initiate).error().reason.starts_with("secret hash: use the pool username"));
  EXPECT_TRUE(world.refresh(*initiate, RefreshRequest(Secret("rt")).username("ada")));
  EXPECT_EQ(
      world.network.requests.back().body,
      R"({"ClientId":"web","AuthFlow":"REFRESH_TOKEN_AUTH","AuthParameters":{"REFRESH_TOKEN":"rt","SECRET_HASH":"4xctpQ0xn0eSFGDb/ueSll2g+onh066plEi5Gl5u9H8="}})");
  world.network.fail(api, 400, R"({"__type":"NotAuthorizedException","message":"Refresh Token has expired"})");
  EXPECT_EQ(world.refresh(*initiate, RefreshRequest(Secret("rt")).username("ada")).error().code,
            AuthCode::invalid_token);
  world.network.fail(api, 400, "{}", {{"x-amzn-errortype", "TooManyRequestsException:http://x"}});
  EXPECT_EQ(world.refresh(*make(options())).error().code, AuthCode::verification_failed);
  const auto endpoint = make(options().domain("d.example").refresh_by(CognitoRefresh::token_endpoint));
  world.network.serve("https://d.example/oauth2/token", R"({"access_token":"a","expires_in":60})");
  EXPECT_TRUE(world.refresh(*endpoint));
}

// ---- Auth0 and Firebase

struct Auth0Test : PresetTest {
  Auth0Test() { world.network.serve("https://t.auth0.com/.well-known/jwks.json", test::key_set({World::key()})); }
  static Auth0Options options() { return Auth0Options().domain("t.auth0.com").audience("api"); }
  std::shared_ptr<AuthProvider> make(Auth0Options options) {
    return ready(auth0(timed(options), world.network.fetcher()));
  }
  std::string token(const std::string& more) {
    return world.token(R"("iss":"https://t.auth0.com/","sub":"auth0|1","aud":"api")" + more);
  }
};

TEST_F(Auth0Test, OrganisationsByIdAndByName) {
  const auto by_id = make(options().organization("org_1"));
  EXPECT_EQ(world.reason(*by_id, token(R"(,"org_id":"org_1")")), "");
  EXPECT_NE(world.reason(*by_id, token(R"(,"org_id":"org_2")")), "");
  EXPECT_NE(world.reason(*by_id, token("")), "");
  const auto by_name = make(options().organization("acme"));
  EXPECT_EQ(world.reason(*by_name, token(R"(,"org_id":"org_1","org_name":"acme")")), "");
  EXPECT_NE(world.reason(*by_name, token(R"(,"org_id":"org_1","org_name":"evil")")), "");
}

TEST_F(Auth0Test, ClaimsUnderANamespace) {
  const auto provider = make(options().claims_namespace("https://app/"));
  const std::string text =
      token(R"(,"https://app/email":"a@x","https://app/name":"A","https://app/roles":["admin"],"roles":["forged"])");
  EXPECT_EQ(world.verify(*provider, text)->roles(), std::vector<std::string>{"admin"});
  EXPECT_EQ((*world.user(*provider, text))->json,
            R"({"sub":"auth0|1","email":"a@x","email_verified":null,"name":"A"})");
  EXPECT_EQ(world.network.requests.size(), 1U) << "nobody was asked";
}

TEST_F(Auth0Test, MachinesAndRateLimits) {
  const auto provider = make(options());
  const std::string machine = world.token(R"("iss":"https://t.auth0.com/","sub":"abc@clients","aud":"api")");
  EXPECT_TRUE(world.verify(*provider, machine)->is_machine());
  EXPECT_EQ(world.user(*provider, machine).error().code, AuthCode::invalid_token);
  world.network.fail("https://t.auth0.com/userinfo", 429);
  const auto limited = world.user(*provider, token(""));
  EXPECT_EQ(limited.error().reason, "userinfo 429: add claims with an Action");
  EXPECT_EQ(limited.error().retry_after, 12s);
}

TEST_F(Auth0Test, ADeadRefreshTokenIs403AtAuth0) {
  const auto provider = make(options().client_id("web").client_secret(Secret("s&1")));
  world.network.fail("https://t.auth0.com/oauth/token", 403, R"({"error":"invalid_grant"})");
  EXPECT_EQ(world.refresh(*provider).error().code, AuthCode::invalid_token);
  EXPECT_EQ(world.network.requests.back().body,
            "grant_type=refresh_token&refresh_token=rt&client_id=web&client_secret=s%261");
}

TEST_F(PresetTest, FirebaseKeepsItsKeyOutOfTheUrl) {
  world.network.serve("https://keys.example/jwk", test::key_set({World::key()}));
  FirebaseOptions options;
  options.project_id("demo").jwks_url("https://keys.example/jwk").api_key(Secret("k"));
  const auto provider = ready(firebase(timed(options), world.network.fetcher()));
  const std::string url = "https://securetoken.googleapis.com/v1/token";
  world.network.serve(url, R"({"id_token":"i","access_token":"a","refresh_token":"r","expires_in":"3600"})");
  EXPECT_EQ(world.refresh(*provider)->expires_in, 3600s) << "a number in quotes";
  world.network.fail(url, 400, R"({"error":{"code":400,"message":"TOKEN_EXPIRED"}})");
  EXPECT_EQ(world.refresh(*provider).error().code, AuthCode::invalid_token);
  EXPECT_EQ(world.reason(*provider,
                         world.token(R"("iss":"https://session.firebase.google.com/demo","aud":"demo","sub":"x")")),
            "wrong issuer: a session cookie; send the ID token");
}

}  // namespace
}  // namespace leanmcp
