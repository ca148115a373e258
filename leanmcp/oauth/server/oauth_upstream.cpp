// Providers that speak OAuth 2.0 without OpenID Connect: any, GitHub, Discord.

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/oauth/server/code_upstream.hpp>
#include <leanmcp/oauth/server/upstreams.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {
namespace as {

namespace {

/// The first of the members that has a text.
std::string first_text(const json::object& claims, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (std::string text = claim_text(claims, name); !text.empty()) return text;
  return {};
}

void put(json::object& out, std::string_view name, std::string text) {
  if (!text.empty()) out[name] = std::move(text);
}

class OAuthUpstream : public CodeUpstream {
 public:
  OAuthUpstream(OAuthEndpoints endpoints, UpstreamOptions options)
      : CodeUpstream(std::move(options)), endpoints_(std::move(endpoints)) {}

 protected:
  Result<void> configure() override {
    server.authorization_endpoint = endpoints_.authorize_url;
    server.token_endpoint = endpoints_.token_url;
    server.revocation_endpoint = endpoints_.revocation_url;
    if (!options().method_) server.token_auth_methods = {"client_secret_post"};
    if (options().client_secret.empty()) server.token_auth_methods = {"none"};
    for (const std::string* const url : {&endpoints_.userinfo_url, &endpoints_.revocation_url})
      if (!url->empty() && !is_usable_endpoint(*url)) return Error("'" + *url + "' of " + label() + " is no https URL");
    if (endpoints_.userinfo_url.empty()) return Error(label() + ": nothing says who somebody is (userinfo)");
    return {};
  }

  Result<json::object, UpstreamFault> person(const OAuthTokens& tokens, const std::string&, TimePoint) override {
    return get_object(endpoints_.userinfo_url, tokens);
  }

  std::string id_of(const json::object& claims) const override { return stable_id(claims, endpoints_.id_member); }

  json::object profile_of(const json::object& claims) const override {
    json::object out;
    put(out, "name", first_text(claims, {"name", "display_name", "global_name", "login", "username"}));
    put(out, "preferred_username", first_text(claims, {"preferred_username", "login", "username"}));
    put(out, "picture", first_text(claims, {"picture", "avatar_url"}));
    put(out, "email", claim_text(claims, "email"));
    if (out.contains("email"))
      for (const char* const name : {"email_verified", "verified"})
        if (const auto verified = claim_flag(claims, name)) out["email_verified"] = *verified;
    return out;
  }

  const OAuthEndpoints& endpoints() const noexcept { return endpoints_; }

 private:
  const OAuthEndpoints endpoints_;
};

class GithubUpstream final : public OAuthUpstream {
 public:
  GithubUpstream(OAuthEndpoints endpoints, std::string api, UpstreamOptions options)
      : OAuthUpstream(std::move(endpoints), std::move(options)), api_(std::move(api)) {}

 private:
  Result<json::object, UpstreamFault> person(const OAuthTokens& tokens, const std::string&, TimePoint) override {
    const HttpFields fields = {{"Accept", "application/vnd.github+json"}, {"X-GitHub-Api-Version", "2022-11-28"}};
    const HttpClient::Outcome got = get(api_ + "/user", tokens, fields);
    if (!got || got->status >= 500 || got->status == 429) return UpstreamFault::unreachable;
    auto user = detail::object_of(got);
    if (got->status != 200 || !user) return UpstreamFault::malformed;
    // A login can be given up and taken by somebody else: only the number stays.
    if (const json::value* const id = user->if_contains("id"); !id || !id->is_number())
      return UpstreamFault::no_identity;
    // Null for everybody who keeps it private; then it is in a list of its own, where the scope allows that.
    if (claim_text(*user, "email").empty()) add_email(*user, get(api_ + "/user/emails", tokens, fields));
    return std::move(*user);
  }

  static void add_email(json::object& user, const HttpClient::Outcome& got) {
    if (!got || got->status != 200) return;
    ParseLimits limits;
    limits.bytes = detail::most_answer_bytes;
    const auto list = parse_json(got->body, limits);
    if (!list || !list->is_array()) return;
    for (const json::value& entry : list->get_array()) {
      const json::object* const address = entry.if_object();
      if (!address || claim_flag(*address, "primary") != true) continue;
      user["email"] = claim_text(*address, "email");
      user["email_verified"] = claim_flag(*address, "verified").value_or(false);
    }
  }

  bool is_dead_token(std::string_view error) const override { return error == "bad_refresh_token"; }

  void revoke(const UpstreamTokens& tokens) override {
    // "Delete an app token", of this one alone.
    ClientRequest request =
        detail::json_request(api_ + "/applications/" + options().client_id + "/token",
                             json_text(json::object{{"access_token", tokens.access_token.reveal()}}));
    request.method = "DELETE";
    detail::with_basic(request, options().client_id, options().client_secret.reveal());
    http().send(std::move(request), [](const HttpClient::Outcome&) {});
  }

  const std::string api_;
};

class DiscordUpstream final : public OAuthUpstream {
 public:
  using OAuthUpstream::OAuthUpstream;

 private:
  json::object profile_of(const json::object& claims) const override {
    json::object out = OAuthUpstream::profile_of(claims);
    // The name that people chose to be called by; `username` is the handle.
    put(out, "name", claim_text(claims, "global_name"));
    const std::string avatar = claim_text(claims, "avatar");
    if (!avatar.empty()) out["picture"] = "https://cdn.discordapp.com/avatars/" + id_of(claims) + "/" + avatar + ".png";
    return out;
  }
};

}  // namespace

}  // namespace as

std::shared_ptr<Upstream> oauth_upstream(OAuthEndpoints endpoints, UpstreamOptions options) {
  return std::make_shared<as::OAuthUpstream>(std::move(endpoints), std::move(options));
}

std::shared_ptr<Upstream> github_upstream(UpstreamOptions options) {
  const bool own = !options.base.empty();
  const std::string web = own ? detail::without_slash(options.base) : "https://github.com";
  const std::string api = own ? web + "/api/v3" : "https://api.github.com";
  OAuthEndpoints endpoints(web + "/login/oauth/authorize", web + "/login/oauth/access_token", api + "/user");
  return std::make_shared<as::GithubUpstream>(
      std::move(endpoints), api, as::filled(std::move(options), "github", "GitHub", {"read:user", "user:email"}));
}

std::shared_ptr<Upstream> discord_upstream(UpstreamOptions options) {
  const std::string base = options.base.empty() ? "https://discord.com" : detail::without_slash(options.base);
  OAuthEndpoints endpoints(base + "/oauth2/authorize", base + "/api/oauth2/token", base + "/api/users/@me");
  return std::make_shared<as::DiscordUpstream>(
      std::move(endpoints), as::filled(std::move(options), "discord", "Discord", {"identify", "email"}));
}

}  // namespace leanmcp::inline v0
