#include <leanmcp/oauth/server/initial_token.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/oauth/server/server_test_support.hpp>
#include <leanmcp/oauth/server/stateless_client.hpp>

namespace leanmcp::as {
namespace {

namespace json = boost::json;
using std::chrono::hours;
using std::chrono::seconds;

const std::string good = R"({"redirect_uris":["https://app.example/cb"],"client_name":"App",
  "grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none"})";
const std::string good_secret = R"({"redirect_uris":["https://app.example/cb"]})";

class RegisterTest : public ServerTest {
 protected:
  Answer add(const std::string& body, HttpFields headers = {}) {
    return answer_register(*core, post_json("/register", body, std::move(headers)), now());
  }
  Answer manage(HttpMethod verb, const std::string& id, const std::string& token, const std::string& body = {}) {
    Request request = post_json("/register/" + id, body, {{"authorization", "Bearer " + token}});
    request.verb = verb;
    return answer_registered(*core, request, id, now());
  }
};

TEST_F(RegisterTest, Rfc7591Section3_2_1_ClientInformation) {
  start();
  const Answer answer = add(good);
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(header(answer, "Cache-Control"), "no-store");
  EXPECT_EQ(header(answer, "Pragma"), "no-cache");
  const auto said = json_of(answer);
  const std::string id = member(answer, "client_id");
  EXPECT_EQ(id.size(), 22U);
  EXPECT_FALSE(id.starts_with("https://"));
  EXPECT_EQ(said.at("client_id_issued_at"), unix_seconds(now()));
  EXPECT_EQ(said.at("client_name"), "App");
  EXPECT_EQ(said.at("token_endpoint_auth_method"), "none");
  for (const char* const no : {"client_secret", "client_secret_expires_at", "registration_access_token"})
    EXPECT_FALSE(said.contains(no)) << no;
  const auto client = find_client(*core, id, "", now());
  ASSERT_TRUE(client);
  EXPECT_EQ(client->origin, ClientOrigin::dynamic);
  EXPECT_NE(member(add(good), "client_id"), id);
}

TEST_F(RegisterTest, Rfc7591Section3_2_1_SecretIsShownOnceAndKeptAsDigest) {
  start();
  const Answer answer = add(good_secret);
  const std::string secret = member(answer, "client_secret");
  EXPECT_EQ(secret.size(), 43U);
  EXPECT_EQ(json_of(answer).at("client_secret_expires_at"), 0);
  const auto client = find_client(*core, member(answer, "client_id"), "", now());
  ASSERT_TRUE(client);
  EXPECT_EQ(client->secret_digest, digest_of(secret));
  EXPECT_EQ(logged().find(secret), std::string::npos);
}

TEST_F(RegisterTest, Attack20_47_48_49_BadMetadata) {
  start();
  const std::pair<const char*, const char*> cases[] = {
      {R"({"redirect_uris":[]})", "invalid_redirect_uri"},
      {R"({"redirect_uris":["javascript:x"]})", "invalid_redirect_uri"},
      {R"({"redirect_uris":["data:text/html,x"]})", "invalid_redirect_uri"},
      {R"({"redirect_uris":["http://evil/"]})", "invalid_redirect_uri"},
      {R"({"redirect_uris":["http://127.0.0.1/"],"application_type":"web"})", "invalid_redirect_uri"},
      {R"({"redirect_uris":["https://a/"],"grant_types":["client_credentials"]})", "invalid_client_metadata"},
      {R"(not json)", "invalid_client_metadata"}};
  for (const auto& [body, error] : cases) {
    core->limits.reset(new RateLimits(options.limits_));
    const Answer answer = add(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(error_of(answer), error) << body;
  }
  const auto count = core->store->count_clients(ClientOrigin::dynamic);
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 0);
}

TEST_F(RegisterTest, Attack49_Large) {
  start();
  EXPECT_EQ(add(std::string(16 * 1024 + 1, ' ')).status, 413);
  EXPECT_EQ(add(std::string(1024 * 1024, 'x')).status, 413);
}

TEST_F(RegisterTest, Attack49_Flood) {
  start();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(add(good).status, 201) << i;
  const Answer refused = add(good);
  EXPECT_EQ(refused.status, 429);
  EXPECT_FALSE(header(refused, "Retry-After").empty());
  Request other = post_json("/register", good);
  other.peer = "192.0.2.2";
  EXPECT_EQ(answer_register(*core, other, now()).status, 201);
  advance(seconds(61));
  EXPECT_EQ(add(good).status, 201);
}

TEST_F(RegisterTest, Attack49_CapOfAllClients) {
  options.limits().dynamic_clients = 3;
  start();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(add(good).status, 201);
  EXPECT_EQ(add(good).status, 503);
}

TEST_F(RegisterTest, Rfc7591Section3_1_OnlyJsonByPost) {
  start();
  Request form = post_json("/register", good);
  form.headers = {{"content-type", "text/plain"}};
  EXPECT_EQ(answer_register(*core, form, now()).status, 400);
  form.headers = {{"content-type", "Application/JSON; charset=utf-8"}};
  EXPECT_EQ(answer_register(*core, form, now()).status, 201);
  form.verb = HttpMethod::get;
  EXPECT_EQ(answer_register(*core, form, now()).status, 405);
}

TEST_F(RegisterTest, Rfc7591Section3_OffByDefault) {
  options.registration(Registration::off);
  start();
  EXPECT_EQ(add(good).status, 404);
}

TEST_F(RegisterTest, Rfc7591Section3_InitialAccessTokens) {
  const KeyRing ring = KeyRing::random();
  options.keys(ring).initial_access_token(Secret("initial-token-of-the-options"));
  start();
  EXPECT_EQ(add(good).status, 401);
  EXPECT_EQ(error_of(add(good)), "invalid_token");
  EXPECT_FALSE(header(add(good), "WWW-Authenticate").empty());
  const auto bearer = [](std::string_view token) {
    return HttpFields{{"authorization", "Bearer " + std::string(token)}};
  };
  EXPECT_EQ(add(good, bearer("initial-token-of-the-options")).status, 201);
  EXPECT_EQ(add(good, bearer("initial-token-of-the-optionsx")).status, 401);
  core->limits.reset(new RateLimits(options.limits_));
  // Those of the command line are good once.
  const Secret made = make_initial_token(ring, now(), hours(1));
  EXPECT_EQ(add(good, bearer(made.reveal())).status, 201);
  EXPECT_EQ(add(good, bearer(made.reveal())).status, 401);
  const Secret late = make_initial_token(ring, now(), hours(1));
  const Secret foreign = make_initial_token(KeyRing::random(), now(), hours(1));
  EXPECT_EQ(add(good, bearer(foreign.reveal())).status, 401);
  advance(hours(1));
  EXPECT_EQ(add(good, bearer(late.reveal())).status, 401);
}

TEST_F(RegisterTest, AnInvitationIsNotUsedUpByATypingError) {
  const KeyRing ring = KeyRing::random();
  options.keys(ring).registration(Registration::with_token);
  start();
  const HttpFields with{{"authorization", "Bearer " + std::string(make_initial_token(ring, now(), hours(1)).reveal())}};
  EXPECT_EQ(error_of(add(R"({"redirect_uris":["javascript:x"]})", with)), "invalid_redirect_uri");
  EXPECT_EQ(error_of(add("{", with)), "invalid_client_metadata");
  EXPECT_EQ(add(good, with).status, 201);
  EXPECT_EQ(add(good, with).status, 401);
}

TEST_F(RegisterTest, Attack49_WhoHasNoInvitationUsesUpNobodysTurn) {
  const KeyRing ring = KeyRing::random();
  options.keys(ring).registration(Registration::with_token);
  start();
  for (int i = 0; i < 400; ++i) {
    Request request = post_json("/register", good);
    if (i % 2) request.headers.emplace_back("authorization", "Bearer guessed");
    request.peer = "192.0." + std::to_string(i / 200) + "." + std::to_string(i % 200);
    EXPECT_EQ(answer_register(*core, request, now()).status, 401);
  }
  const Secret token = make_initial_token(ring, now(), hours(1));
  EXPECT_EQ(add(good, {{"authorization", "Bearer " + std::string(token.reveal())}}).status, 201);
}

TEST_F(RegisterTest, Attack49_AllTogetherMayRegisterSoMany) {
  start();
  int taken = 0;
  for (int i = 0; i < 400; ++i) {
    Request request = post_json("/register", good);
    request.peer = "192.0." + std::to_string(i / 200) + "." + std::to_string(i % 200);
    taken += answer_register(*core, request, now()).status == 201;
  }
  EXPECT_EQ(taken, 300);
}

TEST_F(RegisterTest, UnusedClientsEndInSevenDaysIdleOnesInNinety) {
  start();
  const std::string unused = member(add(good), "client_id");
  const std::string used = member(add(good), "client_id");
  advance(hours(24 * 6));
  ASSERT_TRUE(core->store->touch_client(used, now()));
  EXPECT_TRUE(find_client(*core, unused, "", now()));
  advance(hours(24));
  EXPECT_FALSE(find_client(*core, unused, "", now()));
  EXPECT_TRUE(find_client(*core, used, "", now()));
  ASSERT_TRUE(core->store->sweep(now()));
  EXPECT_FALSE(core->store->client(unused).value());
  EXPECT_TRUE(core->store->client(used).value());
  advance(hours(24 * 89));
  EXPECT_FALSE(find_client(*core, used, "", now()));
  ASSERT_TRUE(core->store->sweep(now()));
  EXPECT_FALSE(core->store->client(used).value());
}

TEST_F(RegisterTest, Rfc7591AppendixA_5_2_StatelessClients) {
  options.stateless_registration();
  start();
  const Answer answer = add(good_secret);
  ASSERT_EQ(answer.status, 201) << answer.body;
  const std::string id = member(answer, "client_id");
  const std::string secret = member(answer, "client_secret");
  EXPECT_EQ(json_of(answer).at("client_secret_expires_at"), unix_seconds(now() + hours(24 * 90)));
  EXPECT_EQ(core->store->count_clients(ClientOrigin::dynamic).value(), 0);
  const auto client = find_client(*core, id, "", now());
  ASSERT_TRUE(client) << client.error().reason;
  EXPECT_EQ(client->client_id, id);
  EXPECT_EQ(client->origin, ClientOrigin::dynamic);
  EXPECT_EQ(client->redirect_uris, std::vector<std::string>{"https://app.example/cb"});
  EXPECT_EQ(client->secret_digest, digest_of(secret));
  EXPECT_EQ(id.find(secret), std::string::npos);
  // Nobody makes one up, or changes one.
  for (std::size_t i = 7; i < id.size(); i += 13) {
    std::string changed = id;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(find_client(*core, changed, "", now())) << i;
  }
  ClientRecord forged = *client;
  forged.redirect_uris = {"https://evil.example/"};
  EXPECT_FALSE(find_client(*core, stateless_client_id(KeyRing::random(), forged).value(), "", now()));
  EXPECT_EQ(add(R"({"redirect_uris":["https://a/)" + std::string(1900, 'a') + "\"]}").status, 400);
  // An operator can still shut one out.
  ClientRecord out = *client;
  out.disabled = true;
  ASSERT_TRUE(core->store->put_client(out));
  EXPECT_FALSE(find_client(*core, id, "", now()));
  const std::string second = member(add(good), "client_id");
  advance(hours(24 * 90) - seconds(1));
  EXPECT_TRUE(find_client(*core, second, "", now()));
  advance(seconds(1));
  EXPECT_FALSE(find_client(*core, second, "", now()));
}

TEST_F(RegisterTest, Rfc7592Section1_3_OffByDefault) {
  start();
  const std::string id = member(add(good), "client_id");
  EXPECT_EQ(manage(HttpMethod::get, id, "x").status, 404);
}

class ManagedTest : public RegisterTest {
 protected:
  void SetUp() override {
    options.client_management();
    start();
    const Answer answer = add(good_secret);
    id = member(answer, "client_id");
    token = member(answer, "registration_access_token");
    secret = member(answer, "client_secret");
    EXPECT_EQ(member(answer, "registration_client_uri"), std::string(test_issuer) + "/register/" + id);
  }
  std::string body(const std::string& more = {}) const {
    return R"({"redirect_uris":["https://app.example/new"],"client_id":")" + id + "\"" + more + "}";
  }
  std::string id, token, secret;
};

TEST_F(ManagedTest, Rfc7592Section2_1_Read) {
  const Answer answer = manage(HttpMethod::get, id, token);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(member(answer, "client_id"), id);
  EXPECT_EQ(member(answer, "registration_access_token"), token);
  EXPECT_EQ(header(answer, "Cache-Control"), "no-store");
  EXPECT_EQ(answer.body.find(secret), std::string::npos);
}

TEST_F(ManagedTest, Rfc7592Section2_1_WrongTokens) {
  const Answer other = add(good_secret);
  for (const std::string& wrong :
       {std::string(), std::string("x"), token + "x", secret, member(other, "registration_access_token")}) {
    core->limits.reset(new RateLimits(options.limits_));
    for (const auto verb : {HttpMethod::get, HttpMethod::put, HttpMethod::remove}) {
      const Answer answer = manage(verb, id, wrong, body());
      EXPECT_EQ(answer.status, 401) << wrong;
      EXPECT_EQ(error_of(answer), "invalid_token");
    }
  }
  core->limits.reset(new RateLimits(options.limits_));
  EXPECT_EQ(manage(HttpMethod::get, "no-such-client", token).status, 401);
  EXPECT_EQ(manage(HttpMethod::get, "machine", token).status, 401);
  for (int i = 0; i < 20; ++i) (void)manage(HttpMethod::get, id, "x");
  EXPECT_EQ(manage(HttpMethod::get, id, "x").status, 429);
  EXPECT_EQ(manage(HttpMethod::get, id, token).status, 200) << "others may share the address";
}

TEST_F(ManagedTest, Rfc7592Section2_2_Replace) {
  const auto before = core->store->client(id).value();
  const Answer answer = manage(HttpMethod::put, id, token, body(R"(,"client_secret":")" + secret + "\""));
  EXPECT_EQ(answer.status, 200) << answer.body;
  const auto after = core->store->client(id).value();
  EXPECT_EQ(after->redirect_uris, std::vector<std::string>{"https://app.example/new"});
  EXPECT_EQ(after->secret_digest, before->secret_digest);
  EXPECT_EQ(after->created, before->created);
  // What people were shown has changed, so that remembered consents are void.
  EXPECT_NE(after->document_digest, before->document_digest);
  EXPECT_FALSE(json_of(answer).contains("client_secret"));
  const Answer open = manage(HttpMethod::put, id, token, body(R"(,"token_endpoint_auth_method":"none")"));
  EXPECT_EQ(open.status, 200);
  EXPECT_EQ(core->store->client(id).value()->secret_digest, "");
  const Answer again = manage(HttpMethod::put, id, token, body());
  EXPECT_EQ(member(again, "client_secret").size(), 43U);
  EXPECT_NE(member(again, "client_secret"), secret);
}

TEST_F(ManagedTest, Rfc7592Section2_2_WhatIsNotTheClientsToSay) {
  for (const std::string& more :
       {std::string(R"(,"registration_access_token":"x")"), std::string(R"(,"registration_client_uri":"https://x/")"),
        std::string(R"(,"client_secret_expires_at":0)"), std::string(R"(,"client_id_issued_at":0)"),
        std::string(R"(,"client_secret":"mine")"), std::string(R"(,"client_secret":1)"),
        std::string(R"(,"grant_types":["client_credentials"])")})
    EXPECT_EQ(manage(HttpMethod::put, id, token, body(more)).status, 400) << more;
  EXPECT_EQ(manage(HttpMethod::put, id, token, good).status, 400);
  EXPECT_EQ(manage(HttpMethod::put, id, token, R"({"redirect_uris":["https://a/"],"client_id":"machine"})").status,
            400);
  EXPECT_EQ(core->store->client(id).value()->redirect_uris, std::vector<std::string>{"https://app.example/cb"});
}

TEST_F(ManagedTest, Rfc7592Section2_3_DeleteEndsEverything) {
  GrantRecord grant;
  grant.grant_id = "g1";
  grant.client_id = id;
  grant.subject = "github:1";
  grant.expires = now() + hours(1);
  ASSERT_TRUE(core->store->add_grant(grant));
  const Answer answer = manage(HttpMethod::remove, id, token);
  EXPECT_EQ(answer.status, 204);
  EXPECT_TRUE(answer.body.empty());
  EXPECT_FALSE(find_client(*core, id, "", now()));
  EXPECT_FALSE(core->store->grant("g1").value());
  EXPECT_EQ(manage(HttpMethod::get, id, token).status, 401);
}

TEST_F(ManagedTest, Rfc7592Section2_NoOtherMethod) {
  EXPECT_EQ(manage(HttpMethod::post, id, token, body()).status, 405);
}

}  // namespace
}  // namespace leanmcp::as
