#include <leanmcp/auth/introspection.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/user_lookup.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

class IntrospectionProvider final : public JwtProvider {
 public:
  IntrospectionProvider(IntrospectionOptions options, Fetcher fetcher)
      : JwtProvider(ProviderBase(options), std::move(fetcher)), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    if (!is_provider_url(options_.endpoint))
      return Error("INTROSPECTION_URL must be an https URL; it is '" + options_.endpoint + "'");
    if (options_.client_id.empty() || options_.client_secret.empty())
      return Error(
          "INTROSPECTION_CLIENT_ID or INTROSPECTION_CLIENT_SECRET is not set; the endpoint must know who asks");
    if (options_.audience_.empty() && options_.allowed.empty())
      return Error("INTROSPECTION_AUDIENCE is not set (nor INTROSPECTION_CLIENTS): a token for anyone would do");
    if (!options_.userinfo_url.empty() && !is_provider_url(options_.userinfo_url))
      return Error("INTROSPECTION_USERINFO_URL '" + options_.userinfo_url + "' is no https URL");
    return {};
  }

  std::vector<std::string> authorization_servers() const override {
    return options_.issuer_.empty() ? std::vector<std::string>() : std::vector<std::string>{options_.issuer_};
  }

  std::string refuse(const Jws&, const json::object&, TimePoint) const override { return {}; }
  bool takes_opaque(std::string_view) const override { return true; }
  bool looks_up_tokens_of(std::string_view issuer) const override {
    return !options_.issuer_.empty() && issuer == options_.issuer_;
  }

  void look_up_token(const std::string& token, PrincipalDone done) override {
    ClientRequest request =
        detail::form_request(options_.endpoint, {{"token", token}, {"token_type_hint", "access_token"}});
    detail::with_basic(request, options_.client_id, options_.client_secret.reveal());
    fetcher()(std::move(request), [this, self = shared_from_this(),
                                   done = std::move(done)](const HttpClient::Outcome& got) { done(read(got)); });
  }

  Result<Principal, AuthFault> read(const HttpClient::Outcome& got) const {
    const auto invalid = [](std::string why) { return AuthFault(AuthCode::invalid_token, std::move(why)); };
    const auto body = detail::object_of(got);
    if (!got || got->status != 200 || !body) return detail::unavailable_to_us("the token cannot be introspected", got);
    // RFC 7662, section 2.2: `active` is a boolean and the one required member.
    const json::value* const active = body->if_contains("active");
    if (!active || !active->is_bool()) return detail::unavailable("the introspection's answer has no `active`", got);
    if (!active->get_bool()) return invalid("not active");
    const auto now = unix_seconds(base().clock_->now());
    if (const auto exp = claim_number(*body, "exp"); exp && *exp <= now) return invalid("expired");
    if (const auto nbf = claim_number(*body, "nbf"); nbf && *nbf > now + base().clock_skew.count())
      return invalid("not valid yet");
    const std::string issuer = claim_text(*body, "iss");
    if (!options_.issuer_.empty() && !issuer.empty() && issuer != options_.issuer_) return invalid("wrong issuer");
    if (!options_.audience_.empty() && !has_audience(*body, options_.audience_))
      return invalid("aud " + detail::audiences(*body) + " lacks INTROSPECTION_AUDIENCE");
    const auto& clients = options_.allowed;
    if (!clients.empty() && std::find(clients.begin(), clients.end(), client_of(*body)) == clients.end())
      return invalid("issued to a client that is not allowed");
    Principal who = principal(*body);
    if (who.key().empty()) return invalid("the token names no subject");
    return who;
  }

  bool has_profile(const Principal&, const json::object& claims) const override {
    return options_.userinfo_url.empty() || leanmcp::has_profile(claims);
  }

  void look_up_user(const Principal& principal, const std::string& token, UserDone done) override {
    detail::look_up_userinfo(fetcher(), options_.userinfo_url, principal, token, &user_from_claims, std::move(done));
  }

  const IntrospectionOptions options_;
};

}  // namespace

std::shared_ptr<AuthProvider> introspection(IntrospectionOptions options, Fetcher fetcher) {
  return std::make_shared<IntrospectionProvider>(std::move(options), std::move(fetcher));
}
std::shared_ptr<AuthProvider> introspection(IntrospectionOptions options, std::shared_ptr<HttpClient> http) {
  return introspection(std::move(options), fetcher_of(std::move(http)));
}

}  // namespace leanmcp::inline v0
