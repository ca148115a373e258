#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/crypto/signing_key.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// Proof of possession (DPoP, RFC 9449): a short-lived JWS over one request, made with a key of the client's own.

/// Why a proof is refused; one enumerator per cause.
enum class DpopFault {
  too_large,
  not_a_jws,        ///< not three canonical base64url parts with a JSON header
  bad_header,       ///< a member of the wrong type or there twice, a critical extension, a foreign key source
  wrong_type,       ///< `typ` is not `dpop+jwt`
  wrong_algorithm,  ///< `none`, symmetric, unknown, or not allowed
  bad_key,          ///< no usable public `jwk`, or not for the algorithm
  private_key,      ///< `jwk` has private members
  bad_signature,
  bad_claims,    ///< no JSON object, a member missing, of the wrong type or there twice
  bad_id,        ///< `jti` is empty or too long
  wrong_method,  ///< `htm`
  wrong_target,  ///< `htu`
  too_old,       ///< `iat`
  in_future,
  no_token_hash,  ///< no `ath`, though a token is presented
  wrong_token_hash,
  wrong_key,    ///< signed well, but not with the key the token is bound to
  no_nonce,     ///< answer with a fresh one (RFC 9449, section 8)
  wrong_nonce,  ///< likewise
  replayed,     ///< for the caller, who keeps the window
};
std::string_view to_string(DpopFault fault) noexcept;

/// What a client wants to prove. Views into the caller's texts.
struct DpopRequest {
  DpopRequest(std::string_view method, std::string_view url) : method(method), url(url) {}
  std::string_view method;
  /// Query and fragment are left out of the proof.
  std::string_view url;
  /// The access token, at a resource server; empty at a token endpoint.
  std::string_view access_token = {};
  /// What the server handed out last, if anything.
  std::string_view nonce = {};
};

/// A proof for one request (RFC 9449, section 4.2) with an id that was never used. An URL that is none goes in as it
/// is.
std::string make_dpop_proof(const SigningKey& key, const DpopRequest& request, TimePoint now);

/// What a server knows about the request that a proof came with.
struct DpopExpectation {
  DpopExpectation(std::string_view method, std::string_view url) : method(method), url(url) {}
  std::string_view method;
  /// As the client must have called it: behind a proxy the public URL.
  std::string_view url;
  /// The access token that came with it; then its hash must be in the proof. Empty at a token endpoint.
  std::string_view access_token = {};
  /// `cnf.jkt` of the token, or empty.
  std::string_view thumbprint = {};
  /// Nonces that are good now; none is asked for when empty.
  std::vector<std::string> nonces = {};
};

struct DpopRules {
  /// Asymmetric ones only; a symmetric one here allows nothing.
  std::vector<JwsAlgorithm> algorithms = {JwsAlgorithm::es256, JwsAlgorithm::es384,   JwsAlgorithm::es512,
                                          JwsAlgorithm::eddsa, JwsAlgorithm::ed25519, JwsAlgorithm::rs256,
                                          JwsAlgorithm::ps256};
  /// How long ago `iat` may be.
  std::chrono::seconds max_age = std::chrono::seconds(300);
  /// How far ahead the client's clock may be.
  std::chrono::seconds skew = std::chrono::seconds(30);
  std::size_t bytes = 8 * 1024;
  /// A stranger's RSA key costs us its square.
  std::size_t rsa_bits = 4096;
};

/// A good proof. Whoever takes it must remember `replay_id` for `max_age + skew` (see ReplayWindow).
struct DpopProof {
  std::string thumbprint;  ///< RFC 7638, of the key that signed: `jkt`
  std::string id;          ///< `jti`
  std::string nonce;       ///< or empty
  JwsAlgorithm algorithm = JwsAlgorithm::es256;
  std::string replay_id() const { return thumbprint + "." + id; }
};

/// The checks of RFC 9449, section 4.3, all but the replay. A pure function.
Result<DpopProof, DpopFault> verify_dpop_proof(std::string_view proof, const DpopExpectation& expected,
                                               const DpopRules& rules, TimePoint now);

/// `htu` in its one form: no query, no fragment, and what RFC 3986, sections 6.2.2 and 6.2.3, calls equal made the
/// same. nullopt for anything but an absolute http or https URL without user name.
std::optional<std::string> dpop_target(std::string_view url);

/// `ath`: base64url of the SHA-256 of the access token.
std::string dpop_token_hash(std::string_view access_token);

}  // namespace leanmcp::inline v0
