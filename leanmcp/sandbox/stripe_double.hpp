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

/// A play-act of Stripe's API and checkout, in memory: customers, checkout sessions, subscriptions with renewals,
/// invoices, events, prices, portal and meter events, as far as a checkout needs them and the official clients can use
/// them unchanged. Sans-I/O: requests in, answers out, events to be delivered taken by `take_events`. Thread-safe.
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
  /// Moves time on; sessions expire, trials end, subscriptions renew.
  void advance(std::chrono::seconds by);

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
