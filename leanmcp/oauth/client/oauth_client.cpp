#include <leanmcp/oauth/client/oauth_client.hpp>

#include <leanmcp/client/http_caller.hpp>
#include <leanmcp/crypto/dpop.hpp>
#include <leanmcp/oauth/client/oauth_client_impl.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

/// Before the end of a token's life it is renewed, so that it does not end on the way.
constexpr std::chrono::seconds early{60};
constexpr int most_nonce_retries = 1;

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    if (end != 0) out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

void add_words(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const std::string& word : more)
    if (std::find(into.begin(), into.end(), word) == into.end()) into.push_back(word);
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& word : list) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace

Task<TaskMutex::Lock> TaskMutex::lock() {
  if (held_) {
    OneShot<bool> turn;
    waiting_.push_back(turn);
    co_await turn;
  } else {
    held_ = true;
  }
  co_return Lock(this);
}

void TaskMutex::release() {
  if (waiting_.empty()) {
    held_ = false;
    return;
  }
  const OneShot<bool> next = waiting_.front();
  waiting_.pop_front();
  next.set(true);
}

OAuthClient::State::State(std::string url, OAuthClientOptions given, std::shared_ptr<HttpClient> client)
    : mcp_url(canonical_resource(url)), options(std::move(given)), http(std::move(client)) {}

OAuthClient::OAuthClient(std::string mcp_url, OAuthClientOptions options, std::shared_ptr<HttpClient> http)
    : state_(std::make_shared<State>(std::move(mcp_url), std::move(options), std::move(http))) {}
OAuthClient::~OAuthClient() = default;

bool OAuthClient::State::use_dpop() const { return dpop_key.has_value(); }

void OAuthClient::State::note_nonce(std::string_view url, const ClientResponse& head) {
  const std::string_view nonce = head.header("dpop-nonce");
  if (!nonce.empty() && nonce.size() <= 1024) nonces[detail::origin_of(url)] = std::string(nonce);
}

/// What was kept by an earlier process.
void OAuthClient::State::restore() {
  if (std::exchange(restored, true)) return;
  const auto bound = options.store_->load(binding_name(mcp_url, options.profile_));
  if (!bound || !*bound) return;
  issuer = std::string((*bound)->reveal());
  const auto kept = options.store_->load(tokens_name(issuer, mcp_url, options.profile_));
  auto read = kept && *kept ? restore_tokens(**kept) : std::nullopt;
  if (!read) return;
  tokens = std::move(read->first);
  if (!read->second.empty()) {
    auto key = SigningKey::from_jwk(read->second.reveal());
    if (key) dpop_key = std::move(*key);
    // A token that is bound to a lost key is of no use.
    if (!dpop_key) tokens.reset();
  }
}

Result<void> OAuthClient::State::keep_tokens(OAuthTokens fresh) {
  tokens = std::move(fresh);
  ++generation;
  // Stored before it is used: a rotated refresh token that is lost would end the whole sign-in.
  const Secret key = dpop_key ? dpop_key->private_jwk() : Secret();
  const auto saved = options.store_->save(tokens_name(issuer, mcp_url, options.profile_), save_tokens(*tokens, key));
  if (!saved) return saved.error();
  return options.store_->save(binding_name(mcp_url, options.profile_), Secret(issuer));
}

void OAuthClient::State::forget_tokens() {
  tokens.reset();
  ++generation;
  static_cast<void>(options.store_->erase(tokens_name(issuer, mcp_url, options.profile_)));
}

std::string OAuthClient::State::wanted_scope(const TokenChallenge& challenge, bool step_up) const {
  std::vector<std::string> scopes = words(challenge.scope);
  if (scopes.empty()) scopes = resource_scopes;
  if (scopes.empty()) scopes = words(options.scope_);
  // More is asked for on top of what was granted, or the next operation would step down again.
  if (step_up && tokens) add_words(scopes, words(tokens->scope));
  if (options.machine_ == OAuthClientOptions::Machine::no && server && server->supports_scope("offline_access"))
    add_words(scopes, {"offline_access"});
  return joined(scopes);
}

Task<Result<bool>> OAuthClient::State::obtain(TokenChallenge challenge, int status) {
  const std::string before = issuer;
  Task<Result<void>> discovering = find_issuer(challenge.resource_metadata);
  const auto discovered = co_await std::move(discovering);
  if (!discovered) co_return Result<bool>(discovered.error());

  const bool step_up = status == 403;
  if (step_up && challenge.error != "insufficient_scope") co_return Result<bool>(false);
  if (!step_up && tokens && !tokens->refresh_token.empty()) {
    // Tokens of an earlier process come without the identity that they were given to.
    Task<Result<void>> identifying = find_identity(false);
    const auto identified = co_await std::move(identifying);
    if (identified) {
      Task<Refreshed> refreshing = refresh();
      const Refreshed refreshed = co_await std::move(refreshing);
      if (refreshed == Refreshed::yes) co_return Result<bool>(true);
      if (refreshed == Refreshed::unreachable)
        co_return Result<bool>(Error("The authorization server cannot be reached. Please try again."));
    }
  }

  const std::string scope = wanted_scope(challenge, step_up);
  if (step_up && tokens) {
    const auto granted = words(tokens->scope);
    const auto asked = words(scope);
    const bool more = std::any_of(asked.begin(), asked.end(), [&](const std::string& word) {
      return std::find(granted.begin(), granted.end(), word) == granted.end();
    });
    if (!more) co_return Result<bool>(false);
  }
  if (denied_scopes.contains(scope)) co_return Result<bool>(Error("The authorization was denied."));
  const bool can = !server->dpop_algorithms.empty();
  if (options.dpop_ == UseDpop::always && !can)
    co_return Result<bool>(Error("The authorization server cannot bind tokens to a key (DPoP)."));
  const bool bind = can && (options.dpop_ == UseDpop::always ||
                            (options.dpop_ == UseDpop::when_asked && (challenge.dpop || dpop_asked)));
  dpop_asked = dpop_asked || challenge.dpop;
  if (bind && !dpop_key) {
    const auto& listed = server->dpop_algorithms;
    const bool es256 = std::find(listed.begin(), listed.end(), "ES256") != listed.end();
    dpop_key =
        SigningKey::generate(es256 ? JwsAlgorithm::es256 : jws_algorithm(listed.front()).value_or(JwsAlgorithm::es256));
  }
  if (!bind) dpop_key.reset();

  Task<Result<void>> granting =
      options.machine_ == OAuthClientOptions::Machine::no ? authorize(scope) : machine_grant(scope);
  const auto granted = co_await std::move(granting);
  if (!granted) co_return Result<bool>(granted.error());
  co_return Result<bool>(true);
}

Task<Result<AccessCredentials>> OAuthClient::credentials(AuthRequest request) {
  using Outcome = Result<AccessCredentials>;
  const std::shared_ptr<State> state = state_;
  state->restore();
  // Whatever the caller asks for: the token is for its resource's origin alone.
  const bool ours = request.url.empty() || detail::origin_of(request.url) == detail::origin_of(state->mcp_url);
  if (!ours) co_return Outcome(AccessCredentials());
  const auto ends_soon = [&state] {
    return state->tokens && state->tokens->expires && *state->tokens->expires <= state->now() + early;
  };
  if (ends_soon() && !state->tokens->refresh_token.empty() && state->server && state->identity) {
    Task<TaskMutex::Lock> locking = state->mutex.lock();
    const TaskMutex::Lock lock = co_await std::move(locking);
    if (ends_soon()) {
      Task<State::Refreshed> refreshing = state->refresh();
      co_await std::move(refreshing);
    }
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
  const std::shared_ptr<State> state = state_;
  ClientResponse head;
  head.headers = challenge.headers;
  state->note_nonce(challenge.url, head);
  const auto parsed = parse_challenges(challenge.www_authenticate);
  const TokenChallenge wanted = parsed ? token_challenge(*parsed) : TokenChallenge();
  if (wanted.error == "use_dpop_nonce" && state->tokens && state->tokens->is_dpop()) {
    const bool again = !head.header("dpop-nonce").empty() && challenge.attempt <= most_nonce_retries + 1;
    co_return Result<bool>(again);
  }
  const std::uint64_t seen = state->generation;
  Task<TaskMutex::Lock> locking = state->mutex.lock();
  const TaskMutex::Lock lock = co_await std::move(locking);
  // Somebody else signed in meanwhile.
  if (state->generation != seen && state->tokens) co_return Result<bool>(true);
  Task<Result<bool>> obtaining = state->obtain(wanted, challenge.status);
  auto obtained = co_await std::move(obtaining);
  co_return std::move(obtained);
}

void OAuthClient::answered(const AuthRequest& request, const ClientResponse& head) {
  state_->note_nonce(request.url, head);
}

Task<Result<void>> OAuthClient::sign_in() {
  const std::shared_ptr<State> state = state_;
  Task<TaskMutex::Lock> locking = state->mutex.lock();
  const TaskMutex::Lock lock = co_await std::move(locking);
  state->restore();
  Task<Result<bool>> obtaining = state->obtain(TokenChallenge(), 401);
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
  const OAuthTokens held = *state->tokens;
  const std::string bound = state->issuer;
  if (!state->server) {
    Task<Result<AuthorizationServer>> finding = state->find_server(bound);
    auto found = co_await std::move(finding);
    if (found) state->server = std::move(*found);
  }
  if (!state->identity && state->server) {
    const auto kept = state->options.store_->load(identity_name(bound, state->options.profile_));
    const auto read = kept && *kept ? restore_identity(**kept) : std::nullopt;
    if (read) state->identity = read->first;
    if (!read && state->options.identity_) state->identity = state->options.identity_;
  }
  bool revoked = false;
  if (state->server && !state->server->revocation_endpoint.empty() && state->identity) {
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
