#include <leanmcp/auth/okta.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/user_lookup.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

class OktaProvider final : public JwtProvider {
 public:
  OktaProvider(OktaOptions options, Fetcher fetcher)
      : JwtProvider(ProviderBase(options), std::move(fetcher)), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    const std::string& issuer = options_.issuer_;
    if (!is_provider_url(issuer)) return Error("OKTA_ISSUER must be an https URL; it is '" + issuer + "'");
    if (issuer.find("/oauth2/") == std::string::npos)
      return Error("OKTA_ISSUER is '" + issuer +
                   "', the org authorization server, whose tokens only Okta may read: use a custom authorization "
                   "server, such as " +
                   issuer + "/oauth2/default");
    if (options_.audience_.empty())
      return Error("OKTA_AUDIENCE is not set; it is the audience of the authorization server, such as api://default");
    trust(issuer, issuer + "/v1/keys");
    return {};
  }

  std::string keys_setting() const override { return "OKTA_ISSUER"; }

  std::string explain(TokenFault fault, const json::object& claims) const override {
    const std::string issuer = claim_text(claims, "iss");
    if (fault == TokenFault::wrong_issuer && issuer.find("/oauth2/") == std::string::npos &&
        options_.issuer_.starts_with(issuer + "/"))
      return "org-server token: use a custom authorization server";
    return fault == TokenFault::wrong_issuer ? "'" + issuer + "' is not OKTA_ISSUER" : "";
  }

  std::string refuse(const Jws&, const json::object& claims, TimePoint) const override {
    if (!has_audience(claims, options_.audience_)) return "aud " + detail::audiences(claims) + " lacks OKTA_AUDIENCE";
    const auto& clients = options_.allowed;
    if (!clients.empty() && std::find(clients.begin(), clients.end(), claim_text(claims, "cid")) == clients.end())
      return "cid " + claim_text(claims, "cid") + " is not in OKTA_CLIENTS";
    if (!claims.contains("cid")) return "no cid: an ID token?";
    return {};
  }

  Principal::Fields describe(const json::object& claims) const override {
    auto fields = principal_fields(base().provider_name, claims);
    const std::string uid = claim_text(claims, "uid");
    fields.machine = uid.empty();
    if (!uid.empty()) fields.id = uid;
    return fields;
  }

  bool has_profile(const Principal&, const json::object& claims) const override { return claims.contains("email"); }

  void look_up_user(const Principal& principal, const std::string& token, UserDone done) override {
    detail::look_up_userinfo(fetcher(), options_.issuer_ + "/v1/userinfo", principal, token, &user_from_claims,
                             std::move(done));
  }

  void look_up_refresh(const RefreshRequest& request, TokensDone done) override {
    if (options_.client_id.empty())
      return done(AuthFault(AuthCode::verification_failed, "OKTA_CLIENT_ID is not set: it is needed to refresh"));
    fetcher()(
        detail::refresh_form(options_.issuer_ + "/v1/token", request, options_.client_id, options_.client_secret, true),
        [done = std::move(done)](const HttpClient::Outcome& got) { done(detail::read_token_answer(got)); });
  }

  const OktaOptions options_;
};

}  // namespace

std::shared_ptr<AuthProvider> okta(OktaOptions options, Fetcher fetcher) {
  return std::make_shared<OktaProvider>(std::move(options), std::move(fetcher));
}
std::shared_ptr<AuthProvider> okta(OktaOptions options, std::shared_ptr<HttpClient> http) {
  return okta(std::move(options), fetcher_of(std::move(http)));
}

}  // namespace leanmcp::inline v0
