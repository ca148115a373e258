// Pushed authorization requests (RFC 9126).

#include <leanmcp/base/random.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/authorization_request.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>

#include <boost/json.hpp>

#include <array>

namespace leanmcp::inline v0::as {

namespace {

/// What is kept: nothing by which the client proved itself.
constexpr std::array<std::string_view, 13> kept = {"response_type",
                                                   "dpop_jkt",
                                                   "redirect_uri",
                                                   "scope",
                                                   "state",
                                                   "resource",
                                                   "nonce",
                                                   "code_challenge",
                                                   "prompt",
                                                   "response_mode",
                                                   "code_challenge_method",
                                                   "max_age",
                                                   "login_hint"};

}  // namespace

Answer answer_pushed(Core& core, const Request& request, TimePoint now) {
  const auto refuse = [&](const OAuthError& error) {
    core.audit->write(AuditEntry(AuditEvent::pushed, error.error).peer(request.peer).reason(error.reason));
    return to_answer(error);
  };
  if (!core.options.pushed_) return oauth_error(404, "invalid_request", "Pushed requests are not supported.");
  if (request.verb != HttpMethod::post)
    return oauth_error(405, "invalid_request", "Pushed requests are sent by POST.").with("Allow", "POST");
  if (!request.header("content-type").starts_with("application/x-www-form-urlencoded"))
    return refuse(OAuthError("invalid_request", "The body has to be a form.", "no form"));
  const auto form = Parameters::parse(request.body);
  if (!form) return refuse(form.error());
  const auto client = authenticate_client(core, request, *form, now);
  if (!client) return refuse(client.error());
  // A public client may be an app that many people have: of it each address counts, and apart from the requests of the
  // same person's browser.
  const bool is_public = client->used == ClientMethod::none;
  const auto wait = is_public ? core.limits->take(Limit::authorize, "pushed " + limit_key(request.peer), now)
                              : core.limits->take(Limit::token, client->client.client_id, now);
  if (wait.count() > 0) return refuse(too_many_requests(wait));
  // RFC 9126, section 2.1.
  if (form->has("request_uri") || form->has("request"))
    return refuse(OAuthError("invalid_request", "Request objects and references must not be pushed.", "request uri"));
  if (form->has("client_id") && form->get("client_id") != client->client.client_id)
    return refuse(OAuthError("invalid_request", "client_id is not that of the client.", "other client"));
  const auto proof = check_dpop(core, request, "/par", now);
  if (!proof) return refuse(proof.error());
  FormParameters known = {{"client_id", client->client.client_id}};
  for (const std::string_view name : kept)
    if (form->has(name)) known.emplace_back(std::string(name), std::string(form->get(name)));
  const std::string text = encode_form(known);
  const auto parameters = Parameters::parse(text);
  if (!parameters) return refuse(parameters.error());
  const auto target = find_target(core, *parameters, request.peer, now);
  if (!target) {
    OAuthError error = target.error();
    if (error.error == "invalid_client") error.status = 401;
    return refuse(error);
  }
  const auto transaction = read_authorization(core, *target, *parameters, now);
  if (!transaction) return refuse(transaction.error());
  PushedRecord record;
  record.dpop_thumbprint = transaction->dpop_thumbprint;
  if (*proof) {
    // RFC 9449, section 10.1: both may be there if they say the same.
    if (!record.dpop_thumbprint.empty() && record.dpop_thumbprint != (*proof)->thumbprint)
      return refuse(OAuthError("invalid_dpop_proof", "dpop_jkt is not the key of the proof.", "dpop_jkt"));
    record.dpop_thumbprint = (*proof)->thumbprint;
  }
  const std::string uri = "urn:ietf:params:oauth:request_uri:" + random_id(32);
  record.uri_digest = digest_of(uri);
  record.client_id = client->client.client_id;
  record.parameters = text;
  record.expires = now + core.options.lifetimes_.pushed;
  if (const auto added = core.store->add_pushed(record); !added) return refuse(storage_failed(added.error()));
  core.audit->write(AuditEntry(AuditEvent::pushed, "ok")
                        .client(record.client_id)
                        .redirect(target->redirect_uri)
                        .resource(transaction->resource)
                        .peer(request.peer));
  return json_answer(
      201, json_text(json::object{{"request_uri", uri}, {"expires_in", core.options.lifetimes_.pushed.count()}}));
}

}  // namespace leanmcp::inline v0::as
