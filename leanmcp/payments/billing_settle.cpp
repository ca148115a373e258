#include <leanmcp/payments/billing_impl.hpp>

namespace leanmcp::inline v0 {

using detail::BillingEffects;
using detail::FlowRow;
using detail::SubscriptionRow;

namespace {

/// How often a fetch is repeated because someone else wrote the row meanwhile.
constexpr int max_rounds = 8;

StripeError contention() {
  StripeError out;
  out.message = "the subscription keeps changing";
  return out;
}

}  // namespace

Result<void> Billing::Impl::settle_session(const std::string& session_id, const Occasion& occasion) {
  for (int round = 0; round < max_rounds; ++round) {
    auto session = stripe->checkout_session(session_id);
    if (!session && session.error().missing()) return note(occasion);
    if (!session) return unavailable(session.error());
    auto committed = commit_session(*session, occasion);
    if (!committed) return committed.error();
    if (*committed) return {};
  }
  return unavailable(contention());
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
  const bool same = *account && (*account)->customer_id == session.customer && session.livemode == stripe->livemode();
  if (same) return std::move(*flow);
  report(BillingAnomaly::Kind::foreign_session, session.id, (*flow)->principal_key);
  return std::optional<FlowRow>();
}

/// The subscription as it is now, with the revision that our row had before Stripe was asked. None when Stripe does not
/// know it and neither do we. `foreign`: it belongs to no customer of ours.
Result<std::optional<SubscriptionRow>> Billing::Impl::fetch_row(const std::string& subscription_id, bool& foreign) {
  auto before = store.subscription(subscription_id);
  if (!before) return unavailable(before.error());
  auto subscription = stripe->subscription(subscription_id);
  if (!subscription && subscription.error().missing()) {
    if (!*before) return std::optional<SubscriptionRow>();
    SubscriptionRow gone = std::move(**before);
    gone.status = "canceled";
    return std::optional<SubscriptionRow>(std::move(gone));
  }
  if (!subscription) return unavailable(subscription.error());
  auto account = store.account_of_customer(subscription->customer);
  if (!account) return unavailable(account.error());
  foreign = !*account || subscription->livemode != stripe->livemode();
  SubscriptionRow row = detail::row_of(*subscription, options);
  row.revision = *before ? (*before)->revision : 0;
  if (!row.product.empty()) return std::optional<SubscriptionRow>(std::move(row));
  // The price is none of ours (changed in the dashboard, say): what was sold is known from the flow or from before.
  const auto claim = subscription->metadata.find("flow_id");
  if (*before && !(*before)->product.empty()) {
    row.product = (*before)->product;
    row.plan = (*before)->plan;
  } else if (claim != subscription->metadata.end()) {
    auto flow = store.flow(claim->second);
    if (!flow) return unavailable(flow.error());
    if (*flow && *account && (*flow)->principal_key == (*account)->principal_key) {
      row.product = (*flow)->product;
      row.plan = (*flow)->plan;
    }
  }
  if (!subscription->items.empty()) {
    row.price_id = subscription->items.front().price;
    row.period_end = subscription->items.front().period_end;
  }
  return std::optional<SubscriptionRow>(std::move(row));
}

Result<bool> Billing::Impl::commit_session(const StripeCheckoutSession& session, const Occasion& occasion) {
  BillingEffects effects;
  effects.event_id = occasion.event_id;
  auto flow = flow_of(session);
  if (!flow) return flow.error();
  if (*flow) {
    effects.flow_id = (*flow)->flow_id;
    effects.flow_status = detail::flow_state_after(session, occasion.payment_failed);
    // What a session of an earlier attempt did not achieve says nothing about the present one.
    if (effects.flow_status != "completed") effects.flow_session = session.id;
    if (session.mode == "payment" && session.paid()) {
      auto purchase = fetch_purchase(session, **flow);
      if (!purchase) return purchase.error();
      effects.purchase = std::move(*purchase);
    }
    if (session.status == "complete" && !session.subscription.empty()) {
      bool foreign = false;
      auto row = fetch_row(session.subscription, foreign);
      if (!row) return row.error();
      if (*row && !foreign) effects.subscription = std::move(**row);
      const std::string status = effects.subscription ? effects.subscription->status : "";
      const bool ended = status == "incomplete_expired" || status == "canceled";
      if (effects.flow_status == "pending" && ended) effects.flow_status = "failed";
    }
  }
  effects.now = now();
  auto committed = store.apply(effects);
  if (!committed) return unavailable(committed.error());
  if (!*committed) return false;
  if (effects.subscription) report_second(*effects.subscription);
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
    bool foreign = false;
    auto row = fetch_row(subscription_id, foreign);
    if (!row) return row.error();
    if (!*row || foreign) return note(occasion);
    BillingEffects effects;
    effects.event_id = occasion.event_id;
    effects.subscription = std::move(**row);
    effects.now = now();
    auto committed = store.apply(effects);
    if (!committed) return unavailable(committed.error());
    if (!*committed) continue;
    report_second(*effects.subscription);
    return {};
  }
  return unavailable(contention());
}

void Billing::Impl::report_second(const SubscriptionRow& written) {
  // Only when the row is new: later writes of the same row say nothing new.
  if (written.revision != 0 || written.product.empty()) return;
  auto account = store.account_of_customer(written.customer_id);
  if (!account || !*account) return;
  auto rows = store.subscriptions((*account)->principal_key, written.product);
  if (!rows || detail::allowing(*rows, now(), options) < 2) return;
  report(BillingAnomaly::Kind::second_subscription, written.subscription_id, (*account)->principal_key);
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
