#pragma once

#include <leanmcp/payments/gate.hpp>
#include <leanmcp/server/call.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace leanmcp::inline v0::detail {

/// What lets a caller through a gate.
enum class Pass {
  /// Being entitled to the product; by a plan of any kind.
  plan,
  credits,
  /// A subscription that bills use.
  use,
};

/// The plan that a gate offers: the one that is named, else the first one that lets its owner through and suits the
/// gate best. nullptr when there is none.
const BillingPlan* offered_plan(const Billing& billing, std::string_view product, std::string_view plan, Pass pass);

/// Begins a checkout for a caller, with what the app adds to it (`BillingOptions::on_checkout`). Fills in who buys.
Result<Checkout> begin_checkout_for(Billing& billing, const Principal& principal, CheckoutRequest request);

/// Where gates send callers who have not paid. Immutable; shared by all calls.
class PaymentDesk {
 public:
  PaymentDesk(std::string product, GateOptions options) : product_(std::move(product)), options_(std::move(options)) {}

  /// What the gate needs to know, as blocking functions that run on a worker.
  struct Questions {
    /// Whether the caller may go on.
    std::function<Result<bool>()> paid;
    /// The same without asking Stripe, once the link is made: a webhook may have come meanwhile. May be empty.
    std::function<Result<bool>()> paid_meanwhile;
  };

  /// Asks; offers the payment mid-call where that is possible; decides.
  Task<Verdict> decide(Call& call, Questions questions) const;

  /// For a call of nobody, which a hook of the app's own may let through.
  static Verdict nobody();
  static Verdict unknown(Call& call, const std::string& product, const Error& error);
  /// The text of "Premium subscription required" from a product's key.
  static std::string default_error(std::string_view product, std::string_view what);
  /// The offer of billing's own link.
  static std::function<Result<PaymentOffer>(const Principal&)> offer_of(std::shared_ptr<Billing> billing,
                                                                        std::string product, std::string plan,
                                                                        Pass pass);

 private:
  Verdict refuse(Call& call, const PaymentOffer* offer, bool pending) const;

  const std::string product_;
  const GateOptions options_;
};

/// Refuses what is no tool. That somebody is authenticated is seen when all decorators are known
/// (`Hook::needs_principal`).
bool gate_fits(EntryDraft& draft, std::string_view decorator);
/// Refuses a product or a plan that is not declared, and a plan that would let nobody through.
bool offer_fits(EntryDraft& draft, std::string_view decorator, const Billing& billing, std::string_view product,
                std::string_view plan, Pass pass);

}  // namespace leanmcp::inline v0::detail
