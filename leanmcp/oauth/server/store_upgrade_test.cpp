// A database of the first schema, with what was under way in it.

#include <leanmcp/oauth/server/store.hpp>

#include <leanmcp/storage/engine_test_support.hpp>

#include <gtest/gtest.h>

namespace leanmcp::as {
namespace {

using namespace std::chrono_literals;

class StoreUpgrade : public EachEngine {
 protected:
  Store open() {
    auto store = Store::open(*Database::open(url_));
    EXPECT_TRUE(store) << (store ? "" : store.error().detail);
    return std::move(*store);
  }
  const TimePoint start_{std::chrono::milliseconds(1'800'000'000'000)};
};

TEST_P(StoreUpgrade, WhatIsAskedOfASignInAndWhenItWas) {
  TransactionRecord request;
  request.id_digest = "t-1", request.client_id = "app", request.prompt = "login", request.max_age = 300s;
  request.login_hint = "ada";
  request.expires = start_ + 10min;
  GrantRecord grant;
  grant.grant_id = "g-1", grant.subject = "github:1", grant.client_id = "app", grant.profile = "{}";
  grant.created = start_, grant.expires = start_ + 1h, grant.signed_in = start_ - 100s;
  {
    const Store store = open();
    ASSERT_TRUE(store.add_transaction(request));
    ASSERT_TRUE(store.add_grant(grant));
  }
  {
    const Store store = open();
    const auto asked = store.transaction("t-1");
    ASSERT_TRUE(asked && *asked);
    EXPECT_EQ((*asked)->prompt, "login");
    EXPECT_EQ((*asked)->max_age, 300s);
    EXPECT_EQ((*asked)->login_hint, "ada");
    EXPECT_EQ((*store.grant("g-1"))->signed_in, start_ - 100s);
    for (const char* const sql :
         {"ALTER TABLE as_transactions DROP COLUMN prompt", "ALTER TABLE as_transactions DROP COLUMN max_age",
          "ALTER TABLE as_transactions DROP COLUMN login_hint", "ALTER TABLE as_grants DROP COLUMN signed_in",
          "DROP TABLE as_tries",
          "DELETE FROM leanmcp_migrations WHERE component = 'authorization_server' AND number > 1"})
      ASSERT_TRUE(store.database().run(sql)) << sql;
  }
  const Store store = open();
  const auto asked = store.transaction("t-1");
  ASSERT_TRUE(asked && *asked) << (asked ? "it is gone" : asked.error().detail);
  EXPECT_EQ((*asked)->client_id, "app");
  EXPECT_EQ((*asked)->prompt + (*asked)->login_hint, "");
  EXPECT_FALSE((*asked)->max_age);
  const auto kept = store.grant("g-1");
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ((*kept)->subject, "github:1");
  EXPECT_FALSE((*kept)->signed_in) << "nobody wrote it down then";
  request.id_digest = "t-2";
  EXPECT_TRUE(store.add_transaction(request));
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreUpgrade, both_engines, engine_name);

}  // namespace
}  // namespace leanmcp::as
