#pragma once

#include <leanmcp/payments/billing.hpp>
#include <leanmcp/payments/gate.hpp>
#include <leanmcp/server/server.hpp>

#include <memory>
#include <string>

namespace leanmcp::inline v0 {

class BillingToolsOptions {
 public:
  BillingToolsOptions() = default;
  /// The only product that is dealt with; the first one otherwise.
  BillingToolsOptions& product(std::string key) { return product_key = std::move(key), *this; }
  /// How a call of `upgrade` waits for its payment.
  BillingToolsOptions& wait(WaitOptions options) { return waiting = std::move(options), *this; }
  std::string product_key;
  WaitOptions waiting;
};

/// Registers what every paid service needs, behind `protection` (usually `authenticated(provider)`):
///
/// - `checkSubscription`: plan, status, expiresAt, canUpgrade, cancelsAtPeriodEnd;
/// - `upgrade`: asks for the plan and for consent to the terms, then offers the payment. Where the client can open URLs
///   the call waits and says what was bought, or that nothing was; elsewhere it gives status, message, paymentUrl (and
///   the same as url), sessionId, expiresAt, and as retryTool what to call once it is paid. Who cannot be asked gets
///   that too if Stripe's page asks for consent (`BillingOptions::terms_on_stripe`), and nothing to buy if it does not;
/// - `manageSubscription`: a link to the page to change the card or the plan (needs `BillingOptions::manage_url`);
/// - `cancelSubscription`: asks whether it shall end with the paid period, then ends it. Where nobody can be asked
///   nothing is ended, and the refusal has a link to the page where the person can do it (manageUrl).
///
/// A person's consent is never an argument: a model cannot give it.
void add_billing_tools(Server& server, Decorator protection, std::shared_ptr<Billing> billing);
void add_billing_tools(Server& server, Decorator protection, std::shared_ptr<Billing> billing,
                       BillingToolsOptions options);

}  // namespace leanmcp::inline v0
