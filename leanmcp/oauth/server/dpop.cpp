#include <leanmcp/crypto/dpop.hpp>

#include <leanmcp/oauth/server/core.hpp>

namespace leanmcp::inline v0::as {
namespace {

/// Of `iat`, both ways (MCP's extension for DPoP).
constexpr std::chrono::seconds tolerance(300);

std::string_view name_of(HttpMethod verb) noexcept {
  switch (verb) {
    case HttpMethod::get:
      return "GET";
    case HttpMethod::post:
      return "POST";
    case HttpMethod::put:
      return "PUT";
    case HttpMethod::remove:
      return "DELETE";
    default:
      return "";
  }
}

OAuthError bad_proof(std::string_view why) {
  return OAuthError("invalid_dpop_proof", "The DPoP proof is not good for this request.", std::string(why));
}

}  // namespace

Result<std::optional<DpopProof>, OAuthError> check_dpop(Core& core, const Request& request, std::string_view path,
                                                        TimePoint now, std::string_view access_token) {
  const std::size_t proofs = request.header_count("dpop");
  if (proofs == 0) return std::optional<DpopProof>();
  if (proofs > 1) return bad_proof("several proofs");
  const std::string url = core.url(path);
  DpopExpectation expected(name_of(request.verb), url);
  expected.access_token = access_token;
  if (core.nonces) expected.nonces = core.nonces->accepted(now);
  DpopRules rules;
  rules.max_age = tolerance;
  rules.skew = tolerance;
  auto proof = verify_dpop_proof(request.header("dpop"), expected, rules, now);
  if (!proof) {
    if (proof.error() != DpopFault::no_nonce && proof.error() != DpopFault::wrong_nonce)
      return bad_proof(to_string(proof.error()));
    // RFC 9449, section 8.
    OAuthError error("use_dpop_nonce", "The DPoP proof needs the nonce that comes with this answer.",
                     std::string(to_string(proof.error())));
    error.dpop_nonce = core.nonces->current(now);
    return error;
  }
  // Until no clock of ours takes it any more, across instances.
  const auto first = core.store->use_once("dpop", digest_of(proof->replay_id()), now, now + 2 * tolerance);
  if (!first) return storage_failed(first.error());
  if (!*first) return bad_proof(to_string(DpopFault::replayed));
  return std::optional<DpopProof>(std::move(*proof));
}

}  // namespace leanmcp::inline v0::as
