#pragma once

#include <leanmcp/payments/billing.hpp>
#include <leanmcp/payments/billing_rules.hpp>
#include <leanmcp/payments/billing_store.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

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

  // billing_entitlement.cpp
  Result<Entitlement> check(std::string_view principal_key, std::string_view product);
  Result<SubscriptionStatus> status(std::string_view principal_key, std::string_view product);

  // billing_events.cpp
  Result<WebhookReceipt, WebhookRefusal> receive(std::string_view body, std::string_view signature_header);
  Result<void> apply_event(const detail::EventRow& event);
  /// Applies it, and on failure plans the next attempt.
  bool try_event(const detail::EventRow& event);
  Result<SweepReport> sweep();

  const BillingOptions options;
  const detail::BillingStore store;
  const std::shared_ptr<StripeApi> stripe;
  const std::shared_ptr<const Clock> clock;

 private:
  using Step = std::optional<Checkout>;  // none: something moved, look again

  Checkout link(const detail::FlowRow& flow) const;
  Checkout already(const Entitlement& entitlement) const;
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
  StripeResult<StripeCheckoutSession> create_session(const detail::FlowRow& flow, const std::string& customer);

  Result<bool> commit_session(const StripeCheckoutSession& session, const Occasion& occasion);
  Result<std::optional<detail::FlowRow>> flow_of(const StripeCheckoutSession& session);
  Result<std::optional<detail::SubscriptionRow>> fetch_row(const std::string& subscription_id, bool& foreign);
  void report_second(const detail::SubscriptionRow& written);

  Result<void> sweep_events(SweepReport& report);
  Result<void> sweep_flows(SweepReport& report);
  Result<void> sweep_missed(SweepReport& report);
  Result<void> sweep_lapsed(SweepReport& report);
  Result<void> recover_flow(detail::FlowRow flow);
};

}  // namespace leanmcp::inline v0
