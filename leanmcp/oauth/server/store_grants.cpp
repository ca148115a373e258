#include <leanmcp/oauth/server/store.hpp>
#include <leanmcp/oauth/server/store_rows.hpp>

namespace leanmcp::inline v0::as {
namespace {

using rows::all;
using rows::changed;
using rows::done;
using rows::first;
using rows::from_ms;
using rows::optional_ms;
using rows::to_ms;

constexpr std::string_view grant_columns =
    "grant_id, subject, client_id, scope, resource, upstream, profile, created, expires, revoked";
constexpr std::string_view code_columns =
    "code_digest, grant_id, client_id, redirect_uri, redirect_uri_given, challenge, scope, resource, nonce, "
    "dpop_thumbprint, redeemed, wrong_tries, expires";
constexpr std::string_view refresh_columns =
    "token_digest, grant_id, generation, client_id, scope, resource, dpop_thumbprint, used, successor, expires";

GrantRecord grant_of(const Row& row) {
  GrantRecord out;
  out.grant_id = row.text(0);
  out.subject = row.text(1);
  out.client_id = row.text(2);
  out.scope = row.text(3);
  out.resource = row.text(4);
  out.upstream = row.text(5);
  out.profile = row.text(6);
  out.created = from_ms(row.integer(7));
  out.expires = from_ms(row.integer(8));
  out.revoked = row.integer(9) != 0;
  return out;
}

CodeRecord code_of(const Row& row) {
  CodeRecord out;
  out.code_digest = row.text(0);
  out.grant_id = row.text(1);
  out.client_id = row.text(2);
  out.redirect_uri = row.text(3);
  out.redirect_uri_given = row.integer(4) != 0;
  out.challenge = row.text(5);
  out.scope = row.text(6);
  out.resource = row.text(7);
  out.nonce = row.text(8);
  out.dpop_thumbprint = row.text(9);
  out.redeemed = row.integer(10) != 0;
  out.wrong_tries = static_cast<int>(row.integer(11));
  out.expires = from_ms(row.integer(12));
  return out;
}

RefreshRecord refresh_of(const Row& row) {
  RefreshRecord out;
  out.token_digest = row.text(0);
  out.grant_id = row.text(1);
  out.generation = row.integer(2);
  out.client_id = row.text(3);
  out.scope = row.text(4);
  out.resource = row.text(5);
  out.dpop_thumbprint = row.text(6);
  out.used = optional_ms(row, 7);
  out.successor = row.text(8);
  out.expires = from_ms(row.integer(9));
  return out;
}

template <class Runner>
Store::Outcome<void> insert_grant(Runner& runner, const GrantRecord& grant) {
  static const std::string sql =
      "INSERT INTO as_grants (" + std::string(grant_columns) + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
  return done(
      runner.run(sql, {grant.grant_id, grant.subject, grant.client_id, grant.scope, grant.resource, grant.upstream,
                       grant.profile, to_ms(grant.created), to_ms(grant.expires), grant.revoked}));
}

Store::Outcome<void> insert_code(Transaction& transaction, const CodeRecord& code) {
  static const std::string sql = "INSERT INTO as_codes (" + std::string(code_columns) +
                                 ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
  return done(transaction.run(sql, {code.code_digest, code.grant_id, code.client_id, code.redirect_uri,
                                    code.redirect_uri_given, code.challenge, code.scope, code.resource, code.nonce,
                                    code.dpop_thumbprint, code.redeemed, code.wrong_tries, to_ms(code.expires)}));
}

Store::Outcome<void> insert_refresh(Transaction& transaction, const RefreshRecord& token) {
  static const std::string sql =
      "INSERT INTO as_refresh (" + std::string(refresh_columns) + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
  return done(transaction.run(
      sql, {token.token_digest, token.grant_id, token.generation, token.client_id, token.scope, token.resource,
            token.dpop_thumbprint, to_ms(token.used), token.successor, to_ms(token.expires)}));
}

}  // namespace

Store::Outcome<void> Store::add_grant(const GrantRecord& grant, const CodeRecord& code) const {
  return database_.transact([&](Transaction& transaction) -> Outcome<void> {
    auto added = insert_grant(transaction, grant);
    if (!added) return added;
    return insert_code(transaction, code);
  });
}

Store::Outcome<void> Store::add_grant(const GrantRecord& grant) const { return insert_grant(database_, grant); }

Store::Outcome<std::optional<GrantRecord>> Store::grant(std::string_view grant_id) const {
  static const std::string sql = "SELECT " + std::string(grant_columns) + " FROM as_grants WHERE grant_id = $1";
  return first(database_.run(sql, {grant_id}), &grant_of);
}

Store::Outcome<std::vector<GrantRecord>> Store::grants(std::string_view subject, std::string_view client_id,
                                                       std::int64_t most) const {
  static const std::string sql = "SELECT " + std::string(grant_columns) +
                                 " FROM as_grants WHERE ($1 = '' OR subject = $1) AND ($2 = '' OR client_id = $2) "
                                 "ORDER BY created DESC, grant_id LIMIT $3";
  return all(database_.run(sql, {subject, client_id, most}), &grant_of);
}

Store::Outcome<std::vector<std::string>> Store::live_grants(std::string_view subject, std::string_view client_id,
                                                            std::int64_t most) const {
  return all(
      database_.run("SELECT grant_id FROM as_grants WHERE revoked = 0 AND ($1 = '' OR subject = $1) AND "
                    "($2 = '' OR client_id = $2) LIMIT $3",
                    {subject, client_id, most}),
      +[](const Row& row) { return row.text(0); });
}

Store::Outcome<bool> Store::revoke_grant(std::string_view grant_id) const {
  return changed(database_.run("UPDATE as_grants SET revoked = 1 WHERE grant_id = $1 AND revoked = 0", {grant_id}));
}

Store::Outcome<std::optional<CodeRecord>> Store::code(std::string_view code_digest) const {
  static const std::string sql = "SELECT " + std::string(code_columns) + " FROM as_codes WHERE code_digest = $1";
  return first(database_.run(sql, {code_digest}), &code_of);
}

Store::Outcome<bool> Store::redeem_code(std::string_view code_digest, const std::optional<RefreshRecord>& token) const {
  return database_.transact([&](Transaction& transaction) -> Outcome<bool> {
    auto redeemed = changed(
        transaction.run("UPDATE as_codes SET redeemed = 1 WHERE code_digest = $1 AND redeemed = 0 AND EXISTS "
                        "(SELECT 1 FROM as_grants WHERE as_grants.grant_id = as_codes.grant_id AND revoked = 0)",
                        {code_digest}));
    if (!redeemed || !*redeemed || !token) return redeemed;
    auto added = insert_refresh(transaction, *token);
    if (!added) return added.error();
    return true;
  });
}

Store::Outcome<int> Store::count_wrong_try(std::string_view code_digest) const {
  auto rows = database_.run(
      "UPDATE as_codes SET wrong_tries = wrong_tries + 1 WHERE code_digest = $1 RETURNING wrong_tries", {code_digest});
  if (!rows) return rows.error();
  return rows->empty() ? 0 : static_cast<int>((*rows)[0].integer(0));
}

Store::Outcome<std::optional<RefreshRecord>> Store::refresh_token(std::string_view token_digest) const {
  static const std::string sql = "SELECT " + std::string(refresh_columns) + " FROM as_refresh WHERE token_digest = $1";
  return first(database_.run(sql, {token_digest}), &refresh_of);
}

Store::Outcome<std::optional<RefreshRecord>> Store::rotate(std::string_view token_digest, const RefreshRecord& next,
                                                           std::string_view successor, TimePoint now) const {
  static const std::string live =
      " AND EXISTS (SELECT 1 FROM as_grants WHERE as_grants.grant_id = "
      "as_refresh.grant_id AND revoked = 0)";
  static const std::string trade =
      "UPDATE as_refresh SET used = $2, successor = $3 WHERE token_digest = $1 AND used IS NULL" + live +
      " RETURNING " + std::string(refresh_columns);
  static const std::string look =
      "SELECT " + std::string(refresh_columns) + " FROM as_refresh WHERE token_digest = $1" + live;
  return database_.transact([&](Transaction& transaction) -> Outcome<std::optional<RefreshRecord>> {
    auto traded = first(transaction.run(trade, {token_digest, to_ms(now), successor}), &refresh_of);
    if (!traded) return traded;
    if (!*traded) return first(transaction.run(look, {token_digest}), &refresh_of);
    auto added = insert_refresh(transaction, next);
    if (!added) return added.error();
    return traded;
  });
}

Store::Outcome<bool> Store::successor_used(std::string_view grant_id, std::int64_t generation) const {
  auto rows = database_.run("SELECT 1 FROM as_refresh WHERE grant_id = $1 AND generation = $2 AND used IS NOT NULL",
                            {grant_id, generation + 1});
  if (!rows) return rows.error();
  return !rows->empty();
}

}  // namespace leanmcp::inline v0::as
