#include <leanmcp/sandbox/sandbox.hpp>

#include <leanmcp/crypto/public_keys.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/sandbox/webhook_sender.hpp>

#include <leanmcp/base/manual_executor.hpp>

#include <gtest/gtest.h>

namespace leanmcp {
namespace {

using namespace std::chrono_literals;

SandboxOptions free_ports() {
  SandboxOptions options;
  options.identity_port = 0;
  options.stripe_port = 0;
  return options;
}

std::string refusal(const std::function<void(SandboxOptions&)>& change) {
  SandboxOptions options = free_ports();
  change(options);
  const auto sandbox = Sandbox::start(options);
  return sandbox ? std::string() : sandbox.error().message();
}

TEST(Sandbox, ServesOnLoopbackOnly) {
  auto sandbox = Sandbox::start(free_ports());
  ASSERT_TRUE(sandbox) << sandbox.error().message();
  EXPECT_EQ((*sandbox)->identity_url(), (*sandbox)->stripe_url());
  HttpClient client;
  const std::string base = (*sandbox)->identity_url();
  EXPECT_EQ(client.fetch(ClientRequest("GET", base + "/health"))->status, 200);
  EXPECT_EQ(client.fetch(ClientRequest("GET", base + "/nothing"))->status, 404);
  EXPECT_EQ(client.fetch(ClientRequest("GET", base + "/sandbox/style.css"))->header("content-type"),
            "text/css; charset=utf-8");
  const auto keys = client.fetch(ClientRequest("GET", base + "/jwks"));
  EXPECT_TRUE(PublicKeys::parse(keys->body));
  ClientRequest rebound("GET", base + "/token?user=ada");
  rebound.headers = {{"Host", "evil.example"}};
  EXPECT_EQ(client.fetch(rebound)->status, 403);
  rebound.headers = {{"Origin", "https://evil.example"}};
  EXPECT_EQ(client.fetch(rebound)->status, 403);
  EXPECT_EQ(client.fetch(ClientRequest("GET", base + "/token?user=ada"))->body.substr(0, 2), "ey");
  EXPECT_EQ(client.fetch(ClientRequest("POST", base + "/sandbox/token?user=ada"))->status, 200);
}

TEST(Sandbox, PaysAndSignsInAtTwoPorts) {
  SandboxOptions options = free_ports();
  auto probe = Sandbox::start(free_ports());
  ASSERT_TRUE(probe);
  const std::string taken = (*probe)->stripe_url();
  probe->reset();
  options.stripe_port = static_cast<std::uint16_t>(std::stoi(taken.substr(taken.rfind(':') + 1)));
  auto sandbox = Sandbox::start(options);
  ASSERT_TRUE(sandbox) << sandbox.error().message();
  EXPECT_NE((*sandbox)->identity_url(), (*sandbox)->stripe_url());
  HttpClient client;
  EXPECT_EQ(client.fetch(ClientRequest("GET", (*sandbox)->identity_url() + "/token?user=ada"))->status, 200);
  EXPECT_EQ(client.fetch(ClientRequest("GET", (*sandbox)->stripe_url() + "/token?user=ada"))->status, 404);
  EXPECT_EQ(client.fetch(ClientRequest("GET", (*sandbox)->identity_url() + "/v1/customers"))->status, 404);
  EXPECT_EQ(client.fetch(ClientRequest("GET", (*sandbox)->stripe_url() + "/v1/customers"))->status, 401);
}

TEST(Sandbox, RefusesWhatIsReal) {
  EXPECT_EQ(refusal([](SandboxOptions&) {}), "");
  EXPECT_NE(refusal([](SandboxOptions& o) { o.stripe_key = "sk_live_1"; }), "");
  EXPECT_NE(refusal([](SandboxOptions& o) { o.stripe_key = "rk_live_1"; }), "");
  EXPECT_NE(refusal([](SandboxOptions& o) { o.client_secret = "short"; }), "");
  for (const std::string url : {"https://example.com/webhook", "http://127.0.0.1.example.com/", "http://10.0.0.1/",
                                "ftp://127.0.0.1/", "127.0.0.1"})
    EXPECT_NE(refusal([&](SandboxOptions& o) { o.webhook_url = url, o.webhook_secret = "whsec_x"; }), "") << url;
  EXPECT_NE(refusal([](SandboxOptions& o) { o.webhook_url = "http://127.0.0.1:1/"; }), "");
  for (const std::string url : {"http://127.0.0.1:1/x", "http://localhost/x", "http://[::1]:9/x"})
    EXPECT_EQ(refusal([&](SandboxOptions& o) { o.webhook_url = url, o.webhook_secret = "whsec_x"; }), "") << url;
}

class WebhookSenderTest : public testing::Test {
 protected:
  std::shared_ptr<sandbox::WebhookSender> sender(int attempts = 60) {
    sandbox::WebhookSenderOptions options;
    options.url = "http://127.0.0.1:1/";
    options.secret = Secret("whsec_x");
    options.attempts = attempts;
    return std::make_shared<sandbox::WebhookSender>(std::move(options), executor,
                                                    [this](ClientRequest request, std::function<void(int)> done) {
                                                      sent.push_back(request.body);
                                                      done(status);
                                                    });
  }
  ManualExecutor executor;
  std::vector<std::string> sent;
  int status = 200;
};

TEST_F(WebhookSenderTest, TriesAgainUntilTaken) {
  const auto one = sender();
  status = 0;
  one->send({"a"});
  executor.run();
  EXPECT_EQ(sent.size(), 1u);
  executor.advance(1s);
  EXPECT_EQ(sent.size(), 2u);
  executor.advance(1s);
  EXPECT_EQ(sent.size(), 2u);
  executor.advance(1s);
  EXPECT_EQ(sent.size(), 3u);
  status = 200;
  executor.advance(1h);
  EXPECT_EQ(sent.size(), 4u);
}

TEST_F(WebhookSenderTest, GivesUpInTheEnd) {
  const auto one = sender(3);
  status = 500;
  one->send({"a"});
  executor.run();
  executor.advance(1h);
  EXPECT_EQ(sent.size(), 3u);
  one->send({"b"});
  executor.run();
  one->stop();
  executor.advance(1h);
  EXPECT_EQ(sent.size(), 4u);
}

TEST_F(WebhookSenderTest, HoldsReordersAndDoubles) {
  const auto one = sender();
  one->hold();
  one->send({"a", "b"});
  one->send({"c"});
  EXPECT_TRUE(sent.empty());
  EXPECT_EQ(one->held(), 3u);
  one->release(true, 2);
  EXPECT_EQ(sent, (std::vector<std::string>{"c", "c", "b", "b", "a", "a"}));
  one->send({"d"});
  EXPECT_EQ(sent.back(), "d");
}

}  // namespace
}  // namespace leanmcp
