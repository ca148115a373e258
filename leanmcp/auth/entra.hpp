#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Microsoft Entra ID: access tokens for an API of yours, version 2, and version 1 where allowed. A person is the `oid`
/// (with several tenants `tid:oid`), never `sub`, which differs from app to app. Over 200 groups the token has none.
/// The profile is what the token says, since the rest is Graph's, for which it is no token: `AuthUser` has an email
/// where the API's optional claim `email` is configured, else none.
class EntraOptions : public ProviderOptions<EntraOptions> {
 public:
  EntraOptions() { provider_name = "entra"; }
  /// The tenant's id (a GUID), or `common` or `organizations` together with `tenants`.
  EntraOptions& tenant(std::string id) { return tenant_ = std::move(id), *this; }
  /// With `common` or `organizations`: the tenants whose people may come.
  EntraOptions& tenants(std::vector<std::string> ids) {
    return allowed_tenants = detail::without_empty(std::move(ids)), *this;
  }
  /// The API's client id. `api://<client id>` counts too.
  EntraOptions& client_id(std::string id) { return client_id_ = std::move(id), *this; }
  EntraOptions& client_secret(Secret secret) { return client_secret_ = std::move(secret), *this; }
  /// An App ID URI of another form.
  EntraOptions& app_id_uri(std::string uri) { return uri_ = std::move(uri), *this; }
  /// Takes version 1 tokens too (`requestedAccessTokenVersion` null or 1).
  EntraOptions& allow_v1(bool yes = true) { return v1 = yes, *this; }
  /// Other hosts than Microsoft's: for national clouds and tests.
  EntraOptions& authority(std::string url) { return authority_ = std::move(url), *this; }
  EntraOptions& v1_authority(std::string url) { return v1_authority_ = std::move(url), *this; }

  std::string tenant_;
  std::vector<std::string> allowed_tenants;
  std::string client_id_;
  Secret client_secret_;
  std::string uri_;
  bool v1 = false;
  std::string authority_ = "https://login.microsoftonline.com";
  std::string v1_authority_ = "https://sts.windows.net";
};

std::shared_ptr<AuthProvider> entra(EntraOptions options, std::shared_ptr<HttpClient> http);
std::shared_ptr<AuthProvider> entra(EntraOptions options, Fetcher fetcher);

}  // namespace leanmcp::inline v0
