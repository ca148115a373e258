#include <leanmcp/oauth/client/token_store.hpp>

#include <gtest/gtest.h>

namespace leanmcp::inline v0 {
namespace {

TimePoint at(std::int64_t seconds) { return TimePoint(std::chrono::seconds(seconds)); }

std::unique_ptr<TokenStore::Lease> taken(TokenStore& store, const std::string& name) {
  auto lease = store.try_lock(name);
  return lease ? std::move(*lease) : nullptr;
}

TEST(MemoryTokenStore, GivesBackWhatWasSaved) {
  MemoryTokenStore store;
  ASSERT_TRUE(store.load("a"));
  EXPECT_FALSE(*store.load("a"));
  ASSERT_TRUE(store.save("a", Secret("one")));
  ASSERT_TRUE(store.save("a", Secret("two")));
  ASSERT_TRUE(*store.load("a"));
  EXPECT_EQ((**store.load("a")).reveal(), "two");
  EXPECT_EQ(*store.names(), std::vector<std::string>{"a"});
  ASSERT_TRUE(store.erase("a"));
  ASSERT_TRUE(store.erase("a"));
  EXPECT_FALSE(*store.load("a"));
  EXPECT_TRUE(store.names()->empty());
}

TEST(MemoryTokenStore, OneLeaseAtATimeForOneName) {
  MemoryTokenStore store;
  auto first = taken(store, "a");
  ASSERT_TRUE(first);
  EXPECT_FALSE(taken(store, "a"));
  EXPECT_TRUE(taken(store, "b")) << "another name is another lease";
  EXPECT_TRUE(store.save("a", Secret("value"))) << "a lease is no lock on the value";
  first.reset();
  EXPECT_TRUE(taken(store, "a"));
}

TEST(MemoryTokenStore, LeaseOutlivesTheStore) {
  auto store = std::make_unique<MemoryTokenStore>();
  auto lease = taken(*store, "a");
  store.reset();
  lease.reset();
}

TEST(TokenStoreNames, TwoKeysAreNeverOne) {
  EXPECT_NE(tokens_name("https://as.example/a", "b", ""), tokens_name("https://as.example/", "ab", ""));
  EXPECT_NE(tokens_name("https://as.example", "https://rs.example", "x y"),
            tokens_name("https://as.example", "https://rs.example x", "y"));
  EXPECT_NE(tokens_name("https://as.example/A", "r", "p"), tokens_name("https://as.example/a", "r", "p"))
      << "paths are compared as they are";
  EXPECT_NE(identity_name("https://as.example", "p"), binding_name("https://as.example", "p"));
}

TEST(StoredTokens, ComeBackWhole) {
  OAuthTokens tokens;
  tokens.access_token = Secret("access \"quoted\"");
  tokens.token_type = "DPoP";
  tokens.refresh_token = Secret("refresh");
  tokens.id_token = "id";
  tokens.scope = "a b";
  tokens.expires = at(1'800'000'000);
  const auto back = restore_tokens(save_tokens(tokens, Secret("{\"kty\":\"EC\"}")));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->first.access_token.reveal(), "access \"quoted\"");
  EXPECT_EQ(back->first.token_type, "DPoP");
  EXPECT_EQ(back->first.refresh_token.reveal(), "refresh");
  EXPECT_EQ(back->first.id_token, "id");
  EXPECT_EQ(back->first.scope, "a b");
  EXPECT_EQ(back->first.expires, at(1'800'000'000));
  EXPECT_EQ(back->second.reveal(), "{\"kty\":\"EC\"}");
}

TEST(StoredTokens, WhatIsNoTokenIsNone) {
  for (const char* const text : {"", "[]", "{}", "{\"access_token\":\"\",\"token_type\":\"Bearer\"}",
                                 "{\"access_token\":\"a\"}", "{\"access_token\":1,\"token_type\":\"Bearer\"}"})
    EXPECT_FALSE(restore_tokens(Secret(text))) << text;
}

TEST(StoredIdentity, ComesBackWhole) {
  OAuthClientIdentity identity("id", Secret("secret"));
  identity.method = ClientAuthentication::post;
  identity.secret_expires = at(1'900'000'000);
  const auto back = restore_identity(save_identity(identity, "http://127.0.0.1:1/cb"));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->first.client_id, "id");
  EXPECT_EQ(back->first.secret.reveal(), "secret");
  EXPECT_EQ(back->first.method, ClientAuthentication::post);
  EXPECT_EQ(back->first.secret_expires, at(1'900'000'000));
  EXPECT_EQ(back->second, "http://127.0.0.1:1/cb");
  EXPECT_FALSE(restore_identity(Secret("{\"client_secret\":\"s\"}")));
}

}  // namespace
}  // namespace leanmcp::inline v0
