#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/jwt.hpp>
#include <leanmcp/oauth/server/assertion_claims.hpp>
#include <leanmcp/oauth/server/core.hpp>
#include <leanmcp/oauth/server/remote_documents.hpp>

#include <algorithm>

// Assertions of trusted issuers as grants (RFC 7523, section 2.1): ID-JAGs (draft-ietf-oauth-identity-assertion-authz-
// grant, section 4.4; MCP's enterprise-managed authorization) and the JWTs of a platform that workloads run on.
namespace leanmcp::inline v0::as {
namespace {

using Kind = TrustedIssuer::Kind;

/// One answer for whatever is wrong with the assertion; the reason is for the log.
OAuthError refuse_assertion(std::string_view why) {
  return OAuthError("invalid_grant", "The assertion is not good for this request.", std::string(why));
}

struct Verified {
  const TrustedIssuer* issuer = nullptr;
  AssertionClaims claims;
};

Result<Verified, OAuthError> verify(Core& core, std::string_view assertion, Kind kind, TimePoint now) {
  const auto unverified = parse_jws(assertion);
  if (!unverified) return refuse_assertion(to_string(unverified.error()));
  auto said = AssertionClaims::read(unverified->parts.payload);
  if (!said) return refuse_assertion("broken claims");
  const auto& trusted = core.options.trusted_;
  const auto issuer = std::find_if(trusted.begin(), trusted.end(), [&](const TrustedIssuer& one) {
    return one.kind == kind && !said->issuer.empty() && one.issuer == said->issuer;
  });
  if (issuer == trusted.end()) return refuse_assertion("issuer not trusted");
  const auto keys = core.remote->keys(issuer->jwks_uri, unverified->key_id, true, now);
  if (!keys) {
    const std::string reason = "issuer keys: " + std::string(to_string(keys.error()));
    if (keys.error() != RemoteFault::unreachable && keys.error() != RemoteFault::busy) return refuse_assertion(reason);
    // The assertion may be good: its sender is not at fault.
    OAuthError error("temporarily_unavailable", "The assertion cannot be checked at the moment.", reason);
    error.status = 503;
    error.retry_after = std::chrono::seconds(5);
    return error;
  }
  const bool own = kind == Kind::id_jag || issuer->expected_audience.empty();
  JwtRules rules(issuer->issuer, own ? core.options.issuer_ : issuer->expected_audience, issuer->algorithms);
  rules.skew = assertion_skew;
  if (kind == Kind::id_jag) rules.types = {"oauth-id-jag+jwt"};
  const auto verified = verify_jwt(assertion, *keys, rules, now);
  if (!verified) return refuse_assertion(to_string(verified.error()));
  // A list of one is as good as a text; an assertion that is meant for others as well is not taken.
  if (said->audience.empty()) return refuse_assertion("several audiences");
  if (said->subject.empty()) return refuse_assertion("no subject");
  return Verified{&*issuer, std::move(*said)};
}

/// The scope of the token: what is asked for, or else what the assertion says, never more than that.
Result<std::string, OAuthError> scope_within_assertion(const Core& core, const ClientRecord& client,
                                                       const ProtectedApi& api, std::string_view asked,
                                                       std::string_view allowed) {
  auto scope = grant_scope(core, client, api, asked.empty() ? allowed : asked);
  if (!scope || allowed.empty()) return scope;
  std::string_view rest = *scope;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (!has_scope(allowed, rest.substr(0, end)))
      return OAuthError("invalid_scope", "The scope is wider than the assertion's.", "scope wider than assertion");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return scope;
}

/// A token that is bound to a key needs the proof of that key (draft, section 4.4; RFC 9449).
Result<std::string, OAuthError> key_of(const AssertionClaims& claims, const ClientRecord& client,
                                       const std::optional<DpopProof>& proof) {
  if (claims.has_cnf && (claims.thumbprint.empty() || !proof || proof->thumbprint != claims.thumbprint))
    return refuse_assertion("no proof of the bound key");
  if (client.dpop_bound && !proof)
    return OAuthError("invalid_dpop_proof", "This client needs a DPoP proof.", "no proof");
  return proof ? proof->thumbprint : std::string();
}

TokenReply reply(const Core& core, const AccessTokenClaims& claims, TimePoint now) {
  const auto life = core.options.lifetimes_.access_token;
  TokenReply out;
  out.access_token = sign_access_token(core, claims, now, life);
  out.token_type = claims.thumbprint.empty() ? "Bearer" : "DPoP";
  out.expires_in = life;
  out.scope = claims.scope;
  out.subject = claims.subject;
  out.resource = claims.audience;
  return out;
}

TokenOutcome grant_id_jag(Core& core, const TokenCall& call) {
  const ClientRecord& client = call.client.client;
  if (client.origin != ClientOrigin::configured || call.client.used == ClientMethod::none)
    return OAuthError("unauthorized_client", "This client may not use assertions.", "not a confidential client");
  if (std::find(client.grant_types.begin(), client.grant_types.end(), jwt_bearer_grant) == client.grant_types.end())
    return OAuthError("unauthorized_client", "This client may not use assertions.", "grant type not registered");
  auto verified = verify(core, call.form.get("assertion"), Kind::id_jag, call.now);
  if (!verified) return std::move(verified).error();
  const AssertionClaims& claims = verified->claims;
  if (claims.issued == TimePoint()) return refuse_assertion("no iat");
  if (claims.expires - claims.issued > longest_assertion_life ||
      claims.expires > call.now + longest_assertion_life + assertion_skew)
    return refuse_assertion("lives too long");
  if (claims.id.empty()) return refuse_assertion("no usable jti");
  if (claims.client_id != client.client_id) return refuse_assertion("for another client");
  const ProtectedApi* const api = claims.resource.empty() ? nullptr : core.api(claims.resource);
  if (!api) return refuse_assertion("for another resource");
  if (call.form.has("resource") && core.api(call.form.get("resource")) != api)
    return OAuthError("invalid_target", "The assertion is for another resource.", "resource differs");
  auto key = key_of(claims, client, call.proof);
  if (!key) return std::move(key).error();
  auto scope = scope_within_assertion(core, client, *api, call.form.get("scope"), claims.scope);
  if (!scope) return std::move(scope).error();
  // Last, so that a request which is refused for another reason leaves the assertion as it was.
  if (verified->issuer->once) {
    const auto first =
        core.store->use_once("id-jag", claims.issuer + "\n" + claims.id, call.now, claims.expires + 2 * assertion_skew);
    if (!first) return storage_failed(first.error());
    if (!*first) return refuse_assertion("assertion used before");
  }
  AccessTokenClaims token;
  token.subject = verified->issuer->subject_of(claims.subject);
  token.client_id = client.client_id;
  token.audience = api->resource;
  token.scope = std::move(*scope);
  token.thumbprint = std::move(*key);
  return reply(core, token, call.now);
}

TokenOutcome grant_workload(Core& core, const TokenCall& call) {
  auto verified = verify(core, call.form.get("assertion"), Kind::workload, call.now);
  if (!verified) return std::move(verified).error();
  const AssertionClaims& claims = verified->claims;
  const auto& subjects = verified->issuer->subjects;
  const auto known =
      std::find_if(subjects.begin(), subjects.end(), [&](const auto& one) { return one.first == claims.subject; });
  if (known == subjects.end()) return refuse_assertion("subject not allowed");
  const auto client = find_client(core, known->second, {}, call.now);
  if (!client || client->origin != ClientOrigin::configured)
    return refuse_assertion("the subject's client is not configured");
  if (call.client.client.client_id != client->client_id && !call.client.client.client_id.empty())
    return refuse_assertion("for another client");
  const auto api = find_api(core, call.form.get("resource"));
  if (!api) return api.error();
  auto key = key_of(claims, *client, call.proof);
  if (!key) return std::move(key).error();
  auto scope = scope_within_assertion(core, *client, **api, call.form.get("scope"), {});
  if (!scope) return std::move(scope).error();
  AccessTokenClaims token;
  // As with client credentials: the workload speaks for itself, not for a person.
  token.subject = client->client_id;
  token.client_id = client->client_id;
  token.audience = (*api)->resource;
  token.scope = std::move(*scope);
  token.thumbprint = std::move(*key);
  return reply(core, token, call.now);
}

}  // namespace

bool is_bare_assertion(const Request& request, const Parameters& form) noexcept {
  return form.get("grant_type") == jwt_bearer_grant && !form.has("client_id") && !form.has("client_secret") &&
         !form.has("client_assertion") && !form.has("client_assertion_type") &&
         request.header_count("authorization") == 0;
}

bool takes_workloads(const Core& core) noexcept {
  return std::any_of(core.options.trusted_.begin(), core.options.trusted_.end(),
                     [](const TrustedIssuer& one) { return one.kind == Kind::workload; });
}

TokenOutcome grant_assertion(Core& core, const TokenCall& call) {
  if (core.options.trusted_.empty())
    return OAuthError("unsupported_grant_type", "This server takes no assertions.", "no trusted issuer");
  if (!call.form.has("assertion"))
    return OAuthError("invalid_request", "The parameter assertion is missing.", "no assertion");
  const auto header = parse_jws(call.form.get("assertion"));
  const bool id_jag = header && is_type(header->type, "oauth-id-jag+jwt");
  const bool bare = call.client.client.client_id.empty();
  // Who proved nothing by itself can only be a workload. A client that did may present either; the types are apart, so
  // that neither passes for the other.
  if (bare || (!id_jag && takes_workloads(core))) {
    if (bare && !takes_workloads(core)) {
      OAuthError error("invalid_client", "The client must authenticate itself.", "no client authentication");
      error.status = 401;
      return error;
    }
    if (id_jag) return refuse_assertion("an id-jag without client authentication");
    return grant_workload(core, call);
  }
  return grant_id_jag(core, call);
}

}  // namespace leanmcp::inline v0::as
