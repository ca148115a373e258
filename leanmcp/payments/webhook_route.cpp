#include <leanmcp/payments/webhook_route.hpp>

#include <leanmcp/base/worker_pool.hpp>
#include <leanmcp/server/engine.hpp>

namespace leanmcp::inline v0 {

void mount_webhook(HttpOptions& options, Server& server, std::shared_ptr<Billing> billing, std::string path) {
  const std::shared_ptr<Engine> engine = server.engine();
  const auto handle = [engine, billing = std::move(billing)](HttpExchange exchange) {
    const bool taken = engine->workers().submit([engine, billing, exchange] {
      const auto received =
          billing->receive_webhook(exchange.request().body(), exchange.request().header("Stripe-Signature"));
      const int status = received ? 200 : received.error().status;
      if (!received) engine->logger().warning("webhook refused", {{"reason", received.error().reason}});
      exchange.executor().post([exchange, status]() mutable {
        exchange.respond(status, "application/json", status == 200 ? R"({"received":true})" : R"({"received":false})");
      });
      // Stripe has its answer; what follows may ask Stripe itself and take its time. Should this process end here, the
      // sweep goes on with it.
      if (received && received->outcome != WebhookReceipt::Outcome::ignored) billing->apply_webhook(received->event_id);
    });
    if (!taken) HttpExchange(exchange).respond(503, "application/json", R"({"received":false})");
  };
  options.route(HttpMethod::post, std::move(path), handle);
}

}  // namespace leanmcp::inline v0
