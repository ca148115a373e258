#include <leanmcp/payments/billing_store.hpp>

#include <leanmcp/payments/billing_rows.hpp>

#include <string>

namespace leanmcp::inline v0::detail {
namespace {

constexpr std::string_view flow_columns =
    "flow_id, principal_key, product, plan, terms_version, status, frozen_params, attempt, session_id, session_url, "
    "expires_at, checked_at";

constexpr std::string_view subscription_columns =
    "s.subscription_id, s.customer_id, s.product, s.plan, s.price_id, s.status, s.period_end, s.cancel_at, "
    "s.cancel_at_period_end, s.status_since, s.created, s.fetched_at, s.revision";

constexpr std::string_view event_columns =
    "event_id, type, object, object_id, customer_id, subscription_id, payload, attempts, applied_at";

std::string select(std::string_view columns, std::string_view rest) {
  return "SELECT " + std::string(columns) + " FROM " + std::string(rest);
}

AccountRow account_of(const Row& row) { return AccountRow{row.text(0), row.text_or(1, ""), row.integer(2)}; }

FlowRow flow_of(const Row& row) {
  FlowRow out;
  out.flow_id = row.text(0);
  out.principal_key = row.text(1);
  out.product = row.text(2);
  out.plan = row.text(3);
  out.terms_version = row.text(4);
  out.status = row.text(5);
  out.frozen_params = row.text(6);
  out.attempt = row.integer(7);
  out.session_id = row.text_or(8, "");
  out.session_url = row.text_or(9, "");
  out.expires_at = row.integer(10);
  out.checked_at = row.integer(11);
  return out;
}

SubscriptionRow subscription_of(const Row& row) {
  SubscriptionRow out;
  out.subscription_id = row.text(0);
  out.customer_id = row.text(1);
  out.product = row.text(2);
  out.plan = row.text(3);
  out.price_id = row.text(4);
  out.status = row.text(5);
  out.period_end = row.integer(6);
  out.cancel_at = row.integer(7);
  out.cancel_at_period_end = row.integer(8) != 0;
  out.status_since = row.integer(9);
  out.created = row.integer(10);
  out.fetched_at = row.integer(11);
  out.revision = row.integer(12);
  return out;
}

EventRow event_of(const Row& row) {
  EventRow out;
  out.event_id = row.text(0);
  out.type = row.text(1);
  out.object = row.text(2);
  out.object_id = row.text(3);
  out.customer_id = row.text(4);
  out.subscription_id = row.text(5);
  out.payload = row.text(6);
  out.attempts = row.integer(7);
  out.applied = !row.is_null(8);
  return out;
}

template <class T>
Stored<std::optional<T>> first(const Stored<Rows>& rows, T (*read)(const Row&)) {
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<T>();
  return std::optional<T>(read((*rows)[0]));
}

template <class T>
Stored<std::vector<T>> all(const Stored<Rows>& rows, T (*read)(const Row&)) {
  if (!rows) return rows.error();
  std::vector<T> out;
  for (const Row& row : *rows) out.push_back(read(row));
  return out;
}

SqlValue text_or_null(const std::string& text) { return text.empty() ? SqlValue() : SqlValue(text); }

/// A paid session always wins; nothing else reopens or overrides what is closed.
std::string_view from_states(std::string_view status) {
  if (status == "completed") return "('open', 'pending', 'expired', 'failed')";
  if (status == "pending") return "('open')";
  return "('open', 'pending')";
}

Stored<bool> write_subscription(Transaction& transaction, const SubscriptionRow& row, std::int64_t now) {
  if (row.revision == 0) {
    return changed(transaction.run(
        "INSERT INTO billing_subscriptions (subscription_id, customer_id, product, plan, price_id, status, period_end, "
        "cancel_at, cancel_at_period_end, status_since, created, fetched_at, revision) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, 1) ON CONFLICT DO NOTHING",
        {row.subscription_id, row.customer_id, row.product, row.plan, row.price_id, row.status, row.period_end,
         row.cancel_at, row.cancel_at_period_end, now, row.created}));
  }
  return changed(transaction.run(
      "UPDATE billing_subscriptions SET customer_id = $2, product = $3, plan = $4, price_id = $5, period_end = $7, "
      "cancel_at = $8, cancel_at_period_end = $9, "
      "status_since = CASE WHEN status = $6 THEN status_since ELSE $10 END, status = $6, created = $11, "
      "fetched_at = $10, revision = revision + 1 WHERE subscription_id = $1 AND revision = $12",
      {row.subscription_id, row.customer_id, row.product, row.plan, row.price_id, row.status, row.period_end,
       row.cancel_at, row.cancel_at_period_end, now, row.created, row.revision}));
}

Stored<bool> write_purchase(Transaction& transaction, const PurchaseRow& row) {
  if (row.revision == 0) {
    return changed(transaction.run(
        "INSERT INTO billing_purchases (purchase_id, principal_key, product, plan, credits, payment_intent, state, "
        "created, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1) ON CONFLICT DO NOTHING",
        {row.purchase_id, row.principal_key, row.product, row.plan, row.credits, text_or_null(row.payment_intent),
         row.state, row.created}));
  }
  return changed(
      transaction.run("UPDATE billing_purchases SET state = $2, payment_intent = $3, revision = revision + 1 "
                      "WHERE purchase_id = $1 AND revision = $4",
                      {row.purchase_id, row.state, text_or_null(row.payment_intent), row.revision}));
}

}  // namespace

Stored<StripeRow> BillingStore::bind_stripe(std::string_view mode, std::string_view account) const {
  return database_.transact([&](Transaction& transaction) -> Stored<StripeRow> {
    // A database from before it was bound: Stripe's ids of checkouts tell live ones from others.
    const bool live = mode == "live";
    auto other = transaction.run(
        "SELECT session_id FROM billing_flows WHERE session_id LIKE $1 AND NOT EXISTS (SELECT 1 FROM billing_stripe) "
        "UNION ALL SELECT purchase_id FROM billing_purchases WHERE purchase_id LIKE $1 "
        "AND NOT EXISTS (SELECT 1 FROM billing_stripe) LIMIT 1",
        {live ? "cs_test_%" : "cs_live_%"});
    if (!other) return other.error();
    if (!other->empty()) return StripeRow{live ? "test" : "live", std::string(account)};
    auto bound = transaction.run(
        "INSERT INTO billing_stripe (one, mode, account) VALUES (1, $1, $2) ON CONFLICT DO NOTHING", {mode, account});
    if (!bound) return bound.error();
    auto row = transaction.run("SELECT mode, account FROM billing_stripe", {});
    if (!row) return row.error();
    return StripeRow{(*row)[0].text(0), (*row)[0].text(1)};
  });
}

Stored<std::optional<AccountRow>> BillingStore::account(std::string_view principal_key) const {
  return first(database_.run("SELECT principal_key, customer_id, generation FROM billing_accounts "
                             "WHERE principal_key = $1",
                             {principal_key}),
               &account_of);
}

Stored<std::optional<AccountRow>> BillingStore::account_of_customer(std::string_view customer_id) const {
  return first(database_.run("SELECT principal_key, customer_id, generation FROM billing_accounts "
                             "WHERE customer_id = $1",
                             {customer_id}),
               &account_of);
}

Stored<AccountRow> BillingStore::adopt_customer(std::string_view principal_key, std::string_view customer_id,
                                                std::int64_t generation) const {
  const auto adopt = [&](Transaction& transaction) -> Stored<AccountRow> {
    auto inserted = transaction.run(
        "INSERT INTO billing_accounts (principal_key, customer_id, generation) VALUES ($1, $2, $3) "
        "ON CONFLICT (principal_key) DO UPDATE SET customer_id = $2 "
        "WHERE billing_accounts.customer_id IS NULL AND billing_accounts.generation = $3",
        {principal_key, customer_id, generation});
    if (!inserted) return inserted.error();
    auto row =
        transaction.run("SELECT principal_key, customer_id, generation FROM billing_accounts WHERE principal_key = $1",
                        {principal_key});
    if (!row) return row.error();
    return account_of((*row)[0]);
  };
  auto adopted = database_.transact(adopt);
  // PostgreSQL looks for a conflict on the named key only: of two that insert the same row at once, the later one may
  // fail on the other key, and finds the row the next time.
  if (!adopted && adopted.error().cause == StorageCause::unique_violation) return database_.transact(adopt);
  return adopted;
}

Stored<void> BillingStore::next_generation(std::string_view principal_key, std::int64_t generation) const {
  return done(database_.run(
      "INSERT INTO billing_accounts (principal_key, customer_id, generation) VALUES ($1, NULL, CAST($2 AS BIGINT) + 1) "
      "ON CONFLICT (principal_key) DO UPDATE SET generation = billing_accounts.generation + 1 "
      "WHERE billing_accounts.customer_id IS NULL AND billing_accounts.generation = $2",
      {principal_key, generation}));
}

Stored<void> BillingStore::forget_customer(std::string_view customer_id, std::int64_t now) const {
  return database_.transact([&](Transaction& transaction) -> Stored<void> {
    auto ended = transaction.run(
        "UPDATE billing_subscriptions SET status = 'canceled', status_since = $2, revision = revision + 1 "
        "WHERE customer_id = $1 AND status <> 'canceled'",
        {customer_id, now});
    if (!ended) return ended.error();
    return done(
        transaction.run("UPDATE billing_accounts SET customer_id = NULL, generation = generation + 1 "
                        "WHERE customer_id = $1",
                        {customer_id}));
  });
}

Stored<std::optional<FlowRow>> BillingStore::flow(std::string_view flow_id) const {
  return first(database_.run(select(flow_columns, "billing_flows WHERE flow_id = $1"), {flow_id}), &flow_of);
}

Stored<std::optional<FlowRow>> BillingStore::flow_of_session(std::string_view session_id) const {
  return first(database_.run(select(flow_columns, "billing_flows WHERE session_id = $1"), {session_id}), &flow_of);
}

Stored<std::optional<FlowRow>> BillingStore::live_flow(std::string_view principal_key, std::string_view product) const {
  return first(database_.run(select(flow_columns,
                                    "billing_flows WHERE principal_key = $1 AND product = $2 "
                                    "AND status IN ('open', 'pending')"),
                             {principal_key, product}),
               &flow_of);
}

Stored<bool> BillingStore::insert_flow(const FlowRow& flow, std::int64_t now) const {
  return changed(database_.run(
      "INSERT INTO billing_flows (flow_id, principal_key, product, plan, terms_version, status, frozen_params, "
      "attempt, expires_at, created_at, checked_at) VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, 0) "
      "ON CONFLICT DO NOTHING",
      {flow.flow_id, flow.principal_key, flow.product, flow.plan, flow.terms_version, flow.frozen_params, flow.attempt,
       flow.expires_at, now}));
}

Stored<bool> BillingStore::next_attempt(const FlowRow& flow, std::int64_t previous_attempt) const {
  // The old session's expiry may have closed the flow already; it opens again, unless another one is live by now.
  auto updated = database_.run(
      "UPDATE billing_flows SET plan = $2, terms_version = $3, frozen_params = $4, attempt = $5, expires_at = $6, "
      "status = 'open', session_id = NULL, session_url = NULL, checked_at = 0 "
      "WHERE flow_id = $1 AND attempt = $7 AND status IN ('open', 'expired')",
      {flow.flow_id, flow.plan, flow.terms_version, flow.frozen_params, flow.attempt, flow.expires_at,
       previous_attempt});
  if (!updated && updated.error().cause == StorageCause::unique_violation) return false;
  return changed(updated);
}

Stored<bool> BillingStore::save_session(const FlowRow& flow) const {
  return changed(
      database_.run("UPDATE billing_flows SET session_id = $3, session_url = $4 WHERE flow_id = $1 "
                    "AND attempt = $2 AND status = 'open' AND (session_id IS NULL OR session_id = $3)",
                    {flow.flow_id, flow.attempt, flow.session_id, text_or_null(flow.session_url)}));
}

Stored<bool> BillingStore::claim_check(std::string_view flow_id, std::int64_t not_since, std::int64_t now) const {
  return changed(database_.run("UPDATE billing_flows SET checked_at = $3 WHERE flow_id = $1 AND checked_at < $2",
                               {flow_id, not_since, now}));
}

Stored<void> BillingStore::purge_flows(std::int64_t expired_before) const {
  // Not those that were paid: a refund, which may come much later, finds its purchase through them.
  return done(database_.run("DELETE FROM billing_flows WHERE status IN ('expired', 'failed') AND expires_at < $1",
                            {expired_before}));
}

Stored<std::vector<FlowRow>> BillingStore::flows_to_check(std::int64_t not_since, std::int64_t limit) const {
  return all(database_.run(select(flow_columns,
                                  "billing_flows WHERE status IN ('open', 'pending') AND checked_at < $1 "
                                  "AND created_at < $1 ORDER BY checked_at LIMIT $2"),
                           {not_since, limit}),
             &flow_of);
}

Stored<std::vector<SubscriptionRow>> BillingStore::subscriptions(std::string_view principal_key,
                                                                 std::string_view product) const {
  return all(database_.run(select(subscription_columns,
                                  "billing_subscriptions s JOIN billing_accounts a ON a.customer_id = s.customer_id "
                                  "WHERE a.principal_key = $1 AND s.product = $2 ORDER BY s.created"),
                           {principal_key, product}),
             &subscription_of);
}

Stored<std::optional<SubscriptionRow>> BillingStore::subscription(std::string_view subscription_id) const {
  return first(database_.run(select(subscription_columns, "billing_subscriptions s WHERE s.subscription_id = $1"),
                             {subscription_id}),
               &subscription_of);
}

Stored<std::vector<SubscriptionRow>> BillingStore::lapsed_subscriptions(std::int64_t now, std::int64_t fetched_before,
                                                                        std::int64_t limit) const {
  return all(database_.run(select(subscription_columns,
                                  "billing_subscriptions s WHERE s.status IN ('active', 'trialing', 'past_due') "
                                  "AND s.period_end < $1 AND s.fetched_at < $2 ORDER BY s.fetched_at LIMIT $3"),
                           {now, fetched_before, limit}),
             &subscription_of);
}

Stored<bool> BillingStore::apply(const BillingEffects& effects) const {
  return database_.transact([&](Transaction& transaction) -> Stored<bool> {
    if (effects.subscription) {
      auto written = write_subscription(transaction, *effects.subscription, effects.now);
      if (!written || !*written) return written;
    }
    if (effects.purchase) {
      auto written = write_purchase(transaction, *effects.purchase);
      if (!written || !*written) return written;
    }
    if (!effects.flow_status.empty()) {
      auto moved = transaction.run(
          "UPDATE billing_flows SET status = $2, session_url = CASE WHEN $2 = 'open' THEN session_url ELSE NULL END "
          "WHERE flow_id = $1 AND ($3 = '' OR session_id = $3) AND status IN " +
              std::string(from_states(effects.flow_status)),
          {effects.flow_id, effects.flow_status, effects.flow_session});
      if (!moved) return moved.error();
    }
    if (!effects.event_id.empty()) {
      auto noted =
          transaction.run("UPDATE billing_events SET applied_at = $2 WHERE event_id = $1 AND applied_at IS NULL",
                          {effects.event_id, effects.now});
      if (!noted) return noted.error();
    }
    return true;
  });
}

Stored<bool> BillingStore::insert_event(const EventRow& event, std::int64_t now) const {
  return changed(database_.run(
      "INSERT INTO billing_events (event_id, type, object, object_id, customer_id, subscription_id, payload, "
      "received_at, attempts, next_attempt_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $8) ON CONFLICT DO NOTHING",
      {event.event_id, event.type, event.object, event.object_id, event.customer_id, event.subscription_id,
       event.payload, now}));
}

Stored<std::optional<EventRow>> BillingStore::event(std::string_view event_id) const {
  return first(database_.run(select(event_columns, "billing_events WHERE event_id = $1"), {event_id}), &event_of);
}

Stored<std::vector<EventRow>> BillingStore::due_events(std::int64_t now, std::int64_t limit) const {
  return all(database_.run(select(event_columns,
                                  "billing_events WHERE applied_at IS NULL AND next_attempt_at <= $1 "
                                  "AND leased_until <= $1 ORDER BY next_attempt_at LIMIT $2"),
                           {now, limit}),
             &event_of);
}

Stored<bool> BillingStore::lease_event(std::string_view event_id, std::int64_t now, std::int64_t until) const {
  return changed(
      database_.run("UPDATE billing_events SET leased_until = $3 "
                    "WHERE event_id = $1 AND applied_at IS NULL AND leased_until <= $2",
                    {event_id, now, until}));
}

Stored<void> BillingStore::postpone_event(std::string_view event_id, std::int64_t until) const {
  return done(
      database_.run("UPDATE billing_events SET attempts = attempts + 1, next_attempt_at = $2, leased_until = 0 "
                    "WHERE event_id = $1 AND applied_at IS NULL",
                    {event_id, until}));
}

Stored<std::int64_t> BillingStore::waiting_events(std::int64_t until) const {
  auto row =
      database_.run("SELECT COUNT(*) FROM billing_events WHERE applied_at IS NULL AND next_attempt_at <= $1", {until});
  if (!row) return row.error();
  return (*row)[0].integer(0);
}

Stored<void> BillingStore::purge_events(std::int64_t applied_before) const {
  return done(database_.run("DELETE FROM billing_events WHERE applied_at < $1", {applied_before}));
}

Stored<std::int64_t> BillingStore::mark(std::string_view name, std::int64_t otherwise) const {
  auto row = database_.run("SELECT value FROM billing_marks WHERE name = $1", {name});
  if (!row) return row.error();
  return row->empty() ? otherwise : (*row)[0].integer(0);
}

Stored<void> BillingStore::set_mark(std::string_view name, std::int64_t value) const {
  return done(database_.run(
      "INSERT INTO billing_marks (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2",
      {name, value}));
}

}  // namespace leanmcp::inline v0::detail
