#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/oauth/server/server_test_support.hpp>

// Authorization requests that must not get anywhere, and those that come back as an error.
namespace leanmcp::as {
namespace {

class AuthorizeAttackTest : public ServerTest {
 protected:
  void SetUp() override {
    options.client(ConfiguredClient("native")
                       .redirect_uri("http://127.0.0.1/callback")
                       .redirect_uri("http://localhost:3000/cb")
                       .redirect_uri("com.example.app:/cb"));
    options.client(ConfiguredClient("web").redirect_uri("https://ok.example/cb").web());
    start();
  }
  static Pairs good(const std::string& client, const std::string& redirect) {
    return {{"response_type", "code"},
            {"client_id", client},
            {"redirect_uri", redirect},
            {"state", "the-state"},
            {"code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
            {"code_challenge_method", "S256"}};
  }
  Answer ask(const Pairs& pairs) {
    core->limits = std::make_unique<RateLimits>(options.limits_);
    Request request(HttpMethod::get, "/authorize");
    request.query = form(pairs);
    request.peer = "192.0.2.1";
    return answer_authorize(*core, request, now());
  }
  Answer with(Pairs pairs, const std::string& name, const std::string& value) {
    for (auto& [key, old] : pairs)
      if (key == name) old = value;
    return ask(pairs);
  }
  /// A page for the person, and nothing that leads anywhere.
  static void expect_stopped(const Answer& answer, const std::string& what) {
    EXPECT_EQ(answer.status, 400) << what;
    EXPECT_EQ(header(answer, "Location"), "") << what;
    EXPECT_TRUE(answer.content_type.starts_with("text/html")) << what;
    EXPECT_EQ(answer.body.find("http-equiv=\"refresh\""), std::string::npos) << what;
  }
  static void expect_returned(const Answer& answer, const std::string& error, const std::string& what) {
    EXPECT_EQ(answer.status, 303) << what;
    const std::string location = header(answer, "Location");
    EXPECT_TRUE(location.starts_with("http://127.0.0.1/callback?")) << what << location;
    EXPECT_NE(location.find("error=" + error), std::string::npos) << what << location;
    EXPECT_NE(location.find("state=the-state"), std::string::npos) << what << location;
    EXPECT_NE(location.find("iss=https"), std::string::npos) << what << location;
    EXPECT_EQ(location.find("code="), std::string::npos) << what << location;
  }
  const std::string home = "http://127.0.0.1/callback";
};

TEST_F(AuthorizeAttackTest, Attack19_Rfc6749Section4_1_2_1_UnregisteredRedirect) {
  EXPECT_EQ(ask(good("native", home)).status, 200);
  for (const char* const uri : {"https://evil.example/", "https://ok.example/cb", "http://127.0.0.1/other", "data:,x"})
    expect_stopped(ask(good("native", uri)), uri);
}

TEST_F(AuthorizeAttackTest, Attack21_Rfc6749Section10_15_NoClient) {
  Pairs pairs = good("native", "https://evil.example/");
  std::erase_if(pairs, [](const auto& pair) { return pair.first == "client_id"; });
  expect_stopped(ask(pairs), "none");
  for (const char* const id : {"", "nobody", "machine ", "https://evil.example/", "http://127.0.0.1:1/"})
    expect_stopped(ask(good(id, "https://evil.example/")), id);
  expect_stopped(ask({}), "nothing at all");
}

TEST_F(AuthorizeAttackTest, Attack22_Rfc6749Section3_1_2_3_NeverExactEnough) {
  EXPECT_EQ(ask(good("web", "https://ok.example/cb")).status, 200);
  for (const char* const uri :
       {"https://ok.example@evil.example/cb", "https://ok.example/cb/..%2fx", "https://ok.example/cb/",
        "https://ok.example.evil.example/cb", "https://ok.example/cb?x", "https://ok.example/cb#",
        "https://OK.example/cb", "https://ok.example:443/cb", "https://ok.example/cb/%2e%2e/cb", "//ok.example/cb",
        "https:ok.example/cb"})
    expect_stopped(ask(good("web", uri)), uri);
  for (const char* const uri :
       {"http://localhost.evil.com/cb", "http://localhost@evil.com/cb", "http://localhost:3000/cb/"})
    expect_stopped(ask(good("native", uri)), uri);
}

TEST_F(AuthorizeAttackTest, Attack23_Rfc8252Section7_3_PortsOfALoopback) {
  for (const char* const uri : {"http://127.0.0.1:50001/callback", "http://localhost:1/cb", "com.example.app:/cb"})
    EXPECT_EQ(ask(good("native", uri)).status, 200) << uri;
  for (const char* const uri : {"http://127.0.0.1:50001/cb", "http://localhost:50001/callback", "http://[::1]/callback",
                                "com.example.app:/other", "https://127.0.0.1:50001/callback"})
    expect_stopped(ask(good("native", uri)), uri);
}

TEST_F(AuthorizeAttackTest, Attack24_Rfc7636Section4_4_1_ChallengesOfS256Only) {
  const Pairs pairs = good("native", home);
  const auto without = [&](const std::string& name) {
    Pairs left = pairs;
    std::erase_if(left, [&](const auto& pair) { return pair.first == name; });
    return ask(left);
  };
  expect_returned(without("code_challenge"), "invalid_request", "no challenge");
  expect_returned(without("code_challenge_method"), "invalid_request", "no method");
  for (const char* const method : {"plain", "s256", "S512", "none", " S256"})
    expect_returned(with(pairs, "code_challenge_method", method), "invalid_request", method);
  for (const std::string& challenge : {std::string(42, 'a'), std::string(129, 'a'), std::string(43, '+'),
                                       std::string(42, 'a') + "=", std::string("x")})
    expect_returned(with(pairs, "code_challenge", challenge), "invalid_request", challenge);
}

TEST_F(AuthorizeAttackTest, Attack27_Rfc6749Section3_1_RepeatedParameters) {
  for (const char* const name : {"client_id", "redirect_uri", "state", "scope", "response_type"}) {
    Pairs pairs = good("native", home);
    pairs.emplace_back("scope", "read");
    pairs.emplace_back(name, name == std::string("client_id") ? "web" : "https://evil.example/");
    expect_stopped(ask(pairs), name);
  }
}

}  // namespace
}  // namespace leanmcp::as
