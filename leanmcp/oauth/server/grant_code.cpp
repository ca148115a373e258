#include <leanmcp/oauth/server/core.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/base/random.hpp>
#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>

#include <algorithm>

// RFC 6749, section 4.1.3; RFC 7636, section 4.6; RFC 9449, section 10.
namespace leanmcp::inline v0::as {
namespace {

/// Whoever has the code may try that often with a wrong client or verifier.
constexpr int most_tries = 5;

OAuthError bad_code(std::string_view reason) {
  return OAuthError("invalid_grant", "The code is not good, or not for this request.", std::string(reason));
}

/// RFC 7636, section 4.1.
bool is_verifier(std::string_view text) {
  return text.size() >= 43 && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                  c == '_' || c == '~';
         });
}

/// Presented a second time: who has it twice may be a thief, and what came of it is taken back (RFC 6749, section
/// 4.1.2).
OAuthError replayed(Core& core, const CodeRecord& code) {
  auto ended = end_grant(core, code.grant_id);
  if (!ended) return storage_failed(ended.error());
  core.audit->write(AuditEntry(AuditEvent::code, "invalid_grant").grant(code.grant_id).reason("code used twice"));
  return bad_code("code used twice");
}

/// The checks that a wrong try fails without burning the code.
Result<void, OAuthError> fits(const Core& core, const TokenCall& call, const CodeRecord& code) {
  if (code.client_id != call.client.client.client_id) return bad_code("code of another client");
  const std::string_view redirect_uri = call.form.get("redirect_uri");
  // RFC 6749 asks for it where the authorization request had it; OAuth 2.1 (section 10.2) leaves it out.
  if (!redirect_uri.empty() && redirect_uri != code.redirect_uri) return bad_code("other redirect uri");
  const std::string_view verifier = call.form.get("code_verifier");
  if (verifier.empty()) return OAuthError("invalid_request", "There is no code_verifier.", "no verifier");
  if (!is_verifier(verifier)) return OAuthError("invalid_request", "The code_verifier is malformed.", "bad verifier");
  // No challenge, no verifier: nobody gets around PKCE by leaving it out of one of the two requests.
  if (code.challenge.empty() || !constant_time_equal(base64url_encode(sha256(verifier)), code.challenge))
    return bad_code("wrong verifier");
  if (!code.dpop_thumbprint.empty() && (!call.proof || call.proof->thumbprint != code.dpop_thumbprint))
    return bad_code("other dpop key");
  if (call.form.has("resource")) {
    auto api = find_api(core, call.form.get("resource"));
    if (!api) return api.error();
    if ((*api)->resource != code.resource)
      return OAuthError("invalid_target", "The code is for another resource.", "other resource");
  }
  return {};
}

}  // namespace

RefreshRecord next_refresh(const TokenCall& call, const GrantRecord& grant, std::string_view token,
                           const OAuthServerOptions::Lifetimes& lifetimes) {
  RefreshRecord out;
  out.token_digest = digest_of(token);
  out.grant_id = grant.grant_id;
  out.generation = 1;
  out.client_id = grant.client_id;
  // A confidential client proves itself anyway (RFC 9449, section 5).
  if (call.proof && call.client.used == ClientMethod::none) out.dpop_thumbprint = call.proof->thumbprint;
  out.expires = std::min(call.now + lifetimes.refresh_idle, grant.expires);
  return out;
}

TokenOutcome grant_authorization_code(Core& core, const TokenCall& call) {
  const std::string_view presented = call.form.get("code");
  if (presented.empty()) return OAuthError("invalid_request", "There is no code.", "no code");
  const std::string digest = digest_of(presented);
  auto found = core.store->code(digest);
  if (!found) return storage_failed(found.error());
  if (!*found) return bad_code("unknown code");
  const CodeRecord& code = **found;
  if (code.redeemed) return replayed(core, code);
  if (code.expires <= call.now) return bad_code("code ran out");
  if (code.wrong_tries >= most_tries) return bad_code("too many wrong tries");
  auto good = fits(core, call, code);
  if (!good) {
    if (good.error().error != "invalid_target") {
      auto counted = core.store->count_wrong_try(digest);
      if (!counted) return storage_failed(counted.error());
    }
    return good.error();
  }
  auto grant = core.store->grant(code.grant_id);
  if (!grant) return storage_failed(grant.error());
  if (!*grant || (*grant)->revoked || (*grant)->expires <= call.now) return bad_code("revoked");

  const ClientRecord& client = call.client.client;
  const auto& lifetimes = core.options.lifetimes_;
  AccessTokenClaims claims;
  claims.subject = (*grant)->subject;
  claims.client_id = client.client_id;
  claims.audience = code.resource;
  claims.scope = code.scope;
  claims.grant_id = code.grant_id;
  if (call.proof) claims.thumbprint = call.proof->thumbprint;
  TokenReply reply;
  reply.access_token = sign_access_token(core, claims, call.now, lifetimes.access_token);
  reply.expires_in = lifetimes.access_token;
  if (call.proof) reply.token_type = "DPoP";
  reply.scope = code.scope;
  reply.subject = claims.subject;
  reply.grant_id = code.grant_id;
  reply.resource = code.resource;
  if (has_scope(code.scope, "openid"))
    reply.id_token = sign_id_token(core, claims.subject, client.client_id, code.nonce, reply.access_token,
                                   (*grant)->created, call.now);

  std::optional<RefreshRecord> first;
  if (std::find(client.grant_types.begin(), client.grant_types.end(), "refresh_token") != client.grant_types.end()) {
    reply.refresh_token = random_id(32);
    first = next_refresh(call, **grant, reply.refresh_token, lifetimes);
    first->scope = code.scope;
    first->resource = code.resource;
  }
  auto redeemed = core.store->redeem_code(digest, first);
  if (!redeemed) return storage_failed(redeemed.error());
  if (!*redeemed) return replayed(core, code);
  return reply;
}

}  // namespace leanmcp::inline v0::as
