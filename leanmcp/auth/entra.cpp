#include <leanmcp/auth/entra.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/user_lookup.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr const char* graph = "00000003-0000-0000-c000-000000000000";
constexpr const char* place = "{tenantid}";

bool is_guid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

std::string filled(std::string pattern, const std::string& tenant) {
  const auto at = pattern.find(place);
  return at == std::string::npos ? pattern : pattern.replace(at, std::string_view(place).size(), tenant);
}

class EntraProvider final : public JwtProvider {
 public:
  EntraProvider(EntraOptions options, Fetcher fetcher)
      : JwtProvider(ProviderBase(options), std::move(fetcher)), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    many_ = options_.tenant_ == "common" || options_.tenant_ == "organizations";
    if (!many_ && !is_guid(options_.tenant_))
      return Error("AZURE_TENANT_ID must be the tenant's id, a GUID; it is '" + options_.tenant_ + "'");
    if (many_ && options_.allowed_tenants.empty())
      return Error("AZURE_TENANT_ID is '" + options_.tenant_ +
                   "', and no tenants are allowed (AZURE_ALLOWED_TENANTS): people of every company could come");
    for (const auto& tenant : options_.allowed_tenants)
      if (!is_guid(tenant)) return Error("AZURE_ALLOWED_TENANTS has '" + tenant + "', which is no tenant id");
    if (!is_guid(options_.client_id_))
      return Error("AZURE_CLIENT_ID must be the API's application id, a GUID; it is '" + options_.client_id_ + "'");
    authority_ = detail::without_slash(options_.authority_);
    if (!is_provider_url(authority_) || !is_provider_url(options_.v1_authority_))
      return Error("AZURE_AUTHORITY '" + options_.authority_ + "' is no https URL");
    const std::string keys = authority_ + "/" + options_.tenant_ + "/discovery/v2.0/keys";
    const std::string tenant = many_ ? place : options_.tenant_;
    v2_ = authority_ + "/" + place + "/v2.0";
    v1_ = detail::without_slash(options_.v1_authority_) + "/" + place + "/";
    trust(filled(v2_, tenant), keys);
    // Of the templates, the first decides where keys come from; `trusts_issuer` knows both.
    if (!many_ && options_.v1) trust(filled(v1_, tenant), keys);
    return {};
  }

  std::string keys_setting() const override { return "AZURE_TENANT_ID"; }

  bool trusts_issuer(std::string_view issuer, const json::object& claims) const override {
    const std::string tenant = claim_text(claims, "tid");
    if (!many_ || !is_guid(tenant)) return false;
    return issuer == filled(v2_, tenant) || (options_.v1 && issuer == filled(v1_, tenant));
  }

  std::vector<std::string> authorization_servers() const override {
    return {authority_ + "/" + options_.tenant_ + "/v2.0"};
  }

  std::string explain(TokenFault fault, const json::object& claims) const override {
    if (has_audience(claims, graph)) return "aud is Microsoft Graph: request api://{id}/scope";
    if (fault == TokenFault::wrong_issuer && claim_text(claims, "ver") == "1.0" && !options_.v1)
      return "ver 1.0 token: set requestedAccessTokenVersion=2 or allow v1 iss";
    if (fault == TokenFault::wrong_issuer) return "'" + claim_text(claims, "iss") + "' is not of AZURE_TENANT_ID";
    return {};
  }

  std::string refuse_key(const json::object& claims, std::string_view key_issuer) const override {
    // Microsoft publishes keys of several kinds of tenants together; each says whose tokens it may sign.
    if (key_issuer.empty()) return many_ ? "the key does not say whose it is" : "";
    const std::string expected = filled(v2_, claim_text(claims, "tid"));
    return filled(std::string(key_issuer), claim_text(claims, "tid")) == expected ? "" : "a key of another tenant";
  }

  std::string refuse(const Jws&, const json::object& claims, TimePoint) const override {
    const std::string tenant = claim_text(claims, "tid");
    const auto& tenants = options_.allowed_tenants;
    if (many_ ? std::find(tenants.begin(), tenants.end(), tenant) == tenants.end() : tenant != options_.tenant_)
      return "tid " + tenant + " is not allowed";
    if (has_audience(claims, graph)) return "aud is Microsoft Graph: request api://{id}/scope";
    const std::string& id = options_.client_id_;
    if (!has_audience(claims, id) && !has_audience(claims, "api://" + id) && !has_audience(claims, options_.uri_))
      return "aud " + detail::audiences(claims) + " is not AZURE_CLIENT_ID";
    if (claim_text(claims, "oid").empty()) return "no oid";
    // An ID token has this app as audience too, but no scope and no role.
    if (!claims.contains("scp") && !claims.contains("roles")) return "neither scp nor roles: an ID token?";
    return {};
  }

  Principal::Fields describe(const json::object& claims) const override {
    auto fields = principal_fields(base().provider_name, claims);
    const std::string oid = claim_text(claims, "oid");
    fields.organisation = claim_text(claims, "tid");
    fields.id = many_ ? fields.organisation + ":" + oid : oid;
    fields.roles = claim_list(claims, "roles");
    fields.machine = claim_text(claims, "idtyp") == "app" || (!claims.contains("scp") && oid == fields.subject);
    return fields;
  }

  bool has_profile(const Principal&, const json::object&) const override {
    return true;  // the rest is Graph's, for which this token is not
  }

  void look_up_refresh(const RefreshRequest& request, TokensDone done) override {
    if (request.scope().empty())
      return done(AuthFault(AuthCode::verification_failed, "Entra needs the scope again: RefreshRequest::scope"));
    fetcher()(detail::refresh_form(authority_ + "/" + options_.tenant_ + "/oauth2/v2.0/token", request,
                                   options_.client_id_, options_.client_secret_, false),
              [done = std::move(done)](const HttpClient::Outcome& got) { done(detail::read_token_answer(got)); });
  }

  const EntraOptions options_;
  bool many_ = false;
  std::string authority_;
  std::string v2_;
  std::string v1_;
};

}  // namespace

std::shared_ptr<AuthProvider> entra(EntraOptions options, Fetcher fetcher) {
  return std::make_shared<EntraProvider>(std::move(options), std::move(fetcher));
}
std::shared_ptr<AuthProvider> entra(EntraOptions options, std::shared_ptr<HttpClient> http) {
  return entra(std::move(options), fetcher_of(std::move(http)));
}

}  // namespace leanmcp::inline v0
