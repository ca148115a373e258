#include <leanmcp/sandbox/stripe_double_fixture_test.hpp>

#include <leanmcp/sandbox/form_text.hpp>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;
using sandbox::Payment;
using sandbox::StripeDouble;

class StripeDoubleTest : public detail::StripeDoubleTest {};

TEST_F(StripeDoubleTest, BillingSellsThroughIt) {
  BillingOptions options;
  options.products = {
      {"premium", {{"monthly", "price_monthly", "Monthly", 0}, {"yearly", "price_yearly", "Yearly", 0}}}};
  options.success_url = "https://app.example/success?session_id={CHECKOUT_SESSION_ID}";
  options.cancel_url = "https://app.example/cancelled";
  options.webhook_secrets = {Secret("whsec_s")};
  options.terms_on_stripe = true;
  auto billing = *Billing::create(*Database::open("sqlite::memory:"), client, clock, options);
  const auto deliver = [&] {
    for (const std::string& event : stripe.take_events()) {
      auto receipt = billing->handle_webhook(event, sign_webhook(event, Secret("whsec_s"), clock->now()));
      ASSERT_TRUE(receipt) << receipt.error().reason;
      EXPECT_EQ(receipt->outcome, WebhookReceipt::Outcome::applied) << event;
    }
  };
  CheckoutRequest request;
  request.principal_key = "oidc|ada";
  request.user_id = "ada";
  request.email = "ada@example.com";
  request.product = "premium";
  request.plan = "monthly";
  auto begun = billing->begin_checkout(request);
  ASSERT_TRUE(begun) << begun.error().detail();
  EXPECT_EQ(begun->url, "http://127.0.0.1:4000/checkout/" + begun->session_id);
  request.plan = "yearly";
  begun = billing->begin_checkout(request);
  ASSERT_TRUE(begun) << begun.error().detail();
  deliver();
  EXPECT_TRUE(stripe.pay(begun->session_id));
  deliver();
  auto entitlement = billing->check("oidc|ada", "premium");
  ASSERT_TRUE(entitlement);
  EXPECT_TRUE(entitlement->allowed);
  EXPECT_EQ(entitlement->plan, "yearly");

  clock->advance(366 * 24h);  // renewed meanwhile
  EXPECT_TRUE(billing->check("oidc|ada", "premium")->allowed);
  const auto listed = client->subscriptions_of(
      std::string(json::parse(*stripe.object("sessions", begun->session_id)).at("customer").as_string()), {});
  ASSERT_EQ(listed->data.size(), 1u);
  EXPECT_TRUE(stripe.cancel(listed->data[0].id, true));
  deliver();
  EXPECT_TRUE(billing->subscription_status("oidc|ada")->cancels_at_period_end);
  clock->advance(366 * 24h);
  EXPECT_FALSE(billing->check("oidc|ada", "premium")->allowed);
  auto sweep = billing->sweep();
  ASSERT_TRUE(sweep) << sweep.error().detail();
  auto portal = billing->portal_url("oidc|ada", "https://app.example/");
  ASSERT_TRUE(portal) << portal.error().detail();
  EXPECT_NE(page("GET", portal->substr(21)).body.find("canceled"), std::string::npos);
}

TEST_F(StripeDoubleTest, RefusesKeys) {
  const auto status = [&](const std::string& key) {
    return stripe.api(sandbox::Request{"GET", "/v1/events", "", "", {{"authorization", "Bearer " + key}}});
  };
  EXPECT_EQ(status("sk_test_sandbox").status, 200);
  EXPECT_EQ(status("sk_test_other").status, 401);
  EXPECT_EQ(status("").status, 401);
  for (const std::string key : {"sk_live_x", "rk_live_x"}) {
    EXPECT_EQ(status(key).status, 401);
    EXPECT_NE(status(key).body.find("refuses live keys"), std::string::npos);
    EXPECT_EQ(status(key).body.find(key), std::string::npos);
  }
  StripeDouble open{sandbox::StripeDoubleOptions{"http://127.0.0.1:4000", ""}, clock};
  EXPECT_EQ(open.api(sandbox::Request{"GET", "/v1/events", "", "", {{"authorization", "Bearer rk_test_a"}}}).status,
            200);
  EXPECT_EQ(open.api(sandbox::Request{"GET", "/v1/events", "", "", {{"authorization", "Bearer sk_live_a"}}}).status,
            401);
}

TEST_F(StripeDoubleTest, KeepsIdempotencyKeys) {
  const auto first = post("/v1/customers", "email=a@example.com", 200, "k1");
  EXPECT_EQ(post("/v1/customers", "email=a@example.com", 200, "k1").at("id"), first.at("id"));
  const auto conflict = post("/v1/customers", "email=b@example.com", 400, "k1");
  EXPECT_EQ(conflict.at("error").at("type").as_string(), "idempotency_error");
  post("/v1/checkout/sessions", "mode=subscription", 400, "k2");
  EXPECT_NE(post("/v1/customers", "", 200, "k2").at("id"), first.at("id"));  // a refusal does not use up the key
}

TEST_F(StripeDoubleTest, ChecksSessionsAsStripeDoes) {
  const std::string good = "mode=subscription&line_items[0][price]=price_m&success_url=https://a/";
  post("/v1/checkout/sessions", good);
  const auto later = [&](int seconds) { return std::to_string(unix_seconds(clock->now()) + seconds); };
  for (const std::string bad : {"&payment_method_types[0]=card", "&customer=cus_none", "&nonsense=1"})
    post("/v1/checkout/sessions", good + bad, 400);
  for (const std::string& bad : {later(1799), later(86'401), std::string("soon")})
    post("/v1/checkout/sessions", good + "&expires_at=" + bad, 400);
  post("/v1/checkout/sessions", good + "&expires_at=" + later(1800));
  post("/v1/checkout/sessions", "mode=subscription&success_url=https://a/", 400);
  post("/v1/checkout/sessions", "mode=subscription&success_url=https://a/&line_items[0][price]=nope", 400);
  post("/v1/checkout/sessions", "mode=subscription&line_items[0][price]=price_m", 400);
  post("/v1/checkout/sessions", good + "&metadata[" + std::string(41, 'k') + "]=v", 400);
  post("/v1/checkout/sessions", good + "&subscription_data[metadata][k]=" + std::string(501, 'v'), 400);
  post("/v1/checkout/sessions", "a[b=1", 400);
  post("/v1/checkout/sessions", "a=%zz", 400);
  post("/v1/nothing", "", 404);
}

TEST_F(StripeDoubleTest, SessionsEndOnce) {
  const std::string paid = new_session();
  EXPECT_TRUE(stripe.pay(paid));
  EXPECT_FALSE(stripe.pay(paid));
  EXPECT_FALSE(stripe.expire(paid));
  post("/v1/checkout/sessions/" + paid + "/expire", "", 400);
  const std::string left = new_session();
  clock->advance(25h);
  EXPECT_FALSE(stripe.pay(left));
  EXPECT_EQ(client->checkout_session(left)->status, "expired");
  const std::string delayed = new_session();
  EXPECT_TRUE(stripe.pay(delayed, Payment::delayed));
  EXPECT_EQ(client->checkout_session(delayed)->payment_status, "unpaid");
  EXPECT_TRUE(stripe.settle(delayed, true));
  EXPECT_FALSE(stripe.settle(delayed, true));
  EXPECT_TRUE(client->checkout_session(delayed)->paid());
}

TEST_F(StripeDoubleTest, TrialsStartFree) {
  const std::string id = new_session("&subscription_data[trial_period_days]=7");
  EXPECT_TRUE(stripe.pay(id));
  const auto session = client->checkout_session(id);
  EXPECT_EQ(session->payment_status, "no_payment_required");
  EXPECT_EQ(client->subscription(session->subscription)->status, "trialing");
  stripe.advance(8 * 24h);
  EXPECT_EQ(client->subscription(session->subscription)->status, "active");
}

TEST_F(StripeDoubleTest, PagesAreForPeople) {
  const std::string id = new_session("&consent_collection[terms_of_service]=required");
  const std::string path = "/checkout/" + id;
  const auto shown = page("GET", path);
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(shown.content_type, "text/html; charset=utf-8");
  EXPECT_NE(shown.body.find("Sandbox"), std::string::npos);
  EXPECT_NE(shown.body.find("$9.99 a month"), std::string::npos);
  EXPECT_EQ(shown.body.find("<script"), std::string::npos);
  EXPECT_EQ(shown.body.find("style="), std::string::npos);
  const auto& policy = shown.headers.at(0).second;
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(policy.find("form-action 'self' https://app.example"), std::string::npos);

  EXPECT_NE(page("POST", path, "action=pay").body.find("agree to the terms"), std::string::npos);
  EXPECT_NE(page("POST", path, "action=decline&terms=yes").body.find("declined"), std::string::npos);
  EXPECT_EQ(page("POST", path, "action=else&terms=yes").status, 402);
  EXPECT_EQ(page("POST", path, "action=cancel").headers.at(0).second, "https://app.example/no");
  EXPECT_EQ(client->checkout_session(id)->status, "open");
  const auto paid = page("POST", path, "action=pay&terms=yes");
  EXPECT_EQ(paid.status, 303);
  EXPECT_EQ(paid.headers.at(0).second, "https://app.example/ok?s=" + id);
  EXPECT_NE(page("GET", path).body.find("Already paid"), std::string::npos);
  EXPECT_EQ(page("GET", "/checkout/cs_none").status, 404);
  EXPECT_FALSE(sandbox::stripe_page(stripe, sandbox::Request{"GET", "/checkout/", "", "", {}}));
  const std::string left = new_session();
  stripe.expire(left);
  EXPECT_EQ(page("GET", "/checkout/" + left).status, 410);
}

TEST_F(StripeDoubleTest, EscapesWhatItShows) {
  const std::string id =
      std::string(post("/v1/checkout/sessions",
                       "mode=subscription&line_items[0][price]=price_m&success_url=https://a/&cancel_url="
                       "https://b/%22%3E%3Cscript%3E;default-src%20*")
                      .at("id")
                      .as_string());
  const auto shown = page("GET", "/checkout/" + id);
  EXPECT_EQ(shown.body.find("<script"), std::string::npos);
  EXPECT_TRUE(shown.headers.at(0).second.ends_with("form-action 'self' https://a https://b"));
  const std::string portal(
      post("/v1/billing_portal/sessions", "customer=" + std::string(post("/v1/customers", "").at("id").as_string()) +
                                              "&return_url=https://a/%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
          .at("id")
          .as_string());
  EXPECT_EQ(page("GET", "/p/session/" + portal).body.find("<script"), std::string::npos);
  EXPECT_NE(page("GET", "/p/session/" + portal).body.find("&lt;script&gt;"), std::string::npos);
}

TEST_F(StripeDoubleTest, ScriptsCanDoAllOfIt) {
  const auto act = [&](const std::string& path, const std::string& query = {}) {
    return sandbox::stripe_control(stripe, sandbox::Request{"POST", path, query, "", {}}).value().status;
  };
  const std::string id = new_session();
  EXPECT_EQ(act("/sandbox/pay/" + id, "delayed=true"), 200);
  EXPECT_EQ(act("/sandbox/settle/" + id, "paid=true"), 200);
  EXPECT_EQ(act("/sandbox/pay/" + id), 409);
  const std::string subscription = client->checkout_session(id)->subscription;
  EXPECT_EQ(act("/sandbox/status/" + subscription, "status=past_due"), 200);
  EXPECT_EQ(act("/sandbox/status/" + subscription, "status=dancing"), 409);
  EXPECT_EQ(act("/sandbox/cancel/" + subscription), 200);
  EXPECT_EQ(act("/sandbox/clock", "advance=86400"), 200);
  EXPECT_EQ(act("/sandbox/clock", "advance=-1"), 409);
  EXPECT_EQ(act("/sandbox/expire/" + new_session()), 200);
  const auto get = sandbox::stripe_control(
      stripe, sandbox::Request{"GET", "/sandbox/object/subscriptions/" + subscription, "", "", {}});
  EXPECT_EQ(json::parse(get->body).at("status").as_string(), "canceled");
  EXPECT_FALSE(sandbox::stripe_control(stripe, sandbox::Request{"GET", "/sandbox/pay/" + id, "", "", {}}));
}

TEST_F(StripeDoubleTest, ListsPageByPage) {
  for (int i = 0; i < 25; ++i) post("/v1/customers", "email=x" + std::to_string(i));
  StripeEventQuery query;
  query.limit = 10;
  std::size_t seen = 0;
  for (int page = 0; page < 5; ++page) {
    const auto events = client->events(query);
    ASSERT_TRUE(events);
    seen += events->data.size();
    if (!events->has_more) break;
    query.starting_after = events->data.back().id;
  }
  EXPECT_EQ(seen, 25u);
  query = StripeEventQuery();
  query.types = {"customer.deleted"};
  EXPECT_TRUE(client->events(query)->data.empty());
}

TEST(FormText, NestsAndRefuses) {
  const auto nest = [](const std::string& text) {
    const auto pairs = sandbox::parse_form(text);
    const auto nested = pairs ? sandbox::nest_form(*pairs) : std::nullopt;
    return nested ? json::serialize(*nested) : std::string("refused");
  };
  EXPECT_EQ(nest("a=1&b[c]=2&d[0]=x&d[1]=y&e[]=p&e[]=q"), R"({"a":"1","b":{"c":"2"},"d":["x","y"],"e":["p","q"]})");
  EXPECT_EQ(nest("l%5B0%5D%5Bp%5D=a+b%20c"), R"({"l":[{"p":"a b c"}]})");
  EXPECT_EQ(nest(""), "{}");
  for (const std::string bad : {"=1", "[a]=1", "a[b=1", "a[b]c=1", "a=1&a=2", "a=1&a[b]=2", "a=%", "a=%g0"})
    EXPECT_EQ(nest(bad), "refused") << bad;
  std::string deep = "a";
  for (int i = 0; i < 10; ++i) deep += "[b]";
  EXPECT_EQ(nest(deep + "=1"), "refused");
  std::string many;
  for (int i = 0; i < 1001; ++i) many += "a" + std::to_string(i) + "=1&";
  EXPECT_EQ(nest(many), "refused");
}

}  // namespace
}  // namespace leanmcp
