// This server's own users.

#include <leanmcp/oauth/server/flow_test_support.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/password.hpp>
#include <leanmcp/oauth/server/admin.hpp>

#include <boost/json.hpp>

#include <functional>

namespace leanmcp::as {
namespace {

const ScryptCost cheap(4, 1, 1);

class SignIn : public FlowTest {
 protected:
  void SetUp() override {
    auto own = options();
    own.upstreams_.clear();
    own.own_users().keys(ring);
    own.logger(Logger([this](LogLevel, std::string_view line) {
      log += std::string(line) + "\n";
      if (on_line) on_line(line);
    }));
    start(std::move(own));
    ada = *add_user(*core->store, "ada", "correct horse", R"({"name":"Ada L"})", now(), cheap);
  }

  /// Agrees; the sign-in page's state.
  std::string agree(Browser& browser, const Pairs& more = {}, const Pairs& changed = {}) {
    const Answer page = authorize(browser, changed);
    Pairs form = {{"request", field(page, "request")}, {"token", field(page, "token")}, {"allow", "local"}};
    form.insert(form.end(), more.begin(), more.end());
    const std::string url = next_url(consent(browser, form));
    EXPECT_TRUE(url.starts_with("https://as.example/sign-in?state=")) << url;
    return query_of(url)["state"];
  }
  Answer page(Browser& browser, const std::string& state) {
    Answer out = answer_sign_in(*core, get("/sign-in", "state=" + state, browser, "same-origin"), now());
    browser.take(out);
    return out;
  }
  Answer send(Browser& browser, Pairs form) {
    Answer out = answer_sign_in(*core, post("/sign-in", form, browser), now());
    browser.take(out);
    return out;
  }
  Answer try_password(Browser& browser, const std::string& state, const std::string& name,
                      const std::string& password) {
    const Answer form = page(browser, state);
    return send(browser, {{"state", state},
                          {"token", field(form, "token")},
                          {"username", name},
                          {"password", password},
                          {"sign_in", "yes"}});
  }
  KeyRing ring = KeyRing::random();
  std::function<void(std::string_view)> on_line;
  UserRecord ada;
};

TEST_F(SignIn, DisablingAPersonEndsWhatCameOfTheirSignIn) {
  const std::string verifier(43, 'v');
  Browser browser;
  const std::string state = agree(browser, {}, {{"code_challenge", base64url_encode(sha256(verifier))}});
  const std::string code = query_of(next_url(try_password(browser, state, "ada", "correct horse")))["code"];
  const auto token = [&](const Pairs& form) {
    const Answer answer = answer_token(*core, post("/token", form, {}), now());
    return boost::json::parse(answer.body).as_object();
  };
  const auto first =
      token({{"grant_type", "authorization_code"}, {"code", code}, {"client_id", "app"}, {"code_verifier", verifier}});
  ASSERT_TRUE(first.contains("refresh_token")) << boost::json::serialize(first);
  const std::string access_token(first.at("access_token").as_string());
  EXPECT_TRUE(*live_access_token(*core, access_token, now()));

  const auto admin = Administration::open(core->store->database(), ring);
  ASSERT_TRUE(admin);
  EXPECT_TRUE(*admin->set_user_disabled("ada", true));
  EXPECT_FALSE(*live_access_token(*core, access_token, now()));
  const auto next = token({{"grant_type", "refresh_token"},
                           {"refresh_token", std::string(first.at("refresh_token").as_string())},
                           {"client_id", "app"}});
  EXPECT_EQ(next.at("error"), "invalid_grant");
}

TEST_F(SignIn, ComesAfterConsentAndEndsWithACode) {
  Browser browser;
  const std::string state = agree(browser);
  const Answer form = page(browser, state);
  EXPECT_EQ(form.status, 200);
  EXPECT_NE(form.body.find("autocomplete=\"current-password\""), std::string::npos);
  const Answer done = try_password(browser, state, "ada", "correct horse");
  EXPECT_EQ(done.status, 200);
  const std::string url = next_url(done);
  EXPECT_TRUE(url.starts_with("https://app.example/cb?code=")) << url;
  auto query = query_of(url);
  EXPECT_EQ(query["state"], "s-1");
  EXPECT_EQ(query["iss"], issuer);
  const auto code = core->store->code(digest_of(query["code"]));
  const auto grant = core->store->grant((*code)->grant_id);
  EXPECT_EQ((*grant)->subject, "local:" + ada.subject);
  EXPECT_EQ((*grant)->profile, R"({"name":"Ada L"})");
  // The journey is over; that somebody signs in with this browser is kept, and does not say who.
  int kept = 0;
  for (const auto& [cookie, value] : browser.jar) {
    EXPECT_FALSE(cookie.starts_with("__Host-leanmcp-go-")) << cookie;
    kept += cookie.starts_with("__Host-leanmcp-in-");
    EXPECT_EQ((cookie + value).find(digest_of("ada").substr(0, 16)), std::string::npos);
  }
  EXPECT_EQ(kept, 1);
}

TEST_F(SignIn, ShowsTheOperatorsNoteAsPlainText) {
  Browser browser;
  const std::string state = agree(browser);
  EXPECT_EQ(page(browser, state).body.find("class=\"note\""), std::string::npos);
  core->options.sign_in_note("No account? Ask <it@example.com>" + std::string(1000, '.'));
  const Answer shown = page(browser, state);
  EXPECT_NE(shown.body.find("No account? Ask &lt;it@example.com&gt;."), std::string::npos) << shown.body;
  EXPECT_EQ(shown.body.find(std::string(600, '.')), std::string::npos);
}

TEST_F(SignIn, WhoIsDisabledMeanwhileKeepsNothing) {
  const auto admin = Administration::open(core->store->database(), ring);
  ASSERT_TRUE(admin);
  Browser browser;
  const std::string state = agree(browser);
  bool done = false;
  on_line = [&](std::string_view line) {
    if (done || line.find("sign_in") == line.npos) return;
    done = true;
    EXPECT_TRUE(*admin->set_user_disabled("ada", true));
  };
  const Answer answer = try_password(browser, state, "ada", "correct horse");
  on_line = nullptr;
  EXPECT_TRUE(done) << log;
  expect_stopped(answer, 403);
  EXPECT_TRUE(core->store->live_grants("local:" + ada.subject, "", 10)->empty());
  EXPECT_EQ(core->store->grants("local:" + ada.subject, "", 10)->size(), 1U);
}

TEST_F(SignIn, WrongNamesAndPasswordsReadTheSame) {
  Browser browser;
  const std::string state = agree(browser);
  const auto text = [&](const std::string& name, const std::string& password) {
    const Answer answer = try_password(browser, state, name, password);
    EXPECT_EQ(answer.status, 403);
    const auto at = answer.body.find("role=\"alert\"");
    EXPECT_NE(at, std::string::npos);
    return answer.body.substr(at, answer.body.find("</p>", at) - at);
  };
  const std::string wrong = text("ada", "correct house");
  EXPECT_EQ(text("nobody", "correct horse"), wrong);
  EXPECT_EQ(text("<b>'\"", "x"), wrong);
  ASSERT_TRUE(*core->store->set_user_disabled("ada", true));
  EXPECT_EQ(text("ada", "correct horse"), wrong);
  EXPECT_EQ(log.find("correct"), std::string::npos) << log;
  EXPECT_EQ(log.find("nobody"), std::string::npos) << "a name typed may be a password";
}

TEST_F(SignIn, NobodysNameCostsAsMuchAsSomebodys) {
  // By what is computed, not by the clock: the hash that stands in is of the usual cost.
  const std::string usual = hash_password("x");
  const std::string head = usual.substr(0, usual.rfind('$', usual.rfind('$') - 1));
  EXPECT_EQ(head, "$scrypt$ln=15,r=8,p=3");
  const auto nobody = check_user(*core->store, "nobody", "x");
  ASSERT_TRUE(nobody);
  EXPECT_FALSE(*nobody);
}

TEST_F(SignIn, TheNameIsShownAgainEscaped) {
  Browser browser;
  const std::string state = agree(browser);
  const Answer answer = try_password(browser, state, "\"><script>", "x");
  EXPECT_EQ(answer.body.find("<script"), std::string::npos);
  EXPECT_NE(answer.body.find("&quot;&gt;&lt;script&gt;"), std::string::npos);
  EXPECT_EQ(answer.body.find("value=\"x\""), std::string::npos) << "the password is not";
}

TEST_F(SignIn, Core3_1_2_1_AHintStandsInTheFieldEscaped) {
  const auto value = [&](const std::string& hint) {
    Browser browser;
    const Answer shown = page(browser, agree(browser, {}, {{"login_hint", hint}}));
    EXPECT_EQ(shown.body.find("<script"), std::string::npos);
    const std::string mark = "required value=";
    const auto at = shown.body.find(mark);
    EXPECT_NE(at, std::string::npos);
    return shown.body.substr(at + mark.size(), 40);
  };
  EXPECT_TRUE(value("ada@example.com").starts_with("\"ada@example.com\""));
  EXPECT_TRUE(value("\"><script>").starts_with("\"&quot;&gt;&lt;script&gt;\""));
  EXPECT_TRUE(value(std::string(101, 'a')).starts_with("\"\"")) << "no user name is that long";
  EXPECT_TRUE(value("ada\u202egro.live").starts_with("\"\"")) << "not what it looks like";

  Browser browser;
  const std::string state = agree(browser, {}, {{"login_hint", "bob"}});
  const Answer again = try_password(browser, state, "ada", "wrong");
  EXPECT_NE(again.body.find("value=\"ada\""), std::string::npos) << "what was typed counts";
  EXPECT_TRUE(query_of(next_url(try_password(browser, state, "ada", "correct horse"))).contains("code"))
      << "a hint is no more than that";
}

TEST_F(SignIn, AttackOtherBrowsersOtherSitesAndNoToken) {
  Browser browser, other;
  const std::string state = agree(browser);
  agree(other);
  expect_stopped(page(other, state), 403);
  const Answer form = page(browser, state);
  Pairs good = {{"state", state}, {"token", field(form, "token")}, {"username", "ada"}, {"password", "correct horse"}};
  expect_stopped(answer_sign_in(*core, post("/sign-in", good, other), now()), 403);
  expect_stopped(answer_sign_in(*core, post("/sign-in", good, browser, "cross-site", "https://evil.example"), now()),
                 403);
  Pairs without = good;
  without[1].second.clear();
  expect_stopped(answer_sign_in(*core, post("/sign-in", without, browser), now()), 403);
  expect_stopped(page(browser, std::string(43, 'A')), 400);
  EXPECT_EQ(send(browser, good).status, 200);
  expect_stopped(answer_sign_in(*core, post("/sign-in", good, browser), now()), 400);
}

TEST_F(SignIn, ANoGoesBackToTheClient) {
  Browser browser;
  const std::string state = agree(browser);
  const Answer form = page(browser, state);
  const Answer back = send(browser, {{"state", state}, {"token", field(form, "token")}, {"deny", "yes"}});
  EXPECT_EQ(query_of(next_url(back))["error"], "access_denied");
  expect_stopped(page(browser, state), 400);
}

TEST_F(SignIn, EndsWithItsTime) {
  Browser browser;
  const std::string state = agree(browser);
  clock->advance(600s);
  expect_stopped(page(browser, state), 400);
}

TEST_F(SignIn, IsNotThereUnlessItIsSwitchedOn) {
  start(options());
  Browser browser;
  expect_stopped(page(browser, "x"), 404);
  EXPECT_EQ(authorize(browser).body.find("value=\"local\""), std::string::npos);
}

TEST_F(SignIn, AStateOfAProviderIsNoneOfThisPage) {
  auto both = options();
  both.own_users();
  start(std::move(both));
  Browser browser;
  const std::string state = depart(browser);
  expect_stopped(page(browser, state), 400);
  const std::string own = agree(browser);
  expect_stopped(callback(browser, "code=1&state=" + own), 400);
  EXPECT_EQ(page(browser, own).status, 200);
}

TEST_F(SignIn, RememberedConsentStillAsksForThePassword) {
  auto own = options();
  own.upstreams_.clear();
  own.own_users().remember_consent();
  start(std::move(own));
  ASSERT_TRUE(add_user(*core->store, "ada", "correct horse", "{}", now(), cheap));
  ASSERT_TRUE(add_user(*core->store, "bob", "battery staple", "{}", now(), cheap));
  Browser browser;
  try_password(browser, agree(browser, {{"remember", "yes"}}), "ada", "correct horse");
  const Answer on = authorize(browser);
  ASSERT_EQ(on.status, 303);
  EXPECT_TRUE(location(on).starts_with("https://as.example/sign-in?state="));
  const std::string state = query_of(location(on))["state"];
  const Answer asked = try_password(browser, state, "bob", "battery staple");
  EXPECT_NE(asked.body.find("Let “Editor” use Notes?"), std::string::npos) << "Bob has not agreed";
}

TEST_F(SignIn, Core2_AuthTimeIsWhenThePasswordWasTyped) {
  Browser browser;
  const std::string state = agree(browser, {}, {{"prompt", "login"}, {"max_age", "0"}});
  clock->advance(120s);
  const TimePoint typed = now();
  const std::string code = query_of(next_url(try_password(browser, state, "ada", "correct horse")))["code"];
  clock->advance(30s);
  const auto found = core->store->code(digest_of(code));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*core->store->grant((*found)->grant_id))->signed_in, typed);
}

TEST_F(SignIn, AttackNoWayAroundThePasswordThatWasAskedFor) {
  auto own = options();
  own.upstreams_.clear();
  own.own_users().remember_consent();
  start(std::move(own));
  ASSERT_TRUE(add_user(*core->store, "ada", "correct horse", "{}", now(), cheap));
  Browser browser;
  try_password(browser, agree(browser, {{"remember", "yes"}}), "ada", "correct horse");
  ASSERT_EQ(authorize(browser).status, 303) << "the browser is known, and the consent";

  for (const Pairs& asked : {Pairs{{"prompt", "login"}}, Pairs{{"max_age", "0"}}, Pairs{{"max_age", "300"}}}) {
    Browser one = browser;
    const Answer first = authorize(one, asked);
    std::string state;
    if (first.status == 303) {
      state = query_of(location(first))["state"];
    } else {
      const Pairs yes = {{"request", field(first, "request")}, {"token", field(first, "token")}, {"allow", "local"}};
      state = query_of(next_url(consent(one, yes)))["state"];
      expect_stopped(consent(one, yes), 403);
    }
    Browser before = one;
    const Answer form = page(one, state);
    EXPECT_EQ(form.status, 200);
    EXPECT_NE(form.body.find("name=\"password\""), std::string::npos);
    EXPECT_NE(send(one, {{"state", state}, {"token", field(form, "token")}, {"username", "ada"}}).status, 303);
    EXPECT_EQ(next_url(page(one, state)), "") << "opened again, it is the same page";
    EXPECT_TRUE(query_of(next_url(try_password(one, state, "ada", "correct horse"))).contains("code"));
    expect_stopped(page(one, state), 400);
    expect_stopped(page(before, state), 400);
  }
}

TEST(Users, NamesAndPasswords) {
  const auto store = Store::open(*Database::open("sqlite::memory:"));
  const TimePoint now(1'800'000'000s);
  const auto added = [&](std::string_view name, std::string_view password, std::string_view profile = "{}") {
    const auto user = add_user(*store, name, password, profile, now, cheap);
    return user ? std::string() : user.error().message();
  };
  EXPECT_EQ(added("ada@example.com", "long enough"), "");
  EXPECT_EQ(added("ada@example.com", "long enough"), "There is a user of that name already.");
  EXPECT_NE(added("Ada", "long enough"), "");
  EXPECT_NE(added("a da", "long enough"), "");
  EXPECT_NE(added(".ada", "long enough"), "");
  EXPECT_NE(added("", "long enough"), "");
  EXPECT_NE(added("аda", "long enough"), "") << "a Cyrillic letter";
  EXPECT_NE(added(std::string(65, 'a'), "long enough"), "");
  EXPECT_NE(added("bob", "short"), "");
  EXPECT_NE(added("bob", std::string(1025, 'x')), "");
  EXPECT_NE(added("bob", "long enough", "[]"), "");
  const auto right = [&](std::string_view password) {
    const auto user = check_user(*store, "ada@example.com", password);
    return user && *user;
  };
  EXPECT_TRUE(right("long enough"));
  EXPECT_FALSE(right("long enougH"));
  EXPECT_FALSE(right(""));
  EXPECT_TRUE(set_password(*store, "ada@example.com", "another one", cheap));
  EXPECT_FALSE(right("long enough"));
  EXPECT_TRUE(right("another one"));
  EXPECT_FALSE(set_password(*store, "nobody", "another one", cheap));
}

}  // namespace
}  // namespace leanmcp::as
