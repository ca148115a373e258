#pragma once

#include <leanmcp/base/executor.hpp>
#include <leanmcp/base/log.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/http/client.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0::sandbox {

struct WebhookSenderOptions {
  /// Where to; empty for nowhere.
  std::string url;
  Secret secret;
  std::chrono::milliseconds first_delay{1'000};
  std::chrono::milliseconds longest_delay{60'000};
  int attempts = 60;
  Logger log;
};

/// Delivers signed events as Stripe does: at least once, each by itself, again until a 2xx comes. Everything happens on
/// the executor, which is where all functions are to be called too; it must outlive the sender's last callback.
class WebhookSender : public std::enable_shared_from_this<WebhookSender> {
 public:
  /// One delivery: calls back with the status, 0 for none. The callback may come on any thread.
  using Post = std::function<void(ClientRequest, std::function<void(int status)>)>;

  WebhookSender(WebhookSenderOptions options, Executor& executor, Post post)
      : options_(std::move(options)), executor_(executor), post_(std::move(post)) {}

  void send(std::vector<std::string> events);
  /// Keeps events back until `release`.
  void hold() { holding_ = true; }
  /// Sends what was kept back, in its order or the other way round, each so many times.
  void release(bool reversed, std::size_t copies);
  /// Gives up what is still to be tried again.
  void stop() { stopped_ = true; }

  std::size_t held() const noexcept { return held_.size(); }

 private:
  void attempt(std::shared_ptr<const std::string> event, int number);
  void finished(std::shared_ptr<const std::string> event, int number, int status);

  const WebhookSenderOptions options_;
  Executor& executor_;
  const Post post_;
  bool holding_ = false;
  bool stopped_ = false;
  std::deque<std::string> held_;
};

}  // namespace leanmcp::inline v0::sandbox
