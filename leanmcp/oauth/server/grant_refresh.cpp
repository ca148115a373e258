#include <leanmcp/oauth/server/core.hpp>

#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/strict_json.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/upstream_tokens.hpp>

#include <boost/json.hpp>

#include <algorithm>

// RFC 6749, section 6; RFC 9700, section 4.14. A refresh token is good once. Its answer may get lost, or a client may
// ask several times at once, so for a few seconds each repetition gets the very same answer; there is never a second
// branch. Later, somebody else has it: the family ends.
namespace leanmcp::inline v0::as {
namespace {

namespace json = boost::json;

OAuthError bad_refresh_token(std::string_view reason) {
  return OAuthError("invalid_grant", "The refresh token is not good, or not for this request.", std::string(reason));
}

std::string bound_to(std::string_view token_digest) { return "refresh-answer|" + std::string(token_digest); }

/// The answer as it is kept, with the key it was given to.
std::string sealed_answer(const Core& core, const TokenReply& reply, std::string_view thumbprint,
                          std::string_view token_digest) {
  const json::object kept{{"access_token", reply.access_token},
                          {"token_type", reply.token_type},
                          {"expires_in", reply.expires_in.count()},
                          {"refresh_token", reply.refresh_token},
                          {"scope", reply.scope},
                          {"jkt", json::string(thumbprint)}};
  return core.sealer->seal(json_text(kept), bound_to(token_digest));
}

std::optional<TokenReply> opened_answer(const Core& core, const std::string& sealed, std::string_view thumbprint,
                                        std::string_view token_digest) {
  const auto text = core.sealer->open(sealed, bound_to(token_digest));
  if (!text) return std::nullopt;
  const auto kept = leanmcp::detail::strict_object(*text, 4);
  if (!kept) return std::nullopt;
  const auto member = [&](std::string_view name) {
    const json::string* const value = leanmcp::detail::text_member(*kept, name);
    return value ? std::string(*value) : std::string();
  };
  if (member("jkt") != thumbprint) return std::nullopt;
  TokenReply out;
  out.access_token = member("access_token");
  out.token_type = member("token_type");
  out.refresh_token = member("refresh_token");
  out.scope = member("scope");
  const json::value* const seconds = kept->if_contains("expires_in");
  if (seconds && seconds->is_int64()) out.expires_in = std::chrono::seconds(seconds->get_int64());
  return out;
}

std::string_view thumbprint_of(const TokenCall& call) {
  return call.proof ? std::string_view(call.proof->thumbprint) : std::string_view();
}

/// For a token that was traded already.
TokenOutcome repeated(Core& core, const TokenCall& call, const RefreshRecord& token, const GrantRecord& grant) {
  bool fresh = token.used && call.now < *token.used + core.options.lifetimes_.refresh_grace && !token.successor.empty();
  if (fresh) {
    // Only for the immediate predecessor: whoever has the successor has used it.
    auto moved_on = core.store->successor_used(token.grant_id, token.generation);
    if (!moved_on) return storage_failed(moved_on.error());
    fresh = !*moved_on;
  }
  if (fresh) {
    auto reply = opened_answer(core, token.successor, thumbprint_of(call), token.token_digest);
    if (!reply) return bad_refresh_token("other dpop key");
    reply->subject = grant.subject;
    reply->grant_id = grant.grant_id;
    reply->resource = token.resource;
    return *reply;
  }
  auto ended = end_grant(core, token.grant_id);
  if (!ended) return storage_failed(ended.error());
  core.audit->write(AuditEntry(AuditEvent::refresh_reuse, "invalid_grant")
                        .client(token.client_id)
                        .subject(grant.subject)
                        .grant(token.grant_id)
                        .reason("refresh token used twice"));
  return bad_refresh_token("refresh token used twice");
}

/// What is asked for, if it was granted before; else what was granted and still exists.
Result<std::string, OAuthError> scope_within_grant(const Core& core, const TokenCall& call, const RefreshRecord& token,
                                                   const ProtectedApi& api) {
  if (!call.form.has("scope")) {
    std::string still;
    for (const ScopeDescription& known : api.scopes)
      if (has_scope(token.scope, known.name)) still.append(still.empty() ? "" : " ").append(known.name);
    return still;
  }
  auto scope = grant_scope(core, call.client.client, api, call.form.get("scope"));
  if (!scope) return scope;
  for (const ScopeDescription& known : api.scopes) {
    if (has_scope(*scope, known.name) && !has_scope(token.scope, known.name))
      return OAuthError("invalid_scope", "The scope was not granted.", "wider scope");
  }
  return scope;
}

}  // namespace

TokenOutcome grant_refresh_token(Core& core, const TokenCall& call) {
  const std::string_view presented = call.form.get("refresh_token");
  if (presented.empty()) return OAuthError("invalid_request", "There is no refresh_token.", "no refresh token");
  const std::string digest = digest_of(presented);
  auto found = core.store->refresh_token(digest);
  if (!found) return storage_failed(found.error());
  if (!*found) return bad_refresh_token("unknown refresh token");
  const RefreshRecord& token = **found;
  // Nothing is taken back for these: whoever asks has shown that it is somebody else.
  if (token.client_id != call.client.client.client_id) return bad_refresh_token("refresh token of another client");
  if (!token.dpop_thumbprint.empty() && token.dpop_thumbprint != thumbprint_of(call))
    return bad_refresh_token("other dpop key");
  auto grant = core.store->grant(token.grant_id);
  if (!grant) return storage_failed(grant.error());
  if (!*grant || (*grant)->revoked || (*grant)->expires <= call.now) return bad_refresh_token("revoked");
  if (token.expires <= call.now) return bad_refresh_token("refresh token ran out");
  if (token.used) return repeated(core, call, token, **grant);

  auto api = find_api(core, call.form.has("resource") ? call.form.get("resource") : token.resource);
  if (!api) return api.error();
  if ((*api)->resource != token.resource)
    return OAuthError("invalid_target", "The refresh token is for another resource.", "other resource");
  auto scope = scope_within_grant(core, call, token, **api);
  if (!scope) return scope.error();

  // Where the provider has ended the sign-in, it ends here too; that it cannot be reached is no reason.
  if (refresh_upstream(core, **grant, call.now) == UpstreamState::ended)
    return bad_refresh_token("ended by the provider");

  const auto& lifetimes = core.options.lifetimes_;
  AccessTokenClaims claims;
  claims.subject = (*grant)->subject;
  claims.client_id = token.client_id;
  claims.audience = token.resource;
  claims.scope = *scope;
  claims.grant_id = token.grant_id;
  claims.thumbprint = thumbprint_of(call);
  TokenReply reply;
  reply.access_token = sign_access_token(core, claims, call.now, lifetimes.access_token);
  reply.expires_in = lifetimes.access_token;
  if (call.proof) reply.token_type = "DPoP";
  reply.scope = *scope;
  reply.refresh_token = random_id(32);
  reply.subject = claims.subject;
  reply.grant_id = token.grant_id;
  reply.resource = token.resource;

  RefreshRecord next = next_refresh(call, **grant, reply.refresh_token, lifetimes);
  next.generation = token.generation + 1;
  next.scope = token.scope;
  next.resource = token.resource;
  // Once bound it stays so; a proof binds one that was not (RFC 9449, section 5).
  if (!token.dpop_thumbprint.empty()) next.dpop_thumbprint = token.dpop_thumbprint;
  const std::string sealed = sealed_answer(core, reply, claims.thumbprint, digest);
  auto traded = core.store->rotate(digest, next, sealed, call.now);
  if (!traded) return storage_failed(traded.error());
  if (!*traded) return bad_refresh_token("revoked");
  // Another request was first.
  if ((*traded)->successor != sealed) return repeated(core, call, **traded, **grant);
  return reply;
}

}  // namespace leanmcp::inline v0::as
