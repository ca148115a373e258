#include <leanmcp/auth/any_of.hpp>
#include <leanmcp/auth/auth0.hpp>
#include <leanmcp/auth/clerk.hpp>
#include <leanmcp/auth/cognito.hpp>
#include <leanmcp/auth/entra.hpp>
#include <leanmcp/auth/firebase.hpp>
#include <leanmcp/auth/github.hpp>
#include <leanmcp/auth/google.hpp>
#include <leanmcp/auth/introspection.hpp>
#include <leanmcp/auth/keycloak.hpp>
#include <leanmcp/auth/oidc.hpp>
#include <leanmcp/auth/okta.hpp>
#include <leanmcp/auth/supabase.hpp>
#include <leanmcp/auth/workos.hpp>
#include <leanmcp/base/settings.hpp>
#include <leanmcp/crypto/jws_algorithm.hpp>

#include <charconv>

namespace leanmcp::inline v0 {

namespace {

using Made = Result<std::shared_ptr<AuthProvider>>;

/// Reads settings and remembers the first that is missing.
class SettingsReader {
 public:
  SettingsReader(const Settings& settings, std::shared_ptr<HttpClient> http, Logger logger)
      : http(std::move(http)), settings_(settings), logger_(std::move(logger)) {}

  std::string text(std::string_view name) const { return settings_(name); }
  Secret secret(std::string_view name) const { return Secret(settings_(name)); }
  std::vector<std::string> list(std::string_view name) const { return comma_list(settings_(name)); }
  bool flag(std::string_view name) {
    const std::string value = settings_(name);
    const bool yes = value == "1" || value == "true";
    // A rule that is misspelt must not be no rule.
    if (!yes && !value.empty() && value != "0" && value != "false") fail(std::string(name) + " must be 1 or 0");
    return yes;
  }
  std::string need(std::string_view name, std::string_view what) {
    std::string value = settings_(name);
    if (value.empty()) fail(std::string(name) + " is not set; it is " + std::string(what));
    return value;
  }
  template <class Options>
  Options& common(Options& options) {
    options.logger(logger_);
    if (const std::string seconds = settings_("JWKS_COOLDOWN_SECONDS"); !seconds.empty()) {
      int number = 0;
      const auto [end, failed] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), number);
      if (failed != std::errc() || end != seconds.data() + seconds.size() || number < 1 || number > 3600) {
        fail("JWKS_COOLDOWN_SECONDS must be a number from 1 to 3600");
      } else {
        const std::chrono::seconds time(number);
        options.keys.cooldown(time, std::min(time, std::chrono::seconds(10)));
      }
    }
    return options;
  }
  void fail(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
  }
  template <class F>
  Made made(F make) const {
    if (!fault_.empty()) return Error(fault_);
    return make();
  }

  const std::shared_ptr<HttpClient> http;

 private:
  const Settings& settings_;
  const Logger logger_;
  std::string fault_;
};

Made make_clerk(SettingsReader& read) {
  ClerkOptions options;
  read.common(options);
  if (read.text("CLERK_ISSUER").empty() && read.text("CLERK_PUBLISHABLE_KEY").empty())
    options.frontend_api(read.need("CLERK_FRONTEND_API", "your instance's host, such as x-y-12.clerk.accounts.dev"));
  options.frontend_api(read.text("CLERK_FRONTEND_API")).publishable_key(read.text("CLERK_PUBLISHABLE_KEY"));
  options.issuer(read.text("CLERK_ISSUER")).secret_key(read.secret("CLERK_SECRET_KEY"));
  options.jwt_key(read.text("CLERK_JWT_KEY"));
  options.authorized_parties(read.list("CLERK_AUTHORIZED_PARTIES")).audience(read.text("CLERK_AUDIENCE"));
  options.oauth_clients(read.list("CLERK_OAUTH_CLIENTS"));
  options.client(read.text("CLERK_OAUTH_CLIENT_ID"), read.secret("CLERK_OAUTH_CLIENT_SECRET"));
  if (const auto url = read.text("CLERK_API_URL"); !url.empty()) options.api_url(url);
  return read.made([&] { return clerk(std::move(options), read.http); });
}

Made make_cognito(SettingsReader& read) {
  CognitoOptions options;
  read.common(options);
  options.region(read.text("AWS_REGION"));
  options.user_pool_id(read.need("COGNITO_USER_POOL_ID", "the user pool's id, such as eu-west-1_AbCdEf123"));
  for (auto& id : read.list("COGNITO_CLIENT_ID")) options.client_id(std::move(id));
  options.client_secret(read.secret("COGNITO_CLIENT_SECRET")).domain(read.text("COGNITO_DOMAIN"));
  options.resource(read.text("COGNITO_RESOURCE")).issuer(read.text("COGNITO_ISSUER"));
  options.api_url(read.text("COGNITO_API_URL"));
  if (auto uses = read.list("COGNITO_TOKEN_USE"); !uses.empty()) options.token_uses(std::move(uses));
  return read.made([&] { return cognito(std::move(options), read.http); });
}

Made make_auth0(SettingsReader& read) {
  Auth0Options options;
  read.common(options);
  if (read.text("AUTH0_ISSUER").empty())
    options.domain(read.need("AUTH0_DOMAIN", "your tenant's domain, such as tenant.eu.auth0.com"));
  options.issuer(read.text("AUTH0_ISSUER"));
  options.audience(read.need("AUTH0_AUDIENCE", "the identifier of your API in Auth0"));
  options.client_id(read.text("AUTH0_CLIENT_ID")).client_secret(read.secret("AUTH0_CLIENT_SECRET"));
  options.clients(read.list("AUTH0_ALLOWED_CLIENTS")).organization(read.text("AUTH0_ORGANIZATION"));
  options.claims_namespace(read.text("AUTH0_CLAIMS_NAMESPACE"));
  options.access_tokens_only(read.flag("AUTH0_ACCESS_TOKENS_ONLY"));
  return read.made([&] { return auth0(std::move(options), read.http); });
}

Made make_firebase(SettingsReader& read) {
  FirebaseOptions options;
  read.common(options);
  options.project_id(read.need("FIREBASE_PROJECT_ID", "your project's id, not its number"));
  options.api_key(read.secret("FIREBASE_API_KEY")).tenant(read.text("FIREBASE_TENANT"));
  options.issuer(read.text("FIREBASE_ISSUER"));
  if (const auto url = read.text("FIREBASE_JWKS_URL"); !url.empty()) options.jwks_url(url);
  if (const auto url = read.text("FIREBASE_TOKEN_URL"); !url.empty()) options.token_url(url);
  return read.made([&] { return firebase(std::move(options), read.http); });
}

Made make_oidc(SettingsReader& read) {
  std::string issuer = read.need("OIDC_ISSUER", "your provider's issuer URL, exactly as its tokens say it");
  std::string audience = read.need("OIDC_AUDIENCE", "the audience your provider puts into tokens for this server");
  OidcOptions options(std::move(issuer), std::move(audience));
  read.common(options);
  options.client(read.text("OIDC_CLIENT_ID"), read.secret("OIDC_CLIENT_SECRET"));
  options.clients(read.list("OIDC_ALLOWED_CLIENTS"));
  if (auto list = read.list("OIDC_ALGORITHMS"); !list.empty()) {
    for (const auto& name : list)
      if (!jws_algorithm(name)) read.fail("OIDC_ALGORITHMS has '" + name + "'; the names are like RS256 and ES256");
    options.algorithms(std::move(list));
  }
  return read.made([&] { return oidc(std::move(options), read.http); });
}

Made make_keycloak(SettingsReader& read) {
  KeycloakOptions options;
  read.common(options);
  options.url(read.need("KEYCLOAK_URL", "your server's URL, such as https://sso.example.com"));
  options.realm(read.need("KEYCLOAK_REALM", "the realm's name"));
  options.audience(read.need("KEYCLOAK_AUDIENCE", "what an Audience mapper puts into tokens for this server"));
  options.clients(read.list("KEYCLOAK_CLIENTS"));
  options.client(read.text("KEYCLOAK_CLIENT_ID"), read.secret("KEYCLOAK_CLIENT_SECRET"));
  return read.made([&] { return keycloak(std::move(options), read.http); });
}

Made make_okta(SettingsReader& read) {
  OktaOptions options;
  read.common(options);
  options.issuer(
      read.need("OKTA_ISSUER", "the authorization server's issuer, such as https://org.okta.com/oauth2/default"));
  options.audience(read.need("OKTA_AUDIENCE", "the authorization server's audience, such as api://default"));
  options.clients(read.list("OKTA_CLIENTS"));
  options.client(read.text("OKTA_CLIENT_ID"), read.secret("OKTA_CLIENT_SECRET"));
  return read.made([&] { return okta(std::move(options), read.http); });
}

Made make_entra(SettingsReader& read) {
  EntraOptions options;
  read.common(options);
  options.tenant(read.need("AZURE_TENANT_ID", "the tenant's id, a GUID"));
  options.client_id(read.need("AZURE_CLIENT_ID", "the API's application id, a GUID"));
  options.client_secret(read.secret("AZURE_CLIENT_SECRET")).app_id_uri(read.text("AZURE_APP_ID_URI"));
  options.tenants(read.list("AZURE_ALLOWED_TENANTS")).allow_v1(read.flag("AZURE_ALLOW_V1"));
  if (const auto url = read.text("AZURE_AUTHORITY"); !url.empty()) options.authority(url);
  if (const auto url = read.text("AZURE_V1_AUTHORITY"); !url.empty()) options.v1_authority(url);
  return read.made([&] { return entra(std::move(options), read.http); });
}

Made make_workos(SettingsReader& read) {
  WorkosOptions options;
  read.common(options);
  if (read.text("WORKOS_AUTHKIT").empty())
    options.client_id(read.need("WORKOS_CLIENT_ID", "your application's id, client_…"));
  else
    options.client_id(read.text("WORKOS_CLIENT_ID"));
  options.authkit(read.text("WORKOS_AUTHKIT")).audience(read.text("WORKOS_AUDIENCE"));
  options.api_key(read.secret("WORKOS_API_KEY")).issuers(read.list("WORKOS_ISSUER"));
  if (const auto url = read.text("WORKOS_API_URL"); !url.empty()) options.api_url(url);
  return read.made([&] { return workos(std::move(options), read.http); });
}

Made make_supabase(SettingsReader& read) {
  SupabaseOptions options;
  read.common(options);
  options.url(read.need("SUPABASE_URL", "your project's URL, such as https://ref.supabase.co"));
  options.jwt_secret(read.secret("SUPABASE_JWT_SECRET")).anon_key(read.text("SUPABASE_ANON_KEY"));
  options.oauth_clients(read.list("SUPABASE_OAUTH_CLIENTS")).allow_anonymous(read.flag("SUPABASE_ALLOW_ANONYMOUS"));
  return read.made([&] { return supabase(std::move(options), read.http); });
}

Made make_google(SettingsReader& read) {
  GoogleOptions options;
  read.common(options);
  options.client_id(read.need("GOOGLE_CLIENT_ID", "your OAuth client's id"));
  options.client_secret(read.secret("GOOGLE_CLIENT_SECRET")).hosted_domain(read.text("GOOGLE_HOSTED_DOMAIN"));
  if (const auto url = read.text("GOOGLE_ISSUER"); !url.empty()) options.issuer(url);
  if (const auto url = read.text("GOOGLE_API_URL"); !url.empty()) options.api_url(url);
  return read.made([&] { return google(std::move(options), read.http); });
}

Made make_github(SettingsReader& read) {
  GithubOptions options;
  read.common(options);
  options.client_id(read.need("GITHUB_CLIENT_ID", "your app's client id"));
  read.need("GITHUB_CLIENT_SECRET", "your app's client secret");
  options.client_secret(read.secret("GITHUB_CLIENT_SECRET"));
  if (const auto url = read.text("GITHUB_API_URL"); !url.empty()) options.api_url(url);
  if (const auto url = read.text("GITHUB_URL"); !url.empty()) options.web_url(url);
  return read.made([&] { return github(std::move(options), read.http); });
}

Made make_introspection(SettingsReader& read) {
  std::string url = read.need("INTROSPECTION_URL", "your authorization server's introspection endpoint");
  std::string client = read.need("INTROSPECTION_CLIENT_ID", "what this server is called there");
  IntrospectionOptions options(std::move(url), std::move(client), read.secret("INTROSPECTION_CLIENT_SECRET"));
  read.common(options);
  options.audience(read.text("INTROSPECTION_AUDIENCE")).clients(read.list("INTROSPECTION_CLIENTS"));
  options.issuer(read.text("INTROSPECTION_ISSUER")).userinfo(read.text("INTROSPECTION_USERINFO_URL"));
  return read.made([&] { return introspection(std::move(options), read.http); });
}

struct Kind {
  std::string_view name;
  Made (*make)(SettingsReader&);
};
constexpr Kind kinds[] = {
    {"clerk", make_clerk},
    {"cognito", make_cognito},
    {"auth0", make_auth0},
    {"firebase", make_firebase},
    {"oidc", make_oidc},
    {"keycloak", make_keycloak},
    {"okta", make_okta},
    {"entra", make_entra},
    {"workos", make_workos},
    {"supabase", make_supabase},
    {"google", make_google},
    {"github", make_github},
    {"introspection", make_introspection},
};

Made make_one(const std::string& name, const Settings& settings, const std::shared_ptr<HttpClient>& http,
              const Logger& logger) {
  SettingsReader reader(settings, http, logger);
  std::string known;
  for (const Kind& kind : kinds) {
    if (kind.name == name) return kind.make(reader);
    known.append(known.empty() ? "" : ", ").append(kind.name);
  }
  return Error("AUTH_PROVIDER is '" + name + "', which is none of " + known);
}

}  // namespace

Result<std::shared_ptr<AuthProvider>> AuthProvider::from_settings(const Settings& settings,
                                                                  std::shared_ptr<HttpClient> http, Logger logger) {
  const auto names = comma_list(settings("AUTH_PROVIDER"));
  if (names.empty()) return Error("AUTH_PROVIDER is not set; it names your identity provider, such as clerk or oidc");
  std::vector<std::shared_ptr<AuthProvider>> all;
  for (const auto& name : names) {
    auto made = make_one(name, settings, http, logger);
    if (!made) return made.error();
    all.push_back(std::move(*made));
  }
  if (all.size() == 1) return all.front();
  return any_of(std::move(all));
}

Result<std::shared_ptr<AuthProvider>> auth_provider_from(const Settings& settings, std::shared_ptr<HttpClient> http,
                                                         Logger logger) {
  return AuthProvider::from_settings(settings, std::move(http), std::move(logger));
}

}  // namespace leanmcp::inline v0
