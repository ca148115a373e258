#include <leanmcp/auth/firebase.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/provider_http.hpp>
#include <leanmcp/auth/user_lookup.hpp>
#include <leanmcp/json/write.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

class FirebaseProvider final : public JwtProvider {
 public:
  FirebaseProvider(FirebaseOptions options, Fetcher fetcher)
      : JwtProvider(ProviderBase(options), std::move(fetcher)), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    const std::string& project = options_.project;
    if (project.empty()) return Error("FIREBASE_PROJECT_ID is not set; it is the project's id");
    if (project.find_first_not_of("0123456789") == std::string::npos)
      return Error("FIREBASE_PROJECT_ID is the project's number; it must be its id");
    if (project.find_first_of("/ ?#@") != std::string::npos)
      return Error("FIREBASE_PROJECT_ID '" + project + "' is no project id");
    issuer_ = options_.issuer_.empty() ? "https://securetoken.google.com/" + project : options_.issuer_;
    for (const auto& url : {options_.jwks_url_, options_.token_url_})
      if (!is_provider_url(url)) return Error("Firebase's URL '" + url + "' is no https URL");
    trust(issuer_, options_.jwks_url_);
    return {};
  }

  /// Firebase lets nobody authorize: tokens come from its own SDKs, or from a server of ours in front of it.
  std::vector<std::string> authorization_servers() const override { return {}; }

  std::string keys_setting() const override { return "FIREBASE_JWKS_URL"; }

  std::string explain(TokenFault fault, const json::object& claims) const override {
    if (has_identity_toolkit_audience(claims)) return "a custom token; the app must exchange it for an ID token";
    if (fault == TokenFault::wrong_issuer &&
        claim_text(claims, "iss").starts_with("https://session.firebase.google.com/"))
      return "a session cookie; send the ID token";
    if (fault == TokenFault::unknown_key) return "token probably expired";
    if (fault == TokenFault::wrong_algorithm) return "an emulator's or custom token";
    return {};
  }

  static bool has_identity_toolkit_audience(const json::object& claims) {
    const auto list = claim_list(claims, "aud");
    return std::any_of(list.begin(), list.end(),
                       [](const std::string& one) { return one.ends_with(".IdentityToolkit"); });
  }

  std::string refuse(const Jws& jws, const json::object& claims, TimePoint now) const override {
    if (jws.key_id.empty()) return "no kid: a custom token?";
    const auto audience = claim_list(claims, "aud");
    if (audience.size() != 1 || audience.front() != options_.project)
      return "aud " + detail::audiences(claims) + " is not FIREBASE_PROJECT_ID (id, not number)";
    const std::string sub = claim_text(claims, "sub");
    if (sub.empty() || sub.size() > 128) return "sub is empty or too long";
    if (!claims.contains("iat")) return "no iat";
    const auto signed_in = claim_number(claims, "auth_time");
    if (signed_in && *signed_in > unix_seconds(now) + base().clock_skew.count()) return "auth_time is to come";
    if (!options_.tenant_.empty()) {
      const json::object* const firebase = claim_object(claims, "firebase");
      if (!firebase || claim_text(*firebase, "tenant") != options_.tenant_) return "of another tenant";
    }
    return {};
  }

  bool has_profile(const Principal&, const json::object&) const override { return true; }

  AuthUser shape_user(const Principal& principal, const json::object& claims) const override {
    AuthUser user = user_from_claims(principal, claims);
    const json::object* const firebase = claim_object(claims, "firebase");
    json::object shape;
    shape["sub"] = user.sub;
    shape["uid"] = user.sub;
    shape["email"] = text_or_null(user.email);
    shape["email_verified"] = user.email_verified ? json::value(*user.email_verified) : json::value(nullptr);
    shape["name"] = text_or_null(user.name);
    shape["picture"] = text_or_null(user.image_url);
    shape["phone_number"] = text_or_null(claim_text(claims, "phone_number"));
    shape["sign_in_provider"] = text_or_null(firebase ? claim_text(*firebase, "sign_in_provider") : std::string());
    user.json = json_text(shape);
    return user;
  }

  void look_up_refresh(const RefreshRequest& request, TokensDone done) override {
    if (options_.api_key_.empty())
      return done(AuthFault(AuthCode::verification_failed, "FIREBASE_API_KEY is not set: it is needed to refresh"));
    ClientRequest asked = detail::refresh_form(options_.token_url_, request, {}, Secret(), false);
    // In a header and not in the URL, which ends up in logs.
    asked.headers.emplace_back("X-Goog-Api-Key", std::string(options_.api_key_.reveal()));
    fetcher()(std::move(asked), [done = std::move(done)](const HttpClient::Outcome& got) {
      const auto body = detail::object_of(got);
      const json::object* const error = body ? claim_object(*body, "error") : nullptr;
      if (error && got->status == 400) {
        const std::string word = claim_text(*error, "message");
        for (const char* known : {"TOKEN_EXPIRED", "USER_DISABLED", "USER_NOT_FOUND", "INVALID_REFRESH_TOKEN"})
          if (word == known) return done(AuthFault(AuthCode::invalid_token, word));
      }
      if (error) return done(detail::unavailable("Firebase refuses to refresh the tokens", got));
      done(detail::read_token_answer(got));
    });
  }

  const FirebaseOptions options_;
  std::string issuer_;
};

}  // namespace

std::shared_ptr<AuthProvider> firebase(FirebaseOptions options, Fetcher fetcher) {
  return std::make_shared<FirebaseProvider>(std::move(options), std::move(fetcher));
}
std::shared_ptr<AuthProvider> firebase(FirebaseOptions options, std::shared_ptr<HttpClient> http) {
  return firebase(std::move(options), fetcher_of(std::move(http)));
}

}  // namespace leanmcp::inline v0
