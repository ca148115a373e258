#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/clerk_claims.hpp>

#include <boost/json.hpp>

#include <cstdint>
#include <cstdlib>

using namespace leanmcp;

// Whatever a provider's claims hold, reading them gives a principal and a user, and both can be read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto claims = claims_of(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!claims) return 0;
  auto fields = principal_fields("fuzz", *claims);
  read_clerk_organisation(*claims, fields);
  const Principal who(std::move(fields));
  const AuthUser user = user_from_claims(who, *claims);
  if (!claims_of(user.json) || !claims_of(user.claims_json)) std::abort();
  if (who.permissions().size() > 5'000 || who.scopes().size() > 1'000) std::abort();
  if (who.key().empty() != who.id().empty()) std::abort();
  return 0;
}
