#include <leanmcp/payments/webhook.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace leanmcp {
namespace {

constexpr std::int64_t at = 1'700'000'000;
const std::string body = "{\n  \"id\": \"evt_test_webhook\",\n  \"object\": \"event\"\n}";
const std::string good = "4f1cd7feda9826e746b7d482c4badebb657398df1099e1046364f6196a230150";

TimePoint time(std::int64_t seconds) { return TimePoint(std::chrono::milliseconds(seconds * 1000)); }

std::vector<Secret> secrets(std::initializer_list<const char*> texts = {"whsec_test_secret"}) {
  std::vector<Secret> out;
  for (const char* const text : texts) out.emplace_back(text);
  return out;
}

std::string verdict(const std::string& header, std::int64_t now = at, const std::vector<Secret>& keys = secrets(),
                    const std::string& text = body) {
  const auto verified = verify_webhook(text, header, keys, time(now));
  return verified ? "good" : std::string(to_string(verified.error()));
}

TEST(Webhook, KnownAnswer) {
  EXPECT_EQ(sign_webhook(body, Secret("whsec_test_secret"), time(at)), "t=1700000000,v1=" + good);
  EXPECT_EQ(verdict("t=1700000000,v1=" + good), "good");
}

TEST(Webhook, ToleratesFiveMinutesEitherWay) {
  const std::string header = "t=1700000000,v1=" + good;
  EXPECT_EQ(verdict(header, at + 300), "good");
  EXPECT_EQ(verdict(header, at + 301), "too_old");
  EXPECT_EQ(verdict(header, at - 300), "good");
  EXPECT_EQ(verdict(header, at - 301), "in_future");
}

TEST(Webhook, TakesAnySignatureInAnyOrder) {
  const std::string bad(64, '0');
  EXPECT_EQ(verdict("v1=" + good + ",t=1700000000"), "good");
  EXPECT_EQ(verdict("t=1700000000,v1=" + bad + ",v1=" + good + ",v0=" + bad), "good");
  EXPECT_EQ(verdict("t=1,t=1700000000,v1=" + good), "good");
  EXPECT_EQ(verdict("t=1700000000,t=1,v1=" + good), "bad_signature");
  EXPECT_EQ(verdict("t=1700000000,,x,=,v1=" + good), "good");
}

TEST(Webhook, RefusesOddHeaders) {
  std::string upper = good;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(verdict(""), "no_header");
  EXPECT_EQ(verdict("v1=" + good), "bad_header");
  EXPECT_EQ(verdict("t=1700000000"), "no_signature");
  EXPECT_EQ(verdict("t=1700000000,v0=" + good), "no_signature");
  EXPECT_EQ(verdict("t=1700000000, v1=" + good), "no_signature");
  EXPECT_EQ(verdict("t=1700000000,V1=" + good), "no_signature");
  EXPECT_EQ(verdict("t=1700000000,v1=" + upper), "bad_signature");
  EXPECT_EQ(verdict("t=1700000000,v1=" + good + "0"), "bad_signature");
  EXPECT_EQ(verdict("t=1700000000,v1=" + good.substr(1)), "bad_signature");
  EXPECT_EQ(verdict("t=1700000000,v1="), "bad_signature");
  for (const std::string t :
       {"", "x", "-1", "01700000000", "1700000000x", " 1700000000", "1e9", "99999999999999999999"})
    EXPECT_EQ(verdict("t=" + t + ",v1=" + good), "bad_header") << t;
  EXPECT_EQ(verdict("t=1700000000,v1=" + good + std::string(5000, ',')), "too_large");
}

TEST(Webhook, EveryBitOfBodyAndSignatureCounts) {
  for (std::size_t i = 0; i < body.size() * 8; ++i) {
    std::string changed = body;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    EXPECT_EQ(verdict("t=1700000000,v1=" + good, at, secrets(), changed), "bad_signature");
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_EQ(verdict("t=1700000000,v1=" + changed), "bad_signature");
  }
}

TEST(Webhook, RotatesSecrets) {
  const std::string header = "t=1700000000,v1=" + good;
  EXPECT_EQ(verdict(header, at, secrets({"whsec_old", "whsec_test_secret"})), "good");
  EXPECT_EQ(verdict(header, at, secrets({"whsec_old"})), "bad_signature");
  EXPECT_EQ(verdict(header, at, secrets({})), "no_secret");
  EXPECT_EQ(verdict(header, at, secrets({"whsec_test_secret", ""})), "no_secret");
}

Result<StripeEvent, WebhookFault> construct(const std::string& text) {
  const auto keys = secrets();
  return construct_event(text, sign_webhook(text, keys.front(), time(at)), keys, time(at));
}

TEST(Webhook, ReadsSnapshotEvents) {
  const std::string text =
      R"({"id":"evt_1","object":"event","type":"invoice.paid","created":5,"livemode":true,"account":"acct_1",)"
      R"("data":{"object":{"id":"in_1","object":"invoice","customer":{"id":"cus_1"},)"
      R"("parent":{"subscription_details":{"subscription":"sub_1"}}}}})";
  const auto event = construct(text);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->id, "evt_1");
  EXPECT_EQ(event->type, "invoice.paid");
  EXPECT_EQ(event->object, "invoice");
  EXPECT_EQ(event->object_id, "in_1");
  EXPECT_EQ(event->customer, "cus_1");
  EXPECT_EQ(event->subscription, "sub_1");
  EXPECT_EQ(event->account, "acct_1");
  EXPECT_TRUE(event->livemode);
  EXPECT_FALSE(event->thin);
  EXPECT_EQ(event->payload, text);
}

TEST(Webhook, ReadsThinEvents) {
  const auto event =
      construct(R"({"id":"evt_2","object":"v2.core.event","type":"v1.customer.subscription.updated","livemode":false,)"
                R"("created":"2026-01-01T00:00:00Z","snapshot_event":"evt_1",)"
                R"("related_object":{"id":"sub_1","type":"subscription","url":"/v1/subscriptions/sub_1"}})");
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->thin);
  EXPECT_EQ(event->object, "subscription");
  EXPECT_EQ(event->object_id, "sub_1");
  EXPECT_EQ(event->snapshot_event, "evt_1");
}

TEST(Webhook, RefusesWhatIsNoEvent) {
  for (const std::string text : {"", "x", "[]", "{}", "null", R"({"id":"evt_1","object":"event"})",
                                 R"({"id":"evt_1","object":"charge","type":"x"})", R"({"object":"event","type":"x"})",
                                 R"({"id":1,"object":"event","type":"x"})", "{\"id\":\"\xff\"}"}) {
    const auto event = construct(text);
    ASSERT_FALSE(event) << text;
    EXPECT_EQ(event.error(), WebhookFault::bad_payload) << text;
  }
  const std::string deep =
      R"({"id":"e","object":"event","type":"x","data":)" + std::string(200, '[') + std::string(200, ']') + "}";
  EXPECT_FALSE(construct(deep));
  EXPECT_EQ(verdict("t=1700000000,v1=" + good, at, secrets(), std::string(1024 * 1024 + 1, ' ')), "too_large");
}

}  // namespace
}  // namespace leanmcp
