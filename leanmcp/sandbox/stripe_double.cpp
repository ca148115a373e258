#include <leanmcp/sandbox/stripe_double.hpp>

#include <leanmcp/sandbox/stripe_double_impl.hpp>

#include <array>

namespace leanmcp::inline v0::sandbox {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 8> statuses{"active",     "trialing", "past_due", "unpaid",
                                                   "incomplete", "paused",   "canceled", "incomplete_expired"};

json::array& items_of(json::object& subscription) {
  return subscription.at("items").get_object().at("data").get_array();
}

std::int64_t amount_of(json::object& subscription) {
  std::int64_t total = 0;
  for (const json::value& item : items_of(subscription)) {
    const json::object& entry = item.get_object();
    total += integer_of(entry.at("price").get_object(), "unit_amount") * integer_of(entry, "quantity");
  }
  return total;
}

bool lives(const json::object& subscription) {
  const std::string status = text_of(subscription, "status");
  return status != "canceled" && status != "incomplete_expired";
}

}  // namespace

json::object* StripeDouble::Impl::find(Objects& objects, std::string_view id) {
  const auto found = objects.find(id);
  return found == objects.end() ? nullptr : &found->second;
}

void StripeDouble::Impl::emit(std::string_view type, const json::object& about) {
  events_.push_back(event_object(type, about, seconds_for(about), idempotency_key_));
}

void StripeDouble::Impl::update_subscription(json::object& subscription, std::string_view status) {
  const bool ends = status == "canceled" || status == "incomplete_expired";
  subscription["status"] = status;
  const std::int64_t now = seconds_for(subscription);
  if (ends) subscription["ended_at"] = now;
  if (status == "canceled" && subscription["canceled_at"].is_null()) subscription["canceled_at"] = now;
  emit(status == "canceled" ? "customer.subscription.deleted" : "customer.subscription.updated", subscription);
}

void StripeDouble::Impl::bill(json::object& subscription, std::int64_t amount, bool paid) {
  json::object invoice = invoice_object(subscription, amount, paid, seconds_for(subscription));
  const std::string id = text_of(invoice, "id");
  subscription["latest_invoice"] = id;
  emit(paid ? "invoice.paid" : "invoice.payment_failed", invoice);
  invoices_[id] = std::move(invoice);
}

bool StripeDouble::Impl::pay(std::string_view session_id, Payment payment) {
  tick();
  json::object* const session = find(sessions_, session_id);
  if (!session || text_of(*session, "status") != "open") return false;
  const Cart& cart = carts_.at(std::string(session_id));
  if (session->at("customer").is_null()) {
    json::object customer = customer_object(json::object{{"email", session->at("customer_email")}}, seconds());
    const std::string id = text_of(customer, "id");
    (*session)["customer"] = id;
    emit("customer.created", customer);
    customers_[id] = std::move(customer);
  }
  (*session)["status"] = "complete";
  (*session)["url"] = nullptr;
  if (!session->at("consent_collection").is_null())
    (*session)["consent"] = json::object{{"terms_of_service", "accepted"}};
  if (text_of(*session, "mode") == "payment") {
    pay_once(*session, cart, payment);
    return true;
  }
  json::object subscription = subscription_object(*session, cart.lines, cart.subscription_data, seconds_for(*session));
  if (payment == Payment::delayed) subscription["status"] = "incomplete";
  (*session)["subscription"] = subscription.at("id");
  const bool free = text_of(subscription, "status") == "trialing";
  (*session)["payment_status"] = payment == Payment::delayed ? "unpaid" : free ? "no_payment_required" : "paid";
  emit("customer.subscription.created", subscription);
  emit("checkout.session.completed", *session);
  if (payment == Payment::at_once) bill(subscription, free ? 0 : integer_of(*session, "amount_total"), true);
  const std::string id = text_of(subscription, "id");
  (*session)["invoice"] = subscription.at("latest_invoice");
  subscriptions_[id] = std::move(subscription);
  return true;
}

bool StripeDouble::Impl::settle(std::string_view session_id, bool paid) {
  json::object* const session = find(sessions_, session_id);
  const bool waits =
      session && text_of(*session, "status") == "complete" && text_of(*session, "payment_status") == "unpaid";
  if (!waits) return false;
  if (json::object* const payment = find(payments_, text_of(*session, "payment_intent"))) {
    // What failed once stays failed: the person starts anew.
    if (text_of(*payment, "status") != "processing") return false;
    settle_payment(*payment, paid);
  }
  if (paid) (*session)["payment_status"] = "paid";
  if (json::object* const subscription = find(subscriptions_, text_of(*session, "subscription"))) {
    if (!lives(*subscription)) return false;
    bill(*subscription, amount_of(*subscription), paid);
    update_subscription(*subscription, paid ? "active" : "incomplete_expired");
  }
  emit(paid ? "checkout.session.async_payment_succeeded" : "checkout.session.async_payment_failed", *session);
  return true;
}

void StripeDouble::Impl::expire_session(json::object& session) {
  session["status"] = "expired";
  session["url"] = nullptr;
  emit("checkout.session.expired", session);
}

bool StripeDouble::Impl::expire(std::string_view session_id) {
  json::object* const session = find(sessions_, session_id);
  if (!session || text_of(*session, "status") != "open") return false;
  expire_session(*session);
  return true;
}

bool StripeDouble::Impl::set_status(std::string_view subscription_id, std::string_view status) {
  json::object* const subscription = find(subscriptions_, subscription_id);
  const bool known = std::find(statuses.begin(), statuses.end(), status) != statuses.end();
  if (!subscription || !known || !lives(*subscription)) return false;
  if (status == "past_due") bill(*subscription, amount_of(*subscription), false);
  update_subscription(*subscription, status);
  return true;
}

bool StripeDouble::Impl::cancel(std::string_view subscription_id, bool at_period_end) {
  json::object* const subscription = find(subscriptions_, subscription_id);
  if (!subscription || !lives(*subscription)) return false;
  if (!at_period_end) {
    update_subscription(*subscription, "canceled");
    return true;
  }
  (*subscription)["cancel_at_period_end"] = true;
  (*subscription)["cancel_at"] = items_of(*subscription).at(0).get_object().at("current_period_end");
  (*subscription)["canceled_at"] = seconds_for(*subscription);
  emit("customer.subscription.updated", *subscription);
  return true;
}

bool StripeDouble::Impl::resume(std::string_view subscription_id) {
  json::object* const subscription = find(subscriptions_, subscription_id);
  if (!subscription || !lives(*subscription)) return false;
  (*subscription)["cancel_at_period_end"] = false;
  (*subscription)["cancel_at"] = nullptr;
  (*subscription)["canceled_at"] = nullptr;
  emit("customer.subscription.updated", *subscription);
  return true;
}

void StripeDouble::Impl::renew(json::object& subscription) {
  // A jump over several periods renews once for each.
  for (int periods = 0; periods < 1000 && lives(subscription); ++periods) {
    const std::int64_t end = integer_of(items_of(subscription).at(0).get_object(), "current_period_end");
    if (end > seconds_for(subscription)) return;
    if (subscription.at("cancel_at_period_end").get_bool()) {
      update_subscription(subscription, "canceled");
      return;
    }
    for (json::value& item : items_of(subscription)) {
      json::object& entry = item.get_object();
      entry["current_period_start"] = end;
      entry["current_period_end"] = period_end(entry.at("price").get_object(), end);
    }
    const bool paid = !card_declines(subscription);
    bill(subscription, amount_of(subscription), paid);
    update_subscription(subscription, paid ? "active" : "past_due");
    if (!paid) return;
  }
}

void StripeDouble::Impl::tick() {
  for (auto& [id, session] : sessions_)
    if (text_of(session, "status") == "open" && integer_of(session, "expires_at") <= seconds()) expire_session(session);
  for (auto& [id, subscription] : subscriptions_) {
    const std::string status = text_of(subscription, "status");
    if (status == "active" || status == "trialing") renew(subscription);
  }
}

void StripeDouble::Impl::advance(std::chrono::seconds by) {
  offset_ += by;
  tick();
}

std::optional<std::string> StripeDouble::Impl::object(std::string_view kind, std::string_view id) {
  tick();
  Objects* const objects = kind == "customers"       ? &customers_
                           : kind == "sessions"      ? &sessions_
                           : kind == "subscriptions" ? &subscriptions_
                           : kind == "invoices"      ? &invoices_
                           : kind == "payments"      ? &payments_
                           : kind == "charges"       ? &charges_
                           : kind == "meter_events"  ? &meter_events_
                                                     : nullptr;
  const json::object* const found = objects ? find(*objects, id) : nullptr;
  if (!found) return std::nullopt;
  json::object out = *found;
  const auto cart = carts_.find(id);
  if (cart != carts_.end()) out["line_items"] = list_object(cart->second.lines, false, "/v1/checkout/sessions");
  return json::serialize(out);
}

std::optional<std::string> StripeDouble::Impl::portal(std::string_view id) {
  tick();
  const json::object* const session = find(portals_, id);
  if (!session) return std::nullopt;
  json::array owned;
  for (const auto& [key, subscription] : subscriptions_)
    if (subscription.at("customer") == session->at("customer")) owned.push_back(subscription);
  json::array prices;
  for (const auto& [key, price] : known_prices_)
    if (price_kind(price) == PriceKind::recurring) prices.push_back(price);
  return json::serialize(json::object{{"return_url", session->at("return_url")},
                                      {"subscriptions", std::move(owned)},
                                      {"prices", std::move(prices)},
                                      {"flow", session->at("flow")}});
}

std::vector<std::string> StripeDouble::Impl::take_events() {
  std::vector<std::string> out;
  for (; taken_ < events_.size(); ++taken_) out.push_back(json::serialize(events_[taken_]));
  return out;
}

StripeDouble::StripeDouble(StripeDoubleOptions options, std::shared_ptr<const Clock> clock)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(clock))) {}
StripeDouble::~StripeDouble() = default;

Answer StripeDouble::api(const Request& request) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->api(request);
}
bool StripeDouble::pay(std::string_view session_id, Payment payment) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->pay(session_id, payment);
}
bool StripeDouble::settle(std::string_view session_id, bool paid) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->settle(session_id, paid);
}
bool StripeDouble::expire(std::string_view session_id) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->expire(session_id);
}
bool StripeDouble::set_status(std::string_view subscription_id, std::string_view status) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->set_status(subscription_id, status);
}
bool StripeDouble::cancel(std::string_view subscription_id, bool at_period_end) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->cancel(subscription_id, at_period_end);
}
bool StripeDouble::resume(std::string_view subscription_id) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->resume(subscription_id);
}
void StripeDouble::advance(std::chrono::seconds by) {
  const std::lock_guard lock(impl_->mutex);
  impl_->advance(by);
}
bool StripeDouble::refund(std::string_view payment_id, std::int64_t amount) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->refund(payment_id, amount);
}
bool StripeDouble::dispute(std::string_view payment_id, std::string_view status) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->dispute(payment_id, status);
}
bool StripeDouble::card(std::string_view customer_id, bool declines) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->card(customer_id, declines);
}
bool StripeDouble::pay_due(std::string_view subscription_id) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->pay_due(subscription_id);
}
bool StripeDouble::change_plan(std::string_view subscription_id, std::string_view price_id) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->change_plan(subscription_id, price_id);
}
bool StripeDouble::fail_next(std::string_view path, int status, int times, std::string should_retry) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->fail_next(path, status, times, std::move(should_retry));
}
std::optional<std::string> StripeDouble::object(std::string_view kind, std::string_view id) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->object(kind, id);
}
std::optional<std::string> StripeDouble::portal(std::string_view portal_session_id) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->portal(portal_session_id);
}
std::vector<std::string> StripeDouble::take_events() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->take_events();
}
TimePoint StripeDouble::now() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->now();
}

}  // namespace leanmcp::inline v0::sandbox
