#include <leanmcp/payments/billing_impl.hpp>

#include <array>

namespace leanmcp::inline v0 {

using detail::EventRow;
using detail::FlowRow;

namespace {

constexpr std::int64_t batch = 100;
constexpr std::int64_t flow_check_seconds = 30;
constexpr std::int64_t lapsed_check_seconds = 300;
/// Events may appear in the list a little late.
constexpr std::int64_t overlap_seconds = 600;
constexpr std::int64_t first_look_back_seconds = 3600;
constexpr std::int64_t stripe_keeps_seconds = 30 * 86'400;
/// Longer than Stripe redelivers or lists, so that a known event is never taken for a new one.
constexpr std::int64_t keep_events_seconds = 40 * 86'400;
/// Use that was held and never counted: the work was cut off.
constexpr std::int64_t held_use_seconds = 86'400;
/// Behind the end of a reservation: its operation is known that long.
constexpr std::int64_t keep_reservations_seconds = 86'400;
constexpr int max_pages = 100;
constexpr int max_batches = 20;

/// What the sweep asks for; Stripe allows 20 types in one question.
constexpr std::array<std::string_view, 20> event_types{
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "charge.dispute.created",
    "charge.dispute.closed",
    "charge.dispute.funds_reinstated",
    "charge.refunded",
    "customer.subscription.pending_update_expired",
    "customer.deleted",
    "customer.subscription.pending_update_applied",
};

}  // namespace

Result<SweepReport> Billing::Impl::sweep() {
  swept = true;
  SweepReport report;
  // First: those who wait for them are shown to people.
  sweep_prices(report);
  for (const auto part :
       {&Impl::sweep_missed, &Impl::sweep_events, &Impl::sweep_flows, &Impl::sweep_lapsed, &Impl::sweep_meters}) {
    auto done = (this->*part)(report);
    if (!done) return done.error();
  }
  // And again: this may have taken long, and a server have begun to wait for them meanwhile.
  sweep_prices(report);
  constexpr std::int64_t soon_seconds = 60;
  auto waiting = store.waiting_events(now() + soon_seconds);
  if (!waiting) return unavailable(waiting.error());
  report.events_waiting = static_cast<int>(*waiting);
  auto untold = store.waiting_meters(now() + soon_seconds);
  if (!untold) return unavailable(untold.error());
  report.meters_waiting = static_cast<int>(*untold);
  auto purged = store.purge_events(now() - keep_events_seconds);
  if (!purged) return unavailable(purged.error());
  auto purged_flows = store.purge_flows(now() - keep_events_seconds);
  if (!purged_flows) return unavailable(purged_flows.error());
  auto folded = store.fold_credits(now() - keep_reservations_seconds);
  if (!folded) return unavailable(folded.error());
  auto purged_links = store.purge_links(now());
  if (!purged_links) return unavailable(purged_links.error());
  auto purged_meters = store.purge_meters(now() - keep_events_seconds, now() - held_use_seconds);
  if (!purged_meters) return unavailable(purged_meters.error());
  return report;
}

Result<void> Billing::Impl::sweep_events(SweepReport& report) {
  for (int round = 0; round < max_batches; ++round) {
    auto due = store.due_events(now(), batch);
    if (!due) return unavailable(due.error());
    const int failed_before = report.events_failed;
    for (const EventRow& event : *due) {
      const Tried tried = try_event(event);
      if (tried == Tried::applied) ++report.events_applied;
      if (tried == Tried::failed) ++report.events_failed;
    }
    // After an outage there may be many. While Stripe cannot be asked there is no point in going on.
    const bool all_failed = report.events_failed - failed_before == static_cast<int>(due->size());
    if (static_cast<std::int64_t>(due->size()) < batch || all_failed) break;
  }
  return {};
}

/// An open flow without a session: the creation was cut off. The same key gives the session that may exist.
Result<void> Billing::Impl::recover_flow(FlowRow flow) {
  auto session = create_session(flow);
  if (session) {
    flow.session_id = session->id;
    flow.session_url = session->url;
    auto saved = store.save_session(flow);
    if (!saved) return unavailable(saved.error());
    return settle_session(session->id, Occasion());
  }
  if (session.error().retryable() && !session.error().remembered()) return unavailable(session.error());
  detail::BillingEffects close;
  close.flow_id = flow.flow_id;
  close.flow_status = "expired";
  close.now = now();
  auto closed = store.apply(close);
  if (!closed) return unavailable(closed.error());
  return {};
}

Result<void> Billing::Impl::sweep_flows(SweepReport& report) {
  auto flows = store.flows_to_check(now() - flow_check_seconds, batch);
  if (!flows) return unavailable(flows.error());
  for (const FlowRow& flow : *flows) {
    if (flow.session_id.empty()) {
      auto mine = store.claim_check(flow.flow_id, now() - flow_check_seconds, now());
      if (!mine) return unavailable(mine.error());
      if (*mine) static_cast<void>(recover_flow(flow));
    } else {
      // A failure has been logged, and the next sweep tries again.
      static_cast<void>(refresh(flow, flow_check_seconds));
    }
    auto after = store.flow(flow.flow_id);
    if (!after) return unavailable(after.error());
    if (*after && !(*after)->live()) ++report.flows_closed;
  }
  return {};
}

/// One page after the other, newest first. The time of the oldest event seen when there are more than one sweep reads,
/// 0 when all were seen; none when Stripe would not list them.
Result<std::optional<std::int64_t>> Billing::Impl::list_events(std::int64_t from, std::int64_t to,
                                                               SweepReport& report) {
  StripeEventQuery query;
  query.created_from = from;
  query.created_to = to;
  query.types.assign(event_types.begin(), event_types.end());
  const std::int64_t started = now();
  std::int64_t oldest = 0;
  for (int page = 0; page < max_pages; ++page) {
    auto events = stripe->events(query);
    if (!events) {
      // The rest of the sweep may still work, with a restricted key that may not list events, say.
      options.log.warning("billing: events cannot be listed", {{"detail", events.error().describe()}});
      return std::optional<std::int64_t>();
    }
    for (const StripeEvent& event : events->data) {
      oldest = event.created;
      if (!concerns_us(event)) continue;
      auto inserted = store.insert_event(row_of_event(event), started);
      if (!inserted) return unavailable(inserted.error());
      if (*inserted) ++report.events_found;
    }
    if (!events->has_more || events->data.empty()) return std::optional<std::int64_t>(0);
    query.starting_after = events->data.back().id;
  }
  return std::optional<std::int64_t>(oldest);
}

/// Events that never arrived: lists what Stripe has since the last look. What is too much for one sweep is a gap, kept
/// as two marks, which the next ones fill.
Result<void> Billing::Impl::sweep_missed(SweepReport& report) {
  const std::int64_t started = now();
  const std::int64_t first = started - stripe_keeps_seconds;
  auto since = store.mark("events_listed_until", started - first_look_back_seconds);
  auto gap_from = store.mark("events_gap_from", 0);
  auto gap_to = store.mark("events_gap_to", 0);
  for (const auto* const mark : {&since, &gap_from, &gap_to})
    if (!*mark) return unavailable(mark->error());
  std::int64_t from = std::max(*since - overlap_seconds, first);
  auto reached = list_events(from, 0, report);
  if (!reached) return reached.error();
  if (!*reached) return {};
  std::int64_t to = **reached;
  if (*gap_to != 0) {
    // An older gap: taken together with the new one, if there is one, or filled now.
    from = std::max(*gap_from, first);
    if (to == 0) {
      auto filled = list_events(from, *gap_to, report);
      if (!filled) return filled.error();
      to = *filled ? **filled : *gap_to;
    }
  }
  if (to != 0) options.log.warning("billing: more events than one sweep reads; the next one goes on");
  auto kept = store.set_mark("events_gap_from", from);
  if (kept) kept = store.set_mark("events_gap_to", to);
  if (kept) kept = store.set_mark("events_listed_until", started);
  if (!kept) return unavailable(kept.error());
  return {};
}

Result<void> Billing::Impl::sweep_meters(SweepReport& report) {
  for (int round = 0; round < max_batches; ++round) {
    auto due = store.due_meters(now(), batch);
    if (!due) return unavailable(due.error());
    const int sent_before = report.meters_sent;
    for (const detail::MeterRow& row : *due) report.meters_sent += send_meter(row) ? 1 : 0;
    // As with events: all of it after an outage, and no more than a look during one.
    if (static_cast<std::int64_t>(due->size()) < batch || report.meters_sent == sent_before) break;
  }
  return {};
}

Result<void> Billing::Impl::sweep_lapsed(SweepReport& report) {
  auto rows = store.lapsed_subscriptions(now(), now() - lapsed_check_seconds, batch);
  if (!rows) return unavailable(rows.error());
  for (const detail::SubscriptionRow& row : *rows) {
    auto settled = settle_subscription(row.subscription_id, Occasion());
    if (settled) ++report.subscriptions_refreshed;
  }
  return {};
}

}  // namespace leanmcp::inline v0
