#pragma once

#include <leanmcp/payments/entitlements.hpp>
#include <leanmcp/server/entry.hpp>

#include <functional>
#include <memory>
#include <string>

namespace leanmcp::inline v0 {

/// A way to pay that goes with a refusal.
struct PaymentOffer {
  std::string url;
  std::string session_id;
};

/// How a gate speaks to those who have not paid.
class GateOptions {
 public:
  GateOptions() = default;
  /// The first member of the answer; "Premium subscription required" in the original.
  GateOptions& error(std::string text) { return error_text = std::move(text), *this; }
  /// Makes a link for this caller; blocking, on a worker. Without it the answer only says that an upgrade is possible.
  GateOptions& offer(std::function<Result<PaymentOffer>(const Principal&)> make) {
    return make_offer = std::move(make), *this;
  }
  std::string error_text;
  std::function<Result<PaymentOffer>(const Principal&)> make_offer;
};

/// Only callers entitled to the product may use the entry; after `authenticated`. Asked before anything else is asked
/// of the user, and after the arguments that were passed are known to fit.
///
/// The unpaid get an `isError` result whose text is JSON: `error`, `upgradeAvailable`, and `paymentUrl` with an offer. When
/// nobody knows whether they paid, a retryable error: nothing is sold and nothing is given away.
Decorator requires_plan(std::shared_ptr<Entitlements> entitlements, std::string product);
Decorator requires_plan(std::shared_ptr<Entitlements> entitlements, std::string product, GateOptions options);

}  // namespace leanmcp::inline v0
