#include <leanmcp/sandbox/identity.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/password.hpp>
#include <leanmcp/oauth/server/authorization_request.hpp>
#include <leanmcp/oauth/server/pages.hpp>
#include <leanmcp/oauth/server/redirect_uri.hpp>
#include <leanmcp/oauth/server/users.hpp>
#include <leanmcp/sandbox/form_text.hpp>
#include <leanmcp/sandbox/stripe_objects.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>

namespace leanmcp::inline v0::sandbox {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

/// What scripts get tokens for.
constexpr std::string_view scripts_client = "sandbox";
constexpr const char* example_redirects[] = {"http://127.0.0.1/connect/callback", "http://localhost/connect/callback"};
constexpr const char* first_people[] = {"ada", "grace", "alan"};

std::string profile_of(const std::string& name) {
  std::string given = name;
  if (given.front() >= 'a' && given.front() <= 'z') given.front() = static_cast<char>(given.front() - 'a' + 'A');
  const std::string family = name == "ada"     ? "Lovelace"
                             : name == "grace" ? "Hopper"
                             : name == "alan"  ? "Turing"
                                               : "Example";
  const bool is_address = name.find('@') != std::string::npos;
  return json::serialize(json::object{{"name", given + " " + family},
                                      {"preferred_username", name},
                                      {"email", is_address ? name : name + "@example.com"},
                                      {"email_verified", true}});
}

OAuthServerOptions server_options(const IdentityOptions& options) {
  OAuthServerOptions out(options.issuer);
  for (const std::string& audience : options.audiences) {
    as::UriParts url;
    ProtectedApi api(audience);
    if (as::split_uri(audience, url))
      api.label(std::string(url.host) + (url.has_port ? ":" + std::string(url.port) : "") + " (sandbox)");
    api.scope("openid", "Know who you are").scope("profile", "See your name").scope("email", "See your email address");
    for (const std::string& scope : options.scopes) api.scope(scope, "", false);
    out.protects(std::move(api));
  }
  const auto add_client = [&](const std::string& id) {
    ConfiguredClient client(id);
    client.secret(options.client_secret);
    for (const char* const type : {"authorization_code", "refresh_token", "client_credentials"})
      client.grant_type(type);
    for (const char* const uri : example_redirects) client.redirect_uri(uri);
    for (const std::string& uri : options.redirect_uris) client.redirect_uri(uri);
    out.client(std::move(client));
  };
  for (const char* const id : example_clients) add_client(id);
  for (const std::string& id : options.clients) {
    const auto same = [&](const ConfiguredClient& known) { return known.record.client_id == id; };
    if (std::none_of(out.clients_.begin(), out.clients_.end(), same)) add_client(id);
  }
  ConfiguredClient scripts{std::string(scripts_client)};
  scripts.redirect_uri("http://127.0.0.1/callback").redirect_uri("http://localhost/callback");
  out.client(std::move(scripts));
  out.registration(Registration::open).own_users().keys(KeyRing::random()).clock(options.clock);
  out.sign_in_note("Sandbox: everybody here is made up. Sign in as ada, grace or alan; the password is “" +
                   std::string(everybodys_password) + "”.");
  // Who asks is on this machine, and tests ask for hundreds of tokens.
  auto& limits = out.limits();
  limits.register_per_address = limits.token_per_client = limits.failures_per_address = limits.authorize_per_address =
      limits.new_documents_per_address = limits.password_failures_per_name = 0;
  out.lifetimes().access_token = seconds(3600);
  // What went well is no news here.
  const Logger log = options.log;
  return out.logger(Logger([log](LogLevel level, std::string_view line) { log.log(level, line); }, LogLevel::warning));
}

/// Pages of other sites cannot read what is on loopback unless they are let; they are not.
bool from_elsewhere(const std::string& issuer, const Request& request) {
  const std::string_view origin = request.header("origin");
  const std::string_view site = request.header("sec-fetch-site");
  return (!origin.empty() && origin != issuer) || (!site.empty() && site != "none" && site != "same-origin");
}

}  // namespace

Identity::Identity(OAuthServerOptions options, Database database)
    : server_(std::move(options), std::move(database)),
      // At the least cost there is: the password is known.
      password_hash_(hash_password(everybodys_password, ScryptCost(1, 1, 1))) {}

Result<std::unique_ptr<Identity>> Identity::start(IdentityOptions options) {
  as::UriParts issuer;
  if (!as::split_uri(options.issuer, issuer) || issuer.scheme != "http" || !as::is_loopback_name(issuer.host))
    return Error("the sandbox's identity provider is for this machine only, not for \"" + options.issuer + "\"");
  auto database = Database::open("sqlite::memory:");
  if (!database) return Error("the sandbox's database cannot be opened", database.error().detail);
  auto out = std::unique_ptr<Identity>(new Identity(server_options(options), std::move(*database)));
  if (auto ready = out->server_.init(); !ready) return ready.error();
  for (const char* const name : first_people)
    if (auto added = out->person(name); !added) return Error("the sandbox's people cannot be added");
  return out;
}

as::Store::Outcome<as::UserRecord> Identity::person(const std::string& name) {
  const as::Core& core = server_.core();
  auto known = core.store->user(name);
  if (!known) return known.error();
  if (*known) return std::move(**known);
  as::UserRecord user;
  user.username = name;
  // A server for real people takes a random one; here ada of today is the ada of yesterday's database of a service.
  user.subject = name;
  user.password_hash = password_hash_;
  user.profile = profile_of(name);
  user.created = core.options.clock_->now();
  // Somebody else may have been first, with the same.
  if (auto added = core.store->add_user(user); !added) return added.error();
  return user;
}

as::TokenOutcome Identity::tokens_for(const std::string& name, const std::string& audience, const std::string& scope,
                                      std::optional<std::int64_t> expires_in) {
  as::Core& core = server_.core();
  const TimePoint now = core.options.clock_->now();
  const auto client = as::find_client(core, scripts_client, {}, now);
  if (!client) return client.error();
  const auto api = as::find_api(core, audience);
  if (!api) return api.error();
  auto granted = as::grant_scope(core, *client, **api, scope);
  if (!granted) return granted.error();
  const auto user = person(name);
  if (!user) return as::storage_failed(user.error());

  // As if they had just signed in: a code, and at once the tokens for it.
  const std::string verifier = random_id(32);
  as::TransactionRecord asked;
  asked.client_id = client->client_id;
  asked.redirect_uri = client->redirect_uris.front();
  asked.upstream = as::own_users_name;
  asked.scope = std::move(*granted);
  asked.resource = (*api)->resource;
  asked.challenge = base64url_encode(sha256(verifier));
  UpstreamPerson who;
  who.id = user->subject;
  who.profile = user->profile;
  const auto url = as::issue_code(core, asked, as::subject_of(as::own_users_name, who.id), who, now);
  if (!url) return url.error();
  auto form = as::Parameters::parse(url->substr(url->find('?') + 1) + "&code_verifier=" + verifier);
  if (!form) return form.error();
  const as::TokenCall call{std::move(*form), as::AuthenticatedClient{*client, as::ClientMethod::none}, {}, now};
  auto reply = as::grant_authorization_code(core, call);
  if (!reply || !expires_in) return reply;

  as::AccessTokenClaims claims;
  claims.subject = reply->subject;
  claims.client_id = client->client_id;
  claims.audience = reply->resource;
  claims.scope = reply->scope;
  claims.grant_id = reply->grant_id;
  // A token that has expired was issued before it did.
  const bool alive = *expires_in > 0;
  const seconds lifetime(alive ? *expires_in : 60);
  reply->access_token = as::sign_access_token(core, claims, now + seconds(*expires_in) - lifetime, lifetime);
  reply->expires_in = seconds(*expires_in);
  return reply;
}

as::Answer Identity::control(const Request& request) {
  if (from_elsewhere(server_.core().options.issuer_, request))
    return as::oauth_error(403, "access_denied", "Pages of other sites get nothing here.");
  const auto query = parse_form(request.query);
  const std::string name = query ? form_value(*query, "user") : std::string();
  if (!as::is_username(name))
    return as::oauth_error(400, "invalid_request", "user: a name of a-z, 0-9, dots, dashes, underscores and @");
  const std::string wanted = form_value(*query, "expires_in");
  const auto expires_in = parse_integer(wanted);
  constexpr std::int64_t a_year = 31'536'000;
  if (!wanted.empty() && (!expires_in || *expires_in < -a_year || *expires_in > a_year))
    return as::oauth_error(400, "invalid_request", "expires_in: seconds, a year at most");
  const auto reply = tokens_for(name, form_value(*query, "audience"), form_value(*query, "scope"), expires_in);
  if (!reply) return as::to_answer(reply.error());
  if (request.method == "GET")
    return as::Answer(200, "text/plain; charset=utf-8", reply->access_token)
        .with("Cache-Control", "no-store")
        .with("X-Content-Type-Options", "nosniff");
  return as::json_answer(200, json::serialize(json::object{{"access_token", reply->access_token},
                                                           {"token_type", reply->token_type},
                                                           {"expires_in", reply->expires_in.count()},
                                                           {"refresh_token", reply->refresh_token},
                                                           {"id_token", reply->id_token},
                                                           {"scope", reply->scope}}));
}

}  // namespace leanmcp::inline v0::sandbox
