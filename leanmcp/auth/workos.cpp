#include <leanmcp/auth/workos.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/user_lookup.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

class WorkosProvider final : public JwtProvider {
 public:
  WorkosProvider(WorkosOptions options, Fetcher fetcher)
      : JwtProvider(ProviderBase(options), std::move(fetcher)), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    api_ = detail::without_slash(options_.api_url_);
    if (!is_provider_url(api_)) return Error("WORKOS_API_URL '" + api_ + "' is no https URL");
    if (!options_.authkit_.empty()) {
      if (!is_provider_url(options_.authkit_) || options_.authkit_.ends_with('/'))
        return Error("WORKOS_AUTHKIT must be like https://name.authkit.app, without a slash; it is '" +
                     options_.authkit_ + "'");
      if (options_.audience_.empty())
        return Error("WORKOS_AUDIENCE is not set; it is the resource that clients name, or your client id");
      trust(options_.authkit_, options_.authkit_ + "/oauth2/jwks");
      return {};
    }
    const std::string& client = options_.client_id_;
    if (!client.starts_with("client_") || client.find_first_of("/ ?#") != std::string::npos)
      return Error("WORKOS_CLIENT_ID must begin with client_; it is '" + client + "'");
    // The keys are this application's own: a token that they verify is meant for it.
    const std::string keys = api_ + "/sso/jwks/" + client;
    trust(api_, keys);
    trust(api_ + "/user_management/" + client, keys);
    for (const auto& issuer : options_.more_issuers) trust(issuer, keys);
    return {};
  }

  std::string keys_setting() const override {
    return options_.authkit_.empty() ? "WORKOS_CLIENT_ID" : "WORKOS_AUTHKIT";
  }

  std::string explain(TokenFault fault, const json::object& claims) const override {
    return fault == TokenFault::wrong_issuer ? "iss " + claim_text(claims, "iss") + " not in WORKOS_ISSUER" : "";
  }

  std::string refuse(const Jws&, const json::object& claims, TimePoint) const override {
    if (!options_.authkit_.empty()) {
      return has_audience(claims, options_.audience_) ? ""
                                                      : "aud " + detail::audiences(claims) + " lacks WORKOS_AUDIENCE";
    }
    return claim_text(claims, "sid").empty() ? "no sid: not a session's access token" : "";
  }

  Principal::Fields describe(const json::object& claims) const override {
    auto fields = principal_fields(base().provider_name, claims);
    if (fields.roles.empty()) fields.roles = claim_list(claims, "role");
    return fields;
  }

  bool has_profile(const Principal&, const json::object& claims) const override { return claims.contains("email"); }

  void look_up_user(const Principal& principal, const std::string& token, UserDone done) override {
    if (!options_.authkit_.empty())
      return detail::look_up_userinfo(fetcher(), options_.authkit_ + "/oauth2/userinfo", principal, token,
                                      &user_from_claims, std::move(done));
    const std::string& id = principal.subject();
    if (options_.api_key_.empty())
      return done(AuthFault(AuthCode::verification_failed, "no profile claims and WORKOS_API_KEY unset"));
    if (id.empty() ||
        id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != std::string::npos)
      return done(AuthFault(AuthCode::invalid_token, "the subject is no WorkOS user id"));
    ClientRequest request = detail::get_request(api_ + "/user_management/users/" + id);
    detail::with_bearer(request, options_.api_key_.reveal());
    fetcher()(std::move(request), [principal, done = std::move(done)](const HttpClient::Outcome& got) {
      if (got && got->status == 404) return done(AuthFault(AuthCode::invalid_token, "the user is gone"));
      const auto body = detail::object_of(got);
      if (!got || got->status != 200 || !body || claim_text(*body, "id") != principal.subject())
        return done(detail::unavailable_to_us("the profile cannot be fetched from WorkOS", got));
      json::object profile;
      const std::string first = claim_text(*body, "first_name");
      const std::string last = claim_text(*body, "last_name");
      profile["email"] = claim_text(*body, "email");
      if (const auto verified = claim_flag(*body, "email_verified")) profile["email_verified"] = *verified;
      profile["given_name"] = first;
      profile["family_name"] = last;
      profile["name"] = first + (first.empty() || last.empty() ? "" : " ") + last;
      profile["picture"] = claim_text(*body, "profile_picture_url");
      const json::object merged = detail::merged_claims(principal, profile);
      done(std::make_shared<const AuthUser>(user_from_claims(principal, merged)));
    });
  }

  void look_up_refresh(const RefreshRequest& request, TokensDone done) override {
    if (options_.client_id_.empty())
      return done(AuthFault(AuthCode::verification_failed, "WORKOS_CLIENT_ID is not set: it is needed to refresh"));
    const std::string url =
        options_.authkit_.empty() ? api_ + "/user_management/authenticate" : options_.authkit_ + "/oauth2/token";
    fetcher()(detail::refresh_form(url, request, options_.client_id_, options_.api_key_, false),
              [done = std::move(done)](const HttpClient::Outcome& got) { done(detail::read_token_answer(got)); });
  }

  const WorkosOptions options_;
  std::string api_;
};

}  // namespace

std::shared_ptr<AuthProvider> workos(WorkosOptions options, Fetcher fetcher) {
  return std::make_shared<WorkosProvider>(std::move(options), std::move(fetcher));
}
std::shared_ptr<AuthProvider> workos(WorkosOptions options, std::shared_ptr<HttpClient> http) {
  return workos(std::move(options), fetcher_of(std::move(http)));
}

}  // namespace leanmcp::inline v0
