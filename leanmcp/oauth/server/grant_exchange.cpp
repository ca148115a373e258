#include <leanmcp/crypto/strict_json.hpp>
#include <leanmcp/oauth/server/core.hpp>

#include <boost/json.hpp>

#include <algorithm>

// Token exchange (RFC 8693): a server that was called with one of our tokens gets a narrower one, to call on.
namespace leanmcp::inline v0::as {

namespace json = boost::json;

namespace {

constexpr std::string_view access_token_type = "urn:ietf:params:oauth:token-type:access_token";
constexpr std::string_view jwt_type = "urn:ietf:params:oauth:token-type:jwt";
/// How many servers may hand a token on.
constexpr int most_actors = 4;

/// RFC 8693, section 2.2.2: for a subject token that is invalid for any reason, or unacceptable.
OAuthError refuse_subject(std::string_view why) {
  return OAuthError("invalid_request", "The subject token is not good for this.", std::string(why));
}
OAuthError bad_request(const char* sentence, std::string_view why) {
  return OAuthError("invalid_request", sentence, std::string(why));
}

std::string text_of(const json::object& claims, std::string_view name) {
  const json::string* const text = detail::text_member(claims, name);
  return text ? std::string(*text) : std::string();
}

Result<void, OAuthError> check_form(const Parameters& form) {
  if (!form.has("subject_token")) return bad_request("The parameter subject_token is missing.", "no subject token");
  if (form.get("subject_token_type") != access_token_type)
    return bad_request("Only access tokens of this server are exchanged.", "subject token type");
  if (form.has("actor_token") || form.has("actor_token_type"))
    return bad_request("actor_token is not supported: the client is the actor.", "actor token");
  const std::string_view wanted = form.get("requested_token_type");
  if (!wanted.empty() && wanted != access_token_type && wanted != jwt_type)
    return bad_request("Only access tokens are given out.", "requested token type");
  return {};
}

/// A token for another server is wider, whatever its scope: the operator must have said that the client may.
bool may_target(const Core& core, const ClientRecord& client, const ProtectedApi& api) {
  return std::any_of(core.options.clients_.begin(), core.options.clients_.end(), [&](const ConfiguredClient& one) {
    return one.record.client_id == client.client_id &&
           std::any_of(one.exchange_targets.begin(), one.exchange_targets.end(),
                       [&](const std::string& resource) { return core.api(resource) == &api; });
  });
}

/// RFC 8693, section 2.1: `resource` or `audience`; here they are one name.
Result<const ProtectedApi*, OAuthError> target(const Core& core, const ClientRecord& client, const Parameters& form,
                                               std::string_view own) {
  const std::string_view resource = form.get("resource");
  const std::string_view audience = form.get("audience");
  if (!resource.empty() && !audience.empty() && core.api(resource) != core.api(audience))
    return OAuthError("invalid_target", "resource and audience differ.", "two targets");
  const std::string_view wanted = !resource.empty() ? resource : !audience.empty() ? audience : own;
  auto api = find_api(core, wanted);
  if (api && *api != core.api(own) && !may_target(core, client, **api))
    return OAuthError("invalid_target", "This client may not get tokens for that resource.", "target not allowed");
  return api;
}

/// The scope that is asked for, or else all that the subject token has and the target knows; never more.
Result<std::string, OAuthError> scope_within_subject(const Core& core, const ClientRecord& client,
                                                     const ProtectedApi& api, std::string_view asked,
                                                     std::string_view held) {
  std::string wanted(asked);
  if (wanted.empty())
    for (const ScopeDescription& scope : api.scopes) {
      const bool allowed = client.scopes.empty() ||
                           std::find(client.scopes.begin(), client.scopes.end(), scope.name) != client.scopes.end();
      if (has_scope(held, scope.name) && allowed) wanted.append(wanted.empty() ? "" : " ").append(scope.name);
    }
  if (wanted.empty()) {
    // A server without scopes has none to narrow.
    if (api.scopes.empty()) return std::string();
    return OAuthError("invalid_scope", "The subject token has no scope for that.", "nothing left");
  }
  auto scope = grant_scope(core, client, api, wanted);
  if (!scope) return scope;
  for (const ScopeDescription& one : api.scopes)
    if (has_scope(*scope, one.name) && !has_scope(held, one.name))
      return OAuthError("invalid_scope", "The scope is wider than the subject token's.", "scope wider than token");
  return scope;
}

/// `act` (RFC 8693, section 4.1): this client, and behind it who acted before. Empty when there are too many.
std::string actor(const json::object& claims, const std::string& client_id) {
  json::object out{{"sub", client_id}};
  const json::value* const before = claims.if_contains("act");
  int depth = 1;
  for (const json::value* one = before; one && one->is_object(); one = one->get_object().if_contains("act")) ++depth;
  if (depth > most_actors) return {};
  if (before && before->is_object()) out["act"] = *before;
  return json::serialize(out);
}

}  // namespace

TokenOutcome grant_exchange(Core& core, const TokenCall& call) {
  if (!core.options.exchange_)
    return OAuthError("unsupported_grant_type", "This server exchanges no tokens.", "exchange is off");
  const ClientRecord& client = call.client.client;
  const auto& types = client.grant_types;
  if (client.origin != ClientOrigin::configured || call.client.used == ClientMethod::none ||
      std::find(types.begin(), types.end(), token_exchange_grant) == types.end())
    return OAuthError("unauthorized_client", "This client may not exchange tokens.", "not a client for exchange");
  if (auto checked = check_form(call.form); !checked) return std::move(checked).error();
  const auto live = live_access_token(core, call.form.get("subject_token"), call.now);
  if (!live) return storage_failed(live.error());
  if (!*live) return refuse_subject("subject token not live");
  const auto claims = detail::strict_object(**live, 16);
  if (!claims) return refuse_subject("subject token not live");

  const std::string own_audience = text_of(*claims, "aud");
  const ProtectedApi* const own = core.api(own_audience);
  // Whoever came by a token cannot make another of it: only its own client, and the server it was meant for.
  const bool issued_to = text_of(*claims, "client_id") == client.client_id;
  const bool meant_for = own && !own->introspector.empty() && own->introspector == client.client_id;
  if (!issued_to && !meant_for) return refuse_subject("neither its client nor its server");
  const json::value* const cnf = claims->if_contains("cnf");
  if (cnf && issued_to && !meant_for) {
    const json::object* const object = cnf->if_object();
    const std::string bound = object ? text_of(*object, "jkt") : std::string();
    if (bound.empty() || !call.proof || call.proof->thumbprint != bound)
      return refuse_subject("no proof of the bound key");
  }
  if (client.dpop_bound && !call.proof)
    return OAuthError("invalid_dpop_proof", "This client needs a DPoP proof.", "no proof");

  const auto api = target(core, client, call.form, own_audience);
  if (!api) return api.error();
  auto scope = scope_within_subject(core, client, **api, call.form.get("scope"), text_of(*claims, "scope"));
  if (!scope) return std::move(scope).error();
  const json::value* const expires = claims->if_contains("exp");
  if (!expires || !expires->is_number()) return refuse_subject("subject token not live");
  const std::chrono::seconds left(expires->to_number<std::int64_t>() - unix_seconds(call.now));
  if (left.count() <= 0) return refuse_subject("subject token not live");

  AccessTokenClaims token;
  token.subject = text_of(*claims, "sub");
  token.client_id = client.client_id;
  token.audience = (*api)->resource;
  token.scope = std::move(*scope);
  // Of the same family: when it ends, so does this.
  token.grant_id = text_of(*claims, "fam");
  token.thumbprint = call.proof ? call.proof->thumbprint : std::string();
  token.actor = actor(*claims, client.client_id);
  if (token.actor.empty()) return refuse_subject("handed on too often");

  TokenReply out;
  out.expires_in = std::min(core.options.lifetimes_.access_token, left);
  out.access_token = sign_access_token(core, token, call.now, out.expires_in);
  out.token_type = token.thumbprint.empty() ? "Bearer" : "DPoP";
  out.scope = token.scope;
  out.issued_token_type = std::string(access_token_type);
  out.subject = token.subject;
  out.grant_id = token.grant_id;
  out.resource = token.audience;
  return out;
}

}  // namespace leanmcp::inline v0::as
