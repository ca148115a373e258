#include <leanmcp/payments/stripe_client.hpp>

#include <gtest/gtest.h>

#include <deque>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

/// A Stripe that answers from a list and remembers what it was sent.
struct Script {
  std::deque<HttpClient::Outcome> answers;
  std::vector<ClientRequest> requests;
  std::vector<std::chrono::milliseconds> sleeps;

  std::shared_ptr<StripeClient> client(StripeClientOptions options = {}) {
    if (options.secret_key.empty()) options.secret_key = Secret("sk_test_123");
    auto made = StripeClient::create(
        std::move(options),
        [this](ClientRequest request) -> HttpClient::Outcome {
          requests.push_back(std::move(request));
          if (answers.empty()) return HttpClientFault{HttpClientCause::cannot_connect, "no more answers"};
          HttpClient::Outcome answer = std::move(answers.front());
          answers.pop_front();
          return answer;
        },
        [this](std::chrono::milliseconds delay) { sleeps.push_back(delay); });
    EXPECT_TRUE(made);
    return *made;
  }
  void answer(int status, std::string body, HttpFields headers = {}) {
    ClientResponse response;
    response.status = status;
    response.headers = std::move(headers);
    response.body = std::move(body);
    answers.emplace_back(std::move(response));
  }
  std::string header(std::size_t request, const std::string& name) const {
    for (const auto& [key, value] : requests.at(request).headers)
      if (key == name) return value;
    return "(none)";
  }
};

TEST(StripeClient, SendsWhatStripeExpects) {
  Script script;
  StripeClientOptions options;
  options.secret_key = Secret("rk_test_abc");
  options.account = "acct_1";
  const auto client = script.client(std::move(options));
  script.answer(200, R"({"id":"cs_1","object":"checkout.session","url":"https://pay","status":"open",)"
                     R"("payment_status":"unpaid","customer":"cus_1","metadata":{"flow_id":"f"},"expires_at":7,)"
                     R"("subscription":{"id":"sub_1","object":"subscription"},"livemode":false})");
  const auto session = client->create_checkout_session("mode=subscription", "co-f-1");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->id, "cs_1");
  EXPECT_EQ(session->subscription, "sub_1");
  EXPECT_EQ(session->metadata.at("flow_id"), "f");
  EXPECT_FALSE(session->paid());
  EXPECT_EQ(script.requests[0].method, "POST");
  EXPECT_EQ(script.requests[0].url, "https://api.stripe.com/v1/checkout/sessions");
  EXPECT_EQ(script.requests[0].body, "mode=subscription");
  EXPECT_EQ(script.header(0, "Authorization"), "Bearer rk_test_abc");
  EXPECT_EQ(script.header(0, "Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(script.header(0, "Stripe-Version"), "2026-10-28.endive");
  EXPECT_EQ(script.header(0, "Idempotency-Key"), "co-f-1");
  EXPECT_EQ(script.header(0, "Stripe-Account"), "acct_1");

  script.answer(200, R"({"object":"list","data":[{"id":"evt_1","object":"event","type":"a.b"}],"has_more":true})");
  StripeEventQuery query;
  query.created_from = 5;
  query.types = {"a.b", "c.d"};
  query.starting_after = "evt_0";
  const auto events = client->events(query);
  ASSERT_TRUE(events);
  EXPECT_TRUE(events->has_more);
  EXPECT_EQ(script.requests[1].method, "GET");
  EXPECT_EQ(script.requests[1].url,
            "https://api.stripe.com/v1/events?limit=100&created[gte]=5&types[0]=a.b&types[1]=c.d&starting_after=evt_0");
  EXPECT_EQ(script.requests[1].body, "");
  EXPECT_EQ(script.header(1, "Idempotency-Key"), "(none)");
  EXPECT_EQ(script.header(1, "Content-Type"), "(none)");
}

TEST(StripeClient, PricesAreAskedForOnceAndShortly) {
  Script script;
  const auto client = script.client();
  script.answers.emplace_back(HttpClientFault{HttpClientCause::timeout, "no answer"});
  const auto price = client->price("price_1", 3s);
  ASSERT_FALSE(price);
  EXPECT_EQ(price.error().cause, StripeCause::timeout);
  ASSERT_EQ(script.requests.size(), 1u);
  EXPECT_EQ(script.requests[0].total_timeout, 3s);
  EXPECT_TRUE(script.sleeps.empty());
}

TEST(StripeClient, ReadsPeriodsFromBothPlaces) {
  Script script;
  const auto client = script.client();
  script.answer(200, R"({"id":"sub_1","customer":"cus_1","status":"active","items":{"data":[)"
                     R"({"id":"si_1","price":{"id":"price_1","product":"prod_1"},"current_period_end":9}]}})");
  EXPECT_EQ(client->subscription("sub_1")->items.at(0).period_end, 9);
  script.answer(200, R"({"id":"sub_1","customer":"cus_1","status":"active","current_period_end":8,"items":{"data":[)"
                     R"({"id":"si_1","price":{"id":"price_1"}}]}})");
  EXPECT_EQ(client->subscription("sub_1")->items.at(0).period_end, 8);
}

struct RetryCase {
  int status;
  std::string advice;
  std::size_t attempts;
};

TEST(StripeClient, RetriesLikeTheOfficialClient) {
  const RetryCase cases[] = {
      {200, "", 1},      {200, "true", 3},  {400, "", 1},     {401, "", 1},     {402, "", 1},     {403, "", 1},
      {404, "", 1},      {409, "", 3},      {429, "", 1},     {500, "", 3},     {502, "", 3},     {503, "", 3},
      {409, "false", 1}, {500, "false", 1}, {400, "true", 3}, {402, "true", 3}, {429, "true", 3}, {500, "true", 3},
      {0, "", 3},        {429, "yes", 1},   {500, "yes", 3},
  };
  for (const RetryCase& one : cases) {
    Script script;
    const auto client = script.client();
    for (int i = 0; i < 5; ++i) {
      if (one.status == 0) {
        script.answers.emplace_back(HttpClientFault{HttpClientCause::protocol, "reset"});
      } else {
        HttpFields headers;
        if (!one.advice.empty()) headers.emplace_back("stripe-should-retry", one.advice);
        script.answer(one.status, "{}", headers);
      }
    }
    static_cast<void>(client->call("POST", "/v1/customers", "a=b"));
    EXPECT_EQ(script.requests.size(), one.attempts) << one.status << one.advice;
    for (std::size_t i = 1; i < script.requests.size(); ++i) {
      EXPECT_EQ(script.header(i, "Idempotency-Key"), script.header(0, "Idempotency-Key"));
      EXPECT_TRUE(script.requests[i].fresh_connection);
    }
    EXPECT_EQ(script.sleeps.size(), one.attempts - 1);
  }
}

TEST(StripeClient, KnowsWhenNothingWasSent) {
  const auto fails_by = [](std::vector<HttpClientCause> causes) {
    Script script;
    for (const HttpClientCause cause : causes) script.answers.emplace_back(HttpClientFault{cause, ""});
    const auto made = script.client()->create_meter_event("a=b", "key");
    EXPECT_FALSE(made);
    return made.error().never_sent;
  };
  using Cause = HttpClientCause;
  EXPECT_TRUE(fails_by({Cause::cannot_connect, Cause::cannot_resolve, Cause::cannot_connect}));
  EXPECT_TRUE(fails_by({Cause::tls}));
  EXPECT_FALSE(fails_by({Cause::timeout, Cause::cannot_connect, Cause::cannot_connect}))
      << "the first may have arrived";
  EXPECT_FALSE(fails_by({Cause::cannot_connect, Cause::cannot_connect, Cause::protocol}));
  Script script;
  script.answer(400, R"({"error":{"type":"invalid_request_error"}})");
  EXPECT_FALSE(script.client()->create_meter_event("a=b", "key").error().never_sent);
}

TEST(StripeClient, BacksOff) {
  EXPECT_EQ(stripe_retry_delay(1, 1.0, 500ms, 5s), 500ms);
  EXPECT_EQ(stripe_retry_delay(1, 0.5, 500ms, 5s), 500ms);
  EXPECT_EQ(stripe_retry_delay(2, 0.75, 500ms, 5s), 750ms);
  EXPECT_EQ(stripe_retry_delay(5, 1.0, 500ms, 5s), 5s);
  EXPECT_EQ(stripe_retry_delay(50, 0.5, 500ms, 5s), 2500ms);
}

TEST(StripeClient, TellsErrorsApart) {
  const std::pair<int, StripeCause> cases[] = {{400, StripeCause::invalid_request},
                                               {401, StripeCause::authentication},
                                               {402, StripeCause::card},
                                               {403, StripeCause::permission},
                                               {404, StripeCause::invalid_request},
                                               {409, StripeCause::api},
                                               {429, StripeCause::rate_limit},
                                               {500, StripeCause::api},
                                               {302, StripeCause::api}};
  for (const auto& [status, cause] : cases) {
    Script script;
    StripeClientOptions options;
    options.max_retries = 0;
    const auto client = script.client(std::move(options));
    script.answer(status,
                  R"({"error":{"type":"invalid_request_error","code":"resource_missing","param":"customer",)"
                  R"("message":"No such customer","decline_code":"d"}})",
                  {{"request-id", "req_1"}});
    const auto answer = client->subscription("sub_1");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().cause, cause) << status;
    EXPECT_EQ(answer.error().status, status);
    EXPECT_EQ(answer.error().request_id, "req_1");
    EXPECT_EQ(answer.error().param, "customer");
    EXPECT_TRUE(answer.error().missing());
    EXPECT_NE(answer.error().describe().find("req_1"), std::string::npos);
  }
  Script script;
  const auto client = script.client();
  script.answer(400, R"({"error":{"type":"idempotency_error"}})");
  EXPECT_EQ(client->subscription("sub_1").error().cause, StripeCause::idempotency);
  script.answer(400, "<html>");
  EXPECT_EQ(client->subscription("sub_1").error().cause, StripeCause::invalid_request);
  for (const std::string body : {"", "[]", "{}", "{\"id\":3}", "nonsense"}) {
    script.answer(200, body);
    EXPECT_EQ(client->subscription("sub_1").error().cause, StripeCause::bad_answer) << body;
    script.answer(200, body);
    EXPECT_EQ(client->subscriptions_of("cus_1", {}).error().cause, StripeCause::bad_answer) << body;
  }
  script.answers.emplace_back(HttpClientFault{HttpClientCause::tls, "certificate"});
  const auto tls = client->subscription("sub_1");
  EXPECT_EQ(tls.error().cause, StripeCause::connection);
}

TEST(StripeClient, RefusesArgumentsThatChangeThePath) {
  Script script;
  const auto client = script.client();
  for (const std::string id : {"", "../x", "sub_1/cancel", "sub_1?x", "sub 1", "s\r\nx", "%2e"}) {
    EXPECT_EQ(client->subscription(id).error().cause, StripeCause::refused) << id;
    EXPECT_EQ(client->checkout_session(id).error().cause, StripeCause::refused) << id;
    EXPECT_EQ(client->expire_checkout_session(id).error().cause, StripeCause::refused) << id;
    EXPECT_EQ(client->subscriptions_of(id, {}).error().cause, StripeCause::refused) << id;
  }
  EXPECT_EQ(client->call("PUT", "/v1/x", "").error().cause, StripeCause::refused);
  EXPECT_EQ(client->call("GET", "/v2/x", "").error().cause, StripeCause::refused);
  EXPECT_EQ(client->call("GET", "/v1/../v2", "").error().cause, StripeCause::refused);
  EXPECT_EQ(client->call("POST", "/v1/x", "", "a\r\nb").error().cause, StripeCause::refused);
  EXPECT_EQ(client->call("POST", "/v1/x", "", std::string(256, 'k')).error().cause, StripeCause::refused);
  EXPECT_TRUE(script.requests.empty());
}

std::string refusal(const std::string& key, const std::string& base) {
  StripeClientOptions options;
  options.secret_key = Secret(key);
  options.api_base = base;
  const auto client = StripeClient::create(
      std::move(options),
      [](ClientRequest) -> HttpClient::Outcome {
        return HttpClientFault{HttpClientCause::protocol, {}};
      },
      [](std::chrono::milliseconds) {});
  if (client) return std::string((*client)->mode());
  EXPECT_EQ(client.error().message().find(key.empty() ? "\x01" : key), std::string::npos);
  return client.error().message();
}

TEST(StripeClient, NeverMixesLiveTestAndSandbox) {
  const std::string stripe = "https://api.stripe.com";
  EXPECT_EQ(refusal("sk_live_abc", stripe), "live");
  EXPECT_EQ(refusal("rk_live_abc", stripe), "live");
  EXPECT_EQ(refusal("sk_test_abc", stripe), "test");
  EXPECT_EQ(refusal("sk_test_abc", "http://127.0.0.1:12111"), "test");
  EXPECT_EQ(refusal("sk_test_sandbox1", "http://localhost:1"), "sandbox");
  EXPECT_EQ(refusal("sk_test_sandbox1", "http://[::1]:1"), "sandbox");
  for (const std::string base :
       {"http://127.0.0.1:12111", "https://127.0.0.1:12111", "https://localhost", "http://[::1]:1", "https://[::1]"})
    EXPECT_NE(refusal("sk_live_abc", base).find("live key"), std::string::npos) << base;
  EXPECT_NE(refusal("sk_test_sandbox1", stripe).find("sandbox"), std::string::npos);
  for (const std::string key : {"", "pk_test_abc", "sk_abc", "sk_live_\r\nx", "whsec_x", "sk_test_a b"})
    EXPECT_NE(refusal(key, stripe).find("secret_key"), std::string::npos) << key;
  for (const std::string base : {"", "api.stripe.com", "http://api.stripe.com", "https://api.stripe.com/",
                                 "https://a@b", "https://", "ftp://x", "https://x?y"})
    EXPECT_NE(refusal("sk_test_abc", base).find("api_base"), std::string::npos) << base;
}

}  // namespace
}  // namespace leanmcp
