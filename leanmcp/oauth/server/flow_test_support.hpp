#pragma once

#include <leanmcp/oauth/client/form.hpp>
#include <leanmcp/oauth/server/core.hpp>
#include <leanmcp/oauth/server/users.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace leanmcp::as {

using namespace std::chrono_literals;

/// A provider that is always there and does what a test says.
class FakeUpstream final : public Upstream {
 public:
  explicit FakeUpstream(std::string id = "github") : id_(std::move(id)) {}
  const std::string& name() const noexcept override { return id_; }
  const std::string& label() const noexcept override { return shown_; }
  std::vector<std::string> scopes() const override { return {"read:user"}; }
  Result<void> init() override { return {}; }
  bool can_sign_in_again() const noexcept override { return can_again; }
  std::string authorization_url(const std::string& redirect_uri, const std::string& state, const Secret& verifier,
                                const std::string& nonce, const SignInWish& wish) const override {
    sent = wish;
    return "https://idp.example/" + id_ + "?" +
           encode_form({{"redirect_uri", redirect_uri},
                        {"state", state},
                        {"verifier", std::string(verifier.reveal())},
                        {"nonce", nonce}});
  }
  Result<UpstreamPerson, UpstreamFault> finish(std::string_view query, const std::string& redirect_uri,
                                               const Secret& verifier, const std::string& nonce, const SignInWish& wish,
                                               TimePoint) override {
    came_back = wish;
    ++exchanges;
    seen_query = query;
    seen_redirect = redirect_uri;
    seen_verifier = verifier.reveal();
    seen_nonce = nonce;
    if (fault) return *fault;
    UpstreamPerson out;
    out.id = person;
    out.profile = R"({"name":"Ada"})";
    out.tokens = tokens;
    out.signed_in = signed_in;
    return out;
  }
  Result<UpstreamTokens, UpstreamFault> refresh(const Secret& token, TimePoint now) override {
    ++refreshes;
    if (refresh_fault) return *refresh_fault;
    UpstreamTokens out;
    out.access_token = Secret("upstream-access-" + std::to_string(refreshes));
    out.refresh_token = Secret(std::string(token.reveal()) + "+");
    out.expires = now + 1h;
    return out;
  }
  void revoke(const UpstreamTokens& gone) override { revoked = gone.access_token.reveal(); }

  std::string person = "4711";
  UpstreamTokens tokens;
  std::optional<UpstreamFault> fault;
  std::optional<UpstreamFault> refresh_fault;
  bool can_again = true;
  std::optional<TimePoint> signed_in;
  mutable SignInWish sent;
  SignInWish came_back;
  std::atomic<int> exchanges = 0;
  std::atomic<int> refreshes = 0;
  std::string seen_query, seen_redirect, seen_verifier, seen_nonce, revoked;

 private:
  std::string id_;
  std::string shown_ = "GitHub";
};

/// Browsers as the endpoints see them, against a server in memory.
class FlowTest : public testing::Test {
 protected:
  static constexpr const char* issuer = "https://as.example";
  static constexpr const char* redirect = "https://app.example/cb";

  FlowTest() : clock(std::make_shared<ManualClock>()) {}

  OAuthServerOptions options(const std::string& at = issuer) {
    OAuthServerOptions out(at);
    upstream = std::make_shared<FakeUpstream>();
    upstream->tokens.access_token = Secret("upstream-access-0");
    ProtectedApi api("https://mcp.example/mcp");
    api.label("Notes").scope("read", "Read your notes").scope("write", "Change your notes", false);
    out.protects(std::move(api)).upstream(upstream).keys(KeyRing::random()).clock(clock);
    ConfiguredClient app("app");
    app.name("Editor").redirect_uri(redirect);
    ConfiguredClient two("two");
    two.name("Two").redirect_uri("https://two.example/a").redirect_uri("https://two.example/b");
    ConfiguredClient native("native");
    native.name("Native").redirect_uri("http://127.0.0.1/cb");
    out.client(std::move(app)).client(std::move(two)).client(std::move(native));
    out.logger(Logger([this](LogLevel, std::string_view line) { log += std::string(line) + "\n"; }));
    out.limits().authorize_per_address = 0;
    return out;
  }
  void start(OAuthServerOptions given) {
    for (const auto& one : given.upstreams_) ASSERT_TRUE(one->init());
    auto made = make_core(std::move(given), *Database::open("sqlite::memory:"));
    ASSERT_TRUE(made) << made.error().message() << made.error().detail();
    core = std::move(*made);
  }
  TimePoint now() const { return clock->now(); }

  using Pairs = FormParameters;
  /// A good authorization request, with some parameters changed; an empty value leaves one out.
  static Pairs request_parameters(const Pairs& changed = {}) {
    Pairs out = {{"response_type", "code"},
                 {"client_id", "app"},
                 {"redirect_uri", redirect},
                 {"state", "s-1"},
                 {"code_challenge", std::string(43, 'c')},
                 {"code_challenge_method", "S256"}};
    for (const auto& [name, value] : changed) {
      const auto had = std::find_if(out.begin(), out.end(), [&](const auto& pair) { return pair.first == name; });
      if (had != out.end()) out.erase(had);
      if (!value.empty()) out.emplace_back(name, value);
    }
    return out;
  }

  /// One browser: its cookies.
  struct Browser {
    std::map<std::string, std::string> jar;
    std::string cookie_header() const {
      std::string out;
      for (const auto& [name, value] : jar) out += (out.empty() ? "" : "; ") + name + "=" + value;
      return out;
    }
    void take(const Answer& answer) {
      for (const auto& [name, value] : answer.headers) {
        if (name != "Set-Cookie") continue;
        const auto equals = value.find('=');
        const std::string key = value.substr(0, equals);
        const std::string content = value.substr(equals + 1, value.find(';') - equals - 1);
        if (value.find("Max-Age=0") != std::string::npos)
          jar.erase(key);
        else
          jar[key] = content;
      }
    }
  };

  Request get(const std::string& path, const std::string& query, const Browser& browser = {},
              const std::string& site = "none") const {
    Request out(HttpMethod::get, path);
    out.query = query;
    out.peer = "192.0.2.1";
    if (!browser.jar.empty()) out.headers.emplace_back("cookie", browser.cookie_header());
    if (!site.empty()) out.headers.emplace_back("sec-fetch-site", site);
    return out;
  }
  Request post(const std::string& path, const Pairs& form, const Browser& browser,
               const std::string& site = "same-origin", const std::string& origin = "null") const {
    Request out(HttpMethod::post, path);
    out.body = encode_form(form);
    out.peer = "192.0.2.1";
    out.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
    if (!browser.jar.empty()) out.headers.emplace_back("cookie", browser.cookie_header());
    if (!site.empty()) out.headers.emplace_back("sec-fetch-site", site);
    if (!origin.empty()) out.headers.emplace_back("origin", origin);
    return out;
  }

  Answer authorize(Browser& browser, const Pairs& changed = {}, const std::string& site = "none") {
    Answer out =
        answer_authorize(*core, get("/authorize", encode_form(request_parameters(changed)), browser, site), now());
    browser.take(out);
    return out;
  }
  Answer consent(Browser& browser, const Pairs& form) {
    Answer out = answer_consent(*core, post("/consent", form, browser), now());
    browser.take(out);
    return out;
  }
  Answer callback(Browser& browser, const std::string& query, const std::string& provider = "github") {
    Answer out = answer_callback(*core, get("/callback/" + provider, query, browser, "cross-site"), provider, now());
    browser.take(out);
    return out;
  }
  /// The way to the provider: authorize, agree. The state that the provider gets.
  std::string depart(Browser& browser, const Pairs& changed = {}, const Pairs& more = {}) {
    const Answer page = authorize(browser, changed);
    EXPECT_EQ(page.status, 200) << page.body;
    Pairs form = {{"request", field(page, "request")}, {"token", field(page, "token")}, {"allow", "github"}};
    form.insert(form.end(), more.begin(), more.end());
    const Answer on = consent(browser, form);
    EXPECT_EQ(on.status, 200) << on.body;
    return query_of(next_url(on))["state"];
  }

  static std::string header(const Answer& answer, std::string_view name) {
    for (const auto& [key, value] : answer.headers)
      if (key == name) return value;
    return {};
  }
  static std::string location(const Answer& answer) { return header(answer, "Location"); }
  static bool sets_cookie(const Answer& answer) { return !header(answer, "Set-Cookie").empty(); }
  /// The value of a hidden field.
  static std::string field(const Answer& answer, const std::string& name) {
    const std::string mark = "name=\"" + name + "\" value=\"";
    const auto at = answer.body.find(mark);
    if (at == std::string::npos) return {};
    const auto begin = at + mark.size();
    return answer.body.substr(begin, answer.body.find('"', begin) - begin);
  }
  /// Where a page goes on to by itself.
  static std::string next_url(const Answer& answer) {
    const std::string mark = "content=\"0;url=";
    const auto at = answer.body.find(mark);
    if (at == std::string::npos) return {};
    const auto begin = at + mark.size();
    std::string url = answer.body.substr(begin, answer.body.find('"', begin) - begin);
    for (auto amp = url.find("&amp;"); amp != std::string::npos; amp = url.find("&amp;")) url.replace(amp, 5, "&");
    return url;
  }
  static std::map<std::string, std::string> query_of(const std::string& url) {
    std::map<std::string, std::string> out;
    const auto mark = url.find('?');
    if (mark == std::string::npos) return out;
    const auto pairs = decode_form(std::string_view(url).substr(mark + 1));
    for (const auto& [name, value] : *pairs) {
      EXPECT_FALSE(out.contains(name)) << name << " is there twice in " << url;
      out[name] = value;
    }
    return out;
  }
  /// The error that a redirect carries to the client; checks what every such answer has.
  static std::string error_at(const Answer& answer, const std::string& redirect_uri = redirect) {
    EXPECT_EQ(answer.status, 303);
    const std::string to = location(answer);
    EXPECT_TRUE(to.starts_with(redirect_uri + "?")) << to;
    auto query = query_of(to);
    EXPECT_EQ(query["iss"], issuer);
    EXPECT_FALSE(query.contains("code"));
    return query["error"];
  }
  /// A page that stops the browser here.
  static void expect_stopped(const Answer& answer, int status) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.content_type, "text/html; charset=utf-8");
    EXPECT_EQ(location(answer), "");
    EXPECT_EQ(next_url(answer), "");
    EXPECT_NE(header(answer, "Content-Security-Policy").find("frame-ancestors 'none'"), std::string::npos);
  }

  std::shared_ptr<ManualClock> clock;
  std::shared_ptr<FakeUpstream> upstream;
  std::unique_ptr<Core> core;
  std::string log;
};

}  // namespace leanmcp::as
