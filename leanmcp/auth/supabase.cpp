#include <leanmcp/auth/supabase.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/user_lookup.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

class SupabaseProvider final : public JwtProvider {
 public:
  SupabaseProvider(SupabaseOptions options, Fetcher fetcher)
      : JwtProvider(ProviderBase(options), std::move(fetcher)), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    const std::string url = detail::without_slash(options_.url_);
    if (!is_provider_url(url))
      return Error("SUPABASE_URL must be like https://ref.supabase.co; it is '" + options_.url_ + "'");
    issuer_ = url.ends_with("/auth/v1") ? url : url + "/auth/v1";
    if (!options_.secret_.empty()) {
      auto secret = SymmetricKey::from_bytes(options_.secret_);
      if (!secret) return Error("SUPABASE_JWT_SECRET: " + std::string(to_string(secret.error())));
      accept_algorithms({"HS256", "ES256", "RS256"});
      trust_secret(issuer_, std::move(*secret));
      // A project that is on its way to published keys has both for a while; one with its secret alone publishes none.
      trust(issuer_, issuer_ + "/.well-known/jwks.json", false);
      return {};
    }
    accept_algorithms({"ES256", "RS256"});
    trust(issuer_, issuer_ + "/.well-known/jwks.json");
    return {};
  }

  std::string keys_setting() const override {
    return "SUPABASE_URL (or, in a project with a legacy secret only, SUPABASE_JWT_SECRET)";
  }

  std::string explain(TokenFault fault, const json::object& claims) const override {
    if (fault == TokenFault::wrong_algorithm && options_.secret_.empty())
      return "HS256 token but SUPABASE_JWT_SECRET unset";
    if (fault == TokenFault::wrong_issuer && claim_text(claims, "iss") == "supabase")
      return "an API key (anon or service role), not a person's token";
    return {};
  }

  std::string refuse(const Jws&, const json::object& claims, TimePoint) const override {
    if (!has_audience(claims, "authenticated")) return "aud " + detail::audiences(claims) + " is not authenticated";
    if (claim_text(claims, "role") == "anon" || claim_text(claims, "role") == "service_role")
      return "role " + claim_text(claims, "role") + " is no person's";
    if (claim_flag(claims, "is_anonymous") == true && !options_.anonymous) return "signed in anonymously";
    const std::string client = claim_text(claims, "client_id");
    const auto& clients = options_.clients;
    if (!client.empty() && std::find(clients.begin(), clients.end(), client) == clients.end())
      return "client_id " + client + " is not in SUPABASE_OAUTH_CLIENTS";
    return {};
  }

  Principal::Fields describe(const json::object& claims) const override {
    auto fields = principal_fields(base().provider_name, claims);
    fields.roles = claim_list(claims, "role");
    // Written by the app's server only.
    if (const json::object* const data = claim_object(claims, "app_metadata")) {
      for (auto& role : claim_list(*data, "roles")) fields.roles.push_back(std::move(role));
    }
    fields.machine = false;
    return fields;
  }

  bool has_profile(const Principal&, const json::object& claims) const override { return claims.contains("email"); }

  AuthUser shape_user(const Principal& principal, const json::object& claims) const override {
    json::object shown = claims;
    if (const json::object* const data = claim_object(claims, "user_metadata")) {
      for (const auto& [from, to] : {std::pair("full_name", "name"), std::pair("avatar_url", "picture")})
        if (std::string text = claim_text(*data, from); !text.empty() && !shown.contains(to)) shown[to] = text;
    }
    return user_from_claims(principal, shown);
  }

  void look_up_user(const Principal& principal, const std::string& token, UserDone done) override {
    const auto shape = [this, self = shared_from_this()](const Principal& who, const json::object& claims) {
      return shape_user(who, claims);
    };
    detail::look_up_userinfo(fetcher(), issuer_ + "/oauth/userinfo", principal, token, shape, std::move(done));
  }

  void look_up_refresh(const RefreshRequest& request, TokensDone done) override {
    json::object body;
    body["refresh_token"] = request.token().reveal();
    ClientRequest asked = detail::json_request(issuer_ + "/token?grant_type=refresh_token", json_text(body));
    if (!options_.anon_key_.empty()) asked.headers.emplace_back("apikey", options_.anon_key_);
    fetcher()(std::move(asked), [done = std::move(done)](const HttpClient::Outcome& got) {
      const auto answer = detail::object_of(got);
      const std::string word = answer ? claim_text(*answer, "error_code") : std::string();
      if (word == "refresh_token_not_found" || word == "refresh_token_already_used" || word == "session_expired" ||
          word == "session_not_found" || word == "user_banned")
        return done(AuthFault(AuthCode::invalid_token, word));
      done(detail::read_token_answer(got));
    });
  }

  const SupabaseOptions options_;
  std::string issuer_;
};

}  // namespace

std::shared_ptr<AuthProvider> supabase(SupabaseOptions options, Fetcher fetcher) {
  return std::make_shared<SupabaseProvider>(std::move(options), std::move(fetcher));
}
std::shared_ptr<AuthProvider> supabase(SupabaseOptions options, std::shared_ptr<HttpClient> http) {
  return supabase(std::move(options), fetcher_of(std::move(http)));
}

}  // namespace leanmcp::inline v0
