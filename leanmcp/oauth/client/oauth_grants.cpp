#include <leanmcp/client/http_caller.hpp>
#include <leanmcp/crypto/dpop.hpp>
#include <leanmcp/oauth/client/oauth_client_impl.hpp>

namespace leanmcp::inline v0 {

Task<Result<OAuthTokens, TokenCause>> OAuthClient::State::ask_token(AuthorizationServer at, OAuthClientIdentity who,
                                                                    FormParameters grant, std::string scope,
                                                                    Key key, bool once) {
  using Outcome = Result<OAuthTokens, TokenCause>;
  const auto method = choose_authentication(who, at);
  if (!method) {
    options.log_.warning("no way to authenticate", {{"reason", method.error().message()}});
    co_return Outcome(TokenCause::no_authentication);
  }
  const std::string origin = detail::origin_of(at.token_endpoint);
  for (int attempt = 0;; ++attempt) {
    ClientRequest request = token_request(at, who, *method, grant, now());
    if (key) {
      DpopRequest proof("POST", at.token_endpoint);
      const auto nonce = nonces.find(origin);
      if (nonce != nonces.end()) proof.nonce = nonce->second;
      request.headers.emplace_back("DPoP", make_dpop_proof(*key, proof, now()));
    }
    Task<HttpClient::Outcome> asking = fetch(std::move(request));
    const HttpClient::Outcome outcome = co_await std::move(asking);
    if (outcome) note_nonce(at.token_endpoint, *outcome);
    Outcome read = read_token_response(outcome, scope, key.has_value(), now());
    if (!read && read.error() == TokenCause::unreachable) {
      refresh_not_before = now() + back_off(++refresh_failures, outcome);
    } else {
      refresh_failures = 0;
    }
    const bool again = !read && read.error() == TokenCause::use_dpop_nonce && key && attempt == 0 && !once &&
                       outcome && !outcome->header("dpop-nonce").empty();
    if (!again) co_return std::move(read);
  }
}

Task<Result<void, TokenCause>> OAuthClient::State::redeem(FormParameters grant, std::string scope,
                                                               Key key) {
  using Outcome = Result<void, TokenCause>;
  Task<Result<OAuthTokens, TokenCause>> asking = ask_token(*server, *identity, std::move(grant), scope, key);
  auto got = co_await std::move(asking);
  if (!got) co_return Outcome(got.error());
  keep_tokens(std::move(*got), std::move(key), false);
  co_return Outcome();
}

Task<Result<void>> OAuthClient::State::authorize(std::string scope, Key key, TokenWish wish) {
  if (!options.browser_)
    co_return Result<void>(Error("The server wants a person to sign in, and there is no browser to do it."));
  if (!limits.may_authorize(now()))
    co_return Result<void>(Error("The server asks for one authorization after the other; this client gives up."));
  Task<Result<std::string>> preparing = options.browser_->prepare();
  auto prepared = co_await std::move(preparing);
  if (!prepared) co_return Result<void>(prepared.error());
  redirect_uri = *prepared;
  for (int attempt = 0;; ++attempt) {
    Task<Result<void>> identifying = find_identity(attempt > 0);
    const auto identified = co_await std::move(identifying);
    if (!identified) co_return Result<void>(identified.error());
    AuthorizationWish request;
    request.client_id = identity->client_id;
    request.redirect_uri = redirect_uri;
    request.resource = resource;
    request.scope = scope;
    // OpenID Connect Core 1.0, section 11: offline access is given with consent only.
    if ((" " + scope + " ").find(" offline_access ") != std::string::npos)
      request.more.emplace_back("prompt", "consent");
    if (wish.kind == TokenWish::Kind::stronger_sign_in) {
      add_present(request.more, "acr_values", wish.challenge.acr_values);
      add_present(request.more, "max_age", wish.challenge.max_age);
    }
    auto started = start_authorization(*server, request);
    if (!started) co_return Result<void>(started.error());
    limits.authorized(now());
    requested_scope = scope;
    const PendingAuthorization pending = started->pending;
    std::function<bool(std::string_view)> is_answer = [pending](std::string_view query) {
      return is_answer_to(pending, query);
    };
    Task<Result<std::string>> visiting = options.browser_->visit(started->url, std::move(is_answer));
    const auto answer = co_await std::move(visiting);
    if (!answer) co_return Result<void>(answer.error());
    auto code = read_callback(pending, *answer);
    if (!code) {
      if (code.error() == CallbackFault::denied) limits.denied(scope, now());
      co_return Result<void>(Error("Signing in failed: " + std::string(to_string(code.error())) + "."));
    }
    FormParameters grant{{"grant_type", "authorization_code"}};
    add_present(grant, "code", code->reveal());
    add_present(grant, "redirect_uri", pending.redirect_uri);
    add_present(grant, "code_verifier", pending.verifier.reveal());
    add_present(grant, "resource", resource);
    Task<Result<void, TokenCause>> redeeming = redeem(std::move(grant), scope, key);
    Task<Result<void, TokenCause>> shielded = shield(std::move(redeeming));
    const auto redeemed = co_await std::move(shielded);
    if (redeemed) co_return Result<void>();
    // A registration that the server has forgotten is made once more.
    const bool again = redeemed.error() == TokenCause::invalid_client && registered_here && attempt == 0 &&
                       limits.may_authorize(now());
    if (!again) co_return Result<void>(Error("Signing in failed: " + std::string(to_string(redeemed.error())) + "."));
  }
}

}  // namespace leanmcp::inline v0
