#include <leanmcp/auth/github.hpp>
#include <leanmcp/auth/google.hpp>
#include <leanmcp/auth/preset_test_support.hpp>
#include <leanmcp/base/encoding.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using test::PresetTest;
using test::World;

struct GoogleTest : PresetTest {
  std::string keys = "https://www.googleapis.com/oauth2/v3/certs";
  std::string tokeninfo = "https://oauth2.googleapis.com/tokeninfo";
  GoogleTest() { world.network.serve(keys, test::key_set({World::key()})); }
  std::shared_ptr<AuthProvider> make(GoogleOptions options) {
    return ready(google(with_clock(options.client_id("app")), world.network.fetcher()));
  }
  std::string info(const std::string& more) {
    return R"({"azp":"app","sub":"1","exp":")" + std::to_string(world.seconds() + 60) + "\"" + more + "}";
  }
};

TEST_F(GoogleTest, IdTokensOfBothIssuersAndOneClient) {
  const auto provider = make(GoogleOptions());
  const auto token = [&](const std::string& issuer, const std::string& more) {
    return world.token("\"iss\":\"" + issuer + "\",\"sub\":\"1\"" + more);
  };
  EXPECT_EQ(world.reason(*provider, token("https://accounts.google.com", R"(,"aud":"app")")), "");
  EXPECT_EQ(world.reason(*provider, token("accounts.google.com", R"(,"aud":"app")")), "");
  EXPECT_EQ(world.verify(*provider, token("accounts.google.com", R"(,"aud":"app")"))->key(),
            world.verify(*provider, token("https://accounts.google.com", R"(,"aud":"app")"))->key());
  EXPECT_NE(world.reason(*provider, token("http://accounts.google.com", R"(,"aud":"app")")), "");
  EXPECT_EQ(world.reason(*provider, token("accounts.google.com", R"(,"aud":["app","x"])")),
            "aud [app, x] is not GOOGLE_CLIENT_ID");
  const auto domain = make(GoogleOptions().hosted_domain("acme.example"));
  EXPECT_EQ(world.reason(*domain, token("accounts.google.com", R"(,"aud":"app","hd":"acme.example")")), "");
  EXPECT_NE(world.reason(*domain, token("accounts.google.com", R"(,"aud":"app","hd":"evil.example")")), "");
  EXPECT_NE(world.reason(*domain, token("accounts.google.com", R"(,"aud":"app")")), "");
}

TEST_F(GoogleTest, AccessTokensAreAskedAboutOnce) {
  const auto provider = make(GoogleOptions());
  world.network.serve(tokeninfo, info(R"(,"aud":"app","scope":"openid https://www.googleapis.com/auth/userinfo.email"
    ,"email":"a@x","email_verified":"true","expires_in":"60")"));
  const auto who = world.verify(*provider, "ya29.one");
  EXPECT_EQ(who->id(), "1");
  EXPECT_EQ(who->expires_at(), world.seconds() + 60) << "a number in quotes";
  EXPECT_TRUE(who->has_scope("email")) << "by its short name too";
  EXPECT_FALSE(who->has_scope("profile"));
  EXPECT_EQ(world.network.requests.back().body, "access_token=ya29.one") << "not in the URL";
  world.verify(*provider, "ya29.one").value();
  EXPECT_EQ(world.network.asked(tokeninfo), 1);
  world.network.serve("https://openidconnect.googleapis.com/v1/userinfo", R"({"sub":"1","email":"a@x","name":"A"})");
  EXPECT_EQ((*world.user(*provider, "ya29.one"))->name, "A");
  world.network.serve(tokeninfo, info(R"(,"aud":"other")"));
  EXPECT_EQ(world.reason(*provider, "ya29.two"), "tokeninfo aud is another client");
  world.network.serve(tokeninfo, R"({"aud":"app","sub":"1","exp":"1"})");
  EXPECT_EQ(world.reason(*provider, "ya29.three"), "expired");
  world.network.serve(tokeninfo, R"({"aud":"app","sub":"1"})");
  EXPECT_EQ(world.reason(*provider, "ya29.four"), "tokeninfo names no expiry");
  world.network.serve(tokeninfo, R"({"aud":"app","exp":"9999999999"})");
  EXPECT_EQ(world.reason(*provider, "ya29.five"), "a token without the scope openid names nobody");
  world.network.fail(tokeninfo, 400, R"({"error":"invalid_token"})");
  EXPECT_EQ(world.verify(*provider, "ya29.six").error().code, AuthCode::invalid_token);
  world.network.fail(tokeninfo, 500);
  EXPECT_EQ(world.verify(*provider, "ya29.seven").error().code, AuthCode::verification_failed);
}

TEST_F(GoogleTest, Refreshes) {
  world.network.serve("https://oauth2.googleapis.com/token", R"({"access_token":"ya29.x","expires_in":3599})");
  EXPECT_EQ(world.refresh(*make(GoogleOptions().client_secret(Secret("s"))))->expires_in, 3599s);
  EXPECT_EQ(world.network.requests.back().body,
            "grant_type=refresh_token&refresh_token=rt&client_id=app&client_secret=s");
}

struct GithubTest : PresetTest {
  std::string check = "https://api.github.com/applications/Iv1/token";
  std::shared_ptr<AuthProvider> make() {
    return ready(
        github(with_clock(GithubOptions().client_id("Iv1").client_secret(Secret("s"))), world.network.fetcher()));
  }
  void serve(const std::string& client, const std::string& rest) {
    world.network.serve(check, R"({"app":{"client_id":")" + client + "\"}," + rest + "}");
  }
};

TEST_F(GithubTest, TokensMustBeThisAppsOwn) {
  const auto provider = make();
  serve("Iv1", R"("scopes":["read:user"],"user":{"id":42,"login":"octo"})");
  const auto who = world.verify(*provider, "gho_1");
  EXPECT_EQ(who->id(), "42") << "the number stays when the login changes";
  EXPECT_TRUE(who->has_scope("read:user"));
  EXPECT_EQ(world.network.requests.back().headers.back().second, "Basic " + base64_encode("Iv1:s"));
  serve("Iv2", R"("scopes":[],"user":{"id":42})");
  EXPECT_EQ(world.reason(*provider, "gho_2"), "token not issued to this app");
  serve("Iv1", R"("scopes":null,"user":null)");
  EXPECT_EQ(world.reason(*provider, "ghu_3"), "the token is nobody's");
  for (const int status : {404, 422}) {
    world.network.fail(check, status);
    EXPECT_EQ(world.verify(*provider, "gho_s" + std::to_string(status)).error().code, AuthCode::invalid_token);
  }
  world.network.fail(check, 401);
  EXPECT_EQ(world.verify(*provider, "gho_4").error().code, AuthCode::verification_failed) << "our secret is wrong";
  const auto before = world.network.requests.size();
  for (const char* const other : {"ghp_personal", "github_pat_x", "ghs_server", "x.y.z"})
    EXPECT_EQ(world.verify(*provider, other).error().code, AuthCode::invalid_token) << other;
  EXPECT_EQ(world.network.requests.size(), before) << "nobody is asked about those";
}

TEST_F(GithubTest, ALimitIsTheAppsUntilItEnds) {
  const auto provider = make();
  world.network.fail(check, 403, "{}",
                     {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", std::to_string(world.seconds() + 30)}});
  EXPECT_EQ(world.verify(*provider, "gho_1").error().retry_after, 30s);
  serve("Iv1", R"("scopes":[],"user":{"id":42})");
  EXPECT_EQ(world.verify(*provider, "gho_2").error().retry_after, 30s);
  EXPECT_EQ(world.network.asked(check), 1);
  world.clock->advance(30s);
  EXPECT_TRUE(world.verify(*provider, "gho_2"));
}

TEST_F(GithubTest, ARefusalOfARefreshHasStatus200) {
  const auto provider = make();
  const std::string url = "https://github.com/login/oauth/access_token";
  world.network.serve(url, R"({"access_token":"ghu_n","refresh_token":"ghr_n","expires_in":28800})");
  EXPECT_EQ(world.refresh(*provider)->refresh_token.reveal(), "ghr_n");
  EXPECT_EQ(world.network.requests.back().headers.front().second, "application/json");
  world.network.serve(url, R"({"error":"bad_refresh_token","error_description":"x"})");
  EXPECT_EQ(world.refresh(*provider).error().code, AuthCode::invalid_token);
  world.network.serve(url, R"({"error":"incorrect_client_credentials"})");
  EXPECT_EQ(world.refresh(*provider).error().code, AuthCode::verification_failed);
}

}  // namespace
}  // namespace leanmcp
