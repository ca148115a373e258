#include <leanmcp/oauth/client/oauth_client.hpp>

#include <leanmcp/client/http_caller.hpp>
#include <leanmcp/crypto/dpop.hpp>
#include <leanmcp/oauth/client/oauth_client_impl.hpp>
#include <leanmcp/oauth/client/scope_rules.hpp>

#include <tuple>

namespace leanmcp::inline v0 {

namespace {

constexpr int most_nonce_retries = 1;

}  // namespace

bool TokenWish::like(const TokenWish& other) const {
  const auto asked = [](const TokenWish& wish) {
    const TokenChallenge& challenge = wish.challenge;
    return std::tie(wish.kind, challenge.scope, challenge.acr_values, challenge.max_age, challenge.dpop);
  };
  return by_person == other.by_person && asked(*this) == asked(other);
}

OAuthClient::State::State(std::string url, OAuthClientOptions given, std::shared_ptr<HttpClient> client)
    : mcp_url(canonical_resource(url)),
      options(std::move(given)),
      rules(mcp_url, options.private_addresses_),
      http(std::move(client)) {}

OAuthClient::OAuthClient(std::string mcp_url, OAuthClientOptions options, std::shared_ptr<HttpClient> http)
    : state_(std::make_shared<State>(std::move(mcp_url), std::move(options), std::move(http))) {}
OAuthClient::~OAuthClient() = default;

void OAuthClient::State::note_nonce(std::string_view url, const ClientResponse& head) {
  const std::string_view nonce = head.header("dpop-nonce");
  if (!nonce.empty() && nonce.size() <= 1024) nonces[detail::origin_of(url)] = std::string(nonce);
}

/// What was kept by an earlier process.
void OAuthClient::State::restore() {
  if (std::exchange(restored, true)) return;
  const auto bound = options.store_->load(binding_name(mcp_url, options.profile_));
  if (!bound) options.log_.error("the token store cannot be read", {{"reason", bound.error().message()}});
  if (!bound || !*bound) return;
  issuer = std::string((*bound)->reveal());
  take_stored();
}

void OAuthClient::State::keep_tokens(OAuthTokens fresh, Key key, bool by_refresh) {
  tokens = std::move(fresh);
  dpop_key = std::move(key);
  token_was_taken = false;
  token_from_refresh = by_refresh;
  const Secret private_key = dpop_key ? dpop_key->private_jwk() : Secret();
  auto saved = options.store_->save(stored_name(), save_tokens(*tokens, private_key));
  if (saved) saved = options.store_->save(binding_name(mcp_url, options.profile_), Secret(issuer));
  in_store = saved.has_value();
  // They serve this process all the same.
  if (!saved) options.log_.error("tokens could not be stored", {{"reason", saved.error().message()}});
}

void OAuthClient::State::forget_tokens() {
  tokens.reset();
  in_store = false;
  static_cast<void>(options.store_->erase(stored_name()));
}

std::string OAuthClient::State::wanted_scope_for(const TokenWish& wish) const {
  ScopeSources sources;
  sources.challenge = wish.challenge.scope;
  sources.resource = resource_scopes;
  sources.wish = options.scope_;
  sources.requested = requested_scope;
  if (tokens) sources.granted = tokens->scope;
  sources.step_up = wish.kind != TokenWish::Kind::token;
  sources.offline = !is_machine() && options.offline_access_ && server->supports_scope("offline_access");
  return wanted_scope(sources);
}

Result<OAuthClient::State::Key> OAuthClient::State::choose_key(const TokenChallenge& challenge) {
  dpop_asked = dpop_asked || challenge.dpop || (tokens && tokens->is_dpop());
  const auto algorithm = choose_dpop_algorithm(server->dpop_algorithms);
  if (options.dpop_ == UseDpop::always && !algorithm)
    return Error("The authorization server cannot bind tokens to a key (DPoP).");
  const bool wanted = options.dpop_ == UseDpop::always || (options.dpop_ == UseDpop::when_asked && dpop_asked);
  if (!algorithm || !wanted) return Key();
  return dpop_key ? dpop_key : Key(SigningKey::generate(*algorithm));
}

Task<Result<bool>> OAuthClient::State::obtain(TokenWish wish) {
  using Outcome = Result<bool>;
  using Kind = TokenWish::Kind;
  // Another process may have signed in meanwhile.
  if (!wish.by_person && !issuer.empty() && take_stored() == Stored::other && tokens && !due()) co_return Outcome(true);
  Task<Result<void>> discovering = find_issuer(wish.challenge.resource_metadata);
  const auto discovered = co_await std::move(discovering);
  if (!discovered) co_return Outcome(discovered.error());
  // The same where it was not known yet whose tokens to look for.
  if (!wish.by_person && !tokens && take_stored() == Stored::other && !due() &&
      tokens->access_token.reveal() != wish.refused.reveal())
    co_return Outcome(true);

  const std::string scope = wanted_scope_for(wish);
  const bool adds = tokens && adds_scope(scope, tokens->scope);
  const bool binds = wish.challenge.dpop && !wish.challenge.bearer && tokens && !tokens->is_dpop() &&
                     options.dpop_ != UseDpop::never && choose_dpop_algorithm(server->dpop_algorithms);
  if (wish.kind == Kind::more_scope && tokens && !adds) co_return Outcome(false);
  if (wish.kind == Kind::token && tokens && !wish.by_person && !adds && !binds && !token_was_taken &&
      !token_from_refresh)
    co_return Outcome(false);
  const bool may_refresh = wish.kind == Kind::token && !binds && (token_was_taken || !token_from_refresh);
  if (may_refresh && tokens && !tokens->refresh_token.empty()) {
    Task<Refreshed> refreshing = refresh();
    const Refreshed refreshed = co_await std::move(refreshing);
    if (refreshed == Refreshed::yes) co_return Outcome(true);
    if (refreshed == Refreshed::later)
      co_return Outcome(Error("The authorization server cannot be reached. Please try again."));
  }
  if (wish.kind != Kind::token) {
    if (is_machine() && wish.kind == Kind::stronger_sign_in) co_return Outcome(false);
    if (!limits.may_step_up(wish.operation, now())) co_return Outcome(false);
    limits.stepped_up(wish.operation, now());
  }
  if (limits.was_denied(scope, now())) co_return Outcome(Error("The authorization was denied."));
  const auto key = choose_key(wish.challenge);
  if (!key) co_return Outcome(key.error());
  Task<Result<void>> granting = is_machine() ? machine_grant(scope, *key) : authorize(scope, *key, wish);
  const auto granted = co_await std::move(granting);
  if (!granted) co_return Outcome(granted.error());
  co_return Outcome(true);
}

Task<Result<AccessCredentials>> OAuthClient::credentials(AuthRequest request) {
  using Outcome = Result<AccessCredentials>;
  const std::shared_ptr<State> state = state_;
  state->restore();
  // Whatever the caller asks for: the token is for its resource's origin alone.
  const std::string origin = detail::origin_of(state->mcp_url);
  const bool ours = !origin.empty() && (request.url.empty() || detail::origin_of(request.url) == origin);
  if (!ours) co_return Outcome(AccessCredentials());
  // A token that is still good does not wait for a person who is signing in.
  const bool good = state->tokens && state->tokens->expires && *state->tokens->expires > state->now();
  if (state->due() && !(good && state->mutex.is_held())) {
    Task<TaskMutex::Lock> locking = state->mutex.lock();
    const TaskMutex::Lock lock = co_await std::move(locking);
    Task<void> renewing = state->renew_early();
    co_await std::move(renewing);
  }
  if (!state->tokens) co_return Outcome(AccessCredentials());
  AccessCredentials given(state->tokens->access_token, state->tokens->is_dpop() ? "DPoP" : "Bearer");
  if (state->tokens->is_dpop() && state->dpop_key) {
    const std::string url = request.url.empty() ? state->mcp_url : request.url;
    DpopRequest proof(request.method, url);
    proof.access_token = state->tokens->access_token.reveal();
    const auto nonce = state->nonces.find(detail::origin_of(url));
    if (nonce != state->nonces.end()) proof.nonce = nonce->second;
    given.headers.emplace_back("DPoP", make_dpop_proof(*state->dpop_key, proof, state->now()));
  }
  co_return Outcome(std::move(given));
}

Task<Result<bool>> OAuthClient::challenged(AuthChallenge challenge) {
  using Kind = TokenWish::Kind;
  const std::shared_ptr<State> state = state_;
  state->restore();
  ClientResponse head;
  head.headers = challenge.headers;
  state->note_nonce(challenge.url, head);
  const auto parsed = parse_authenticate(challenge.www_authenticate);
  TokenWish wish;
  if (parsed) wish.challenge = token_challenge(*parsed);
  if (wish.challenge.error == "use_dpop_nonce" && state->tokens && state->tokens->is_dpop()) {
    const bool again = !head.header("dpop-nonce").empty() && challenge.attempt <= most_nonce_retries + 1;
    co_return Result<bool>(again);
  }
  if (challenge.status == 403) {
    if (wish.challenge.error != "insufficient_scope") co_return Result<bool>(false);
    wish.kind = Kind::more_scope;
  } else if (wish.challenge.error == "insufficient_user_authentication") {
    wish.kind = Kind::stronger_sign_in;
  }
  wish.operation = challenge.operation;
  wish.refused = challenge.token;
  Task<Result<bool>> obtaining = state->obtain_once(std::move(wish));
  auto obtained = co_await std::move(obtaining);
  co_return std::move(obtained);
}

/// One after the other; who comes to it later than another with the same wish gets what that one got.
Task<Result<bool>> OAuthClient::State::obtain_once(TokenWish wish) {
  using Outcome = Result<bool>;
  const std::uint64_t seen = attempts_ended;
  Task<TaskMutex::Lock> locking = mutex.lock();
  const TaskMutex::Lock lock = co_await std::move(locking);
  const bool other_token = tokens && tokens->access_token.reveal() != wish.refused.reveal();
  if (other_token && !wish.by_person) co_return Outcome(true);
  if (attempts_ended != seen && last_failure && last_failure->first.like(wish)) co_return Outcome(last_failure->second);
  // Who says what the token lacks has taken it.
  if (wish.kind != TokenWish::Kind::token && tokens) token_was_taken = true;
  Task<Outcome> obtaining = obtain(wish);
  Outcome obtained = co_await std::move(obtaining);
  ++attempts_ended;
  last_failure.reset();
  if (!obtained) last_failure.emplace(std::move(wish), obtained.error());
  co_return std::move(obtained);
}

void OAuthClient::answered(const AuthRequest& request, const ClientResponse& head) {
  state_->note_nonce(request.url, head);
  if (head.status == 401 || head.status == 403 || head.status >= 500) return;
  state_->token_was_taken = true;
  if (!request.operation.empty()) state_->limits.accepted(request.operation);
}

std::vector<std::string> OAuthClient::extensions() const {
  switch (state_->options.machine_) {
    case OAuthClientOptions::Machine::credentials:
      return {"io.modelcontextprotocol/oauth-client-credentials"};
    case OAuthClientOptions::Machine::enterprise:
      return {"io.modelcontextprotocol/enterprise-managed-authorization"};
    case OAuthClientOptions::Machine::no:
    case OAuthClientOptions::Machine::workload:
      break;
  }
  return {};
}

Task<Result<void>> OAuthClient::sign_in() {
  const std::shared_ptr<State> state = state_;
  state->restore();
  state->limits.clear();
  TokenWish wish;
  wish.by_person = true;
  Task<Result<bool>> obtaining = state->obtain_once(std::move(wish));
  const auto obtained = co_await std::move(obtaining);
  if (!obtained) co_return Result<void>(obtained.error());
  co_return Result<void>();
}

Task<Result<void>> OAuthClient::sign_out() {
  const std::shared_ptr<State> state = state_;
  Task<TaskMutex::Lock> locking = state->mutex.lock();
  const TaskMutex::Lock lock = co_await std::move(locking);
  state->restore();
  if (!state->tokens) co_return Result<void>();
  // Another process may be renewing them: what is revoked must be what it got.
  Task<std::unique_ptr<TokenStore::Lease>> leasing = state->take_lease();
  const std::unique_ptr<TokenStore::Lease> lease = co_await std::move(leasing);
  state->take_stored();
  if (!state->tokens) co_return Result<void>();
  const OAuthTokens held = *state->tokens;
  if (!state->server) {
    Task<Result<AuthorizationServer, DiscoveryFault>> finding = state->find_server(state->issuer);
    auto found = co_await std::move(finding);
    if (found) state->server = std::move(*found);
  }
  const auto recalled = state->recall_identity();
  bool revoked = false;
  if (recalled && *recalled && state->server && !state->server->revocation_endpoint.empty()) {
    AuthorizationServer at = *state->server;
    at.token_endpoint = at.revocation_endpoint;
    const Secret& token = held.refresh_token.empty() ? held.access_token : held.refresh_token;
    FormParameters form{{"token", std::string(token.reveal())},
                        {"token_type_hint", held.refresh_token.empty() ? "access_token" : "refresh_token"}};
    const auto method = choose_authentication(*state->identity, at);
    if (method) {
      Task<HttpClient::Outcome> asking =
          state->fetch(token_request(at, *state->identity, *method, std::move(form), state->now()));
      const HttpClient::Outcome outcome = co_await std::move(asking);
      revoked = outcome && outcome->status == 200;
    }
  }
  state->forget_tokens();
  static_cast<void>(state->options.store_->erase(binding_name(state->mcp_url, state->options.profile_)));
  if (!revoked)
    co_return Result<void>(Error("The tokens are forgotten here, but the authorization server did not revoke them."));
  co_return Result<void>();
}

OAuthClient::Status OAuthClient::status() const {
  state_->restore();
  Status out;
  out.issuer = state_->issuer;
  if (state_->identity) out.client_id = state_->identity->client_id;
  if (!state_->tokens) return out;
  out.signed_in = true;
  out.scope = state_->tokens->scope;
  out.expires = state_->tokens->expires;
  out.can_refresh = !state_->tokens->refresh_token.empty();
  return out;
}

}  // namespace leanmcp::inline v0
