#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/payments/stripe_client.hpp>
#include <leanmcp/sandbox/stripe_double_impl.hpp>

#include <algorithm>
#include <limits>
#include <set>

namespace leanmcp::inline v0::sandbox {
namespace {

namespace json = boost::json;

constexpr std::size_t max_objects = 20'000;

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    out.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return out;
}

std::size_t limit_of(const json::object& params) {
  const auto limit = parse_integer(text_of(params, "limit"));
  return static_cast<std::size_t>(std::clamp<std::int64_t>(limit.value_or(10), 1, 100));
}

}  // namespace

ApiAnswer api_error(int status, std::string_view code, std::string_view message, std::string_view param) {
  json::object error{{"type", "invalid_request_error"}, {"message", message}};
  if (!code.empty()) error["code"] = code;
  if (!param.empty()) error["param"] = param;
  return ApiAnswer{status, json::object{{"error", std::move(error)}}};
}

ApiAnswer no_such(std::string_view what, std::string_view id, std::string_view param, int status) {
  return api_error(status, "resource_missing", "No such " + std::string(what) + ": '" + std::string(id) + "'", param);
}

Answer StripeDouble::Impl::api(const Request& request) {
  const auto finish = [](const ApiAnswer& answer, bool replayed) {
    Answer out;
    out.status = answer.status;
    out.body = json::serialize(answer.body);
    out.headers = {{"Request-Id", new_id("req_")}, {"Stripe-Version", std::string(stripe_api_version)}};
    if (replayed) out.headers.emplace_back("Idempotent-Replayed", "true");
    if (!answer.should_retry.empty()) out.headers.emplace_back("Stripe-Should-Retry", answer.should_retry);
    return out;
  };
  constexpr std::string_view bearer = "Bearer ";
  std::string_view key = request.header("authorization");
  if (key.starts_with(bearer)) key.remove_prefix(bearer.size());
  if (key.starts_with("sk_live_") || key.starts_with("rk_live_"))
    return finish(api_error(401, "", "The sandbox refuses live keys. Nothing was sent anywhere."), false);
  const bool test_key = key.starts_with("sk_test_") || key.starts_with("rk_test_");
  const bool known = options_.secret_key.empty() ? test_key : constant_time_equal(key, options_.secret_key);
  if (!known) return finish(api_error(401, "", "Invalid API Key provided"), false);

  tick();
  const bool post = request.method == "POST";
  const auto pairs = parse_form(post ? request.body : request.query);
  const auto params = pairs ? nest_form(*pairs) : std::nullopt;
  if (!params) return finish(api_error(400, "", "Invalid request: malformed parameters"), false);
  idempotency_key_ = post ? std::string(request.header("idempotency-key")) : std::string();
  const std::string fingerprint = request.path + '\n' + request.body;
  if (idempotency_key_.size() > 255) return finish(api_error(400, "", "Idempotency-Key is too long"), false);
  if (const auto before = remembered_.find(idempotency_key_);
      !idempotency_key_.empty() && before != remembered_.end()) {
    if (before->second.request == fingerprint) return finish(before->second.answer, true);
    ApiAnswer conflict = api_error(400, "", "Keys for idempotent requests can only be used with the same parameters.");
    conflict.body.get_object()["error"].get_object()["type"] = "idempotency_error";
    return finish(conflict, false);
  }
  const auto planned = planned_fault(request.path);
  const ApiAnswer answer = planned ? *planned : dispatch(request.method, split_path(request.path), *params);
  // Validation failures are not remembered: after a correction the key still works. What began to be executed is, also
  // when it failed.
  if (!idempotency_key_.empty() && (answer.status < 400 || answer.status == 402 || answer.status >= 500)) {
    if (remembered_.size() >= max_objects) remembered_.clear();
    remembered_[idempotency_key_] = Remembered{fingerprint, answer};
  }
  idempotency_key_.clear();
  return finish(answer, false);
}

ApiAnswer StripeDouble::Impl::dispatch(const std::string& method, const std::vector<std::string>& path,
                                       const Params& params) {
  const auto is = [&](std::string_view wanted, std::initializer_list<std::string_view> names) {
    return method == wanted && std::equal(path.begin(), path.end(), names.begin(), names.end());
  };
  if (sessions_.size() + customers_.size() + meter_events_.size() + portals_.size() + clocks_.size() > max_objects)
    return api_error(429, "rate_limit", "The sandbox is full; start it anew.");
  if (path.size() >= 2 && path[1] == "customers") return customers(method, path, params);
  if (path.size() >= 3 && path[1] == "checkout" && path[2] == "sessions") return sessions(method, path, params);
  if (path.size() >= 2 && path[1] == "subscriptions") return subscriptions(method, path, params);
  if (method == "GET" && path.size() >= 2 && path[1] == "events") return events(path, params);
  if (is("POST", {"v1", "billing_portal", "sessions"})) return create_portal(params);
  if (is("POST", {"v1", "billing", "meter_events"})) return create_meter_event(params);
  if (method == "GET" && path.size() == 3 && path[1] == "prices") {
    const auto price = price_object(path[2]);
    if (!price) return no_such("price", path[2]);
    known_prices_[path[2]] = *price;
    return ApiAnswer{200, *price};
  }
  if (path.size() >= 3 && path[1] == "test_helpers" && path[2] == "test_clocks") return clocks(method, path, params);
  if (path.size() >= 2 && path[1] == "refunds") return refunds(method, path, params);
  if (is("GET", {"v1", "disputes"})) return list(disputes_, "/v1/disputes", params);
  if (method == "GET" && path.size() == 3) {
    const Objects* const kind = path[1] == "invoices"          ? &invoices_
                                : path[1] == "payment_intents" ? &payments_
                                : path[1] == "charges"         ? &charges_
                                : path[1] == "disputes"        ? &disputes_
                                                               : nullptr;
    if (kind) return one(*kind, path[2], params);
  }
  std::string url;
  for (const std::string& part : path) url += "/" + part;
  return api_error(404, "", "Unrecognized request URL (" + method + ": " + url + ").");
}

json::object StripeDouble::Impl::expanded(json::object object, const Params& params) {
  const json::value* const wanted = params.if_contains("expand");
  if (!wanted || !wanted->is_array()) return object;
  for (const json::value& entry : wanted->get_array()) {
    if (!entry.is_string()) continue;
    const std::string name(entry.get_string());
    const std::string id = text_of(object, name);
    Objects* const objects = name == "subscription"     ? &subscriptions_
                             : name == "customer"       ? &customers_
                             : name == "latest_invoice" ? &invoices_
                             : name == "invoice"        ? &invoices_
                             : name == "latest_charge"  ? &charges_
                             : name == "payment_intent" ? &payments_
                                                        : nullptr;
    if (const json::object* const found = objects ? find(*objects, id) : nullptr) object[name] = *found;
    const auto cart = carts_.find(text_of(object, "id"));
    if (name == "line_items" && cart != carts_.end())
      object[name] = list_object(cart->second.lines, false, "/v1/checkout/sessions/" + cart->first + "/line_items");
  }
  return object;
}

ApiAnswer StripeDouble::Impl::one(const Objects& objects, std::string_view id, const Params& params) {
  const auto found = objects.find(id);
  if (found == objects.end()) return no_such("object", id);
  return ApiAnswer{200, expanded(found->second, params)};
}

ApiAnswer StripeDouble::Impl::list(const Objects& objects, std::string_view url, const Params& params) {
  const std::string customer = text_of(params, "customer");
  const std::string status = text_of(params, "status");
  const std::string payment = text_of(params, "payment_intent");
  std::vector<const json::object*> found;
  for (const auto& [id, object] : objects) {
    const bool canceled = text_of(object, "status") == "canceled";
    if (!customer.empty() && text_of(object, "customer") != customer) continue;
    if (!payment.empty() && text_of(object, "payment_intent") != payment) continue;
    if (&objects == &subscriptions_ && status.empty() && canceled) continue;
    if (!status.empty() && status != "all" && text_of(object, "status") != status) continue;
    found.push_back(&object);
  }
  const auto newest_first = [](const json::object* a, const json::object* b) {
    return std::make_pair(integer_of(*b, "created"), text_of(*b, "id")) <
           std::make_pair(integer_of(*a, "created"), text_of(*a, "id"));
  };
  std::sort(found.begin(), found.end(), newest_first);
  const std::string after = text_of(params, "starting_after");
  const auto last = std::find_if(found.begin(), found.end(),
                                 [&](const json::object* object) { return text_of(*object, "id") == after; });
  auto from = after.empty() || last == found.end() ? found.begin() : last + 1;
  json::array data;
  for (; from != found.end() && data.size() < limit_of(params); ++from) data.push_back(**from);
  return ApiAnswer{200, list_object(std::move(data), from != found.end(), url)};
}

ApiAnswer StripeDouble::Impl::customers(const std::string& method, const std::vector<std::string>& path,
                                        const Params& params) {
  if (const std::string fault = metadata_fault(params); !fault.empty()) return api_error(400, "", fault, "metadata");
  if (path.size() == 2 && method == "POST") {
    const std::string clock = text_of(params, "test_clock");
    const json::object* const known = find(clocks_, clock);
    if (!clock.empty() && !known) return no_such("test_clock", clock, "test_clock", 400);
    json::object customer = customer_object(params, known ? integer_of(*known, "frozen_time") : seconds());
    const std::string id = text_of(customer, "id");
    emit("customer.created", customer);
    customers_[id] = customer;
    return ApiAnswer{200, std::move(customer)};
  }
  if (path.size() == 2 && method == "GET") return list(customers_, "/v1/customers", params);
  if (path.size() != 3) return api_error(404, "", "Unrecognized request URL");
  json::object* const customer = find(customers_, path[2]);
  if (!customer) return no_such("customer", path[2]);
  if (method == "DELETE") {
    for (auto& [id, subscription] : subscriptions_)
      if (text_of(subscription, "customer") == path[2] && text_of(subscription, "status") != "canceled")
        update_subscription(subscription, "canceled");
    emit("customer.deleted", *customer);
    *customer = json::object{{"id", path[2]}, {"object", "customer"}, {"deleted", true}};
  }
  if (method == "POST")
    for (const auto& [key, value] : params)
      if (customer->contains(key)) (*customer)[key] = value;
  return ApiAnswer{200, *customer};
}

ApiAnswer StripeDouble::Impl::sessions(const std::string& method, const std::vector<std::string>& path,
                                       const Params& params) {
  if (path.size() == 3)
    return method == "POST" ? create_session(params) : list(sessions_, "/v1/checkout/sessions", params);
  json::object* const session = find(sessions_, path[3]);
  if (!session) return no_such("checkout.session", path[3], "session");
  if (path.size() == 4 && method == "GET") return one(sessions_, path[3], params);
  if (path.size() == 5 && method == "GET" && path[4] == "line_items")
    return ApiAnswer{200, list_object(carts_.at(path[3]).lines, false, "/v1/checkout/sessions")};
  if (path.size() == 5 && method == "POST" && path[4] == "expire") {
    if (!expire(path[3]))
      return api_error(400, "", "Only Checkout Sessions with a status in [\"open\"] can be expired.", "session");
    return ApiAnswer{200, *session};
  }
  return api_error(404, "", "Unrecognized request URL");
}

ApiAnswer StripeDouble::Impl::subscriptions(const std::string& method, const std::vector<std::string>& path,
                                            const Params& params) {
  if (path.size() == 2 && method == "GET") return list(subscriptions_, "/v1/subscriptions", params);
  if (path.size() != 3) return api_error(404, "", "Unrecognized request URL");
  json::object* const subscription = find(subscriptions_, path[2]);
  if (!subscription) return no_such("subscription", path[2]);
  if (method == "DELETE" && !cancel(path[2], false)) return no_such("subscription", path[2]);
  if (method == "POST")
    if (ApiAnswer changed = change_subscription(*subscription, params); changed.status != 200) return changed;
  return one(subscriptions_, path[2], params);
}

ApiAnswer StripeDouble::Impl::change_subscription(json::object& subscription, const Params& params) {
  const std::string id = text_of(subscription, "id");
  const json::value* const items = params.if_contains("items");
  if (items && items->is_array()) {
    const json::array& held = subscription.at("items").get_object().at("data").get_array();
    const json::object* const wanted = items->get_array().empty() ? nullptr : items->get_array()[0].if_object();
    const std::string price = wanted ? text_of(*wanted, "price") : "";
    if (!wanted || text_of(*wanted, "id") != text_of(held.at(0).get_object(), "id"))
      return no_such("subscription_item", wanted ? text_of(*wanted, "id") : "", "items[0][id]", 400);
    const auto known = price_object(price);
    if (!known || price_kind(*known) != PriceKind::recurring) return no_such("price", price, "items[0][price]", 400);
    if (card_declines(subscription)) {
      ApiAnswer declined = api_error(402, "card_declined", "Your card was declined.");
      declined.body.get_object()["error"].get_object()["type"] = "card_error";
      declined.body.get_object()["error"].get_object()["decline_code"] = "generic_decline";
      return declined;
    }
    if (!change_plan(id, price)) return api_error(400, "", "This subscription cannot be changed.", "items");
  }
  const std::string at_end = text_of(params, "cancel_at_period_end");
  if (at_end == "true" && !cancel(id, true)) return no_such("subscription", id);
  if (at_end == "false" && !resume(id)) return no_such("subscription", id);
  if (const json::value* const metadata = params.if_contains("metadata"); metadata && metadata->is_object())
    for (const auto& [key, value] : metadata->get_object()) subscription["metadata"].get_object()[key] = value;
  return ApiAnswer{200, nullptr};
}

ApiAnswer StripeDouble::Impl::events(const std::vector<std::string>& path, const Params& params) {
  if (path.size() == 2) return list_events(params);
  for (const json::object& event : events_)
    if (path.size() == 3 && text_of(event, "id") == path[2]) return ApiAnswer{200, event};
  return no_such("event", path.back());
}

ApiAnswer StripeDouble::Impl::list_events(const Params& params) {
  std::set<std::string, std::less<>> types;
  if (const std::string type = text_of(params, "type"); !type.empty()) types.insert(type);
  if (const json::value* const listed = params.if_contains("types"); listed && listed->is_array())
    for (const json::value& type : listed->get_array())
      if (type.is_string()) types.emplace(type.get_string());
  const json::value* const created = params.if_contains("created");
  const json::object range = created && created->is_object() ? created->get_object() : json::object();
  const std::int64_t from = parse_integer(text_of(range, "gte")).value_or(0);
  const std::int64_t to = parse_integer(text_of(range, "lte")).value_or(std::numeric_limits<std::int64_t>::max());
  const std::string after = text_of(params, "starting_after");
  bool begun = after.empty();
  bool more = false;
  json::array data;
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    const bool wanted = types.empty() || types.count(text_of(*event, "type")) > 0;
    const std::int64_t made = integer_of(*event, "created");
    if (begun && wanted && made >= from && made <= to) {
      more = data.size() == limit_of(params);
      if (more) break;
      data.push_back(*event);
    }
    begun = begun || text_of(*event, "id") == after;
  }
  return ApiAnswer{200, list_object(std::move(data), more, "/v1/events")};
}

}  // namespace leanmcp::inline v0::sandbox
