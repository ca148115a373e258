// Passwords that are tried too often: neither guessing nor locking out gets far.

#include <leanmcp/oauth/server/flow_test_support.hpp>

#include <leanmcp/crypto/password.hpp>
#include <leanmcp/oauth/server/browser.hpp>
#include <leanmcp/oauth/server/password_tries.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/oauth/server/users.hpp>

#include <future>
#include <map>
#include <vector>

namespace leanmcp::as {
namespace {

class PasswordTries : public FlowTest {
 protected:
  void SetUp() override {
    auto own = options();
    own.upstreams_.clear();
    own.own_users().limits().failures_per_address = 3;
    own.limits().password_failures_per_name = 20;  // 4 from one address
    start(std::move(own));
    const ScryptCost cheap(4, 1, 1);
    ASSERT_TRUE(add_user(*core->store, "ada", right, "{}", now(), cheap));
    ASSERT_TRUE(add_user(*core->store, "bob", "battery staple", "{}", now(), cheap));
  }
  static std::string address(int n) { return "198.51.100." + std::to_string(n); }

  /// The page of one sign-in, on which passwords are tried.
  struct Page {
    Browser browser;
    std::string state, token;
  };
  Page open(Browser browser = {}) {
    Page out;
    out.browser = std::move(browser);
    const Answer page = authorize(out.browser);
    const Answer on = consent(
        out.browser, {{"request", field(page, "request")}, {"token", field(page, "token")}, {"allow", "local"}});
    out.state = query_of(next_url(on))["state"];
    const Answer form = answer_sign_in(*core, get("/sign-in", "state=" + out.state, out.browser), now());
    out.browser.take(form);
    out.token = field(form, "token");
    return out;
  }
  int attempt(Page& page, const std::string& peer, const std::string& name, std::string_view password) {
    Request request = post("/sign-in",
                           {{"state", page.state},
                            {"token", page.token},
                            {"username", name},
                            {"password", std::string(password)},
                            {"sign_in", "yes"}},
                           page.browser);
    request.peer = peer;
    const Answer answer = answer_sign_in(*core, request, now());
    page.browser.take(answer);
    if (const std::string next = field(answer, "token"); !next.empty()) page.token = next;
    EXPECT_EQ(answer.status == 429, !header(answer, "Retry-After").empty());
    return answer.status;
  }
  /// Somebody signs in on a new page; the status.
  int sign_in(const std::string& peer, Browser& browser, const std::string& name = "ada",
              std::string_view password = right) {
    Page page = open(browser);
    const int status = attempt(page, peer, name, password);
    browser = page.browser;
    return status;
  }
  /// Strangers from many addresses, as many wrong passwords as they get.
  int guess_from_everywhere(const std::string& name) {
    Page page = open();
    int tried = 0;
    for (int n = 100; n < 150; ++n) tried += attempt(page, address(n), name, "wrong one") == 403;
    return tried;
  }
  static constexpr std::string_view right = "correct horse";
};

TEST_F(PasswordTries, AttackOneAddressGuesses) {
  Page page = open();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempt(page, address(1), "ada", "wrong one"), 403);
  EXPECT_EQ(attempt(page, address(1), "ada", right), 429) << "nor would the right one be told";
  EXPECT_EQ(attempt(page, address(1), "bob", "battery staple"), 429) << "an address is one guesser for all names";
  // For one name it gets the same few in an hour, however slowly it asks.
  int tried = 3;
  for (int minute = 0; minute < 9; ++minute) {
    clock->advance(60s);
    page = open();
    for (int i = 0; i < 3; ++i) tried += attempt(page, address(1), "ada", "wrong one") == 403;
  }
  EXPECT_EQ(tried, 4);
}

TEST_F(PasswordTries, AttackManyGuessesAtTheSameMoment) {
  // As slow as real ones: all would be on their way before the first has failed.
  ASSERT_TRUE(add_user(*core->store, "carol", right, "{}", now(), ScryptCost(14, 8, 1)));
  const Page page = open();
  const auto guess = [&] {
    Request request = post("/sign-in",
                           {{"state", page.state},
                            {"token", page.token},
                            {"username", "carol"},
                            {"password", "wrong one"},
                            {"sign_in", "yes"}},
                           page.browser);
    request.peer = address(1);
    return answer_sign_in(*core, request, now()).status;
  };
  std::vector<std::future<int>> guesses;
  for (int i = 0; i < 8; ++i) guesses.push_back(std::async(std::launch::async, guess));
  std::map<int, int> answers;
  for (auto& one : guesses) ++answers[one.get()];
  EXPECT_EQ(answers, (std::map<int, int>{{403, 3}, {429, 5}}));
}

TEST_F(PasswordTries, ARightPasswordCountsNothing) {
  for (int i = 0; i < 5; ++i) {
    Browser stranger;
    EXPECT_EQ(sign_in(address(1), stranger), 200) << i;
  }
}

TEST_F(PasswordTries, ARestartForgetsNothing) {
  Page page = open();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempt(page, address(1), "ada", "wrong one"), 403);
  core->limits = std::make_unique<RateLimits>(core->options.limits_, core->store);
  EXPECT_EQ(attempt(page, address(1), "ada", right), 429);
  core->limits = std::make_unique<RateLimits>(core->options.limits_);
  EXPECT_EQ(attempt(page, address(1), "ada", right), 200) << "nor is it known by anything else";
}

TEST_F(PasswordTries, AttackOneAddressLocksNobodyOut) {
  for (int minute = 0; minute < 60; ++minute) {
    Page page = open();
    for (int i = 0; i < 4; ++i) attempt(page, address(1), "ada", "wrong one");
    clock->advance(60s);
  }
  Browser browser;
  EXPECT_EQ(sign_in(address(2), browser), 200);
}

TEST_F(PasswordTries, AttackManyAddressesGuessOneName) {
  EXPECT_EQ(guess_from_everywhere("ada"), 20);
  Browser browser;
  EXPECT_EQ(sign_in(address(2), browser), 429);
  EXPECT_EQ(sign_in(address(2), browser, "bob", "battery staple"), 200) << "others are not concerned";
  // It comes back steadily: 20 an hour.
  clock->advance(180s);
  Browser other;
  EXPECT_EQ(sign_in(address(2), other), 200);
  // A name that nobody has reads the same.
  for (int n = 0; n < 20; ++n) {
    Request request = post("/sign-in", {}, {});
    request.peer = address(n);
    PasswordTry(*core, request, "nobody", now()).take();
  }
  Page page = open();
  EXPECT_EQ(attempt(page, address(90), "nobody", right), 429);
}

TEST_F(PasswordTries, AttackManyAddressesLockOutNobodyWhoSignedInBefore) {
  Browser known;
  ASSERT_EQ(sign_in(address(2), known), 200);
  const int guessed = guess_from_everywhere("ada");
  EXPECT_GE(guessed, 19);
  Page neighbour = open();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempt(neighbour, address(2), "zoe", "wrong one"), 403);
  Browser unknown;
  EXPECT_EQ(sign_in(address(3), unknown), 429) << "the name is over its limit";
  EXPECT_EQ(sign_in(address(2), unknown, "bob", "battery staple"), 429) << "and the address over its own";
  EXPECT_EQ(sign_in(address(2), known), 200) << "not for her, not here";
  EXPECT_EQ(sign_in(address(4), known), 200);
}

TEST_F(PasswordTries, AttackTheKnownBrowserGuessesToo) {
  Browser known;
  ASSERT_EQ(sign_in(address(2), known), 200);
  Page page = open(known);
  int tried = 0;
  for (int n = 10; n < 30; ++n) tried += attempt(page, address(n), "ada", "wrong one") == 403;
  EXPECT_EQ(tried, 4) << "from whatever address";
  EXPECT_EQ(attempt(page, address(40), "ada", right), 429);
  // What is tried there uses up nothing of others.
  EXPECT_EQ(guess_from_everywhere("ada"), 20);
  // And for another name the browser is like any other.
  page = open(known);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempt(page, address(50), "bob", "wrong one"), 403);
  EXPECT_EQ(attempt(page, address(50), "bob", "battery staple"), 429);
}

TEST_F(PasswordTries, AttackACookieThatIsMadeUpTakenOrOld) {
  Browser known;
  ASSERT_EQ(sign_in(address(2), known), 200);
  ASSERT_EQ(known.jar.size(), 1U);
  const auto [name, value] = *known.jar.begin();
  const auto whose = [&](const std::string& cookie_name, const std::string& cookie_value, const std::string& person) {
    Browser browser;
    browser.jar[cookie_name] = cookie_value;
    return known_browser(*core, get("/sign-in", "", browser), person, now());
  };
  EXPECT_FALSE(whose(name, value, "ada").empty());
  EXPECT_TRUE(whose(name, value, "bob").empty());
  EXPECT_TRUE(whose(name, "x" + value, "ada").empty());
  EXPECT_TRUE(whose(name, "", "ada").empty());
  EXPECT_TRUE(whose(name, std::string(5000, 'A'), "ada").empty());
  const std::string of_bob = known_browser_cookie(*core, "bob", now());
  const std::string bobs_name = of_bob.substr(0, of_bob.find('='));
  EXPECT_NE(bobs_name, name);
  EXPECT_TRUE(whose(bobs_name, value, "bob").empty()) << "another person's, under the right name";
  clock->advance(24h * 90);
  EXPECT_TRUE(whose(name, value, "ada").empty());
}

}  // namespace
}  // namespace leanmcp::as
