#include <leanmcp/payments/billing_store.hpp>

namespace leanmcp::inline v0::detail {

Stored<void> BillingStore::migrate() const {
  static const Migration steps[] = {
      {1,
       "accounts, flows, subscriptions, events",
       {
           "CREATE TABLE billing_accounts ("
           "principal_key TEXT PRIMARY KEY, customer_id TEXT UNIQUE, generation BIGINT NOT NULL)",

           "CREATE TABLE billing_flows ("
           "flow_id TEXT PRIMARY KEY, principal_key TEXT NOT NULL, product TEXT NOT NULL, plan TEXT NOT NULL, "
           "terms_version TEXT NOT NULL, status TEXT NOT NULL, frozen_params TEXT NOT NULL, attempt BIGINT NOT NULL, "
           "session_id TEXT UNIQUE, session_url TEXT, expires_at BIGINT NOT NULL, created_at BIGINT NOT NULL, "
           "checked_at BIGINT NOT NULL)",
           // The lock against a double checkout.
           "CREATE UNIQUE INDEX billing_flows_live ON billing_flows (principal_key, product) "
           "WHERE status IN ('open', 'pending')",

           "CREATE TABLE billing_subscriptions ("
           "subscription_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, product TEXT NOT NULL, plan TEXT NOT NULL, "
           "price_id TEXT NOT NULL, status TEXT NOT NULL, period_end BIGINT NOT NULL, cancel_at BIGINT NOT NULL, "
           "cancel_at_period_end BIGINT NOT NULL, status_since BIGINT NOT NULL, created BIGINT NOT NULL, "
           "fetched_at BIGINT NOT NULL, revision BIGINT NOT NULL)",
           "CREATE INDEX billing_subscriptions_customer ON billing_subscriptions (customer_id, product)",
           "CREATE INDEX billing_subscriptions_period ON billing_subscriptions (period_end)",

           "CREATE TABLE billing_events ("
           "event_id TEXT PRIMARY KEY, type TEXT NOT NULL, object TEXT NOT NULL, object_id TEXT NOT NULL, "
           "customer_id TEXT NOT NULL, subscription_id TEXT NOT NULL, payload TEXT NOT NULL, "
           "received_at BIGINT NOT NULL, applied_at BIGINT, attempts BIGINT NOT NULL, "
           "next_attempt_at BIGINT NOT NULL)",
           "CREATE INDEX billing_events_due ON billing_events (next_attempt_at) WHERE applied_at IS NULL",
           "CREATE INDEX billing_events_applied ON billing_events (applied_at)",

           "CREATE TABLE billing_marks (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
       }},
      {2,
       "purchases, credits, metered use",
       {
           "CREATE TABLE billing_purchases ("
           "purchase_id TEXT PRIMARY KEY, principal_key TEXT NOT NULL, product TEXT NOT NULL, plan TEXT NOT NULL, "
           "credits BIGINT NOT NULL, payment_intent TEXT, state TEXT NOT NULL, created BIGINT NOT NULL, "
           "revision BIGINT NOT NULL)",
           "CREATE INDEX billing_purchases_owner ON billing_purchases (principal_key, product)",
           "CREATE INDEX billing_purchases_payment ON billing_purchases (payment_intent)",

           "CREATE TABLE billing_credits ("
           "reservation_id TEXT PRIMARY KEY, principal_key TEXT NOT NULL, product TEXT NOT NULL, "
           "amount BIGINT NOT NULL, state TEXT NOT NULL, operation_key TEXT NOT NULL UNIQUE, "
           "expires_at BIGINT NOT NULL)",
           "CREATE INDEX billing_credits_owner ON billing_credits (principal_key, product)",

           "CREATE TABLE billing_links ("
           "link_id TEXT PRIMARY KEY, principal_key TEXT NOT NULL, expires_at BIGINT NOT NULL)",

           "CREATE TABLE billing_meter_events ("
           "identifier TEXT PRIMARY KEY, principal_key TEXT NOT NULL, event_name TEXT NOT NULL, value BIGINT NOT NULL, "
           "occurred_at BIGINT NOT NULL, sent_at BIGINT, attempts BIGINT NOT NULL, next_attempt_at BIGINT NOT NULL)",
           "CREATE INDEX billing_meter_events_due ON billing_meter_events (next_attempt_at) WHERE sent_at IS NULL",
       }},
      {3,
       "leases on events, use held while it is worked on",
       {
           "ALTER TABLE billing_events ADD COLUMN leased_until BIGINT NOT NULL DEFAULT 0",
           "ALTER TABLE billing_meter_events ADD COLUMN state TEXT NOT NULL DEFAULT 'due'",
           "ALTER TABLE billing_meter_events ADD COLUMN held_until BIGINT NOT NULL DEFAULT 0",
           "ALTER TABLE billing_meter_events ADD COLUMN doubtful_since BIGINT",
           "CREATE INDEX billing_links_owner ON billing_links (principal_key)",
       }},
      {4,
       "whose purchases these are, old reservations",
       {
           // One row at most.
           "CREATE TABLE billing_stripe (one BIGINT PRIMARY KEY CHECK (one = 1), mode TEXT NOT NULL, "
           "account TEXT NOT NULL)",
           "CREATE INDEX billing_credits_age ON billing_credits (expires_at)",
       }},
  };
  return leanmcp::migrate(database_, "billing", steps);
}

}  // namespace leanmcp::inline v0::detail
