#include <leanmcp/payments/stripe_client.hpp>

#include <leanmcp/base/random.hpp>
#include <leanmcp/http/client_address.hpp>
#include <leanmcp/payments/stripe_form.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <thread>

namespace leanmcp::inline v0 {
namespace {

namespace json = boost::json;

constexpr std::size_t max_answer_bytes = 16 * 1024 * 1024;
constexpr std::size_t max_message_bytes = 500;

bool is_word(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool is_id(std::string_view text) noexcept { return text.size() <= 255 && is_word(text); }

bool is_printable(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

struct Base {
  bool https = false;
  bool loopback = false;
};

/// `https://host[:port]`, nothing after it.
std::optional<Base> parse_base(std::string_view url) {
  Base out;
  if (url.starts_with("https://")) {
    out.https = true;
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    url.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  if (url.empty() || url.find_first_of("/?#@\\") != std::string_view::npos || !is_printable(url)) return std::nullopt;
  const auto colon = url.rfind(':');
  const auto bracket = url.rfind(']');
  const bool port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  out.loopback = detail::is_loopback_host(port ? url.substr(0, colon) : url);
  return out;
}

std::string first_fault(const StripeClientOptions& options) {
  const std::string_view key = options.secret_key.reveal();
  const bool live = key.starts_with("sk_live_") || key.starts_with("rk_live_");
  const bool test = key.starts_with("sk_test_") || key.starts_with("rk_test_");
  if (!is_word(key) || key.size() > 255 || (!live && !test))
    return "secret_key: not a secret (sk_…) or restricted (rk_…) Stripe key";
  const auto base = parse_base(options.api_base);
  if (!base) return "api_base: expected https://host[:port]";
  if (!base->https && !base->loopback) return "api_base: plain http only to a loopback address";
  if (live && (base->loopback || !base->https)) return "secret_key: a live key is for https and never for loopback";
  if (key.starts_with(stripe_sandbox_key) && !base->loopback)
    return "secret_key: a key of the local sandbox works with the local sandbox only";
  if (!is_printable(options.api_version) || options.api_version.empty()) return "api_version: malformed";
  if (!options.account.empty() && !is_id(options.account)) return "account: malformed";
  if (options.max_retries < 0 || options.max_retries > 10) return "max_retries: expected 0 to 10";
  return {};
}

StripeCause cause_of(int status, std::string_view type) noexcept {
  if (type == "idempotency_error") return StripeCause::idempotency;
  switch (status) {
    case 401:
      return StripeCause::authentication;
    case 402:
      return StripeCause::card;
    case 403:
      return StripeCause::permission;
    case 429:
      return StripeCause::rate_limit;
    default:
      break;
  }
  return status >= 400 && status < 500 && status != 409 ? StripeCause::invalid_request : StripeCause::api;
}

std::string word(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  const json::string* const text = value ? value->if_string() : nullptr;
  return text ? std::string(text->subview(0, max_message_bytes)) : std::string();
}

StripeError error_of(const ClientResponse& response) {
  StripeError out;
  out.status = response.status;
  out.request_id = std::string(response.header("request-id").substr(0, 100));
  boost::system::error_code fault;
  const json::value body = json::parse(response.body, fault);
  const json::object* const top = fault ? nullptr : body.if_object();
  const json::value* const inner = top ? top->if_contains("error") : nullptr;
  const json::object* const error = inner ? inner->if_object() : nullptr;
  out.cause = cause_of(response.status, error ? word(*error, "type") : std::string());
  if (!error) return out;
  out.code = word(*error, "code");
  out.decline_code = word(*error, "decline_code");
  out.param = word(*error, "param");
  out.message = word(*error, "message");
  return out;
}

StripeError error_of(const HttpClientFault& fault) {
  StripeError out;
  switch (fault.cause) {
    case HttpClientCause::timeout:
      out.cause = StripeCause::timeout;
      break;
    case HttpClientCause::too_large:
      out.cause = StripeCause::bad_answer;
      break;
    case HttpClientCause::refused_url:
    case HttpClientCause::refused_header:
      out.cause = StripeCause::refused;
      break;
    default:
      out.cause = StripeCause::connection;
      break;
  }
  out.message = std::string(to_string(fault.cause)) + ": " + fault.detail;
  return out;
}

bool may_retry(HttpClientCause cause) noexcept {
  return cause == HttpClientCause::cannot_resolve || cause == HttpClientCause::cannot_connect ||
         cause == HttpClientCause::timeout || cause == HttpClientCause::protocol;
}

/// Nothing was sent: there was no connection to send it on.
bool not_reached(const HttpClient::Outcome& outcome) noexcept {
  if (outcome) return false;
  const HttpClientCause cause = outcome.error().cause;
  return cause == HttpClientCause::cannot_resolve || cause == HttpClientCause::cannot_connect ||
         cause == HttpClientCause::tls;
}

StripeError refused(std::string why) {
  StripeError out;
  out.cause = StripeCause::refused;
  out.message = std::move(why);
  return out;
}

StripeError bad_answer() {
  StripeError out;
  out.cause = StripeCause::bad_answer;
  out.message = "the answer is not the JSON that was expected";
  return out;
}

double unit_random() {
  unsigned char bytes[4];
  random_bytes(bytes);
  return (bytes[0] << 16 | bytes[1] << 8 | bytes[2]) / 16777215.0;
}

}  // namespace

bool stripe_should_retry(int status, std::string_view should_retry, int attempt, int max_retries) noexcept {
  if (attempt > max_retries) return false;
  if (status == 0) return true;
  if (should_retry == "false") return false;
  if (should_retry == "true") return true;
  return status == 409 || status >= 500;
}

std::chrono::milliseconds stripe_retry_delay(int attempt, double u, std::chrono::milliseconds first,
                                             std::chrono::milliseconds longest) noexcept {
  const double base = static_cast<double>(first.count());
  const double grown = std::min(base * std::pow(2.0, attempt - 1), static_cast<double>(longest.count()));
  return std::chrono::milliseconds(std::llround(std::max(base, grown * u)));
}

struct StripeClient::Impl {
  StripeClientOptions options;
  Exchange exchange;
  Sleep sleep;
  bool livemode = false;
  bool sandbox = false;
};

StripeClient::StripeClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StripeClient::~StripeClient() = default;

Result<std::shared_ptr<StripeClient>> StripeClient::create(StripeClientOptions options,
                                                           std::shared_ptr<HttpClient> http) {
  if (!http) return Error("StripeClient needs an HttpClient");
  auto exchange = [http = std::move(http)](ClientRequest request) { return http->fetch(std::move(request)); };
  return create(std::move(options), std::move(exchange),
                [](std::chrono::milliseconds delay) { std::this_thread::sleep_for(delay); });
}

Result<std::shared_ptr<StripeClient>> StripeClient::create(StripeClientOptions options, Exchange exchange,
                                                           Sleep sleep) {
  if (const std::string fault = first_fault(options); !fault.empty()) return Error("Stripe: " + fault);
  auto impl = std::make_unique<Impl>();
  impl->livemode = options.secret_key.reveal().substr(2).starts_with("_live_");
  impl->sandbox = options.secret_key.reveal().starts_with(stripe_sandbox_key);
  impl->options = std::move(options);
  impl->exchange = std::move(exchange);
  impl->sleep = std::move(sleep);
  return std::shared_ptr<StripeClient>(new StripeClient(std::move(impl)));
}

bool StripeClient::livemode() const noexcept { return impl_->livemode; }

std::string_view StripeClient::mode() const noexcept { return impl_->sandbox ? "sandbox" : StripeApi::mode(); }

std::string_view StripeClient::account() const noexcept { return impl_->options.account; }

StripeResult<std::string> StripeClient::call(const std::string& method, const std::string& path,
                                             const std::string& form, const std::string& idempotency_key) {
  return call(method, path, form, idempotency_key, Patience{impl_->options.max_retries, impl_->options.timeout});
}

StripeResult<std::string> StripeClient::call(const std::string& method, const std::string& path,
                                             const std::string& form, const std::string& idempotency_key,
                                             Patience patience) {
  const StripeClientOptions& options = impl_->options;
  const bool post = method == "POST";
  if (!post && method != "GET" && method != "DELETE") return refused("method is not GET, POST or DELETE");
  const bool clean = is_printable(path) && path.find_first_of("?#\\") == std::string::npos;
  if (!path.starts_with("/v1/") || !clean || path.find("/.") != std::string::npos) return refused("path is malformed");
  if (idempotency_key.size() > 255 || !is_printable(idempotency_key)) return refused("idempotency key is malformed");

  ClientRequest request(method, options.api_base + path);
  request.headers = {{"Accept", "application/json"},
                     {"Authorization", "Bearer " + std::string(options.secret_key.reveal())},
                     {"Stripe-Version", options.api_version}};
  if (!options.account.empty()) request.headers.emplace_back("Stripe-Account", options.account);
  if (post) {
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.headers.emplace_back("Idempotency-Key",
                                 idempotency_key.empty() ? "leanmcp-" + random_id() : idempotency_key);
    request.body = form;
  } else if (!form.empty()) {
    request.url += "?" + form;
  }
  request.total_timeout = patience.timeout;
  request.max_body_bytes = max_answer_bytes;

  bool never_sent = true;
  for (int attempt = 1;; ++attempt) {
    // libcurl sends again by itself when a pooled connection turns out dead; that is for the first attempt only.
    request.fresh_connection = attempt > 1;
    auto outcome = impl_->exchange(request);
    never_sent = never_sent && not_reached(outcome);
    const int status = outcome ? outcome->status : 0;
    const bool candidate = outcome || may_retry(outcome.error().cause);
    const std::string_view advice = outcome ? outcome->header("stripe-should-retry") : std::string_view();
    if (candidate && stripe_should_retry(status, advice, attempt, patience.retries)) {
      impl_->sleep(
          stripe_retry_delay(attempt, 0.5 + unit_random() / 2, options.first_retry_delay, options.longest_retry_delay));
      continue;
    }
    if (!outcome) {
      StripeError error = error_of(outcome.error());
      error.never_sent = never_sent;
      return error;
    }
    if (status < 200 || status >= 300) return error_of(*outcome);
    return std::move(outcome->body);
  }
}

namespace {

template <class T>
StripeResult<T> read(StripeResult<std::string> body, std::optional<T> (*reader)(const json::value&)) {
  if (!body) return body.error();
  boost::system::error_code fault;
  const json::value value = json::parse(*body, fault);
  if (fault) return bad_answer();
  std::optional<T> object = reader(value);
  if (!object) return bad_answer();
  return std::move(*object);
}

template <class T>
StripeResult<StripeList<T>> read_list(StripeResult<std::string> body, std::optional<T> (*reader)(const json::value&)) {
  if (!body) return body.error();
  boost::system::error_code fault;
  const json::value value = json::parse(*body, fault);
  const json::object* const list = fault ? nullptr : value.if_object();
  const json::value* const data = list ? list->if_contains("data") : nullptr;
  if (!data || !data->is_array()) return bad_answer();
  StripeList<T> out;
  for (const json::value& entry : data->get_array()) {
    std::optional<T> object = reader(entry);
    if (!object) return bad_answer();
    out.data.push_back(std::move(*object));
  }
  const json::value* const more = list->if_contains("has_more");
  out.has_more = more && more->is_bool() && more->get_bool();
  return out;
}

}  // namespace

StripeResult<StripeCustomer> StripeClient::create_customer(const std::string& form,
                                                           const std::string& idempotency_key) {
  return read(call("POST", "/v1/customers", form, idempotency_key), &read_stripe_customer);
}

StripeResult<StripeCheckoutSession> StripeClient::create_checkout_session(const std::string& form,
                                                                          const std::string& idempotency_key) {
  return read(call("POST", "/v1/checkout/sessions", form, idempotency_key), &read_stripe_checkout_session);
}

StripeResult<StripeCheckoutSession> StripeClient::checkout_session(const std::string& id) {
  if (!is_id(id)) return refused("malformed checkout session id");
  return read(call("GET", "/v1/checkout/sessions/" + id, {}), &read_stripe_checkout_session);
}

StripeResult<StripeCheckoutSession> StripeClient::expire_checkout_session(const std::string& id) {
  if (!is_id(id)) return refused("malformed checkout session id");
  return read(call("POST", "/v1/checkout/sessions/" + id + "/expire", {}), &read_stripe_checkout_session);
}

StripeResult<StripeList<StripeSubscription>> StripeClient::subscriptions_of(const std::string& customer,
                                                                            const std::string& starting_after) {
  if (!is_id(customer)) return refused("malformed customer id");
  json::object query{{"customer", customer}, {"status", "all"}, {"limit", 100}};
  if (!starting_after.empty()) query["starting_after"] = starting_after;
  return read_list(call("GET", "/v1/subscriptions", stripe_form(query)), &read_stripe_subscription);
}

StripeResult<StripeSubscription> StripeClient::subscription(const std::string& id) {
  if (!is_id(id)) return refused("malformed subscription id");
  return read(call("GET", "/v1/subscriptions/" + id, {}), &read_stripe_subscription);
}

StripeResult<StripeList<StripeEvent>> StripeClient::events(const StripeEventQuery& query) {
  json::object form{{"limit", std::clamp(query.limit, 1, 100)}};
  json::object created;
  if (query.created_from > 0) created["gte"] = query.created_from;
  if (query.created_to > 0) created["lte"] = query.created_to;
  if (!created.empty()) form["created"] = std::move(created);
  if (!query.types.empty()) form["types"] = json::array(query.types.begin(), query.types.end());
  if (!query.starting_after.empty()) form["starting_after"] = query.starting_after;
  return read_list(call("GET", "/v1/events", stripe_form(form)), &read_stripe_event);
}

StripeResult<StripeSubscription> StripeClient::update_subscription(const std::string& id, const std::string& form,
                                                                   const std::string& idempotency_key) {
  if (!is_id(id)) return refused("malformed subscription id");
  return read(call("POST", "/v1/subscriptions/" + id, form, idempotency_key), &read_stripe_subscription);
}

StripeResult<StripePrice> StripeClient::price(const std::string& id, std::chrono::milliseconds at_most) {
  if (!is_id(id)) return refused("malformed price id");
  const Patience once{0, std::min(at_most, impl_->options.timeout)};
  return read(call("GET", "/v1/prices/" + id, {}, {}, once), &read_stripe_price);
}

namespace {

/// One dispute of the payment that is not settled in our favour; a warning takes no money.
std::optional<bool> read_lasting_dispute(const json::value& value) {
  const json::object* const dispute = value.if_object();
  const json::value* const status = dispute ? dispute->if_contains("status") : nullptr;
  if (!status || !status->is_string()) return std::nullopt;
  const std::string_view word(status->get_string());
  return word != "won" && word != "prevented" && !word.starts_with("warning_");
}

}  // namespace

StripeResult<StripePayment> StripeClient::payment(const std::string& id) {
  if (!is_id(id)) return refused("malformed payment id");
  const json::object query{{"expand", json::array{"latest_charge"}}};
  auto payment = read(call("GET", "/v1/payment_intents/" + id, stripe_form(query)), &read_stripe_payment);
  if (!payment || !payment->disputed) return payment;
  const json::object which{{"payment_intent", id}, {"limit", 100}};
  const auto disputes = read_list(call("GET", "/v1/disputes", stripe_form(which)), &read_lasting_dispute);
  if (!disputes) return disputes.error();
  payment->disputed = std::find(disputes->data.begin(), disputes->data.end(), true) != disputes->data.end();
  return payment;
}

StripeResult<StripeReferences> StripeClient::references(const std::string& object, const std::string& id) {
  const bool known = object == "charge" || object == "dispute" || object == "invoice";
  if (!known || !is_id(id)) return refused("malformed id of a charge, dispute or invoice");
  return read(call("GET", "/v1/" + object + "s/" + id, {}), &read_stripe_references);
}

StripeResult<void> StripeClient::create_meter_event(const std::string& form, const std::string& idempotency_key) {
  const auto made = call("POST", "/v1/billing/meter_events", form, idempotency_key);
  if (made) return {};
  const StripeError& fault = made.error();
  // Counted already: the answer to an earlier attempt was lost.
  const bool known = fault.status == 400 && fault.message.find("already exists with identifier") != std::string::npos;
  if (known) return {};
  return fault;
}

StripeResult<StripePortalSession> StripeClient::create_portal_session(const std::string& form) {
  return read(call("POST", "/v1/billing_portal/sessions", form), &read_stripe_portal_session);
}

}  // namespace leanmcp::inline v0
