#pragma once

#include <leanmcp/payments/billing.hpp>
#include <leanmcp/payments/billing_store.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The decisions of billing, as functions over values.
namespace leanmcp::inline v0::detail {

/// What is wrong with the options, naming it; empty when nothing is.
std::string billing_options_fault(const BillingOptions& options);
/// What is wrong with the request; empty when nothing is.
std::string checkout_request_fault(const CheckoutRequest& request);

const BillingPlan* find_plan(const BillingOptions& options, std::string_view product, std::string_view plan);

const BillingMeter* find_meter(const BillingOptions& options, std::string_view meter);

/// What is stored, and told to Stripe, for a key of the app's: the same key of another person, or for another thing, is
/// another key. 43 characters.
std::string scoped_key(std::string_view principal_key, std::string_view what, std::string_view key);

enum class Standing {
  allow,
  /// The period is over and Stripe was not asked since: ask before denying.
  ask,
  deny,
};
Standing standing(const SubscriptionRow& row, std::int64_t now, const BillingOptions& options);

/// Whether it is known to end: with the period, or at a time that was set (as the portal does it).
bool ends(const SubscriptionRow& row);

/// Whether it may still be charged, so that its owner may want it ended. One that was never paid (`incomplete`) cannot
/// be changed at Stripe and ends by itself within a day.
bool lasts(const SubscriptionRow& row);

/// The row that speaks for the person: an allowing one before the others, then the one that lasts longest, then the
/// newest; nullptr when there is none.
const SubscriptionRow* best_subscription(const std::vector<SubscriptionRow>& rows, std::int64_t now,
                                         const BillingOptions& options);

/// How many rows allow: more than one was bought twice.
int allowing(const std::vector<SubscriptionRow>& rows, std::int64_t now, const BillingOptions& options);

/// Our row for Stripe's object; product and plan come from the price of its first item that is one of ours.
SubscriptionRow row_of(const StripeSubscription& subscription, const BillingOptions& options);

/// What a session sells, as its metadata keeps it: the plan may be another one by the time it is paid.
struct Sold {
  PlanKind kind = PlanKind::subscription;
  std::int64_t credits = 0;
};
/// `subscription`, `one_time`, `credits:100`.
std::string sold_text(const BillingPlan& plan);
/// None for anything else.
std::optional<Sold> read_sold(std::string_view text);

/// The encoded request for a checkout session.
std::string checkout_params(const CheckoutRequest& request, const BillingPlan& plan, const std::string& customer,
                            const std::string& flow_id, std::int64_t expires_at, const BillingOptions& options);

/// The customer that a frozen request is for; empty when it names none.
std::string frozen_customer(std::string_view frozen_params);

/// State a flow moves to because of its session; empty for none. `failed_event`: Stripe reported that the delayed
/// payment failed.
std::string flow_state_after(const StripeCheckoutSession& session, bool failed_event);

/// Seconds until an event is applied again after its nth failure.
std::int64_t event_backoff(std::int64_t failures);

TimePoint time_point(std::int64_t unix_seconds);

/// A link to the portal as it stands in the URL: its id, and behind it where in the portal it begins.
struct ManageLink {
  std::string id;
  PortalPage page = PortalPage::home;
};
std::string manage_link_text(std::string_view id, PortalPage page);
/// What is no such text stays an id, which nobody has.
ManageLink read_manage_link(std::string_view text);

}  // namespace leanmcp::inline v0::detail
