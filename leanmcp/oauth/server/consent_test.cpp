// Consent: what may answer for a person, and what may not.

#include <leanmcp/oauth/server/flow_test_support.hpp>

namespace leanmcp::as {
namespace {

class Consent : public FlowTest {
 protected:
  void SetUp() override { start(options()); }
  static Pairs yes(const Answer& page) {
    return {{"request", field(page, "request")}, {"token", field(page, "token")}, {"allow", "github"}};
  }
};

TEST_F(Consent, AYesGoesOnToTheProviderFromAPageOfOurOwn) {
  Browser browser;
  const Answer page = authorize(browser);
  const Answer on = consent(browser, yes(page));
  EXPECT_EQ(on.status, 200) << "Chromium holds form-action against redirects";
  EXPECT_EQ(location(on), "");
  auto query = query_of(next_url(on));
  EXPECT_EQ(query["redirect_uri"], "https://as.example/callback/github");
  EXPECT_EQ(query["state"].size(), 43U);
  EXPECT_EQ(query["verifier"].size(), 43U);
  EXPECT_EQ(query["nonce"].size(), 43U);
  EXPECT_NE(on.body.find("<a href=\"https://idp.example/"), std::string::npos) << "a link where nothing happens";
  ASSERT_EQ(browser.jar.size(), 1U);
  EXPECT_TRUE(browser.jar.begin()->first.starts_with("__Host-leanmcp-go-"));
  bool seen = false;
  for (const auto& [name, value] : on.headers) {
    if (name != "Set-Cookie" || value.find("-go-") == std::string::npos) continue;
    seen = true;
    EXPECT_NE(value.find("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"), std::string::npos) << value;
    EXPECT_EQ(value.find("Domain"), std::string::npos);
  }
  EXPECT_TRUE(seen);
}

TEST_F(Consent, ANoGoesBackToTheClient) {
  Browser browser;
  const Answer page = authorize(browser);
  Pairs form = {{"request", field(page, "request")}, {"token", field(page, "token")}, {"deny", "yes"}};
  const Answer back = consent(browser, form);
  EXPECT_EQ(back.status, 200);
  auto query = query_of(next_url(back));
  EXPECT_EQ(query["error"], "access_denied");
  EXPECT_EQ(query["state"], "s-1");
  EXPECT_EQ(query["iss"], issuer);
  EXPECT_TRUE(browser.jar.empty());
  expect_stopped(answer_consent(*core, post("/consent", form, browser), now()), 403);
}

TEST_F(Consent, AttackPostWithoutTokenOrCookie) {
  Browser browser;
  const Answer page = authorize(browser);
  Pairs form = yes(page);
  form[1].second.clear();
  expect_stopped(answer_consent(*core, post("/consent", form, browser), now()), 403);
  form[1].second = std::string(43, 'A');
  expect_stopped(answer_consent(*core, post("/consent", form, browser), now()), 403);
  expect_stopped(answer_consent(*core, post("/consent", yes(page), Browser()), now()), 403);
  Browser other;
  authorize(other);
  expect_stopped(answer_consent(*core, post("/consent", yes(page), other), now()), 403);
  EXPECT_EQ(consent(browser, yes(page)).status, 200) << "none of these used the page up";
}

TEST_F(Consent, AttackPostFromAnotherSite) {
  Browser browser;
  const Answer page = authorize(browser);
  const auto status = [&](const std::string& site, const std::string& origin) {
    return answer_consent(*core, post("/consent", yes(page), browser, site, origin), now()).status;
  };
  EXPECT_EQ(status("cross-site", "https://evil.example"), 403);
  EXPECT_EQ(status("same-site", "https://evil.as.example"), 403);
  EXPECT_EQ(status("none", ""), 403);
  EXPECT_EQ(status("same-origin", "https://evil.example"), 403);
  EXPECT_EQ(status("", "https://evil.example"), 403);
  EXPECT_EQ(status("", "null"), 403) << "a sandboxed frame has that too";
  EXPECT_EQ(status("", ""), 403);
  EXPECT_EQ(status("", "https://as.example.evil.example"), 403);
  EXPECT_EQ(status("", "https://as.example"), 200) << "browsers without Sec-Fetch-Site";
}

TEST_F(Consent, AttackTheFormOfAnotherRequest) {
  // A page for a request of the attacker's own is no yes to the victim's.
  Browser browser;
  const Answer mine = authorize(browser);
  const Answer evil = authorize(browser, {{"client_id", "two"}, {"redirect_uri", "https://two.example/a"}});
  Pairs mixed = yes(mine);
  mixed[0].second = field(evil, "request");
  expect_stopped(answer_consent(*core, post("/consent", mixed, browser), now()), 403);
}

TEST_F(Consent, AttackWhatTheFormSaysOfTheClientIsIgnored) {
  Browser browser;
  const Answer page = authorize(browser);
  Pairs form = yes(page);
  form.emplace_back("client_id", "two");
  form.emplace_back("redirect_uri", "https://evil.example");
  form.emplace_back("scope", "write");
  const Answer on = consent(browser, form);
  const Answer back = callback(browser, "code=1&state=" + query_of(next_url(on))["state"]);
  EXPECT_TRUE(location(back).starts_with("https://app.example/cb?code=")) << location(back);
  const auto code = core->store->code(digest_of(query_of(location(back))["code"]));
  EXPECT_EQ((*code)->client_id, "app");
  EXPECT_EQ((*code)->scope, "read");
}

TEST_F(Consent, TwoOpenRendersBothWork) {
  Browser browser;
  const Answer first = authorize(browser);
  const Answer second = authorize(browser);
  EXPECT_EQ(consent(browser, yes(first)).status, 200);
  EXPECT_EQ(consent(browser, yes(second)).status, 200);
}

TEST_F(Consent, APageIsGoodOnce) {
  Browser browser;
  const Answer page = authorize(browser);
  const Browser before = browser;
  EXPECT_EQ(consent(browser, yes(page)).status, 200);
  expect_stopped(answer_consent(*core, post("/consent", yes(page), before), now()), 400);
}

TEST_F(Consent, APageEndsWithItsTime) {
  Browser browser;
  const Answer page = authorize(browser);
  clock->advance(600s);
  expect_stopped(answer_consent(*core, post("/consent", yes(page), browser), now()), 400);
}

TEST_F(Consent, NothingButAFormByPostFromAKnownChoice) {
  Browser browser;
  const Answer page = authorize(browser);
  expect_stopped(answer_consent(*core, get("/consent", encode_form(yes(page)), browser), now()), 405);
  Pairs form = yes(page);
  form[2].second = "elsewhere";
  expect_stopped(answer_consent(*core, post("/consent", form, browser), now()), 400);
  form[2].second = "local";
  expect_stopped(answer_consent(*core, post("/consent", form, browser), now()), 400);
  Request json = post("/consent", yes(page), browser);
  json.headers[0].second = "text/plain";
  expect_stopped(answer_consent(*core, json, now()), 400);
  Request twice = post("/consent", yes(page), browser);
  twice.body += "&allow=github";
  expect_stopped(answer_consent(*core, twice, now()), 400);
}

TEST_F(Consent, OnPlainHttpTheCookiesHaveNoPrefix) {
  auto local = options("http://127.0.0.1:3000");
  start(std::move(local));
  Browser browser;
  const Answer page = authorize(browser);
  const std::string cookie = header(page, "Set-Cookie");
  EXPECT_TRUE(cookie.starts_with("leanmcp-form-")) << cookie;
  EXPECT_EQ(cookie.find("Secure"), std::string::npos);
  EXPECT_EQ(consent(browser, yes(page)).status, 200);
}

// Consents that are remembered.

class Remembered : public Consent {
 protected:
  void SetUp() override { start(options().remember_consent()); }
  /// Signs in as the provider's person, with the box ticked.
  void agree(Browser& browser, const Pairs& changed = {}) {
    const std::string state = depart(browser, changed, {{"remember", "yes"}});
    const Answer back = callback(browser, "code=1&state=" + state);
    EXPECT_EQ(back.status, 303);
    EXPECT_TRUE(query_of(location(back)).contains("code"));
  }
  /// Whether the page is left out.
  bool is_asked(Browser browser, const Pairs& changed = {}, const std::string& site = "none") {
    return authorize(browser, changed, site).status == 200;
  }
};

TEST_F(Remembered, IsOffUnlessItIsSwitchedOn) {
  start(options());
  Browser browser;
  EXPECT_EQ(authorize(browser).body.find("name=\"remember\""), std::string::npos);
  agree(browser);
  EXPECT_TRUE(is_asked(browser));
}

TEST_F(Remembered, StandsForThePageForExactlyTheSame) {
  Browser browser;
  EXPECT_NE(authorize(browser).body.find("name=\"remember\""), std::string::npos);
  agree(browser);
  EXPECT_FALSE(is_asked(browser));
  EXPECT_TRUE(is_asked(Browser())) << "another browser";
  EXPECT_TRUE(is_asked(browser, {{"scope", "read write"}}));
  EXPECT_TRUE(is_asked(browser, {{"client_id", "two"}, {"redirect_uri", "https://two.example/a"}}));
  EXPECT_TRUE(is_asked(browser, {{"prompt", "consent"}}));
  EXPECT_TRUE(is_asked(browser, {{"prompt", "login"}}));
  clock->advance(91 * 24h);
  EXPECT_TRUE(is_asked(browser));
}

TEST_F(Remembered, Rfc8252Section8_6_NeverForWhatAnotherProgramCouldAnswerTo) {
  const Pairs native = {{"client_id", "native"}, {"redirect_uri", "http://127.0.0.1:5000/cb"}};
  Browser browser;
  EXPECT_EQ(authorize(browser, native).body.find("name=\"remember\""), std::string::npos);
  const std::string state = depart(browser, native, {{"remember", "yes"}});
  EXPECT_EQ(callback(browser, "code=1&state=" + state).status, 303);
  EXPECT_TRUE(is_asked(browser, native)) << "the box was not there to be ticked";
}

TEST_F(Remembered, NotWithoutTheTick) {
  Browser browser;
  const std::string state = depart(browser);
  callback(browser, "code=1&state=" + state);
  EXPECT_TRUE(is_asked(browser));
}

TEST_F(Remembered, AttackNotForAnotherSitesLink) {
  Browser browser;
  agree(browser);
  EXPECT_TRUE(is_asked(browser, {}, "cross-site"));
  EXPECT_TRUE(is_asked(browser, {}, "same-site"));
  EXPECT_TRUE(is_asked(browser, {}, ""));
  EXPECT_FALSE(is_asked(browser, {}, "same-origin"));
}

TEST_F(Remembered, TheProviderStillSaysWhoItIs) {
  Browser browser;
  agree(browser);
  const Answer on = authorize(browser);
  ASSERT_EQ(on.status, 303);
  auto query = query_of(location(on));
  EXPECT_EQ(query["redirect_uri"], "https://as.example/callback/github");
  const Answer back = callback(browser, "code=1&state=" + query["state"]);
  EXPECT_TRUE(query_of(location(back)).contains("code"));
}

TEST_F(Remembered, SomebodyElseIsAsked) {
  Browser browser;
  agree(browser);
  const Answer on = authorize(browser);
  upstream->person = "815";
  const Answer page = callback(browser, "code=1&state=" + query_of(location(on))["state"]);
  ASSERT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("Let “Editor” use Notes?"), std::string::npos);
  // And may agree, and is then the one who did.
  const Answer again = consent(browser, yes(page));
  const Answer back = callback(browser, "code=2&state=" + query_of(next_url(again))["state"]);
  const auto code = core->store->code(digest_of(query_of(location(back))["code"]));
  const auto grant = core->store->grant((*code)->grant_id);
  EXPECT_EQ((*grant)->subject, "github:815");
}

TEST_F(Remembered, IsVoidWhenTheClientsDocumentChanges) {
  ClientRecord client;
  client.client_id = "https://tools.example/client.json";
  client.origin = ClientOrigin::document;
  client.redirect_uris = {redirect};
  client.document_digest = "before";
  client.grant_types = {"authorization_code"};
  client.created = now();
  client.expires = now() + 24h;
  ASSERT_TRUE(core->store->put_client(client));
  const Pairs of_client = {{"client_id", client.client_id}};
  Browser browser;
  agree(browser, of_client);
  EXPECT_FALSE(is_asked(browser, of_client));
  client.document_digest = "after";
  ASSERT_TRUE(core->store->put_client(client));
  EXPECT_TRUE(is_asked(browser, of_client));
}

}  // namespace
}  // namespace leanmcp::as
