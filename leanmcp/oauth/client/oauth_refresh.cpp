#include <leanmcp/oauth/client/oauth_client_impl.hpp>

namespace leanmcp::inline v0 {

namespace {

/// Whoever holds the lease is done after two requests at most, of ten seconds each.
constexpr std::chrono::seconds longest_lease_wait{30};
constexpr std::chrono::milliseconds first_pause{20};
constexpr std::chrono::milliseconds longest_pause{250};

}  // namespace

bool OAuthClient::State::due() const {
  if (!tokens || !tokens->expires) return false;
  return tokens->renew_after.value_or(*tokens->expires - std::chrono::seconds(60)) <= now();
}

Task<std::unique_ptr<TokenStore::Lease>> OAuthClient::State::take_lease() {
  using Lease = std::unique_ptr<TokenStore::Lease>;
  std::chrono::milliseconds pause = first_pause;
  for (std::chrono::milliseconds waited{0}; waited < longest_lease_wait; waited += pause) {
    auto lease = options.store_->try_lock(stored_name());
    if (!lease) {
      options.log_.error("the token store gives no lease", {{"reason", lease.error().message()}});
      co_return Lease();
    }
    if (*lease) co_return std::move(*lease);
    Task<void> sleeping = sleep_for(pause);
    co_await std::move(sleeping);
    pause = std::min(pause * 2, longest_pause);
  }
  options.log_.warning("another process holds the tokens for too long");
  co_return Lease();
}

OAuthClient::State::Stored OAuthClient::State::take_stored() {
  // What could not be stored is not there to be compared with.
  if (tokens && !in_store) return Stored::same;
  const auto kept = options.store_->load(stored_name());
  if (!kept) {
    options.log_.error("the token store cannot be read", {{"reason", kept.error().message()}});
    return Stored::unknown;
  }
  auto read = *kept ? restore_tokens(**kept) : std::nullopt;
  std::optional<SigningKey> key;
  if (read && !read->second.empty()) {
    auto stored_key = SigningKey::from_jwk(read->second.reveal());
    if (stored_key) key = std::move(*stored_key);
  }
  // A token that is bound to a lost key is of no use.
  if (read && read->first.is_dpop() && !key) read.reset();
  const bool same = tokens ? read && read->first.access_token.reveal() == tokens->access_token.reveal() : !read;
  if (same) return Stored::same;
  tokens.reset();
  dpop_key = std::move(key);
  if (read) tokens = std::move(read->first);
  in_store = tokens.has_value();
  token_was_taken = true;
  token_from_refresh = false;
  return Stored::other;
}

Task<OAuthClient::State::Refreshed> OAuthClient::State::refresh() {
  if (!tokens || tokens->refresh_token.empty() || !server) co_return Refreshed::no;
  if (now() < refresh_not_before) co_return Refreshed::later;
  const auto recalled = recall_identity();
  if (!recalled) {
    options.log_.warning("no identity to renew tokens with", {{"reason", recalled.error().message()}});
    co_return Refreshed::no;
  }
  if (!*recalled) co_return Refreshed::no;
  Task<std::unique_ptr<TokenStore::Lease>> locking = take_lease();
  const std::unique_ptr<TokenStore::Lease> lease = co_await std::move(locking);
  if (!lease) co_return Refreshed::later;
  const Stored stored = take_stored();
  if (stored == Stored::unknown) co_return Refreshed::later;
  if (stored == Stored::other && tokens && !due()) co_return Refreshed::yes;
  if (!tokens || tokens->refresh_token.empty()) co_return Refreshed::no;
  // To its end even if the request is cancelled: the answer may hold the only good refresh token.
  Task<Refreshed> using_it = use_refresh_token();
  Task<Refreshed> shielded = shield(std::move(using_it));
  const Refreshed refreshed = co_await std::move(shielded);
  co_return refreshed;
}

Task<OAuthClient::State::Refreshed> OAuthClient::State::use_refresh_token() {
  FormParameters grant{{"grant_type", "refresh_token"}, {"refresh_token", std::string(tokens->refresh_token.reveal())}};
  if (!resource.empty()) grant.emplace_back("resource", resource);
  const std::string scope = tokens->scope;
  const Key key = tokens->is_dpop() ? dpop_key : Key();
  Task<Result<OAuthTokens, TokenCause>> asking = ask_token(*server, *identity, std::move(grant), scope, key);
  auto got = co_await std::move(asking);
  if (got) {
    // Without a new one the old refresh token stays good (RFC 6749, section 6).
    if (got->refresh_token.empty()) got->refresh_token = tokens->refresh_token;
    keep_tokens(std::move(*got), key, true);
    co_return Refreshed::yes;
  }
  switch (got.error()) {
    case TokenCause::unreachable:
    case TokenCause::malformed:
      co_return Refreshed::later;
    case TokenCause::invalid_grant:
      forget_tokens();
      co_return Refreshed::no;
    case TokenCause::invalid_client:
      if (registered_here) {
        identity.reset();
        static_cast<void>(options.store_->erase(identity_name(issuer, options.profile_)));
      }
      co_return Refreshed::no;
    default:
      co_return Refreshed::no;
  }
}

Task<void> OAuthClient::State::renew_early() {
  const bool has_refresh_token = tokens && !tokens->refresh_token.empty();
  if (!due() || (!has_refresh_token && !is_machine()) || now() < refresh_not_before) co_return;
  // Tokens of an earlier process come without what is known of their server.
  if (!server) {
    Task<Result<void>> finding = find_issuer({});
    const auto found = co_await std::move(finding);
    if (!found || !tokens) co_return;
  }
  if (is_machine()) {
    Task<Result<void>> granting = machine_grant(tokens->scope, tokens->is_dpop() ? dpop_key : Key());
    const auto granted = co_await std::move(granting);
    if (!granted) options.log_.warning("tokens could not be renewed", {{"reason", granted.error().message()}});
    co_return;
  }
  Task<Refreshed> refreshing = refresh();
  co_await std::move(refreshing);
}

}  // namespace leanmcp::inline v0
