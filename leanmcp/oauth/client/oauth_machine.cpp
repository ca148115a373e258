#include <leanmcp/client/http_caller.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/oauth/client/issuer_rules.hpp>
#include <leanmcp/oauth/client/oauth_client_impl.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

namespace {

constexpr std::string_view token_exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view jwt_bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

Result<void> failed(TokenCause cause) { return Error("No token: " + std::string(to_string(cause)) + "."); }

}  // namespace

/// Nobody looks at where a machine's secret goes, so the MCP server alone must not decide it.
Result<void> OAuthClient::State::may_show_secret() const {
  if (!options.identity_issuer_.empty() || options.first_issuer_) return {};
  return Error("The issuer at which this client is registered must be given: its secret would go to whichever "
               "authorization server the MCP server names.");
}

Task<Result<void>> OAuthClient::State::machine_grant(std::string scope, Key key) {
  if (!options.identity_) co_return Result<void>(Error("This grant needs a registered client."));
  const bool enterprise = options.machine_ == OAuthClientOptions::Machine::enterprise;
  // A key's signature is for the issuer alone and tells it nothing; a shared secret and an assertion do.
  if (enterprise || !options.identity_->secret.empty()) {
    const auto may = may_show_secret();
    if (!may) co_return Result<void>(may.error());
  }
  const auto recalled = recall_identity();
  if (!recalled) co_return Result<void>(recalled.error());
  if (enterprise) {
    Task<Result<void>> trading = enterprise_grant(std::move(scope), std::move(key));
    const auto traded = co_await std::move(trading);
    co_return traded;
  }
  const bool workload = options.machine_ == OAuthClientOptions::Machine::workload;
  FormParameters grant;
  if (workload) {
    Task<Result<Secret>> proving = options.assertion_();
    const auto assertion = co_await std::move(proving);
    if (!assertion) co_return Result<void>(assertion.error());
    const auto may = may_show_secret();
    if (!may && !is_for_issuer(assertion->reveal(), issuer))
      co_return Result<void>(
          Error("The platform's token is for another issuer than the one that the MCP server names."));
    add_present(grant, "grant_type", jwt_bearer);
    add_present(grant, "assertion", assertion->reveal());
  } else {
    add_present(grant, "grant_type", "client_credentials");
  }
  add_present(grant, "resource", resource);
  add_present(grant, "scope", scope);
  // Whatever is wrong with a platform's token, sending it again does not make it better.
  Task<Result<OAuthTokens, TokenCause>> asking =
      ask_token(*server, *identity, std::move(grant), scope, key, workload);
  auto got = co_await std::move(asking);
  if (!got) co_return failed(got.error());
  keep_tokens(std::move(*got), std::move(key), false);
  co_return Result<void>();
}

Task<Result<void>> OAuthClient::State::enterprise_grant(std::string scope, Key key) {
  const EnterpriseGrant& grant = *options.enterprise_;
  if (identity->secret.empty() && !identity->key)
    co_return Result<void>(Error("This grant needs a client with a secret or a key at the authorization server."));
  if (detail::origin_of(server->token_endpoint) != detail::origin_of(issuer))
    co_return Result<void>(Error("The authorization server's token endpoint is on another host than its issuer."));
  if (!is_usable_endpoint(grant.token_endpoint))
    co_return Result<void>(Error("The identity provider's token endpoint cannot be used."));
  Task<Result<Secret>> signing = grant.subject();
  const auto subject = co_await std::move(signing);
  if (!subject) co_return Result<void>(subject.error());

  FormParameters exchange{{"grant_type", std::string(token_exchange)},
                          {"requested_token_type", std::string(id_jag_type)}};
  add_present(exchange, "audience", issuer);
  add_present(exchange, "resource", resource);
  add_present(exchange, "subject_token", subject->reveal());
  add_present(exchange, "subject_token_type", grant.subject_type);
  add_present(exchange, "scope", scope);
  AuthorizationServer idp;
  idp.token_endpoint = grant.token_endpoint;
  idp.issuer = grant.token_endpoint;
  const auto method = choose_authentication(grant.identity, idp);
  if (!method) co_return Result<void>(method.error());
  // Configured, not found: its address is the user's choice.
  Task<HttpClient::Outcome> trading =
      fetch_configured(token_request(idp, grant.identity, *method, std::move(exchange), now()));
  const HttpClient::Outcome outcome = co_await std::move(trading);
  const auto jag = read_id_jag(outcome);
  if (!jag) co_return Result<void>(Error("The identity provider gives no assertion for this server."));

  FormParameters bearer{{"grant_type", std::string(jwt_bearer)}};
  add_present(bearer, "assertion", jag->reveal());
  add_present(bearer, "resource", resource);
  add_present(bearer, "scope", scope);
  Task<Result<OAuthTokens, TokenCause>> asking = ask_token(*server, *identity, std::move(bearer), scope, key);
  auto got = co_await std::move(asking);
  if (!got) co_return failed(got.error());
  keep_tokens(std::move(*got), std::move(key), false);
  co_return Result<void>();
}

}  // namespace leanmcp::inline v0
