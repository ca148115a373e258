#pragma once

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Stripe's objects, reduced to what the library reads. Enumerations at Stripe are open: they stay text, and a value
/// nobody knows grants nothing. Times are Unix seconds, 0 where Stripe sends none. Texts are empty where Stripe sends
/// null. A reference that Stripe expanded is reduced to its id.
using StripeMetadata = std::map<std::string, std::string, std::less<>>;

struct StripeCustomer {
  std::string id;
  bool livemode = false;
  bool deleted = false;
  StripeMetadata metadata;
};

struct StripeCheckoutSession {
  std::string id;
  /// Where the person pays; empty once the session is no longer open.
  std::string url;
  /// open, complete, expired
  std::string status;
  /// paid, unpaid, no_payment_required
  std::string payment_status;
  std::string mode;
  std::string customer;
  std::string subscription;
  /// Of a one-time payment.
  std::string payment_intent;
  std::string client_reference_id;
  StripeMetadata metadata;
  std::int64_t expires_at = 0;
  bool livemode = false;

  /// Complete and not waiting for money.
  bool paid() const noexcept {
    return status == "complete" && (payment_status == "paid" || payment_status == "no_payment_required");
  }
};

struct StripeSubscriptionItem {
  std::string id;
  std::string price;
  /// Stripe's product id.
  std::string product;
  std::int64_t quantity = 0;
  /// On the item since 2025-03-31.basil, on the subscription before; read from both places.
  std::int64_t period_start = 0;
  std::int64_t period_end = 0;
};

struct StripeSubscription {
  std::string id;
  std::string customer;
  /// incomplete, incomplete_expired, trialing, active, past_due, canceled, unpaid, paused
  std::string status;
  bool livemode = false;
  bool cancel_at_period_end = false;
  std::int64_t cancel_at = 0;
  std::int64_t created = 0;
  std::int64_t trial_end = 0;
  StripeMetadata metadata;
  std::vector<StripeSubscriptionItem> items;
};

/// An event, snapshot (`object: "event"`) or thin (`object: "v2.core.event"`).
struct StripeEvent {
  std::string id;
  std::string type;
  bool thin = false;
  bool livemode = false;
  std::int64_t created = 0;
  std::string api_version;
  /// The connected account the event belongs to, if any.
  std::string account;
  /// Kind and id of what the event is about: of `data.object`, or of `related_object`.
  std::string object;
  std::string object_id;
  /// The customer the object belongs to, or is; empty when it names none.
  std::string customer;
  /// Of an invoice event: its subscription. Empty otherwise.
  std::string subscription;
  /// Of a charge or a dispute: the payment it is about. Empty otherwise.
  std::string payment_intent;
  /// Of a thin event: the snapshot event that describes the same change, if Stripe names one.
  std::string snapshot_event;
  /// The event as it came.
  std::string payload;
};

struct StripePortalSession {
  std::string id;
  /// A bearer credential: made when the person clicks, never stored or logged.
  std::string url;
};

struct StripePrice {
  std::string id;
  bool active = false;
  std::string currency;
  /// Minor units; nullopt for a price that has no single amount (tiers, or fractions of a minor unit).
  std::optional<std::int64_t> unit_amount;
  /// day, week, month, year; empty for a one-time price.
  std::string interval;
  std::int64_t interval_count = 0;
  /// licensed, metered; empty for a one-time price.
  std::string usage_type;
  /// Stripe's product id.
  std::string product;
  std::string nickname;
};

/// A one-time payment (PaymentIntent) with what became of its charge.
struct StripePayment {
  std::string id;
  std::string status;
  std::string customer;
  bool livemode = false;
  /// The whole amount went back.
  bool refunded = false;
  /// The bank took the money back or holds it: a dispute that is not won.
  bool disputed = false;
  StripeMetadata metadata;
};

/// What a charge, a dispute or an invoice belongs to; empty where it names none.
struct StripeReferences {
  std::string customer;
  std::string subscription;
  std::string payment_intent;
};

template <class T>
struct StripeList {
  std::vector<T> data;
  bool has_more = false;
};

/// Readers of Stripe's JSON; nullopt when the value is not such an object or has no id.
std::optional<StripeCustomer> read_stripe_customer(const boost::json::value& value);
std::optional<StripeCheckoutSession> read_stripe_checkout_session(const boost::json::value& value);
std::optional<StripeSubscription> read_stripe_subscription(const boost::json::value& value);
std::optional<StripePrice> read_stripe_price(const boost::json::value& value);
/// With `latest_charge` expanded. Whether a dispute was won is not in it: `disputed` is what the charge says.
std::optional<StripePayment> read_stripe_payment(const boost::json::value& value);
std::optional<StripeReferences> read_stripe_references(const boost::json::value& value);
std::optional<StripePortalSession> read_stripe_portal_session(const boost::json::value& value);
/// `payload` is the value serialized anew; who has the original bytes puts them there.
std::optional<StripeEvent> read_stripe_event(const boost::json::value& value);

}  // namespace leanmcp::inline v0
