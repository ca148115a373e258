#include <leanmcp/auth/cognito.hpp>
#include <leanmcp/auth/preset_test_support.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using test::PresetTest;
using test::World;

struct CognitoTest : PresetTest {
  std::string original = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool";
  std::string updated = "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool";
  std::string api = "https://cognito-idp.eu-west-1.amazonaws.com/";
  CognitoTest() { world.network.serve(original + "/.well-known/jwks.json", test::key_set({World::key()})); }
  static CognitoOptions options() { return CognitoOptions().user_pool_id("eu-west-1_Pool").client_id("web"); }
  std::shared_ptr<AuthProvider> make(CognitoOptions options) {
    return ready(cognito(with_clock(options), world.network.fetcher()));
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
  world.network.serve(api, R"({"AuthenticationResult":{"ExpiresIn":3600}})");
  EXPECT_EQ(world.refresh(*make(options())).error().code, AuthCode::verification_failed) << "no token in it";
  world.network.fail(api, 400, R"({"__type":"NotAuthorizedException","message":"Refresh Token has expired"})");
  EXPECT_EQ(world.refresh(*initiate, RefreshRequest(Secret("rt")).username("ada")).error().code,
            AuthCode::invalid_token);
  world.network.fail(api, 400, "{}", {{"x-amzn-errortype", "TooManyRequestsException:http://x"}});
  EXPECT_EQ(world.refresh(*make(options())).error().code, AuthCode::verification_failed);
  const auto endpoint = make(options().domain("d.example").refresh_by(CognitoRefresh::token_endpoint));
  world.network.serve("https://d.example/oauth2/token", R"({"access_token":"a","expires_in":60})");
  EXPECT_TRUE(world.refresh(*endpoint));
}

TEST_F(CognitoTest, PoolsHaveOneForm) {
  for (const char* const good : {"eu-west-1_Pool", "us-gov-west-1_a9", "ap-southeast-2_ABCdef123"}) {
    const auto made = cognito(CognitoOptions().user_pool_id(good).client_id("web"), world.network.fetcher());
    EXPECT_EQ(fault(made).find("must look like"), std::string::npos) << good;
  }
  for (const char* const bad : {"", "eu-west-1", "eu-west-1_", "_x", "eu-west-1_a/b", "eu-west-1_a_b", "eu-west-a_x",
                                "euwest-1_x", "EU-west-1_x", "eu-west-10.evil.example/_x", "eu--1_x", "eu-gov--1_x"}) {
    const auto made = cognito(CognitoOptions().user_pool_id(bad).client_id("web"), world.network.fetcher());
    EXPECT_TRUE(fault(made).starts_with("COGNITO_USER_POOL_ID must look like eu-west-1_AbCdEf123")) << bad;
  }
}

TEST_F(CognitoTest, GetUsersErrors) {
  const auto provider = make(options());
  int number = 0;
  const auto ask = [&] {
    return world.user(
        *provider, token(R"("token_use":"access","client_id":"web","scope":"aws.cognito.signin.user.admin","jti":")" +
                             std::to_string(++number) + "\"",
                         original));
  };
  world.network.fail(api, 400, R"({"__type":"NotAuthorizedException","message":"Access Token has been revoked"})");
  EXPECT_EQ(ask().error().code, AuthCode::invalid_token);
  world.network.fail(api, 400, R"({"__type":"com.amazonaws.cognito#UserNotFoundException"})");
  EXPECT_EQ(ask().error().code, AuthCode::invalid_token) << "the name is behind a hash";
  world.network.fail(api, 400, "{}", {{"x-amzn-errortype", "NotAuthorizedException:http://internal"}});
  EXPECT_EQ(ask().error().code, AuthCode::invalid_token) << "or in a header, before a colon";
  world.network.fail(api, 500);
  EXPECT_EQ(ask().error().code, AuthCode::verification_failed);
  world.network.fail(api, 400, R"({"__type":"InternalErrorException"})");
  EXPECT_EQ(ask().error().code, AuthCode::verification_failed);
  world.network.fail(api, 400, R"({"__type":"TooManyRequestsException"})");
  EXPECT_EQ(ask().error().code, AuthCode::verification_failed);
  const int before = world.network.asked(api);
  EXPECT_EQ(ask().error().retry_after, 1s) << "the quota is the account's";
  EXPECT_EQ(world.network.asked(api), before);
  world.clock->advance(1s);
  world.network.serve(api, R"({"Username":"ada","UserAttributes":[{"Name":"sub","Value":"eve"}]})");
  EXPECT_EQ(ask().error().code, AuthCode::verification_failed) << "another person's";
}

TEST_F(CognitoTest, WithoutAWayToTheProfileItSaysWhatToSend) {
  const auto said =
      world.user(*make(options()), token(R"("token_use":"access","client_id":"web","scope":"x")", original));
  EXPECT_EQ(said.error().reason,
            "token lacks aws.cognito.signin.user.admin: send the ID token, or openid+email and COGNITO_DOMAIN");
  world.network.fail("https://d.example/oauth2/userInfo", 401, "{}",
                     {{"www-authenticate", R"(Bearer error="invalid_token")"}});
  const auto dead = world.user(*make(options().domain("d.example")),
                               token(R"("token_use":"access","client_id":"web","scope":"openid")", original));
  EXPECT_EQ(dead.error().code, AuthCode::invalid_token);
}

TEST_F(CognitoTest, IdTokensAreUsersAsTheyAre) {
  const auto user = world.user(
      *make(options()),
      token(
          R"("token_use":"id","aud":"web","email":"a@x","email_verified":"true","cognito:username":"ada","cognito:groups":["g"],"cognito:roles":["arn:r"],"at_hash":"h")",
          original));
  EXPECT_EQ((*user)->json,
            R"({"sub":"u","email":"a@x","email_verified":true,"cognito:username":"ada","cognito:groups":["g"]})");
  EXPECT_EQ((*user)->principal.roles(), std::vector<std::string>{"arn:r"});
  EXPECT_EQ(world.network.requests.size(), 1U) << "nobody but the keys' host was asked";
}

TEST_F(CognitoTest, MachinesAreTheirClient) {
  const auto provider = make(options());
  const std::string machine = world.token("\"iss\":\"" + original +
                                          R"(","sub":"web","token_use":"access","client_id":"web","scope":"api/read")");
  EXPECT_TRUE(world.verify(*provider, machine)->is_machine());
  EXPECT_EQ(world.user(*provider, machine).error().reason, "a machine's token has no profile");
  EXPECT_EQ(world.verify(*provider, token(R"("token_use":"access","client_id":"other")", original)).error().reason,
            "client_id other is not COGNITO_CLIENT_ID");
}

TEST_F(CognitoTest, KeysThatCannotBeHadNameTheSetting) {
  const auto made = cognito(CognitoOptions().user_pool_id("us-east-1_Gone").client_id("web"), world.network.fetcher());
  EXPECT_EQ(fault(made),
            "COGNITO_USER_POOL_ID: the provider's keys at "
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Gone/.well-known/jwks.json cannot be used: the "
            "answer has status 404");
}

}  // namespace
}  // namespace leanmcp
