#include <leanmcp/payments/webhook.hpp>

#include <cstdint>
#include <cstdlib>

/// First byte: how much of the input is the header. Then whatever is signed properly must be read without harm too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string_view header = text.substr(0, data[0]);
  const std::string_view body = text.substr(header.size());
  const leanmcp::Secret secret("whsec_fuzz");
  const std::span<const leanmcp::Secret> secrets(&secret, 1);
  const leanmcp::TimePoint now(std::chrono::seconds(1'800'000'000));
  if (leanmcp::verify_webhook(body, header, secrets, now)) std::abort();  // nobody guesses a signature
  const auto event = leanmcp::construct_event(body, leanmcp::sign_webhook(body, secret, now), secrets, now);
  if (event && (event->id.empty() || event->type.empty())) std::abort();
  return 0;
}
