#include <leanmcp/payments/billing_impl.hpp>

namespace leanmcp::inline v0 {

using detail::EventRow;

bool Billing::Impl::concerns_us(const StripeEvent& event) const {
  return event.livemode == stripe->livemode() && (event.account.empty() || event.account == options.account);
}

EventRow Billing::Impl::row_of_event(const StripeEvent& event) {
  EventRow row;
  row.event_id = event.id;
  row.type = event.type;
  row.object = event.object;
  row.object_id = event.object_id;
  row.customer_id = event.customer;
  row.subscription_id = event.subscription;
  row.payload = event.payload;
  return row;
}

Result<WebhookReceipt, WebhookRefusal> Billing::Impl::receive(std::string_view body,
                                                              std::string_view signature_header) {
  auto event = construct_event(body, signature_header, options.webhook_secrets, clock->now());
  if (!event) {
    const std::string reason(to_string(event.error()));
    options.log.warning("billing: webhook refused", {{"reason", reason}});
    return WebhookRefusal{400, reason};
  }
  WebhookReceipt receipt;
  // A snapshot and a thin event that tell of the same change are one.
  receipt.event_id = event->thin && !event->snapshot_event.empty() ? event->snapshot_event : event->id;
  receipt.type = event->type;
  if (!concerns_us(*event)) {
    receipt.outcome = WebhookReceipt::Outcome::ignored;
    options.log.info("billing: event of another account or mode ignored",
                     {{"event", event->id}, {"type", event->type}, {"account", event->account}});
    return receipt;
  }
  EventRow row = row_of_event(*event);
  row.event_id = receipt.event_id;
  auto inserted = store.insert_event(row, now());
  if (!inserted) return WebhookRefusal{503, std::string(to_string(inserted.error().cause))};
  receipt.outcome = *inserted ? WebhookReceipt::Outcome::stored : WebhookReceipt::Outcome::duplicate;
  return receipt;
}

/// An event is a hint that something changed, never the change itself: what is written comes from a fetch, so neither
/// order nor repetition of events matters.
Result<void> Billing::Impl::apply_event(const EventRow& stored) {
  EventRow event = stored;
  std::string_view type = stored.type;
  Occasion occasion;
  occasion.event_id = event.event_id;
  // A thin event about a v1 object only names it. What it belongs to is asked for by its id, never by the URL in it.
  if (type.starts_with("v1.")) {
    type.remove_prefix(3);
    if (event.object == "charge" || event.object == "dispute" || event.object == "invoice") {
      const auto about = stripe->references(event.object, event.object_id);
      if (!about && about.error().missing()) return note(occasion);
      if (!about) return unavailable(about.error());
      event.customer_id = about->customer;
      event.subscription_id = about->subscription;
      event.payment_intent = about->payment_intent;
    }
  }

  std::string principal_key;
  if (!event.customer_id.empty()) {
    auto account = store.account_of_customer(event.customer_id);
    if (!account) return unavailable(account.error());
    if (!*account && !type.starts_with("checkout.session.")) return note(occasion);  // somebody else's customer
    if (*account) principal_key = (*account)->principal_key;
  }
  if (type == "customer.deleted") {
    auto forgotten = store.forget_customer(event.object_id, now());
    if (!forgotten) return unavailable(forgotten.error());
    return note(occasion);
  }
  if (type.starts_with("checkout.session.")) {
    occasion.payment_failed = type == "checkout.session.async_payment_failed";
    return settle_session(event.object_id, occasion);
  }
  if (type.starts_with("customer.subscription.")) return settle_subscription(event.object_id, occasion);
  if (type.starts_with("invoice.") && !event.subscription_id.empty())
    return settle_subscription(event.subscription_id, occasion);
  const bool money_moved = type == "charge.refunded" || type.starts_with("charge.dispute.");
  if (!money_moved) return note(occasion);
  auto payer = settle_payment(event, occasion);
  if (!payer) return payer.error();
  // A dispute names no customer: the payment tells whose it is, and whether it is a sale of ours at all.
  if (principal_key.empty()) principal_key = std::move(*payer);
  const bool lost = type == "charge.refunded" || type == "charge.dispute.created";
  if (lost && !principal_key.empty()) report(BillingAnomaly::Kind::money_back, event.object_id, principal_key);
  return {};
}

Billing::Impl::Tried Billing::Impl::try_event(const EventRow& event) {
  // Longer than Stripe takes to answer; should it lapse all the same, the work is done twice, which harms nothing.
  constexpr std::int64_t lease_seconds = 60;
  const auto mine = store.lease_event(event.event_id, now(), now() + lease_seconds);
  if (!mine || !*mine) return Tried::taken;
  auto applied = apply_event(event);
  if (applied) return Tried::applied;
  const std::int64_t failures = event.attempts + 1;
  options.log.warning("billing: event not applied",
                      {{"event", event.event_id}, {"type", event.type}, {"why", applied.error().detail()}});
  // An event that never applies is looked at by a person and tried again once a day.
  const bool stuck = failures >= options.max_event_attempts;
  constexpr std::int64_t day = 86'400;
  static_cast<void>(store.postpone_event(event.event_id, now() + (stuck ? day : detail::event_backoff(failures))));
  if (failures == options.max_event_attempts) report(BillingAnomaly::Kind::stuck_event, event.event_id, {});
  return Tried::failed;
}

}  // namespace leanmcp::inline v0
