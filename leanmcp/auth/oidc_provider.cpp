#include <leanmcp/auth/oidc.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/user_lookup.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

class OidcProvider final : public JwtProvider {
 public:
  OidcProvider(OidcOptions options, Fetcher fetcher)
      : JwtProvider(ProviderBase(options), std::move(fetcher)), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    if (options_.audience.empty()) return Error("OIDC_AUDIENCE is empty: a token for anyone would do");
    auto document = detail::discover(fetcher(), options_.issuer, "OIDC_ISSUER");
    if (!document) return document.error();
    const std::string keys = claim_text(*document, "jwks_uri");
    if (!is_provider_url(keys))
      return Error("OIDC_ISSUER: the jwks_uri '" + keys + "' in the discovery document of " + options_.issuer +
                   " is no https URL");
    userinfo_ = claim_text(*document, "userinfo_endpoint");
    token_endpoint_ = claim_text(*document, "token_endpoint");
    for (const auto& url : {userinfo_, token_endpoint_}) {
      if (!url.empty() && !is_provider_url(url))
        return Error("OIDC_ISSUER: '" + url + "' in the discovery document of " + options_.issuer + " is no https URL");
    }
    const auto methods = claim_list(*document, "token_endpoint_auth_methods_supported");
    // Basic is what a provider does that says nothing (OpenID Connect Discovery 1.0, section 3).
    basic_ = methods.empty() || std::find(methods.begin(), methods.end(), "client_secret_basic") != methods.end();
    accept_algorithms(options_.accepted);
    trust(options_.issuer, keys);
    return {};
  }

  std::string keys_setting() const override { return "OIDC_ISSUER"; }

  std::string refuse(const Jws&, const json::object& claims, TimePoint) const override {
    if (!has_audience(claims, options_.audience))
      return "aud " + detail::audiences(claims) + " lacks " + options_.audience + " (OIDC_AUDIENCE)";
    const auto& clients = options_.allowed_clients;
    if (!clients.empty() && std::find(clients.begin(), clients.end(), client_of(claims)) == clients.end())
      return "issued to a client that is not allowed";
    return {};
  }

  bool has_profile(const Principal&, const json::object& claims) const override {
    return userinfo_.empty() || leanmcp::has_profile(claims);
  }

  void look_up_user(const Principal& principal, const std::string& token, UserDone done) override {
    detail::look_up_userinfo(fetcher(), userinfo_, principal, token, &user_from_claims, std::move(done));
  }

  void look_up_refresh(const RefreshRequest& request, TokensDone done) override {
    if (token_endpoint_.empty() || options_.client_id.empty())
      return done(AuthFault(AuthCode::verification_failed, "no token endpoint or OIDC_CLIENT_ID to refresh with"));
    fetcher()(detail::refresh_form(token_endpoint_, request, options_.client_id, options_.client_secret, basic_),
              [done = std::move(done)](const HttpClient::Outcome& got) { done(detail::read_token_answer(got)); });
  }

  const OidcOptions options_;
  std::string userinfo_;
  std::string token_endpoint_;
  bool basic_ = true;
};

}  // namespace

std::shared_ptr<AuthProvider> oidc(OidcOptions options, Fetcher fetcher) {
  return std::make_shared<OidcProvider>(std::move(options), std::move(fetcher));
}
std::shared_ptr<AuthProvider> oidc(OidcOptions options, std::shared_ptr<HttpClient> http) {
  return oidc(std::move(options), fetcher_of(std::move(http)));
}

}  // namespace leanmcp::inline v0
