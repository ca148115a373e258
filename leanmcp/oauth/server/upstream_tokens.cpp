#include <leanmcp/oauth/server/upstream_tokens.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/store_rows.hpp>

#include <boost/json.hpp>

#include <thread>

namespace leanmcp::inline v0::as {

namespace {

/// Refreshed that long before the end, so that a token does not run out on its way.
constexpr std::chrono::seconds ahead{60};
/// Longer than a provider is waited for.
constexpr std::chrono::seconds lease_time{30};
constexpr std::chrono::milliseconds look_again{50};
constexpr int most_looks = 200;
constexpr int most_refreshes = 4;
/// How long providers are asked to revoke what has ended, and for how many sign-ins, at a time.
constexpr std::chrono::seconds forget_time{20};
constexpr std::int64_t most_forgotten = 500;
/// A grant without code and refresh token is young, or over: longer than any access token lives.
constexpr std::chrono::hours surely_over{24};

Secret written(const UpstreamTokens& tokens) {
  json::object out{{"access_token", tokens.access_token.reveal()},
                   {"refresh_token", tokens.refresh_token.reveal()},
                   {"scope", tokens.scope}};
  if (tokens.expires) out["expires"] = unix_seconds(*tokens.expires);
  return Secret(json_text(out));
}

std::optional<UpstreamTokens> read(const Secret& text) {
  const auto in = claims_of(text.reveal());
  if (!in) return std::nullopt;
  UpstreamTokens out;
  out.access_token = Secret(claim_text(*in, "access_token"));
  out.refresh_token = Secret(claim_text(*in, "refresh_token"));
  out.scope = claim_text(*in, "scope");
  if (const auto at = claim_number(*in, "expires")) out.expires = TimePoint(std::chrono::seconds(*at));
  return out;
}

bool is_over(const UpstreamTokens& tokens, TimePoint now) { return tokens.expires && *tokens.expires <= now + ahead; }

/// What the vault has; no value where it has nothing.
struct Kept {
  UpstreamTokens tokens;
  std::int64_t version = 0;
};
Result<std::optional<Kept>, VaultError> look(const Core& core, const GrantRecord& grant) {
  const auto record = core.vault->get(grant.grant_id, grant.upstream);
  if (!record) return record.error();
  std::optional<Kept> none;
  if (!*record) return none;
  auto tokens = read((*record)->value);
  if (!tokens) return none;
  Kept kept;
  kept.tokens = std::move(*tokens);
  kept.version = (*record)->version;
  return std::optional<Kept>(std::move(kept));
}

enum class Step { good, ended, later, taken };

/// Refreshes if it is time and nobody else is at it.
Step refresh_once(Core& core, const GrantRecord& grant, Upstream& upstream, TimePoint now) {
  const std::string holder = random_id();
  const auto leased = core.vault->lease(grant.grant_id, grant.upstream, holder, now, now + lease_time);
  if (!leased) return Step::later;
  if (!*leased) return Step::taken;
  const auto end = [&](Step step) {
    const auto released = core.vault->release(grant.grant_id, grant.upstream, holder);
    return released ? step : Step::later;
  };
  // Once more, now that nobody else changes it.
  const auto kept = look(core, grant);
  if (!kept) return end(Step::later);
  if (!*kept || !is_over((*kept)->tokens, now)) return end(Step::good);
  auto fresh = upstream.refresh((*kept)->tokens.refresh_token, now);
  if (fresh) {
    if (fresh->scope.empty()) fresh->scope = (*kept)->tokens.scope;
    const auto stored = core.vault->replace(grant.grant_id, grant.upstream, (*kept)->version, written(*fresh), now);
    return end(stored ? Step::good : Step::later);
  }
  core.audit->write(AuditEntry(AuditEvent::sign_in, "refused")
                        .client(grant.client_id)
                        .subject(grant.subject)
                        .grant(grant.grant_id)
                        .reason(to_string(fresh.error())));
  if (fresh.error() != UpstreamFault::refused) return end(Step::later);
  const auto revoked = core.store->revoke_grant(grant.grant_id);
  const auto removed = core.vault->remove(grant.grant_id, grant.upstream);
  return revoked && removed ? Step::ended : Step::later;
}

}  // namespace

bool keep_upstream_tokens(Core& core, const GrantRecord& grant, const UpstreamTokens& tokens, TimePoint now) {
  const auto kept = core.vault->put(grant.grant_id, grant.upstream, written(tokens), now);
  return kept.has_value();
}

UpstreamState refresh_upstream(Core& core, const GrantRecord& grant, TimePoint now) {
  Upstream* const upstream = core.upstream(grant.upstream);
  if (!upstream) return UpstreamState::good;
  const auto kept = look(core, grant);
  if (!kept) return UpstreamState::later;
  if (!*kept || !is_over((*kept)->tokens, now) || (*kept)->tokens.refresh_token.empty()) return UpstreamState::good;
  // Where several are under way already this one is left out: the next refresh here sees to it.
  struct Turn {
    std::atomic<int>& count;
    const bool mine = ++count <= most_refreshes;
    ~Turn() { --count; }
  };
  const Turn turn{core.upstream_refreshes};
  if (!turn.mine) return UpstreamState::good;
  switch (refresh_once(core, grant, *upstream, now)) {
    case Step::good:
    case Step::taken:
      return UpstreamState::good;
    case Step::ended:
      return UpstreamState::ended;
    case Step::later:
      break;
  }
  return UpstreamState::later;
}

void forget_upstream_tokens(Core& core, const GrantRecord& grant) {
  if (grant.upstream.empty()) return;
  Upstream* const upstream = core.upstream(grant.upstream);
  const auto kept = look(core, grant);
  if (!kept || !*kept) return;
  const auto removed = core.vault->remove(grant.grant_id, grant.upstream);
  if (upstream && removed && *removed) upstream->revoke((*kept)->tokens);
}

Result<std::int64_t, StorageError> forget_ended_sign_ins(Core& core, TimePoint now,
                                                         const std::function<bool()>& go_on) {
  // Between the tokens and their grant lies one write; a request and its code are the longest that anything waits.
  const TimePoint no_grant_comes = now - core.options.lifetimes_.transaction - core.options.lifetimes_.code;
  const auto ended = core.store->database().run(
      "SELECT vault.owner, vault.service, as_grants.grant_id FROM vault "
      "LEFT JOIN as_grants ON as_grants.grant_id = vault.owner WHERE vault.record = $1 AND ("
      "(as_grants.grant_id IS NULL AND vault.updated_at <= $2) OR as_grants.expires <= $3 OR as_grants.revoked = 1 OR "
      "(as_grants.created <= $4 AND NOT EXISTS (SELECT 1 FROM as_codes WHERE as_codes.grant_id = vault.owner) AND "
      "NOT EXISTS (SELECT 1 FROM as_refresh WHERE as_refresh.grant_id = vault.owner))) ORDER BY vault.owner LIMIT $5",
      {vault_record, rows::to_ms(no_grant_comes), rows::to_ms(now), rows::to_ms(now - surely_over), most_forgotten});
  if (!ended) return ended.error();
  std::int64_t count = 0;
  const auto until = std::chrono::steady_clock::now() + forget_time;
  for (const Row& row : *ended) {
    if (!go_on() || std::chrono::steady_clock::now() > until) break;
    GrantRecord grant;
    grant.grant_id = row.text(0);
    grant.upstream = row.text(1);
    if (!row.is_null(2))
      if (auto over = core.store->revoke_grant(grant.grant_id); !over) return over.error();
    forget_upstream_tokens(core, grant);
    // What does not open cannot be revoked there, but need not be kept.
    const auto removed = core.vault->remove(grant.grant_id, grant.upstream);
    if (!removed && removed.error().cause == VaultCause::storage) return removed.error().storage;
    ++count;
  }
  return count;
}

Result<Secret, UpstreamTokenFault> upstream_access_token(Core& core, const GrantRecord& grant, TimePoint now) {
  Upstream* const upstream = core.upstream(grant.upstream);
  if (!upstream || grant.revoked || grant.expires <= now) return UpstreamTokenFault::no_token;
  for (int looks = 0; looks < most_looks; ++looks) {
    const auto kept = look(core, grant);
    if (!kept) return UpstreamTokenFault::later;
    if (!*kept) return UpstreamTokenFault::no_token;
    const UpstreamTokens& tokens = (*kept)->tokens;
    if (!is_over(tokens, now)) return tokens.access_token;
    // What cannot be refreshed is good to its very end.
    if (tokens.refresh_token.empty())
      return *tokens.expires > now ? Result<Secret, UpstreamTokenFault>(tokens.access_token)
                                   : Result<Secret, UpstreamTokenFault>(UpstreamTokenFault::no_token);
    switch (refresh_once(core, grant, *upstream, now)) {
      case Step::good:
        break;
      case Step::taken:
        std::this_thread::sleep_for(look_again);
        break;
      case Step::ended:
        return UpstreamTokenFault::no_token;
      case Step::later:
        return UpstreamTokenFault::later;
    }
  }
  return UpstreamTokenFault::later;
}

}  // namespace leanmcp::inline v0::as
