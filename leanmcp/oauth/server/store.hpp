#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/oauth/server/records.hpp>
#include <leanmcp/storage/database.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0::as {

/// How long is kept what has no time of its own.
struct SweepRules {
  SweepRules() = default;
  /// Codes, redeemed or not, after their time: one that comes again ends its family.
  std::chrono::seconds keep_codes = std::chrono::hours(24);
  /// Answers to refreshes, for the grace window.
  std::chrono::seconds keep_answers = std::chrono::minutes(1);
  /// Registered clients that never got a token, and those that got none for so long.
  std::chrono::seconds unused_client = std::chrono::hours(24 * 7);
  std::chrono::seconds idle_client = std::chrono::hours(24 * 90);
  /// Metadata documents after their time.
  std::chrono::seconds keep_documents = std::chrono::hours(24);
};

/// Everything an authorization server keeps, in SQLite or, for several instances, PostgreSQL. Each function is one
/// transaction; what must happen once is decided by the database, across processes. Copies share the database.
/// Thread-safe; all functions block.
class Store {
 public:
  template <class T>
  using Outcome = Result<T, StorageError>;

  /// Makes or upgrades the tables.
  static Outcome<Store> open(Database database);

  // Clients.
  Outcome<std::optional<ClientRecord>> client(std::string_view client_id) const;
  /// Inserts or replaces; whether a known one is disabled stays as it is.
  Outcome<void> put_client(const ClientRecord& client) const;
  /// Replaces one that is there and not disabled; false otherwise.
  Outcome<bool> update_client(const ClientRecord& client) const;
  /// False when there is none.
  Outcome<bool> set_client_disabled(std::string_view client_id, bool disabled) const;
  /// Only if there is none of that id; false otherwise.
  Outcome<bool> add_client(const ClientRecord& client) const;
  /// With its grants, codes and tokens; false when there was none.
  Outcome<bool> remove_client(std::string_view client_id) const;
  /// The client's own row alone: nobody is signed out by it.
  Outcome<bool> remove_client_record(std::string_view client_id) const;
  Outcome<void> touch_client(std::string_view client_id, TimePoint now) const;
  Outcome<std::vector<ClientRecord>> clients(std::int64_t most, std::string_view after) const;
  Outcome<std::int64_t> count_clients(ClientOrigin origin) const;

  // Authorization requests under way.
  Outcome<void> add_transaction(const TransactionRecord& transaction) const;
  Outcome<std::optional<TransactionRecord>> transaction(std::string_view id_digest) const;
  /// A new render of the consent page; false when the request is gone, approved, or has too many already.
  Outcome<bool> add_form(std::string_view id_digest, std::string_view form_digest) const;
  /// From asked to approved, once, if the form is one of its forms; nullopt when it was not so.
  Outcome<std::optional<TransactionRecord>> approve(std::string_view id_digest, const Approval& approval,
                                                    TimePoint now) const;
  Outcome<std::optional<TransactionRecord>> transaction_by_state(std::string_view state_digest) const;
  /// Ends the request, once: for whoever gets true, and nobody else.
  Outcome<bool> finish_transaction(std::string_view id_digest) const;

  // Grants and codes.
  Outcome<void> add_grant(const GrantRecord& grant, const CodeRecord& code) const;
  /// A grant whose first token is given out without a code.
  Outcome<void> add_grant(const GrantRecord& grant) const;
  Outcome<std::optional<GrantRecord>> grant(std::string_view grant_id) const;
  Outcome<std::vector<GrantRecord>> grants(std::string_view subject, std::string_view client_id,
                                           std::int64_t most) const;
  /// Ids of those that are not revoked; an empty subject or client is any.
  Outcome<std::vector<std::string>> live_grants(std::string_view subject, std::string_view client_id,
                                                std::int64_t most) const;
  /// The family is dead: no refresh token of it works, its access tokens are refused by introspection.
  Outcome<bool> revoke_grant(std::string_view grant_id) const;
  Outcome<std::optional<CodeRecord>> code(std::string_view code_digest) const;
  /// From issued to redeemed, once, together with the first refresh token if there is one.
  Outcome<bool> redeem_code(std::string_view code_digest, const std::optional<RefreshRecord>& first) const;
  /// Counts a try with a wrong client or verifier; the number so far.
  Outcome<int> count_wrong_try(std::string_view code_digest) const;

  // Refresh tokens.
  Outcome<std::optional<RefreshRecord>> refresh_token(std::string_view token_digest) const;
  /// Trades `token_digest` for `next`, once: the record as it is now, which has this call's `successor` only if this
  /// call was the first. nullopt when the family is revoked or gone.
  Outcome<std::optional<RefreshRecord>> rotate(std::string_view token_digest, const RefreshRecord& next,
                                               std::string_view successor, TimePoint now) const;

  /// Whether the token that one of that generation was traded for has been traded itself.
  Outcome<bool> successor_used(std::string_view grant_id, std::int64_t generation) const;

  // Once only, across instances.
  /// True for the first use of the id; remembered until `until`. False for a repetition.
  Outcome<bool> use_once(std::string_view kind, std::string_view id, TimePoint now, TimePoint until) const;
  /// Access tokens that were revoked one by one (`jti`).
  Outcome<void> deny(std::string_view token_id, TimePoint until) const;
  Outcome<bool> denied(std::string_view token_id) const;

  // Keys.
  Outcome<std::vector<SigningKeyRecord>> signing_keys() const;
  /// Only if the newest key of that algorithm, by `active`, is still the one of that time (or there is none, for
  /// nullopt): one of many instances adds the next one.
  Outcome<bool> add_signing_key(const SigningKeyRecord& key, std::optional<TimePoint> newest) const;
  /// For one that has not signed yet.
  Outcome<bool> remove_signing_key(std::string_view key_id) const;
  /// Replaces the sealed text, if it is still the old one: after a change of the key ring.
  Outcome<bool> reseal_signing_key(std::string_view key_id, std::string_view old_sealed, std::string_view sealed) const;
  Outcome<bool> retire_signing_key(std::string_view key_id, TimePoint when) const;

  // Consent, pushed requests, users.
  Outcome<bool> has_consent(const ConsentRecord& wanted, TimePoint now) const;
  Outcome<void> put_consent(const ConsentRecord& consent) const;
  /// All of a person's, a client's, or of the one for the other; an empty subject or client is any.
  Outcome<void> remove_consents(std::string_view subject, std::string_view client_id) const;
  Outcome<void> add_pushed(const PushedRecord& request) const;
  Outcome<std::optional<PushedRecord>> take_pushed(std::string_view uri_digest, TimePoint now) const;
  Outcome<std::optional<UserRecord>> user(std::string_view username) const;
  Outcome<bool> add_user(const UserRecord& user) const;
  /// False when there is none of that name; each changes nothing else.
  Outcome<bool> set_password_hash(std::string_view username, std::string_view password_hash) const;
  Outcome<bool> set_user_disabled(std::string_view username, bool disabled) const;
  Outcome<std::vector<UserRecord>> users(std::int64_t most) const;
  /// A browser that is signed in here, by the digest of its cookie: the subject.
  Outcome<void> add_browser(std::string_view cookie_digest, std::string_view subject, TimePoint until) const;
  Outcome<std::optional<std::string>> browser(std::string_view cookie_digest, TimePoint now) const;

  /// Removes what ran out; how many rows. Call it now and then.
  Outcome<std::int64_t> sweep(TimePoint now, const SweepRules& rules) const;
  Outcome<std::int64_t> sweep(TimePoint now) const { return sweep(now, SweepRules()); }

  const Database& database() const noexcept { return database_; }

 private:
  explicit Store(Database database) noexcept : database_(std::move(database)) {}
  Database database_;
};

/// Hex SHA-256: how codes, tokens, states and secrets are kept.
std::string digest_of(std::string_view text);

}  // namespace leanmcp::inline v0::as
