#include <leanmcp/sandbox/webhook_sender.hpp>

#include <leanmcp/payments/webhook.hpp>

#include <algorithm>

namespace leanmcp::inline v0::sandbox {

void WebhookSender::send(std::vector<std::string> events) {
  if (options_.url.empty() || stopped_) return;
  for (std::string& event : events) {
    if (holding_) {
      held_.push_back(std::move(event));
    } else {
      attempt(std::make_shared<const std::string>(std::move(event)), 1);
    }
  }
}

void WebhookSender::release(bool reversed, std::size_t copies) {
  holding_ = false;
  std::deque<std::string> events;
  events.swap(held_);
  if (reversed) std::reverse(events.begin(), events.end());
  for (std::string& event : events) {
    const auto shared = std::make_shared<const std::string>(std::move(event));
    for (std::size_t i = 0; i < copies; ++i) attempt(shared, 1);
  }
}

void WebhookSender::attempt(std::shared_ptr<const std::string> event, int number) {
  if (stopped_) return;
  ClientRequest request("POST", options_.url);
  request.body = *event;
  // Signed anew for each attempt, as the time is part of it.
  request.headers = {{"Content-Type", "application/json"},
                     {"Stripe-Signature", sign_webhook(*event, options_.secret, SystemClock().now())}};
  request.total_timeout = std::chrono::seconds(20);
  post_(std::move(request), [self = weak_from_this(), event, number, &executor = executor_](int status) {
    executor.post([self, event, number, status] {
      if (const auto sender = self.lock()) sender->finished(event, number, status);
    });
  });
}

void WebhookSender::finished(std::shared_ptr<const std::string> event, int number, int status) {
  if ((status >= 200 && status < 300) || stopped_) return;
  const std::string code = std::to_string(status);
  if (number >= options_.attempts) {
    options_.log.warning("sandbox: webhook given up", {{"status", code}});
    return;
  }
  if (number == 1) options_.log.info("sandbox: webhook not taken yet, trying again", {{"status", code}});
  const auto delay = std::min(options_.longest_delay, options_.first_delay * (1 << std::min(number - 1, 16)));
  executor_.start_timer(delay, [self = weak_from_this(), event, number] {
    if (const auto sender = self.lock()) sender->attempt(event, number + 1);
  });
}

}  // namespace leanmcp::inline v0::sandbox
