#include <leanmcp/oauth/client/challenge.hpp>
#include <leanmcp/oauth/client/scope_rules.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace leanmcp;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

/// What a server says in `WWW-Authenticate`, and the scope that a client makes of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_authenticate(text);
  if (!parsed) return 0;
  require(parsed->size() <= 16);
  for (const AuthenticateChallenge& challenge : *parsed) {
    require(!challenge.scheme.empty() && challenge.parameters.size() <= 32);
    require(challenge.token68.empty() || challenge.parameters.empty());
    for (const auto& [name, value] : challenge.parameters) {
      require(!name.empty() && challenge.find(name) == &value);
      for (const char c : value) require(static_cast<unsigned char>(c) >= 0x20 || c == '\t');
    }
  }
  const TokenChallenge found = token_challenge(*parsed);
  require(found.bearer || found.dpop || (found.error.empty() && found.scope.empty()));
  require(found.acr_values.size() <= 1024 && found.max_age.size() <= 9);
  ScopeSources sources;
  sources.challenge = found.scope;
  sources.granted = found.error;
  sources.step_up = true;
  const std::string scope = wanted_scope(sources);
  require(scope_text(scope_words(scope)) == scope);
  require(!adds_scope(found.error.find("offline_access") == std::string::npos ? found.error : "", scope) ||
          scope_words(scope).size() == 100 || scope.size() > 3'500);
  return 0;
}
