#include <leanmcp/sandbox/stripe_objects.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/payments/stripe_client.hpp>

#include <algorithm>
#include <charconv>

namespace leanmcp::inline v0::sandbox {
namespace {

namespace json = boost::json;

json::value text_or_null(const json::object& params, std::string_view name) {
  const std::string text = text_of(params, name);
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value object_or(const json::object& params, std::string_view name, json::value otherwise) {
  const json::value* const found = params.if_contains(name);
  return found && found->is_object() ? *found : std::move(otherwise);
}

}  // namespace

std::string new_id(std::string_view prefix) {
  unsigned char bytes[12];
  random_bytes(bytes);
  return std::string(prefix) + hex_encode(std::string_view(reinterpret_cast<const char*>(bytes), sizeof bytes));
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  const json::string* const text = value ? value->if_string() : nullptr;
  return text ? std::string(*text) : std::string();
}

std::int64_t integer_of(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  const std::int64_t* const number = value ? value->if_int64() : nullptr;
  return number ? *number : 0;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t out = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return out;
}

PriceKind price_kind(const json::object& price) {
  const json::value& recurring = price.at("recurring");
  if (recurring.is_null()) return PriceKind::one_time;
  return text_of(recurring.get_object(), "usage_type") == "metered" ? PriceKind::metered : PriceKind::recurring;
}

std::optional<json::object> price_object(std::string_view id) {
  if (!id.starts_with("price_") || id.size() > 100) return std::nullopt;
  const auto has = [id](std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [id](std::string_view word) { return id.find(word) != std::string_view::npos; });
  };
  const bool once = has({"once", "pack", "credit", "lifetime"});
  const bool metered = !once && has({"usage", "metered"});
  const bool yearly = !once && !metered && has({"year", "annual"});
  const std::int64_t cents = once ? 500 : metered ? 2 : yearly ? 9900 : 999;
  const std::string_view name = once ? "One-time" : metered ? "Use" : yearly ? "Yearly" : "Monthly";
  const json::value no_interval(nullptr);
  const json::object interval{{"interval", yearly ? "year" : "month"},
                              {"interval_count", 1},
                              {"meter", metered ? json::value("mtr_sandbox") : json::value(nullptr)},
                              {"usage_type", metered ? "metered" : "licensed"}};
  return json::object{
      {"id", id},
      {"object", "price"},
      {"active", true},
      {"billing_scheme", "per_unit"},
      {"created", 1'700'000'000},
      {"currency", "usd"},
      {"livemode", false},
      {"metadata", json::object()},
      {"nickname", name},
      {"product", "prod_sandbox"},
      {"recurring", once ? no_interval : json::value(interval)},
      {"type", once ? "one_time" : "recurring"},
      {"unit_amount", cents},
      {"unit_amount_decimal", std::to_string(cents)},
  };
}

json::object list_object(json::array data, bool has_more, std::string_view url) {
  return json::object{{"object", "list"}, {"data", std::move(data)}, {"has_more", has_more}, {"url", url}};
}

std::optional<json::array> session_lines(const json::value& line_items) {
  json::array out;
  const json::array* const items = line_items.if_array();
  if (!items || items->empty() || items->size() > 20) return std::nullopt;
  for (const json::value& entry : *items) {
    const json::object* const item = entry.if_object();
    if (!item) return std::nullopt;
    const auto price = price_object(text_of(*item, "price"));
    const std::string written = text_of(*item, "quantity");
    const auto quantity = parse_integer(written.empty() ? "1" : written);
    if (!price || !quantity || *quantity < 1 || *quantity > 1'000'000) return std::nullopt;
    const bool metered = price_kind(*price) == PriceKind::metered;
    if (metered && !written.empty()) return std::nullopt;
    const std::int64_t amount = metered ? 0 : integer_of(*price, "unit_amount") * *quantity;
    out.push_back(json::object{{"id", new_id("li_")},
                               {"object", "item"},
                               {"amount_subtotal", amount},
                               {"amount_total", amount},
                               {"currency", "usd"},
                               {"description", "Sandbox product"},
                               {"price", *price},
                               {"quantity", metered ? json::value(nullptr) : json::value(*quantity)}});
  }
  return out;
}

std::int64_t total_of(const json::array& lines) {
  std::int64_t total = 0;
  for (const json::value& line : lines) total += integer_of(line.get_object(), "amount_total");
  return total;
}

json::object customer_object(const json::object& params, std::int64_t now) {
  return json::object{{"id", new_id("cus_")},
                      {"object", "customer"},
                      {"balance", 0},
                      {"created", now},
                      {"currency", nullptr},
                      {"description", text_or_null(params, "description")},
                      {"email", text_or_null(params, "email")},
                      {"livemode", false},
                      {"metadata", object_or(params, "metadata", json::object())},
                      {"name", text_or_null(params, "name")},
                      {"phone", text_or_null(params, "phone")},
                      {"test_clock", text_or_null(params, "test_clock")}};
}

json::object session_object(const json::object& params, const json::array& lines, std::string_view base_url,
                            std::int64_t now) {
  const std::string id = new_id("cs_test_");
  const auto expires_at = parse_integer(text_of(params, "expires_at"));
  const std::int64_t total = total_of(lines);
  return json::object{
      {"id", id},
      {"object", "checkout.session"},
      {"allow_promotion_codes", text_of(params, "allow_promotion_codes") == "true"},
      {"amount_subtotal", total},
      {"amount_total", total},
      {"cancel_url", text_or_null(params, "cancel_url")},
      {"client_reference_id", text_or_null(params, "client_reference_id")},
      {"client_secret", nullptr},
      {"consent", nullptr},
      {"consent_collection", object_or(params, "consent_collection", nullptr)},
      {"created", now},
      {"currency", "usd"},
      {"customer", text_or_null(params, "customer")},
      {"customer_details", nullptr},
      {"customer_email", text_or_null(params, "customer_email")},
      {"expires_at", expires_at.value_or(now + seconds_a_day)},
      {"invoice", nullptr},
      {"livemode", false},
      {"locale", nullptr},
      {"metadata", object_or(params, "metadata", json::object())},
      {"mode", text_of(params, "mode")},
      {"payment_intent", nullptr},
      {"payment_status", "unpaid"},
      {"status", "open"},
      {"subscription", nullptr},
      {"success_url", text_or_null(params, "success_url")},
      {"total_details", json::object{{"amount_discount", 0}, {"amount_shipping", 0}, {"amount_tax", 0}}},
      {"ui_mode", "hosted_page"},
      {"url", std::string(base_url) + "/checkout/" + id},
  };
}

std::int64_t period_end(const json::object& price, std::int64_t start) {
  const json::value* const recurring = price.if_contains("recurring");
  const bool yearly = recurring && recurring->is_object() && text_of(recurring->get_object(), "interval") == "year";
  return start + (yearly ? 365 : 30) * seconds_a_day;
}

json::object subscription_object(const json::object& session, const json::array& lines,
                                 const json::object& subscription_data, std::int64_t now) {
  const std::string id = new_id("sub_");
  const auto trial_days = parse_integer(text_of(subscription_data, "trial_period_days"));
  const std::int64_t trial_end = trial_days && *trial_days > 0 ? now + *trial_days * seconds_a_day : 0;
  json::array items;
  for (const json::value& entry : lines) {
    const json::object& line = entry.get_object();
    const json::object& price = line.at("price").get_object();
    items.push_back(json::object{{"id", new_id("si_")},
                                 {"object", "subscription_item"},
                                 {"created", now},
                                 {"current_period_start", now},
                                 {"current_period_end", trial_end != 0 ? trial_end : period_end(price, now)},
                                 {"metadata", json::object()},
                                 {"price", price},
                                 {"quantity", line.at("quantity")},
                                 {"subscription", id}});
    if (line.at("quantity").is_null()) items.back().get_object().erase("quantity");
  }
  const json::value no_trial(nullptr);
  return json::object{
      {"id", id},
      {"object", "subscription"},
      {"billing_cycle_anchor", trial_end != 0 ? trial_end : now},
      {"cancel_at", nullptr},
      {"cancel_at_period_end", false},
      {"canceled_at", nullptr},
      {"collection_method", "charge_automatically"},
      {"created", now},
      {"currency", "usd"},
      {"customer", session.at("customer")},
      {"ended_at", nullptr},
      {"items", list_object(std::move(items), false, "/v1/subscription_items?subscription=" + id)},
      {"latest_invoice", nullptr},
      {"livemode", false},
      {"metadata", object_or(subscription_data, "metadata", json::object())},
      {"start_date", now},
      {"status", trial_end != 0 ? "trialing" : "active"},
      {"trial_end", trial_end != 0 ? json::value(trial_end) : no_trial},
      {"trial_start", trial_end != 0 ? json::value(now) : no_trial},
  };
}

json::object invoice_object(const json::object& subscription, std::int64_t amount, bool paid, std::int64_t now) {
  return json::object{
      {"id", new_id("in_")},
      {"object", "invoice"},
      {"amount_due", amount},
      {"amount_paid", paid ? amount : 0},
      {"created", now},
      {"currency", "usd"},
      {"customer", subscription.at("customer")},
      {"livemode", false},
      {"metadata", json::object()},
      {"parent", json::object{{"type", "subscription_details"},
                              {"subscription_details", json::object{{"metadata", subscription.at("metadata")},
                                                                    {"subscription", subscription.at("id")}}}}},
      {"status", paid ? "paid" : "open"},
      {"total", amount},
  };
}

json::object payment_object(const json::object& session, const json::object& payment_data, std::string_view status,
                            std::int64_t now) {
  const bool paid = status == "succeeded";
  const json::value amount = session.at("amount_total");
  return json::object{
      {"id", new_id("pi_")},
      {"object", "payment_intent"},
      {"amount", amount},
      {"amount_received", paid ? amount : json::value(0)},
      {"created", now},
      {"currency", "usd"},
      {"customer", session.at("customer")},
      {"latest_charge", nullptr},
      {"livemode", false},
      {"metadata", object_or(payment_data, "metadata", json::object())},
      {"status", status},
  };
}

json::object charge_object(const json::object& payment, std::int64_t now) {
  return json::object{
      {"id", new_id("ch_")},
      {"object", "charge"},
      {"amount", payment.at("amount")},
      {"amount_refunded", 0},
      {"created", now},
      {"currency", "usd"},
      {"customer", payment.at("customer")},
      {"disputed", false},
      {"livemode", false},
      {"metadata", payment.at("metadata")},
      {"paid", true},
      {"payment_intent", payment.at("id")},
      {"refunded", false},
      {"status", "succeeded"},
  };
}

json::object event_object(std::string_view type, const json::object& about, std::int64_t now,
                          std::string_view idempotency_key) {
  const json::value key = idempotency_key.empty() ? json::value(nullptr) : json::value(idempotency_key);
  return json::object{{"id", new_id("evt_")},
                      {"object", "event"},
                      {"api_version", stripe_api_version},
                      {"created", now},
                      {"data", json::object{{"object", about}}},
                      {"livemode", false},
                      {"pending_webhooks", 1},
                      {"request", json::object{{"id", nullptr}, {"idempotency_key", key}}},
                      {"type", type}};
}

}  // namespace leanmcp::inline v0::sandbox
