// Providers that speak OpenID Connect, each with what is particular about it.

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/oauth/server/oidc_upstream.hpp>
#include <leanmcp/oauth/server/upstreams.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {
namespace as {

namespace {

constexpr std::string_view place = "{tenantid}";

bool is_guid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = std::string_view("0123456789abcdefABCDEF").find(text[i]) != std::string_view::npos;
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return true;
}

class GoogleUpstream final : public OidcUpstream {
 public:
  GoogleUpstream(std::string issuer_url, UpstreamOptions given)
      : OidcUpstream(std::move(issuer_url), std::move(given)) {
    // Revoking one token takes all of the person's from this client.
    use_revocation = false;
  }

 private:
  std::vector<std::string> issuers_for(const json::object&) const override {
    // Google writes it with and without the scheme.
    const auto colon = provider_issuer.find("://");
    return {provider_issuer, provider_issuer.substr(colon + 3)};
  }
};

class MicrosoftUpstream final : public OidcUpstream {
 public:
  MicrosoftUpstream(const std::string& base, std::string tenant, std::vector<std::string> allowed,
                    UpstreamOptions given)
      : OidcUpstream({}, std::move(given)), tenant_(std::move(tenant)), allowed_(std::move(allowed)) {
    many_ = tenant_ == "common" || tenant_ == "organizations";
    template_ = base + "/" + std::string(place) + "/v2.0";
    provider_issuer = many_ ? template_ : filled_in(template_, tenant_);
    discovery_url = base + "/" + tenant_ + "/v2.0/.well-known/openid-configuration";
    // Microsoft's userinfo is Graph's, and adds nothing.
    use_userinfo = false;
  }

 private:
  static std::string filled_in(std::string text, const std::string& tenant) {
    const auto at = text.find(place);
    return at == std::string::npos ? text : text.replace(at, place.size(), tenant);
  }

  Result<void> configure() override {
    if (!many_ && !is_guid(tenant_)) return Error("the tenant must be its id, a GUID; it is '" + tenant_ + "'");
    if (many_ && allowed_.empty())
      return Error("the tenant is '" + tenant_ + "' and no tenants are allowed: people of every company could come");
    for (const std::string& one : allowed_)
      if (!is_guid(one)) return Error("'" + one + "' among the allowed tenants is no tenant id");
    auto configured = OidcUpstream::configure();
    // With many tenants the metadata's issuer is a pattern; there is nothing to compare an answer's `iss` with.
    if (many_) issuer.clear(), server.names_issuer = false;
    return configured;
  }

  std::vector<std::string> issuers_for(const json::object& unverified) const override {
    const std::string tenant = claim_text(unverified, "tid");
    const bool fits = many_ ? std::find(allowed_.begin(), allowed_.end(), tenant) != allowed_.end() : tenant == tenant_;
    if (!fits) return {};
    return {filled_in(template_, tenant)};
  }

  bool key_may_sign(const json::object& claims, std::string_view key_issuer) const override {
    // Keys of several kinds of tenants are published together; each says whose tokens it may sign.
    if (key_issuer.empty()) return !many_;
    const std::string tenant = claim_text(claims, "tid");
    return filled_in(std::string(key_issuer), tenant) == filled_in(template_, tenant);
  }

  std::string id_of(const json::object& claims) const override {
    // `sub` differs from app to app; `oid` is the same everywhere in the tenant.
    const std::string oid = stable_id(claims, "oid");
    return oid.empty() ? std::string() : claim_text(claims, "tid") + ":" + oid;
  }

  std::string tenant_;
  std::vector<std::string> allowed_;
  std::string template_;
  bool many_ = false;
};

class SlackUpstream final : public OidcUpstream {
 public:
  using OidcUpstream::OidcUpstream;

 private:
  std::string id_of(const json::object& claims) const override {
    const std::string team = stable_id(claims, "https://slack.com/team_id");
    const std::string user = stable_id(claims, "https://slack.com/user_id");
    return team.empty() || user.empty() ? std::string() : team + ":" + user;
  }
  bool is_dead_token(std::string_view error) const override {
    return error == "invalid_refresh_token" || error == "token_revoked" || error == "token_expired";
  }
};

class Auth0Upstream final : public OidcUpstream {
 public:
  Auth0Upstream(std::string issuer_url, UpstreamOptions given) : OidcUpstream(std::move(issuer_url), std::move(given)) {
    // By default revoking a refresh token takes the person's whole grant to this client.
    use_revocation = false;
  }
};

}  // namespace

}  // namespace as

std::shared_ptr<Upstream> google_upstream(UpstreamOptions options) {
  const std::string issuer = options.base.empty() ? "https://accounts.google.com" : options.base;
  if (options.parameters.empty()) {
    // The two ways in which Google says "and a refresh token".
    options.parameter("access_type", "offline");
    options.parameter("prompt", "consent");
  }
  return std::make_shared<as::GoogleUpstream>(issuer, as::filled(std::move(options), "google", "Google"));
}

std::shared_ptr<Upstream> microsoft_upstream(std::string tenant, UpstreamOptions options,
                                             std::vector<std::string> allowed_tenants) {
  const std::string base =
      options.base.empty() ? "https://login.microsoftonline.com" : detail::without_slash(options.base);
  return std::make_shared<as::MicrosoftUpstream>(
      base, std::move(tenant), std::move(allowed_tenants),
      as::filled(std::move(options), "microsoft", "Microsoft", {"openid", "profile", "email", "offline_access"}));
}

std::shared_ptr<Upstream> gitlab_upstream(UpstreamOptions options) {
  const std::string issuer = options.base.empty() ? "https://gitlab.com" : detail::without_slash(options.base);
  return std::make_shared<as::OidcUpstream>(issuer, as::filled(std::move(options), "gitlab", "GitLab"));
}

std::shared_ptr<Upstream> slack_upstream(UpstreamOptions options) {
  const std::string issuer = options.base.empty() ? "https://slack.com" : options.base;
  if (!options.method_) options.authentication(ClientAuthentication::post);
  return std::make_shared<as::SlackUpstream>(issuer, as::filled(std::move(options), "slack", "Slack"));
}

std::shared_ptr<Upstream> clerk_upstream(std::string frontend_api, UpstreamOptions options) {
  const std::string issuer = options.base.empty() ? "https://" + detail::trimmed_host(std::move(frontend_api))
                                                  : detail::without_slash(options.base);
  return std::make_shared<as::OidcUpstream>(issuer, as::filled(std::move(options), "clerk", "your account",
                                                               {"openid", "profile", "email", "offline_access"}));
}

std::shared_ptr<Upstream> cognito_upstream(std::string user_pool_id, UpstreamOptions options) {
  const std::string region = user_pool_id.substr(0, user_pool_id.find('_'));
  const std::string host =
      options.base.empty() ? "https://cognito-idp." + region + ".amazonaws.com" : detail::without_slash(options.base);
  return std::make_shared<as::OidcUpstream>(host + "/" + user_pool_id,
                                            as::filled(std::move(options), "cognito", "your account"));
}

std::shared_ptr<Upstream> auth0_upstream(std::string domain, UpstreamOptions options) {
  const std::string host =
      options.base.empty() ? "https://" + detail::trimmed_host(std::move(domain)) : detail::without_slash(options.base);
  // Its issuer ends in a slash.
  return std::make_shared<as::Auth0Upstream>(host + "/", as::filled(std::move(options), "auth0", "your account",
                                                                    {"openid", "profile", "email", "offline_access"}));
}

}  // namespace leanmcp::inline v0
