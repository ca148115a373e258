#include <leanmcp/sandbox/identity.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/oauth/client/form.hpp>
#include <leanmcp/oauth/server/own_tokens.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <map>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;
using sandbox::Identity;

constexpr const char* issuer = "http://127.0.0.1:4000";
constexpr const char* audience = "http://127.0.0.1:3000/mcp";
constexpr const char* secret = "sandbox-client-secret";
constexpr const char* callback = "http://127.0.0.1:3000/connect/callback";
const std::string verifier(43, 'v');

sandbox::IdentityOptions usual() {
  sandbox::IdentityOptions out;
  out.issuer = issuer;
  out.audiences = {audience};
  out.client_secret = Secret(secret);
  return out;
}

json::object claims_of(const std::string& token) {
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  return json::parse(base64url_decode(token.substr(first + 1, second - first - 1)).value()).as_object();
}

std::string text(const json::object& object, const char* name) {
  return object.contains(name) ? std::string(object.at(name).as_string()) : std::string();
}

std::string between(const std::string& body, const std::string& before, char after) {
  const auto at = body.find(before);
  if (at == std::string::npos) return {};
  std::string out = body.substr(at + before.size(), body.find(after, at + before.size()) - at - before.size());
  for (auto amp = out.find("&amp;"); amp != std::string::npos; amp = out.find("&amp;")) out.replace(amp, 5, "&");
  return out;
}

std::string hidden(const as::Answer& page, const std::string& name) {
  return between(page.body, "name=\"" + name + "\" value=\"", '"');
}
/// Where a page goes on to by itself.
std::string next_url(const as::Answer& page) { return between(page.body, "content=\"0;url=", '"'); }
std::string query_of(const std::string& url) { return url.substr(std::min(url.size(), url.find('?') + 1)); }
std::string value_of(const std::string& url, const std::string& name) {
  const auto pairs = decode_form(query_of(url));
  for (const auto& [key, value] : pairs.value_or(FormParameters()))
    if (key == name) return value;
  return {};
}

class SandboxIdentityTest : public testing::Test {
 protected:
  void open(sandbox::IdentityOptions options = usual()) {
    options.clock = clock;
    auto made = Identity::start(std::move(options));
    ASSERT_TRUE(made) << made.error().message();
    identity = std::move(*made);
  }
  void SetUp() override { open(); }

  as::Answer send(HttpMethod method, const std::string& path, const std::string& query, const std::string& body = {},
                  HttpFields headers = {}) {
    as::Request request(method, path);
    request.query = query;
    request.body = body;
    request.headers = std::move(headers);
    request.peer = "127.0.0.1";
    std::string jar;
    for (const auto& [name, value] : cookies) jar += (jar.empty() ? "" : "; ") + name + "=" + value;
    if (!jar.empty()) request.headers.emplace_back("cookie", jar);
    as::Answer out = identity->server().handle(request);
    for (const auto& [name, value] : out.headers)
      if (name == "Set-Cookie") cookies[value.substr(0, value.find('='))] = between(value, "=", ';');
    return out;
  }
  as::Answer post(const std::string& path, const FormParameters& form, HttpFields headers = {}) {
    headers.emplace_back("content-type", "application/x-www-form-urlencoded");
    headers.emplace_back("origin", issuer);
    return send(HttpMethod::post, path, {}, encode_form(form), std::move(headers));
  }
  as::Answer control(const std::string& method, const std::string& path, const std::string& query,
                     const sandbox::Fields& headers = {}) {
    return identity->control(sandbox::Request{method, path, query, "", headers});
  }
  std::string token(const std::string& query) {
    const as::Answer out = control("GET", "/token", query);
    EXPECT_EQ(out.status, 200) << out.body;
    return out.body;
  }
  as::Answer userinfo(const std::string& access_token) {
    return send(HttpMethod::get, "/userinfo", {}, {}, {{"authorization", "Bearer " + access_token}});
  }

  as::Answer authorize(const FormParameters& more = {}) {
    FormParameters query = {{"response_type", "code"},
                            {"client_id", "premium-service"},
                            {"redirect_uri", callback},
                            {"state", "s1"},
                            {"nonce", "n1"},
                            {"scope", "openid email profile"},
                            {"code_challenge", base64url_encode(sha256(verifier))},
                            {"code_challenge_method", "S256"}};
    for (const auto& [name, value] : more) {
      std::erase_if(query, [&, key = name](const auto& pair) { return pair.first == key; });
      query.emplace_back(name, value);
    }
    return send(HttpMethod::get, "/authorize", encode_form(query));
  }
  /// Agrees on the consent page and fills in the sign-in page.
  as::Answer sign_in(const as::Answer& consent, const std::string& name, const std::string& password) {
    const as::Answer on = post(
        "/consent", {{"request", hidden(consent, "request")}, {"token", hidden(consent, "token")}, {"allow", "local"}});
    const std::string url = next_url(on);
    EXPECT_TRUE(url.starts_with(std::string(issuer) + "/sign-in?")) << on.body;
    last_page = send(HttpMethod::get, "/sign-in", query_of(url));
    return post("/sign-in", {{"state", hidden(last_page, "state")},
                             {"token", hidden(last_page, "token")},
                             {"username", name},
                             {"password", password},
                             {"sign_in", "yes"}});
  }
  json::object exchange(const std::string& code, const std::string& client_secret, int status = 200) {
    const as::Answer out = post(
        "/token",
        {{"grant_type", "authorization_code"}, {"code", code}, {"redirect_uri", callback}, {"code_verifier", verifier}},
        {{"authorization", "Basic " + base64_encode("premium-service:" + client_secret)}});
    EXPECT_EQ(out.status, status) << out.body;
    return json::parse(out.body).as_object();
  }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::unique_ptr<Identity> identity;
  std::map<std::string, std::string> cookies;
  as::Answer last_page;
};

TEST_F(SandboxIdentityTest, SignsInWithThePasswordThatThePageTells) {
  const as::Answer back = sign_in(authorize(), "ada", "sandbox-password");
  EXPECT_NE(last_page.body.find("sandbox-password"), std::string::npos);
  EXPECT_NE(last_page.body.find("ada, grace or alan"), std::string::npos);
  EXPECT_EQ(last_page.body.find("<script"), std::string::npos);
  const std::string url = next_url(back);
  EXPECT_TRUE(url.starts_with(callback)) << back.body;
  EXPECT_EQ(value_of(url, "state"), "s1");
  EXPECT_EQ(value_of(url, "iss"), issuer);
  const json::object tokens = exchange(value_of(url, "code"), secret);
  const json::object access = claims_of(text(tokens, "access_token"));
  EXPECT_EQ(text(access, "sub"), "local:ada");
  EXPECT_EQ(text(access, "aud"), audience);
  EXPECT_EQ(access.at("exp").as_int64() - access.at("iat").as_int64(), 3600);
  const json::object id = claims_of(text(tokens, "id_token"));
  EXPECT_EQ(text(id, "aud"), "premium-service");
  EXPECT_EQ(text(id, "nonce"), "n1");
  const as::Answer info = userinfo(text(tokens, "access_token"));
  EXPECT_EQ(text(json::parse(info.body).as_object(), "name"), "Ada Lovelace");
  EXPECT_EQ(text(json::parse(info.body).as_object(), "email"), "ada@example.com");
}

TEST_F(SandboxIdentityTest, NobodyGetsInWithoutIt) {
  for (const auto& [name, password] : {std::pair("ada", "wrong-password"), std::pair("nobody", "sandbox-password"),
                                       std::pair("ada", ""), std::pair("", "sandbox-password")}) {
    const as::Answer answer = sign_in(authorize(), name, password);
    EXPECT_EQ(answer.status, 403) << name;
    EXPECT_NE(answer.body.find("is not right"), std::string::npos) << name;
    EXPECT_EQ(next_url(answer), "") << name;
  }
  // Named once, they are there.
  token("user=nobody");
  EXPECT_NE(value_of(next_url(sign_in(authorize(), "nobody", "sandbox-password")), "code"), "");
}

TEST_F(SandboxIdentityTest, ClientsOfTheSandboxProveThemselves) {
  const std::string code = value_of(next_url(sign_in(authorize(), "ada", "sandbox-password")), "code");
  EXPECT_EQ(text(exchange(code, "another-client-secret", 401), "error"), "invalid_client");
  EXPECT_NE(text(exchange(code, secret), "access_token"), "");
  EXPECT_EQ(text(exchange(code, secret, 400), "error"), "invalid_grant");
  const auto machine = [&](const std::string& with) {
    return post("/token", {{"grant_type", "client_credentials"}},
                {{"authorization", "Basic " + base64_encode("premium-service:" + with)}});
  };
  EXPECT_EQ(text(claims_of(text(json::parse(machine(secret).body).as_object(), "access_token")), "sub"),
            "premium-service");
  EXPECT_EQ(machine("another-client-secret").status, 401);
}

TEST_F(SandboxIdentityTest, KnowsTheClientsThatItIsTold) {
  EXPECT_EQ(authorize({{"client_id", "shop"}}).status, 400);
  EXPECT_EQ(authorize({{"redirect_uri", "http://127.0.0.1:3000/elsewhere"}}).status, 400);
  for (const std::string id : {"premium-service", "metered-tool", "connect-github"})
    EXPECT_EQ(authorize({{"client_id", id}}).status, 200) << id;
  EXPECT_EQ(authorize({{"client_id", "sandbox"}, {"redirect_uri", "http://127.0.0.1:9/callback"}}).status, 200);
  auto more = usual();
  more.clients = {"shop", "premium-service"};
  more.redirect_uris = {"http://127.0.0.1/elsewhere"};
  more.scopes = {"orders"};
  open(std::move(more));
  EXPECT_EQ(authorize({{"client_id", "shop"}, {"redirect_uri", "http://127.0.0.1:3000/elsewhere"}, {"scope", "orders"}})
                .status,
            200);
}

TEST_F(SandboxIdentityTest, ClientsRegisterByThemselves) {
  const as::Answer made =
      send(HttpMethod::post, "/register", {}, R"({"redirect_uris":["http://127.0.0.1/cb"],"client_name":"Editor"})",
           {{"content-type", "application/json"}});
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string id = text(json::parse(made.body).as_object(), "client_id");
  const as::Answer page =
      authorize({{"client_id", id}, {"redirect_uri", "http://127.0.0.1:7/cb"}, {"resource", audience}});
  EXPECT_NE(page.body.find("Let “Editor” use 127.0.0.1:3000 (sandbox)?"), std::string::npos) << page.body;
}

TEST_F(SandboxIdentityTest, GivesTokensToScripts) {
  const as::Answer plain = control("GET", "/token", "user=ada");
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(text(claims_of(plain.body), "aud"), audience);
  EXPECT_EQ(userinfo(plain.body).status, 200);
  const as::Answer whole = control("POST", "/sandbox/token", "user=zoe&scope=openid%20email");
  const json::object tokens = json::parse(whole.body).as_object();
  EXPECT_EQ(text(claims_of(text(tokens, "access_token")), "sub"), "local:zoe");
  EXPECT_EQ(text(tokens, "scope"), "openid email");
  const as::Answer again = post(
      "/token",
      {{"grant_type", "refresh_token"}, {"client_id", "sandbox"}, {"refresh_token", text(tokens, "refresh_token")}});
  EXPECT_EQ(again.status, 200) << again.body;
  for (const std::string bad : {"", "user=", "user=Ada%20L", "user=%", "user=ada&audience=http://elsewhere/",
                                "user=ada&expires_in=99999999", "user=ada&expires_in=soon", "user=ada&scope=admin"})
    EXPECT_EQ(control("GET", "/token", bad).status, 400) << bad;
}

TEST_F(SandboxIdentityTest, TokensLiveAsLongAsIsAskedFor) {
  const auto provider = own_tokens(identity->server(), audience);
  ASSERT_TRUE(provider->init());
  const auto verified = [&](const std::string& access_token) {
    const auto answer = provider->verify_now(access_token, clock->now());
    return answer && *answer;
  };
  EXPECT_TRUE(verified(token("user=ada&expires_in=5")));
  EXPECT_EQ(userinfo(token("user=ada&expires_in=5")).status, 200);
  const std::string expired = token("user=ada&expires_in=-60");
  EXPECT_FALSE(verified(expired));
  EXPECT_FALSE(verified(token("user=ada&expires_in=-3600")));
  EXPECT_EQ(claims_of(expired).at("exp").as_int64(), unix_seconds(clock->now()) - 60);
  EXPECT_LT(claims_of(expired).at("iat").as_int64(), claims_of(expired).at("exp").as_int64());
  EXPECT_EQ(userinfo(expired).status, 401);
  const std::string brief = token("user=ada&expires_in=5");
  const std::string usual_life = token("user=ada");
  clock->advance(90s);
  EXPECT_FALSE(verified(brief));
  EXPECT_TRUE(verified(usual_life));
  EXPECT_EQ(userinfo(brief).status, 401);
  EXPECT_EQ(userinfo(usual_life).status, 200);
}

TEST_F(SandboxIdentityTest, PagesOfOtherSitesGetNoTokens) {
  for (const sandbox::Fields& headers :
       {sandbox::Fields{{"origin", "https://evil.example"}}, sandbox::Fields{{"origin", "http://127.0.0.1:3000"}},
        sandbox::Fields{{"origin", "null"}}, sandbox::Fields{{"sec-fetch-site", "cross-site"}},
        sandbox::Fields{{"sec-fetch-site", "same-site"}}})
    EXPECT_EQ(control("GET", "/token", "user=ada", headers).status, 403) << headers.front().second;
  EXPECT_EQ(control("GET", "/token", "user=ada", {{"sec-fetch-site", "none"}}).status, 200);
  EXPECT_EQ(control("GET", "/token", "user=ada", {{"origin", issuer}}).status, 200);
}

TEST_F(SandboxIdentityTest, TheAuthorizationServerItselfGivesNone) {
  for (const std::string user : {"ada", "zoe"}) {
    EXPECT_EQ(send(HttpMethod::get, "/token", "user=" + user).status, 405);
    EXPECT_EQ(send(HttpMethod::post, "/sandbox/token", "user=" + user).status, 404);
    EXPECT_NE(send(HttpMethod::post, "/token", "user=" + user).status, 200);
  }
}

TEST_F(SandboxIdentityTest, IsFoundByMetadata) {
  const json::object metadata =
      json::parse(send(HttpMethod::get, "/.well-known/openid-configuration", {}).body).as_object();
  EXPECT_EQ(text(metadata, "issuer"), issuer);
  EXPECT_EQ(text(metadata, "registration_endpoint"), std::string(issuer) + "/register");
  EXPECT_TRUE(metadata.at("client_id_metadata_document_supported").as_bool());
}

TEST_F(SandboxIdentityTest, HundredsOfTokensAreNoReasonToWait) {
  for (int i = 0; i < 300; ++i) ASSERT_EQ(token("user=person-" + std::to_string(i)).substr(0, 2), "ey");
  for (int i = 0; i < 40; ++i) ASSERT_EQ(authorize().status, 200);
}

TEST(SandboxIdentity, IsForThisMachineOnly) {
  for (const std::string at :
       {"http://10.0.0.1:4000", "https://sandbox.example", "http://127.0.0.1.example:1", "nowhere"}) {
    auto options = usual();
    options.issuer = at;
    const auto refused = Identity::start(std::move(options));
    ASSERT_FALSE(refused) << at;
    EXPECT_NE(refused.error().message().find("for this machine only"), std::string::npos) << refused.error().message();
  }
}

TEST(SandboxIdentity, RefusesWhatTheServerRefuses) {
  const auto refusal = [](const std::function<void(sandbox::IdentityOptions&)>& change) {
    auto options = usual();
    change(options);
    const auto started = Identity::start(std::move(options));
    return started ? std::string() : started.error().message();
  };
  EXPECT_NE(refusal([](auto& o) { o.client_secret = Secret("short"); }).find("16 characters"), std::string::npos);
  EXPECT_NE(refusal([](auto& o) { o.audiences = {"here"}; }).find("here"), std::string::npos);
  EXPECT_NE(refusal([](auto& o) { o.audiences = {}; }), "");
  EXPECT_NE(refusal([](auto& o) { o.redirect_uris = {"javascript:alert(1)"}; }), "");
  EXPECT_NE(refusal([](auto& o) { o.clients = {"with blank"}; }), "");
}

}  // namespace
}  // namespace leanmcp
