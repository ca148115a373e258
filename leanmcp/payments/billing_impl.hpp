#pragma once

#include <leanmcp/payments/billing.hpp>
#include <leanmcp/payments/billing_rules.hpp>
#include <leanmcp/payments/billing_store.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// How often something is tried again because someone else wrote the row meanwhile.
constexpr int max_rounds = 8;

/// The parts of Billing in order of use: checkout, events, sweep. No transaction is open while Stripe is asked.
class Billing::Impl {
 public:
  Impl(Database database, std::shared_ptr<StripeApi> stripe, std::shared_ptr<const Clock> clock, BillingOptions options)
      : options(std::move(options)), store(std::move(database)), stripe(std::move(stripe)), clock(std::move(clock)) {}

  std::int64_t now() const { return unix_seconds(clock->now()); }
  Error unavailable(const StorageError& fault) const;
  Error unavailable(const StripeError& fault) const;
  void report(BillingAnomaly::Kind kind, std::string_view object_id, std::string_view principal_key) const;

  // billing_checkout.cpp
  Result<Checkout> begin_checkout(const CheckoutRequest& request);

  Result<bool> adopt_customer(std::string_view principal_key, std::string_view customer_id);

  // billing_settle.cpp: one answer of Stripe, and what follows from it.
  struct Occasion {
    /// The event that is applied with it, if any.
    std::string event_id;
    /// It says that the delayed payment failed.
    bool payment_failed = false;
  };
  Result<void> settle_session(const std::string& session_id, const Occasion& occasion);
  Result<void> settle_subscription(const std::string& subscription_id, const Occasion& occasion);
  /// Nothing follows from the event but that it has been seen.
  Result<void> note(const Occasion& occasion);
  /// Asks about the flow's session, unless someone did so just now; whether it asked.
  Result<bool> refresh(const detail::FlowRow& flow, std::int64_t at_most_every_seconds);
  /// The same of the person's live flow for the product, as often as gates may ask.
  Result<bool> refresh_live(std::string_view principal_key, std::string_view product);
  /// The flow of that row as it is after asking.
  Result<std::optional<CheckoutFlow>> refresh_row(const detail::Stored<std::optional<detail::FlowRow>>& row);

  // billing_entitlement.cpp
  Result<Entitlement> check(std::string_view principal_key, std::string_view product);
  Result<SubscriptionStatus> status(std::string_view principal_key, std::string_view product);
  /// The entitlement by what was bought once.
  Result<std::optional<Entitlement>> bought(std::string_view principal_key, std::string_view product);
  bool sells(std::string_view product, PlanKind kind) const;

  // billing_manage.cpp
  Result<std::string> portal_url(std::string_view principal_key, std::string_view return_url, PortalPage page);
  Result<std::string> manage_link(std::string_view principal_key, PortalPage page);
  Result<SubscriptionStatus> change_plan(std::string_view principal_key, std::string_view product,
                                         std::string_view plan);
  Result<SubscriptionStatus> cancel_at_period_end(std::string_view principal_key, std::string_view product,
                                                  bool cancel);
  Result<std::vector<PriceTag>> prices(std::string_view product);
  void when_priced(std::shared_ptr<const std::function<void()>> told);

  // billing_credits.cpp
  Result<CreditReservation> reserve(std::string_view principal_key, std::string_view product, std::int64_t amount,
                                    std::string_view operation_key);
  Result<bool> commit_credits(std::string_view reservation_id);
  Result<void> release_credits(std::string_view reservation_id);
  enum class Held { credits, use };
  void release_later(Held what, std::string reservation_id);
  void release_overdue();
  Result<bool> bills_use(std::string_view principal_key, std::string_view meter);
  Result<void> meter(std::string_view principal_key, std::string_view meter, std::int64_t value,
                     std::string_view identifier);
  Result<UseReservation> reserve_use(std::string_view principal_key, std::string_view meter, std::int64_t value,
                                     std::string_view identifier);
  Result<void> commit_use(std::string_view reservation_id);
  Result<void> release_use(std::string_view reservation_id);
  /// Whether Stripe took it.
  bool send_meter(const detail::MeterRow& row);

  // billing_events.cpp
  Result<WebhookReceipt, WebhookRefusal> receive(std::string_view body, std::string_view signature_header);
  /// Of our mode and our account.
  bool concerns_us(const StripeEvent& event) const;
  static detail::EventRow row_of_event(const StripeEvent& event);
  Result<void> apply_event(const detail::EventRow& stored);
  enum class Tried {
    applied,
    failed,
    /// It is applied already, or someone else is at it.
    taken,
  };
  /// Applies it under a lease, and on failure plans the next attempt.
  Tried try_event(const detail::EventRow& event);
  Result<SweepReport> sweep();
  std::atomic<bool> swept{false};

  const BillingOptions options;
  const detail::BillingStore store;
  const std::shared_ptr<StripeApi> stripe;
  const std::shared_ptr<const Clock> clock;

 private:
  using Step = std::optional<Checkout>;  // none: something moved, look again

  Checkout link(const detail::FlowRow& flow) const;
  Checkout already(const Entitlement& entitlement, std::string_view principal_key);
  Checkout manage_instead(Checkout::State state, std::string message, std::string_view principal_key);
  Result<bool> payment_is_due(std::string_view principal_key, std::string_view product) const;
  Result<detail::AccountRow> ensure_customer(const CheckoutRequest& request);
  Result<void> discover_subscriptions(const detail::AccountRow& account, std::string_view product);
  Result<detail::FlowRow> claim_flow(const CheckoutRequest& request, const BillingPlan& plan,
                                     const detail::AccountRow& account);
  Result<Step> advance(detail::FlowRow flow, const CheckoutRequest& request, const BillingPlan& plan,
                       const detail::AccountRow& account);
  Result<Step> open_session(detail::FlowRow flow, const CheckoutRequest& request, const BillingPlan& plan,
                            const detail::AccountRow& account);
  Result<Step> replace_session(detail::FlowRow flow, const CheckoutRequest& request, const BillingPlan& plan,
                               const detail::AccountRow& account);
  Result<Step> next_attempt(const detail::FlowRow& flow, const CheckoutRequest& request, const BillingPlan& plan,
                            const detail::AccountRow& account);
  StripeResult<StripeCheckoutSession> create_session(const detail::FlowRow& flow);

  /// Stripe does not know the session: a live flow that has it is over.
  Result<void> close_missing(const std::string& session_id, const Occasion& occasion);
  Result<bool> commit_session(const StripeCheckoutSession& session, const Occasion& occasion);
  Result<std::optional<detail::FlowRow>> flow_of(const StripeCheckoutSession& session);
  /// A subscription as Stripe has it now.
  struct Fetched {
    detail::SubscriptionRow row;
    /// It entitled already before this look.
    bool allowed_before = false;
    /// It belongs to no customer of ours, or to the other mode.
    bool foreign = false;
    /// Its price is none of ours.
    bool unknown_price = false;
    /// The flow it names.
    std::string flow_id;
  };
  /// `session`: the one that bought it, where it has just been read; `failed`: its payment has.
  Result<std::optional<Fetched>> fetch_row(const std::string& subscription_id,
                                           const StripeCheckoutSession* session = nullptr, bool failed = false);
  /// Whether the money for the subscription's first period is on its way only, or did not come.
  Result<bool> awaits_money(const Fetched& fetched, const StripeCheckoutSession* session, bool failed);
  Result<void> name_product(const StripeSubscription& subscription, Fetched& fetched);
  /// What else follows from a subscription that entitles since this look.
  void after_start(const Fetched& fetched);
  Result<detail::PurchaseRow> fetch_purchase(const StripeCheckoutSession& session, const detail::FlowRow& flow,
                                             const Occasion& occasion);
  Result<bool> payment_failed(const StripeCheckoutSession& session);
  /// A charge was refunded or disputed: what it paid for may be taken back. Gives the principal_key of who paid; empty
  /// when that is nobody of ours.
  Result<std::string> settle_payment(const detail::EventRow& event, const Occasion& occasion);
  Result<std::string> noted(const Occasion& occasion, std::string payer);
  Result<std::string> settled_for(const std::string& session_id, const Occasion& occasion, std::string payer);
  /// The one that speaks for the person; `unpaid_too` when it need not entitle.
  Result<detail::SubscriptionRow> current_subscription(std::string_view principal_key, std::string_view product,
                                                       bool unpaid_too = false);
  Result<SubscriptionStatus> write_through(std::string_view principal_key, std::string_view product,
                                           const std::string& subscription_id, const std::string& form,
                                           const std::string& idempotency_key);
  BillingPlan plan_for(const BillingPlan& plan, std::string_view principal_key, std::string_view product);

  Result<void> sweep_events(SweepReport& report);
  Result<void> sweep_flows(SweepReport& report);
  Result<void> sweep_missed(SweepReport& report);
  Result<std::optional<std::int64_t>> list_events(std::int64_t from, std::int64_t to, SweepReport& report);
  Result<void> sweep_lapsed(SweepReport& report);
  Result<void> sweep_meters(SweepReport& report);
  void sweep_prices(SweepReport& report);
  Result<void> recover_flow(detail::FlowRow flow);

  /// To be shown, which nobody waits long for, or to settle what was paid.
  enum class PriceFor { showing, settling };
  StripeResult<StripePrice> price_of(const std::string& price_id, PriceFor use = PriceFor::showing);
  struct KnownPrice {
    StripePrice price;
    std::int64_t read_at = 0;
  };
  Result<detail::MeterRow> meter_row(std::string_view principal_key, std::string_view meter, std::int64_t value,
                                     std::string_view identifier) const;
  Result<void> send_counted(std::string_view identifier);

  std::mutex overdue_mutex_;
  /// Reservations to give back when the database is next used for credits or use.
  std::vector<std::pair<Held, std::string>> overdue_;
  std::mutex prices_mutex_;
  std::map<std::string, KnownPrice, std::less<>> known_prices_;
  /// Stripe did not answer: it is not asked for prices before. 0 when it did.
  std::int64_t no_prices_before_ = 0;
  /// Who waits for prices, with how many were known when they began to.
  std::map<std::shared_ptr<const std::function<void()>>, std::size_t> unpriced_;
};

}  // namespace leanmcp::inline v0
