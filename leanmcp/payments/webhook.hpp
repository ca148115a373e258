#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/payments/stripe_types.hpp>

#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

enum class WebhookFault {
  /// No secret was given to check against, or an empty one.
  no_secret,
  /// The header is missing.
  no_header,
  /// The header has no usable `t=`.
  bad_header,
  /// The header has no `v1=`.
  no_signature,
  /// No `v1` fits the body under any of the secrets.
  bad_signature,
  too_old,
  in_future,
  /// Over the limit of 1 MiB (the body) or 4 KiB (the header).
  too_large,
  /// Signed, but not an event.
  bad_payload,
};

std::string_view to_string(WebhookFault fault) noexcept;

inline constexpr std::chrono::seconds webhook_tolerance{300};

/// Checks `Stripe-Signature: t=<unix>,v1=<hex>[,v1=…]` over the raw body (docs.stripe.com/webhooks/signature): HMAC-
/// SHA256 of `t.body` under the whole `whsec_…` text, compared in constant time with every v1; any of the secrets may
/// fit, for rotation. Other schemes are ignored, the last `t` counts. Refused too: more than `tolerance` away from
/// `now`, in either direction. A pure function, usable by itself.
Result<void, WebhookFault> verify_webhook(std::string_view body, std::string_view header,
                                          std::span<const Secret> secrets, TimePoint now,
                                          std::chrono::seconds tolerance = webhook_tolerance);

/// `verify_webhook`, then reads the event, snapshot or thin.
Result<StripeEvent, WebhookFault> construct_event(std::string_view body, std::string_view header,
                                                  std::span<const Secret> secrets, TimePoint now,
                                                  std::chrono::seconds tolerance = webhook_tolerance);

/// The header that Stripe would send with this body. For tests and the sandbox.
std::string sign_webhook(std::string_view body, const Secret& secret, TimePoint now);

}  // namespace leanmcp::inline v0
