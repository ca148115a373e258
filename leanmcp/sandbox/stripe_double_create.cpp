#include <leanmcp/sandbox/stripe_double_impl.hpp>

#include <set>

namespace leanmcp::inline v0::sandbox {
namespace {

namespace json = boost::json;

/// Top-level parameters of POST /v1/checkout/sessions in the pinned version. Others are an error, as at Stripe:
/// `payment_method_types`, for one, is gone.
const std::set<std::string_view>& session_params() {
  static const std::set<std::string_view> names{"adaptive_pricing",
                                                "after_expiration",
                                                "allow_promotion_codes",
                                                "allowed_payment_method_types",
                                                "automatic_tax",
                                                "billing_address_collection",
                                                "branding_settings",
                                                "cancel_url",
                                                "client_reference_id",
                                                "consent_collection",
                                                "currency",
                                                "custom_fields",
                                                "custom_text",
                                                "customer",
                                                "customer_account",
                                                "customer_creation",
                                                "customer_email",
                                                "customer_update",
                                                "discounts",
                                                "excluded_payment_method_types",
                                                "expand",
                                                "expires_at",
                                                "integration_identifier",
                                                "invoice_creation",
                                                "line_items",
                                                "locale",
                                                "managed_payments",
                                                "metadata",
                                                "mode",
                                                "name_collection",
                                                "optional_items",
                                                "origin_context",
                                                "payment_intent_data",
                                                "payment_method_collection",
                                                "payment_method_configuration",
                                                "payment_method_data",
                                                "payment_method_options",
                                                "permissions",
                                                "phone_number_collection",
                                                "redirect_on_completion",
                                                "return_url",
                                                "saved_payment_method_options",
                                                "setup_intent_data",
                                                "shipping_address_collection",
                                                "shipping_options",
                                                "submit_type",
                                                "subscription_data",
                                                "success_url",
                                                "tax_id_collection",
                                                "ui_mode",
                                                "wallet_options"};
  return names;
}

bool is_web_url(std::string_view url) { return url.starts_with("https://") || url.starts_with("http://"); }

}  // namespace

std::string metadata_fault(const json::object& params) {
  const json::value* const found = params.if_contains("metadata");
  if (!found) return {};
  if (!found->is_object()) return found->is_string() && found->get_string().empty() ? "" : "metadata is no hash";
  if (found->get_object().size() > 50) return "metadata can have up to 50 keys";
  for (const auto& [key, value] : found->get_object()) {
    if (key.size() > 40) return "metadata keys can have up to 40 characters";
    if (!value.is_string() || value.get_string().size() > 500) return "metadata values can have up to 500 characters";
  }
  return {};
}

ApiAnswer StripeDouble::Impl::create_session(const Params& params) {
  for (const auto& [name, value] : params)
    if (!session_params().count(name))
      return api_error(400, "parameter_unknown", "Received unknown parameter: " + std::string(name), name);
  const auto missing = [](std::string_view name) {
    return api_error(400, "parameter_missing", "Missing required param: " + std::string(name) + ".", name);
  };
  const std::string mode = text_of(params, "mode");
  if (mode != "subscription" && mode != "payment") return missing("mode");
  if (!is_web_url(text_of(params, "success_url"))) return missing("success_url");
  const std::string cancel_url = text_of(params, "cancel_url");
  if (!cancel_url.empty() && !is_web_url(cancel_url))
    return api_error(400, "url_invalid", "Not a valid URL", "cancel_url");
  const json::value* const line_items = params.if_contains("line_items");
  if (!line_items) return missing("line_items");
  const auto lines = session_lines(*line_items);
  if (!lines) return no_such("price", "", "line_items[0][price]", 400);
  bool recurs = false;
  for (const json::value& line : *lines)
    recurs = recurs || price_kind(line.get_object().at("price").get_object()) != PriceKind::one_time;
  if (recurs != (mode == "subscription"))
    return api_error(400, "",
                     recurs ? "You specified `payment` mode but passed a recurring price."
                            : "You must provide at least one recurring price in `subscription` mode.",
                     "line_items");
  const std::string customer = text_of(params, "customer");
  const json::object* const known = find(customers_, customer);
  if (!customer.empty() && (!known || known->contains("deleted")))
    return no_such("customer", customer, "customer", 400);
  if (!customer.empty() && params.contains("customer_email"))
    return api_error(400, "", "You may only specify one of these parameters: customer, customer_email.");
  const auto expires_at = parse_integer(text_of(params, "expires_at"));
  // Checkout itself keeps real time, whatever clock the customer is on.
  const std::int64_t lifetime = expires_at.value_or(seconds() + seconds_a_day) - seconds();
  if ((params.contains("expires_at") && !expires_at) || lifetime < 1800 || lifetime > seconds_a_day)
    return api_error(400, "", "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.",
                     "expires_at");
  if (text_of(params, "client_reference_id").size() > 200)
    return api_error(400, "", "client_reference_id can have up to 200 characters", "client_reference_id");
  const json::value* const found = params.if_contains("subscription_data");
  const json::object subscription_data = found && found->is_object() ? found->get_object() : json::object();
  const json::value* const payment = params.if_contains("payment_intent_data");
  const json::object payment_data = payment && payment->is_object() ? payment->get_object() : json::object();
  for (const json::object* const holder : {&params, &subscription_data, &payment_data})
    if (const std::string fault = metadata_fault(*holder); !fault.empty()) return api_error(400, "", fault, "metadata");

  json::object session = session_object(params, *lines, options_.base_url, seconds());
  const std::string id = text_of(session, "id");
  carts_[id] = Cart{*lines, subscription_data, payment_data};
  for (const json::value& line : *lines) {
    const json::object& price = line.get_object().at("price").get_object();
    known_prices_[text_of(price, "id")] = price;
  }
  sessions_[id] = session;
  return ApiAnswer{200, expanded(std::move(session), params)};
}

ApiAnswer StripeDouble::Impl::create_portal(const Params& params) {
  const std::string customer = text_of(params, "customer");
  if (!find(customers_, customer)) return no_such("customer", customer, "customer", 400);
  const std::string return_url = text_of(params, "return_url");
  if (!return_url.empty() && !is_web_url(return_url))
    return api_error(400, "url_invalid", "Not a valid URL", "return_url");
  const json::value* const wanted = params.if_contains("flow_data");
  const std::string id = new_id("bps_");
  json::object session{{"id", id},
                       {"object", "billing_portal.session"},
                       {"created", seconds()},
                       {"customer", customer},
                       {"flow", wanted && wanted->is_object() ? *wanted : json::value(nullptr)},
                       {"livemode", false},
                       {"return_url", return_url},
                       {"url", options_.base_url + "/p/session/" + id}};
  portals_[id] = session;
  return ApiAnswer{200, std::move(session)};
}

ApiAnswer StripeDouble::Impl::create_meter_event(const Params& params) {
  const json::value* const payload = params.if_contains("payload");
  const std::string name = text_of(params, "event_name");
  if (name.empty()) return api_error(400, "parameter_missing", "Missing required param: event_name.", "event_name");
  if (!payload || !payload->is_object())
    return api_error(400, "parameter_missing", "Missing required param: payload.", "payload");
  const std::string customer = text_of(payload->get_object(), "stripe_customer_id");
  if (!find(customers_, customer)) return no_such("customer", customer, "payload[stripe_customer_id]", 400);
  const std::string given = text_of(params, "identifier");
  const std::string identifier = given.empty() ? new_id("") : given;
  if (meter_events_.count(identifier))
    return api_error(400, "", "An event already exists with identifier " + identifier + ".", "identifier");
  json::object event{{"object", "billing.meter_event"},
                     {"created", seconds()},
                     {"event_name", name},
                     {"identifier", identifier},
                     {"livemode", false},
                     {"payload", *payload},
                     {"timestamp", parse_integer(text_of(params, "timestamp")).value_or(seconds())}};
  meter_events_[identifier] = event;
  return ApiAnswer{200, std::move(event)};
}

}  // namespace leanmcp::inline v0::sandbox
