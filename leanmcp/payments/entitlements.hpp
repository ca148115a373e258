#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// Whether a person may use a product now, and why.
struct Entitlement {
  bool allowed = false;
  /// Stripe's word for the subscription's state (`active`, `past_due`, …), or `none`.
  std::string status = "none";
  /// Key of the plan bought (`monthly`); empty when unknown or none.
  std::string plan;
  /// End of the paid period, where known.
  std::optional<TimePoint> expires_at;
};

/// What gates ask. Implemented by Billing, or by the app over its own database. Thread-safe; may block, and is called
/// on a worker thread.
class Entitlements {
 public:
  virtual ~Entitlements() = default;
  /// An error means "not known now, try again": the gate refuses without selling anything.
  virtual Result<Entitlement> check(std::string_view principal_key, std::string_view product) = 0;
};

}  // namespace leanmcp::inline v0
