#include <leanmcp/payments/sweeper.hpp>

#include <condition_variable>
#include <mutex>

namespace leanmcp::inline v0 {

BillingSweeper::BillingSweeper(std::shared_ptr<Billing> billing, std::chrono::milliseconds every, Logger log)
    : thread_([billing = std::move(billing), every, log = std::move(log)](std::stop_token stop) {
        std::mutex mutex;
        std::condition_variable_any woken;
        while (!stop.stop_requested()) {
          const auto report = billing->sweep();
          if (!report) log.warning("billing sweep failed", {{"reason", report.error().message()}});
          std::unique_lock lock(mutex);
          woken.wait_for(lock, stop, every, [] { return false; });
        }
      }) {}

}  // namespace leanmcp::inline v0
