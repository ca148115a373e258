#pragma once

#include <leanmcp/base/secret.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/payments/stripe_api.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// The API version that the library is written against; sent with every request.
inline constexpr std::string_view stripe_api_version = "2026-10-28.endive";
/// How every key of our local sandbox begins, and no key of Stripe does.
inline constexpr std::string_view stripe_sandbox_key = "sk_test_sandbox";

struct StripeClientOptions {
  /// `sk_…`, or better a restricted `rk_…` key.
  Secret secret_key;
  std::string api_base = "https://api.stripe.com";
  std::string api_version{stripe_api_version};
  /// `Stripe-Account`, to act for a connected account; empty for one's own.
  std::string account;
  /// Attempts after the first; the same idempotency key goes with all of them.
  int max_retries = 2;
  std::chrono::milliseconds timeout{80'000};
  std::chrono::milliseconds first_retry_delay{500};
  std::chrono::milliseconds longest_retry_delay{5'000};
};

/// Whether an answer is to be followed by another attempt, as stripe-node 23 decides it. `status` is 0 when there was
/// no answer; `should_retry` is the header `Stripe-Should-Retry`, which goes first; `attempt` is 1 for the first.
bool stripe_should_retry(int status, std::string_view should_retry, int attempt, int max_retries) noexcept;

/// The wait after attempt `attempt` (1, 2, …): max(first, min(first·2^(attempt-1), longest)·u), u in [0.5, 1].
std::chrono::milliseconds stripe_retry_delay(int attempt, double u, std::chrono::milliseconds first,
                                             std::chrono::milliseconds longest) noexcept;

/// Stripe's API over HTTP. Blocking and thread-safe; call it on a worker thread. The key goes into the Authorization
/// header and nowhere else.
class StripeClient final : public StripeApi {
 public:
  /// One HTTP exchange. `HttpClient::fetch` in earnest, a script in tests.
  using Exchange = std::function<HttpClient::Outcome(ClientRequest)>;
  using Sleep = std::function<void(std::chrono::milliseconds)>;

  /// Refused, with a message that names the option: a key that is no secret or restricted Stripe key; a live key with
  /// an `api_base` that is loopback or not https; plain http to anything but loopback; a key of the sandbox with an
  /// `api_base` that is not loopback.
  static Result<std::shared_ptr<StripeClient>> create(StripeClientOptions options, std::shared_ptr<HttpClient> http);
  static Result<std::shared_ptr<StripeClient>> create(StripeClientOptions options, Exchange exchange, Sleep sleep);
  ~StripeClient() override;

  bool livemode() const noexcept override;
  std::string_view mode() const noexcept override;
  std::string_view account() const noexcept override;
  StripeResult<StripeCustomer> create_customer(const std::string& form, const std::string& idempotency_key) override;
  StripeResult<StripeCheckoutSession> create_checkout_session(const std::string& form,
                                                              const std::string& idempotency_key) override;
  StripeResult<StripeCheckoutSession> checkout_session(const std::string& id) override;
  StripeResult<StripeCheckoutSession> expire_checkout_session(const std::string& id) override;
  StripeResult<StripeList<StripeSubscription>> subscriptions_of(const std::string& customer,
                                                                const std::string& starting_after) override;
  StripeResult<StripeSubscription> subscription(const std::string& id) override;
  StripeResult<StripeList<StripeEvent>> events(const StripeEventQuery& query) override;
  StripeResult<StripeSubscription> update_subscription(const std::string& id, const std::string& form,
                                                       const std::string& idempotency_key) override;
  StripeResult<StripePrice> price(const std::string& id, std::chrono::milliseconds at_most) override;
  StripeResult<StripePayment> payment(const std::string& id) override;
  StripeResult<StripeReferences> references(const std::string& object, const std::string& id) override;
  StripeResult<void> create_meter_event(const std::string& form, const std::string& idempotency_key) override;
  StripeResult<StripePortalSession> create_portal_session(const std::string& form) override;

  /// Any other call of the v1 API: the body of a 2xx answer, JSON text. `path` begins with `/v1/` and holds no query;
  /// for GET and DELETE the form goes into the query. An empty idempotency key means a random one for POST.
  StripeResult<std::string> call(const std::string& method, const std::string& path, const std::string& form,
                                 const std::string& idempotency_key = {});

 private:
  struct Impl;
  struct Patience {
    int retries;
    std::chrono::milliseconds timeout;
  };
  StripeResult<std::string> call(const std::string& method, const std::string& path, const std::string& form,
                                 const std::string& idempotency_key, Patience patience);
  explicit StripeClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace leanmcp::inline v0
