// Pushed authorization requests (RFC 9126).

#include <leanmcp/oauth/server/flow_test_support.hpp>

#include <boost/json.hpp>

namespace leanmcp::as {
namespace {

class Pushed : public FlowTest {
 protected:
  OAuthServerOptions with_client() {
    auto out = options();
    ConfiguredClient web("web");
    web.name("Web").redirect_uri(redirect).secret(Secret("a-long-client-secret"), ClientMethod::post);
    out.client(std::move(web));
    return out;
  }
  void SetUp() override { start(with_client()); }

  Request pushing(const Pairs& changed = {}) {
    Pairs form = request_parameters({{"client_id", "web"}, {"client_secret", "a-long-client-secret"}});
    for (const auto& [name, value] : changed) {
      std::erase_if(form, [&](const auto& pair) { return pair.first == name; });
      if (!value.empty()) form.emplace_back(name, value);
    }
    Request out = post("/par", form, Browser(), "", "");
    return out;
  }
  std::string push(const Pairs& changed = {}) {
    const Answer answer = answer_pushed(*core, pushing(changed), now());
    EXPECT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(header(answer, "Cache-Control"), "no-store");
    const auto body = boost::json::parse(answer.body);
    EXPECT_EQ(body.at("expires_in"), 60);
    return std::string(body.at("request_uri").as_string());
  }
  std::string error_of(const Pairs& changed, int status = 400) {
    const Answer answer = answer_pushed(*core, pushing(changed), now());
    EXPECT_EQ(answer.status, status) << answer.body;
    return std::string(boost::json::parse(answer.body).at("error").as_string());
  }
  Answer redeem(const std::string& uri, const std::string& client = "web", const Pairs& more = {}) {
    Pairs query = {{"client_id", client}, {"request_uri", uri}};
    query.insert(query.end(), more.begin(), more.end());
    return answer_authorize(*core, get("/authorize", encode_form(query)), now());
  }
};

TEST_F(Pushed, Section2_2_AReferenceThatIsGoodOnce) {
  const std::string uri = push();
  EXPECT_TRUE(uri.starts_with("urn:ietf:params:oauth:request_uri:"));
  const Answer page = redeem(uri);
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("Let “Web” use Notes?"), std::string::npos);
  expect_stopped(redeem(uri), 400);
}

TEST_F(Pushed, Section4_WhatWasPushedCounts) {
  const std::string uri = push();
  const Answer page = redeem(uri, "web", {{"scope", "write"}, {"redirect_uri", "https://evil.example"}});
  EXPECT_EQ(page.status, 200);
  const auto stored = core->store->transaction(digest_of(field(page, "request")));
  EXPECT_EQ((*stored)->scope, "read");
  EXPECT_EQ((*stored)->redirect_uri, redirect);
  EXPECT_EQ((*stored)->state, "s-1");
}

TEST_F(Pushed, Section4_OnlyTheClientThatPushed) {
  expect_stopped(redeem(push(), "app"), 400);
  expect_stopped(redeem("urn:ietf:params:oauth:request_uri:unknown"), 400);
}

TEST_F(Pushed, EndsWithItsTime) {
  const std::string uri = push();
  clock->advance(60s);
  expect_stopped(redeem(uri), 400);
}

TEST_F(Pushed, Section2_1_TheClientProvesItself) {
  EXPECT_EQ(error_of({{"client_secret", "wrong"}}, 401), "invalid_client");
  EXPECT_EQ(error_of({{"client_secret", ""}}, 401), "invalid_client");
  EXPECT_EQ(error_of({{"client_id", "nobody"}}, 401), "invalid_client");
  EXPECT_EQ(push({{"client_id", "app"}, {"client_secret", ""}}).substr(0, 3), "urn") << "a public client";
}

TEST_F(Pushed, Section2_3_ErrorsOfTheRequestComeAtOnce) {
  EXPECT_EQ(error_of({{"request_uri", "urn:x"}}), "invalid_request");
  EXPECT_EQ(error_of({{"request", "eyJ"}}), "invalid_request");
  EXPECT_EQ(error_of({{"redirect_uri", "https://evil.example"}}), "invalid_request");
  EXPECT_EQ(error_of({{"code_challenge_method", "plain"}}), "invalid_request");
  EXPECT_EQ(error_of({{"response_type", "token"}}), "unsupported_response_type");
  EXPECT_EQ(error_of({{"resource", "https://other.example"}}), "invalid_target");
  EXPECT_EQ(error_of({{"scope", "admin"}}), "invalid_scope");
  Request json = pushing();
  json.headers[0].second = "application/json";
  EXPECT_EQ(answer_pushed(*core, json, now()).status, 400);
  json.verb = HttpMethod::get;
  EXPECT_EQ(answer_pushed(*core, json, now()).status, 405);
  Request twice = pushing();
  twice.body += "&state=2";
  EXPECT_EQ(answer_pushed(*core, twice, now()).status, 400);
}

TEST_F(Pushed, NothingThatProvesTheClientIsKept) {
  const std::string uri = push();
  const auto kept = core->store->take_pushed(digest_of(uri), now());
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ((*kept)->parameters.find("secret"), std::string::npos) << (*kept)->parameters;
}

TEST_F(Pushed, CanBeAskedFor) {
  start(with_client().pushed_requests(true, true));
  Browser browser;
  EXPECT_EQ(error_at(authorize(browser)), "invalid_request");
  EXPECT_EQ(redeem(push()).status, 200);
}

TEST_F(Pushed, AreCountedByAddressOrByClient) {
  auto limited = with_client();
  limited.limits().authorize_per_address = 30;
  limited.limits().token_per_client = 40;
  start(std::move(limited));
  const Pairs open = {{"client_id", "app"}, {"client_secret", ""}};
  const auto pushes = [&](const Pairs& as, int most) {
    for (int i = 0; i < most; ++i) EXPECT_EQ(answer_pushed(*core, pushing(as), now()).status, 201) << i;
    const Answer over = answer_pushed(*core, pushing(as), now());
    EXPECT_EQ(over.status, 429);
    EXPECT_NE(header(over, "Retry-After"), "");
  };
  pushes(open, 30);
  pushes({}, 40);
  Browser browser;
  EXPECT_EQ(authorize(browser).status, 200) << "the browser is counted apart";
}

TEST_F(Pushed, PromptHasABound) {
  EXPECT_EQ(error_of({{"prompt", std::string(1024, 'x')}}), "invalid_request");
  EXPECT_EQ(error_of({{"prompt", std::string(65, 'x')}}), "invalid_request");
  push({{"prompt", "login" + std::string(59, ' ')}});
}

TEST_F(Pushed, HowThePersonIsToSignInIsPushedToo) {
  EXPECT_EQ(error_of({{"prompt", "create"}}), "invalid_request");
  EXPECT_EQ(error_of({{"prompt", "none"}}), "interaction_required");
  EXPECT_EQ(error_of({{"max_age", "-1"}}), "invalid_request");
  EXPECT_EQ(error_of({{"max_age", "18446744073709551616"}}), "invalid_request");
  EXPECT_EQ(error_of({{"login_hint", "a\nb"}}), "invalid_request");
  const auto departing = [&](const std::string& uri, const Pairs& more) {
    Browser browser;
    const Answer page = redeem(uri, "web", more);
    browser.take(page);
    consent(browser, {{"request", field(page, "request")}, {"token", field(page, "token")}, {"allow", "github"}});
    return upstream->sent;
  };
  const auto wish = departing(push({{"prompt", "login"}, {"max_age", "60"}, {"login_hint", "ada"}}),
                              {{"prompt", "consent"}, {"max_age", "9000"}, {"login_hint", "eve"}});
  EXPECT_TRUE(wish.again) << "section 4: what stands beside the reference does not count";
  EXPECT_EQ(wish.max_age, 60s);
  EXPECT_EQ(wish.login_hint, "ada");
  EXPECT_FALSE(departing(push(), {{"prompt", "login"}}).again);
  upstream->can_again = false;
  EXPECT_EQ(error_of({{"max_age", "60"}}), "unmet_authentication_requirements");
}

TEST_F(Pushed, TroubleOfTheServerIsNotTheClientsFault) {
  const std::string uri = push();
  const auto rename = [&](const char* from, const char* to) {
    ASSERT_TRUE(core->store->database().run("ALTER TABLE " + std::string(from) + " RENAME TO " + to));
  };
  rename("as_clients", "gone");
  EXPECT_EQ(error_of({{"client_id", "stored"}, {"client_secret", ""}}, 500), "server_error");
  Browser browser;
  expect_stopped(authorize(browser, {{"client_id", "stored"}}), 503);
  rename("gone", "as_clients");
  rename("as_pushed", "gone");
  EXPECT_EQ(error_of({}, 500), "server_error");
  expect_stopped(redeem(uri), 503);
  rename("gone", "as_pushed");
  EXPECT_EQ(redeem(uri).status, 200);
}

TEST_F(Pushed, CanBeOff) {
  start(with_client().pushed_requests(false));
  EXPECT_EQ(answer_pushed(*core, pushing(), now()).status, 404);
  Browser browser;
  EXPECT_EQ(error_at(authorize(browser, {{"request_uri", "urn:ietf:params:oauth:request_uri:x"}})),
            "request_uri_not_supported");
}

TEST_F(Pushed, Rfc9449Section10_TheKeyOfTheCode) {
  const std::string thumbprint(43, 'k');
  const std::string uri = push({{"dpop_jkt", thumbprint}});
  const Answer page = redeem(uri);
  EXPECT_EQ((*core->store->transaction(digest_of(field(page, "request"))))->dpop_thumbprint, thumbprint);
}

}  // namespace
}  // namespace leanmcp::as
