// `prompt`, `max_age` and `login_hint` (OpenID Connect Core 1.0, section 3.1.2.1): the rules by themselves, and the way
// to a provider and back.

#include <leanmcp/oauth/server/sign_in_wish.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/oauth/server/flow_test_support.hpp>
#include <leanmcp/oauth/server/pages.hpp>

#include <boost/json.hpp>

namespace leanmcp::as {
namespace {

/// "prompt | max_age | login_hint", or the error.
std::string read_back(const FormParameters& pairs) {
  const auto parameters = Parameters::parse(encode_form(pairs));
  EXPECT_TRUE(parameters);
  TransactionRecord out;
  const auto read = read_sign_in_wish(*parameters, out);
  if (!read) return read.error().error;
  return out.prompt + "|" + (out.max_age ? std::to_string(out.max_age->count()) : "") + "|" + out.login_hint;
}

TEST(SignInWish, Core3_1_2_1_PromptsThatAreKnown) {
  EXPECT_EQ(read_back({}), "||");
  EXPECT_EQ(read_back({{"prompt", "login"}}), "login||");
  EXPECT_EQ(read_back({{"prompt", "select_account  consent login consent"}}), "login consent select_account||");
  EXPECT_EQ(read_back({{"prompt", " "}}), "||");
  EXPECT_EQ(read_back({{"prompt", "none"}}), "interaction_required");
  EXPECT_EQ(read_back({{"prompt", "none none"}}), "interaction_required");
  EXPECT_EQ(read_back({{"prompt", "none login"}}), "invalid_request");
  EXPECT_EQ(read_back({{"prompt", "consent none"}}), "invalid_request");
  for (const char* const prompt : {"create", "Login", "login,consent", "login\tconsent", "log", "loginx"})
    EXPECT_EQ(read_back({{"prompt", prompt}}), "invalid_request") << prompt;
  EXPECT_EQ(read_back({{"prompt", "login" + std::string(60, ' ')}}), "invalid_request") << "too long";
}

TEST(SignInWish, Core3_1_2_1_MaxAgeIsAWholeNumber) {
  EXPECT_EQ(read_back({{"max_age", "0"}}), "|0|");
  EXPECT_EQ(read_back({{"max_age", "0300"}}), "|300|");
  EXPECT_EQ(read_back({{"max_age", "9999999999"}}), "|9999999999|");
  EXPECT_EQ(read_back({{"max_age", ""}}), "||") << "RFC 6749, section 3.1: as if it were not there";
  for (const char* const age : {"-1", "+1", " 1", "1 ", "1.5", "1e3", "0x10", "ten", "10000000000",
                                "18446744073709551616", "99999999999999999999999", "NaN", "1,000"})
    EXPECT_EQ(read_back({{"max_age", age}}), "invalid_request") << age;
}

TEST(SignInWish, Core3_1_2_1_AHintIsBoundedText) {
  EXPECT_EQ(read_back({{"login_hint", "Ada <ada@example.com>"}}), "||Ada <ada@example.com>");
  EXPECT_EQ(read_back({{"login_hint", "søren"}}), "||søren");
  EXPECT_EQ(read_back({{"login_hint", std::string(1024, 'a')}}), "||" + std::string(1024, 'a'));
  for (const std::string& hint : {std::string(1025, 'a'), std::string("a\r\nb"), std::string("a\x7f"),
                                  std::string("a\xc2\x85z"), std::string("\x1b[2J")})
    EXPECT_EQ(read_back({{"login_hint", hint}}), "invalid_request") << hint;
}

TEST(SignInWish, WhatAsksAgain) {
  const auto asks = [](const char* prompt, std::optional<std::chrono::seconds> age) {
    TransactionRecord transaction;
    transaction.prompt = prompt;
    transaction.max_age = age;
    return std::to_string(wish_of(transaction).again) + std::to_string(asks_again(transaction)) +
           std::to_string(wish_of(transaction).is_strict());
  };
  EXPECT_EQ(asks("", std::nullopt), "000");
  EXPECT_EQ(asks("login", std::nullopt), "111");
  EXPECT_EQ(asks("", 0s), "111") << "the same as prompt=login";
  EXPECT_EQ(asks("", 60s), "001");
  EXPECT_EQ(asks("consent", std::nullopt), "010");
  EXPECT_EQ(asks("select_account", std::nullopt), "010");
}

TEST(SignInWish, HowOldASignInMayBe) {
  const TimePoint left{std::chrono::milliseconds(1'800'000'000'000)};
  SignInWish any, again, recent;
  again.again = true;
  recent.max_age = 300s;
  EXPECT_TRUE(is_met(any, left, std::nullopt));
  EXPECT_TRUE(is_met(any, TimePoint::max(), left));
  EXPECT_FALSE(is_met(again, left, std::nullopt)) << "nobody says when";
  EXPECT_FALSE(is_met(recent, left, std::nullopt));
  EXPECT_TRUE(is_met(again, left, left - sign_in_skew));
  EXPECT_FALSE(is_met(again, left, left - sign_in_skew - 1s));
  EXPECT_TRUE(is_met(recent, left, left - 300s - sign_in_skew));
  EXPECT_FALSE(is_met(recent, left, left - 301s - sign_in_skew));
  EXPECT_TRUE(is_met(again, left, left + 500s)) << "the person took their time";
  EXPECT_FALSE(is_met(again, TimePoint::max(), left)) << "nobody knows when the browser left";
  recent.again = true;
  EXPECT_FALSE(is_met(recent, left, left - 200s)) << "both were asked for";
  SignInWish long_ago;
  long_ago.max_age = 9'999'999'999s;
  EXPECT_TRUE(is_met(long_ago, left, TimePoint(0ms)));
}

/// Through a provider.
class Wished : public FlowTest {
 protected:
  void SetUp() override {
    auto given = options().remember_consent();
    given.apis_.front().scope("openid", "Know who you are", false);
    start(std::move(given));
    changed = {{"scope", "read openid"}, {"code_challenge", base64url_encode(sha256(verifier))}};
  }
  Pairs asking(Pairs more) {
    more.insert(more.end(), changed.begin(), changed.end());
    return more;
  }
  Answer journey(Browser& browser, Pairs more) {
    return callback(browser, "code=1&state=" + depart(browser, asking(std::move(more))));
  }
  /// What the token endpoint gives for the code.
  boost::json::object tokens(const Answer& back) {
    const Pairs form = {{"grant_type", "authorization_code"},
                        {"code", query_of(location(back))["code"]},
                        {"client_id", "app"},
                        {"code_verifier", verifier}};
    return boost::json::parse(answer_token(*core, post("/token", form, {}), now()).body).as_object();
  }
  static boost::json::object payload(const boost::json::object& tokens, const char* name) {
    const std::string text(tokens.at(name).as_string());
    const auto from = text.find('.') + 1;
    return boost::json::parse(*base64url_decode(text.substr(from, text.find('.', from) - from))).as_object();
  }
  const std::string verifier = std::string(43, 'v');
  Pairs changed;
};

TEST_F(Wished, AllOfItGoesAlongAndIsStillKnownOnTheWayBack) {
  Browser browser;
  upstream->signed_in = now() + 5s;
  const std::string state = depart(
      browser, asking({{"prompt", "select_account login"}, {"max_age", "300"}, {"login_hint", "ada@example.com"}}));
  EXPECT_TRUE(upstream->sent.again && upstream->sent.select_account);
  EXPECT_EQ(upstream->sent.max_age, 300s);
  EXPECT_EQ(upstream->sent.login_hint, "ada@example.com");
  clock->advance(10s);
  EXPECT_TRUE(query_of(location(callback(browser, "code=1&state=" + state))).contains("code"));
  EXPECT_TRUE(upstream->came_back.again && upstream->came_back.select_account);
  EXPECT_EQ(upstream->came_back.max_age, 300s);
  EXPECT_EQ(log.find("ada@example.com"), std::string::npos) << "a hint is nothing for the log";
}

TEST_F(Wished, Core2_AuthTimeIsWhenThePersonSignedIn) {
  Browser browser;
  upstream->signed_in = now() - 100s;
  const auto first = tokens(journey(browser, {{"max_age", "300"}}));
  const std::int64_t then = unix_seconds(now() - 100s);
  EXPECT_EQ(payload(first, "id_token").at("auth_time"), then);
  EXPECT_EQ(payload(first, "access_token").at("auth_time"), then) << "RFC 9068, section 2.2.1";
  clock->advance(3600s);
  const Pairs form = {{"grant_type", "refresh_token"},
                      {"refresh_token", std::string(first.at("refresh_token").as_string())},
                      {"client_id", "app"}};
  const auto next = boost::json::parse(answer_token(*core, post("/token", form, {}), now()).body).as_object();
  EXPECT_EQ(payload(next, "access_token").at("auth_time"), then) << "a refresh is no sign-in";
  upstream->signed_in = std::nullopt;
  const auto unknown = tokens(journey(browser, {}));
  EXPECT_FALSE(payload(unknown, "id_token").contains("auth_time")) << "it is not made up";
  EXPECT_FALSE(payload(unknown, "access_token").contains("auth_time"));
  upstream->signed_in = now() + 30s;
  EXPECT_EQ(payload(tokens(journey(browser, {})), "id_token").at("auth_time"), unix_seconds(now())) << "a fast clock";
}

TEST_F(Wished, AttackASignInThatIsTooOldOrOfUnknownAge) {
  struct Case {
    Pairs asked;
    std::optional<std::chrono::seconds> ago;
    const char* error;
  };
  for (const Case& one :
       {Case{{{"prompt", "login"}}, 3600s, "login_required"},
        Case{{{"prompt", "login"}}, std::nullopt, "login_required"}, Case{{{"prompt", "login"}}, 0s, ""},
        Case{{{"max_age", "0"}}, 61s, "unmet_authentication_requirements"},
        Case{{{"max_age", "0"}}, std::nullopt, "unmet_authentication_requirements"},
        Case{{{"max_age", "300"}}, 361s, "unmet_authentication_requirements"},
        Case{{{"max_age", "300"}}, std::nullopt, "unmet_authentication_requirements"},
        Case{{{"max_age", "300"}}, 300s, ""},
        Case{{{"max_age", "300"}, {"prompt", "login"}}, 200s, "unmet_authentication_requirements"},
        Case{{{"prompt", "consent"}}, 3600s, ""}, Case{{{"prompt", "select_account"}}, std::nullopt, ""}}) {
    Browser browser;
    upstream->signed_in = one.ago ? std::optional<TimePoint>(now() - *one.ago) : std::nullopt;
    const Answer back = journey(browser, one.asked);
    EXPECT_EQ(query_of(location(back))["error"], one.error) << one.asked.front().second;
    EXPECT_EQ(query_of(location(back)).contains("code"), std::string(one.error).empty());
    EXPECT_EQ(query_of(location(back))["iss"], issuer);
  }
  EXPECT_NE(log.find("no new sign-in"), std::string::npos);
}

TEST_F(Wished, WhatCountsIsTheDepartureNotHowLongThePagesStayOpen) {
  Browser browser;
  const Answer page = authorize(browser, asking({{"prompt", "login"}}));
  clock->advance(300s);
  const Answer on =
      consent(browser, {{"request", field(page, "request")}, {"token", field(page, "token")}, {"allow", "github"}});
  const std::string state = query_of(next_url(on))["state"];
  upstream->signed_in = now() - 100s;
  Browser copy = browser;
  clock->advance(200s);
  EXPECT_EQ(error_at(callback(copy, "code=1&state=" + state)), "login_required") << "between request and consent";
  expect_stopped(callback(browser, "code=1&state=" + state), 400);

  const std::string second = depart(browser, asking({{"prompt", "login"}}));
  upstream->signed_in = now() + 1s;
  clock->advance(500s);
  EXPECT_TRUE(query_of(location(callback(browser, "code=1&state=" + second))).contains("code"));
}

TEST_F(Wished, AttackTheOtherTabsSignInDoesNotDo) {
  Browser browser;
  upstream->signed_in = now() - 3600s;
  const std::string strict = depart(browser, asking({{"prompt", "login"}, {"state", "strict"}}));
  const std::string loose = depart(browser, asking({{"state", "loose"}}));
  EXPECT_TRUE(query_of(location(callback(browser, "code=1&state=" + loose))).contains("code"));
  EXPECT_EQ(error_at(callback(browser, "code=1&state=" + strict)), "login_required");
  EXPECT_EQ(upstream->came_back.again, true);
}

TEST_F(Wished, ARememberedConsentDoesNotStandForASignIn) {
  Browser browser;
  upstream->signed_in = now();
  EXPECT_EQ(callback(browser, "code=1&state=" + depart(browser, changed, {{"remember", "yes"}})).status, 303);
  EXPECT_EQ(authorize(browser, changed).status, 303) << "nobody is asked";
  EXPECT_EQ(authorize(browser, asking({{"prompt", "login"}})).status, 200);
  EXPECT_EQ(authorize(browser, asking({{"max_age", "0"}})).status, 200);
  EXPECT_EQ(authorize(browser, asking({{"prompt", "select_account"}})).status, 200);
  clock->advance(3600s);
  const Answer on = authorize(browser, asking({{"max_age", "300"}}));
  ASSERT_EQ(on.status, 303) << "the consent is as good as ever; the sign-in is the provider's to say";
  EXPECT_EQ(upstream->sent.max_age, 300s);
  const std::string state = query_of(location(on))["state"];
  EXPECT_EQ(error_at(callback(browser, "code=1&state=" + state)), "unmet_authentication_requirements");
}

TEST_F(Wished, Core3_1_2_1_AProviderThatCannotBeAskedIsNotOffered) {
  Browser browser;
  upstream->can_again = false;
  EXPECT_EQ(error_at(authorize(browser, {{"prompt", "login"}})), "login_required");
  EXPECT_EQ(error_at(authorize(browser, {{"max_age", "300"}})), "unmet_authentication_requirements");
  EXPECT_EQ(authorize(browser, {{"prompt", "select_account"}, {"login_hint", "ada"}}).status, 200);

  auto both = options().remember_consent();
  const auto other = std::make_shared<FakeUpstream>("idp");
  both.upstream(other);
  start(std::move(both));
  Browser fresh;
  EXPECT_EQ(callback(fresh, "code=1&state=" + depart(fresh, {}, {{"remember", "yes"}})).status, 303);
  EXPECT_EQ(authorize(fresh).status, 303);
  upstream->can_again = false;
  const Answer page = authorize(fresh, {{"max_age", "300"}});
  ASSERT_EQ(page.status, 200) << "the remembered way cannot do it, another one can";
  EXPECT_EQ(page.body.find("value=\"github\""), std::string::npos);
  EXPECT_NE(page.body.find("value=\"idp\""), std::string::npos);
  expect_stopped(
      consent(fresh, {{"request", field(page, "request")}, {"token", field(page, "token")}, {"allow", "github"}}), 400);
}

TEST_F(Wished, AJourneyFromBeforeTheUpgradeIsNeverNewEnough) {
  Browser browser;
  upstream->signed_in = now();
  const std::string state = depart(browser, asking({{"max_age", "300"}}));
  const auto found = core->store->transaction_by_state(digest_of(state));
  ASSERT_TRUE(found && *found);
  const std::string sealed =
      core->sealer->seal(R"({"verifier":"v","nonce":"n","remembered":""})", "luggage|" + (*found)->id_digest);
  ASSERT_TRUE(core->store->database().run("UPDATE as_transactions SET upstream_secrets = $1", {sealed}));
  EXPECT_EQ(error_at(callback(browser, "code=1&state=" + state)), "unmet_authentication_requirements");
}

}  // namespace
}  // namespace leanmcp::as
