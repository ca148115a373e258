#include <leanmcp/oauth/server/core.hpp>

#include <leanmcp/crypto/strict_json.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>

#include <boost/json.hpp>

// RFC 7009. A token that is not known, or another client's, is answered like one that was revoked.
namespace leanmcp::inline v0::as {
namespace {

/// Whether anything was revoked.
Result<bool, OAuthError> revoke(Core& core, const ClientRecord& client, std::string_view token, TimePoint now) {
  auto refresh = core.store->refresh_token(digest_of(token));
  if (!refresh) return storage_failed(refresh.error());
  if (*refresh) {
    if ((*refresh)->client_id != client.client_id) return false;
    auto ended = end_grant(core, (*refresh)->grant_id);
    if (!ended) return storage_failed(ended.error());
    return *ended;
  }
  auto live = live_access_token(core, token, now);
  if (!live) return storage_failed(live.error());
  if (!*live) return false;
  const auto claims = leanmcp::detail::strict_object(**live, 8);
  if (!claims) return false;
  const auto* const owner = leanmcp::detail::text_member(*claims, "client_id");
  const auto* const id = leanmcp::detail::text_member(*claims, "jti");
  if (!owner || !id || std::string_view(*owner) != client.client_id) return false;
  // As long as any token that was signed before now may live.
  const TimePoint until = now + core.options.lifetimes_.access_token + std::chrono::minutes(1);
  auto denied = core.store->deny(std::string_view(*id), until);
  if (!denied) return storage_failed(denied.error());
  return true;
}

}  // namespace

Answer answer_revoke(Core& core, const Request& request, TimePoint now) {
  const auto refuse = [&](const OAuthError& error, std::string_view client) {
    core.audit->write(
        AuditEntry(AuditEvent::revocation, error.error).client(client).peer(request.peer).reason(error.reason));
    return to_answer(error);
  };
  auto form = read_form(request);
  if (!form) return refuse(form.error(), {});
  auto client = authenticate_client(core, request, *form, now);
  if (!client) return refuse(client.error(), {});
  const std::string& id = client->client.client_id;
  if (!form->has("token")) return refuse(OAuthError("invalid_request", "There is no token.", "no token"), id);
  auto revoked = revoke(core, client->client, form->get("token"), now);
  if (!revoked) return refuse(revoked.error(), id);
  core.audit->write(AuditEntry(AuditEvent::revocation, "ok")
                        .client(id)
                        .peer(request.peer)
                        .reason(*revoked ? "revoked" : "no live token of this client"));
  return Answer(200, "", "").with("Cache-Control", "no-store");
}

}  // namespace leanmcp::inline v0::as
