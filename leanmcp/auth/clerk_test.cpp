#include <leanmcp/auth/clerk.hpp>
#include <leanmcp/auth/preset_test_support.hpp>
#include <leanmcp/crypto/jws.hpp>

#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using test::PresetTest;
using test::World;

struct ClerkTest : PresetTest {
  std::string issuer = "https://x-y-12.clerk.accounts.dev";
  ClerkTest() { world.network.serve(issuer + "/.well-known/jwks.json", test::key_set({World::key()})); }
  std::shared_ptr<AuthProvider> make(ClerkOptions options) {
    return ready(clerk(with_clock(options), world.network.fetcher()));
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

std::string pem_of(EVP_PKEY* key, bool of_public_half) {
  BIO* const out = BIO_new(BIO_s_mem());
  of_public_half ? PEM_write_bio_PUBKEY(out, key)
                 : PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(out);
  return text;
}

TEST_F(ClerkTest, AKeyAsPemNeedsNoRequest) {
  EVP_PKEY* const made = EVP_RSA_gen(2048);
  const auto signing = SigningKey::from_pem(pem_of(made, false), std::nullopt, "ins_1");
  ASSERT_TRUE(signing);
  const std::string pem = pem_of(made, true);
  EVP_PKEY_free(made);
  std::string one_line;
  for (const char c : pem) one_line += c == '\n' ? std::string("\\n") : std::string(1, c);
  const std::string good =
      signing->sign(world.claims("\"iss\":\"" + issuer + R"(","sub":"user_1","azp":"https://app")"), "JWT");
  for (const std::string& form : {pem, one_line}) {
    const auto provider = make(options().authorized_parties({"https://app"}).jwt_key(form));
    EXPECT_EQ(world.reason(*provider, good), "");
    EXPECT_NE(world.reason(*provider, token(R"("sub":"user_1","azp":"https://app")")).find("CLERK_JWT_KEY"),
              std::string::npos)
        << "signed by another key, whatever id it names";
    std::string forged = good;
    forged[forged.size() - 20] = forged[forged.size() - 20] == 'A' ? 'B' : 'A';
    EXPECT_NE(world.reason(*provider, forged), "");
  }
  EXPECT_TRUE(world.network.requests.empty());
  EXPECT_EQ(fault(clerk(options().authorized_parties({"x"}).jwt_key("junk"), world.network.fetcher()))
                .find("CLERK_JWT_KEY is no public RSA key"),
            0U);
  EVP_PKEY* const curve = EVP_EC_gen("P-256");
  EXPECT_NE(fault(clerk(options().authorized_parties({"x"}).jwt_key(pem_of(curve, true)), world.network.fetcher())),
            "nothing")
      << "Clerk signs with RS256";
  EVP_PKEY_free(curve);
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

TEST_F(ClerkTest, APublishableKeySaysTheHost) {
  // base64 of "x-y-12.clerk.accounts.dev$"
  const std::string key = "pk_test_eC15LTEyLmNsZXJrLmFjY291bnRzLmRldiQ";
  const auto provider = make(ClerkOptions().publishable_key(key).authorized_parties({"https://app"}));
  EXPECT_EQ(provider->authorization_servers(), std::vector<std::string>{issuer});
  for (const char* bad : {"pk_test_", "pk_test_eC15", "sk_test_eC15LTEyLmNsZXJrLmFjY291bnRzLmRldiQ", "pk_test_!!"})
    EXPECT_TRUE(fault(clerk(ClerkOptions().publishable_key(bad).authorized_parties({"x"}), world.network.fetcher()))
                    .starts_with("CLERK_PUBLISHABLE_KEY names no host"))
        << bad;
}

TEST_F(ClerkTest, AuthorizedPartiesAreStrict) {
  const auto provider = make(options().authorized_parties({"https://app", "https://beta"}));
  EXPECT_EQ(world.reason(*provider, token(R"("sub":"user_1","azp":"https://beta")")), "");
  EXPECT_EQ(world.reason(*provider, token(R"("sub":"user_1","azp":"http://a")")),
            "azp http://a not in CLERK_AUTHORIZED_PARTIES");
  EXPECT_EQ(world.reason(*provider, token(R"("sub":"user_1")")), "no azp, and authorized parties are configured");
  EXPECT_NE(world.reason(*provider, token(R"("sub":"user_1","azp":["https://app"])")), "");
  EXPECT_NE(world.reason(*provider, token(R"("sub":"user_1","azp":"https://app/")")), "");
  EXPECT_EQ(world.reason(*provider, token(R"("sub":"user_1","azp":"https://app","sts":"pending")")),
            "the session is pending (sts)");
  EXPECT_EQ(world.reason(*provider, token(R"("sub":"user_1","azp":"https://app","sts":"active")")), "");
  EXPECT_EQ(world.reason(*provider, token(R"("sub":1,"azp":"https://app")")), "no sub");
}

TEST_F(ClerkTest, IdTokensAreNoAccessTokens) {
  const std::string id_token = token(R"("sub":"user_1","aud":"app","at_hash":"x")");
  EXPECT_NE(world.reason(*make(options().oauth_clients({"app"})), id_token), "");
  EXPECT_NE(world.reason(*make(options().authorized_parties({"https://app"})), id_token), "");
  EXPECT_NE(world.reason(*make(options().audience("mcp")), id_token), "");
}

TEST_F(ClerkTest, MachinesBySubjectOrCategory) {
  const auto by_category = [&](const std::string& category) {
    const std::string header =
        R"({"alg":"RS256","typ":"JWT","kid":")" + World::key().key_id() + R"(","cat":")" + category + "\"}";
    return sign_jws(header, world.claims("\"iss\":\"" + issuer + R"(","sub":"user_1","azp":"https://app")"),
                    World::key());
  };
  const auto provider = make(options().authorized_parties({"https://app"}));
  EXPECT_EQ(world.reason(*provider, by_category("cl_B7d4PD111AAA")), "");
  EXPECT_EQ(world.reason(*provider, by_category("cl_B7d4PD222AAA")), "");
  EXPECT_EQ(world.reason(*provider, by_category("cl_I7d4PD111III")), "");
  EXPECT_EQ(world.reason(*provider, by_category("cl_B7d4PD333AAA")), "a machine's token; machines are not allowed");
  EXPECT_EQ(world.reason(*provider, token(R"("sub":"mch_1","azp":"https://app")")),
            "a machine's token; machines are not allowed");
  const auto open = make(options().audience("mcp").allow_machines());
  EXPECT_TRUE(world.verify(*open, token(R"("sub":"mch_1","aud":"mcp")"))->is_machine());
  for (const char* const key : {"mt_abc", "ak_abc", "sk_test_1"}) EXPECT_NE(world.reason(*open, key), "") << key;
}

TEST_F(ClerkTest, ImpersonationIsShown) {
  const auto provider = make(options().authorized_parties({"https://app"}));
  const auto who = world.verify(*provider, token(R"("sub":"user_1","azp":"https://app","act":{"sub":"user_staff"})"));
  EXPECT_EQ(who->id(), "user_1");
  EXPECT_EQ(who->actor(), "user_staff");
  EXPECT_EQ(world.verify(*provider, token(R"("sub":"user_1","azp":"https://app")"))->actor(), "");
}

TEST_F(ClerkTest, OpaqueExpiryInSecondsAndPast) {
  const auto provider = make(options().oauth_clients({"app"}));
  const std::string url = "https://api.clerk.com/v1/oauth_applications/access_tokens/verify";
  const auto serve = [&](long long expiration) {
    world.network.serve(url, R"({"client_id":"app","subject":"user_1","scopes":[],"revoked":false,"expired":false,)"
                             R"("expiration":)" +
                                 std::to_string(expiration) + "}");
  };
  serve(world.seconds() + 60);
  EXPECT_EQ(world.verify(*provider, "oat_seconds")->expires_at(), world.seconds() + 60);
  serve(world.seconds() - 1);
  EXPECT_EQ(world.reason(*provider, "oat_old"), "expired") << "whatever `expired` says";
  serve((world.seconds() - 1) * 1000);
  EXPECT_EQ(world.reason(*provider, "oat_old_ms"), "expired");
  world.network.serve(url, R"({"active":false})");
  EXPECT_EQ(world.reason(*provider, "oat_inactive"), "revoked or expired");
  world.network.serve(url, R"({"client_id":"other","subject":"user_1","scopes":[]})");
  EXPECT_EQ(world.reason(*provider, "oat_other"), "client_id other not in CLERK_OAUTH_CLIENTS");
  world.network.serve(url, R"({"client_id":"app","subject":"mch_1","scopes":[]})");
  EXPECT_EQ(world.reason(*provider, "oat_machine"), "a machine's token");
}

TEST_F(ClerkTest, OpaqueTokensAreIntrospectedWithoutASecretKey) {
  const auto provider =
      make(ClerkOptions().frontend_api("x-y-12.clerk.accounts.dev").oauth_clients({"app"}).client("app", Secret("cs")));
  const std::string url = issuer + "/oauth/token_info";
  world.network.serve(url, R"({"active":true,"client_id":"app","scope":"a b","sub":"user_1","iat":1})");
  const auto who = world.verify(*provider, "oat_1");
  EXPECT_EQ(who->id(), "user_1");
  EXPECT_TRUE(who->has_scope("b"));
  EXPECT_EQ(world.network.requests.back().body, "token=oat_1&token_type_hint=access_token");
  EXPECT_EQ(world.network.requests.back().headers.back().second, "Basic YXBwOmNz");
  world.network.serve(url, R"({"client_id":"app","sub":"user_1"})");
  EXPECT_NE(world.reason(*provider, "oat_2"), "") << "an introspection must say active";
  world.network.serve(url, R"({"active":false})");
  EXPECT_EQ(world.reason(*provider, "oat_3"), "revoked or expired");
  const auto without = make(ClerkOptions().frontend_api("x-y-12.clerk.accounts.dev").oauth_clients({"app"}));
  EXPECT_NE(world.reason(*without, "oat_4").find("CLERK_SECRET_KEY"), std::string::npos);
}

TEST_F(ClerkTest, TheLimitOfOurKeyIsNotTheTokens) {
  const auto provider = make(options().authorized_parties({"https://app"}));
  const auto ask = [&](const std::string& id) {
    return world.user(*provider, token(R"("sub":")" + id + R"(","azp":"https://app")"));
  };
  world.network.fail("https://api.clerk.com/v1/users/user_1", 429, "{}", {{"retry-after", "8"}});
  world.network.serve("https://api.clerk.com/v1/users/user_2", R"({"id":"user_2","email_addresses":[]})");
  EXPECT_EQ(ask("user_1").error().retry_after, 8s);
  const auto other = ask("user_2");
  EXPECT_EQ(other.error().code, AuthCode::verification_failed);
  EXPECT_EQ(other.error().retry_after, 8s);
  EXPECT_EQ(world.network.asked("https://api.clerk.com/v1/users/user_2"), 0) << "Clerk wants to be left alone";
  world.clock->advance(8s);
  EXPECT_TRUE(ask("user_2"));
}

TEST_F(ClerkTest, KeysThatCannotBeHadNameTheSetting) {
  const auto said = fault(
      clerk(ClerkOptions().frontend_api("gone.clerk.accounts.dev").authorized_parties({"x"}), world.network.fetcher()));
  EXPECT_EQ(said,
            "CLERK_FRONTEND_API: the provider's keys at "
            "https://gone.clerk.accounts.dev/.well-known/jwks.json cannot be used: the answer has status 404");
  EXPECT_EQ(world.reason(*make(options().authorized_parties({"https://app"})),
                         World::other_key().sign(world.claims("\"iss\":\"" + issuer + R"(","sub":"u")"), "JWT")),
            "signed with an unknown key: token from another Clerk instance (dev vs prod?)");
}

}  // namespace
}  // namespace leanmcp
