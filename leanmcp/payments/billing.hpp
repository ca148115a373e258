#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/log.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/payments/entitlements.hpp>
#include <leanmcp/payments/stripe_api.hpp>
#include <leanmcp/payments/webhook.hpp>
#include <leanmcp/storage/database.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// One way to buy a product.
struct BillingPlan {
  /// What the person chooses (`monthly`); the price is never the client's to name.
  std::string key;
  /// Stripe's price id.
  std::string price_id;
  std::string label;
  int trial_days = 0;
};

struct BillingProduct {
  /// What gates ask for (`premium`).
  std::string key;
  std::vector<BillingPlan> plans;
};

/// Something a person should look at; nothing was charged or granted because of it.
struct BillingAnomaly {
  enum class Kind {
    /// A second active subscription of one person for one product.
    second_subscription,
    /// A paid session that fits no flow, or whose customer is not the flow's.
    foreign_session,
    /// `charge.refunded` or `charge.dispute.created`.
    money_back,
    /// An event that could not be applied in `max_event_attempts` tries.
    stuck_event,
  };
  Kind kind = Kind::foreign_session;
  std::string object_id;
  std::string principal_key;
};

struct BillingOptions {
  std::vector<BillingProduct> products;
  /// Where Stripe sends the browser afterwards. `{CHECKOUT_SESSION_ID}` is filled in by Stripe.
  std::string success_url;
  std::string cancel_url;
  /// `https://host/billing/go`: the page that signs the browser in before it forwards; the link given out is then
  /// `<this>/<flow_id>`. Empty: the link is Stripe's own.
  std::string go_url;
  /// `https://host/billing/manage`, offered to those who have paid already; empty for none.
  std::string manage_url;
  std::vector<Secret> webhook_secrets;
  /// The connected account these products belong to; events of any other are ignored. Empty for one's own.
  std::string account;
  /// Changes when the terms do: an open checkout under other terms is replaced.
  std::string terms_version = "1";
  /// Asks for consent on Stripe's page too; needs a terms URL in Stripe's dashboard.
  bool terms_on_stripe = false;
  bool allow_promotion_codes = false;
  /// Stripe allows 30 minutes to 24 hours; the minute on top allows for clocks that differ.
  std::chrono::seconds checkout_lifetime{1860};
  /// How long `past_due` still allows, from when it was first seen.
  std::chrono::seconds past_due_grace{3 * 24 * 3600};
  /// How long a subscription past its period still allows while Stripe cannot be asked.
  std::chrono::seconds outage_grace{24 * 3600};
  int max_event_attempts = 20;
  Logger log;
  std::function<void(const BillingAnomaly&)> on_anomaly;
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

struct Checkout {
  enum class State {
    /// The link is to be opened.
    open,
    /// Paid by a method that takes days; there is nothing to do but wait.
    pending,
    already_subscribed,
  };
  State state = State::open;
  /// One sentence for the person.
  std::string message;
  /// Where to pay; when already subscribed, where to manage it; empty when there is nothing to open.
  std::string url;
  std::string session_id;
  std::string flow_id;
  std::optional<TimePoint> expires_at;
};

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
  bool cancels_at_period_end = false;
};

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

struct SweepReport {
  int events_applied = 0;
  int events_failed = 0;
  int events_found = 0;
  int flows_closed = 0;
  int subscriptions_refreshed = 0;
};

/// Sells subscriptions through Stripe Checkout and remembers who has paid.
///
/// Every function blocks on the database and on Stripe and is thread-safe: call it on a worker thread. Several
/// processes may share one database; the tables' unique constraints are the locks, no transaction is open while Stripe
/// is asked, and any step may be cut off and run again without a second charge.
class Billing final : public Entitlements {
 public:
  /// Migrates the tables. Refuses options that cannot work, naming them.
  static Result<std::shared_ptr<Billing>> create(Database database, std::shared_ptr<StripeApi> stripe,
                                                 std::shared_ptr<const Clock> clock, BillingOptions options);
  ~Billing() override;

  /// Gives the person's one open checkout for the product, made now if need be. Calling it again gives the same link;
  /// with another plan the old session is expired first. A session found paid is applied on the way.
  Result<Checkout> begin_checkout(const CheckoutRequest& request);

  /// Stores the event, then applies it. Answer 2xx for a receipt of any kind.
  Result<WebhookReceipt, WebhookRefusal> handle_webhook(std::string_view body, std::string_view signature_header);

  /// Only stores it, for those who apply on a worker of their own (`sweep`).
  Result<WebhookReceipt, WebhookRefusal> receive_webhook(std::string_view body, std::string_view signature_header);

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

  /// Where the person manages the subscription. A bearer credential: make it when they click, behind a sign-in.
  Result<std::string> portal_url(std::string_view principal_key, std::string_view return_url);

  /// Applies stored events, looks after open checkouts, finds events that never arrived and refreshes subscriptions
  /// past their period. Run it at start and every few minutes. Bounded work per call.
  Result<SweepReport> sweep();

  /// Plans and products as declared.
  const BillingOptions& options() const noexcept;

 private:
  class Impl;
  explicit Billing(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace leanmcp::inline v0
