#include <leanmcp/oauth/server/store.hpp>
#include <leanmcp/oauth/server/store_rows.hpp>

// What is used once, signing keys, consents, users, and removing what ran out.
namespace leanmcp::inline v0::as {
namespace {

using rows::all;
using rows::changed;
using rows::done;
using rows::first;
using rows::from_ms;
using rows::optional_ms;
using rows::to_ms;

constexpr std::string_view key_columns = "key_id, algorithm, sealed, created, active, retires";
constexpr std::string_view user_columns = "username, subject, password_hash, profile, disabled, created";

SigningKeyRecord key_of(const Row& row) {
  SigningKeyRecord out;
  out.key_id = row.text(0);
  out.algorithm = row.text(1);
  out.sealed = row.text(2);
  out.created = from_ms(row.integer(3));
  out.active = from_ms(row.integer(4));
  out.retires = optional_ms(row, 5);
  return out;
}

UserRecord user_of(const Row& row) {
  UserRecord out;
  out.username = row.text(0);
  out.subject = row.text(1);
  out.password_hash = row.text(2);
  out.profile = row.text(3);
  out.disabled = row.integer(4) != 0;
  out.created = from_ms(row.integer(5));
  return out;
}

}  // namespace

Store::Outcome<bool> Store::use_once(std::string_view kind, std::string_view id, TimePoint now, TimePoint until) const {
  // The id is a stranger's: its digest has a known length and is text on both engines.
  return changed(
      database_.run("INSERT INTO as_once (kind, id_digest, until_time) VALUES ($1, $2, $4) "
                    "ON CONFLICT (kind, id_digest) DO UPDATE SET until_time = $4 "
                    "WHERE as_once.until_time <= $3",
                    {kind, digest_of(id), to_ms(now), to_ms(until)}));
}

Store::Outcome<void> Store::deny(std::string_view token_id, TimePoint until) const {
  return done(database_.run("INSERT INTO as_denied (token_id, until_time) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                            {token_id, to_ms(until)}));
}

Store::Outcome<bool> Store::denied(std::string_view token_id) const {
  auto rows = database_.run("SELECT 1 FROM as_denied WHERE token_id = $1", {token_id});
  if (!rows) return rows.error();
  return !rows->empty();
}

Store::Outcome<std::vector<SigningKeyRecord>> Store::signing_keys() const {
  static const std::string sql = "SELECT " + std::string(key_columns) + " FROM as_keys ORDER BY active, key_id";
  return all(database_.run(sql), &key_of);
}

Store::Outcome<bool> Store::add_signing_key(const SigningKeyRecord& key, std::optional<TimePoint> newest) const {
  static const std::string insert =
      "INSERT INTO as_keys (" + std::string(key_columns) + ") VALUES ($1, $2, $3, $4, $5, $6)";
  return database_.transact([&](Transaction& transaction) -> Outcome<bool> {
    auto known = transaction.run("SELECT MAX(active) FROM as_keys WHERE algorithm = $1", {key.algorithm});
    if (!known) return known.error();
    if (optional_ms((*known)[0], 0) != newest) return false;
    auto added = transaction.run(
        insert, {key.key_id, key.algorithm, key.sealed, to_ms(key.created), to_ms(key.active), to_ms(key.retires)});
    if (!added) return added.error();
    return true;
  });
}

Store::Outcome<bool> Store::remove_signing_key(std::string_view key_id) const {
  return changed(database_.run("DELETE FROM as_keys WHERE key_id = $1", {key_id}));
}

Store::Outcome<bool> Store::reseal_signing_key(std::string_view key_id, std::string_view old_sealed,
                                               std::string_view sealed) const {
  return changed(
      database_.run("UPDATE as_keys SET sealed = $3 WHERE key_id = $1 AND sealed = $2", {key_id, old_sealed, sealed}));
}

Store::Outcome<bool> Store::retire_signing_key(std::string_view key_id, TimePoint when) const {
  return changed(
      database_.run("UPDATE as_keys SET retires = $2 WHERE key_id = $1 AND (retires IS NULL OR retires > $2)",
                    {key_id, to_ms(when)}));
}

Store::Outcome<bool> Store::has_consent(const ConsentRecord& wanted, TimePoint now) const {
  auto rows = database_.run(
      "SELECT 1 FROM as_consents WHERE subject = $1 AND client_id = $2 AND redirect_uri = $3 AND resource = $4 "
      "AND scope = $5 AND document_digest = $6 AND expires > $7",
      {wanted.subject, wanted.client_id, wanted.redirect_uri, wanted.resource, wanted.scope, wanted.document_digest,
       to_ms(now)});
  if (!rows) return rows.error();
  return !rows->empty();
}

Store::Outcome<void> Store::put_consent(const ConsentRecord& consent) const {
  return done(database_.run(
      "INSERT INTO as_consents (subject, client_id, redirect_uri, resource, scope, document_digest, expires) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (subject, client_id, redirect_uri, resource, scope) "
      "DO UPDATE SET document_digest = $6, expires = $7",
      {consent.subject, consent.client_id, consent.redirect_uri, consent.resource, consent.scope,
       consent.document_digest, to_ms(consent.expires)}));
}

Store::Outcome<void> Store::remove_consents(std::string_view subject, std::string_view client_id) const {
  return done(database_.run("DELETE FROM as_consents WHERE ($1 = '' OR subject = $1) AND ($2 = '' OR client_id = $2)",
                            {subject, client_id}));
}

Store::Outcome<std::optional<UserRecord>> Store::user(std::string_view username) const {
  static const std::string sql = "SELECT " + std::string(user_columns) + " FROM as_users WHERE username = $1";
  return first(database_.run(sql, {username}), &user_of);
}

Store::Outcome<bool> Store::add_user(const UserRecord& user) const {
  static const std::string sql =
      "INSERT INTO as_users (" + std::string(user_columns) + ") VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
  return changed(database_.run(
      sql, {user.username, user.subject, user.password_hash, user.profile, user.disabled, to_ms(user.created)}));
}

Store::Outcome<bool> Store::set_password_hash(std::string_view username, std::string_view password_hash) const {
  return changed(
      database_.run("UPDATE as_users SET password_hash = $2 WHERE username = $1", {username, password_hash}));
}

Store::Outcome<bool> Store::set_user_disabled(std::string_view username, bool disabled) const {
  return changed(database_.run("UPDATE as_users SET disabled = $2 WHERE username = $1", {username, disabled}));
}

Store::Outcome<std::vector<UserRecord>> Store::users(std::int64_t most) const {
  static const std::string sql = "SELECT " + std::string(user_columns) + " FROM as_users ORDER BY username LIMIT $1";
  return all(database_.run(sql, {most}), &user_of);
}

Store::Outcome<std::int64_t> Store::sweep(TimePoint now, const SweepRules& rules) const {
  struct Step {
    const char* sql;
    TimePoint before;
  };
  const std::vector<Step> steps{
      {"DELETE FROM as_forms WHERE id_digest IN (SELECT id_digest FROM as_transactions WHERE expires <= $1)", now},
      {"DELETE FROM as_transactions WHERE expires <= $1", now},
      // A redeemed code that comes again after its time still ends the family.
      {"DELETE FROM as_codes WHERE expires <= $1", now - rules.keep_codes},
      {"DELETE FROM as_refresh WHERE expires <= $1", now},
      {"DELETE FROM as_refresh WHERE grant_id IN (SELECT grant_id FROM as_grants WHERE expires <= $1)", now},
      {"DELETE FROM as_grants WHERE expires <= $1", now},
      {"UPDATE as_refresh SET successor = '' WHERE used <= $1 AND successor <> ''", now - rules.keep_answers},
      {"DELETE FROM as_once WHERE until_time <= $1", now},
      {"DELETE FROM as_denied WHERE until_time <= $1", now},
      {"DELETE FROM as_keys WHERE retires <= $1", now},
      {"DELETE FROM as_consents WHERE expires <= $1", now},
      {"DELETE FROM as_pushed WHERE expires <= $1", now},
      {"DELETE FROM as_browsers WHERE expires <= $1", now},
      {"DELETE FROM as_clients WHERE origin = 'dynamic' AND disabled = 0 AND used IS NULL AND created <= $1",
       now - rules.unused_client},
      {"DELETE FROM as_clients WHERE origin = 'dynamic' AND disabled = 0 AND used <= $1", now - rules.idle_client},
      {"DELETE FROM as_clients WHERE origin = 'document' AND disabled = 0 AND expires <= $1",
       now - rules.keep_documents},
  };
  // One by one, so that no writer waits long; a step that is lost is done the next time.
  std::int64_t removed = 0;
  for (const Step& step : steps) {
    auto rows = database_.run(step.sql, {to_ms(step.before)});
    if (!rows) return rows.error();
    removed += rows->changed();
  }
  return removed;
}

}  // namespace leanmcp::inline v0::as
