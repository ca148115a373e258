#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/log.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/payments/money.hpp>
#include <leanmcp/payments/stripe_types.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

class Principal;

/// What a plan is.
enum class PlanKind {
  /// Paid again each period; entitles while it lasts.
  subscription,
  /// Paid once; entitles for good, unless the money goes back.
  one_time,
  /// Paid once; adds credits, which calls spend. May be bought again and again.
  credits,
};

/// One way to buy a product.
struct BillingPlan {
  /// What the person chooses (`monthly`); the price is never the client's to name.
  std::string key;
  /// Stripe's price id.
  std::string price_id;
  std::string label;
  /// Of a subscription. Given once: who had the product before starts without one.
  int trial_days = 0;
  PlanKind kind = PlanKind::subscription;
  /// Of a pack of credits: how many it holds.
  std::int64_t credits = 0;
  /// Of a subscription: a metered price of Stripe's that goes with it, so that use is billed at the end of each period.
  /// With it alone (no `price_id`) the person pays for use only.
  std::string usage_price_id = {};
};

struct BillingProduct {
  /// What gates ask for (`premium`).
  std::string key;
  std::vector<BillingPlan> plans;
};

/// Use that Stripe counts and bills (docs.stripe.com/billing/subscriptions/usage-based).
struct BillingMeter {
  /// What `metered()` asks for.
  std::string key;
  /// The meter's `event_name` at Stripe.
  std::string event_name;
  /// The product whose subscription bills the use: `metered()` lets nobody through who has none, and offers it. Empty:
  /// any subscription of yours will do, and nothing is offered.
  std::string product = {};
};

/// Something a person should look at; nothing was charged or granted because of it.
struct BillingAnomaly {
  enum class Kind {
    /// A second active subscription of one person for one product.
    second_subscription,
    /// A paid session that fits no flow, or whose customer is not the flow's.
    foreign_session,
    /// `charge.refunded` or a dispute. What was bought once is taken back; a subscription is left as Stripe has it.
    money_back,
    /// An event that could not be applied in `max_event_attempts` tries.
    stuck_event,
    /// Work was done and its credits could not be taken any more: it took longer than `credit_hold`.
    unpaid_work,
    /// Use that Stripe did not take in 34 days, or of which nobody knows whether it did: it is not told again then,
    /// since Stripe remembers identifiers for a day only.
    stuck_meter,
    /// A subscription at a price that belongs to no product of ours: it entitles to nothing.
    unknown_price,
    /// A paid session that does not say what it sold, of a plan that is not declared any more: nothing is granted, and
    /// its event stays to be applied.
    unknown_sale,
  };
  Kind kind = Kind::foreign_session;
  std::string object_id;
  std::string principal_key;
};

struct CheckoutRequest {
  /// The verified identity (provider and stable user id); never an e-mail address or a session.
  std::string principal_key;
  /// Goes into `metadata[userId]`, for the app's existing webhook handler, and `client_reference_id`.
  std::string user_id;
  /// Prefills Stripe's page and receipts; identifies nobody.
  std::optional<std::string> email;
  std::string product;
  std::string plan;
  /// The caller's own metadata for the session and the subscription: at most 40 entries, keys up to 40 characters
  /// without brackets, values up to 500.
  StripeMetadata metadata;
};

struct BillingOptions {
  std::vector<BillingProduct> products;
  std::vector<BillingMeter> meters;
  /// Where Stripe sends the browser afterwards. `{CHECKOUT_SESSION_ID}` is filled in by Stripe.
  std::string success_url;
  std::string cancel_url;
  /// `https://host/billing/go`: the page that signs the browser in before it forwards; the link given out is then
  /// `<this>/<flow_id>`. Empty: the link is Stripe's own.
  std::string go_url;
  /// `https://host/billing/manage`: the page that signs the browser in before it forwards to Stripe's portal; links to
  /// it are offered to those who have paid already. Empty for none.
  std::string manage_url;
  std::vector<Secret> webhook_secrets;
  /// The connected account these products belong to, the one that the Stripe client acts for; events of any other are
  /// ignored. Empty for one's own.
  std::string account;
  /// Changes when the terms do: an open checkout under other terms is replaced.
  std::string terms_version = "1";
  /// Asks for consent to the terms on Stripe's page; needs the URL of the terms in Stripe's dashboard, or Stripe
  /// refuses every checkout. Without it the tool `upgrade` sells only to those whom it could ask, and what gates offer
  /// asks nobody.
  bool terms_on_stripe = false;
  bool allow_promotion_codes = false;
  /// Stripe allows 30 minutes to 24 hours; the minute on top allows for clocks that differ.
  std::chrono::seconds checkout_lifetime{1860};
  /// How long `past_due` still allows, from when it was first seen.
  std::chrono::seconds past_due_grace{3 * 24 * 3600};
  /// How long a subscription past its period still allows while Stripe cannot be asked.
  std::chrono::seconds outage_grace{24 * 3600};
  int max_event_attempts = 20;
  /// How long a call may hold reserved credits; longer than any call takes.
  std::chrono::seconds credit_hold{1800};
  /// How long prices read from Stripe are good for.
  std::chrono::seconds price_lifetime{3600};
  Logger log;
  std::function<void(const BillingAnomaly&)> on_anomaly;
  /// Adds what the app knows to the checkouts that gates and `add_billing_tools` begin: `metadata`, `email`, another
  /// `user_id` for the app's webhook handler. Who buys what is not its to change. On a worker; may block.
  std::function<void(CheckoutRequest&, const Principal&)> on_checkout;
};

struct Checkout {
  enum class State {
    /// The link is to be opened.
    open,
    /// Paid by a method that takes days; there is nothing to do but wait.
    pending,
    already_subscribed,
    /// There is a subscription whose last payment failed and which Stripe may charge again: nothing is sold beside it.
    /// The link leads to where the card can be changed.
    payment_due,
  };
  State state = State::open;
  /// One sentence for the person.
  std::string message;
  /// Where to pay; where to manage it when subscribed already or when a payment is due; empty when there is nothing to
  /// open.
  std::string url;
  std::string session_id;
  std::string flow_id;
  std::optional<TimePoint> expires_at;
};

/// `payment_required`, `pending`, `active` or `payment_due`: what answers to callers say.
std::string_view to_string(Checkout::State state) noexcept;

/// A checkout as our own pages see it.
struct CheckoutFlow {
  enum class State { open, pending, completed, expired, failed };
  std::string flow_id;
  std::string principal_key;
  std::string product;
  std::string plan;
  State state = State::open;
  std::string session_id;
  /// Stripe's page; empty once closed.
  std::string session_url;
  TimePoint expires_at;
};

struct SubscriptionStatus {
  /// The product's key, or `free`.
  std::string plan = "free";
  /// Stripe's word, or `none`.
  std::string status = "none";
  std::optional<TimePoint> expires_at;
  bool can_upgrade = true;
  /// Key of the plan bought (`monthly`); empty when none.
  std::string billing_plan;
  /// It is known to end: with the paid period, or at the time in `expires_at`.
  bool cancels_at_period_end = false;
};

/// What a plan costs, as Stripe says.
struct PriceTag {
  std::string product;
  std::string plan;
  /// The plan's label, or what stands for it.
  std::string label;
  Money money;
  /// month, year, …; empty for what is paid once.
  std::string interval;
  std::int64_t interval_count = 0;
  std::int64_t credits = 0;
  int trial_days = 0;
  /// What each use costs besides, where that is one amount; `money` has no currency when it is all there is to pay.
  std::optional<Money> per_use;

  /// `$9.99 a month`, `$99.00 every 2 years`, `$5.00 for 100 credits`, `$49.00 once`, `$9.99 a month and $0.02 a use`.
  std::string text() const;
};

struct CreditReservation {
  enum class State {
    reserved,
    /// Not enough credits.
    insufficient,
    /// The same operation is being run, here or elsewhere.
    in_progress,
    /// The same operation was run and paid for.
    finished,
  };
  State state = State::insufficient;
  /// For `commit_credits` and `release_credits`.
  std::string id;
  /// What is left besides.
  std::int64_t balance = 0;
};

/// Where a portal session begins (docs.stripe.com/customer-management/portal-deep-links).
enum class PortalPage { home, cancel, change_plan, payment_method };

struct WebhookReceipt {
  enum class Outcome {
    /// Stored and applied.
    applied,
    /// Stored; applying it failed for now and is tried again by `sweep`.
    stored,
    /// Known already.
    duplicate,
    /// Not for us: the other mode, or a connected account.
    ignored,
  };
  Outcome outcome = Outcome::stored;
  std::string event_id;
  std::string type;
};

struct WebhookRefusal {
  /// What to answer: 400 for a bad signature or payload, 503 when the event could not be stored (Stripe tries again).
  int status = 400;
  /// For logs.
  std::string reason;
};

struct UseReservation {
  enum class State {
    /// The work may be done; then commit or release.
    held,
    /// The same piece of work is being done, here or elsewhere.
    in_progress,
    /// It was done and counted.
    finished,
  };
  State state = State::in_progress;
  /// For `commit_use` and `release_use`.
  std::string id;
};

struct SweepReport {
  int meters_sent = 0;
  /// Use that is to be told to Stripe within a minute: it was not taken just now, or there was too much of it.
  int meters_waiting = 0;
  int events_applied = 0;
  int events_failed = 0;
  int events_found = 0;
  /// Stored events that are due within a minute: another process is at them, or one that died left them.
  int events_waiting = 0;
  int flows_closed = 0;
  int subscriptions_refreshed = 0;
  /// Who waits for prices that Stripe could not be asked for (`Billing::when_priced`).
  int prices_waiting = 0;
};

}  // namespace leanmcp::inline v0
