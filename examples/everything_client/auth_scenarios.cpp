#include "scenarios.hpp"

#include <leanmcp/oauth/client/oauth_client.hpp>

#include <boost/json.hpp>

#include <stdexcept>

using namespace leanmcp;

namespace {

/// Stands for the person and the browser: the suite's authorization servers agree to everything at once and answer with
/// the redirect, so the address is fetched and the redirect read.
class InstantBrowser final : public AuthorizationBrowser {
 public:
  explicit InstantBrowser(std::shared_ptr<HttpClient> http) : http_(std::move(http)) {}

  Task<Result<std::string>> prepare() override {
    co_return Result<std::string>(std::string("http://127.0.0.1:3999/callback"));
  }

  Task<Result<std::string>> visit(std::string url, std::function<bool(std::string_view)> is_answer) override {
    OneShot<HttpClient::Outcome> done;
    http_->send(ClientRequest("GET", url), [done](HttpClient::Outcome outcome) { done.set(std::move(outcome)); });
    const HttpClient::Outcome outcome = co_await done;
    if (!outcome) co_return Result<std::string>(Error("the authorization server cannot be reached"));
    const std::string_view location = outcome->header("location");
    const std::size_t query = location.find('?');
    if (query == std::string_view::npos || !is_answer(location.substr(query + 1)))
      co_return Result<std::string>(
          Error("no redirect that answers the request, status " + std::to_string(outcome->status)));
    co_return Result<std::string>(std::string(location.substr(query + 1)));
  }

 private:
  std::shared_ptr<HttpClient> http_;
};

std::string context_text(const ScenarioInput& input, std::string_view name) {
  return std::string(json::parse(input.context).at(name).as_string());
}

/// Where the client is registered; a scenario that does not say is one whose server may have the secret.
OAuthClientOptions registered(const ScenarioInput& input, OAuthClientIdentity identity) {
  const json::value context = json::parse(input.context);
  const json::value* const issuer = context.as_object().if_contains("issuer");
  OAuthClientOptions options;
  options.registered(std::move(identity), issuer ? std::string(issuer->as_string()) : std::string());
  return options.trust_first_issuer();
}

OAuthClientOptions person(const std::shared_ptr<HttpClient>& http) {
  ClientDescription description;
  description.name = "leanmcp-everything-client";
  OAuthClientOptions options;
  options.browser(std::make_shared<InstantBrowser>(http)).describe(description);
  options.client_document("https://conformance-test.local/client-metadata.json");
  return options;
}

int use(const ScenarioInput& input, OAuthClientOptions oauth, const std::shared_ptr<HttpClient>& http) {
  oauth.logger(input.options.logger_);
  ClientOptions options = input.options;
  options.authorizer(std::make_shared<OAuthClient>(input.url, std::move(oauth), http));
  auto client = or_throw(BlockingClient::connect(input.url, std::move(options)));
  or_throw(client.list_tools());
  or_throw(client.call("test-tool"));
  return 0;
}

int sign_in(const ScenarioInput& input) {
  const auto http = std::make_shared<HttpClient>();
  OAuthClientOptions options = person(http);
  options.legacy_endpoints(input.name.find("2025-03-26") != std::string::npos);
  return use(input, std::move(options), http);
}

int pre_registered(const ScenarioInput& input) {
  const auto http = std::make_shared<HttpClient>();
  OAuthClientOptions options = person(http);
  options.registered(
      OAuthClientIdentity(context_text(input, "client_id"), Secret(context_text(input, "client_secret"))));
  return use(input, std::move(options), http);
}

int credentials_basic(const ScenarioInput& input) {
  OAuthClientOptions options = registered(
      input, OAuthClientIdentity(context_text(input, "client_id"), Secret(context_text(input, "client_secret"))));
  options.client_credentials();
  return use(input, std::move(options), std::make_shared<HttpClient>());
}

int credentials_jwt(const ScenarioInput& input) {
  auto key = SigningKey::from_pem(context_text(input, "private_key_pem"),
                                  jws_algorithm(context_text(input, "signing_algorithm")));
  if (!key) throw std::runtime_error("the suite's key cannot be used");
  OAuthClientIdentity identity(context_text(input, "client_id"));
  identity.key = std::move(*key);
  OAuthClientOptions options;
  options.registered(std::move(identity)).client_credentials();
  return use(input, std::move(options), std::make_shared<HttpClient>());
}

std::function<Task<Result<Secret>>()> always(std::string text) {
  return [text = std::move(text)]() -> Task<Result<Secret>> { co_return Result<Secret>(Secret(text)); };
}

int workload(const ScenarioInput& input) {
  OAuthClientOptions options;
  options.registered(OAuthClientIdentity(context_text(input, "client_id")));
  options.workload(always(context_text(input, "valid_jwt")));
  return use(input, std::move(options), std::make_shared<HttpClient>());
}

int enterprise(const ScenarioInput& input) {
  OAuthClientOptions options = registered(
      input, OAuthClientIdentity(context_text(input, "client_id"), Secret(context_text(input, "client_secret"))));
  OAuthClientIdentity at_provider(context_text(input, "idp_client_id"));
  options.enterprise(EnterpriseGrant(context_text(input, "idp_token_endpoint"), std::move(at_provider),
                                     always(context_text(input, "idp_id_token"))));
  return use(input, std::move(options), std::make_shared<HttpClient>());
}

}  // namespace

void add_auth_scenarios(Scenarios& scenarios) {
  for (const char* const name : {"basic-cimd",
                                 "basic-dcr",
                                 "metadata-default",
                                 "metadata-var1",
                                 "metadata-var2",
                                 "metadata-var3",
                                 "2025-03-26-oauth-metadata-backcompat",
                                 "2025-03-26-oauth-endpoint-fallback",
                                 "scope-from-www-authenticate",
                                 "scope-from-scopes-supported",
                                 "scope-omitted-when-undefined",
                                 "scope-step-up",
                                 "scope-retry-limit",
                                 "token-endpoint-auth-basic",
                                 "token-endpoint-auth-post",
                                 "token-endpoint-auth-none",
                                 "resource-mismatch",
                                 "offline-access-scope",
                                 "offline-access-not-supported",
                                 "authorization-server-migration",
                                 "iss-supported",
                                 "iss-not-advertised",
                                 "iss-supported-missing",
                                 "iss-wrong-issuer",
                                 "iss-unexpected",
                                 "iss-normalized",
                                 "metadata-issuer-mismatch",
                                 "dpop",
                                 "dpop-nonce"})
    scenarios[std::string("auth/") + name] = &sign_in;
  scenarios["auth/pre-registration"] = &pre_registered;
  scenarios["auth/client-credentials-basic"] = &credentials_basic;
  scenarios["auth/client-credentials-jwt"] = &credentials_jwt;
  scenarios["auth/wif-jwt-bearer"] = &workload;
  scenarios["auth/enterprise-managed-authorization"] = &enterprise;
}
