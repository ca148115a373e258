#include <leanmcp/auth/google.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/user_lookup.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr long long longest_life = 24 * 3600;

class GoogleProvider final : public JwtProvider {
 public:
  GoogleProvider(GoogleOptions options, Fetcher fetcher)
      : JwtProvider(ProviderBase(options), std::move(fetcher)), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    if (options_.client_id_.empty()) return Error("GOOGLE_CLIENT_ID is not set; it is your OAuth client's id");
    for (const auto& url : {options_.jwks_url_, options_.tokeninfo_url_, options_.userinfo_url_, options_.token_url_})
      if (!is_provider_url(url)) return Error("Google's URL '" + url + "' is no https URL");
    trust(options_.issuer_, options_.jwks_url_);
    // Google writes its issuer with and without the scheme.
    trust(detail::trimmed_host(options_.issuer_), options_.jwks_url_);
    return {};
  }

  std::string keys_setting() const override { return "GOOGLE_API_URL"; }

  std::string refuse(const Jws&, const json::object& claims, TimePoint) const override {
    const auto audience = claim_list(claims, "aud");
    if (audience.size() != 1 || audience.front() != options_.client_id_)
      return "aud " + detail::audiences(claims) + " is not GOOGLE_CLIENT_ID";
    const auto issued = claim_number(claims, "iat");
    const auto expires = claim_number(claims, "exp");
    if (!issued || !expires || *expires - *issued > longest_life) return "lives longer than Google's tokens do";
    return refuse_domain(claims);
  }

  std::string refuse_domain(const json::object& claims) const {
    if (options_.domain_.empty() || claim_text(claims, "hd") == options_.domain_) return {};
    return "hd " + claim_text(claims, "hd") + " is not the hosted domain";
  }

  Principal::Fields describe(const json::object& claims) const override {
    auto fields = principal_fields(base().provider_name, claims);
    fields.organisation = claim_text(claims, "hd");
    // Google answers to the scopes `email` and `profile` with their long names.
    for (const char* const name : {"email", "profile"}) {
      const std::string whole = std::string("https://www.googleapis.com/auth/userinfo.") + name;
      auto& held = fields.scopes;
      if (std::find(held.begin(), held.end(), whole) != held.end() &&
          std::find(held.begin(), held.end(), name) == held.end())
        held.emplace_back(name);
    }
    fields.machine = claim_text(claims, "sub").empty();
    return fields;
  }

  bool has_our_form(std::string_view token) const override { return token.starts_with("ya29."); }
  bool takes_opaque(std::string_view token) const override { return options_.opaque && has_our_form(token); }

  void look_up_token(const std::string& token, PrincipalDone done) override {
    ClientRequest request = detail::form_request(options_.tokeninfo_url_, {{"access_token", token}});
    fetcher()(std::move(request), [this, self = shared_from_this(), done = std::move(done)](
                                      const HttpClient::Outcome& got) { done(read_tokeninfo(got)); });
  }

  Result<Principal, AuthFault> read_tokeninfo(const HttpClient::Outcome& got) const {
    if (got && (got->status == 400 || got->status == 401))
      return AuthFault(AuthCode::invalid_token, "refused by tokeninfo");
    const auto body = detail::object_of(got);
    if (!got || got->status != 200 || !body) return detail::unavailable_to_us("Google cannot check the token", got);
    if (claim_text(*body, "aud") != options_.client_id_)
      return AuthFault(AuthCode::invalid_token, "tokeninfo aud is another client");
    const auto expires = claim_number(*body, "exp");
    if (!expires) return AuthFault(AuthCode::invalid_token, "tokeninfo names no expiry");
    if (*expires <= unix_seconds(base().clock_->now())) return AuthFault(AuthCode::invalid_token, "expired");
    if (!options_.domain_.empty())
      return AuthFault(AuthCode::invalid_token, "an access token does not say its hosted domain: send the ID token");
    json::object claims = *body;
    claims["exp"] = *expires;
    claims["iss"] = options_.issuer_;
    Principal who = principal(claims);
    if (who.key().empty()) return AuthFault(AuthCode::invalid_token, "a token without the scope openid names nobody");
    return who;
  }

  void look_up_user(const Principal& principal, const std::string& token, UserDone done) override {
    detail::look_up_userinfo(fetcher(), options_.userinfo_url_, principal, token, &user_from_claims, std::move(done));
  }

  bool has_profile(const Principal&, const json::object& claims) const override {
    // tokeninfo gives the address and no name.
    return claims.contains("email") && (claims.contains("name") || claims.contains("iat"));
  }

  void look_up_refresh(const RefreshRequest& request, TokensDone done) override {
    fetcher()(detail::refresh_form(options_.token_url_, request, options_.client_id_, options_.client_secret_, false),
              [done = std::move(done)](const HttpClient::Outcome& got) { done(detail::read_token_answer(got)); });
  }

  const GoogleOptions options_;
};

}  // namespace

std::shared_ptr<AuthProvider> google(GoogleOptions options, Fetcher fetcher) {
  return std::make_shared<GoogleProvider>(std::move(options), std::move(fetcher));
}
std::shared_ptr<AuthProvider> google(GoogleOptions options, std::shared_ptr<HttpClient> http) {
  return google(std::move(options), fetcher_of(std::move(http)));
}

}  // namespace leanmcp::inline v0
