// What moves money: one-time payments, refunds, disputes, cards and changes of plan.

#include <leanmcp/sandbox/stripe_double_impl.hpp>

#include <algorithm>
#include <array>

namespace leanmcp::inline v0::sandbox {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 5> dispute_statuses{"warning_needs_response", "needs_response", "under_review",
                                                           "won", "lost"};

json::object& item_of(json::object& subscription) {
  return subscription.at("items").get_object().at("data").get_array().at(0).get_object();
}

}  // namespace

void StripeDouble::Impl::settle_payment(json::object& payment, bool paid) {
  payment["status"] = paid ? "succeeded" : "requires_payment_method";
  if (paid) {
    payment["amount_received"] = payment.at("amount");
    json::object charge = charge_object(payment, seconds_for(payment));
    const std::string id = text_of(charge, "id");
    payment["latest_charge"] = id;
    charges_[id] = std::move(charge);
  }
  emit(paid ? "payment_intent.succeeded" : "payment_intent.payment_failed", payment);
}

void StripeDouble::Impl::pay_once(json::object& session, const Cart& cart, Payment payment) {
  json::object made = payment_object(session, cart.payment_data, "processing", seconds_for(session));
  const std::string id = text_of(made, "id");
  json::object& kept = payments_[id] = std::move(made);
  session["payment_intent"] = id;
  session["payment_status"] = payment == Payment::at_once ? "paid" : "unpaid";
  if (payment == Payment::at_once) settle_payment(kept, true);
  emit("checkout.session.completed", session);
}

json::object* StripeDouble::Impl::charge_of(std::string_view payment_id) {
  const json::object* const payment = find(payments_, payment_id);
  return payment ? find(charges_, text_of(*payment, "latest_charge")) : nullptr;
}

bool StripeDouble::Impl::refund(std::string_view payment_id, std::int64_t amount) {
  json::object* const charge = charge_of(payment_id);
  if (!charge) return false;
  const std::int64_t whole = integer_of(*charge, "amount");
  const std::int64_t before = integer_of(*charge, "amount_refunded");
  if (amount == 0) amount = whole - before;
  if (amount <= 0 || amount > whole - before) return false;
  (*charge)["amount_refunded"] = before + amount;
  (*charge)["refunded"] = before + amount == whole;
  emit("charge.refunded", *charge);
  return true;
}

bool StripeDouble::Impl::dispute(std::string_view payment_id, std::string_view status) {
  json::object* const charge = charge_of(payment_id);
  const bool known = std::find(dispute_statuses.begin(), dispute_statuses.end(), status) != dispute_statuses.end();
  if (!charge || !known) return false;
  const auto found = std::find_if(disputes_.begin(), disputes_.end(),
                                  [&](const auto& one) { return text_of(one.second, "payment_intent") == payment_id; });
  const bool closed = status == "won" || status == "lost";
  if (found != disputes_.end()) {
    found->second["status"] = status;
    emit(closed ? "charge.dispute.closed" : "charge.dispute.updated", found->second);
    return true;
  }
  json::object dispute{{"id", new_id("du_")},
                       {"object", "dispute"},
                       {"amount", charge->at("amount")},
                       {"charge", charge->at("id")},
                       {"created", seconds_for(*charge)},
                       {"currency", "usd"},
                       {"livemode", false},
                       {"metadata", json::object()},
                       {"payment_intent", payment_id},
                       {"reason", "fraudulent"},
                       {"status", status}};
  (*charge)["disputed"] = true;
  emit("charge.dispute.created", dispute);
  disputes_[text_of(dispute, "id")] = std::move(dispute);
  return true;
}

bool StripeDouble::Impl::card(std::string_view customer_id, bool declines) {
  if (!find(customers_, customer_id)) return false;
  if (declines) {
    declining_.emplace(customer_id);
  } else if (const auto known = declining_.find(customer_id); known != declining_.end()) {
    declining_.erase(known);
  }
  return true;
}

bool StripeDouble::Impl::card_declines(const json::object& subscription) const {
  return declining_.count(text_of(subscription, "customer")) > 0;
}

bool StripeDouble::Impl::pay_due(std::string_view subscription_id) {
  json::object* const subscription = find(subscriptions_, subscription_id);
  const std::string status = subscription ? text_of(*subscription, "status") : "";
  if (status != "past_due" && status != "unpaid") return false;
  card(text_of(*subscription, "customer"), false);
  json::object& item = item_of(*subscription);
  bill(*subscription, integer_of(item.at("price").get_object(), "unit_amount"), true);
  update_subscription(*subscription, "active");
  return true;
}

bool StripeDouble::Impl::change_plan(std::string_view subscription_id, std::string_view price_id) {
  json::object* const subscription = find(subscriptions_, subscription_id);
  const auto price = price_object(price_id);
  if (!subscription || !price || price_kind(*price) != PriceKind::recurring) return false;
  const std::string status = text_of(*subscription, "status");
  if ((status != "active" && status != "trialing") || card_declines(*subscription)) return false;
  json::object& item = item_of(*subscription);
  if (text_of(item.at("price").get_object(), "id") == price_id) return true;
  const std::int64_t now = seconds_for(*subscription);
  const std::int64_t begun = integer_of(item, "current_period_start");
  const std::int64_t end = integer_of(item, "current_period_end");
  const std::int64_t before = integer_of(item.at("price").get_object(), "unit_amount");
  // The rest of the old period is credited, the new one begins now.
  const std::int64_t credit = status == "trialing" || end <= begun ? 0 : before * (end - now) / (end - begun);
  item["price"] = *price;
  item["current_period_start"] = now;
  item["current_period_end"] = period_end(*price, now);
  known_prices_[std::string(price_id)] = *price;
  if (status == "trialing") (*subscription)["status"] = "active";
  bill(*subscription, std::max<std::int64_t>(integer_of(*price, "unit_amount") - credit, 0), true);
  emit("customer.subscription.updated", *subscription);
  return true;
}

ApiAnswer StripeDouble::Impl::refunds(const std::string& method, const std::vector<std::string>& path,
                                      const Params& params) {
  if (method == "GET" && path.size() == 3) return one(refunds_, path[2], params);
  if (method != "POST" || path.size() != 2) return api_error(404, "", "Unrecognized request URL");
  std::string payment = text_of(params, "payment_intent");
  if (payment.empty())
    if (const json::object* const charge = find(charges_, text_of(params, "charge")))
      payment = text_of(*charge, "payment_intent");
  const json::object* const charge = charge_of(payment);
  if (!charge) return no_such("payment_intent", payment, "payment_intent");
  const std::string written = text_of(params, "amount");
  const auto amount = parse_integer(written.empty() ? "0" : written);
  const std::int64_t refunded_before = integer_of(*charge, "amount_refunded");
  if (!amount || !refund(payment, *amount))
    return api_error(400, "charge_already_refunded", "There is not so much left to refund.", "amount");
  json::object out{{"id", new_id("re_")},
                   {"object", "refund"},
                   {"amount", integer_of(*charge, "amount_refunded") - refunded_before},
                   {"charge", charge->at("id")},
                   {"created", seconds_for(*charge)},
                   {"currency", "usd"},
                   {"metadata", json::object()},
                   {"payment_intent", payment},
                   {"status", "succeeded"}};
  refunds_[text_of(out, "id")] = out;
  return ApiAnswer{200, std::move(out)};
}

}  // namespace leanmcp::inline v0::sandbox
