#include <leanmcp/auth/auth0.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/user_lookup.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

class Auth0Provider final : public JwtProvider {
 public:
  Auth0Provider(Auth0Options options, Fetcher fetcher)
      : JwtProvider(ProviderBase(options), std::move(fetcher)), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    const std::string host = detail::trimmed_host(options_.domain_);
    if (options_.issuer_.empty()) {
      if (host.find('.') == std::string::npos || host.find_first_of("/ ?#@") != std::string::npos)
        return Error("AUTH0_DOMAIN must be a host like tenant.eu.auth0.com; it is '" + options_.domain_ + "'");
      issuer_ = "https://" + host + "/";
    } else {
      issuer_ = options_.issuer_;
    }
    if (!is_provider_url(issuer_) || !issuer_.ends_with('/'))
      return Error("AUTH0_ISSUER must be an https URL that ends in a slash; it is '" + issuer_ + "'");
    if (options_.audience_.empty())
      return Error(
          "AUTH0_AUDIENCE is not set; it is the identifier of your API in Auth0: tokens without it are for anyone");
    if (options_.audience_ == issuer_ + "api/v2/" || options_.audience_ == issuer_ + "userinfo")
      return Error("AUTH0_AUDIENCE is one of Auth0's own APIs; create an API of your own and use its identifier");
    accept_algorithms({"RS256", "PS256"});
    trust(issuer_, issuer_ + ".well-known/jwks.json");
    return {};
  }

  std::string keys_setting() const override { return options_.issuer_.empty() ? "AUTH0_DOMAIN" : "AUTH0_ISSUER"; }

  std::string explain(TokenFault fault, const json::object& claims) const override {
    switch (fault) {
      case TokenFault::not_a_jwt:
        return "opaque token: client did not request audience=" + options_.audience_;
      case TokenFault::wrong_algorithm:
        return "HS256 token: switch the API to RS256";
      case TokenFault::wrong_issuer:
        return "'" + claim_text(claims, "iss") + "' is not " + issuer_ + ": AUTH0_DOMAIN vs custom domain?";
      default:
        return {};
    }
  }

  std::string refuse(const Jws& jws, const json::object& claims, TimePoint) const override {
    if (options_.access_tokens_only_ && !is_type(jws.type, "at+jwt"))
      return "typ '" + jws.type + "' is not at+jwt: choose the RFC 9068 profile for the API in Auth0";
    if (!has_audience(claims, options_.audience_)) return "aud " + detail::audiences(claims) + " lacks AUTH0_AUDIENCE";
    const auto& clients = options_.allowed;
    if (!clients.empty()) {
      std::string client = claim_text(claims, "azp");
      if (client.empty()) client = claim_text(claims, "client_id");
      if (std::find(clients.begin(), clients.end(), client) == clients.end())
        return "issued to the client " + client + ", which is not allowed";
    }
    if (!options_.organization_.empty()) {
      const bool by_id = options_.organization_.starts_with("org_");
      const std::string said = claim_text(claims, by_id ? "org_id" : "org_name");
      if (claim_text(claims, "org_id").empty() || said != options_.organization_)
        return "not of the organization " + options_.organization_;
    }
    return {};
  }

  Principal::Fields describe(const json::object& claims) const override {
    auto fields = principal_fields(base().provider_name, claims);
    // Roles come under a namespace of the app's own; plain `roles` are not Auth0's.
    fields.roles =
        options_.namespace_.empty() ? std::vector<std::string>() : claim_list(claims, options_.namespace_ + "roles");
    fields.machine = fields.subject.ends_with("@clients");
    return fields;
  }

  json::object with_namespace(const json::object& claims) const {
    json::object out = claims;
    if (options_.namespace_.empty()) return out;
    for (const char* name : {"email", "email_verified", "name", "picture"}) {
      const json::value* const value = claims.if_contains(options_.namespace_ + name);
      if (value && !out.contains(name)) out[name] = *value;
    }
    return out;
  }

  bool has_profile(const Principal&, const json::object& claims) const override {
    const json::object all = with_namespace(claims);
    return all.contains("email") && all.contains("name");
  }

  AuthUser shape_user(const Principal& principal, const json::object& claims) const override {
    AuthUser user = user_from_claims(principal, with_namespace(claims));
    user.username = claim_text(claims, "nickname");
    return user;
  }

  void look_up_user(const Principal& principal, const std::string& token, UserDone done) override {
    const auto shape = [this, self = shared_from_this()](const Principal& who, const json::object& claims) {
      return shape_user(who, claims);
    };
    const auto hinted = [done = std::move(done)](Result<std::shared_ptr<const AuthUser>, AuthFault> answer) {
      if (!answer && answer.error().reason.ends_with("(status 429)")) {
        AuthFault fault = answer.error();
        fault.reason = "userinfo 429: add claims with an Action";
        // The free plan allows 5 a minute for one user.
        if (fault.retry_at == 0) fault.retry_after = std::max(fault.retry_after, std::chrono::seconds(12));
        return done(std::move(fault));
      }
      done(std::move(answer));
    };
    detail::look_up_userinfo(fetcher(), issuer_ + "userinfo", principal, token, shape, hinted);
  }

  void look_up_refresh(const RefreshRequest& request, TokensDone done) override {
    if (options_.client_id_.empty())
      return done(AuthFault(AuthCode::verification_failed, "AUTH0_CLIENT_ID is not set: it is needed to refresh"));
    fetcher()(
        detail::refresh_form(issuer_ + "oauth/token", request, options_.client_id_, options_.client_secret_, false),
        [done = std::move(done)](const HttpClient::Outcome& got) { done(detail::read_token_answer(got)); });
  }

  const Auth0Options options_;
  std::string issuer_;
};

}  // namespace

std::shared_ptr<AuthProvider> auth0(Auth0Options options, Fetcher fetcher) {
  return std::make_shared<Auth0Provider>(std::move(options), std::move(fetcher));
}
std::shared_ptr<AuthProvider> auth0(Auth0Options options, std::shared_ptr<HttpClient> http) {
  return auth0(std::move(options), fetcher_of(std::move(http)));
}

}  // namespace leanmcp::inline v0
