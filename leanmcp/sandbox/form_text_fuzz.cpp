#include <leanmcp/payments/stripe_form.hpp>
#include <leanmcp/sandbox/form_text.hpp>

#include <boost/json.hpp>

#include <cstdint>
#include <cstdlib>

/// What our encoder writes from a decoded form decodes to the same again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto pairs = leanmcp::sandbox::parse_form(text);
  const auto nested = pairs ? leanmcp::sandbox::nest_form(*pairs) : std::nullopt;
  if (!nested) return 0;
  const std::string written = leanmcp::stripe_form(*nested);
  const auto again = leanmcp::sandbox::parse_form(written);
  const auto same = again ? leanmcp::sandbox::nest_form(*again) : std::nullopt;
  if (!same || *same != *nested) std::abort();
  return 0;
}
