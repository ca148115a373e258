#pragma once

#include <leanmcp/storage/database.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0::detail {

template <class T>
using Stored = Result<T, StorageError>;

struct AccountRow {
  std::string principal_key;
  /// Stripe's customer; empty while there is none.
  std::string customer_id;
  /// Counts the customers this person has had: part of the idempotency key that creates the next one.
  std::int64_t generation = 0;
};

struct FlowRow {
  std::string flow_id;
  std::string principal_key;
  std::string product;
  std::string plan;
  std::string terms_version;
  /// open, pending, completed, expired, failed
  std::string status;
  /// The encoded request that creates the session: one idempotency key always goes with the same bytes.
  std::string frozen_params;
  std::int64_t attempt = 1;
  std::string session_id;
  std::string session_url;
  std::int64_t expires_at = 0;
  std::int64_t checked_at = 0;

  bool live() const { return status == "open" || status == "pending"; }
};

struct SubscriptionRow {
  std::string subscription_id;
  std::string customer_id;
  /// Ours; empty when the price is none of ours.
  std::string product;
  std::string plan;
  std::string price_id;
  std::string status;
  std::int64_t period_end = 0;
  std::int64_t cancel_at = 0;
  bool cancel_at_period_end = false;
  /// When `status` was first seen.
  std::int64_t status_since = 0;
  std::int64_t created = 0;
  std::int64_t fetched_at = 0;
  /// Rises with each write; 0 for a row that does not exist. A fetch from Stripe is written only if the row still has
  /// the revision it had before the fetch, so an older answer never replaces a newer one, whatever the clocks say.
  std::int64_t revision = 0;
};

struct EventRow {
  std::string event_id;
  std::string type;
  std::string object;
  std::string object_id;
  std::string customer_id;
  std::string subscription_id;
  std::string payload;
  std::int64_t attempts = 0;
  bool applied = false;
  /// Not stored: what a thin event turned out to be about.
  std::string payment_intent = {};
};

/// Whose purchases the database holds.
struct StripeRow {
  /// StripeApi::mode
  std::string mode;
  /// The connected account; empty for one's own.
  std::string account;
};

/// Something bought once: for good, or as credits.
struct PurchaseRow {
  /// Stripe's session, or what the app calls a grant of its own.
  std::string purchase_id;
  std::string principal_key;
  std::string product;
  std::string plan;
  /// How many credits; 0 for what is bought for good.
  std::int64_t credits = 0;
  std::string payment_intent;
  /// active; revoked once the money went back
  std::string state;
  std::int64_t created = 0;
  /// As in SubscriptionRow.
  std::int64_t revision = 0;
};

/// Use that is to be told to Stripe.
struct MeterRow {
  std::string identifier;
  std::string principal_key;
  std::string event_name;
  std::int64_t value = 0;
  std::int64_t occurred_at = 0;
  std::int64_t attempts = 0;
  /// When it was first sent without an answer that tells whether it was taken; 0 for never.
  std::int64_t doubtful_since = 0;
};

/// How a reservation of credits went.
struct ReserveOutcome {
  enum class State { reserved, insufficient, in_progress, finished };
  State state = State::insufficient;
  /// What is left for others.
  std::int64_t balance = 0;
};

/// What follows from one answer of Stripe; written in one transaction.
struct BillingEffects {
  std::string flow_id;
  /// New state of the flow; empty for none.
  std::string flow_status;
  /// When set, the flow changes only while this is its session.
  std::string flow_session;
  std::optional<SubscriptionRow> subscription;
  std::optional<PurchaseRow> purchase;
  /// The event that is hereby applied; empty for none.
  std::string event_id;
  std::int64_t now = 0;
};

/// The tables of billing. Every function is one transaction. Times are Unix seconds.
class BillingStore {
 public:
  explicit BillingStore(Database database) : database_(std::move(database)) {}

  Stored<void> migrate() const;
  /// Binds the database to that Stripe unless it is bound already; what it is bound to.
  Stored<StripeRow> bind_stripe(std::string_view mode, std::string_view account) const;

  Stored<std::optional<AccountRow>> account(std::string_view principal_key) const;
  Stored<std::optional<AccountRow>> account_of_customer(std::string_view customer_id) const;
  /// Notes the customer unless another one got there first; the row as it then is.
  Stored<AccountRow> adopt_customer(std::string_view principal_key, std::string_view customer_id,
                                    std::int64_t generation) const;
  /// Stripe remembers a failure under this generation's idempotency key: the next attempt gets another one.
  Stored<void> next_generation(std::string_view principal_key, std::int64_t generation) const;
  /// The customer is gone at Stripe: the person gets another one, its subscriptions end.
  Stored<void> forget_customer(std::string_view customer_id, std::int64_t now) const;

  Stored<std::optional<FlowRow>> flow(std::string_view flow_id) const;
  Stored<std::optional<FlowRow>> flow_of_session(std::string_view session_id) const;
  /// The open or pending one of that person and product.
  Stored<std::optional<FlowRow>> live_flow(std::string_view principal_key, std::string_view product) const;
  /// False when there is a live one already.
  Stored<bool> insert_flow(const FlowRow& flow, std::int64_t now) const;
  /// Replaces what the open flow sells, under the next attempt; false when it has moved on meanwhile.
  Stored<bool> next_attempt(const FlowRow& flow, std::int64_t previous_attempt) const;
  /// False when the flow has moved on to another attempt, or closed.
  Stored<bool> save_session(const FlowRow& flow) const;
  /// Claims the right to ask Stripe about the flow's session: false when someone did at or after `not_since`.
  Stored<bool> claim_check(std::string_view flow_id, std::int64_t not_since, std::int64_t now) const;
  /// Drops flows that ended without a payment and expired before that time.
  Stored<void> purge_flows(std::int64_t expired_before) const;
  Stored<std::vector<FlowRow>> flows_to_check(std::int64_t not_since, std::int64_t limit) const;

  Stored<std::vector<SubscriptionRow>> subscriptions(std::string_view principal_key, std::string_view product) const;
  Stored<std::optional<SubscriptionRow>> subscription(std::string_view subscription_id) const;
  /// Those whose period is over but whose status still allows.
  Stored<std::vector<SubscriptionRow>> lapsed_subscriptions(std::int64_t now, std::int64_t fetched_before,
                                                            std::int64_t limit) const;

  /// False when the subscription's or the purchase's row was written by someone else since it was read; nothing is
  /// changed then.
  Stored<bool> apply(const BillingEffects& effects) const;

  Stored<std::optional<PurchaseRow>> purchase(std::string_view purchase_id) const;
  Stored<std::optional<PurchaseRow>> purchase_of_payment(std::string_view payment_intent) const;
  Stored<std::vector<PurchaseRow>> purchases(std::string_view principal_key, std::string_view product) const;
  /// False when it is there already.
  Stored<bool> insert_purchase(const PurchaseRow& row) const;

  /// Takes `amount` credits out of the balance until `expires_at`, under a key that names one operation: reserved at
  /// most once at a time, and never again after a commit.
  Stored<ReserveOutcome> reserve_credits(std::string_view reservation_id, std::string_view principal_key,
                                         std::string_view product, std::int64_t amount, std::string_view operation_key,
                                         std::int64_t now, std::int64_t expires_at) const;
  /// False when it is no longer reserved.
  Stored<bool> settle_credits(std::string_view reservation_id, bool spent) const;
  /// Adds up what was spent by reservations that ran out before that time, one row for each person and product, and
  /// drops them with those that were given back.
  Stored<void> fold_credits(std::int64_t expired_before) const;
  Stored<std::int64_t> credit_balance(std::string_view principal_key, std::string_view product, std::int64_t now) const;

  Stored<void> insert_link(std::string_view link_id, std::string_view principal_key, std::int64_t expires_at) const;
  Stored<std::optional<std::string>> link_owner(std::string_view link_id, std::int64_t now) const;
  /// A link of that person which is good until `at_least`, if there is one.
  Stored<std::optional<std::string>> link_of(std::string_view principal_key, std::int64_t at_least) const;
  Stored<void> purge_links(std::int64_t now) const;

  /// False when it is there already.
  Stored<bool> insert_meter(const MeterRow& row) const;
  Stored<std::vector<MeterRow>> due_meters(std::int64_t now, std::int64_t limit) const;
  Stored<std::optional<MeterRow>> meter(std::string_view identifier) const;
  /// How many are to be told until then.
  Stored<std::int64_t> waiting_meters(std::int64_t until) const;
  Stored<bool> has_meter(std::string_view identifier) const;
  /// Notes that it may be taken from now on, unless that is noted already.
  Stored<void> doubt_meter(std::string_view identifier, std::int64_t now) const;
  /// To be tried again then. `doubtful`: it may have been taken all the same.
  Stored<void> postpone_meter(std::string_view identifier, std::int64_t until, bool doubtful) const;
  /// Takes the piece of work until `held_until`, unless someone has it or it was counted.
  Stored<ReserveOutcome::State> hold_meter(const MeterRow& row, std::int64_t now, std::int64_t held_until) const;
  /// It counts from now on; false when it is no longer held.
  Stored<bool> count_meter(std::string_view identifier, std::int64_t now) const;
  /// Of that hold only: it may have run out, and somebody else have another.
  Stored<void> release_meter(std::string_view identifier, std::int64_t held_until) const;
  Stored<void> finish_meter(std::string_view identifier, std::int64_t now) const;
  Stored<void> purge_meters(std::int64_t sent_before, std::int64_t held_before) const;

  /// False when it is there already.
  Stored<bool> insert_event(const EventRow& event, std::int64_t now) const;
  Stored<std::optional<EventRow>> event(std::string_view event_id) const;
  Stored<std::vector<EventRow>> due_events(std::int64_t now, std::int64_t limit) const;
  /// Takes the event to work on; false when it is applied or someone else has it.
  Stored<bool> lease_event(std::string_view event_id, std::int64_t now, std::int64_t until) const;
  /// Gives it back, to be tried again then.
  Stored<void> postpone_event(std::string_view event_id, std::int64_t until) const;
  /// How many are not applied and due until then.
  Stored<std::int64_t> waiting_events(std::int64_t until) const;
  Stored<void> purge_events(std::int64_t applied_before) const;

  Stored<std::int64_t> mark(std::string_view name, std::int64_t otherwise) const;
  Stored<void> set_mark(std::string_view name, std::int64_t value) const;

 private:
  Database database_;
};

}  // namespace leanmcp::inline v0::detail
