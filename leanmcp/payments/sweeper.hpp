#pragma once

#include <leanmcp/payments/billing.hpp>

#include <chrono>
#include <memory>
#include <stop_token>
#include <thread>

namespace leanmcp::inline v0 {

/// Runs `Billing::sweep` at once and then every so often, on a thread of its own: what webhooks missed is found, and
/// abandoned checkouts are closed. Sooner, after 15 s, while stored events wait to be applied, such as those of a
/// process that died. Ends when destroyed, after the sweep under way.
class BillingSweeper {
 public:
  BillingSweeper(std::shared_ptr<Billing> billing, std::chrono::milliseconds every, Logger log);

 private:
  std::jthread thread_;
};

}  // namespace leanmcp::inline v0
