#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/payments/stripe_types.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Why Stripe did not do what was asked; one enumerator per kind of answer.
enum class StripeCause {
  /// 400, 404 and the like: the request is wrong, or the object does not exist (code `resource_missing`).
  invalid_request,
  /// 401: the key is wrong or revoked.
  authentication,
  /// 402
  card,
  /// 403: the (restricted) key may not do this.
  permission,
  /// 429
  rate_limit,
  /// The idempotency key was used before with other parameters.
  idempotency,
  /// 409 and 5xx, after the retries.
  api,
  /// No answer: not reached, or the connection broke. Whether the request took effect is unknown.
  connection,
  timeout,
  /// An answer that is not what the API documents.
  bad_answer,
  /// Not sent: the arguments cannot be right.
  refused,
};

std::string_view to_string(StripeCause cause) noexcept;

struct StripeError {
  StripeCause cause = StripeCause::api;
  int status = 0;
  /// Stripe's machine-readable words, e.g. `resource_missing`; empty when it sent none.
  std::string code;
  std::string decline_code;
  /// Which parameter is wrong.
  std::string param;
  /// Stripe's text, for logs. Stripe masks keys in it; nothing of ours is in it.
  std::string message;
  /// To quote to Stripe's support.
  std::string request_id;
  /// No attempt got as far as a connection: the request surely took no effect.
  bool never_sent = false;

  /// Trying again later may help.
  bool retryable() const noexcept {
    return cause == StripeCause::rate_limit || cause == StripeCause::api || cause == StripeCause::connection ||
           cause == StripeCause::timeout;
  }
  /// Stripe keeps the first answer under an idempotency key once the request began to be executed, failures of its own
  /// included: the same key gives this one again.
  bool remembered() const noexcept { return status >= 500; }
  bool missing() const noexcept { return code == "resource_missing"; }
  /// One line with cause, status, code, parameter, message and request id.
  std::string describe() const;
};

template <class T>
using StripeResult = Result<T, StripeError>;

struct StripeEventQuery {
  /// Only events created at or after this; Unix seconds. Stripe keeps 30 days.
  std::int64_t created_from = 0;
  /// Only events created at or before this; 0 for no limit.
  std::int64_t created_to = 0;
  /// At most 20 event types; empty for all.
  std::vector<std::string> types;
  /// The last event of the page before; empty for the newest.
  std::string starting_after;
  int limit = 100;
};

/// What the billing code asks of Stripe. The real one is StripeClient; tests script their own. Functions block and
/// are called from several threads at once. Request bodies are encoded with `stripe_form`.
class StripeApi {
 public:
  virtual ~StripeApi() = default;

  /// Whether the key is a live one: objects of the other mode are not ours.
  virtual bool livemode() const noexcept = 0;
  /// Which Stripe that is, in a word that stays the same: a database that holds one's purchases serves no other.
  /// `live`, `test`; `sandbox` for the local one.
  virtual std::string_view mode() const noexcept { return livemode() ? "live" : "test"; }

  /// The connected account that requests act for; empty for one's own.
  virtual std::string_view account() const noexcept { return {}; }

  /// POST /v1/customers
  virtual StripeResult<StripeCustomer> create_customer(const std::string& form, const std::string& idempotency_key) = 0;
  /// POST /v1/checkout/sessions
  virtual StripeResult<StripeCheckoutSession> create_checkout_session(const std::string& form,
                                                                      const std::string& idempotency_key) = 0;
  /// GET /v1/checkout/sessions/{id}
  virtual StripeResult<StripeCheckoutSession> checkout_session(const std::string& id) = 0;
  /// POST /v1/checkout/sessions/{id}/expire; an error when the session is not open any more.
  virtual StripeResult<StripeCheckoutSession> expire_checkout_session(const std::string& id) = 0;
  /// GET /v1/subscriptions?customer=…&status=all, 100 from behind `starting_after` (empty for the newest): a listing is
  /// current, unlike Search.
  virtual StripeResult<StripeList<StripeSubscription>> subscriptions_of(const std::string& customer,
                                                                        const std::string& starting_after) = 0;
  /// GET /v1/subscriptions/{id}
  virtual StripeResult<StripeSubscription> subscription(const std::string& id) = 0;
  /// GET /v1/events, newest first.
  virtual StripeResult<StripeList<StripeEvent>> events(const StripeEventQuery& query) = 0;
  /// POST /v1/subscriptions/{id}: another plan, an end with the period, or none.
  virtual StripeResult<StripeSubscription> update_subscription(const std::string& id, const std::string& form,
                                                               const std::string& idempotency_key) = 0;
  /// GET /v1/prices/{id}, once and for no longer than `at_most`: prices are shown by servers that are starting.
  virtual StripeResult<StripePrice> price(const std::string& id, std::chrono::milliseconds at_most) = 0;
  /// GET /v1/payment_intents/{id} with its charge, and its disputes where there are any.
  virtual StripeResult<StripePayment> payment(const std::string& id) = 0;
  /// GET /v1/charges/{id}, /v1/disputes/{id} or /v1/invoices/{id}, by the `object`'s name: what it belongs to.
  virtual StripeResult<StripeReferences> references(const std::string& object, const std::string& id) = 0;
  /// POST /v1/billing/meter_events; an identifier that Stripe knows already is a success.
  virtual StripeResult<void> create_meter_event(const std::string& form, const std::string& idempotency_key) = 0;
  /// POST /v1/billing_portal/sessions
  virtual StripeResult<StripePortalSession> create_portal_session(const std::string& form) = 0;
};

}  // namespace leanmcp::inline v0
