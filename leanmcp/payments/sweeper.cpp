#include <leanmcp/payments/sweeper.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace leanmcp::inline v0 {
namespace {

constexpr std::chrono::milliseconds retry{15'000};

/// What the app plugged in may throw; the next round is not to suffer from it.
Result<SweepReport> sweep(Billing& billing) {
  try {
    return billing.sweep();
  } catch (const std::exception& fault) {
    return Error(fault.what());
  } catch (...) {
    return Error("unknown exception");
  }
}

}  // namespace

BillingSweeper::BillingSweeper(std::shared_ptr<Billing> billing, std::chrono::milliseconds every, Logger log)
    : thread_([billing = std::move(billing), every, log = std::move(log)](std::stop_token stop) {
        std::mutex mutex;
        std::condition_variable_any woken;
        while (!stop.stop_requested()) {
          const auto report = sweep(*billing);
          if (!report) log.warning("billing sweep failed", {{"reason", report.error().message()}});
          // What a process left that died, or what failed just now, does not wait for the next regular round.
          const bool soon =
              !report || report->events_waiting > 0 || report->meters_waiting > 0 || report->prices_waiting > 0;
          std::unique_lock lock(mutex);
          woken.wait_for(lock, stop, soon ? std::min(every, retry) : every, [] { return false; });
        }
      }) {}

}  // namespace leanmcp::inline v0
