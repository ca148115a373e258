#include <leanmcp/auth/github.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/user_lookup.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

ClientRequest github_request(ClientRequest request) {
  request.headers[0].second = "application/vnd.github+json";
  request.headers.emplace_back("X-GitHub-Api-Version", "2022-11-28");
  return request;
}

class GithubProvider final : public JwtProvider {
 public:
  GithubProvider(GithubOptions options, Fetcher fetcher)
      : JwtProvider(ProviderBase(options), std::move(fetcher)), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    if (options_.client_id_.empty() || options_.client_id_.find_first_of("/ ?#") != std::string::npos)
      return Error("GITHUB_CLIENT_ID is not set; it is your app's client id");
    if (options_.client_secret_.empty())
      return Error(
          "GITHUB_CLIENT_SECRET is not set; without it nobody can tell whether a token was issued to your app");
    api_ = detail::without_slash(options_.api_url_);
    web_ = detail::without_slash(options_.web_url_);
    if (!is_provider_url(api_) || !is_provider_url(web_)) return Error("GITHUB_API_URL '" + api_ + "' is no https URL");
    return {};
  }

  std::vector<std::string> authorization_servers() const override { return {web_ + "/login/oauth"}; }

  std::string refuse(const Jws&, const json::object&, TimePoint) const override { return "not GitHub's"; }

  bool takes_opaque(std::string_view token) const override {
    return (token.starts_with("gho_") || token.starts_with("ghu_")) && token.size() <= 256;
  }

  bool has_our_form(std::string_view token) const override {
    // The kinds of tokens that it never takes too, personal ones above all.
    return token.starts_with("github_pat_") || (token.starts_with("gh") && token.size() > 4 && token[3] == '_');
  }

  void look_up_token(const std::string& token, PrincipalDone done) override {
    json::object body;
    body["access_token"] = token;
    ClientRequest request =
        github_request(detail::json_request(api_ + "/applications/" + options_.client_id_ + "/token", json_text(body)));
    detail::with_basic(request, options_.client_id_, options_.client_secret_.reveal());
    fetcher()(std::move(request), [this, self = shared_from_this(),
                                   done = std::move(done)](const HttpClient::Outcome& got) { done(read_token(got)); });
  }

  Result<Principal, AuthFault> read_token(const HttpClient::Outcome& got) const {
    if (got && (got->status == 404 || got->status == 422))
      return AuthFault(AuthCode::invalid_token, "token not issued to this app");
    const auto body = detail::object_of(got);
    if (!got || got->status != 200 || !body) return detail::unavailable_to_us("GitHub cannot check the token", got);
    const json::object* const user = claim_object(*body, "user");
    const json::object* const app = claim_object(*body, "app");
    if (!app || claim_text(*app, "client_id") != options_.client_id_)
      return AuthFault(AuthCode::invalid_token, "token not issued to this app");
    const auto id = user ? claim_number(*user, "id") : std::nullopt;
    if (!id) return AuthFault(AuthCode::invalid_token, "the token is nobody's");
    json::object claims;
    claims["sub"] = std::to_string(*id);
    claims["login"] = claim_text(*user, "login");
    claims["picture"] = claim_text(*user, "avatar_url");
    claims["client_id"] = options_.client_id_;
    json::array scopes;
    for (const auto& scope : claim_list(*body, "scopes")) scopes.emplace_back(scope);
    claims["scope"] = std::move(scopes);
    return principal(claims);
  }

  bool has_profile(const Principal&, const json::object& claims) const override { return claims.contains("email"); }

  AuthUser shape_user(const Principal& principal, const json::object& claims) const override {
    AuthUser user = user_from_claims(principal, claims);
    user.username = claim_text(claims, "login");
    return user;
  }

  void look_up_user(const Principal& principal, const std::string& token, UserDone done) override {
    ClientRequest request = github_request(detail::get_request(api_ + "/user"));
    detail::with_bearer(request, token);
    fetcher()(std::move(request), [this, self = shared_from_this(), principal, token,
                                   done = std::move(done)](const HttpClient::Outcome& got) {
      if (got && got->status == 401) return done(AuthFault(AuthCode::invalid_token, "GitHub refuses the token"));
      const auto body = detail::object_of(got);
      const auto id = body ? claim_number(*body, "id") : std::nullopt;
      if (!got || got->status != 200 || !id || std::to_string(*id) != principal.id())
        return done(detail::unavailable("the profile cannot be fetched from GitHub", got));
      json::object profile;
      for (const char* name : {"name", "login", "email"})
        if (std::string text = claim_text(*body, name); !text.empty()) profile[name] = text;
      profile["picture"] = claim_text(*body, "avatar_url");
      if (profile.contains("email") || !principal.has_scope("user:email"))
        return done(std::make_shared<const AuthUser>(shape_user(principal, detail::merged_claims(principal, profile))));
      look_up_email(principal, token, std::move(profile), done);
    });
  }

  void look_up_email(const Principal& principal, const std::string& token, json::object profile, UserDone done) {
    ClientRequest request = github_request(detail::get_request(api_ + "/user/emails"));
    detail::with_bearer(request, token);
    fetcher()(std::move(request), [this, self = shared_from_this(), principal, profile = std::move(profile),
                                   done = std::move(done)](const HttpClient::Outcome& got) {
      boost::system::error_code failed;
      const json::value list = got && got->status == 200 ? json::parse(got->body, failed) : json::value();
      if (failed || !list.is_array())
        return done(detail::unavailable("the address cannot be fetched from GitHub", got));
      json::object all = profile;
      for (const json::value& item : list.get_array()) {
        const json::object* const address = item.if_object();
        if (!address || claim_flag(*address, "primary") != true) continue;
        all["email"] = claim_text(*address, "email");
        all["email_verified"] = claim_flag(*address, "verified").value_or(false);
      }
      done(std::make_shared<const AuthUser>(shape_user(principal, detail::merged_claims(principal, all))));
    });
  }

  void look_up_refresh(const RefreshRequest& request, TokensDone done) override {
    fetcher()(detail::refresh_form(web_ + "/login/oauth/access_token", request, options_.client_id_,
                                   options_.client_secret_, false),
              [done = std::move(done)](const HttpClient::Outcome& got) {
                const auto body = detail::object_of(got);
                // GitHub says 200 to a refusal too.
                if (body && claim_text(*body, "error") == "bad_refresh_token")
                  return done(AuthFault(AuthCode::invalid_token, "bad_refresh_token"));
                done(detail::read_token_answer(got));
              });
  }

  const GithubOptions options_;
  std::string api_;
  std::string web_;
};

}  // namespace

std::shared_ptr<AuthProvider> github(GithubOptions options, Fetcher fetcher) {
  return std::make_shared<GithubProvider>(std::move(options), std::move(fetcher));
}
std::shared_ptr<AuthProvider> github(GithubOptions options, std::shared_ptr<HttpClient> http) {
  return github(std::move(options), fetcher_of(std::move(http)));
}

}  // namespace leanmcp::inline v0
