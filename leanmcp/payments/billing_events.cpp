#include <leanmcp/payments/billing_impl.hpp>

namespace leanmcp::inline v0 {

using detail::EventRow;

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
  if (event->livemode != stripe->livemode() || (!event->account.empty() && event->account != options.account)) {
    receipt.outcome = WebhookReceipt::Outcome::ignored;
    return receipt;
  }
  EventRow row;
  row.event_id = receipt.event_id;
  row.type = event->type;
  row.object = event->object;
  row.object_id = event->object_id;
  row.customer_id = event->customer;
  row.subscription_id = event->subscription;
  row.payload = event->payload;
  auto inserted = store.insert_event(row, now());
  if (!inserted) return WebhookRefusal{503, std::string(to_string(inserted.error().cause))};
  receipt.outcome = *inserted ? WebhookReceipt::Outcome::stored : WebhookReceipt::Outcome::duplicate;
  return receipt;
}

/// An event is a hint that something changed, never the change itself: what is written comes from a fetch, so neither
/// order nor repetition of events matters.
Result<void> Billing::Impl::apply_event(const EventRow& event) {
  std::string_view type = event.type;
  if (type.starts_with("v1.")) type.remove_prefix(3);  // thin events about v1 objects
  Occasion occasion;
  occasion.event_id = event.event_id;

  std::string principal_key;
  if (!event.customer_id.empty()) {
    auto account = store.account_of_customer(event.customer_id);
    if (!account) return unavailable(account.error());
    if (!*account) return note(occasion);  // somebody else's customer
    principal_key = (*account)->principal_key;
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
  auto settled = money_moved ? settle_payment(event, occasion) : note(occasion);
  if (settled && (type == "charge.refunded" || type == "charge.dispute.created"))
    report(BillingAnomaly::Kind::money_back, event.object_id, principal_key);
  return settled;
}

bool Billing::Impl::try_event(const EventRow& event) {
  auto applied = apply_event(event);
  if (applied) return true;
  const std::int64_t failures = event.attempts + 1;
  options.log.warning("billing: event not applied",
                      {{"event", event.event_id}, {"type", event.type}, {"why", applied.error().detail()}});
  // An event that never applies is looked at by a person and tried again once a day.
  const bool stuck = failures >= options.max_event_attempts;
  constexpr std::int64_t day = 86'400;
  static_cast<void>(store.postpone_event(event.event_id, now() + (stuck ? day : detail::event_backoff(failures))));
  if (failures == options.max_event_attempts) report(BillingAnomaly::Kind::stuck_event, event.event_id, {});
  return false;
}

}  // namespace leanmcp::inline v0
