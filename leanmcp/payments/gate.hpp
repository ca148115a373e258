#pragma once

#include <leanmcp/payments/billing.hpp>
#include <leanmcp/payments/entitlements.hpp>
#include <leanmcp/server/entry.hpp>
#include <leanmcp/server/wait.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace leanmcp::inline v0 {

/// A way to pay that goes with a refusal.
struct PaymentOffer {
  std::string url;
  std::string session_id;
  std::optional<TimePoint> expires_at = std::nullopt;
  /// It is paid by a method that takes days: there is nothing to open, only to wait.
  bool pending = false;
  /// A payment failed: the link leads to where the card can be changed.
  bool due = false;
  /// The person was found to have it already: the gate asks once more whether they have paid, and offers nothing.
  bool already = false;
  /// One sentence more for the person; may be empty.
  std::string message = {};
};

/// How a gate speaks to those who have not paid.
class GateOptions {
 public:
  GateOptions() = default;
  /// The first member of the answer; "Premium subscription required" in the original.
  GateOptions& error(std::string text) { return error_text = std::move(text), *this; }
  /// Makes a link for this caller; blocking, on a worker. Without it (and without a Billing, which makes its own) the
  /// answer only says that an upgrade is possible.
  GateOptions& offer(std::function<Result<PaymentOffer>(const Principal&)> make) {
    return make_offer = std::move(make), *this;
  }
  /// Which of the product's plans is offered; otherwise the first one that lets its owner through: for `requires_plan`
  /// one that is no pack of credits if there is one, for `requires_credit` a pack, for `metered` a subscription, with a
  /// metered price if there is one. `Server::build()` refuses one that does not exist or lets nobody through.
  GateOptions& plan(std::string key) { return plan_key = std::move(key), *this; }
  /// The tool that the answer names for buying in another way, such as "upgrade".
  GateOptions& upgrade_tool(std::string name) { return tool_name = std::move(name), *this; }
  /// Never asks in the middle of a call: the answer with the link is all there is.
  GateOptions& no_mid_call() { return mid_call = false, *this; }
  /// How long a call waits for its payment.
  GateOptions& wait(WaitOptions options) { return waiting = std::move(options), *this; }

  std::string error_text;
  std::function<Result<PaymentOffer>(const Principal&)> make_offer;
  std::string plan_key;
  std::string tool_name;
  bool mid_call = true;
  WaitOptions waiting;
};

/// Only callers entitled to the product may use the entry; after `authenticated`. Asked before anything else is asked
/// of the user, and after the arguments that were passed are known to fit.
///
/// Who has not paid, can be offered a link and has a client that can open one, is asked to open it; the call waits, and
/// once it is paid *the same call* goes on. Longer than the call may wait: `status` is "pending", and the next call
/// sees it paid. Everybody else gets an `isError` result whose text is JSON: `error`, `upgradeAvailable`, and with an
/// offer `status` "payment_required", `paymentUrl`, `expiresAt`, `retryTool`. When nobody knows whether they paid, a
/// retryable error: nothing is sold and nothing is given away.
Decorator requires_plan(std::shared_ptr<Entitlements> entitlements, std::string product);
Decorator requires_plan(std::shared_ptr<Entitlements> entitlements, std::string product, GateOptions options);
/// The same with links made by billing (asking for a payment mid-call needs `BillingOptions::go_url`), and what it
/// costs in the tool's description and `_meta` (see `priced`).
Decorator requires_plan(std::shared_ptr<Billing> billing, std::string product);
Decorator requires_plan(std::shared_ptr<Billing> billing, std::string product, GateOptions options);

/// Each successful call spends `amount` of the caller's credits of the product: reserved before the call, spent after a
/// success, given back after a failure, so that parallel calls never spend a credit twice. One logical call pays once,
/// over all its rounds. A call that its client cancels or hangs up on holds its credits until the function has stopped;
/// they are spent if it ran to its end and succeeded all the same, so keep in `shield` what must be paid once begun.
/// Too few credits are answered as by `requires_plan`.
Decorator requires_credit(std::shared_ptr<Billing> billing, std::string product, std::int64_t amount = 1);
Decorator requires_credit(std::shared_ptr<Billing> billing, std::string product, std::int64_t amount,
                          GateOptions options);

/// Each successful call counts `value` on the meter; one logical call once, over all rounds and retries, and once
/// counted it is not done again. Only callers whose use would be billed may call: those with a subscription of the
/// meter's product (`BillingMeter::product`), which the others are offered as by `requires_plan`; where the meter names
/// none, with any subscription of yours, and nothing is offered.
Decorator metered(std::shared_ptr<Billing> billing, std::string meter, std::int64_t value = 1);
Decorator metered(std::shared_ptr<Billing> billing, std::string meter, std::int64_t value, GateOptions options);

/// Adds what the product costs to the tool's description ("Needs premium: $9.99 a month or $99.00 a year.") and to
/// `_meta["com.leanmcp/price"]`, read from Stripe when the server is built, which waits for it for a few seconds at
/// most. What Stripe did not tell then is added once `Billing::sweep` has read it, and clients hear `list_changed`.
Decorator priced(std::shared_ptr<Billing> billing, std::string product);

}  // namespace leanmcp::inline v0
