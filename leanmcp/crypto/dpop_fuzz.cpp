#include <leanmcp/crypto/dpop.hpp>

#include <cstdint>
#include <cstdlib>

namespace {

const leanmcp::TimePoint now(std::chrono::seconds(1'800'000'000));

void require(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const leanmcp::SigningKey key = leanmcp::SigningKey::generate(leanmcp::JwsAlgorithm::eddsa);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto target = leanmcp::dpop_target(text)) require(leanmcp::dpop_target(*target) == *target);
  leanmcp::DpopExpectation expected("POST", "https://mcp.example/mcp");
  expected.access_token = "token";
  const auto strange = leanmcp::verify_dpop_proof(text, expected, {}, now);
  if (strange) require(!strange->id.empty() && strange->thumbprint != key.thumbprint());
  // Claims and URL as they like, but signed properly.
  const auto proof = leanmcp::verify_dpop_proof(key.sign_with_key(text, "dpop+jwt"), expected, {}, now);
  if (proof) require(proof->thumbprint == key.thumbprint() && !proof->id.empty());
  const leanmcp::DpopExpectation called("POST", text);
  const auto own = leanmcp::verify_dpop_proof(leanmcp::make_dpop_proof(key, leanmcp::DpopRequest("POST", text), now),
                                              called, {}, now);
  // A URL that is one is proven by what we make of it.
  if (leanmcp::dpop_target(text) && size < 2048) require(own.has_value());
  return 0;
}
