#include <leanmcp/payments/stripe_types.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {
namespace {

namespace json = boost::json;

const json::value* member(const json::object& object, std::string_view name) {
  const json::value* const found = object.if_contains(name);
  return found && !found->is_null() ? found : nullptr;
}

const json::object* object_in(const json::object& object, std::string_view name) {
  const json::value* const found = member(object, name);
  return found ? found->if_object() : nullptr;
}

std::string text(const json::object& object, std::string_view name) {
  const json::value* const found = member(object, name);
  const json::string* const string = found ? found->if_string() : nullptr;
  return string ? std::string(*string) : std::string();
}

/// An id, or the object it was expanded to.
std::string reference(const json::object& object, std::string_view name) {
  const json::object* const expanded = object_in(object, name);
  return expanded ? text(*expanded, "id") : text(object, name);
}

std::int64_t integer(const json::object& object, std::string_view name) {
  const json::value* const found = member(object, name);
  const std::int64_t* const number = found ? found->if_int64() : nullptr;
  return number ? *number : 0;
}

bool boolean(const json::object& object, std::string_view name) {
  const json::value* const found = member(object, name);
  const bool* const flag = found ? found->if_bool() : nullptr;
  return flag && *flag;
}

StripeMetadata metadata(const json::object& object) {
  StripeMetadata out;
  if (const json::object* const entries = object_in(object, "metadata")) {
    for (const auto& [key, value] : *entries)
      if (const json::string* const string = value.if_string()) out.emplace(std::string(key), std::string(*string));
  }
  return out;
}

const json::object* object_with_id(const json::value& value) {
  const json::object* const object = value.if_object();
  return object && !text(*object, "id").empty() ? object : nullptr;
}

std::vector<StripeSubscriptionItem> items(const json::object& subscription) {
  std::vector<StripeSubscriptionItem> out;
  const json::object* const list = object_in(subscription, "items");
  const json::value* const data = list ? member(*list, "data") : nullptr;
  if (!data || !data->is_array()) return out;
  for (const json::value& entry : data->get_array()) {
    const json::object* const item = object_with_id(entry);
    if (!item) continue;
    StripeSubscriptionItem read;
    read.id = text(*item, "id");
    if (const json::object* const price = object_in(*item, "price")) {
      read.price = text(*price, "id");
      read.product = reference(*price, "product");
    }
    read.quantity = integer(*item, "quantity");
    const json::object& holder = member(*item, "current_period_end") ? *item : subscription;
    read.period_start = integer(holder, "current_period_start");
    read.period_end = integer(holder, "current_period_end");
    out.push_back(std::move(read));
  }
  return out;
}

/// An invoice's subscription moved below `parent` with 2025-03-31.basil.
std::string invoice_subscription(const json::object& invoice) {
  if (const json::object* const parent = object_in(invoice, "parent")) {
    if (const json::object* const details = object_in(*parent, "subscription_details"))
      return reference(*details, "subscription");
  }
  return reference(invoice, "subscription");
}

}  // namespace

std::optional<StripeCustomer> read_stripe_customer(const json::value& value) {
  const json::object* const object = object_with_id(value);
  if (!object) return std::nullopt;
  return StripeCustomer{text(*object, "id"), boolean(*object, "livemode"), boolean(*object, "deleted"),
                        metadata(*object)};
}

std::optional<StripeCheckoutSession> read_stripe_checkout_session(const json::value& value) {
  const json::object* const object = object_with_id(value);
  if (!object) return std::nullopt;
  StripeCheckoutSession out;
  out.id = text(*object, "id");
  out.url = text(*object, "url");
  out.status = text(*object, "status");
  out.payment_status = text(*object, "payment_status");
  out.mode = text(*object, "mode");
  out.customer = reference(*object, "customer");
  out.subscription = reference(*object, "subscription");
  out.payment_intent = reference(*object, "payment_intent");
  out.client_reference_id = text(*object, "client_reference_id");
  out.metadata = metadata(*object);
  out.expires_at = integer(*object, "expires_at");
  out.livemode = boolean(*object, "livemode");
  return out;
}

std::optional<StripeSubscription> read_stripe_subscription(const json::value& value) {
  const json::object* const object = object_with_id(value);
  if (!object) return std::nullopt;
  StripeSubscription out;
  out.id = text(*object, "id");
  out.customer = reference(*object, "customer");
  out.status = text(*object, "status");
  out.livemode = boolean(*object, "livemode");
  out.cancel_at_period_end = boolean(*object, "cancel_at_period_end");
  out.cancel_at = integer(*object, "cancel_at");
  out.created = integer(*object, "created");
  out.trial_end = integer(*object, "trial_end");
  out.metadata = metadata(*object);
  out.items = items(*object);
  return out;
}

std::optional<StripePrice> read_stripe_price(const json::value& value) {
  const json::object* const object = object_with_id(value);
  if (!object) return std::nullopt;
  StripePrice out;
  out.id = text(*object, "id");
  out.active = boolean(*object, "active");
  out.currency = text(*object, "currency");
  const json::value* const amount = member(*object, "unit_amount");
  if (amount && amount->is_int64()) out.unit_amount = amount->get_int64();
  out.product = reference(*object, "product");
  out.nickname = text(*object, "nickname");
  if (const json::object* const recurring = object_in(*object, "recurring")) {
    out.interval = text(*recurring, "interval");
    out.interval_count = integer(*recurring, "interval_count");
    out.usage_type = text(*recurring, "usage_type");
  }
  return out;
}

std::optional<StripePayment> read_stripe_payment(const json::value& value) {
  const json::object* const object = object_with_id(value);
  if (!object) return std::nullopt;
  StripePayment out;
  out.id = text(*object, "id");
  out.status = text(*object, "status");
  out.customer = reference(*object, "customer");
  out.livemode = boolean(*object, "livemode");
  out.metadata = metadata(*object);
  if (const json::object* const charge = object_in(*object, "latest_charge")) {
    out.refunded = boolean(*charge, "refunded");
    out.disputed = boolean(*charge, "disputed");
  }
  return out;
}

std::optional<StripeReferences> read_stripe_references(const json::value& value) {
  const json::object* const object = object_with_id(value);
  if (!object) return std::nullopt;
  const std::string kind = text(*object, "object");
  StripeReferences out;
  out.customer = reference(*object, "customer");
  if (kind == "charge" || kind == "dispute") out.payment_intent = reference(*object, "payment_intent");
  if (kind == "invoice") out.subscription = invoice_subscription(*object);
  return out;
}

std::optional<StripePortalSession> read_stripe_portal_session(const json::value& value) {
  const json::object* const object = object_with_id(value);
  if (!object || text(*object, "url").empty()) return std::nullopt;
  return StripePortalSession{text(*object, "id"), text(*object, "url")};
}

std::optional<StripeEvent> read_stripe_event(const json::value& value) {
  const json::object* const object = object_with_id(value);
  if (!object) return std::nullopt;
  const std::string kind = text(*object, "object");
  StripeEvent out;
  out.id = text(*object, "id");
  out.type = text(*object, "type");
  out.livemode = boolean(*object, "livemode");
  out.thin = kind == "v2.core.event";
  if ((kind != "event" && !out.thin) || out.type.empty()) return std::nullopt;
  out.payload = json::serialize(value);
  if (out.thin) {
    // `created` is RFC 3339 here; nothing depends on it.
    out.account = text(*object, "context");
    out.snapshot_event = text(*object, "snapshot_event");
    if (const json::object* const related = object_in(*object, "related_object")) {
      out.object = text(*related, "type");
      out.object_id = text(*related, "id");
    }
    return out;
  }
  out.created = integer(*object, "created");
  out.api_version = text(*object, "api_version");
  out.account = text(*object, "account");
  const json::object* const data = object_in(*object, "data");
  const json::value* const about_value = data ? member(*data, "object") : nullptr;
  const json::object* const about = about_value ? about_value->if_object() : nullptr;
  if (!about) return out;
  out.object = text(*about, "object");
  out.object_id = text(*about, "id");
  if (const auto references = read_stripe_references(*about_value)) {
    out.customer = references->customer;
    out.subscription = references->subscription;
    out.payment_intent = references->payment_intent;
  }
  if (out.object == "customer") out.customer = out.object_id;
  return out;
}

}  // namespace leanmcp::inline v0
