#include "config.hpp"

#include <leanmcp/http/client.hpp>
#include <leanmcp/oauth/server/upstreams.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <mutex>

using namespace leanmcp;

namespace {

std::string setting(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  return value ? value : "";
}

std::string setting_or(std::string_view name, std::string otherwise) {
  std::string value = setting(name);
  return value.empty() ? std::move(otherwise) : value;
}

std::string need(const char* name, const char* what) {
  std::string value = setting(name);
  if (value.empty()) stop(std::string(name) + " is not set; it is " + what);
  return value;
}

bool flag(const char* name) {
  const std::string value = setting(name);
  if (value.empty() || value == "0" || value == "false") return false;
  if (value == "1" || value == "true") return true;
  stop(std::string(name) + " is neither 0 nor 1");
}

int number(const char* name, int least, int most, int otherwise) {
  const std::string text = setting(name);
  if (text.empty()) return otherwise;
  int value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || value < least || value > most)
    stop(std::string(name) + " must be a number from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

std::vector<std::string> list(std::string_view name) {
  std::vector<std::string> out;
  const std::string text = setting(name);
  for (std::size_t at = 0; at < text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    std::string item = text.substr(at, comma - at);
    while (item.starts_with(' ')) item.erase(0, 1);
    while (item.ends_with(' ')) item.pop_back();
    if (!item.empty()) out.push_back(std::move(item));
    at = comma + 1;
  }
  return out;
}

template <class T, class E>
T value_or_stop(Result<T, E> result, const std::string& what) {
  if (result) return std::move(*result);
  if constexpr (std::is_same_v<E, Error>) {
    stop(what + ": " + result.error().message());
  } else {
    stop(what + ": " + std::string(to_string(result.error().cause)) + ": " + result.error().detail);
  }
}

/// Where people sign in: one of the presets, or any provider by its URLs.
std::shared_ptr<Upstream> upstream_from_environment(const std::shared_ptr<HttpClient>& http) {
  const std::string kind = setting("UPSTREAM");
  if (kind.empty()) return nullptr;
  UpstreamOptions options(need("UPSTREAM_CLIENT_ID", "the id of this server as a client of the provider"),
                          Secret(need("UPSTREAM_CLIENT_SECRET", "the secret that goes with UPSTREAM_CLIENT_ID")));
  options.http(http);
  if (const std::string name = setting("UPSTREAM_NAME"); !name.empty()) options.name(name);
  if (const std::string label = setting("UPSTREAM_LABEL"); !label.empty()) options.label(label);
  if (const std::string base = setting("UPSTREAM_BASE_URL"); !base.empty()) options.at(base);
  if (const auto scopes = list("UPSTREAM_SCOPES"); !scopes.empty()) options.scopes(scopes);
  if (const std::string again = setting("UPSTREAM_SIGN_IN_AGAIN"); !again.empty()) {
    const auto equals = again.find('=');
    if (equals == std::string::npos || equals == 0) stop("UPSTREAM_SIGN_IN_AGAIN is no name=value, as in prompt=login");
    options.signs_in_again_by(again.substr(0, equals), again.substr(equals + 1));
  }
  if (kind == "google") return google_upstream(options);
  if (kind == "github") return github_upstream(options);
  if (kind == "gitlab") return gitlab_upstream(options);
  if (kind == "slack") return slack_upstream(options);
  if (kind == "discord") return discord_upstream(options);
  if (kind == "microsoft")
    return microsoft_upstream(need("UPSTREAM_TENANT", "the id of your Entra tenant"), options,
                              list("UPSTREAM_ALLOWED_TENANTS"));
  if (kind == "clerk")
    return clerk_upstream(need("UPSTREAM_DOMAIN", "the frontend API of your Clerk instance"), options);
  if (kind == "cognito") return cognito_upstream(need("UPSTREAM_USER_POOL", "the id of the user pool"), options);
  if (kind == "auth0") return auth0_upstream(need("UPSTREAM_DOMAIN", "the domain of your Auth0 tenant"), options);
  if (kind == "oidc") {
    options.name(setting_or("UPSTREAM_NAME", "oidc"));
    return oidc_upstream(need("UPSTREAM_ISSUER", "the issuer of your OpenID provider"), options);
  }
  if (kind == "oauth") {
    options.name(setting_or("UPSTREAM_NAME", "oauth"));
    OAuthEndpoints endpoints(need("UPSTREAM_AUTHORIZE_URL", "the provider's authorization endpoint"),
                             need("UPSTREAM_TOKEN_URL", "the provider's token endpoint"),
                             need("UPSTREAM_USERINFO_URL", "where the provider says who somebody is"));
    endpoints.id(setting_or("UPSTREAM_ID_MEMBER", "id")).revocation(setting("UPSTREAM_REVOCATION_URL"));
    return oauth_upstream(endpoints, options);
  }
  stop("UPSTREAM is " + kind +
       "; it must be google, github, gitlab, slack, discord, microsoft, clerk, cognito, auth0, oidc or oauth");
}

/// `SCOPES` is `name=What it allows, …`; those in `DEFAULT_SCOPES`, or all, are given where none is asked for.
void add_apis(OAuthServerOptions& options) {
  const auto resources = list("RESOURCES");
  if (resources.empty()) stop("RESOURCES is not set; it is the URL of your MCP server, or several with commas");
  const auto defaults = list("DEFAULT_SCOPES");
  const std::string introspector = setting("INTROSPECTION_CLIENT_ID");
  for (const std::string& resource : resources) {
    ProtectedApi api(resource);
    for (const std::string& entry : list("SCOPES")) {
      const auto equals = std::min(entry.find('='), entry.size());
      const std::string name = entry.substr(0, equals);
      const std::string meaning = equals < entry.size() ? entry.substr(equals + 1) : name;
      // Who somebody is is only told to clients that ask.
      const bool listed = std::find(defaults.begin(), defaults.end(), name) != defaults.end();
      api.scope(name, meaning, defaults.empty() ? name != "openid" && name != "profile" && name != "email" : listed);
    }
    if (!introspector.empty())
      api.introspected_by(introspector, Secret(need("INTROSPECTION_CLIENT_SECRET",
                                                    "the secret that goes with INTROSPECTION_CLIENT_ID")));
    options.protects(std::move(api));
  }
}

void add_clients(OAuthServerOptions& options) {
  const std::string registration = setting_or("REGISTRATION", "open");
  if (registration == "open") {
    options.registration(Registration::open);
  } else if (registration == "token") {
    options.initial_access_token(
        Secret(need("INITIAL_ACCESS_TOKEN", "what a client must show to be registered (REGISTRATION=token)")));
  } else if (registration != "off") {
    stop("REGISTRATION is " + registration + "; it must be open, token or off");
  }
  options.client_management(flag("CLIENT_MANAGEMENT")).stateless_registration(flag("STATELESS_REGISTRATION"));
  options.loopback_documents(flag("LOOPBACK_CLIENT_DOCUMENTS"));
  if (const std::string file = setting("CLIENTS_FILE"); !file.empty()) {
    for (ConfiguredClient& client : value_or_stop(read_clients(file), "CLIENTS_FILE"))
      options.client(std::move(client));
  }
  if (const std::string file = setting("TRUSTED_ISSUERS_FILE"); !file.empty()) {
    for (TrustedIssuer& issuer : value_or_stop(read_trusted_issuers(file), "TRUSTED_ISSUERS_FILE"))
      options.trust(std::move(issuer));
  }
}

}  // namespace

void stop(const std::string& why) {
  std::cerr << "authorization-server: " << why << '\n';
  std::exit(2);
}

Config read_config(int argc, char** argv) {
  CLI::App app(
      "An OAuth authorization server for MCP clients in front of your identity provider. Settings come from "
      "the environment; docs/guides/oauth-server.md has them all.");
  auto port = static_cast<std::uint16_t>(number("PORT", 1, 65535, 8080));
  app.add_option("--port", port, "Port to listen on");
  bool quiet = false;
  app.add_flag("--quiet", quiet, "Log warnings and errors only");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  const auto mutex = std::make_shared<std::mutex>();
  const Logger log(
      [mutex](LogLevel, std::string_view line) {
        const std::lock_guard lock(*mutex);
        std::cerr << line << std::endl;
      },
      quiet ? LogLevel::warning : LogLevel::info);

  OAuthServerOptions options(setting_or("ISSUER", "http://127.0.0.1:" + std::to_string(port)));
  options.logger(log);
  options.keys(value_or_stop(
      KeyRing::parse(need("LEANMCP_STATE_KEYS", "the key that seals what is stored: 32 random bytes as base64url")),
      "LEANMCP_STATE_KEYS"));
  add_apis(options);
  options.own_users(flag("OWN_USERS"));
  HttpClientOptions way_out;
  way_out.total_timeout = std::chrono::seconds(10);
  way_out.ca_file = setting("CA_FILE");
  way_out.proxy = setting("OUTBOUND_PROXY");
  const auto http_client = std::make_shared<HttpClient>(way_out);
  options.http(http_client);
  if (auto upstream = upstream_from_environment(http_client)) options.upstream(std::move(upstream));
  if (!options.own_users_ && options.upstreams_.empty())
    stop(
        "UPSTREAM is not set; it is where people sign in: google, github, oidc, … (or OWN_USERS=1 for users of its "
        "own)");
  add_clients(options);
  const std::string algorithm = setting_or("SIGNING_ALGORITHM", "ES256");
  const auto known = jws_algorithm(algorithm);
  if (known != JwsAlgorithm::es256 && known != JwsAlgorithm::rs256)
    stop("SIGNING_ALGORITHM is " + algorithm + "; it must be ES256 or RS256");
  options.signing(*known);
  options.dpop_nonces(flag("DPOP_NONCES"))
      .remember_consent(flag("REMEMBER_CONSENT"))
      .token_exchange(flag("TOKEN_EXCHANGE"));
  options.pushed_requests(true, flag("REQUIRE_PUSHED_REQUESTS"));
  options.client_address_from(setting("CLIENT_ADDRESS_HEADER"));
  auto& limits = options.limits();
  limits.authorize_per_address = number("AUTHORIZATIONS_PER_MINUTE", 0, 1'000'000, limits.authorize_per_address);
  limits.register_per_address = number("REGISTRATIONS_PER_MINUTE", 0, 1'000'000, limits.register_per_address);
  limits.failures_per_address = number("FAILURES_PER_MINUTE", 0, 1'000'000, limits.failures_per_address);
  limits.password_failures_per_name =
      number("PASSWORD_FAILURES_PER_HOUR", 0, 1'000'000, limits.password_failures_per_name);
  limits.token_per_client = number("TOKENS_PER_MINUTE", 0, 1'000'000, limits.token_per_client);
  options.lifetimes().access_token = std::chrono::seconds(number("ACCESS_TOKEN_SECONDS", 1, 3600, 600));

  DatabaseOptions database_options;
  database_options.connections = 16;
  Database database = value_or_stop(
      Database::open(setting_or("DATABASE_URL", "sqlite:authorization-server.db"), database_options), "DATABASE_URL");
  Config config(std::move(options), std::move(database));
  config.log = log;
  config.http.port(port)
      .address(setting_or("ADDRESS", "127.0.0.1"))
      .public_url(config.oauth.issuer_)
      .max_body(64 * 1024)
      .threads(2)
      .logger(log);
  return config;
}
