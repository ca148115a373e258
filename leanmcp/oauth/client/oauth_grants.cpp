#include <leanmcp/client/http_caller.hpp>
#include <leanmcp/crypto/dpop.hpp>
#include <leanmcp/json/parse.hpp>
#include <leanmcp/oauth/client/oauth_client_impl.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

constexpr std::string_view token_exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view jwt_bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::string_view id_jag = "urn:ietf:params:oauth:token-type:id-jag";

void add(FormParameters& form, std::string name, std::string_view value) {
  if (!value.empty()) form.emplace_back(std::move(name), std::string(value));
}

}  // namespace

Task<Result<OAuthTokens, TokenCause>> OAuthClient::State::ask_token(AuthorizationServer at, OAuthClientIdentity who,
                                                                    FormParameters grant, std::string scope,
                                                                    bool with_proof) {
  using Outcome = Result<OAuthTokens, TokenCause>;
  const auto method = choose_authentication(who, at);
  if (!method) {
    options.log_.warning("no way to authenticate", {{"reason", method.error().message()}});
    co_return Outcome(TokenCause::refused);
  }
  const std::string origin = detail::origin_of(at.token_endpoint);
  for (int attempt = 0;; ++attempt) {
    ClientRequest request = token_request(at, who, *method, grant, now());
    if (with_proof) {
      DpopRequest proof("POST", at.token_endpoint);
      const auto nonce = nonces.find(origin);
      if (nonce != nonces.end()) proof.nonce = nonce->second;
      request.headers.emplace_back("DPoP", make_dpop_proof(*dpop_key, proof, now()));
    }
    Task<HttpClient::Outcome> asking = fetch(std::move(request));
    const HttpClient::Outcome outcome = co_await std::move(asking);
    if (outcome) note_nonce(at.token_endpoint, *outcome);
    Outcome read = read_token_response(outcome, scope, with_proof, now());
    const bool again = !read && read.error() == TokenCause::use_dpop_nonce && with_proof && attempt == 0 && outcome &&
                       !outcome->header("dpop-nonce").empty();
    if (!again) co_return std::move(read);
  }
}

Task<Result<void>> OAuthClient::State::authorize(std::string scope) {
  constexpr int most_authorizations = 3;
  if (!options.browser_)
    co_return Result<void>(Error("The server wants a person to sign in, and there is no browser to do it."));
  if (authorizations >= most_authorizations)
    co_return Result<void>(Error("The server asks for one authorization after the other; this client gives up."));
  Task<Result<std::string>> preparing = options.browser_->prepare();
  auto prepared = co_await std::move(preparing);
  if (!prepared) co_return Result<void>(prepared.error());
  redirect_uri = *prepared;
  bool anew = false;
  for (int attempt = 0;; ++attempt) {
    Task<Result<void>> identifying = find_identity(anew);
    const auto identified = co_await std::move(identifying);
    if (!identified) co_return Result<void>(identified.error());
    AuthorizationWish wish;
    wish.client_id = identity->client_id;
    wish.redirect_uri = redirect_uri;
    wish.resource = resource;
    wish.scope = scope;
    // OpenID Connect Core 1.0, section 11: offline access is given with consent only.
    if ((" " + scope + " ").find(" offline_access ") != std::string::npos) wish.more.emplace_back("prompt", "consent");
    auto started = start_authorization(*server, wish);
    if (!started) co_return Result<void>(started.error());
    ++authorizations;
    const PendingAuthorization pending = started->pending;
    std::function<bool(std::string_view)> is_answer = [pending](std::string_view query) {
      return is_answer_to(pending, query);
    };
    Task<Result<std::string>> visiting = options.browser_->visit(started->url, std::move(is_answer));
    const auto answer = co_await std::move(visiting);
    if (!answer) co_return Result<void>(answer.error());
    auto code = read_callback(pending, *answer);
    if (!code) {
      if (code.error() == CallbackFault::denied) denied_scopes.insert(scope);
      co_return Result<void>(Error("Signing in failed: " + std::string(to_string(code.error())) + "."));
    }
    FormParameters grant{{"grant_type", "authorization_code"}};
    add(grant, "code", code->reveal());
    add(grant, "redirect_uri", pending.redirect_uri);
    add(grant, "code_verifier", pending.verifier.reveal());
    add(grant, "resource", resource);
    Task<Result<OAuthTokens, TokenCause>> asking = ask_token(*server, *identity, std::move(grant), scope, use_dpop());
    auto got = co_await std::move(asking);
    if (got) co_return keep_tokens(std::move(*got));
    // A registration that the server has forgotten is made once more.
    if (got.error() == TokenCause::invalid_client && registered_here && attempt == 0) {
      anew = true;
      continue;
    }
    co_return Result<void>(Error("Signing in failed: " + std::string(to_string(got.error())) + "."));
  }
}

Task<Result<void>> OAuthClient::State::machine_grant(std::string scope) {
  if (options.machine_ == OAuthClientOptions::Machine::enterprise) {
    Task<Result<void>> trading = enterprise_grant(std::move(scope));
    const auto traded = co_await std::move(trading);
    co_return traded;
  }
  if (!options.identity_) co_return Result<void>(Error("This grant needs a registered client."));
  identity = options.identity_;
  FormParameters grant;
  if (options.machine_ == OAuthClientOptions::Machine::credentials) {
    add(grant, "grant_type", "client_credentials");
  } else {
    Task<Result<Secret>> proving = options.assertion_();
    const auto assertion = co_await std::move(proving);
    if (!assertion) co_return Result<void>(assertion.error());
    add(grant, "grant_type", jwt_bearer);
    add(grant, "assertion", assertion->reveal());
  }
  add(grant, "resource", resource);
  add(grant, "scope", scope);
  Task<Result<OAuthTokens, TokenCause>> asking = ask_token(*server, *identity, std::move(grant), scope, use_dpop());
  auto got = co_await std::move(asking);
  if (!got) co_return Result<void>(Error("No token: " + std::string(to_string(got.error())) + "."));
  co_return keep_tokens(std::move(*got));
}

Task<Result<void>> OAuthClient::State::enterprise_grant(std::string scope) {
  const EnterpriseGrant& grant = *options.enterprise_;
  if (!options.identity_)
    co_return Result<void>(Error("This grant needs a client that is registered at the authorization server."));
  identity = options.identity_;
  Task<Result<Secret>> signing = grant.subject();
  const auto subject = co_await std::move(signing);
  if (!subject) co_return Result<void>(subject.error());

  FormParameters exchange{{"grant_type", std::string(token_exchange)}, {"requested_token_type", std::string(id_jag)}};
  add(exchange, "audience", issuer);
  add(exchange, "resource", resource);
  add(exchange, "subject_token", subject->reveal());
  add(exchange, "subject_token_type", grant.subject_type);
  add(exchange, "scope", scope);
  AuthorizationServer idp;
  idp.token_endpoint = grant.token_endpoint;
  idp.issuer = grant.token_endpoint;
  const auto method = choose_authentication(grant.identity, idp);
  if (!method) co_return Result<void>(method.error());
  Task<HttpClient::Outcome> trading = fetch(token_request(idp, grant.identity, *method, std::move(exchange), now()));
  const HttpClient::Outcome outcome = co_await std::move(trading);
  const auto parsed =
      outcome ? parse_json(outcome->body, ParseLimits()) : Result<json::value, ParseFault>(ParseFault::invalid);
  const json::object* const body = parsed ? parsed->if_object() : nullptr;
  const json::value* const type = body ? body->if_contains("issued_token_type") : nullptr;
  const json::value* const token = body ? body->if_contains("access_token") : nullptr;
  if (!outcome || outcome->status != 200 || !type || !type->is_string() || type->get_string() != id_jag || !token ||
      !token->is_string())
    co_return Result<void>(Error("The identity provider gives no assertion for this server."));

  FormParameters bearer{{"grant_type", std::string(jwt_bearer)}};
  add(bearer, "assertion", token->get_string());
  add(bearer, "resource", resource);
  add(bearer, "scope", scope);
  Task<Result<OAuthTokens, TokenCause>> asking = ask_token(*server, *identity, std::move(bearer), scope, use_dpop());
  auto got = co_await std::move(asking);
  if (!got) co_return Result<void>(Error("No token: " + std::string(to_string(got.error())) + "."));
  co_return keep_tokens(std::move(*got));
}

Task<OAuthClient::State::Refreshed> OAuthClient::State::refresh() {
  if (!tokens || tokens->refresh_token.empty() || !server || !identity) co_return Refreshed::no;
  FormParameters grant{{"grant_type", "refresh_token"}};
  add(grant, "refresh_token", tokens->refresh_token.reveal());
  add(grant, "resource", resource);
  const std::string scope = tokens->scope;
  const bool with_proof = tokens->is_dpop();
  Task<Result<OAuthTokens, TokenCause>> asking = ask_token(*server, *identity, std::move(grant), scope, with_proof);
  auto got = co_await std::move(asking);
  if (!got && got.error() == TokenCause::unreachable) co_return Refreshed::unreachable;
  if (!got) {
    forget_tokens();
    if (got.error() == TokenCause::invalid_client && registered_here) {
      identity.reset();
      static_cast<void>(options.store_->erase(identity_name(issuer, options.profile_)));
    }
    co_return Refreshed::no;
  }
  // Without a new one the old refresh token stays good (RFC 6749, section 6).
  if (got->refresh_token.empty()) got->refresh_token = tokens->refresh_token;
  const auto kept = keep_tokens(std::move(*got));
  if (!kept) options.log_.error("tokens could not be stored", {{"reason", kept.error().message()}});
  co_return Refreshed::yes;
}

}  // namespace leanmcp::inline v0
