#include <leanmcp/oauth/server/store.hpp>
#include <leanmcp/oauth/server/store_rows.hpp>

// Authorization requests under way, pushed ones, and browsers that are signed in.
namespace leanmcp::inline v0::as {
namespace {

using rows::changed;
using rows::done;
using rows::first;
using rows::from_ms;
using rows::to_ms;

/// Renders of one consent page that may be open at the same time.
constexpr std::int64_t most_forms = 20;

constexpr std::string_view transaction_columns =
    "id_digest, client_id, redirect_uri, redirect_uri_given, state, challenge, scope, resource, nonce, "
    "dpop_thumbprint, upstream, browser_digest, upstream_state_digest, upstream_secrets, approved, remember, expires";

TransactionRecord transaction_of(const Row& row) {
  TransactionRecord out;
  out.id_digest = row.text(0);
  out.client_id = row.text(1);
  out.redirect_uri = row.text(2);
  out.redirect_uri_given = row.integer(3) != 0;
  out.state = row.text(4);
  out.challenge = row.text(5);
  out.scope = row.text(6);
  out.resource = row.text(7);
  out.nonce = row.text(8);
  out.dpop_thumbprint = row.text(9);
  out.upstream = row.text(10);
  out.browser_digest = row.text(11);
  out.upstream_state_digest = row.text_or(12, "");
  out.upstream_secrets = row.text(13);
  out.approved = row.integer(14) != 0;
  out.remember = row.integer(15) != 0;
  out.expires = from_ms(row.integer(16));
  return out;
}

PushedRecord pushed_of(const Row& row) {
  PushedRecord out;
  out.uri_digest = row.text(0);
  out.client_id = row.text(1);
  out.parameters = row.text(2);
  out.dpop_thumbprint = row.text(3);
  out.expires = from_ms(row.integer(4));
  return out;
}

std::string select(std::string_view where) {
  return "SELECT " + std::string(transaction_columns) + " FROM as_transactions WHERE " + std::string(where);
}

}  // namespace

Store::Outcome<void> Store::add_transaction(const TransactionRecord& record) const {
  static const std::string sql =
      "INSERT INTO as_transactions (" + std::string(transaction_columns) +
      ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
  return database_.transact([&](Transaction& transaction) -> Outcome<void> {
    auto added = transaction.run(
        sql, {record.id_digest, record.client_id, record.redirect_uri, record.redirect_uri_given, record.state,
              record.challenge, record.scope, record.resource, record.nonce, record.dpop_thumbprint, record.upstream,
              record.browser_digest,
              record.upstream_state_digest.empty() ? SqlValue() : SqlValue(record.upstream_state_digest),
              record.upstream_secrets, record.approved, record.remember, to_ms(record.expires)});
    if (!added) return added.error();
    for (const std::string& form : record.form_digests) {
      auto noted =
          transaction.run("INSERT INTO as_forms (id_digest, form_digest) VALUES ($1, $2)", {record.id_digest, form});
      if (!noted) return noted.error();
    }
    return {};
  });
}

Store::Outcome<std::optional<TransactionRecord>> Store::transaction(std::string_view id_digest) const {
  static const std::string sql = select("id_digest = $1");
  auto found = first(database_.run(sql, {id_digest}), &transaction_of);
  if (!found || !*found) return found;
  auto forms = database_.run("SELECT form_digest FROM as_forms WHERE id_digest = $1", {id_digest});
  if (!forms) return forms.error();
  for (const Row& row : *forms) (*found)->form_digests.push_back(row.text(0));
  return found;
}

Store::Outcome<bool> Store::add_form(std::string_view id_digest, std::string_view form_digest) const {
  return changed(
      database_.run("INSERT INTO as_forms (id_digest, form_digest) SELECT $1, $2 WHERE EXISTS "
                    "(SELECT 1 FROM as_transactions WHERE id_digest = $1 AND approved = 0) AND "
                    "(SELECT COUNT(*) FROM as_forms WHERE id_digest = $1) < $3 ON CONFLICT DO NOTHING",
                    {id_digest, form_digest, most_forms}));
}

Store::Outcome<std::optional<TransactionRecord>> Store::approve(std::string_view id_digest, const Approval& approval,
                                                                TimePoint now) const {
  static const std::string sql =
      "UPDATE as_transactions SET approved = 1, browser_digest = $3, upstream = $4, upstream_state_digest = $5, "
      "upstream_secrets = $6, remember = $7 WHERE id_digest = $1 AND approved = 0 AND expires > $8 AND EXISTS "
      "(SELECT 1 FROM as_forms WHERE as_forms.id_digest = as_transactions.id_digest AND form_digest = $2) RETURNING " +
      std::string(transaction_columns);
  return first(
      database_.run(sql, {id_digest, approval.form_digest, approval.browser_digest, approval.upstream,
                          approval.upstream_state_digest, approval.upstream_secrets, approval.remember, to_ms(now)}),
      &transaction_of);
}

Store::Outcome<std::optional<TransactionRecord>> Store::transaction_by_state(std::string_view state_digest) const {
  static const std::string sql = select("upstream_state_digest = $1");
  return first(database_.run(sql, {state_digest}), &transaction_of);
}

Store::Outcome<bool> Store::finish_transaction(std::string_view id_digest) const {
  return database_.transact([&](Transaction& transaction) -> Outcome<bool> {
    auto forms = transaction.run("DELETE FROM as_forms WHERE id_digest = $1", {id_digest});
    if (!forms) return forms.error();
    return changed(transaction.run("DELETE FROM as_transactions WHERE id_digest = $1", {id_digest}));
  });
}

Store::Outcome<void> Store::add_pushed(const PushedRecord& request) const {
  return done(database_.run(
      "INSERT INTO as_pushed (uri_digest, client_id, parameters, dpop_thumbprint, expires) VALUES ($1, $2, $3, $4, $5)",
      {request.uri_digest, request.client_id, request.parameters, request.dpop_thumbprint, to_ms(request.expires)}));
}

Store::Outcome<std::optional<PushedRecord>> Store::take_pushed(std::string_view uri_digest, TimePoint now) const {
  return first(database_.run("DELETE FROM as_pushed WHERE uri_digest = $1 AND expires > $2 "
                             "RETURNING uri_digest, client_id, parameters, dpop_thumbprint, expires",
                             {uri_digest, to_ms(now)}),
               &pushed_of);
}

Store::Outcome<void> Store::add_browser(std::string_view cookie_digest, std::string_view subject,
                                        TimePoint until) const {
  return done(database_.run("INSERT INTO as_browsers (cookie_digest, subject, expires) VALUES ($1, $2, $3)",
                            {cookie_digest, subject, to_ms(until)}));
}

Store::Outcome<std::optional<std::string>> Store::browser(std::string_view cookie_digest, TimePoint now) const {
  return first(
      database_.run("SELECT subject FROM as_browsers WHERE cookie_digest = $1 AND expires > $2",
                    {cookie_digest, to_ms(now)}),
      +[](const Row& row) { return row.text(0); });
}

}  // namespace leanmcp::inline v0::as
