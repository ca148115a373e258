#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/sandbox/message.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0::sandbox {

struct StripeDoubleOptions {
  /// Where the checkout pages are reached: `http://127.0.0.1:4000`.
  std::string base_url;
  /// The only key accepted; empty for any `sk_test_…` or `rk_test_…` key. Live keys are always refused.
  std::string secret_key;
};

/// How the person at the checkout page pays.
enum class Payment {
  at_once,
  /// By a method whose money arrives later, or not.
  delayed,
};

/// A play-act of Stripe's API and checkout, in memory: customers, checkout sessions, subscriptions with renewals and
/// changes of plan, invoices, one-time payments with refunds and disputes, events, prices, portal, meter events and
/// test clocks, as far as a checkout needs them and the official clients can use them unchanged. Sans-I/O: requests in,
/// answers out, events to be delivered taken by `take_events`. Thread-safe.
///
/// Times are the clock's, moved on by `advance`: a test clock for the whole of it.
class StripeDouble {
 public:
  StripeDouble(StripeDoubleOptions options, std::shared_ptr<const Clock> clock);
  ~StripeDouble();

  /// `/v1/…`
  Answer api(const Request& request);

  /// What the person, the bank and time do. False when the session or subscription is not in a state for it.
  bool pay(std::string_view session_id, Payment payment = Payment::at_once);
  /// The delayed money of a session arrives, or fails.
  bool settle(std::string_view session_id, bool paid);
  bool expire(std::string_view session_id);
  /// Sets a subscription's status (`past_due`, `unpaid`, …), as a bank or the dashboard would.
  bool set_status(std::string_view subscription_id, std::string_view status);
  /// Ends the subscription with its period, or at once.
  bool cancel(std::string_view subscription_id, bool at_period_end);
  /// Takes an end with the period back.
  bool resume(std::string_view subscription_id);
  /// Moves time on; sessions expire, trials end, subscriptions renew. Customers on a test clock of the API's have that
  /// clock's time instead.
  void advance(std::chrono::seconds by);
  /// Gives money of a one-time payment back: `amount` minor units, or all of it for 0.
  bool refund(std::string_view payment_id, std::int64_t amount = 0);
  /// The bank takes a one-time payment back (`needs_response`, `lost`), or the dispute is `won`.
  bool dispute(std::string_view payment_id, std::string_view status);
  /// From now on the customer's card is declined, or works again.
  bool card(std::string_view customer_id, bool declines);
  /// The customer pays what is due with another card.
  bool pay_due(std::string_view subscription_id);
  /// The customer changes to another price, prorated and paid at once.
  bool change_plan(std::string_view subscription_id, std::string_view price_id);
  /// The next requests to a path that begins with `path` are answered with this status, and as Stripe does it the
  /// answer is kept under the idempotency key if it is 500 or more. `should_retry` goes into that header if not empty.
  bool fail_next(std::string_view path, int status, int times, std::string should_retry = {});

  /// The object as JSON text; nullopt when there is none of that kind (`customers`, `sessions`, `subscriptions`, …).
  std::optional<std::string> object(std::string_view kind, std::string_view id) const;
  /// What a portal session may see: its customer's subscriptions as a JSON array, and where to go back to.
  std::optional<std::string> portal(std::string_view portal_session_id) const;

  /// Events made since the last call, oldest first, as the bodies of webhooks.
  std::vector<std::string> take_events();

  TimePoint now() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace leanmcp::inline v0::sandbox
