#include <leanmcp/auth/clerk.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/clerk_claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/user_lookup.hpp>
#include <leanmcp/auth/words.hpp>
#include <leanmcp/base/encoding.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

/// Ids go into paths of the Backend API.
bool is_plain_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// The host in a publishable key: base64 behind the prefix, ended by a dollar sign.
std::string host_of_key(std::string_view key) {
  for (const std::string_view prefix : {"pk_test_", "pk_live_"}) {
    if (!key.starts_with(prefix)) continue;
    std::string packed(key.substr(prefix.size()));
    while (packed.size() % 4 != 0) packed += '=';
    const auto host = base64_decode(packed);
    if (host && host->ends_with('$')) return host->substr(0, host->size() - 1);
  }
  return {};
}

/// Environment files have one line for a value.
std::string with_line_breaks(std::string_view pem) {
  std::string out;
  for (std::size_t i = 0; i < pem.size(); ++i) {
    const bool escaped = pem[i] == '\\' && i + 1 < pem.size() && pem[i + 1] == 'n';
    out += escaped ? '\n' : pem[i];
    if (escaped) ++i;
  }
  return out;
}

constexpr const char* machine_category = "cl_B7d4PD333AAA";

std::string first_text(const json::object& claims, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (std::string text = claim_text(claims, name); !text.empty()) return text;
  return {};
}

class ClerkProvider final : public JwtProvider {
 public:
  ClerkProvider(ClerkOptions options, Fetcher fetcher)
      : JwtProvider(ProviderBase(options), std::move(fetcher)), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    std::string host = detail::trimmed_host(options_.frontend_api_);
    if (host.empty()) host = host_of_key(options_.publishable_key_);
    if (options_.issuer_.empty()) {
      const bool is_host = host.find('.') != std::string::npos && host.find_first_of("/ ?#@") == std::string::npos;
      // A key that is meant to be published, and yet may be a secret one by mistake: not told.
      if (!is_host && options_.frontend_api_.empty() && !options_.publishable_key_.empty())
        return Error(
            "CLERK_PUBLISHABLE_KEY names no host: it is pk_test_ or pk_live_ and the rest as Clerk's dashboard shows "
            "it");
      if (!is_host)
        return Error("CLERK_FRONTEND_API must be a host like x-y-12.clerk.accounts.dev; it is '" +
                     options_.frontend_api_ + "'");
      issuer_ = "https://" + host;
    } else {
      issuer_ = options_.issuer_;
    }
    if (!is_provider_url(issuer_)) return Error("CLERK_ISSUER '" + issuer_ + "' is no https URL");
    if (!is_provider_url(options_.api_url_)) return Error("CLERK_API_URL '" + options_.api_url_ + "' is no https URL");
    if (options_.parties.empty() && options_.audience_.empty() && options_.clients.empty())
      return Error(
          "CLERK_AUTHORIZED_PARTIES is not set (nor CLERK_AUDIENCE or CLERK_OAUTH_CLIENTS); it is the origins of your "
          "app, such as https://app.example.com: without it a token made for any other site of this Clerk instance "
          "would "
          "do");
    if (const auto key = options_.secret_key_.reveal(); !key.empty() && !key.starts_with("sk_"))
      return Error("CLERK_SECRET_KEY does not begin with sk_: is it the publishable key?");
    api_ = detail::without_slash(options_.api_url_);
    if (options_.jwt_key_.empty()) {
      trust(issuer_, detail::without_slash(issuer_) + "/.well-known/jwks.json");
      return {};
    }
    auto key = PublicKey::from_pem(with_line_breaks(options_.jwt_key_));
    if (!key || !key->fits(JwsAlgorithm::rs256))
      return Error(
          "CLERK_JWT_KEY is no public RSA key in PEM: it begins with -----BEGIN PUBLIC KEY----- and has line breaks, "
          "or \\n for them");
    trust_key(issuer_, std::move(*key));
    return {};
  }

  std::string keys_setting() const override { return options_.issuer_.empty() ? "CLERK_FRONTEND_API" : "CLERK_ISSUER"; }

  std::string explain(TokenFault fault, const json::object& claims) const override {
    if (fault == TokenFault::unknown_key) return "token from another Clerk instance (dev vs prod?)";
    if (fault == TokenFault::bad_signature && !options_.jwt_key_.empty())
      return "not signed by CLERK_JWT_KEY: from another Clerk instance, or its key was rotated";
    if (fault == TokenFault::wrong_issuer)
      return "'" + claim_text(claims, "iss") + "' is not " + issuer_ + " (CLERK_FRONTEND_API)";
    if (fault == TokenFault::not_a_jwt)
      return "an opaque token or API key; CLERK_SECRET_KEY, or an OAuth client with its secret, is needed for oat_ "
             "tokens";
    return {};
  }

  /// `cat` in the header; old tokens have none.
  static std::string category(const Jws& jws) {
    const auto header = claims_of(jws.parts.header);
    return header ? claim_text(*header, "cat") : std::string();
  }

  static bool is_oauth(const Jws& jws, const json::object& claims) {
    return is_type(jws.type, "at+jwt") || claims.contains("client_id") || claim_text(claims, "jti").starts_with("oat_");
  }

  std::string refuse(const Jws& jws, const json::object& claims, TimePoint) const override {
    const std::string sub = claim_text(claims, "sub");
    if (sub.empty()) return "no sub";
    if ((sub.starts_with("mch_") || category(jws) == machine_category) && !options_.machines)
      return "a machine's token; machines are not allowed";
    if (claim_text(claims, "sts") == "pending") return "the session is pending (sts)";
    if (!options_.audience_.empty() && !has_audience(claims, options_.audience_))
      return "aud " + detail::audiences(claims) + " lacks CLERK_AUDIENCE: the client must send it as `resource`";
    if (is_oauth(jws, claims)) return refuse_client(claim_text(claims, "client_id"));
    const std::string azp = claim_text(claims, "azp");
    if (!options_.parties.empty()) {
      if (azp.empty()) return "no azp, and authorized parties are configured";
      if (!detail::contains(options_.parties, azp)) return "azp " + azp + " not in CLERK_AUTHORIZED_PARTIES";
    } else if (options_.audience_.empty()) {
      return "a session token, and CLERK_AUTHORIZED_PARTIES is not set";
    }
    return {};
  }

  std::string refuse_client(const std::string& client) const {
    if (!options_.clients.empty())
      return detail::contains(options_.clients, client) ? "" : "client_id " + client + " not in CLERK_OAUTH_CLIENTS";
    if (options_.audience_.empty()) return "an OAuth token, and neither CLERK_OAUTH_CLIENTS nor CLERK_AUDIENCE is set";
    return {};
  }

  Principal::Fields describe(const json::object& claims) const override {
    auto fields = principal_fields(base().provider_name, claims);
    read_clerk_organisation(claims, fields);
    // azp is an origin in session tokens, no client.
    fields.client_id = claim_text(claims, "client_id");
    fields.machine = fields.subject.starts_with("mch_") || (!fields.client_id.empty() && fields.client_id == fields.id);
    return fields;
  }

  bool has_profile(const Principal&, const json::object& claims) const override { return claims.contains("email"); }

  AuthUser shape_user(const Principal& principal, const json::object& claims) const override {
    AuthUser user = user_from_claims(principal, claims);
    user.first_name = first_text(claims, {"first_name", "firstName", "given_name"});
    user.last_name = first_text(claims, {"last_name", "lastName", "family_name"});
    user.image_url = first_text(claims, {"image_url", "imageUrl", "picture"});
    user.username = first_text(claims, {"username", "preferred_username"});
    if (user.name.empty()) {
      user.name = user.first_name;
      if (!user.last_name.empty()) user.name += (user.name.empty() ? "" : " ") + user.last_name;
    }
    json::object shape;
    shape["sub"] = user.sub;
    shape["userId"] = user.user_id;
    shape["email"] = text_or_null(user.email);
    shape["firstName"] = text_or_null(user.first_name);
    shape["lastName"] = text_or_null(user.last_name);
    shape["imageUrl"] = text_or_null(user.image_url);
    user.json = json_text(shape);
    return user;
  }

  void look_up_user(const Principal& principal, const std::string& token, UserDone done) override {
    const auto shape = [this, self = shared_from_this()](const Principal& who, const json::object& claims) {
      return shape_user(who, claims);
    };
    if (!principal.client_id().empty()) {
      const std::string url = detail::without_slash(issuer_) + "/oauth/userinfo";
      return detail::look_up_userinfo(fetcher(), url, principal, token, shape, std::move(done));
    }
    if (options_.secret_key_.empty())
      return done(AuthFault(AuthCode::verification_failed, "no profile claims and CLERK_SECRET_KEY unset"));
    if (!is_plain_id(principal.subject()))
      return done(AuthFault(AuthCode::invalid_token, "the subject is no Clerk user id"));
    ClientRequest request = detail::get_request(api_ + "/v1/users/" + principal.subject());
    detail::with_bearer(request, options_.secret_key_.reveal());
    request.headers.emplace_back("Clerk-API-Version", "2026-05-12");
    fetcher()(std::move(request), [principal, shape, done = std::move(done)](const HttpClient::Outcome& got) {
      done(read_backend_user(principal, shape, got));
    });
  }

  static Result<std::shared_ptr<const AuthUser>, AuthFault> read_backend_user(const Principal& principal,
                                                                              const detail::ShapeUser& shape,
                                                                              const HttpClient::Outcome& got) {
    if (got && got->status == 404) return AuthFault(AuthCode::invalid_token, "the user is gone");
    if (got && (got->status == 401 || got->status == 403))
      return detail::unavailable("Clerk refuses CLERK_SECRET_KEY", got);
    const auto body = object_of_status_200(got);
    if (!body) return detail::unavailable_to_us("the profile cannot be fetched from Clerk", got);
    if (claim_text(*body, "id") != principal.subject())
      return AuthFault(AuthCode::verification_failed, "Clerk answered with another user");
    if (claim_flag(*body, "banned") == true) return AuthFault(AuthCode::invalid_token, "the user is banned");
    json::object profile;
    for (const char* name : {"first_name", "last_name", "image_url", "username"})
      if (std::string text = claim_text(*body, name); !text.empty()) profile[name] = text;
    // The primary address by its id; the first in the list may be anybody's unverified one.
    const std::string primary = claim_text(*body, "primary_email_address_id");
    const json::value* const list = body->if_contains("email_addresses");
    if (!primary.empty() && list && list->is_array()) {
      for (const json::value& item : list->get_array()) {
        const json::object* const address = item.if_object();
        if (!address || claim_text(*address, "id") != primary) continue;
        profile["email"] = claim_text(*address, "email_address");
        if (const json::object* const verification = claim_object(*address, "verification"))
          profile["email_verified"] = claim_text(*verification, "status") == "verified";
      }
    }
    return std::make_shared<const AuthUser>(shape(principal, detail::merged_claims(principal, profile)));
  }

  static std::optional<json::object> object_of_status_200(const HttpClient::Outcome& got) {
    if (!got || got->status != 200) return std::nullopt;
    return detail::object_of(got);
  }

  bool takes_opaque(std::string_view token) const override {
    return token.starts_with("oat_") && (!options_.secret_key_.empty() || !options_.client_secret.empty());
  }

  bool has_our_form(std::string_view token) const override {
    return token.starts_with("oat_") || token.starts_with("ak_") || token.starts_with("mt_");
  }

  void look_up_token(const std::string& token, PrincipalDone done) override {
    if (options_.secret_key_.empty()) return introspect(token, std::move(done));
    json::object body;
    body["access_token"] = token;
    ClientRequest request = detail::json_request(api_ + "/v1/oauth_applications/access_tokens/verify", json_text(body));
    detail::with_bearer(request, options_.secret_key_.reveal());
    fetcher()(std::move(request), [this, self = shared_from_this(),
                                   done = std::move(done)](const HttpClient::Outcome& got) { done(read_opaque(got)); });
  }

  void introspect(const std::string& token, PrincipalDone done) {
    ClientRequest request = detail::form_request(detail::without_slash(issuer_) + "/oauth/token_info",
                                                 {{"token", token}, {"token_type_hint", "access_token"}});
    detail::with_basic(request, options_.client_id, options_.client_secret.reveal());
    fetcher()(std::move(request), [this, self = shared_from_this(),
                                   done = std::move(done)](const HttpClient::Outcome& got) { done(read_opaque(got)); });
  }

  /// Both answers: that of the Backend API, and an introspection's.
  Result<Principal, AuthFault> read_opaque(const HttpClient::Outcome& got) const {
    if (got && got->status == 404) return AuthFault(AuthCode::invalid_token, "unknown to Clerk");
    const auto body = object_of_status_200(got);
    if (!body) return detail::unavailable_to_us("Clerk cannot check the token", got);
    const bool introspected = !body->contains("subject");
    if (claim_flag(*body, "active") == false || claim_flag(*body, "revoked") == true ||
        claim_flag(*body, "expired") == true || (introspected && claim_flag(*body, "active") != true))
      return AuthFault(AuthCode::invalid_token, "revoked or expired");
    if (!options_.audience_.empty() && !has_audience(*body, options_.audience_))
      return AuthFault(AuthCode::invalid_token, "the token is not for CLERK_AUDIENCE");
    std::string reason = refuse_client(claim_text(*body, "client_id"));
    if (!reason.empty()) return AuthFault(AuthCode::invalid_token, std::move(reason));
    json::object claims = *body;
    claims["iss"] = issuer_;
    if (!introspected) {
      claims["sub"] = claim_text(*body, "subject");
      claims["scope"] = body->contains("scopes") ? body->at("scopes") : json::value(nullptr);
    }
    // Milliseconds in Clerk's code, seconds in its documents.
    if (const auto expiry = claim_number(*body, "expiration")) {
      const long long seconds = *expiry > 100'000'000'000 ? *expiry / 1000 : *expiry;
      claims["exp"] = seconds;
      if (seconds <= unix_seconds(base().clock_->now())) return AuthFault(AuthCode::invalid_token, "expired");
    }
    Principal who = principal(claims);
    if (who.key().empty()) return AuthFault(AuthCode::invalid_token, "the token names no subject");
    if (who.is_machine() && !options_.machines) return AuthFault(AuthCode::invalid_token, "a machine's token");
    return who;
  }

  void look_up_refresh(const RefreshRequest& request, TokensDone done) override {
    if (options_.client_id.empty())
      return done(AuthFault(AuthCode::verification_failed,
                            "Clerk sessions have no refresh token: the frontend mints a new one; for OAuth tokens set "
                            "CLERK_OAUTH_CLIENT_ID"));
    fetcher()(detail::refresh_form(detail::without_slash(issuer_) + "/oauth/token", request, options_.client_id,
                                   options_.client_secret, true),
              [done = std::move(done)](const HttpClient::Outcome& got) { done(detail::read_token_answer(got)); });
  }

  const ClerkOptions options_;
  std::string issuer_;
  std::string api_;
};

}  // namespace

std::shared_ptr<AuthProvider> clerk(ClerkOptions options, Fetcher fetcher) {
  return std::make_shared<ClerkProvider>(std::move(options), std::move(fetcher));
}
std::shared_ptr<AuthProvider> clerk(ClerkOptions options, std::shared_ptr<HttpClient> http) {
  return clerk(std::move(options), fetcher_of(std::move(http)));
}

}  // namespace leanmcp::inline v0
