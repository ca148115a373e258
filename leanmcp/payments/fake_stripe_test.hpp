#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/encoding.hpp>
#include <leanmcp/payments/stripe_api.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace leanmcp::detail {

/// For tests: as much of Stripe as billing sees, in memory, with a clock that is told. Each call can be made to fail
/// before or after it took effect.
class FakeStripe final : public StripeApi {
 public:
  explicit FakeStripe(const Clock& clock) : clock_(clock) {}

  enum class Fault {
    none,
    /// No answer; nothing was done.
    before,
    /// Not even reached.
    unreached,
    /// No answer; it was done.
    after,
    /// A failure of Stripe's own, kept under the idempotency key as Stripe keeps it.
    kept,
    /// The card was declined, kept in the same way.
    declined,
  };
  /// Asked at each call, by its name.
  std::function<Fault(const std::string& call)> fault = [](const std::string&) { return Fault::none; };
  /// Told of each call as it begins.
  std::function<void(const std::string& call)> on_call = [](const std::string&) {};

  bool live = false;
  bool sandbox = false;
  std::string connected_account;
  std::map<std::string, StripeCustomer> customers;
  std::map<std::string, StripeCheckoutSession> sessions;
  std::map<std::string, StripeSubscription> subscription_objects;
  std::map<std::string, std::string> price_of_session;
  std::map<std::string, StripePrice> price_objects;
  std::map<std::string, StripePayment> payments;
  /// Of charges, disputes and invoices, by their id.
  std::map<std::string, StripeReferences> reference_objects;
  std::size_t page_size = 100;
  /// Encoded meter events by identifier.
  std::map<std::string, std::map<std::string, std::string>> meter_events;
  std::map<std::string, std::map<std::string, std::string>> session_params;
  std::vector<StripeEvent> event_log;
  std::map<std::string, int> calls;

  bool livemode() const noexcept override { return live; }
  std::string_view mode() const noexcept override { return sandbox ? "sandbox" : StripeApi::mode(); }

  std::string_view account() const noexcept override { return connected_account; }

  StripeResult<StripeCustomer> create_customer(const std::string& form, const std::string& key) override {
    return run<StripeCustomer>("create_customer", key, [&]() -> StripeResult<StripeCustomer> {
      const auto known = replay(key, form);
      if (!known) return known.error();
      if (!known->empty()) return customers.at(*known);
      const auto params = decode(form);
      const auto email = params.find("email");
      if (email != params.end() && email->second.starts_with("bad")) return refusal("email_invalid", "email");
      if (params.at("metadata[userId]").starts_with("bad")) return refusal("", "metadata");
      StripeCustomer customer;
      customer.id = "cus_" + std::to_string(++last_id_);
      customer.livemode = live;
      customers[customer.id] = customer;
      remember(key, form, customer.id);
      return customer;
    });
  }

  StripeResult<StripeCheckoutSession> create_checkout_session(const std::string& form,
                                                              const std::string& key) override {
    return run<StripeCheckoutSession>("create_session", key, [&]() -> StripeResult<StripeCheckoutSession> {
      const auto known = replay(key, form);
      if (!known) return known.error();
      if (!known->empty()) return created_.at(*known);
      const auto params = decode(form);
      const auto get = [&](const std::string& name) {
        const auto found = params.find(name);
        return found == params.end() ? std::string() : found->second;
      };
      if (!customers.count(get("customer")) || customers[get("customer")].deleted)
        return refusal("resource_missing", "customer");
      const std::int64_t expires_at = std::stoll(get("expires_at"));
      if (expires_at < now() + 1800) return refusal("parameter_invalid", "expires_at");
      if (get("line_items[0][price]").starts_with("bad")) return refusal("resource_missing", "line_items[0][price]");
      StripeCheckoutSession session;
      session.id = "cs_" + std::to_string(++last_id_);
      session.url = "https://checkout.example/" + session.id;
      session.status = "open";
      session.payment_status = "unpaid";
      session.mode = get("mode");
      session.customer = get("customer");
      session.client_reference_id = get("client_reference_id");
      session.expires_at = expires_at;
      session.livemode = live;
      for (const auto& [name, value] : params)
        if (name.starts_with("metadata[")) session.metadata[name.substr(9, name.size() - 10)] = value;
      sessions[session.id] = session;
      created_[session.id] = session;
      session_params[session.id] = params;
      price_of_session[session.id] = get("line_items[0][price]");
      remember(key, form, session.id);
      return session;
    });
  }

  StripeResult<StripeCheckoutSession> checkout_session(const std::string& id) override {
    return run<StripeCheckoutSession>("get_session", {}, [&]() -> StripeResult<StripeCheckoutSession> {
      const auto found = sessions.find(id);
      if (found == sessions.end()) return refusal("resource_missing", "id");
      lapse(found->second);
      return found->second;
    });
  }

  StripeResult<StripeCheckoutSession> expire_checkout_session(const std::string& id) override {
    return run<StripeCheckoutSession>("expire_session", {}, [&]() -> StripeResult<StripeCheckoutSession> {
      const auto found = sessions.find(id);
      if (found == sessions.end() || found->second.status != "open") return refusal("", "session");
      expire(found->second);
      return found->second;
    });
  }

  StripeResult<StripeList<StripeSubscription>> subscriptions_of(const std::string& customer,
                                                                const std::string& starting_after) override {
    return run<StripeList<StripeSubscription>>("list", {}, [&]() -> StripeResult<StripeList<StripeSubscription>> {
      StripeList<StripeSubscription> out;
      for (const auto& [id, subscription] : subscription_objects) {
        if (subscription.customer != customer || id <= starting_after) continue;
        out.has_more = out.data.size() == page_size;
        if (out.has_more) break;
        out.data.push_back(subscription);
      }
      return out;
    });
  }

  StripeResult<StripeSubscription> subscription(const std::string& id) override {
    return run<StripeSubscription>("get_subscription", {}, [&]() -> StripeResult<StripeSubscription> {
      const auto found = subscription_objects.find(id);
      if (found == subscription_objects.end()) return refusal("resource_missing", "id");
      return found->second;
    });
  }

  StripeResult<StripeList<StripeEvent>> events(const StripeEventQuery& query) override {
    return run<StripeList<StripeEvent>>("events", {}, [&]() -> StripeResult<StripeList<StripeEvent>> {
      StripeList<StripeEvent> out;
      bool begun = query.starting_after.empty();
      for (auto event = event_log.rbegin(); event != event_log.rend(); ++event) {
        if (begun && event->created >= query.created_from &&
            (query.created_to == 0 || event->created <= query.created_to)) {
          if (out.data.size() == std::min(page_size, static_cast<std::size_t>(query.limit))) {
            out.has_more = true;
            break;
          }
          out.data.push_back(*event);
        }
        begun = begun || event->id == query.starting_after;
      }
      return out;
    });
  }

  StripeResult<StripeSubscription> update_subscription(const std::string& id, const std::string& form,
                                                       const std::string& key) override {
    return run<StripeSubscription>("update_subscription", key, [&]() -> StripeResult<StripeSubscription> {
      const auto found = subscription_objects.find(id);
      if (found == subscription_objects.end()) return refusal("resource_missing", "id");
      const auto params = decode(form);
      if (const auto price = params.find("items[0][price]"); price != params.end())
        found->second.items.at(0).price = price->second;
      if (const auto ends = params.find("cancel_at_period_end"); ends != params.end())
        found->second.cancel_at_period_end = ends->second == "true";
      if (params.count("cancel_at")) found->second.cancel_at = 0;
      emit("customer.subscription.updated", "subscription", id, found->second.customer);
      return found->second;
    });
  }

  StripeResult<StripePrice> price(const std::string& id, std::chrono::milliseconds) override {
    return run<StripePrice>("price", {}, [&]() -> StripeResult<StripePrice> {
      const auto found = price_objects.find(id);
      if (found == price_objects.end()) return refusal("resource_missing", "price");
      return found->second;
    });
  }

  StripeResult<StripePayment> payment(const std::string& id) override {
    return run<StripePayment>("payment", {}, [&]() -> StripeResult<StripePayment> {
      const auto found = payments.find(id);
      if (found == payments.end()) return refusal("resource_missing", "intent");
      return found->second;
    });
  }

  StripeResult<StripeReferences> references(const std::string&, const std::string& id) override {
    return run<StripeReferences>("references", {}, [&]() -> StripeResult<StripeReferences> {
      const auto found = reference_objects.find(id);
      if (found == reference_objects.end()) return refusal("resource_missing", "id");
      return found->second;
    });
  }

  StripeResult<void> create_meter_event(const std::string& form, const std::string& key) override {
    return run<void>("meter", key, [&]() -> StripeResult<void> {
      const auto known = replay(key, form);
      if (!known) return known.error();
      remember(key, form, "taken");
      auto params = decode(form);
      const std::string identifier = params["identifier"];
      meter_events.emplace(identifier, std::move(params));
      return {};
    });
  }

  std::map<std::string, std::string> portal_params;
  StripeResult<StripePortalSession> create_portal_session(const std::string& form) override {
    return run<StripePortalSession>("portal", {}, [&]() -> StripeResult<StripePortalSession> {
      portal_params = decode(form);
      return StripePortalSession{"bps_1", "https://portal"};
    });
  }

  // What people and banks do.

  /// The person pays; `delayed` money is on its way only.
  std::string pay(const std::string& session_id, bool delayed = false) {
    const std::lock_guard lock(mutex_);
    StripeCheckoutSession& session = sessions.at(session_id);
    lapse(session);
    if (session.status != "open") return {};
    if (session.mode == "payment") {
      session.payment_intent = "pi_" + std::to_string(++last_id_);
      StripePayment& payment = payments[session.payment_intent];
      payment.id = session.payment_intent;
      payment.customer = session.customer;
      payment.metadata = session.metadata;
      session.status = "complete";
      session.payment_status = delayed ? "unpaid" : "paid";
      session.url.clear();
      emit("checkout.session.completed", "checkout.session", session.id, session.customer);
      return session.payment_intent;
    }
    StripeSubscription subscription;
    subscription.id = "sub_" + std::to_string(++last_id_);
    subscription.customer = session.customer;
    subscription.status = delayed ? "incomplete" : "active";
    subscription.livemode = live;
    subscription.created = now();
    subscription.metadata = session.metadata;
    subscription.items = {{"si_1", price_of_session.at(session_id), "prod_1", 1, now(), now() + 30 * 86'400}};
    subscription_objects[subscription.id] = subscription;
    session.status = "complete";
    session.payment_status = delayed ? "unpaid" : "paid";
    session.subscription = subscription.id;
    session.url.clear();
    emit("customer.subscription.created", "subscription", subscription.id, subscription.customer);
    emit("checkout.session.completed", "checkout.session", session.id, session.customer);
    if (!delayed) emit("invoice.paid", "invoice", "in_" + session.id, session.customer, subscription.id);
    return subscription.id;
  }
  /// A one-time purchase of which a promotion code leaves nothing to pay: no payment comes of it.
  void pay_nothing(const std::string& session_id) {
    const std::lock_guard lock(mutex_);
    StripeCheckoutSession& session = sessions.at(session_id);
    session.status = "complete";
    session.payment_status = "no_payment_required";
    session.url.clear();
    emit("checkout.session.completed", "checkout.session", session.id, session.customer);
  }
  void settle_delayed(const std::string& session_id, bool paid) {
    const std::lock_guard lock(mutex_);
    StripeCheckoutSession& session = sessions.at(session_id);
    session.payment_status = paid ? "paid" : "unpaid";
    if (!session.subscription.empty()) {
      subscription_objects.at(session.subscription).status = paid ? "active" : "incomplete_expired";
      emit("customer.subscription.updated", "subscription", session.subscription, session.customer);
    }
    emit(paid ? "checkout.session.async_payment_succeeded" : "checkout.session.async_payment_failed",
         "checkout.session", session.id, session.customer);
  }
  void set_status(const std::string& id, const std::string& status, std::int64_t period_end = 0) {
    const std::lock_guard lock(mutex_);
    StripeSubscription& subscription = subscription_objects.at(id);
    subscription.status = status;
    if (period_end != 0) subscription.items.at(0).period_end = period_end;
    emit(status == "canceled" ? "customer.subscription.deleted" : "customer.subscription.updated", "subscription", id,
         subscription.customer);
  }
  void refund(const std::string& payment_intent) {
    const std::lock_guard lock(mutex_);
    payments.at(payment_intent).refunded = true;
    emit("charge.refunded", "charge", "ch_" + payment_intent, payments.at(payment_intent).customer, {}, payment_intent);
  }
  void dispute(const std::string& payment_intent, bool lasting) {
    const std::lock_guard lock(mutex_);
    payments.at(payment_intent).disputed = lasting;
    emit(lasting ? "charge.dispute.created" : "charge.dispute.closed", "dispute", "dp_1", {}, {}, payment_intent);
  }
  void expire_now(const std::string& session_id) {
    const std::lock_guard lock(mutex_);
    expire(sessions.at(session_id));
  }
  void emit(const std::string& type, const std::string& object, const std::string& id, const std::string& customer,
            const std::string& subscription = {}, const std::string& payment_intent = {}) {
    StripeEvent event;
    event.id = "evt_" + std::to_string(++last_id_);
    event.type = type;
    event.created = now();
    event.livemode = live;
    event.object = object;
    event.object_id = id;
    event.customer = customer;
    event.subscription = subscription;
    const std::string paid_by = payment_intent.empty() ? "" : R"(,"payment_intent":")" + payment_intent + '"';
    const std::string parent =
        subscription.empty() ? "" : R"(,"parent":{"subscription_details":{"subscription":")" + subscription + R"("}})";
    const std::string owner = customer.empty() ? "" : R"(,"customer":")" + customer + '"';
    event.payload = R"({"id":")" + event.id + R"(","object":"event","type":")" + type + R"(","created":)" +
                    std::to_string(event.created) + R"(,"livemode":)" + (live ? "true" : "false") +
                    R"(,"data":{"object":{"id":")" + id + R"(","object":")" + object + '"' + owner + parent + paid_by +
                    "}}}";
    event_log.push_back(event);
    if (object == "charge" || object == "dispute" || object == "invoice")
      reference_objects[id] = StripeReferences{customer, subscription, payment_intent};
  }
  /// The thin event that goes with a snapshot, as Stripe sends it to another destination.
  static std::string thin(const StripeEvent& snapshot, const std::string& id) {
    return R"({"id":")" + id + R"(","object":"v2.core.event","type":"v1.)" + snapshot.type +
           R"(","created":"2026-11-01T10:00:00.000Z","livemode":)" + (snapshot.livemode ? "true" : "false") +
           R"(,"snapshot_event":")" + snapshot.id + R"(","related_object":{"id":")" + snapshot.object_id +
           R"(","type":")" + snapshot.object + R"(","url":"https://evil.example/steal"}})";
  }
  int open_sessions() {
    const std::lock_guard lock(mutex_);
    int count = 0;
    for (auto& [id, session] : sessions) {
      lapse(session);
      count += session.status == "open" ? 1 : 0;
    }
    return count;
  }

  static std::map<std::string, std::string> decode(const std::string& form) {
    std::map<std::string, std::string> out;
    for (std::size_t start = 0; start < form.size();) {
      const auto end = std::min(form.find('&', start), form.size());
      const std::string pair = form.substr(start, end - start);
      const auto equals = pair.find('=');
      out[unescape(pair.substr(0, equals))] = unescape(pair.substr(equals + 1));
      start = end + 1;
    }
    return out;
  }

 private:
  static std::string unescape(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        out.push_back(text[i]);
      } else {
        out += hex_decode(text.substr(i + 1, 2)).value();
        i += 2;
      }
    }
    return out;
  }
  static StripeError refusal(const std::string& code, const std::string& param) {
    StripeError out;
    out.cause = StripeCause::invalid_request;
    out.status = 400;
    out.code = code;
    out.param = param;
    return out;
  }
  std::int64_t now() const { return unix_seconds(clock_.now()); }
  void expire(StripeCheckoutSession& session) {
    session.status = "expired";
    session.url.clear();
    emit("checkout.session.expired", "checkout.session", session.id, session.customer);
  }
  void lapse(StripeCheckoutSession& session) {
    if (session.status == "open" && now() >= session.expires_at) expire(session);
  }
  /// The id made under the key before, or nothing.
  StripeResult<std::string> replay(const std::string& key, const std::string& form) {
    const auto known = keys_.find(key);
    if (known == keys_.end()) return std::string();
    if (known->second.first == form) return known->second.second;
    StripeError out;
    out.cause = StripeCause::idempotency;
    out.status = 400;
    return out;
  }
  void remember(const std::string& key, const std::string& form, const std::string& id) { keys_[key] = {form, id}; }

  template <class T, class F>
  StripeResult<T> run(const std::string& name, const std::string& key, F&& body) {
    on_call(name);
    const std::lock_guard lock(mutex_);
    ++calls[name];
    const Fault wanted = fault(name);
    StripeError lost;
    lost.cause = StripeCause::connection;
    lost.never_sent = wanted == Fault::unreached;
    if (wanted == Fault::kept || wanted == Fault::declined) {
      StripeError failure;
      failure.cause = wanted == Fault::kept ? StripeCause::api : StripeCause::card;
      failure.status = wanted == Fault::kept ? 500 : 402;
      kept_failures_.emplace(key, failure);
      if (key.empty()) return failure;
    }
    if (const auto kept = kept_failures_.find(key); !key.empty() && kept != kept_failures_.end()) return kept->second;
    if (wanted == Fault::before || wanted == Fault::unreached) return lost;
    StripeResult<T> out = body();
    if (wanted == Fault::after) return lost;
    return out;
  }

  const Clock& clock_;
  std::mutex mutex_;
  int last_id_ = 0;
  std::map<std::string, std::pair<std::string, std::string>> keys_;
  std::map<std::string, StripeError> kept_failures_;
  /// Sessions as they were answered at first: what a replay repeats.
  std::map<std::string, StripeCheckoutSession> created_;
};

}  // namespace leanmcp::detail
