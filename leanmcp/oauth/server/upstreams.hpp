#pragma once

#include <leanmcp/oauth/server/upstream.hpp>
#include <leanmcp/oauth/server/upstream_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

// Providers to sign people in at. Each gives an `Upstream` for OAuthServerOptions; names and scopes can be changed by
// the options.

/// Any OpenID provider with a discovery document (OpenID Connect Discovery 1.0). `options.name` has to be set. A person
/// is the `sub`.
std::shared_ptr<Upstream> oidc_upstream(std::string issuer, UpstreamOptions options);

/// Where an OAuth 2.0 provider without OpenID Connect is.
class OAuthEndpoints {
 public:
  OAuthEndpoints(std::string authorize, std::string token, std::string userinfo)
      : authorize_url(std::move(authorize)), token_url(std::move(token)), userinfo_url(std::move(userinfo)) {}
  /// Which member of the answer at `userinfo` is the person's id: one that is never given to another, and never
  /// changes; not a login or an address. A JSON pointer for one deeper down. "id" by default.
  OAuthEndpoints& id(std::string member) { return id_member = std::move(member), *this; }
  /// RFC 7009.
  OAuthEndpoints& revocation(std::string url) { return revocation_url = std::move(url), *this; }

  std::string authorize_url;
  std::string token_url;
  std::string userinfo_url;
  std::string id_member = "id";
  std::string revocation_url;
};
/// Any OAuth 2.0 provider. `options.name` has to be set.
std::shared_ptr<Upstream> oauth_upstream(OAuthEndpoints endpoints, UpstreamOptions options);

/// `google`. Asks for offline access.
std::shared_ptr<Upstream> google_upstream(UpstreamOptions options);
/// `github`: OAuth apps and GitHub Apps. A person is the number, never the login. `at` is a GitHub Enterprise Server.
std::shared_ptr<Upstream> github_upstream(UpstreamOptions options);
/// `microsoft`: Entra ID. `tenant` is a GUID, or `common` or `organizations` together with the tenants whose people may
/// come. A person is tenant and `oid`.
std::shared_ptr<Upstream> microsoft_upstream(std::string tenant, UpstreamOptions options,
                                             std::vector<std::string> allowed_tenants = {});
/// `gitlab`: gitlab.com, or `at` a server of one's own.
std::shared_ptr<Upstream> gitlab_upstream(UpstreamOptions options);
/// `slack`: Sign in with Slack (OpenID Connect). A person is workspace and user.
std::shared_ptr<Upstream> slack_upstream(UpstreamOptions options);
/// `discord`.
std::shared_ptr<Upstream> discord_upstream(UpstreamOptions options);
/// `clerk`: an OAuth application of the instance with this frontend API ("x-y-12.clerk.accounts.dev").
std::shared_ptr<Upstream> clerk_upstream(std::string frontend_api, UpstreamOptions options);
/// `cognito`: an app client of the user pool ("eu-west-1_Ab12Cd34E"), with a domain.
std::shared_ptr<Upstream> cognito_upstream(std::string user_pool_id, UpstreamOptions options);
/// `auth0`: the tenant's domain ("example.eu.auth0.com").
std::shared_ptr<Upstream> auth0_upstream(std::string domain, UpstreamOptions options);

}  // namespace leanmcp::inline v0
