// RFC 6749, section 4.1.1, and what MCP adds to it.

#include <leanmcp/oauth/server/flow_test_support.hpp>
#include <leanmcp/oauth/server/pages.hpp>

namespace leanmcp::as {
namespace {

class Authorize : public FlowTest {
 protected:
  void SetUp() override { start(options()); }
  std::string error_of(const Pairs& changed) {
    Browser browser;
    const Answer answer = authorize(browser, changed);
    EXPECT_FALSE(sets_cookie(answer));
    return error_at(answer);
  }
  void expect_page(const Pairs& changed, int status = 400) {
    Browser browser;
    const Answer answer = authorize(browser, changed);
    expect_stopped(answer, status);
    EXPECT_FALSE(sets_cookie(answer));
  }
};

TEST_F(Authorize, AsksForConsentBeforeTheProvider) {
  Browser browser;
  const Answer page = authorize(browser);
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(location(page), "");
  EXPECT_EQ(next_url(page), "");
  EXPECT_NE(page.body.find("Let “Editor” use Notes?"), std::string::npos);
  EXPECT_NE(page.body.find("Read your notes"), std::string::npos);
  EXPECT_EQ(page.body.find("Change your notes"), std::string::npos) << "not asked for";
  EXPECT_NE(page.body.find("app.example"), std::string::npos);
  EXPECT_NE(page.body.find("https://app.example/cb"), std::string::npos);
  EXPECT_NE(page.body.find("https://mcp.example/mcp"), std::string::npos);
  EXPECT_NE(page.body.find("read:user"), std::string::npos);
  EXPECT_EQ(page.body.find("Unverified"), std::string::npos) << "registered by hand";
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
}

TEST_F(Authorize, Rfc6749Section4_1_2_1_ClientAndRedirectErrorsAreNeverRedirects) {
  expect_page({{"client_id", "nobody"}});
  expect_page({{"client_id", ""}});
  expect_page({{"redirect_uri", "https://evil.example/cb"}});
  expect_page({{"redirect_uri", "https://app.example/cb/"}});
  expect_page({{"redirect_uri", "https://app.example/cb/..%2fx"}});
  expect_page({{"redirect_uri", "https://app.example@evil.example/cb"}});
  expect_page({{"redirect_uri", "https://app.example/cb?x=1"}});
  expect_page({{"client_id", "two"}, {"redirect_uri", ""}});
  // Before anything else is looked at.
  expect_page({{"redirect_uri", "https://evil.example/cb"}, {"response_type", "token"}});
}

TEST_F(Authorize, Rfc6749Section3_1_2_3_TheOnlyRedirectMayBeLeftOut) {
  Browser browser;
  const Answer page = authorize(browser, {{"redirect_uri", ""}});
  EXPECT_EQ(page.status, 200);
  const auto stored = core->store->transaction(digest_of(field(page, "request")));
  EXPECT_EQ((*stored)->redirect_uri, redirect);
  EXPECT_FALSE((*stored)->redirect_uri_given);
}

TEST_F(Authorize, Rfc8252Section7_3_LoopbackTakesAnyPort) {
  Browser browser;
  const Answer page = authorize(browser, {{"client_id", "native"}, {"redirect_uri", "http://127.0.0.1:54321/cb"}});
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("this computer (127.0.0.1:54321)"), std::string::npos);
  EXPECT_NE(page.body.find("a program on the computer you are using"), std::string::npos);
  expect_page({{"client_id", "native"}, {"redirect_uri", "http://127.0.0.1:54321/other"}});
  expect_page({{"client_id", "native"}, {"redirect_uri", "http://localhost:54321/cb"}});
  expect_page({{"client_id", "native"}, {"redirect_uri", "http://[::1]:54321/cb"}});
  expect_page({{"client_id", "native"}, {"redirect_uri", "http://localhost.evil.com/cb"}});
}

TEST_F(Authorize, Rfc6749Section3_1_ARepeatedParameterIsAnErrorPage) {
  const std::string good = encode_form(request_parameters());
  for (const char* const more : {"&client_id=app", "&redirect_uri=https%3A%2F%2Fapp.example%2Fcb", "&state=2",
                                 "&scope=read&scope=write", "&resource=a&resource=b", "&client_id%5B%5D=x", "&a[]=1"}) {
    const Answer answer = answer_authorize(*core, get("/authorize", good + more), now());
    expect_stopped(answer, 400);
  }
}

TEST_F(Authorize, ErrorsGoBackToTheClientBy303WithStateAndIssuer) {
  Browser browser;
  const Answer answer = authorize(browser, {{"response_type", "token"}});
  EXPECT_EQ(answer.status, 303);
  auto query = query_of(location(answer));
  EXPECT_EQ(query["error"], "unsupported_response_type");
  EXPECT_EQ(query["state"], "s-1");
  EXPECT_EQ(query["iss"], issuer);
  EXPECT_EQ(header(answer, "Cache-Control"), "no-store");
  EXPECT_EQ(header(answer, "Referrer-Policy"), "no-referrer");
  EXPECT_EQ(error_of({{"response_type", ""}}), "invalid_request");
  EXPECT_EQ(error_of({{"response_type", "code id_token"}}), "unsupported_response_type");
  EXPECT_EQ(error_of({{"response_mode", "fragment"}}), "invalid_request");
  EXPECT_EQ(error_of({{"request", "eyJ"}}), "request_not_supported");
  EXPECT_EQ(error_of({{"request_uri", "https://app.example/r"}}), "request_uri_not_supported");
  EXPECT_EQ(error_of({{"prompt", "none"}}), "interaction_required");
  EXPECT_EQ(error_of({{"prompt", "none login"}}), "invalid_request");
  EXPECT_EQ(error_of({{"prompt", "create"}}), "invalid_request") << "OpenID Connect Prompt Create 1.0, section 4.1";
  EXPECT_EQ(error_of({{"max_age", "-1"}}), "invalid_request");
  EXPECT_EQ(error_of({{"max_age", "99999999999999999999"}}), "invalid_request");
  EXPECT_EQ(error_of({{"max_age", "5 minutes"}}), "invalid_request");
  EXPECT_EQ(error_of({{"login_hint", "ada\r\nSet-Cookie: a=b"}}), "invalid_request");
  EXPECT_EQ(error_of({{"login_hint", std::string(1025, 'a')}}), "invalid_request");
  EXPECT_EQ(error_of({{"state", std::string(3000, 's')}}), "invalid_request");
  EXPECT_EQ(error_of({{"dpop_jkt", "short"}}), "invalid_request");
}

TEST_F(Authorize, Rfc7636_S256AndNothingElse) {
  EXPECT_EQ(error_of({{"code_challenge", ""}}), "invalid_request");
  EXPECT_EQ(error_of({{"code_challenge_method", "plain"}}), "invalid_request");
  EXPECT_EQ(error_of({{"code_challenge_method", ""}}), "invalid_request") << "absent means plain";
  EXPECT_EQ(error_of({{"code_challenge", std::string(42, 'c')}}), "invalid_request");
  EXPECT_EQ(error_of({{"code_challenge", std::string(129, 'c')}}), "invalid_request");
  EXPECT_EQ(error_of({{"code_challenge", std::string(42, 'c') + "="}}), "invalid_request");
}

TEST_F(Authorize, Rfc8707_OnlyAResourceThatIsKnown) {
  EXPECT_EQ(error_of({{"resource", "https://other.example/mcp"}}), "invalid_target");
  EXPECT_EQ(error_of({{"resource", "https://mcp.example/mcp/../admin"}}), "invalid_target");
  Browser browser;
  EXPECT_EQ(authorize(browser, {{"resource", "https://mcp.example/mcp"}}).status, 200);
}

TEST_F(Authorize, Rfc6749Section3_3_OnlyScopesThatAreOffered) {
  EXPECT_EQ(error_of({{"scope", "admin"}}), "invalid_scope");
  EXPECT_EQ(error_of({{"scope", "read admin"}}), "invalid_scope");
  Browser browser;
  const Answer page = authorize(browser, {{"scope", "write read"}});
  EXPECT_NE(page.body.find("Change your notes"), std::string::npos);
  EXPECT_EQ((*core->store->transaction(digest_of(field(page, "request"))))->scope, "read write");
}

TEST_F(Authorize, AttackTextOfStrangersIsEscaped) {
  ClientRecord client;
  client.client_id = "evil";
  client.origin = ClientOrigin::dynamic;
  client.name = "<img src=x onerror=alert(1)>\u202Egnp.exe\u200B";
  client.redirect_uris = {"https://evil.example/\"><script>"};
  TransactionRecord transaction;
  transaction.client_id = "evil";
  transaction.redirect_uri = "https://evil.example/'\"<>";
  transaction.resource = "https://mcp.example/mcp";
  transaction.scope = "read";
  const HtmlPage page = consent_page(*core, client, transaction, "id", "token");
  const RenderedPage shown = render(page);
  EXPECT_EQ(shown.html.find("<img"), std::string::npos);
  EXPECT_EQ(shown.html.find("<script"), std::string::npos);
  EXPECT_EQ(shown.html.find("\u202E"), std::string::npos);
  EXPECT_EQ(shown.html.find("\u200B"), std::string::npos);
  EXPECT_NE(shown.html.find("&lt;img"), std::string::npos);
  EXPECT_NE(shown.html.find("Unverified"), std::string::npos);
}

TEST_F(Authorize, ThePagesOfDocumentsNameTheirHost) {
  ClientRecord client;
  client.client_id = "https://tools.example/client.json";
  client.origin = ClientOrigin::document;
  client.name = "Bank";
  TransactionRecord transaction;
  transaction.redirect_uri = "cursor://callback";
  transaction.resource = "https://mcp.example/mcp";
  const HtmlPage page = consent_page(*core, client, transaction, "id", "token");
  EXPECT_NE(page.body.find("<span class=\"host\">tools.example</span>"), std::string::npos);
  EXPECT_NE(page.body.find("the app for “cursor:” on this device"), std::string::npos);
}

TEST_F(Authorize, AttackFramedConsentIsForbidden) {
  Browser browser;
  const Answer page = authorize(browser);
  const std::string policy = header(page, "Content-Security-Policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'; style-src 'nonce-")) << policy;
  EXPECT_NE(policy.find("; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"), std::string::npos) << policy;
  EXPECT_EQ(header(page, "X-Frame-Options"), "DENY");
  EXPECT_EQ(header(page, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header(page, "Referrer-Policy"), "no-referrer");
  EXPECT_EQ(header(page, "Cache-Control"), "no-store");
}

TEST_F(Authorize, AttackTheBrowserIsBoundOnlyAfterApproval) {
  Browser browser;
  authorize(browser);
  ASSERT_EQ(browser.jar.size(), 1U);
  EXPECT_TRUE(browser.jar.begin()->first.starts_with("__Host-leanmcp-form-"));
}

TEST_F(Authorize, WorksByPostToo) {
  Request request = post("/authorize", request_parameters(), Browser(), "cross-site", "https://app.example");
  EXPECT_EQ(answer_authorize(*core, request, now()).status, 200);
  request.headers[0].second = "application/json";
  expect_stopped(answer_authorize(*core, request, now()), 400);
  const Answer other = answer_authorize(*core, Request(HttpMethod::put, "/authorize"), now());
  expect_stopped(other, 405);
  EXPECT_EQ(header(other, "Allow"), "GET, POST");
}

TEST_F(Authorize, LimitsRequestsOfOneAddress) {
  auto limited = options();
  limited.limits().authorize_per_address = 3;
  start(std::move(limited));
  Browser browser;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(authorize(browser).status, 200);
  const Answer answer = authorize(browser);
  expect_stopped(answer, 429);
  EXPECT_GT(std::stoi(header(answer, "Retry-After")), 0);
}

TEST_F(Authorize, OfManyOpenPagesTheCookiesAreCleared) {
  Browser browser;
  for (int i = 0; i < 40; ++i) authorize(browser);
  EXPECT_LE(browser.cookie_header().size(), 4'000U);
  EXPECT_NE(depart(browser), "");
}

TEST_F(Authorize, TheLogHasNoState) {
  Browser browser;
  authorize(browser, {{"state", "very-secret-state"}});
  authorize(browser, {{"state", "very-secret-state"}, {"scope", "admin"}});
  authorize(browser, {{"client_id", "mcp_some-access-token"}});
  EXPECT_NE(log.find("authorize"), std::string::npos);
  EXPECT_EQ(log.find("very-secret-state"), std::string::npos) << log;
  EXPECT_EQ(log.find("some-access-token"), std::string::npos) << log;
}

}  // namespace
}  // namespace leanmcp::as
