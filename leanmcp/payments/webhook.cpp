#include <leanmcp/payments/webhook.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>

#include <boost/json.hpp>

#include <charconv>
#include <optional>
#include <vector>

namespace leanmcp::inline v0 {
namespace {

constexpr std::size_t max_body_bytes = 1024 * 1024;
constexpr std::size_t max_header_bytes = 4096;
constexpr std::size_t hex_digest_size = 64;

struct SignatureHeader {
  std::optional<std::int64_t> timestamp;
  std::vector<std::string_view> signatures;
};

/// Digits as Stripe writes them: what is signed is the text, so each number has one spelling only.
std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  if (!whole || value < 0 || (text.size() > 1 && text.front() == '0') || text.size() > 12) return std::nullopt;
  return value;
}

SignatureHeader parse_header(std::string_view header) {
  SignatureHeader out;
  while (!header.empty()) {
    const auto comma = header.find(',');
    const std::string_view item = header.substr(0, comma);
    header = comma == std::string_view::npos ? std::string_view() : header.substr(comma + 1);
    const auto equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view scheme = item.substr(0, equals);
    if (scheme == "t") out.timestamp = parse_timestamp(item.substr(equals + 1));
    if (scheme == "v1") out.signatures.push_back(item.substr(equals + 1));
  }
  return out;
}

std::string expected_signature(std::int64_t timestamp, std::string_view body, const Secret& secret) {
  const std::string message = std::to_string(timestamp) + "." + std::string(body);
  return hex_encode(hmac_sha256(secret.reveal(), message));
}

bool any_matches(const SignatureHeader& header, std::string_view body, std::span<const Secret> secrets) {
  bool found = false;
  for (const Secret& secret : secrets) {
    const std::string expected = expected_signature(*header.timestamp, body, secret);
    // No early end: the time says nothing about which one fitted.
    for (const std::string_view signature : header.signatures)
      found = (signature.size() == hex_digest_size && constant_time_equal(signature, expected)) || found;
  }
  return found;
}

}  // namespace

std::string_view to_string(WebhookFault fault) noexcept {
  switch (fault) {
    case WebhookFault::no_secret:
      return "no_secret";
    case WebhookFault::no_header:
      return "no_header";
    case WebhookFault::bad_header:
      return "bad_header";
    case WebhookFault::no_signature:
      return "no_signature";
    case WebhookFault::bad_signature:
      return "bad_signature";
    case WebhookFault::too_old:
      return "too_old";
    case WebhookFault::in_future:
      return "in_future";
    case WebhookFault::too_large:
      return "too_large";
    case WebhookFault::bad_payload:
      return "bad_payload";
  }
  return "unknown";
}

Result<void, WebhookFault> verify_webhook(std::string_view body, std::string_view header,
                                          std::span<const Secret> secrets, TimePoint now,
                                          std::chrono::seconds tolerance) {
  if (secrets.empty()) return WebhookFault::no_secret;
  for (const Secret& secret : secrets)
    if (secret.empty()) return WebhookFault::no_secret;
  if (header.empty()) return WebhookFault::no_header;
  if (body.size() > max_body_bytes || header.size() > max_header_bytes) return WebhookFault::too_large;
  const SignatureHeader parsed = parse_header(header);
  if (!parsed.timestamp) return WebhookFault::bad_header;
  if (parsed.signatures.empty()) return WebhookFault::no_signature;
  if (!any_matches(parsed, body, secrets)) return WebhookFault::bad_signature;
  const std::int64_t age = unix_seconds(now) - *parsed.timestamp;
  if (age > tolerance.count()) return WebhookFault::too_old;
  if (-age > tolerance.count()) return WebhookFault::in_future;
  return {};
}

Result<StripeEvent, WebhookFault> construct_event(std::string_view body, std::string_view header,
                                                  std::span<const Secret> secrets, TimePoint now,
                                                  std::chrono::seconds tolerance) {
  auto verified = verify_webhook(body, header, secrets, now, tolerance);
  if (!verified) return verified.error();
  boost::system::error_code fault;
  const boost::json::value value = boost::json::parse(body, fault);
  if (fault) return WebhookFault::bad_payload;
  auto event = read_stripe_event(value);
  if (!event) return WebhookFault::bad_payload;
  event->payload = std::string(body);
  return std::move(*event);
}

std::string sign_webhook(std::string_view body, const Secret& secret, TimePoint now) {
  const std::int64_t timestamp = unix_seconds(now);
  return "t=" + std::to_string(timestamp) + ",v1=" + expected_signature(timestamp, body, secret);
}

}  // namespace leanmcp::inline v0
