#include <leanmcp/auth/keycloak.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/user_lookup.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

class KeycloakProvider final : public JwtProvider {
 public:
  KeycloakProvider(KeycloakOptions options, Fetcher fetcher)
      : JwtProvider(ProviderBase(options), std::move(fetcher)), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    const std::string url = detail::without_slash(options_.url_);
    if (!is_provider_url(url)) return Error("KEYCLOAK_URL must be an https URL; it is '" + options_.url_ + "'");
    if (options_.realm_.empty() || options_.realm_.find_first_of("/ ?#") != std::string::npos)
      return Error("KEYCLOAK_REALM must be a realm's name; it is '" + options_.realm_ + "'");
    if (options_.audience_.empty())
      return Error("KEYCLOAK_AUDIENCE is not set; it is what an Audience mapper puts into tokens for this server");
    issuer_ = url + "/realms/" + options_.realm_;
    endpoints_ = issuer_ + "/protocol/openid-connect/";
    accept_algorithms(options_.accepted);
    trust(issuer_, endpoints_ + "certs");
    return {};
  }

  std::string keys_setting() const override { return "KEYCLOAK_URL or KEYCLOAK_REALM"; }

  std::string refuse(const Jws&, const json::object& claims, TimePoint) const override {
    const std::string type = claim_text(claims, "typ");
    if (type != "Bearer" && type != "DPoP")
      return "a token of type " + (type.empty() ? "none" : type) + ", not an access token";
    if (!has_audience(claims, options_.audience_))
      return "aud " + detail::audiences(claims) + ": add an Audience mapper for " + options_.audience_;
    const auto& clients = options_.allowed;
    if (!clients.empty() && std::find(clients.begin(), clients.end(), claim_text(claims, "azp")) == clients.end())
      return "azp " + claim_text(claims, "azp") + " is not in KEYCLOAK_CLIENTS";
    if (claim_text(claims, "sub").empty()) return "no sub: the client must request the scope openid";
    return {};
  }

  Principal::Fields describe(const json::object& claims) const override {
    auto fields = principal_fields(base().provider_name, claims);
    fields.roles.clear();
    if (const json::object* const realm = claim_object(claims, "realm_access"))
      fields.roles = claim_list(*realm, "roles");
    if (const json::object* const clients = claim_object(claims, "resource_access")) {
      for (const auto& [name, value] : *clients) {
        const json::object* const access = value.if_object();
        if (!access) continue;
        for (const auto& role : claim_list(*access, "roles")) fields.roles.push_back(std::string(name) + ":" + role);
      }
    }
    fields.machine = claim_text(claims, "preferred_username").starts_with("service-account-");
    return fields;
  }

  AuthUser shape_user(const Principal& principal, const json::object& claims) const override {
    AuthUser user = user_from_claims(principal, claims);
    user.username = claim_text(claims, "preferred_username");
    return user;
  }

  void look_up_user(const Principal& principal, const std::string& token, UserDone done) override {
    const auto shape = [this, self = shared_from_this()](const Principal& who, const json::object& claims) {
      return shape_user(who, claims);
    };
    detail::look_up_userinfo(fetcher(), endpoints_ + "userinfo", principal, token, shape, std::move(done));
  }

  void look_up_refresh(const RefreshRequest& request, TokensDone done) override {
    if (options_.client_id.empty())
      return done(AuthFault(AuthCode::verification_failed, "KEYCLOAK_CLIENT_ID is not set: it is needed to refresh"));
    fetcher()(detail::refresh_form(endpoints_ + "token", request, options_.client_id, options_.client_secret, true),
              [done = std::move(done)](const HttpClient::Outcome& got) { done(detail::read_token_answer(got)); });
  }

  const KeycloakOptions options_;
  std::string issuer_;
  std::string endpoints_;
};

}  // namespace

std::shared_ptr<AuthProvider> keycloak(KeycloakOptions options, Fetcher fetcher) {
  return std::make_shared<KeycloakProvider>(std::move(options), std::move(fetcher));
}
std::shared_ptr<AuthProvider> keycloak(KeycloakOptions options, std::shared_ptr<HttpClient> http) {
  return keycloak(std::move(options), fetcher_of(std::move(http)));
}

}  // namespace leanmcp::inline v0
