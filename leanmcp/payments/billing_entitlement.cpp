#include <leanmcp/payments/billing_impl.hpp>

namespace leanmcp::inline v0 {

using detail::Standing;
using detail::SubscriptionRow;

namespace {

/// Gates are asked often; Stripe is asked about an open checkout at most this often.
constexpr std::int64_t gate_refresh_seconds = 5;

Entitlement entitlement_of(const SubscriptionRow* row, bool allowed) {
  Entitlement out;
  out.allowed = allowed;
  if (!row) return out;
  out.status = row->status;
  out.plan = row->plan;
  const bool sooner = row->cancel_at != 0 && (row->period_end == 0 || row->cancel_at < row->period_end);
  const std::int64_t end = sooner ? row->cancel_at : row->period_end;
  if (end != 0) out.expires_at = detail::time_point(end);
  return out;
}

}  // namespace

Result<Entitlement> Billing::Impl::check(std::string_view principal_key, std::string_view product) {
  auto rows = store.subscriptions(principal_key, product);
  if (!rows) return unavailable(rows.error());
  std::optional<Error> outage;
  bool asked = false;
  for (const SubscriptionRow& row : *rows) {
    if (detail::standing(row, now(), options) != Standing::ask) continue;
    auto settled = settle_subscription(row.subscription_id, Occasion());
    asked = true;
    if (settled) continue;
    // What was to end with this period has no next one that could merely be late.
    const bool renews = !detail::ends(row) || (row.cancel_at != 0 && row.cancel_at > row.period_end);
    if (renews && now() < row.period_end + options.outage_grace.count()) return entitlement_of(&row, true);
    outage = settled.error();
  }
  const auto reload = [&] { rows = store.subscriptions(principal_key, product); };
  if (asked) reload();
  if (!rows) return unavailable(rows.error());
  const SubscriptionRow* best = detail::best_subscription(*rows, now(), options);
  if (best && detail::standing(*best, now(), options) == Standing::allow) return entitlement_of(best, true);

  if (!best) {
    auto once = bought(principal_key, product);
    if (!once) return once.error();
    if (*once) return std::move(**once);
  }

  // Perhaps it is paid and no webhook has come yet.
  auto refreshed = refresh_live(principal_key, product);
  if (!refreshed) return refreshed.error();
  if (*refreshed) reload();
  if (!rows) return unavailable(rows.error());
  best = detail::best_subscription(*rows, now(), options);
  const bool allowed = best && detail::standing(*best, now(), options) == Standing::allow;
  if (!allowed) {
    auto once = bought(principal_key, product);
    if (!once) return once.error();
    if (*once) return std::move(**once);
  }
  if (!allowed && outage) return std::move(*outage);
  return entitlement_of(best, allowed);
}

Result<bool> Billing::Impl::refresh_live(std::string_view principal_key, std::string_view product) {
  auto flow = store.live_flow(principal_key, product);
  if (!flow) return unavailable(flow.error());
  return *flow ? refresh(**flow, gate_refresh_seconds) : Result<bool>(false);
}

bool Billing::Impl::sells(std::string_view product, PlanKind kind) const {
  for (const BillingProduct& candidate : options.products) {
    if (candidate.key != product) continue;
    for (const BillingPlan& plan : candidate.plans)
      if (plan.kind == kind) return true;
  }
  return false;
}

Result<std::optional<Entitlement>> Billing::Impl::bought(std::string_view principal_key, std::string_view product) {
  // Whether or not it is sold still: what was bought for good is for good.
  auto rows = store.purchases(principal_key, product);
  if (!rows) return unavailable(rows.error());
  for (const detail::PurchaseRow& row : *rows) {
    if (row.state != "active") continue;
    Entitlement out;
    out.allowed = true;
    out.status = "purchased";
    out.plan = row.plan;
    return std::optional<Entitlement>(std::move(out));
  }
  if (sells(product, PlanKind::credits)) {
    auto balance = store.credit_balance(principal_key, product, now());
    if (!balance) return unavailable(balance.error());
    if (*balance > 0) {
      Entitlement out;
      out.allowed = true;
      out.status = "credits";
      return std::optional<Entitlement>(std::move(out));
    }
  }
  return std::optional<Entitlement>();
}

Result<SubscriptionStatus> Billing::Impl::status(std::string_view principal_key, std::string_view product) {
  SubscriptionStatus out;
  for (const BillingProduct& candidate : options.products) {
    if (!product.empty() && candidate.key != product) continue;
    auto entitlement = check(principal_key, candidate.key);
    if (!entitlement) return entitlement.error();
    const bool better = entitlement->allowed || (out.status == "none" && entitlement->status != "none");
    if (!better) continue;
    out.status = entitlement->status;
    out.expires_at = entitlement->expires_at;
    out.billing_plan = entitlement->plan;
    auto rows = store.subscriptions(principal_key, candidate.key);
    if (!rows) return unavailable(rows.error());
    const SubscriptionRow* const best = detail::best_subscription(*rows, now(), options);
    out.cancels_at_period_end = best && detail::ends(*best);
    if (!entitlement->allowed) continue;
    out.plan = candidate.key;
    out.can_upgrade = false;
    break;
  }
  return out;
}

}  // namespace leanmcp::inline v0
