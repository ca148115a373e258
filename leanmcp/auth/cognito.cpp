#include <leanmcp/auth/cognito.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/cognito_api.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/user_lookup.hpp>
#include <leanmcp/auth/words.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr const char* user_scope = "aws.cognito.signin.user.admin";

bool all_between(std::string_view text, char first, char last) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return c >= first && c <= last; });
}

/// `eu-west-1`, `us-gov-west-1`.
bool is_region(std::string_view text) {
  if (text.size() < 6 || text.size() > 32 || text[2] != '-' || !all_between(text.substr(0, 2), 'a', 'z')) return false;
  if (!all_between(text.substr(text.size() - 1), '0', '9') || text[text.size() - 2] != '-') return false;
  std::string_view place = text.substr(3, text.size() - 5);
  if (place.starts_with("gov-")) place.remove_prefix(4);
  return !place.empty() && all_between(place, 'a', 'z');
}

/// The part of a user pool's id behind the region.
bool is_pool_name(std::string_view text) {
  return !text.empty() && text.size() <= 55 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

class CognitoProvider final : public JwtProvider {
 public:
  CognitoProvider(CognitoOptions options, Fetcher fetcher)
      : JwtProvider(ProviderBase(options), std::move(fetcher)), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    const std::string& pool = options_.pool;
    const auto underscore = pool.find('_');
    if (underscore == std::string::npos || !is_region(std::string_view(pool).substr(0, underscore)) ||
        !is_pool_name(std::string_view(pool).substr(underscore + 1)))
      return Error("COGNITO_USER_POOL_ID must look like eu-west-1_AbCdEf123; it is '" + pool + "'");
    const std::string region = pool.substr(0, underscore);
    if (!options_.region_.empty() && options_.region_ != region)
      return Error("AWS_REGION: region " + options_.region_ + " does not match pool " + pool);
    if (options_.clients.empty() && options_.resource_.empty())
      return Error("COGNITO_CLIENT_ID is not set; it is the app client's id, the same as your web app's");
    if (options_.uses.empty()) return Error("no token_use is accepted: access, id or both");
    for (const auto& use : options_.uses)
      if (use != "access" && use != "id") return Error("token_use is access or id, not '" + use + "'");
    const std::string suffix = region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
    api_ = options_.api_url_.empty() ? "https://cognito-idp." + region + suffix + "/" : options_.api_url_;
    if (!is_provider_url(api_)) return Error("COGNITO_API_URL '" + api_ + "' is no https URL");
    if (!options_.domain_.empty()) {
      domain_ = options_.domain_.starts_with("http") ? detail::without_slash(options_.domain_)
                                                     : "https://" + detail::trimmed_host(options_.domain_);
      if (!is_provider_url(domain_)) return Error("COGNITO_DOMAIN '" + options_.domain_ + "' is no host");
    }
    const auto keys_of = [](const std::string& issuer) { return issuer + "/.well-known/jwks.json"; };
    if (!options_.issuer_.empty()) {
      if (!is_provider_url(options_.issuer_)) return Error("COGNITO_ISSUER '" + options_.issuer_ + "' is no https URL");
      trust(options_.issuer_, keys_of(options_.issuer_));
      return {};
    }
    const std::string original = "https://cognito-idp." + region + suffix + "/" + pool;
    const std::string updated = "https://issuer-cognito-idp." + region + suffix + "/" + pool;
    trust(original, keys_of(original));
    // A pool has one of the two; keys come from the matching host only.
    trust(updated, keys_of(updated), false);
    return {};
  }

  std::string keys_setting() const override {
    return options_.issuer_.empty() ? "COGNITO_USER_POOL_ID" : "COGNITO_ISSUER";
  }

  std::string explain(TokenFault fault, const json::object& claims) const override {
    if (fault == TokenFault::wrong_issuer)
      return "'" + claim_text(claims, "iss") + "' is not the user pool " + options_.pool + " (COGNITO_USER_POOL_ID)";
    return {};
  }

  std::string refuse(const Jws&, const json::object& claims, TimePoint) const override {
    const std::string use = claim_text(claims, "token_use");
    if (!detail::contains(options_.uses, use))
      return "got token_use=" + (use.empty() ? "none" : use) + ", expected " + options_.uses.front();
    if (use == "id") {
      const auto audience = claim_list(claims, "aud");
      const bool ours = std::any_of(audience.begin(), audience.end(),
                                    [&](const std::string& one) { return detail::contains(options_.clients, one); });
      return ours ? "" : "aud " + detail::audiences(claims) + " is not COGNITO_CLIENT_ID";
    }
    if (!options_.resource_.empty()) {
      return has_audience(claims, options_.resource_) ? ""
                                                      : "aud " + detail::audiences(claims) + " lacks COGNITO_RESOURCE";
    }
    const std::string client = claim_text(claims, "client_id");
    return detail::contains(options_.clients, client) ? "" : "client_id " + client + " is not COGNITO_CLIENT_ID";
  }

  Principal::Fields describe(const json::object& claims) const override {
    auto fields = principal_fields(base().provider_name, claims);
    fields.groups = claim_list(claims, "cognito:groups");
    if (fields.client_id.empty()) {
      const auto audience = claim_list(claims, "aud");
      if (!audience.empty()) fields.client_id = audience.front();
    }
    fields.roles = claim_list(claims, "cognito:roles");
    fields.machine = claim_text(claims, "token_use") == "access" && fields.subject == fields.client_id;
    return fields;
  }

  bool has_profile(const Principal&, const json::object& claims) const override {
    return claim_text(claims, "token_use") == "id" || (claims.contains("email") && claims.contains("email_verified"));
  }

  AuthUser shape_user(const Principal& principal, const json::object& claims) const override {
    AuthUser user = user_from_claims(principal, claims);
    user.username = claim_text(claims, "cognito:username");
    if (user.username.empty()) user.username = claim_text(claims, "username");
    json::object shape;
    shape["sub"] = user.sub;
    shape["email"] = text_or_null(user.email);
    shape["email_verified"] = user.email_verified ? json::value(*user.email_verified) : json::value(nullptr);
    shape["cognito:username"] = text_or_null(user.username);
    json::array groups;
    for (const auto& group : user.groups) groups.emplace_back(group);
    shape["cognito:groups"] = std::move(groups);
    user.json = json_text(shape);
    return user;
  }

  void look_up_user(const Principal& principal, const std::string& token, UserDone done) override {
    const auto shape = [this, self = shared_from_this()](const Principal& who, const json::object& claims) {
      return shape_user(who, claims);
    };
    if (principal.has_scope(user_scope))
      return cognito_get_user(fetcher(), api_, principal, token, shape, std::move(done));
    if (!domain_.empty() && principal.has_scope("openid"))
      return detail::look_up_userinfo(fetcher(), domain_ + "/oauth2/userInfo", principal, token, shape,
                                      std::move(done));
    done(AuthFault(AuthCode::verification_failed, std::string("token lacks ") + user_scope +
                                                      ": send the ID token, or openid+email and COGNITO_DOMAIN"));
  }

  void look_up_refresh(const RefreshRequest& request, TokensDone done) override {
    if (options_.clients.empty()) return done(AuthFault(AuthCode::verification_failed, "COGNITO_CLIENT_ID is not set"));
    const std::string& client = options_.clients.front();
    if (options_.way_ == CognitoRefresh::token_endpoint) {
      if (domain_.empty())
        return done(AuthFault(AuthCode::verification_failed, "the token endpoint needs COGNITO_DOMAIN"));
      fetcher()(detail::refresh_form(domain_ + "/oauth2/token", request, client, options_.secret_, true),
                [done = std::move(done)](const HttpClient::Outcome& got) { done(detail::read_token_answer(got)); });
      return;
    }
    cognito_refresh(fetcher(), api_, options_.way_, request, client, options_.secret_, std::move(done));
  }

  const CognitoOptions options_;
  std::string api_;
  std::string domain_;
};

}  // namespace

std::shared_ptr<AuthProvider> cognito(CognitoOptions options, Fetcher fetcher) {
  return std::make_shared<CognitoProvider>(std::move(options), std::move(fetcher));
}
std::shared_ptr<AuthProvider> cognito(CognitoOptions options, std::shared_ptr<HttpClient> http) {
  return cognito(std::move(options), fetcher_of(std::move(http)));
}

}  // namespace leanmcp::inline v0
