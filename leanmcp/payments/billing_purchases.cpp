// What is bought once: settled from its session and the payment behind it.

#include <leanmcp/payments/billing_impl.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

using detail::FlowRow;
using detail::PurchaseRow;

/// The purchase as Stripe has it now, with the revision that our row had before Stripe was asked. What was sold is what
/// the session says: the flow may have moved on to another plan since, and the plan may be another one by now.
Result<PurchaseRow> Billing::Impl::fetch_purchase(const StripeCheckoutSession& session, const FlowRow& flow,
                                                  const Occasion& occasion) {
  auto before = store.purchase(session.id);
  if (!before) return unavailable(before.error());
  PurchaseRow row;
  if (*before) {
    row = std::move(**before);
  } else {
    const auto said = [&](std::string_view name) {
      const auto found = session.metadata.find(name);
      return found == session.metadata.end() ? std::string() : found->second;
    };
    row.plan = said("plan").empty() ? flow.plan : said("plan");
    std::optional<detail::Sold> sold = detail::read_sold(said("sold"));
    const BillingPlan* const declared = detail::find_plan(options, flow.product, row.plan);
    if (!sold && declared) sold = detail::Sold{declared->kind, declared->credits};
    if (!sold || sold->kind == PlanKind::subscription) {
      // Rather late than the wrong thing, and rather an error than a second payment.
      if (!occasion.event_id.empty()) report(BillingAnomaly::Kind::unknown_sale, session.id, flow.principal_key);
      return Error("What was paid cannot be told at the moment.",
                   "session " + session.id + " does not say what it sold")
          .with_data(R"({"code":"billing_unavailable","retryable":true})");
    }
    row.credits = sold->credits;
  }
  row.purchase_id = session.id;
  row.principal_key = flow.principal_key;
  row.product = flow.product;
  row.payment_intent = session.payment_intent;
  row.state = "active";
  if (row.created == 0) row.created = now();
  if (session.payment_intent.empty()) return row;  // a price of nothing
  auto payment = stripe->payment(session.payment_intent);
  if (!payment) return unavailable(payment.error());
  if (payment->refunded || payment->disputed) row.state = "revoked";
  return row;
}

/// Whether the delayed money of a one-time payment will not come: its event may have been lost.
Result<bool> Billing::Impl::payment_failed(const StripeCheckoutSession& session) {
  if (session.payment_intent.empty()) return false;
  auto payment = stripe->payment(session.payment_intent);
  if (!payment) return unavailable(payment.error());
  return payment->status == "requires_payment_method" || payment->status == "canceled";
}

Result<std::string> Billing::Impl::noted(const Occasion& occasion, std::string payer) {
  auto done = note(occasion);
  if (!done) return done.error();
  return payer;
}

Result<std::string> Billing::Impl::settled_for(const std::string& session_id, const Occasion& occasion,
                                               std::string payer) {
  auto done = settle_session(session_id, occasion);
  if (!done) return done.error();
  return payer;
}

Result<std::string> Billing::Impl::settle_payment(const detail::EventRow& event, const Occasion& occasion) {
  std::string intent = event.payment_intent;
  if (intent.empty()) {
    boost::system::error_code fault;
    const boost::json::value payload = boost::json::parse(event.payload, fault);
    const auto read = fault ? std::nullopt : read_stripe_event(payload);
    if (read) intent = read->payment_intent;
  }
  // Subscriptions have their own events; a charge without a payment is nothing of ours.
  if (intent.empty()) return noted(occasion, {});
  auto known = store.purchase_of_payment(intent);
  if (!known) return unavailable(known.error());
  if (*known) return settled_for((*known)->purchase_id, occasion, (*known)->principal_key);
  // Perhaps it is refunded before it was granted: the payment names the flow.
  auto payment = stripe->payment(intent);
  if (!payment && payment.error().missing()) return noted(occasion, {});
  if (!payment) return unavailable(payment.error());
  auto account = store.account_of_customer(payment->customer);
  if (!account) return unavailable(account.error());
  std::string payer = *account ? (*account)->principal_key : std::string();
  const auto claim = payment->metadata.find("flow_id");
  if (claim == payment->metadata.end()) return noted(occasion, std::move(payer));
  auto flow = store.flow(claim->second);
  if (!flow) return unavailable(flow.error());
  if (!*flow || (*flow)->session_id.empty()) return noted(occasion, std::move(payer));
  return settled_for((*flow)->session_id, occasion, (*flow)->principal_key);
}

}  // namespace leanmcp::inline v0
