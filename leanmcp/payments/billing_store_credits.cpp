#include <leanmcp/payments/billing_rows.hpp>
#include <leanmcp/payments/billing_store.hpp>

#include <string>

namespace leanmcp::inline v0::detail {
namespace {

constexpr std::string_view select_purchases =
    "SELECT purchase_id, principal_key, product, plan, credits, payment_intent, state, created, revision "
    "FROM billing_purchases ";

constexpr std::string_view select_meters =
    "SELECT identifier, principal_key, event_name, value, occurred_at, attempts, COALESCE(doubtful_since, 0) "
    "FROM billing_meter_events ";

std::string query(std::string_view select, std::string_view rest) { return std::string(select) + std::string(rest); }

PurchaseRow purchase_of(const Row& row) {
  PurchaseRow out;
  out.purchase_id = row.text(0);
  out.principal_key = row.text(1);
  out.product = row.text(2);
  out.plan = row.text(3);
  out.credits = row.integer(4);
  out.payment_intent = row.text_or(5, "");
  out.state = row.text(6);
  out.created = row.integer(7);
  out.revision = row.integer(8);
  return out;
}

MeterRow meter_of(const Row& row) {
  MeterRow out;
  out.identifier = row.text(0);
  out.principal_key = row.text(1);
  out.event_name = row.text(2);
  out.value = row.integer(3);
  out.occurred_at = row.integer(4);
  out.attempts = row.integer(5);
  out.doubtful_since = row.integer(6);
  return out;
}

Stored<std::optional<PurchaseRow>> first_purchase(const Stored<Rows>& rows) {
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<PurchaseRow>();
  return std::optional<PurchaseRow>(purchase_of((*rows)[0]));
}

/// What was bought and not taken back, less what is spent or held. CAST: PostgreSQL sums BIGINT to NUMERIC.
constexpr std::string_view balance_sql =
    "SELECT CAST((SELECT COALESCE(SUM(credits), 0) FROM billing_purchases WHERE principal_key = $1 AND product = $2 "
    "AND state = 'active') - (SELECT COALESCE(SUM(amount), 0) FROM billing_credits WHERE principal_key = $1 "
    "AND product = $2 AND (state IN ('committed', 'folded') OR (state = 'reserved' AND expires_at > $3))) AS BIGINT)";

}  // namespace

Stored<std::optional<PurchaseRow>> BillingStore::purchase(std::string_view purchase_id) const {
  return first_purchase(database_.run(query(select_purchases, "WHERE purchase_id = $1"), {purchase_id}));
}

Stored<std::optional<PurchaseRow>> BillingStore::purchase_of_payment(std::string_view payment_intent) const {
  return first_purchase(database_.run(query(select_purchases, "WHERE payment_intent = $1"), {payment_intent}));
}

Stored<std::vector<PurchaseRow>> BillingStore::purchases(std::string_view principal_key,
                                                         std::string_view product) const {
  auto rows = database_.run(query(select_purchases,
                                  "WHERE principal_key = $1 AND product = $2 AND credits = 0 "
                                  "ORDER BY created LIMIT 100"),
                            {principal_key, product});
  if (!rows) return rows.error();
  std::vector<PurchaseRow> out;
  for (const Row& row : *rows) out.push_back(purchase_of(row));
  return out;
}

Stored<bool> BillingStore::insert_purchase(const PurchaseRow& row) const {
  return changed(database_.run(
      "INSERT INTO billing_purchases (purchase_id, principal_key, product, plan, credits, state, created, revision) "
      "VALUES ($1, $2, $3, $4, $5, 'active', $6, 1) ON CONFLICT DO NOTHING",
      {row.purchase_id, row.principal_key, row.product, row.plan, row.credits, row.created}));
}

Stored<ReserveOutcome> BillingStore::reserve_credits(std::string_view reservation_id, std::string_view principal_key,
                                                     std::string_view product, std::int64_t amount,
                                                     std::string_view operation_key, std::int64_t now,
                                                     std::int64_t expires_at) const {
  return database_.transact([&](Transaction& transaction) -> Stored<ReserveOutcome> {
    // What was held too long is given up here, in so many words, so that a late commit of it fails.
    auto lapsed = transaction.run(
        "UPDATE billing_credits SET state = 'released' WHERE principal_key = $1 AND product = $2 "
        "AND state = 'reserved' AND expires_at <= $3",
        {principal_key, product, now});
    if (!lapsed) return lapsed.error();
    auto known = transaction.run("SELECT state FROM billing_credits WHERE operation_key = $1", {operation_key});
    if (!known) return known.error();
    ReserveOutcome out;
    const std::string state = known->empty() ? "" : (*known)[0].text(0);
    if (state == "reserved" || state == "committed") {
      out.state = state == "reserved" ? ReserveOutcome::State::in_progress : ReserveOutcome::State::finished;
      return out;
    }
    auto balance = transaction.run(balance_sql, {principal_key, product, now});
    if (!balance) return balance.error();
    out.balance = (*balance)[0].integer(0);
    if (out.balance < amount) return out;
    auto written = transaction.run(
        "INSERT INTO billing_credits (reservation_id, principal_key, product, amount, state, "
        "operation_key, expires_at) VALUES ($1, $2, $3, $4, 'reserved', $5, $6) "
        "ON CONFLICT (operation_key) DO UPDATE SET reservation_id = $1, amount = $4, "
        "state = 'reserved', expires_at = $6",
        {reservation_id, principal_key, product, amount, operation_key, expires_at});
    if (!written) return written.error();
    out.state = ReserveOutcome::State::reserved;
    out.balance -= amount;
    return out;
  });
}

Stored<bool> BillingStore::settle_credits(std::string_view reservation_id, bool spent) const {
  return changed(database_.run("UPDATE billing_credits SET state = $2 WHERE reservation_id = $1 AND state = 'reserved'",
                               {reservation_id, spent ? "committed" : "released"}));
}

Stored<void> BillingStore::fold_credits(std::int64_t expired_before) const {
  return database_.transact([&](Transaction& transaction) -> Stored<void> {
    // The length keeps two pairs of texts from making the same id.
    auto folded = transaction.run(
        "INSERT INTO billing_credits (reservation_id, principal_key, product, amount, state, operation_key, "
        "expires_at) SELECT 'folded:' || CAST(LENGTH(principal_key) AS TEXT) || ':' || principal_key || ':' || "
        "product, principal_key, product, CAST(SUM(amount) AS BIGINT), 'folded', 'folded:' || "
        "CAST(LENGTH(principal_key) AS TEXT) || ':' || principal_key || ':' || product, 0 FROM billing_credits "
        "WHERE state = 'committed' AND expires_at < $1 GROUP BY principal_key, product "
        "ON CONFLICT (operation_key) DO UPDATE SET amount = billing_credits.amount + excluded.amount",
        {expired_before});
    if (!folded) return folded.error();
    return done(
        transaction.run("DELETE FROM billing_credits WHERE state <> 'folded' AND expires_at < $1", {expired_before}));
  });
}

Stored<std::int64_t> BillingStore::credit_balance(std::string_view principal_key, std::string_view product,
                                                  std::int64_t now) const {
  auto row = database_.run(balance_sql, {principal_key, product, now});
  if (!row) return row.error();
  return (*row)[0].integer(0);
}

Stored<void> BillingStore::insert_link(std::string_view link_id, std::string_view principal_key,
                                       std::int64_t expires_at) const {
  return done(database_.run("INSERT INTO billing_links (link_id, principal_key, expires_at) VALUES ($1, $2, $3)",
                            {link_id, principal_key, expires_at}));
}

Stored<std::optional<std::string>> BillingStore::link_owner(std::string_view link_id, std::int64_t now) const {
  auto rows =
      database_.run("SELECT principal_key FROM billing_links WHERE link_id = $1 AND expires_at > $2", {link_id, now});
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<std::string>();
  return std::optional<std::string>((*rows)[0].text(0));
}

Stored<std::optional<std::string>> BillingStore::link_of(std::string_view principal_key, std::int64_t at_least) const {
  auto rows = database_.run(
      "SELECT link_id FROM billing_links WHERE principal_key = $1 AND expires_at > $2 ORDER BY expires_at, link_id "
      "LIMIT 1",
      {principal_key, at_least});
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<std::string>();
  return std::optional<std::string>((*rows)[0].text(0));
}

Stored<void> BillingStore::purge_links(std::int64_t now) const {
  return done(database_.run("DELETE FROM billing_links WHERE expires_at <= $1", {now}));
}

Stored<bool> BillingStore::insert_meter(const MeterRow& row) const {
  return changed(database_.run(
      "INSERT INTO billing_meter_events (identifier, principal_key, event_name, value, occurred_at, attempts, "
      "next_attempt_at) VALUES ($1, $2, $3, $4, $5, 0, $5) ON CONFLICT DO NOTHING",
      {row.identifier, row.principal_key, row.event_name, row.value, row.occurred_at}));
}

Stored<std::optional<MeterRow>> BillingStore::meter(std::string_view identifier) const {
  auto rows =
      database_.run(query(select_meters, "WHERE identifier = $1 AND sent_at IS NULL AND state = 'due'"), {identifier});
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<MeterRow>();
  return std::optional<MeterRow>(meter_of((*rows)[0]));
}

Stored<std::vector<MeterRow>> BillingStore::due_meters(std::int64_t now, std::int64_t limit) const {
  auto rows = database_.run(
      query(select_meters,
            "WHERE sent_at IS NULL AND state = 'due' AND next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $2"),
      {now, limit});
  if (!rows) return rows.error();
  std::vector<MeterRow> out;
  for (const Row& row : *rows) out.push_back(meter_of(row));
  return out;
}

Stored<std::int64_t> BillingStore::waiting_meters(std::int64_t until) const {
  auto row = database_.run(
      "SELECT COUNT(*) FROM billing_meter_events WHERE sent_at IS NULL AND state = 'due' AND next_attempt_at <= $1",
      {until});
  if (!row) return row.error();
  return (*row)[0].integer(0);
}

Stored<bool> BillingStore::has_meter(std::string_view identifier) const {
  auto rows = database_.run("SELECT 1 FROM billing_meter_events WHERE identifier = $1", {identifier});
  if (!rows) return rows.error();
  return !rows->empty();
}

Stored<void> BillingStore::doubt_meter(std::string_view identifier, std::int64_t now) const {
  return done(database_.run(
      "UPDATE billing_meter_events SET doubtful_since = COALESCE(doubtful_since, $2) WHERE identifier = $1",
      {identifier, now}));
}

Stored<void> BillingStore::postpone_meter(std::string_view identifier, std::int64_t until, bool doubtful) const {
  return done(database_.run(
      "UPDATE billing_meter_events SET attempts = attempts + 1, next_attempt_at = $2, "
      "doubtful_since = CASE WHEN CAST($3 AS BIGINT) = 1 THEN doubtful_since ELSE NULL END WHERE identifier = $1",
      {identifier, until, std::int64_t{doubtful ? 1 : 0}}));
}

Stored<ReserveOutcome::State> BillingStore::hold_meter(const MeterRow& row, std::int64_t now,
                                                       std::int64_t held_until) const {
  using State = ReserveOutcome::State;
  return database_.transact([&](Transaction& transaction) -> Stored<State> {
    auto taken = transaction.run(
        "INSERT INTO billing_meter_events (identifier, principal_key, event_name, value, occurred_at, attempts, "
        "next_attempt_at, state, held_until) VALUES ($1, $2, $3, $4, $5, 0, $5, 'held', $6) "
        "ON CONFLICT (identifier) DO UPDATE SET held_until = $6 "
        "WHERE billing_meter_events.state = 'held' AND billing_meter_events.held_until <= $5",
        {row.identifier, row.principal_key, row.event_name, row.value, now, held_until});
    if (!taken) return taken.error();
    if (taken->changed() > 0) return State::reserved;
    auto known = transaction.run("SELECT state FROM billing_meter_events WHERE identifier = $1", {row.identifier});
    if (!known) return known.error();
    return known->empty() || (*known)[0].text(0) == "held" ? State::in_progress : State::finished;
  });
}

Stored<bool> BillingStore::count_meter(std::string_view identifier, std::int64_t now) const {
  return changed(
      database_.run("UPDATE billing_meter_events SET state = 'due', occurred_at = $2, next_attempt_at = $2 "
                    "WHERE identifier = $1 AND state = 'held'",
                    {identifier, now}));
}

Stored<void> BillingStore::release_meter(std::string_view identifier, std::int64_t held_until) const {
  return done(
      database_.run("DELETE FROM billing_meter_events WHERE identifier = $1 AND state = 'held' AND held_until = $2",
                    {identifier, held_until}));
}

Stored<void> BillingStore::finish_meter(std::string_view identifier, std::int64_t now) const {
  return done(database_.run("UPDATE billing_meter_events SET sent_at = $2 WHERE identifier = $1", {identifier, now}));
}

Stored<void> BillingStore::purge_meters(std::int64_t sent_before, std::int64_t held_before) const {
  return done(
      database_.run("DELETE FROM billing_meter_events WHERE sent_at < $1 OR (state = 'held' AND held_until < $2)",
                    {sent_before, held_before}));
}

}  // namespace leanmcp::inline v0::detail
