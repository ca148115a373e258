// What is bought once: settled from its session and the payment behind it.

#include <leanmcp/payments/billing_impl.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

using detail::FlowRow;
using detail::PurchaseRow;

/// The purchase as Stripe has it now, with the revision that our row had before Stripe was asked. None when nothing of
/// ours was sold.
Result<std::optional<PurchaseRow>> Billing::Impl::fetch_purchase(const StripeCheckoutSession& session,
                                                                 const FlowRow& flow) {
  auto before = store.purchase(session.id);
  if (!before) return unavailable(before.error());
  // The flow may have moved on to another plan since; the session says which one it sold.
  const auto named = session.metadata.find("plan");
  const std::string& key = named == session.metadata.end() ? flow.plan : named->second;
  const BillingPlan* const plan = detail::find_plan(options, flow.product, key);
  if (!plan || plan->kind == PlanKind::subscription) return std::optional<PurchaseRow>();
  PurchaseRow row;
  row.purchase_id = session.id;
  row.principal_key = flow.principal_key;
  row.product = flow.product;
  row.plan = plan->key;
  row.credits = plan->credits;
  row.payment_intent = session.payment_intent;
  row.state = "active";
  row.created = now();
  row.revision = *before ? (*before)->revision : 0;
  if (session.payment_intent.empty()) return std::optional<PurchaseRow>(std::move(row));  // a price of nothing
  auto payment = stripe->payment(session.payment_intent);
  if (!payment) return unavailable(payment.error());
  if (payment->refunded || payment->disputed) row.state = "revoked";
  return std::optional<PurchaseRow>(std::move(row));
}

/// Whether the delayed money of a one-time payment will not come: its event may have been lost.
Result<bool> Billing::Impl::payment_failed(const StripeCheckoutSession& session) {
  if (session.payment_intent.empty()) return false;
  auto payment = stripe->payment(session.payment_intent);
  if (!payment) return unavailable(payment.error());
  return payment->status == "requires_payment_method" || payment->status == "canceled";
}

Result<void> Billing::Impl::settle_payment(const detail::EventRow& event, const Occasion& occasion) {
  std::string intent = event.payment_intent;
  if (intent.empty()) {
    boost::system::error_code fault;
    const boost::json::value payload = boost::json::parse(event.payload, fault);
    const auto read = fault ? std::nullopt : read_stripe_event(payload);
    if (read) intent = read->payment_intent;
  }
  // Subscriptions have their own events; a charge without a payment is nothing of ours.
  if (intent.empty()) return note(occasion);
  auto known = store.purchase_of_payment(intent);
  if (!known) return unavailable(known.error());
  if (*known) return settle_session((*known)->purchase_id, occasion);
  // Perhaps it is refunded before it was granted: the payment names the flow.
  auto payment = stripe->payment(intent);
  if (!payment && payment.error().missing()) return note(occasion);
  if (!payment) return unavailable(payment.error());
  const auto claim = payment->metadata.find("flow_id");
  if (claim == payment->metadata.end()) return note(occasion);
  auto flow = store.flow(claim->second);
  if (!flow) return unavailable(flow.error());
  if (!*flow || (*flow)->session_id.empty()) return note(occasion);
  return settle_session((*flow)->session_id, occasion);
}

}  // namespace leanmcp::inline v0
