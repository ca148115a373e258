#include <leanmcp/payments/billing_impl.hpp>

namespace leanmcp::inline v0 {

using detail::BillingEffects;
using detail::FlowRow;
using detail::SubscriptionRow;

namespace {

StripeError contention() {
  StripeError out;
  out.message = "the subscription keeps changing";
  return out;
}

}  // namespace

Result<void> Billing::Impl::settle_session(const std::string& session_id, const Occasion& occasion) {
  for (int round = 0; round < max_rounds; ++round) {
    auto session = stripe->checkout_session(session_id);
    if (!session && session.error().missing()) return close_missing(session_id, occasion);
    if (!session) return unavailable(session.error());
    auto committed = commit_session(*session, occasion);
    if (!committed) return committed.error();
    if (*committed) return {};
  }
  return unavailable(contention());
}

Result<void> Billing::Impl::close_missing(const std::string& session_id, const Occasion& occasion) {
  auto flow = store.flow_of_session(session_id);
  if (!flow) return unavailable(flow.error());
  if (!*flow || !(*flow)->live()) return note(occasion);
  options.log.warning("billing: Stripe does not know the session of an open checkout", {{"session", session_id}});
  BillingEffects effects;
  effects.event_id = occasion.event_id;
  effects.flow_id = (*flow)->flow_id;
  effects.flow_status = "expired";
  effects.flow_session = session_id;
  effects.now = now();
  auto closed = store.apply(effects);
  if (!closed) return unavailable(closed.error());
  return {};
}

/// The flow that the session belongs to; none when it is not ours. The flow id in the metadata is a claim: the
/// customer must be the one that the flow's person has.
Result<std::optional<FlowRow>> Billing::Impl::flow_of(const StripeCheckoutSession& session) {
  const auto claim = session.metadata.find("flow_id");
  if (claim == session.metadata.end()) return std::optional<FlowRow>();
  auto flow = store.flow(claim->second);
  if (!flow) return unavailable(flow.error());
  if (!*flow) return std::optional<FlowRow>();
  auto account = store.account((*flow)->principal_key);
  if (!account) return unavailable(account.error());
  // The customer is the person's, or was when the session was made: one deleted since has paid all the same.
  const bool same = (*account && (*account)->customer_id == session.customer) ||
                    detail::frozen_customer((*flow)->frozen_params) == session.customer;
  if (same && !session.customer.empty() && session.livemode == stripe->livemode()) return std::move(*flow);
  report(BillingAnomaly::Kind::foreign_session, session.id, (*flow)->principal_key);
  return std::optional<FlowRow>();
}

/// Which of our products the subscription is of. Its price says so; a price that was never declared (changed in the
/// dashboard, or at the portal) is judged by its product at Stripe.
Result<void> Billing::Impl::name_product(const StripeSubscription& subscription, Fetched& fetched) {
  SubscriptionRow& row = fetched.row;
  if (!row.product.empty() || subscription.items.empty()) return {};
  row.price_id = subscription.items.front().price;
  row.period_end = subscription.items.front().period_end;
  for (const BillingProduct& product : options.products) {
    for (const BillingPlan& plan : product.plans) {
      if (plan.kind != PlanKind::subscription) continue;
      auto price = price_of(plan.price_id.empty() ? plan.usage_price_id : plan.price_id, PriceFor::settling);
      if (!price && price.error().missing()) continue;
      if (!price) return unavailable(price.error());
      if (price->product.empty() || price->product != subscription.items.front().product) continue;
      row.product = product.key;
      return {};
    }
  }
  fetched.unknown_price = true;
  return {};
}

Result<bool> Billing::Impl::awaits_money(const Fetched& fetched, const StripeCheckoutSession* session, bool failed) {
  const auto unpaid = [&](const StripeCheckoutSession& one) {
    return one.subscription == fetched.row.subscription_id && one.status == "complete" && !one.paid();
  };
  const bool late = fetched.row.status == "past_due";
  const bool denied = !late && detail::standing(fetched.row, now(), options) == detail::Standing::deny;
  if (fetched.flow_id.empty() || denied) return false;
  // Once the checkout is over, for good or ill, the subscription speaks for itself: its invoice may have been paid in
  // another way. Grace, though, is for those who have paid before.
  auto flow = store.flow(fetched.flow_id);
  if (!flow) return unavailable(flow.error());
  if (*flow && (failed || (*flow)->status == "failed")) return late;
  if (!*flow || !(*flow)->live()) return false;
  if (session) return unpaid(*session);
  if ((*flow)->session_id.empty()) return false;
  auto read = stripe->checkout_session((*flow)->session_id);
  if (!read && read.error().missing()) return false;
  if (!read) return unavailable(read.error());
  return unpaid(*read);
}

/// The subscription as it is now, with the revision that our row had before Stripe was asked. None when Stripe does not
/// know it and neither do we.
Result<std::optional<Billing::Impl::Fetched>> Billing::Impl::fetch_row(const std::string& subscription_id,
                                                                       const StripeCheckoutSession* session,
                                                                       bool failed) {
  auto before = store.subscription(subscription_id);
  if (!before) return unavailable(before.error());
  Fetched out;
  out.allowed_before = *before && detail::standing(**before, now(), options) != detail::Standing::deny;
  auto subscription = stripe->subscription(subscription_id);
  if (!subscription && subscription.error().missing()) {
    if (!*before) return std::optional<Fetched>();
    out.row = std::move(**before);
    out.row.status = "canceled";
    return std::optional<Fetched>(std::move(out));
  }
  if (!subscription) return unavailable(subscription.error());
  auto account = store.account_of_customer(subscription->customer);
  if (!account) return unavailable(account.error());
  out.foreign = !*account || subscription->livemode != stripe->livemode();
  out.row = detail::row_of(*subscription, options);
  out.row.revision = *before ? (*before)->revision : 0;
  const auto claim = subscription->metadata.find("flow_id");
  if (claim != subscription->metadata.end()) out.flow_id = claim->second;
  if (out.foreign) return std::optional<Fetched>(std::move(out));
  auto awaits = awaits_money(out, session, failed);
  if (!awaits) return awaits.error();
  // Whatever Stripe calls it meanwhile, nobody has what is not paid.
  if (*awaits) out.row.status = "incomplete";
  auto named = name_product(*subscription, out);
  if (!named) return named.error();
  // People may have subscriptions of other things; it is worth a look when this one was of ours.
  const bool was_ours = *before ? !(*before)->product.empty() : !out.flow_id.empty();
  out.unknown_price = out.unknown_price && was_ours;
  return std::optional<Fetched>(std::move(out));
}

Result<bool> Billing::Impl::commit_session(const StripeCheckoutSession& session, const Occasion& occasion) {
  BillingEffects effects;
  effects.event_id = occasion.event_id;
  auto flow = flow_of(session);
  if (!flow) return flow.error();
  std::optional<Fetched> fetched;
  if (*flow) {
    effects.flow_id = (*flow)->flow_id;
    effects.flow_status = detail::flow_state_after(session, occasion.payment_failed);
    // What a session of an earlier attempt did not achieve says nothing about the present one.
    if (effects.flow_status != "completed") effects.flow_session = session.id;
    if (session.mode == "payment" && session.paid()) {
      auto purchase = fetch_purchase(session, **flow, occasion);
      if (!purchase) return purchase.error();
      effects.purchase = std::move(*purchase);
    }
    if (session.mode == "payment" && effects.flow_status == "pending") {
      auto failed = payment_failed(session);
      if (!failed) return failed.error();
      if (*failed) effects.flow_status = "failed";
    }
    if (session.status == "complete" && !session.subscription.empty()) {
      auto found = fetch_row(session.subscription, &session, effects.flow_status == "failed");
      if (!found) return found.error();
      fetched = std::move(*found);
      if (fetched && !fetched->foreign) effects.subscription = fetched->row;
      const std::string status = effects.subscription ? effects.subscription->status : "";
      const bool ended = status == "incomplete_expired" || status == "canceled";
      if (effects.flow_status == "pending" && ended) effects.flow_status = "failed";
    }
  }
  effects.now = now();
  auto committed = store.apply(effects);
  if (!committed) return unavailable(committed.error());
  if (!*committed) return false;
  if (effects.subscription) after_start(*fetched);
  const bool other_open = *flow && effects.flow_status == "completed" && (*flow)->live() &&
                          !(*flow)->session_id.empty() && (*flow)->session_id != session.id;
  if (other_open) {
    // An earlier attempt was paid after all: nobody shall pay the later one too. Failing is harmless, it expires.
    static_cast<void>(stripe->expire_checkout_session((*flow)->session_id));
  }
  return true;
}

Result<void> Billing::Impl::settle_subscription(const std::string& subscription_id, const Occasion& occasion) {
  for (int round = 0; round < max_rounds; ++round) {
    auto fetched = fetch_row(subscription_id);
    if (!fetched) return fetched.error();
    if (!*fetched || (*fetched)->foreign) return note(occasion);
    BillingEffects effects;
    effects.event_id = occasion.event_id;
    effects.subscription = (*fetched)->row;
    effects.now = now();
    auto committed = store.apply(effects);
    if (!committed) return unavailable(committed.error());
    if (!*committed) continue;
    after_start(**fetched);
    return {};
  }
  return unavailable(contention());
}

void Billing::Impl::after_start(const Fetched& fetched) {
  const SubscriptionRow& row = fetched.row;
  if (fetched.unknown_price) report(BillingAnomaly::Kind::unknown_price, row.subscription_id, {});
  const bool allows = detail::standing(row, now(), options) != detail::Standing::deny;
  if (!allows || fetched.allowed_before || row.product.empty()) return;
  auto account = store.account_of_customer(row.customer_id);
  if (!account || !*account) return;
  const std::string& person = (*account)->principal_key;
  auto rows = store.subscriptions(person, row.product);
  if (rows && detail::allowing(*rows, now(), options) > 1)
    report(BillingAnomaly::Kind::second_subscription, row.subscription_id, person);
  // Bought elsewhere (in the app, in the dashboard) while a checkout is open here: nobody shall pay that one too.
  auto flow = store.live_flow(person, row.product);
  if (!flow || !*flow || (*flow)->status != "open" || (*flow)->session_id.empty()) return;
  const BillingPlan* const plan = detail::find_plan(options, (*flow)->product, (*flow)->plan);
  const bool other = (*flow)->flow_id != fetched.flow_id && plan && plan->kind != PlanKind::credits;
  if (other) static_cast<void>(stripe->expire_checkout_session((*flow)->session_id));
}

Result<bool> Billing::Impl::refresh(const FlowRow& flow, std::int64_t at_most_every_seconds) {
  if (!flow.live() || flow.session_id.empty()) return false;
  auto mine = store.claim_check(flow.flow_id, now() - at_most_every_seconds + 1, now());
  if (!mine) return unavailable(mine.error());
  if (!*mine) return false;
  auto settled = settle_session(flow.session_id, Occasion());
  if (!settled) return settled.error();
  return true;
}

}  // namespace leanmcp::inline v0
