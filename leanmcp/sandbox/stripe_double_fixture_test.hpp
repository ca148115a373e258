#pragma once

#include <leanmcp/json/fwd.hpp>
#include <leanmcp/payments/billing.hpp>
#include <leanmcp/payments/stripe_client.hpp>
#include <leanmcp/payments/webhook.hpp>
#include <leanmcp/sandbox/stripe_double.hpp>
#include <leanmcp/sandbox/stripe_pages.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <cctype>
#include <memory>
#include <string>

namespace leanmcp::detail {

using namespace std::chrono_literals;
using sandbox::Payment;
using sandbox::StripeDouble;

/// Our client and our billing over the double, without a socket.
class StripeDoubleTest : public testing::Test {
 protected:
  StripeDoubleTest() {
    StripeClientOptions options;
    options.secret_key = Secret("sk_test_sandbox");
    options.api_base = "http://127.0.0.1:4000";
    options.max_retries = 0;
    auto made = StripeClient::create(
        std::move(options), [this](ClientRequest request) { return exchange(request); },
        [](std::chrono::milliseconds) {});
    client = *made;
  }

  HttpClient::Outcome exchange(const ClientRequest& sent) {
    sandbox::Request request;
    request.method = sent.method;
    request.body = sent.body;
    request.path = sent.url.substr(std::string("http://127.0.0.1:4000").size());
    if (const auto mark = request.path.find('?'); mark != std::string::npos) {
      request.query = request.path.substr(mark + 1);
      request.path.resize(mark);
    }
    for (auto [name, value] : sent.headers) {
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      request.headers.emplace_back(name, value);
    }
    const sandbox::Answer answer = stripe.api(request);
    ClientResponse response;
    response.status = answer.status;
    response.body = answer.body;
    for (auto [name, value] : answer.headers) {
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      response.headers.emplace_back(name, value);
    }
    return response;
  }

  json::object post(const std::string& path, const std::string& form, int status = 200, const std::string& key = {}) {
    sandbox::Request request{"POST", path, "", form, {{"authorization", "Bearer sk_test_sandbox"}}};
    if (!key.empty()) request.headers.emplace_back("idempotency-key", key);
    const sandbox::Answer answer = stripe.api(request);
    EXPECT_EQ(answer.status, status) << answer.body;
    return json::parse(answer.body).as_object();
  }
  json::object get(const std::string& path, int status = 200) {
    const sandbox::Answer answer =
        stripe.api(sandbox::Request{"GET", path, "", "", {{"authorization", "Bearer sk_test_sandbox"}}});
    EXPECT_EQ(answer.status, status) << answer.body;
    return json::parse(answer.body).as_object();
  }
  sandbox::Answer page(const std::string& method, const std::string& path, const std::string& body = {}) {
    return sandbox::stripe_page(stripe, sandbox::Request{method, path, "", body, {}}).value();
  }
  std::string new_session(const std::string& more = {}) {
    return std::string(
        post("/v1/checkout/sessions",
             "mode=subscription&line_items[0][price]=price_monthly&line_items[0][quantity]=1&"
             "success_url=https://app.example/ok?s={CHECKOUT_SESSION_ID}&cancel_url=https://app.example/no" +
                 more)
            .at("id")
            .as_string());
  }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  StripeDouble stripe{sandbox::StripeDoubleOptions{"http://127.0.0.1:4000", "sk_test_sandbox"}, clock};
  std::shared_ptr<StripeClient> client;
};

}  // namespace leanmcp::detail
