#include <leanmcp/auth/jwks_cache.hpp>

#include <cstdint>
#include <cstdlib>

using namespace leanmcp;

// The first line is Cache-Control, the rest the body of a provider's answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = input.find('\n');
  if (const auto lifetime = cache_lifetime(input.substr(0, line)); lifetime && lifetime->count() < 0) std::abort();
  ClientResponse response;
  response.status = 200;
  if (line != std::string_view::npos) response.body = input.substr(line + 1);
  const auto set = read_key_set(response, 1);
  if (set && set->keys.size() == 0) std::abort();
  if (set && set->keys.verify("x", "RS256", "text", "signature")) std::abort();
  return 0;
}
