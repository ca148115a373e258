#include <leanmcp/payments/webhook_route.hpp>

#include <leanmcp/base/worker_pool.hpp>
#include <leanmcp/server/engine.hpp>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

namespace leanmcp::inline v0 {
namespace {

/// Applies stored events one after the other, on two workers at most: Stripe is asked for each, and while it takes its
/// time the other workers are there for callers.
class Applier : public std::enable_shared_from_this<Applier> {
 public:
  Applier(std::shared_ptr<Engine> engine, std::shared_ptr<Billing> billing)
      : engine_(std::move(engine)), billing_(std::move(billing)) {}

  /// On a worker, which may go on to apply it.
  void add(std::string event_id) {
    if (!billing_->swept() && !warned_.exchange(true))
      engine_->logger().warning(
          "nothing sweeps: an event that cannot be applied at once, and use that Stripe did not take, stay as they "
          "are. "
          "Keep a BillingSweeper");
    {
      const std::lock_guard lock(mutex_);
      // What is too much is in the inbox all the same, for the sweep.
      if (waiting_.size() < most_waiting) waiting_.push_back(std::move(event_id));
      if (active_ == most_active) return;
      ++active_;
    }
    apply_next();
  }

  Engine& engine() const noexcept { return *engine_; }
  Billing& billing() const noexcept { return *billing_; }

 private:
  /// It stays in the inbox, for the sweep, when something that the app plugged in throws.
  void apply(const std::string& event_id) {
    try {
      billing_->apply_webhook(event_id);
    } catch (const std::exception& fault) {
      engine_->logger().error("webhook not applied", {{"event", event_id}, {"what", fault.what()}});
    } catch (...) {
      engine_->logger().error("webhook not applied", {{"event", event_id}});
    }
  }

  void apply_next() {
    std::string event_id;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) {
        --active_;
        return;
      }
      event_id = std::move(waiting_.front());
      waiting_.pop_front();
    }
    apply(event_id);
    // A piece of work for each, so that a server that stops need not wait for all.
    const bool taken = engine_->workers().submit([self = shared_from_this()] { self->apply_next(); });
    if (taken) return;
    const std::lock_guard lock(mutex_);
    --active_;
  }

  static constexpr std::size_t most_waiting = 10'000;
  static constexpr int most_active = 2;

  const std::shared_ptr<Engine> engine_;
  const std::shared_ptr<Billing> billing_;
  std::atomic<bool> warned_{false};
  std::mutex mutex_;
  std::deque<std::string> waiting_;
  int active_ = 0;
};

}  // namespace

void mount_webhook(HttpOptions& options, Server& server, std::shared_ptr<Billing> billing, std::string path) {
  const auto applier = std::make_shared<Applier>(server.engine(), std::move(billing));
  const auto handle = [applier](HttpExchange exchange) {
    const bool taken = applier->engine().workers().submit([applier, exchange] {
      const auto received =
          applier->billing().receive_webhook(exchange.request().body(), exchange.request().header("Stripe-Signature"));
      const int status = received ? 200 : received.error().status;
      if (!received) applier->engine().logger().warning("webhook refused", {{"reason", received.error().reason}});
      exchange.executor().post([exchange, status]() mutable {
        exchange.respond(status, "application/json", status == 200 ? R"({"received":true})" : R"({"received":false})");
      });
      // Stripe has its answer. Should this process end here, the sweep goes on with it.
      if (received && received->outcome != WebhookReceipt::Outcome::ignored) applier->add(received->event_id);
    });
    if (!taken) HttpExchange(exchange).respond(503, "application/json", R"({"received":false})");
  };
  options.route(HttpMethod::post, std::move(path), handle);
}

}  // namespace leanmcp::inline v0
