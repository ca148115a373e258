#include <leanmcp/oauth/server/core.hpp>

#include <leanmcp/http/header_name.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/oauth/server/stateless_client.hpp>

#include <algorithm>
#include <array>

namespace leanmcp::inline v0::as {
namespace {

struct Grant {
  std::string_view type;
  TokenOutcome (*answer)(Core& core, const TokenCall& call);
  /// For clients that the operator registered and that can prove themselves.
  bool by_hand = false;
};

constexpr std::array grants{
    Grant{"authorization_code", &grant_authorization_code},
    Grant{"refresh_token", &grant_refresh_token},
    Grant{"client_credentials", &grant_client_credentials, true},
    Grant{"urn:ietf:params:oauth:grant-type:jwt-bearer", &grant_assertion, true},
    Grant{"urn:ietf:params:oauth:grant-type:token-exchange", &grant_exchange, true},
};

/// How often it is noted that a client is in use.
constexpr std::chrono::hours touch_period(1);

std::string reply_text(const TokenReply& reply) {
  std::string out = "{\"access_token\":";
  append_json_string(out, reply.access_token);
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    out.append(",\"").append(name).append("\":");
    append_json_string(out, value);
  };
  add("token_type", reply.token_type);
  out.append(",\"expires_in\":").append(std::to_string(reply.expires_in.count()));
  add("refresh_token", reply.refresh_token);
  add("id_token", reply.id_token);
  add("issued_token_type", reply.issued_token_type);
  // RFC 6749, section 5.1: required where it differs from what was asked for.
  add("scope", reply.scope);
  return out + "}";
}

bool has_grant(const ClientRecord& client, std::string_view type) {
  return std::find(client.grant_types.begin(), client.grant_types.end(), type) != client.grant_types.end();
}

/// What is learned on the way, for the audit log.
struct Seen {
  std::string client_id;
  std::string_view grant_type;
};

TokenOutcome answer(Core& core, const Request& request, TimePoint now, Seen& seen) {
  auto form = read_form(request);
  if (!form) return form.error();
  const std::string_view type = form->get("grant_type");
  if (type.empty()) return OAuthError("invalid_request", "There is no grant_type.", "no grant type");
  const auto grant = std::find_if(grants.begin(), grants.end(), [&](const Grant& known) { return known.type == type; });
  if (grant == grants.end())
    return OAuthError("unsupported_grant_type", "The grant type is not known here.", "unknown grant type");
  seen.grant_type = grant->type;

  AuthenticatedClient client;
  const bool bare = is_bare_assertion(request, *form);
  if (bare) {
    // Nobody is known yet: nothing is written for a stranger where no such grant is taken, and little where it is.
    if (!takes_workloads(core)) return grant->answer(core, TokenCall{std::move(*form), {}, {}, now});
    auto wait = core.limits->wait(Limit::failure, request.peer, now);
    if (wait.count() == 0) wait = core.limits->take(Limit::token, "assertion " + limit_key(request.peer), now);
    if (wait.count() > 0) return too_many_requests(wait);
  } else {
    auto known = authenticate_client(core, request, *form, now);
    if (!known) return known.error();
    client = std::move(*known);
    seen.client_id = client.client.client_id;
    // A public client may be an app that many people have: each of them counts alone.
    const bool is_public = client.used == ClientMethod::none;
    const std::string counted = is_public ? seen.client_id + " " + limit_key(request.peer) : seen.client_id;
    const auto wait = core.limits->take(Limit::token, counted, now);
    if (wait.count() > 0) return too_many_requests(wait);
    const bool by_hand = client.client.origin == ClientOrigin::configured && client.used != ClientMethod::none;
    if (!has_grant(client.client, type) || (grant->by_hand && !by_hand))
      return OAuthError("unauthorized_client", "The client may not use this grant type.", "grant not for this client");
  }
  auto proof = check_dpop(core, request, "/token", now);
  if (!proof) return proof.error();
  if (client.client.dpop_bound && !*proof)
    return OAuthError("invalid_dpop_proof", "The client must send a DPoP proof.", "no proof");

  const TokenCall call{std::move(*form), std::move(client), std::move(*proof), now};
  auto reply = grant->answer(core, call);
  if (!reply && bare && reply.error().error == "invalid_grant") core.limits->take(Limit::failure, request.peer, now);
  if (!reply) return reply;
  const ClientRecord& record = call.client.client;
  // One that is sealed in its id has no row, and ends by its age.
  const bool touch = record.origin == ClientOrigin::dynamic && !is_stateless_id(record.client_id) &&
                     (!record.used || *record.used + touch_period <= now);
  // It would be noted the next time; no reason to withhold the tokens.
  if (touch) (void)core.store->touch_client(record.client_id, now).has_value();
  return reply;
}

}  // namespace

Result<Parameters, OAuthError> read_form(const Request& request) {
  std::string_view type = request.header("content-type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (!leanmcp::detail::is_in_any_case(type, "application/x-www-form-urlencoded"))
    return OAuthError("invalid_request", "The body must be application/x-www-form-urlencoded.", "no form");
  return Parameters::parse(request.body);
}

Answer answer_token(Core& core, const Request& request, TimePoint now) {
  Seen seen;
  const TokenOutcome outcome = answer(core, request, now, seen);
  AuditEntry entry(AuditEvent::token, outcome ? "ok" : outcome.error().error);
  entry.client(seen.client_id).grant_type(seen.grant_type).peer(request.peer);
  if (!outcome) {
    core.audit->write(entry.reason(outcome.error().reason));
    return to_answer(outcome.error());
  }
  core.audit->write(
      entry.subject(outcome->subject).grant(outcome->grant_id).resource(outcome->resource).scope(outcome->scope));
  Answer out = json_answer(200, reply_text(*outcome));
  if (core.nonces && outcome->token_type == "DPoP") out.with("DPoP-Nonce", core.nonces->current(now));
  return out;
}

}  // namespace leanmcp::inline v0::as
