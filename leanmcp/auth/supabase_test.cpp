#include <leanmcp/auth/preset_test_support.hpp>
#include <leanmcp/auth/supabase.hpp>
#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using test::PresetTest;
using test::World;

struct SupabaseTest : PresetTest {
  std::string issuer = "https://r.supabase.co/auth/v1";
  std::string keys = issuer + "/.well-known/jwks.json";
  SupabaseOptions options() { return with_clock(SupabaseOptions().url("https://r.supabase.co")); }
  std::shared_ptr<AuthProvider> make(const SupabaseOptions& options) {
    return ready(supabase(options, world.network.fetcher()));
  }
  std::string claims(const std::string& more = {}) {
    return world.claims("\"iss\":\"" + issuer + R"(","aud":"authenticated","sub":"u","role":"authenticated")" + more);
  }
  static std::string by_secret(std::string_view secret, const std::string& claims) {
    const std::string head = base64url_encode(R"({"alg":"HS256","typ":"JWT"})") + "." + base64url_encode(claims);
    return head + "." + base64url_encode(hmac_sha256(secret, head));
  }
};

TEST_F(SupabaseTest, SupabaseBySecret) {
  const std::string secret = "a-legacy-secret-of-at-least-32-bytes!";
  EXPECT_FALSE(
      supabase(SupabaseOptions().url("https://r.supabase.co").jwt_secret(Secret("short")), world.network.fetcher())
          ->init());
  const auto provider = ready(supabase(
      with_clock(SupabaseOptions().url("https://r.supabase.co").jwt_secret(Secret(secret))), world.network.fetcher()));
  const std::string claims = world.claims(
      R"("iss":"https://r.supabase.co/auth/v1","aud":"authenticated","sub":"u","role":"authenticated","email":"a@x","user_metadata":{"roles":["owner"]},"app_metadata":{"roles":["staff"]})");
  const std::string head = base64url_encode(R"({"alg":"HS256","typ":"JWT"})") + "." + base64url_encode(claims);
  const std::string token = head + "." + base64url_encode(hmac_sha256(secret, head));
  const auto who = world.verify(*provider, token);
  EXPECT_EQ(who->roles(), (std::vector<std::string>{"authenticated", "staff"}))
      << "what people write themselves decides nothing";
  EXPECT_EQ(provider->verify_now(token, world.clock->now())->value().id(), "u");
  EXPECT_NE(
      world.reason(*provider, head + "." + base64url_encode(hmac_sha256("another-legacy-secret-of-32-bytes!!!", head))),
      "");
  EXPECT_EQ(world.network.requests.size(), 0U) << "a secret needs nobody";
}

TEST_F(SupabaseTest, SecretAndPublishedKeysEachForTheirOwnAlgorithms) {
  const std::string secret = "a-legacy-secret-of-at-least-32-bytes!";
  world.network.serve(keys, test::key_set({World::key()}));
  const auto provider = make(options().jwt_secret(Secret(secret)));
  EXPECT_EQ(world.reason(*provider, by_secret(secret, claims())), "");
  EXPECT_EQ(world.network.asked(keys), 0);
  EXPECT_EQ(world.reason(*provider, World::key().sign(claims(), "JWT")), "") << "a project on its way to new keys";
  EXPECT_NE(world.reason(*provider, by_secret(World::key().public_jwk(), claims())), "")
      << "a published key is no secret";
  EXPECT_NE(world.reason(*provider, World::other_key().sign(claims(), "JWT")), "");
  const auto published = make(options());
  EXPECT_EQ(world.reason(*published, World::key().sign(claims(), "JWT")), "");
  EXPECT_EQ(world.reason(*published, by_secret(secret, claims())),
            "algorithm not allowed: HS256 token but SUPABASE_JWT_SECRET unset");
}

TEST_F(SupabaseTest, OAuthClientsAreListedSinceTheAudienceSaysNothing) {
  world.network.serve(keys, test::key_set({World::key()}));
  const auto provider = make(options().oauth_clients({"ours"}));
  const auto reason = [&](const std::string& more) {
    return world.reason(*provider, World::key().sign(claims(more), "JWT"));
  };
  EXPECT_EQ(reason(R"(,"client_id":"ours","scope":"openid")"), "");
  EXPECT_EQ(reason(R"(,"client_id":"other")"), "client_id other is not in SUPABASE_OAUTH_CLIENTS");
  EXPECT_EQ(reason(""), "") << "a session of the app";
  EXPECT_EQ(reason(R"(,"is_anonymous":true)"), "signed in anonymously");
}

TEST_F(SupabaseTest, TheVerifiedAddressComesFromUserinfo) {
  world.network.serve(keys, test::key_set({World::key()}));
  const auto provider = make(options());
  world.network.serve(issuer + "/oauth/userinfo", R"({"sub":"u","email":"a@x","email_verified":true,"name":"A"})");
  EXPECT_EQ((*world.user(*provider, World::key().sign(claims(), "JWT")))->json,
            R"({"sub":"u","email":"a@x","email_verified":true,"name":"A"})");
}

TEST_F(SupabaseTest, RefreshAndItsErrors) {
  world.network.serve(keys, test::key_set({World::key()}));
  const auto provider = make(options().anon_key("anon"));
  const std::string url = issuer + "/token?grant_type=refresh_token";
  world.network.serve(url, R"({"access_token":"a","refresh_token":"r2","expires_in":3600,"token_type":"bearer"})");
  EXPECT_EQ(world.refresh(*provider)->refresh_token.reveal(), "r2");
  EXPECT_EQ(world.network.requests.back().body, R"({"refresh_token":"rt"})");
  world.network.fail(url, 400, R"({"code":400,"error_code":"refresh_token_already_used","msg":"x"})");
  EXPECT_EQ(world.refresh(*provider).error().code, AuthCode::invalid_token);
  world.network.fail(url, 429, "{}", {{"retry-after", "3"}});
  EXPECT_EQ(world.refresh(*provider).error().retry_after, 3s);
  EXPECT_EQ(fault(supabase(SupabaseOptions().url("https://gone.supabase.co"), world.network.fetcher())),
            "SUPABASE_URL (or, in a project with a legacy secret only, SUPABASE_JWT_SECRET): the provider's keys at "
            "https://gone.supabase.co/auth/v1/.well-known/jwks.json cannot be used: the answer has status 404");
}

}  // namespace
}  // namespace leanmcp
