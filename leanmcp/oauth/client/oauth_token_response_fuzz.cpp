#include <leanmcp/oauth/client/issuer_rules.hpp>
#include <leanmcp/oauth/client/token_endpoint.hpp>
#include <leanmcp/oauth/client/token_store.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace leanmcp;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

/// Answers of a token endpoint, and what a store gives back. The first two bytes are status and way of asking.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const TimePoint now(std::chrono::milliseconds(1'800'000'000'000));
  constexpr int statuses[] = {200, 200, 200, 201, 302, 400, 401, 403, 429, 503};
  ClientResponse response;
  response.status = statuses[data[0] % std::size(statuses)];
  const bool with_proof = (data[1] & 1) != 0;
  response.body.assign(reinterpret_cast<const char*>(data + 2), size - 2);
  const HttpClient::Outcome outcome = response;
  const auto tokens = read_token_response(outcome, "asked", with_proof, now);
  if (tokens) {
    require(response.status == 200 && !tokens->access_token.empty() && tokens->is_dpop() == with_proof);
    for (const char c : tokens->access_token.reveal()) require(c > 0x20 && c < 0x7f);
    require(!tokens->expires || (*tokens->expires >= now && *tokens->renew_after <= *tokens->expires));
    const auto again = restore_tokens(save_tokens(*tokens, Secret()));
    require(again && again->first.access_token.reveal() == tokens->access_token.reveal() &&
            again->first.refresh_token.reveal() == tokens->refresh_token.reveal() &&
            again->first.scope == tokens->scope && again->first.expires == tokens->expires);
  } else {
    require(!to_string(tokens.error()).empty());
  }
  const auto jag = read_id_jag(outcome);
  require(!jag || (response.status == 200 && !jag->empty()));
  static_cast<void>(restore_tokens(Secret(response.body)));
  static_cast<void>(restore_identity(Secret(response.body)));
  static_cast<void>(is_for_issuer(response.body, "https://as"));
  return 0;
}
