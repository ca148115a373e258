#include <leanmcp/payments/billing_rules.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/payments/stripe_form.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <set>

namespace leanmcp::inline v0::detail {
namespace {

namespace json = boost::json;

/// A row fetched this recently is not fetched again.
constexpr std::int64_t fresh_seconds = 60;
/// Stripe allows 50 entries; four are ours.
constexpr std::size_t max_metadata = 46;

/// Of a `random_id()`.
constexpr std::size_t link_id_length = 22;

std::string_view page_suffix(PortalPage page) {
  switch (page) {
    case PortalPage::cancel:
      return "-cancel";
    case PortalPage::change_plan:
      return "-plan";
    case PortalPage::payment_method:
      return "-card";
    case PortalPage::home:
      break;
  }
  return {};
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool is_web_url(std::string_view url) { return url.starts_with("https://") || url.starts_with("http://"); }

std::string products_fault(const BillingOptions& options) {
  std::set<std::string_view> products;
  std::set<std::string_view> prices;
  for (const BillingProduct& product : options.products) {
    if (product.key.empty() || product.key == "free") return "a product needs a key other than \"free\"";
    if (!products.insert(product.key).second) return "product " + product.key + " is declared twice";
    if (product.plans.empty()) return "product " + product.key + " has no plan";
    std::set<std::string_view> plans;
    for (const BillingPlan& plan : product.plans) {
      const std::string name = product.key + "/" + plan.key;
      if (plan.key.empty() || !plans.insert(plan.key).second) return "plan " + name + " is declared twice or unnamed";
      if (!plan.usage_price_id.empty() && plan.kind != PlanKind::subscription)
        return "plan " + name + ": only a subscription has a metered price";
      if (plan.price_id.empty() && plan.usage_price_id.empty()) return "plan " + name + " has no price";
      // Plans may share the metered price, as long as another one tells them apart.
      const std::string& own = plan.price_id.empty() ? plan.usage_price_id : plan.price_id;
      if (!prices.insert(own).second) return "price " + own + " belongs to two plans";
      if (plan.kind == PlanKind::credits ? plan.credits <= 0 : plan.credits != 0)
        return "plan " + name + ": credits belong to a plan of that kind, and to it only";
      if (plan.trial_days != 0 && plan.kind != PlanKind::subscription)
        return "plan " + name + ": only a subscription has a trial";
      if (plan.trial_days < 0 || plan.trial_days > 730) return "plan " + name + ": trial_days is not 0 to 730";
    }
  }
  return options.products.empty() ? "no product is declared" : "";
}

bool allows(const std::string& status) { return status == "active" || status == "trialing"; }

}  // namespace

std::string billing_options_fault(const BillingOptions& options) {
  if (std::string fault = products_fault(options); !fault.empty()) return fault;
  std::set<std::string_view> meters;
  for (const BillingMeter& meter : options.meters) {
    if (meter.key.empty() || meter.event_name.empty() || !meters.insert(meter.key).second)
      return "a meter is unnamed or declared twice";
    const auto named = [&](const BillingProduct& product) { return product.key == meter.product; };
    if (!meter.product.empty() && std::none_of(options.products.begin(), options.products.end(), named))
      return "meter " + meter.key + " names no declared product";
  }
  if (options.credit_hold.count() < 60) return "credit_hold is under a minute";
  if (!is_web_url(options.success_url)) return "success_url is no URL";
  if (!is_web_url(options.cancel_url)) return "cancel_url is no URL";
  if (!options.go_url.empty() && !is_web_url(options.go_url)) return "go_url is no URL";
  if (!options.manage_url.empty() && !is_web_url(options.manage_url)) return "manage_url is no URL";
  const auto lifetime = options.checkout_lifetime.count();
  if (lifetime < 1800 || lifetime > 86'400) return "checkout_lifetime is not 30 minutes to 24 hours";
  if (options.past_due_grace.count() < 0 || options.outage_grace.count() < 0) return "a grace is negative";
  if (options.max_event_attempts < 1) return "max_event_attempts is less than 1";
  const auto& secrets = options.webhook_secrets;
  if (std::any_of(secrets.begin(), secrets.end(), [](const Secret& secret) { return secret.empty(); }))
    return "a webhook secret is empty";
  return "";
}

std::string checkout_request_fault(const CheckoutRequest& request) {
  if (request.principal_key.empty() || request.principal_key.size() > 1000) return "principal_key is empty or too long";
  if (request.user_id.empty() || characters(request.user_id) > 500) return "user_id is empty or too long";
  if (request.metadata.size() > max_metadata) return "too many metadata entries";
  for (const auto& [key, value] : request.metadata) {
    if (key.empty() || characters(key) > 40 || key.find_first_of("[]") != std::string::npos)
      return "a metadata key is empty, over 40 characters or has brackets";
    if (key == "flow_id" || key == "userId" || key == "plan" || key == "sold")
      return "metadata key " + key + " is taken";
    if (characters(value) > 500) return "a metadata value is over 500 characters";
  }
  return "";
}

const BillingPlan* find_plan(const BillingOptions& options, std::string_view product, std::string_view plan) {
  for (const BillingProduct& candidate : options.products) {
    if (candidate.key != product) continue;
    for (const BillingPlan& one : candidate.plans)
      if (one.key == plan) return &one;
  }
  return nullptr;
}

const BillingMeter* find_meter(const BillingOptions& options, std::string_view meter) {
  for (const BillingMeter& one : options.meters)
    if (one.key == meter) return &one;
  return nullptr;
}

std::string scoped_key(std::string_view principal_key, std::string_view what, std::string_view key) {
  // Each part with its length, so that no two triples make the same text.
  std::string all;
  for (const std::string_view part : {principal_key, what, key})
    all.append(std::to_string(part.size())).append(":").append(part);
  return base64url_encode(sha256(all));
}

std::string sold_text(const BillingPlan& plan) {
  switch (plan.kind) {
    case PlanKind::subscription:
      return "subscription";
    case PlanKind::one_time:
      return "one_time";
    case PlanKind::credits:
      break;
  }
  return "credits:" + std::to_string(plan.credits);
}

std::optional<Sold> read_sold(std::string_view text) {
  if (text == "subscription") return Sold{PlanKind::subscription, 0};
  if (text == "one_time") return Sold{PlanKind::one_time, 0};
  constexpr std::string_view credits = "credits:";
  if (!text.starts_with(credits)) return std::nullopt;
  text.remove_prefix(credits.size());
  Sold out{PlanKind::credits, 0};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out.credits);
  if (fault != std::errc() || end != text.data() + text.size() || out.credits <= 0) return std::nullopt;
  return out;
}

Standing standing(const SubscriptionRow& row, std::int64_t now, const BillingOptions& options) {
  const bool past_due = row.status == "past_due" && now < row.status_since + options.past_due_grace.count();
  if (!allows(row.status) && !past_due) return Standing::deny;
  const bool over = row.period_end != 0 && now >= row.period_end;
  if (!over || now - row.fetched_at < fresh_seconds) return Standing::allow;
  return Standing::ask;
}

bool ends(const SubscriptionRow& row) { return row.cancel_at_period_end || row.cancel_at != 0; }

bool lasts(const SubscriptionRow& row) { return row.status != "canceled" && !row.status.starts_with("incomplete"); }

const SubscriptionRow* best_subscription(const std::vector<SubscriptionRow>& rows, std::int64_t now,
                                         const BillingOptions& options) {
  const auto rank = [&](const SubscriptionRow& row) {
    return std::make_tuple(standing(row, now, options) != Standing::deny, row.period_end, row.created);
  };
  const auto found =
      std::max_element(rows.begin(), rows.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return found == rows.end() ? nullptr : &*found;
}

int allowing(const std::vector<SubscriptionRow>& rows, std::int64_t now, const BillingOptions& options) {
  return static_cast<int>(std::count_if(rows.begin(), rows.end(), [&](const SubscriptionRow& row) {
    return standing(row, now, options) != Standing::deny;
  }));
}

SubscriptionRow row_of(const StripeSubscription& subscription, const BillingOptions& options) {
  SubscriptionRow row;
  row.subscription_id = subscription.id;
  row.customer_id = subscription.customer;
  row.status = subscription.status;
  row.cancel_at = subscription.cancel_at;
  row.cancel_at_period_end = subscription.cancel_at_period_end;
  row.created = subscription.created;
  for (const StripeSubscriptionItem& item : subscription.items) {
    for (const BillingProduct& product : options.products) {
      for (const BillingPlan& plan : product.plans) {
        const std::string& own = plan.price_id.empty() ? plan.usage_price_id : plan.price_id;
        if (own != item.price || !row.product.empty()) continue;
        row.product = product.key;
        row.plan = plan.key;
        row.price_id = item.price;
        row.period_end = item.period_end;
      }
    }
  }
  return row;
}

std::string checkout_params(const CheckoutRequest& request, const BillingPlan& plan, const std::string& customer,
                            const std::string& flow_id, std::int64_t expires_at, const BillingOptions& options) {
  json::object metadata;
  for (const auto& [key, value] : request.metadata) metadata[key] = value;
  metadata["flow_id"] = flow_id;
  metadata["userId"] = request.user_id;
  metadata["plan"] = plan.key;
  metadata["sold"] = sold_text(plan);

  const bool subscribes = plan.kind == PlanKind::subscription;
  // What is sold carries the same metadata as the session, for an app's own webhook handler.
  json::object what_is_sold{{"metadata", metadata}};
  if (plan.trial_days > 0) what_is_sold["trial_period_days"] = plan.trial_days;

  json::array line_items;
  if (!plan.price_id.empty()) line_items.push_back(json::object{{"price", plan.price_id}, {"quantity", 1}});
  if (!plan.usage_price_id.empty()) line_items.push_back(json::object{{"price", plan.usage_price_id}});

  json::object params{
      {"mode", subscribes ? "subscription" : "payment"},
      {"customer", customer},
      {"line_items", std::move(line_items)},
      {"success_url", options.success_url},
      {"cancel_url", options.cancel_url},
      {"expires_at", expires_at},
      {"metadata", metadata},
      {subscribes ? "subscription_data" : "payment_intent_data", what_is_sold},
  };
  if (characters(request.user_id) <= 200) params["client_reference_id"] = request.user_id;
  if (options.allow_promotion_codes) params["allow_promotion_codes"] = true;
  if (options.terms_on_stripe) params["consent_collection"] = json::object{{"terms_of_service", "required"}};
  return stripe_form(params);
}

std::string frozen_customer(std::string_view frozen_params) {
  constexpr std::string_view name = "customer=";
  while (!frozen_params.empty()) {
    const std::string_view pair = frozen_params.substr(0, frozen_params.find('&'));
    // Stripe's ids have no characters that would be escaped.
    if (pair.starts_with(name)) return std::string(pair.substr(name.size()));
    frozen_params.remove_prefix(std::min(pair.size() + 1, frozen_params.size()));
  }
  return {};
}

std::string flow_state_after(const StripeCheckoutSession& session, bool failed_event) {
  if (session.paid()) return "completed";
  if (session.status == "expired") return "expired";
  if (session.status != "complete") return "";
  return failed_event ? "failed" : "pending";
}

std::int64_t event_backoff(std::int64_t failures) {
  return std::min<std::int64_t>(std::int64_t{5} << std::clamp<std::int64_t>(failures, 0, 10), 3600);
}

std::string manage_link_text(std::string_view id, PortalPage page) {
  return std::string(id) + std::string(page_suffix(page));
}

ManageLink read_manage_link(std::string_view text) {
  ManageLink out;
  out.id = text;
  for (const PortalPage page : {PortalPage::cancel, PortalPage::change_plan, PortalPage::payment_method}) {
    const std::string_view suffix = page_suffix(page);
    // An id may happen to end like that, too.
    if (text.size() != link_id_length + suffix.size() || !text.ends_with(suffix)) continue;
    out.id.resize(link_id_length);
    out.page = page;
  }
  return out;
}

TimePoint time_point(std::int64_t unix_seconds) { return TimePoint(std::chrono::milliseconds(unix_seconds * 1000)); }

}  // namespace leanmcp::inline v0::detail
