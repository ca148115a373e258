#include <leanmcp/oauth/server/core.hpp>

// RFC 6749, section 4.4. The token endpoint has seen to it that the client was registered by hand and proved itself.
namespace leanmcp::inline v0::as {

TokenOutcome grant_client_credentials(Core& core, const TokenCall& call) {
  auto api = find_api(core, call.form.get("resource"));
  if (!api) return api.error();
  // There is no person, so nothing for OpenID Connect to say.
  if (has_scope(call.form.get("scope"), "openid"))
    return OAuthError("invalid_scope", "The scope is for people.", "openid without a person");
  auto scope = grant_scope(core, call.client.client, **api, call.form.get("scope"));
  if (!scope) return scope.error();

  AccessTokenClaims claims;
  claims.subject = call.client.client.client_id;
  claims.client_id = claims.subject;
  claims.audience = (*api)->resource;
  claims.scope = without_scope(*scope, "openid");
  if (call.proof) claims.thumbprint = call.proof->thumbprint;
  TokenReply reply;
  reply.expires_in = core.options.lifetimes_.access_token;
  reply.access_token = sign_access_token(core, claims, call.now, reply.expires_in);
  if (call.proof) reply.token_type = "DPoP";
  reply.scope = claims.scope;
  reply.subject = claims.subject;
  reply.resource = claims.audience;
  return reply;
}

}  // namespace leanmcp::inline v0::as
