#include <leanmcp/sandbox/identity_double.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/sandbox/form_text.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;
using sandbox::Answer;
using sandbox::IdentityDouble;
using sandbox::Request;

/// Readable tokens.
class PlainSigner final : public sandbox::TokenSigner {
 public:
  std::string jwks() const override { return R"({"keys":[]})"; }
  std::string sign(std::string_view claims, std::string_view type) const override {
    return std::string(type) + "." + base64url_encode(claims) + ".";
  }
};

json::object claims_of(const std::string& token) {
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  return json::parse(base64url_decode(token.substr(first + 1, second - first - 1)).value()).as_object();
}

class IdentityTest : public testing::Test {
 protected:
  static constexpr const char* verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  static constexpr const char* audience = "http://127.0.0.1:3000/mcp";

  IdentityTest() {
    sandbox::IdentityDoubleOptions options;
    options.issuer = "http://127.0.0.1:4000";
    options.audiences = {audience};
    identity = std::make_unique<IdentityDouble>(options, std::make_shared<PlainSigner>(), clock);
  }
  Answer send(const std::string& method, const std::string& path, const std::string& query = {},
              const std::string& body = {}, const sandbox::Fields& headers = {}) {
    return identity->handle(Request{method, path, query, body, headers}).value();
  }
  json::object post(const std::string& path, const std::string& body, int status = 200,
                    const sandbox::Fields& headers = {}) {
    const Answer answer = send("POST", path, {}, body, headers);
    EXPECT_EQ(answer.status, status) << answer.body;
    return json::parse(answer.body).as_object();
  }
  static std::string authorization(const std::string& more = {}) {
    // The challenge of RFC 7636, appendix B.
    return "client_id=app&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcb&response_type=code&state=s1&nonce=n1&scope=openid"
           "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256" +
           more;
  }
  std::string location(const std::string& body) {
    const Answer answer = send("POST", "/authorize", {}, body);
    EXPECT_EQ(answer.status, 303) << answer.body;
    return answer.headers.empty() ? std::string() : answer.headers.at(0).second;
  }
  std::string code(const std::string& user = "ada") {
    const std::string url = location(authorization("&user=" + user));
    EXPECT_NE(url.find("state=s1"), std::string::npos);
    EXPECT_NE(url.find("iss=http%3A%2F%2F127.0.0.1%3A4000"), std::string::npos);
    return sandbox::form_value(*sandbox::parse_form(url.substr(url.find('?') + 1)), "code");
  }
  static std::string exchange(const std::string& code, const std::string& more = {}) {
    return "grant_type=authorization_code&client_id=app&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcb&code=" + code +
           "&code_verifier=" + verifier + more;
  }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::unique_ptr<IdentityDouble> identity;
};

TEST_F(IdentityTest, SignsInWithCodeAndPkce) {
  const Answer page = send("GET", "/authorize", authorization());
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("Ada Lovelace"), std::string::npos);
  EXPECT_NE(page.body.find("name=\"state\" value=\"s1\""), std::string::npos);
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  const auto tokens = post("/token", exchange(code()));
  const auto access = claims_of(std::string(tokens.at("access_token").as_string()));
  EXPECT_EQ(access.at("iss").as_string(), "http://127.0.0.1:4000");
  EXPECT_EQ(access.at("aud").as_string(), audience);
  EXPECT_EQ(access.at("sub").as_string(), "user-ada");
  EXPECT_EQ(access.at("email").as_string(), "ada@example.com");
  EXPECT_EQ(access.at("exp").as_int64() - access.at("iat").as_int64(), 3600);
  const auto id = claims_of(std::string(tokens.at("id_token").as_string()));
  EXPECT_EQ(id.at("aud").as_string(), "app");
  EXPECT_EQ(id.at("nonce").as_string(), "n1");
  const std::string bearer = "Bearer " + std::string(tokens.at("access_token").as_string());
  const Answer info = send("GET", "/userinfo", {}, {}, {{"authorization", bearer}});
  EXPECT_EQ(json::parse(info.body).at("given_name").as_string(), "Ada");
  EXPECT_EQ(send("GET", "/userinfo", {}, {}, {{"authorization", bearer + "x"}}).status, 401);
  clock->advance(3601s);
  EXPECT_EQ(send("GET", "/userinfo", {}, {}, {{"authorization", bearer}}).status, 401);
}

TEST_F(IdentityTest, CodesAreShortLivedAndSingleUse) {
  const std::string used = code();
  const auto tokens = post("/token", exchange(used));
  EXPECT_EQ(post("/token", exchange(used), 400).at("error").as_string(), "invalid_grant");
  post("/token",
       "grant_type=refresh_token&client_id=app&refresh_token=" + std::string(tokens.at("refresh_token").as_string()),
       400);
  const std::string late = code();
  clock->advance(61s);
  post("/token", exchange(late), 400);
}

TEST_F(IdentityTest, ChecksTheExchange) {
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string form = exchange(code());
    form.replace(form.find(from), from.size(), to);
    return std::string(post("/token", form, 400).at("error").as_string());
  };
  EXPECT_EQ(changed("client_id=app", "client_id=other"), "invalid_grant");
  EXPECT_EQ(changed("127.0.0.1%2Fcb", "127.0.0.1%2Fother"), "invalid_grant");
  EXPECT_EQ(changed("code_verifier=d", "code_verifier=e"), "invalid_grant");
  EXPECT_EQ(changed("grant_type=authorization_code", "grant_type=password"), "unsupported_grant_type");
  EXPECT_EQ(post("/token", exchange(code(), "&resource=http://elsewhere/"), 400).at("error").as_string(),
            "invalid_target");
  post("/token", exchange(code(), "&client_secret=wrong"), 401);
  post("/token", exchange(code(), "&client_secret=sandbox-secret"));
  post("/token", exchange(code()), 401, {{"authorization", "Basic " + base64_encode("app:wrong")}});
  post("/token", exchange(code()), 200, {{"authorization", "Basic " + base64_encode("app:sandbox-secret")}});
}

TEST_F(IdentityTest, ChecksTheRequestForAuthorization) {
  const auto refused = [&](const std::string& request) { return send("GET", "/authorize", request).status; };
  EXPECT_EQ(refused("redirect_uri=http%3A%2F%2F127.0.0.1%2Fcb"), 400);
  EXPECT_EQ(refused("client_id=a"), 400);
  for (const std::string uri : {"javascript:alert(1)", "data:text/html,x", "/relative", "http://x/#f", "http://x/\"y"})
    EXPECT_EQ(refused("client_id=a&redirect_uri=" + sandbox::percent_encode(uri)), 400) << uri;
  EXPECT_NE(location("client_id=a&redirect_uri=http://x/&response_type=token").find("error=unsupported_response_type"),
            std::string::npos);
  EXPECT_NE(location("client_id=a&redirect_uri=http://x/&response_type=code").find("error=invalid_request"),
            std::string::npos);
  EXPECT_NE(location(authorization("&resource=http://elsewhere/&user=ada")).find("error=invalid_target"),
            std::string::npos);
  EXPECT_NE(location(authorization("&prompt=none&user=ada")).find("error=login_required"), std::string::npos);
  EXPECT_NE(location(authorization("&deny=yes")).find("error=access_denied"), std::string::npos);
  EXPECT_EQ(send("POST", "/authorize", {}, authorization("&user=No%20Body")).status, 200);
  EXPECT_EQ(claims_of(std::string(post("/token", exchange(code("zoe"))).at("access_token").as_string()))
                .at("name")
                .as_string(),
            "Zoe Example");
}

TEST_F(IdentityTest, RotatesRefreshTokens) {
  const auto first = post("/token", exchange(code()));
  const auto use = [](const json::object& tokens) {
    return "grant_type=refresh_token&client_id=app&refresh_token=" +
           std::string(tokens.at("refresh_token").as_string());
  };
  const auto second = post("/token", use(first));
  EXPECT_FALSE(claims_of(std::string(second.at("id_token").as_string())).contains("nonce"));
  const auto third = post("/token", use(second));
  post("/token", use(first), 400);  // used before: all of the family end
  post("/token", use(third), 400);
  const auto other = post("/token", exchange(code()));
  EXPECT_EQ(
      send("POST", "/revoke", {}, "client_id=app&token=" + std::string(other.at("refresh_token").as_string())).status,
      200);
  post("/token", use(other), 400);
}

TEST_F(IdentityTest, MachinesNeedTheirSecret) {
  post("/token", "grant_type=client_credentials&client_id=app", 401);
  const auto tokens =
      post("/token", "grant_type=client_credentials&client_id=app&client_secret=sandbox-secret&scope=x");
  const auto claims = claims_of(std::string(tokens.at("access_token").as_string()));
  EXPECT_EQ(claims.at("sub").as_string(), "app");
  EXPECT_FALSE(claims.contains("email"));
  EXPECT_FALSE(tokens.contains("refresh_token"));
}

TEST_F(IdentityTest, GivesTokensToScripts) {
  const Answer plain = send("GET", "/token", "user=ada");
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(claims_of(plain.body).at("aud").as_string(), audience);
  const Answer expired = send("GET", "/token", "user=ada&expires_in=-60");
  EXPECT_EQ(claims_of(expired.body).at("exp").as_int64(), unix_seconds(clock->now()) - 60);
  EXPECT_LT(claims_of(expired.body).at("iat").as_int64(), claims_of(expired.body).at("exp").as_int64());
  const auto whole = json::parse(send("POST", "/sandbox/token", "user=grace&scope=openid%20mcp").body).as_object();
  EXPECT_TRUE(whole.contains("refresh_token"));
  EXPECT_EQ(claims_of(std::string(whole.at("access_token").as_string())).at("scope").as_string(), "openid mcp");
  for (const std::string bad :
       {"", "user=", "user=Ada%20L", "user=ada&audience=http://elsewhere/", "user=ada&expires_in=99999999"})
    EXPECT_EQ(send("GET", "/token", bad).status, 400) << bad;
}

TEST_F(IdentityTest, PublishesWhatItIs) {
  for (const std::string path : {"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"}) {
    const auto metadata = json::parse(send("GET", path).body).as_object();
    EXPECT_EQ(metadata.at("issuer").as_string(), "http://127.0.0.1:4000");
    EXPECT_EQ(metadata.at("jwks_uri").as_string(), "http://127.0.0.1:4000/jwks");
    EXPECT_EQ(metadata.at("code_challenge_methods_supported").as_array().at(0).as_string(), "S256");
  }
  EXPECT_EQ(send("GET", "/jwks").body, R"({"keys":[]})");
  const auto client = post("/register", R"({"redirect_uris":["http://127.0.0.1/cb"],"client_name":"X"})", 201);
  EXPECT_EQ(client.at("token_endpoint_auth_method").as_string(), "none");
  post("/register", "{}", 400);
  post("/register", "nonsense", 400);
  EXPECT_FALSE(identity->handle(Request{"GET", "/elsewhere", "", "", {}}));
}

}  // namespace
}  // namespace leanmcp
