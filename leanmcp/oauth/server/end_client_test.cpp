// What ends by an administrator's hand, or by the client's own: the provider's tokens behind it.

#include <leanmcp/oauth/server/flow_test_support.hpp>

#include <leanmcp/oauth/server/admin.hpp>
#include <leanmcp/oauth/server/upstream_tokens.hpp>

#include <boost/json.hpp>

namespace leanmcp::as {
namespace {

class Ended : public FlowTest {
 protected:
  void SetUp() override {
    auto with_management = options();
    with_management.keys(ring).registration(Registration::open).client_management();
    start(std::move(with_management));
    auto opened = Administration::open(core->store->database(), ring);
    ASSERT_TRUE(opened) << opened.error().message();
    admin.emplace(std::move(*opened));
    Request request(HttpMethod::post, "/register");
    request.peer = "192.0.2.1";
    request.body = R"({"redirect_uris":["https://app.example/cb"],"token_endpoint_auth_method":"none"})";
    request.headers.emplace_back("content-type", "application/json");
    const auto made = boost::json::parse(answer_register(*core, request, now()).body).as_object();
    client = made.at("client_id").as_string().c_str();
    management = made.at("registration_access_token").as_string().c_str();
    Browser browser;
    ASSERT_EQ(callback(browser, "code=1&state=" + depart(browser, {{"client_id", client}})).status, 303);
    const auto grants = core->store->grants("", client, 10);
    ASSERT_EQ(grants->size(), 1U);
    grant = grants->front();
    ASSERT_TRUE(in_vault());
  }
  bool in_vault() const { return core->vault->get(grant.grant_id, "github").value().has_value(); }
  /// The server's upkeep, as it comes along every ten minutes.
  void keep() {
    clock->advance(12min);
    ASSERT_TRUE(core->store->sweep(now()));
    ASSERT_TRUE(forget_ended_sign_ins(*core, now(), [] { return true; }));
  }
  void expect_revoked_at_the_provider() {
    const auto found = core->store->grant(grant.grant_id);
    EXPECT_TRUE(!*found || (*found)->revoked);
    EXPECT_EQ(upstream->revoked, "") << "an administrator's program does not ask there";
    keep();
    EXPECT_EQ(upstream->revoked, "upstream-access-0");
    EXPECT_FALSE(in_vault());
  }
  KeyRing ring = KeyRing::random();
  std::optional<Administration> admin;
  std::string client, management;
  GrantRecord grant;
};

TEST_F(Ended, WhatLivesIsLeftAlone) {
  keep();
  EXPECT_TRUE(in_vault());
  EXPECT_EQ(upstream->revoked, "");
}

TEST_F(Ended, AGrantThatIsRevoked) {
  EXPECT_TRUE(*admin->revoke_grant(grant.grant_id));
  expect_revoked_at_the_provider();
}

TEST_F(Ended, AllGrantsOfAPerson) {
  EXPECT_EQ(*admin->revoke_grants(grant.subject, ""), 1);
  expect_revoked_at_the_provider();
}

TEST_F(Ended, AClientThatIsDisabled) {
  EXPECT_TRUE(*admin->set_client_disabled(client, true));
  expect_revoked_at_the_provider();
}

TEST_F(Ended, AClientThatIsRemoved) {
  EXPECT_TRUE(*admin->remove_client(client));
  EXPECT_FALSE(*core->store->grant(grant.grant_id));
  expect_revoked_at_the_provider();
}

TEST_F(Ended, AClientThatDeletesItself) {
  Request request(HttpMethod::remove, "/register/" + client);
  request.headers.emplace_back("authorization", "Bearer " + management);
  EXPECT_EQ(answer_registered(*core, request, client, now()).status, 204);
  expect_revoked_at_the_provider();
}

}  // namespace
}  // namespace leanmcp::as
