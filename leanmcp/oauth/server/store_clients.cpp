#include <leanmcp/oauth/server/store.hpp>
#include <leanmcp/oauth/server/store_rows.hpp>

#include <array>

namespace leanmcp::inline v0::as {
namespace {

using rows::all;
using rows::changed;
using rows::done;
using rows::first;
using rows::from_ms;
using rows::list_of;
using rows::list_text;
using rows::optional_ms;
using rows::to_ms;

constexpr std::string_view client_columns =
    "client_id, origin, name, redirect_uris, grant_types, method, secret_digest, jwks, jwks_uri, assertion_algorithm, "
    "application_type, scopes, client_uri, dpop_bound, management_digest, document_digest, disabled, created, used, "
    "expires";

/// Not `disabled`: an operator decides that, and a description that is written at the same time must not undo it.
constexpr std::string_view changes =
    "origin = $2, name = $3, redirect_uris = $4, grant_types = $5, method = $6, secret_digest = $7, jwks = $8, "
    "jwks_uri = $9, assertion_algorithm = $10, application_type = $11, scopes = $12, client_uri = $13, "
    "dpop_bound = $14, management_digest = $15, document_digest = $16, created = $18, used = $19, expires = $20";

constexpr std::array origins{std::string_view("configured"), std::string_view("dynamic"), std::string_view("document")};
constexpr std::array methods{std::string_view("none"), std::string_view("basic"), std::string_view("post"),
                             std::string_view("private_key_jwt")};

template <class E, std::size_t N>
E by_name(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == name) return static_cast<E>(i);
  return E{};
}

ClientRecord client_of(const Row& row) {
  ClientRecord out;
  out.client_id = row.text(0);
  out.origin = by_name<ClientOrigin>(origins, row.text(1));
  out.name = row.text(2);
  out.redirect_uris = list_of(row.text(3));
  out.grant_types = list_of(row.text(4));
  out.method = by_name<ClientMethod>(methods, row.text(5));
  out.secret_digest = row.text(6);
  out.jwks = row.text(7);
  out.jwks_uri = row.text(8);
  out.assertion_algorithm = row.text(9);
  out.application_type = row.text(10);
  out.scopes = list_of(row.text(11));
  out.client_uri = row.text(12);
  out.dpop_bound = row.integer(13) != 0;
  out.management_digest = row.text(14);
  out.document_digest = row.text(15);
  out.disabled = row.integer(16) != 0;
  out.created = from_ms(row.integer(17));
  out.used = optional_ms(row, 18);
  out.expires = optional_ms(row, 19);
  return out;
}

std::array<SqlValue, 20> values_of(const ClientRecord& client) {
  return {client.client_id,
          origins[static_cast<std::size_t>(client.origin)],
          client.name,
          list_text(client.redirect_uris),
          list_text(client.grant_types),
          methods[static_cast<std::size_t>(client.method)],
          client.secret_digest,
          client.jwks,
          client.jwks_uri,
          client.assertion_algorithm,
          client.application_type,
          list_text(client.scopes),
          client.client_uri,
          client.dpop_bound,
          client.management_digest,
          client.document_digest,
          client.disabled,
          to_ms(client.created),
          to_ms(client.used),
          to_ms(client.expires)};
}

std::string insert() {
  return "INSERT INTO as_clients (" + std::string(client_columns) +
         ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) "
         "ON CONFLICT (client_id) DO ";
}

}  // namespace

Store::Outcome<std::optional<ClientRecord>> Store::client(std::string_view client_id) const {
  static const std::string sql = "SELECT " + std::string(client_columns) + " FROM as_clients WHERE client_id = $1";
  return first(database_.run(sql, {client_id}), &client_of);
}

Store::Outcome<void> Store::put_client(const ClientRecord& client) const {
  static const std::string sql = insert() + "UPDATE SET " + std::string(changes);
  return done(database_.run(sql, values_of(client)));
}

Store::Outcome<bool> Store::update_client(const ClientRecord& client) const {
  static const std::string sql =
      "UPDATE as_clients SET " + std::string(changes) + " WHERE client_id = $1 AND disabled = 0 AND disabled = $17";
  return changed(database_.run(sql, values_of(client)));
}

Store::Outcome<bool> Store::set_client_disabled(std::string_view client_id, bool disabled) const {
  return changed(database_.run("UPDATE as_clients SET disabled = $2 WHERE client_id = $1", {client_id, disabled}));
}

Store::Outcome<bool> Store::add_client(const ClientRecord& client) const {
  static const std::string sql = insert() + "NOTHING";
  return changed(database_.run(sql, values_of(client)));
}

Store::Outcome<bool> Store::remove_client(std::string_view client_id) const {
  return database_.transact([&](Transaction& transaction) -> Outcome<bool> {
    for (const char* const sql :
         {"DELETE FROM as_forms WHERE id_digest IN (SELECT id_digest FROM as_transactions WHERE client_id = $1)",
          "DELETE FROM as_transactions WHERE client_id = $1", "DELETE FROM as_codes WHERE client_id = $1",
          "DELETE FROM as_refresh WHERE client_id = $1", "DELETE FROM as_grants WHERE client_id = $1",
          "DELETE FROM as_consents WHERE client_id = $1", "DELETE FROM as_pushed WHERE client_id = $1"}) {
      auto removed = transaction.run(sql, {client_id});
      if (!removed) return removed.error();
    }
    return changed(transaction.run("DELETE FROM as_clients WHERE client_id = $1", {client_id}));
  });
}

Store::Outcome<bool> Store::remove_client_record(std::string_view client_id) const {
  return changed(database_.run("DELETE FROM as_clients WHERE client_id = $1", {client_id}));
}

Store::Outcome<void> Store::touch_client(std::string_view client_id, TimePoint now) const {
  return done(database_.run("UPDATE as_clients SET used = $2 WHERE client_id = $1 AND (used IS NULL OR used < $2)",
                            {client_id, to_ms(now)}));
}

Store::Outcome<std::vector<ClientRecord>> Store::clients(std::int64_t most, std::string_view after) const {
  static const std::string sql =
      "SELECT " + std::string(client_columns) + " FROM as_clients WHERE client_id > $1 ORDER BY client_id LIMIT $2";
  return all(database_.run(sql, {after, most}), &client_of);
}

Store::Outcome<std::int64_t> Store::count_clients(ClientOrigin origin) const {
  auto rows =
      database_.run("SELECT COUNT(*) FROM as_clients WHERE origin = $1", {origins[static_cast<std::size_t>(origin)]});
  if (!rows) return rows.error();
  return (*rows)[0].integer(0);
}

}  // namespace leanmcp::inline v0::as
