#include <leanmcp/oauth/server/core.hpp>

#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/oauth/server/remote_documents.hpp>
#include <leanmcp/oauth/server/signing_keys.hpp>
#include <leanmcp/oauth/server/upstream_tokens.hpp>

#include <algorithm>

namespace leanmcp::inline v0::as {
namespace {

KeySchedule schedule_of(const OAuthServerOptions::Lifetimes& lifetimes) {
  KeySchedule out;
  out.lifetime = lifetimes.key;
  out.ahead = lifetimes.key_ahead;
  out.overlap = lifetimes.access_token + std::chrono::seconds(60);
  return out;
}

Error cannot(std::string_view what, const StorageError& error) {
  return Error("the database cannot be used: " + std::string(what) + ": " + std::string(to_string(error.cause)),
               error.detail);
}

}  // namespace

Core::Core(OAuthServerOptions given) : options(std::move(given)) {}
Core::~Core() = default;

Upstream* Core::upstream(std::string_view name) const noexcept {
  for (const auto& provider : options.upstreams_)
    if (provider->name() == name) return provider.get();
  return nullptr;
}

bool Core::has_openid() const noexcept {
  return std::any_of(options.apis_.begin(), options.apis_.end(), [](const ProtectedApi& api) {
    return std::any_of(api.scopes.begin(), api.scopes.end(),
                       [](const ScopeDescription& scope) { return scope.name == "openid"; });
  });
}

Result<std::unique_ptr<Core>> make_core(OAuthServerOptions options, Database database) {
  auto checked = check_options(options);
  if (!checked) return checked.error();
  for (ConfiguredClient& client : options.clients_) {
    if (!client.secret_.empty()) client.record.secret_digest = digest_of(client.secret_.reveal());
    if (client.record.grant_types.empty()) client.record.grant_types = {"authorization_code", "refresh_token"};
  }
  auto core = std::make_unique<Core>(std::move(options));
  const OAuthServerOptions& set = core->options;
  auto vault = Vault::open(database, *set.ring_, std::string(vault_record));
  if (!vault) return Error("the vault cannot be opened", vault.error().detail());
  core->vault = std::move(*vault);
  auto store = Store::open(std::move(database));
  if (!store) return cannot("making the tables", store.error());
  core->store = std::move(*store);
  core->sealer = set.ring_->sealer("oauth-server");
  if (set.dpop_nonces_) core->nonces.emplace(set.ring_->derived("oauth-dpop-nonce"), std::chrono::seconds(180));
  core->limits = std::make_unique<RateLimits>(set.limits_, core->store);
  core->audit = std::make_unique<AuditLog>(set.log_);
  core->http = set.http_ ? set.http_ : std::make_shared<HttpClient>();
  HttpClientOptions guarded;
  guarded.addresses = AddressPolicy::public_only;
  core->guarded_http = std::make_shared<HttpClient>(guarded);
  core->remote = std::make_unique<RemoteDocuments>(core->http, core->guarded_http, set.loopback_documents_);
  core->keys = std::make_unique<SigningKeys>(*core->store, *set.ring_, set.algorithm_, schedule_of(set.lifetimes_));
  core->keys->on_change([audit = core->audit.get()](std::string_view what, std::string_view key_id) {
    audit->write(AuditEntry(AuditEvent::key, "ok").key_id(key_id).reason(what));
  });
  auto kept = core->keys->keep(set.clock_->now());
  if (!kept) return kept.error();
  return core;
}

OAuthError storage_failed(const StorageError& error) {
  const bool passing = error.cause == StorageCause::busy || error.cause == StorageCause::connection_lost ||
                       error.cause == StorageCause::commit_unknown || error.cause == StorageCause::serialization;
  OAuthError out(passing ? "temporarily_unavailable" : "server_error",
                 passing ? "The server is busy; try again." : "The server failed.",
                 "storage " + std::string(to_string(error.cause)));
  out.status = passing ? 503 : 500;
  if (passing) out.retry_after = std::chrono::seconds(1);
  return out;
}

Result<bool, StorageError> end_grant(Core& core, const std::string& grant_id) {
  // First here: at the provider it may take its time, and what fails there is tried again by the server's upkeep.
  auto ended = core.store->revoke_grant(grant_id);
  if (!ended) return ended;
  const auto grant = core.store->grant(grant_id);
  if (grant && *grant) forget_upstream_tokens(core, **grant);
  return ended;
}

}  // namespace leanmcp::inline v0::as
