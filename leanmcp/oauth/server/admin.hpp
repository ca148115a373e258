#pragma once

#include <leanmcp/crypto/seal.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/options.hpp>
#include <leanmcp/oauth/server/signing_keys.hpp>
#include <leanmcp/oauth/server/store.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0::as {

/// A signing key without its private half.
struct KeyDescription {
  enum class Use { waits, signs, verifies };
  std::string key_id;
  std::string algorithm;
  /// Published and not signing yet; signing; published since tokens of it may be about.
  Use use = Use::waits;
  TimePoint created;
  TimePoint active;
  std::optional<TimePoint> retires;
};

/// What an operator does with an authorization server, over its database and root keys alone: the server may run
/// meanwhile, in several instances. Nothing that is handed out here holds a secret, except what was just made to be
/// given to somebody (`invite`). What is done is in the audit log. Thread-safe; all functions block.
///
/// Configured clients are in the server's options and not seen here. The provider's tokens behind grants that end here
/// can be used no more; a running server has them revoked at the provider and removes them, within about ten minutes
/// (500 at a time).
class Administration {
 public:
  /// Makes or upgrades the tables. The error is a sentence.
  static Result<Administration> open(Database database, KeyRing ring, Logger log = {});

  template <class T>
  using Outcome = Result<T, StorageError>;

  /// Registered clients and metadata documents, by id; those after `after`.
  Outcome<std::vector<ClientRecord>> clients(std::int64_t most, std::string_view after) const;
  Outcome<std::optional<ClientRecord>> client(std::string_view client_id) const;
  /// A disabled client gets no tokens and no consent page, and cannot register again under its id. False for an unknown
  /// one.
  Outcome<bool> set_client_disabled(std::string_view client_id, bool disabled) const;
  /// False when there was none. A client of a metadata document comes back when it asks again; disable it instead.
  Outcome<bool> remove_client(std::string_view client_id) const;
  /// A token for one registration (RFC 7591, section 3), where the server asks for one.
  Secret invite(TimePoint now, std::chrono::seconds lifetime) const;

  /// The newest ones; an empty subject or client is any.
  Outcome<std::vector<GrantRecord>> grants(std::string_view subject, std::string_view client_id,
                                           std::int64_t most) const;
  /// The family of tokens. False when it was none or revoked already.
  Outcome<bool> revoke_grant(std::string_view grant_id) const;
  /// All of a person's, or a client's; how many there were. What was agreed to be remembered for them goes too: they
  /// are asked again. One of the two must not be empty.
  Outcome<std::int64_t> revoke_grants(std::string_view subject, std::string_view client_id) const;
  /// An access token by its `jti`, for as long as any of them lives.
  Outcome<void> deny(std::string_view token_id, TimePoint now) const;

  /// The published ones, in the order in which they sign.
  Outcome<std::vector<KeyDescription>> keys(TimePoint now) const;
  /// A new key that signs at once, instead of the one that does; running servers take it up within a minute. Its id.
  /// Without an algorithm, of the one that the server signs with; an error where that is not clear, where none signs
  /// yet, or where the algorithm that is named is not in use. The server's own schedule says when the old key leaves;
  /// `OldKeys::leave_now`, for one that was stolen, ends every older key at once, with all tokens of it: clients
  /// refresh, and get new ones.
  Result<std::string> rotate_key(std::optional<JwsAlgorithm> algorithm, OldKeys old, TimePoint now) const;

  /// By name. Tokens and grants say `subject_of(own_users_name, user.subject)` for a person of these.
  Outcome<std::vector<UserRecord>> users(std::int64_t most) const;
  /// The errors are sentences. Blocks for as long as a password costs.
  Result<void> add_user(std::string_view username, std::string_view password, std::string_view profile,
                        TimePoint now) const;
  Result<void> set_password(std::string_view username, std::string_view password) const;
  /// A disabled person signs in no more, and all their grants end. False for an unknown one.
  Outcome<bool> set_user_disabled(std::string_view username, bool disabled) const;

 private:
  Administration(Store store, KeyRing ring, Logger log)
      : store_(std::move(store)), ring_(std::move(ring)), audit_(std::move(log)) {}
  void note(AuditEntry entry) const { audit_.write(entry); }

  Store store_;
  KeyRing ring_;
  AuditLog audit_;
};

}  // namespace leanmcp::inline v0::as
