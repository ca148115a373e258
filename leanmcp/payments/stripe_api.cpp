#include <leanmcp/payments/stripe_api.hpp>

namespace leanmcp::inline v0 {

std::string_view to_string(StripeCause cause) noexcept {
  switch (cause) {
    case StripeCause::invalid_request:
      return "invalid_request";
    case StripeCause::authentication:
      return "authentication";
    case StripeCause::card:
      return "card";
    case StripeCause::permission:
      return "permission";
    case StripeCause::rate_limit:
      return "rate_limit";
    case StripeCause::idempotency:
      return "idempotency";
    case StripeCause::api:
      return "api";
    case StripeCause::connection:
      return "connection";
    case StripeCause::timeout:
      return "timeout";
    case StripeCause::bad_answer:
      return "bad_answer";
    case StripeCause::refused:
      return "refused";
  }
  return "unknown";
}

std::string StripeError::describe() const {
  std::string out = "stripe " + std::string(to_string(cause));
  if (status != 0) out += " status=" + std::to_string(status);
  if (!code.empty()) out += " code=" + code;
  if (!decline_code.empty()) out += " decline_code=" + decline_code;
  if (!param.empty()) out += " param=" + param;
  if (!request_id.empty()) out += " request_id=" + request_id;
  if (!message.empty()) out += ": " + message;
  return out;
}

}  // namespace leanmcp::inline v0
