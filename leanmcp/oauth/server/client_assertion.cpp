#include <leanmcp/oauth/server/client_assertion.hpp>

#include <leanmcp/crypto/jwt.hpp>
#include <leanmcp/crypto/strict_json.hpp>
#include <leanmcp/oauth/server/assertion_claims.hpp>
#include <leanmcp/oauth/server/remote_documents.hpp>

namespace leanmcp::inline v0::as {
namespace {

OAuthError refuse_client(std::string_view why) {
  OAuthError error("invalid_client", "The client could not be authenticated.", std::string(why));
  error.status = 401;
  return error;
}

/// What the client was registered with, or else everything that is on offer.
std::vector<std::string> algorithms_of(const ClientRecord& client) {
  if (!client.assertion_algorithm.empty()) return {client.assertion_algorithm};
  return assertion_algorithms();
}

Result<PublicKeys, OAuthError> keys_of(Core& core, const ClientRecord& client, std::string_view key_id, TimePoint now) {
  if (!client.jwks.empty()) {
    auto keys = PublicKeys::parse(client.jwks);
    if (!keys) return refuse_client("client keys unusable");
    return std::move(*keys);
  }
  if (client.jwks_uri.empty()) return refuse_client("client has no keys");
  auto keys = core.remote->keys(client.jwks_uri, key_id, false, now);
  if (!keys) return refuse_client(to_string(keys.error()));
  return std::move(*keys);
}

}  // namespace

std::vector<std::string> assertion_algorithms() {
  return {"ES256", "ES384", "ES512", "EdDSA", "Ed25519", "RS256", "PS256"};
}

Result<AuthenticatedClient, OAuthError> check_client_assertion(Core& core, const Parameters& form,
                                                               std::string_view peer, TimePoint now) {
  if (form.get("client_assertion_type") != jwt_assertion_type) return refuse_client("unknown assertion type");
  const std::string_view assertion = form.get("client_assertion");
  const auto unverified = parse_jws(assertion);
  if (!unverified) return refuse_client(to_string(unverified.error()));
  const auto said = AssertionClaims::read(unverified->parts.payload);
  if (!said) return refuse_client("broken claims");
  // RFC 7523, section 3: both are the client's id; the parameter, if it is there, must say the same.
  if (said->issuer.empty() || said->issuer != said->subject) return refuse_client("issuer is not the subject");
  if (form.has("client_id") && form.get("client_id") != said->issuer) return refuse_client("client id differs");
  auto client = find_client(core, said->issuer, peer, now);
  if (!client) return std::move(client).error();
  if (client->method != ClientMethod::private_key_jwt) return refuse_client("another method is registered");

  const auto keys = keys_of(core, *client, unverified->key_id, now);
  if (!keys) return keys.error();
  JwtRules rules(client->client_id, core.options.issuer_, algorithms_of(*client));
  rules.skew = assertion_skew;
  // 7523bis, section 4; the older form has any type or none.
  if (!unverified->type.empty()) rules.types = {"client-authentication+jwt", "JWT"};
  const auto verified = verify_jwt(assertion, *keys, rules, now);
  if (!verified) return refuse_client(to_string(verified.error()));
  // 7523bis, section 4: one audience and no list, so that an assertion for one server cannot be played to another.
  if (!said->sole_audience) return refuse_client("several audiences");
  if (said->expires > now + longest_assertion_life + assertion_skew) return refuse_client("ends too late");
  if (said->id.empty()) return refuse_client("no usable jti");
  const auto first = core.store->use_once("client-assertion", digest_of(client->client_id + "\n" + said->id), now,
                                          said->expires + 2 * assertion_skew);
  if (!first) return storage_failed(first.error());
  if (!*first) return refuse_client("assertion used before");
  AuthenticatedClient out;
  out.client = std::move(*client);
  out.used = ClientMethod::private_key_jwt;
  return out;
}

}  // namespace leanmcp::inline v0::as
