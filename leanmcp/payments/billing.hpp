#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/payments/billing_types.hpp>
#include <leanmcp/payments/entitlements.hpp>
#include <leanmcp/payments/stripe_api.hpp>
#include <leanmcp/payments/webhook.hpp>
#include <leanmcp/storage/database.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Sells subscriptions, things for good and credits through Stripe Checkout, and remembers who has paid.
///
/// Every function blocks on the database and on Stripe and is thread-safe: call it on a worker thread. Several
/// processes may share one database; the tables' unique constraints are the locks, no transaction is open while Stripe
/// is asked, and any step may be cut off and run again without a second charge.
class Billing final : public Entitlements {
 public:
  /// Migrates the tables. Refuses options that cannot work, naming them; and a database that holds what was bought in
  /// another mode of Stripe (live, test, sandbox) or for another connected account: a test card must not entitle.
  static Result<std::shared_ptr<Billing>> create(Database database, std::shared_ptr<StripeApi> stripe,
                                                 std::shared_ptr<const Clock> clock, BillingOptions options);
  ~Billing() override;

  /// Gives the person's one open checkout for the product, made now if need be. Calling it again gives the same link;
  /// with another plan the old session is expired first. A session found paid is applied on the way.
  Result<Checkout> begin_checkout(const CheckoutRequest& request);

  /// Stores the event, then applies it. Answer 2xx for a receipt of any kind.
  Result<WebhookReceipt, WebhookRefusal> handle_webhook(std::string_view body, std::string_view signature_header);

  /// Only stores it, so that Stripe can be answered at once; `apply_webhook` or the next `sweep` applies it.
  Result<WebhookReceipt, WebhookRefusal> receive_webhook(std::string_view body, std::string_view signature_header);
  /// Applies a stored event: true when it is applied by now. Of several callers, in any number of processes, one works
  /// on it, under a lease that runs out if its process dies.
  bool apply_webhook(std::string_view event_id);

  Result<SubscriptionStatus> subscription_status(std::string_view principal_key, std::string_view product = {});

  /// Active and trialing allow, past_due within its grace; everything else, unknown words included, denies. Past the
  /// end of the period Stripe is asked before anything is decided, since renewals lag.
  Result<Entitlement> check(std::string_view principal_key, std::string_view product) override;
  Result<Entitlement> entitlement(std::string_view principal_key, std::string_view product) {
    return check(principal_key, product);
  }

  /// The flow, or nullopt. Does not ask Stripe.
  Result<std::optional<CheckoutFlow>> flow(std::string_view flow_id);
  /// The same after asking Stripe about its session, at most every few seconds: for those who wait for a payment when
  /// no webhook comes.
  Result<std::optional<CheckoutFlow>> refresh_flow(std::string_view flow_id);

  /// Asks Stripe about the person's open checkout for the product, at most every few seconds: whether it asked. For who
  /// is about to say that something is not paid while the webhook may be lost.
  Result<bool> refresh_checkout(std::string_view principal_key, std::string_view product);
  /// The same by the session's id, as Stripe gives it to the page that the browser comes back to.
  Result<std::optional<CheckoutFlow>> refresh_session(std::string_view session_id);

  /// Where the person manages the subscription. A bearer credential: make it when they click, behind a sign-in.
  Result<std::string> portal_url(std::string_view principal_key, std::string_view return_url,
                                 PortalPage page = PortalPage::home);

  /// A link to the portal behind a sign-in (see `add_billing_pages`), good for a day: `manage_url` with an id behind
  /// it. Error without a `manage_url`.
  Result<std::string> manage_link(std::string_view principal_key, PortalPage page = PortalPage::home);
  /// On which page of the portal a link is to begin.
  static PortalPage manage_link_page(std::string_view link_id);
  /// Whom a link was made for; nullopt when it is unknown or too old.
  Result<std::optional<std::string>> manage_link_owner(std::string_view link_id);

  /// Moves the person's subscription of the product to another of its plans, at once and prorated. Costs money: only
  /// after the person said so.
  Result<SubscriptionStatus> change_plan(std::string_view principal_key, std::string_view product,
                                         std::string_view plan);
  /// Ends the subscription with the paid period, or takes that back. The same however often it is called. Where the
  /// person has several of the product, or unpaid ones that Stripe may still charge, all end; one is taken back.
  Result<SubscriptionStatus> cancel_at_period_end(std::string_view principal_key, std::string_view product,
                                                  bool cancel = true);

  /// Takes `amount` credits out of the balance for a while. `operation_key` (up to 500 characters) names one piece of
  /// this person's work with the product, such as a call's `idempotency_key()`: held at most once at a time, and not
  /// again for a day at least after a commit. The decision is one transaction, so parallel callers never spend a credit
  /// twice.
  Result<CreditReservation> reserve_credits(std::string_view principal_key, std::string_view product,
                                            std::int64_t amount, std::string_view operation_key);
  /// The work was done. False when the reservation had lapsed: nothing is spent then, and `unpaid_work` is reported.
  Result<bool> commit_credits(std::string_view reservation_id);
  /// The work failed: the credits are back.
  Result<void> release_credits(std::string_view reservation_id);
  /// The same without touching the database now, so that it may be called anywhere: the next call about credits does
  /// it. After a crash in between the reservation lapses.
  void release_credits_later(std::string reservation_id);
  Result<std::int64_t> credit_balance(std::string_view principal_key, std::string_view product);
  /// Credits from the app itself (a welcome, an excuse); once for each person, product and `key` of up to 500
  /// characters. False when it was given before.
  Result<bool> grant_credits(std::string_view principal_key, std::string_view product, std::int64_t amount,
                             std::string_view key);

  /// Notes that the person is this customer at Stripe already, as an app knows it that sold before, and reads the
  /// customer's subscriptions. Do it before the person's first checkout, which makes a customer otherwise; the app
  /// vouches for the pair. True also when that was known; false when the person has another customer. Error when the
  /// customer is another person's or Stripe does not know it.
  Result<bool> adopt_customer(std::string_view principal_key, std::string_view customer_id);
  /// Whether the person has a customer at Stripe, which says nothing about having paid.
  Result<bool> has_account(std::string_view principal_key);
  /// Whether use on this meter would be billed: the person has a subscription of the meter's product, or any one if it
  /// names none.
  Result<bool> bills_use(std::string_view principal_key, std::string_view meter);
  /// Notes use durably, then tells Stripe; `sweep` tells it again if that fails. Counted once for each person, meter
  /// and `identifier` of up to 500 characters; what Stripe is told is a hash of the three.
  Result<void> meter(std::string_view principal_key, std::string_view meter, std::int64_t value,
                     std::string_view identifier);
  /// The same in two steps, for work that must not be done twice for one count: held by one caller at a time, for
  /// `credit_hold` at most, and never again once it was counted.
  Result<UseReservation> reserve_use(std::string_view principal_key, std::string_view meter, std::int64_t value,
                                     std::string_view identifier);
  /// The work was done: it counts from here on. By `UseReservation::id`.
  Result<void> commit_use(std::string_view reservation_id);
  /// The work failed and is not counted.
  Result<void> release_use(std::string_view reservation_id);
  /// The same as `release_credits_later`, for use.
  void release_use_later(std::string reservation_id);

  /// What the product's plans cost, read from Stripe and kept for `price_lifetime`; the last known ones while Stripe
  /// cannot be asked. Plans without one fixed amount are left out.
  /// Waits for Stripe for a few seconds at most; while it does not answer, nobody asks it again for half a minute.
  Result<std::vector<PriceTag>> prices(std::string_view product);
  /// After `prices` failed: calls `told` once `sweep` has read prices that are not known now, from its thread, and
  /// forgets it then.
  void when_priced(std::shared_ptr<const std::function<void()>> told);

  /// Applies stored events, looks after open checkouts, finds events that never arrived and refreshes subscriptions
  /// past their period. Run it at start and every few minutes. Bounded work per call.
  Result<SweepReport> sweep();
  /// Whether anybody has called it in this process.
  bool swept() const noexcept;

  /// Plans and products as declared.
  const BillingOptions& options() const noexcept;

 private:
  class Impl;
  explicit Billing(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace leanmcp::inline v0
