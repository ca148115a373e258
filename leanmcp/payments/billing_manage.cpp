// What people do with what they have bought, and what things cost.

#include <leanmcp/base/random.hpp>
#include <leanmcp/payments/billing_impl.hpp>
#include <leanmcp/payments/stripe_form.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <iterator>

namespace leanmcp::inline v0 {

namespace json = boost::json;
using detail::SubscriptionRow;

namespace {

constexpr std::chrono::milliseconds price_patience{3'000};
/// For what somebody has paid, whose product the price tells.
constexpr std::chrono::milliseconds settling_patience{20'000};
constexpr std::int64_t price_pause_seconds = 30;

Error nothing_there() { return Error("There is no subscription to manage."); }

std::string_view flow_type(PortalPage page) {
  switch (page) {
    case PortalPage::cancel:
      return "subscription_cancel";
    case PortalPage::change_plan:
      return "subscription_update";
    case PortalPage::payment_method:
      return "payment_method_update";
    case PortalPage::home:
      break;
  }
  return {};
}

}  // namespace

std::string PriceTag::text() const {
  if (money.currency.empty() && per_use) return to_text(*per_use) + " a use";
  std::string out = to_text(money);
  if (credits > 0) return out + " for " + std::to_string(credits) + (credits == 1 ? " credit" : " credits");
  if (interval.empty()) return out + " once";
  out += interval_count > 1 ? " every " + std::to_string(interval_count) + " " + interval + "s" : " a " + interval;
  if (per_use) out += " and " + to_text(*per_use) + " a use";
  return out;
}

Result<SubscriptionRow> Billing::Impl::current_subscription(std::string_view principal_key, std::string_view product,
                                                            bool unpaid_too) {
  auto rows = store.subscriptions(principal_key, product);
  if (!rows) return unavailable(rows.error());
  std::erase_if(*rows, [](const SubscriptionRow& row) { return !detail::lasts(row); });
  const SubscriptionRow* const best = detail::best_subscription(*rows, now(), options);
  if (!best) return nothing_there();
  if (!unpaid_too && detail::standing(*best, now(), options) == detail::Standing::deny) return nothing_there();
  return *best;
}

Result<std::string> Billing::Impl::portal_url(std::string_view principal_key, std::string_view return_url,
                                              PortalPage page) {
  auto account = store.account(principal_key);
  if (!account) return unavailable(account.error());
  if (!*account || (*account)->customer_id.empty()) return nothing_there();
  json::object form{{"customer", (*account)->customer_id}, {"return_url", return_url}};
  if (page != PortalPage::home) {
    json::object flow{{"type", flow_type(page)}};
    if (page != PortalPage::payment_method) {
      std::string subscription;
      for (const BillingProduct& product : options.products) {
        if (!subscription.empty()) break;
        auto row = current_subscription(principal_key, product.key, page == PortalPage::cancel);
        if (row) subscription = row->subscription_id;
      }
      if (subscription.empty()) return nothing_there();
      flow[flow_type(page)] = json::object{{"subscription", subscription}};
    }
    form["flow_data"] = std::move(flow);
  }
  auto session = stripe->create_portal_session(stripe_form(form));
  if (!session) return unavailable(session.error());
  return std::move(session->url);
}

Result<std::string> Billing::Impl::manage_link(std::string_view principal_key, PortalPage page) {
  constexpr std::int64_t lifetime_seconds = 86'400;
  constexpr std::int64_t least_seconds = 3600;
  if (options.manage_url.empty()) return Error("Manage your subscription in your account settings.");
  // The same one while it lasts: a question that names it must stay the same over the rounds of a call.
  auto known = store.link_of(principal_key, now() + least_seconds);
  if (!known) return unavailable(known.error());
  const std::string base = options.manage_url + "/";
  if (*known) return base + detail::manage_link_text(**known, page);
  const std::string id = random_id();
  auto kept = store.insert_link(id, principal_key, now() + lifetime_seconds);
  if (!kept) return unavailable(kept.error());
  return base + detail::manage_link_text(id, page);
}

/// Sends the change, then writes what Stripe says: the answer to the change is a hint like any other.
Result<SubscriptionStatus> Billing::Impl::write_through(std::string_view principal_key, std::string_view product,
                                                        const std::string& subscription_id, const std::string& form,
                                                        const std::string& idempotency_key) {
  const auto changed = stripe->update_subscription(subscription_id, form, idempotency_key);
  if (!changed && changed.error().status >= 400) {
    // Stripe remembers the failure under this key; reading the subscription gives the row, and so the key, a new
    // number, for when the card is changed.
    static_cast<void>(settle_subscription(subscription_id, Occasion()));
  }
  if (!changed && changed.error().cause == StripeCause::card)
    return Error("The payment was declined; nothing was changed.", changed.error().describe());
  if (!changed) return unavailable(changed.error());
  auto settled = settle_subscription(subscription_id, Occasion());
  if (!settled) return settled.error();
  return status(principal_key, product);
}

Result<SubscriptionStatus> Billing::Impl::change_plan(std::string_view principal_key, std::string_view product,
                                                      std::string_view plan) {
  const BillingPlan* const wanted = detail::find_plan(options, product, plan);
  if (!wanted || wanted->kind != PlanKind::subscription || wanted->price_id.empty())
    return Error("There is no such plan.");
  auto row = current_subscription(principal_key, product);
  if (!row) return row.error();
  if (row->plan == wanted->key) return status(principal_key, product);
  auto subscription = stripe->subscription(row->subscription_id);
  if (!subscription) return unavailable(subscription.error());
  std::string item;
  for (const StripeSubscriptionItem& one : subscription->items)
    if (one.price == row->price_id) item = one.id;
  if (item.empty()) return Error("The subscription was changed elsewhere. Please try again.");
  const bool same_use = detail::find_plan(options, product, row->plan)
                            ? detail::find_plan(options, product, row->plan)->usage_price_id == wanted->usage_price_id
                            : wanted->usage_price_id.empty();
  if (!same_use) return Error("This plan is billed otherwise. End the present one first.");
  // A failed payment leaves the plan as it was, instead of an unpaid better one.
  const json::object form{{"items", json::array{json::object{{"id", item}, {"price", wanted->price_id}}}},
                          {"proration_behavior", "always_invoice"},
                          {"payment_behavior", "error_if_incomplete"}};
  const std::string key = "plan-" + row->subscription_id + "-" + wanted->price_id + "-" + std::to_string(row->revision);
  return write_through(principal_key, product, row->subscription_id, stripe_form(form), key);
}

Result<SubscriptionStatus> Billing::Impl::cancel_at_period_end(std::string_view principal_key, std::string_view product,
                                                               bool cancel) {
  auto rows = store.subscriptions(principal_key, product);
  if (!rows) return unavailable(rows.error());
  std::erase_if(*rows, [](const SubscriptionRow& row) { return !detail::lasts(row); });
  if (rows->empty()) return nothing_there();
  std::vector<SubscriptionRow> wanted;
  if (cancel) {
    // All of them, the unpaid ones too: whoever ends it is not charged for it again.
    std::copy_if(rows->begin(), rows->end(), std::back_inserter(wanted), [](const SubscriptionRow& row) {
      return !row.cancel_at_period_end && (row.cancel_at == 0 || row.cancel_at > row.period_end);
    });
  } else if (const SubscriptionRow* const best = detail::best_subscription(*rows, now(), options);
             detail::ends(*best)) {
    // One only: nobody means to pay twice.
    wanted.push_back(*best);
  }
  std::optional<Error> failed;
  for (const SubscriptionRow& row : wanted) {
    // A time that was set at the portal is unset in its own way.
    const bool dated = !cancel && !row.cancel_at_period_end;
    const json::object form =
        dated ? json::object{{"cancel_at", nullptr}} : json::object{{"cancel_at_period_end", cancel}};
    const std::string key =
        std::string(cancel ? "cancel-" : "resume-") + row.subscription_id + "-" + std::to_string(row.revision);
    const auto changed = write_through(principal_key, product, row.subscription_id, stripe_form(form), key);
    if (!changed && !failed) failed = changed.error();
  }
  if (failed) return std::move(*failed);
  return status(principal_key, product);
}

StripeResult<StripePrice> Billing::Impl::price_of(const std::string& price_id, PriceFor use) {
  std::optional<KnownPrice> known;
  bool unanswered_lately = false;
  StripeError unanswered;
  unanswered.cause = StripeCause::timeout;
  unanswered.message = "prices could not be read just now";
  {
    const std::lock_guard lock(prices_mutex_);
    const auto found = known_prices_.find(price_id);
    if (found != known_prices_.end()) known = found->second;
    unanswered_lately = use == PriceFor::showing && now() < no_prices_before_;
  }
  if (known && now() - known->read_at < options.price_lifetime.count()) return known->price;
  StripeResult<StripePrice> read = unanswered;
  if (!unanswered_lately)
    read = stripe->price(price_id, use == PriceFor::showing ? price_patience : settling_patience);
  if (!read) {
    const std::lock_guard lock(prices_mutex_);
    if (!unanswered_lately && read.error().retryable()) no_prices_before_ = now() + price_pause_seconds;
    // Somebody else may have been answered meanwhile.
    const auto found = known_prices_.find(price_id);
    if (found == known_prices_.end()) return read;
    return found->second.price;
  }
  const std::lock_guard lock(prices_mutex_);
  no_prices_before_ = 0;
  known_prices_[price_id] = KnownPrice{*read, now()};
  return read;
}

void Billing::Impl::when_priced(std::shared_ptr<const std::function<void()>> told) {
  const std::lock_guard lock(prices_mutex_);
  unpriced_.try_emplace(std::move(told), known_prices_.size());
}

void Billing::Impl::sweep_prices(SweepReport& report) {
  report.prices_waiting = 0;
  {
    const std::lock_guard lock(prices_mutex_);
    if (unpriced_.empty()) return;
  }
  bool all = true;
  for (const BillingProduct& product : options.products) all = prices(product.key).has_value() && all;
  std::vector<std::shared_ptr<const std::function<void()>>> told;
  {
    const std::lock_guard lock(prices_mutex_);
    for (auto waiting = unpriced_.begin(); waiting != unpriced_.end();) {
      const bool news = all || waiting->second < known_prices_.size();
      if (news) told.push_back(waiting->first);
      waiting = news ? unpriced_.erase(waiting) : std::next(waiting);
    }
    // What Stripe refuses to tell is not there; only what it could not be asked for is worth another look soon.
    if (now() < no_prices_before_) report.prices_waiting = static_cast<int>(unpriced_.size());
  }
  for (const auto& tell : told) (*tell)();
}

Result<std::vector<PriceTag>> Billing::Impl::prices(std::string_view product) {
  std::vector<PriceTag> out;
  for (const BillingProduct& candidate : options.products) {
    if (candidate.key != product) continue;
    for (const BillingPlan& plan : candidate.plans) {
      PriceTag tag;
      tag.product = candidate.key;
      tag.plan = plan.key;
      tag.label = plan.label.empty() ? plan.key : plan.label;
      tag.credits = plan.credits;
      tag.trial_days = plan.trial_days;
      bool told = false;
      if (!plan.price_id.empty()) {
        auto price = price_of(plan.price_id);
        if (!price) return unavailable(price.error());
        if (!price->unit_amount) continue;
        tag.money = Money{*price->unit_amount, price->currency};
        tag.interval = price->interval;
        tag.interval_count = price->interval_count;
        told = true;
      }
      if (!plan.usage_price_id.empty()) {
        auto price = price_of(plan.usage_price_id);
        if (!price) return unavailable(price.error());
        if (price->unit_amount) tag.per_use = Money{*price->unit_amount, price->currency};
        told = told || price->unit_amount;
      }
      if (told) out.push_back(std::move(tag));
    }
  }
  return out;
}

}  // namespace leanmcp::inline v0
