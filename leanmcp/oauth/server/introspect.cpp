#include <leanmcp/oauth/server/core.hpp>

#include <leanmcp/crypto/digest.hpp>
#include <leanmcp/crypto/strict_json.hpp>
#include <leanmcp/json/write.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>

#include <boost/json.hpp>

// RFC 7662. A server asks about the tokens that are meant for it; of all others it learns nothing.
namespace leanmcp::inline v0::as {
namespace {

struct Asker {
  std::string id;
  Secret secret;
};

Result<Asker, OAuthError> asker_of(const Request& request, const Parameters& form) {
  OAuthError denied("invalid_client", "Introspection is for the protected server, with its secret.", "no credentials");
  denied.status = 401;
  denied.challenge = "Basic realm=\"introspection\", charset=\"UTF-8\"";
  const std::string_view authorization = request.header("authorization");
  const bool in_body = form.has("client_secret");
  if (request.header_count("authorization") > 1 || (in_body && !authorization.empty()))
    return OAuthError("invalid_request", "The server authenticates in more than one way.", "two ways");
  if (in_body) return Asker{std::string(form.get("client_id")), Secret(std::string(form.get("client_secret")))};
  auto basic = basic_credentials(authorization);
  if (!basic) return denied;
  return Asker{basic->first, std::move(basic->second)};
}

/// The APIs the asker may ask about; none when the secret is wrong.
std::vector<const ProtectedApi*> apis_of(const Core& core, const Asker& asker) {
  std::vector<const ProtectedApi*> out;
  for (const ProtectedApi& api : core.options.apis_) {
    const bool named = !api.introspector.empty() && api.introspector == asker.id;
    // Digests, so that the comparison does not tell the length.
    if (named && constant_time_equal(digest_of(asker.secret.reveal()), digest_of(api.introspector_secret.reveal())))
      out.push_back(&api);
  }
  return out;
}

Answer inactive() { return json_answer(200, R"({"active":false})"); }

}  // namespace

Answer answer_introspect(Core& core, const Request& request, TimePoint now) {
  const auto refuse = [&](const OAuthError& error) {
    core.audit->write(AuditEntry(AuditEvent::introspection, error.error).peer(request.peer).reason(error.reason));
    return to_answer(error);
  };
  auto form = read_form(request);
  if (!form) return refuse(form.error());
  auto asker = asker_of(request, *form);
  if (!asker) return refuse(asker.error());
  const auto apis = apis_of(core, *asker);
  if (apis.empty()) {
    const auto wait = core.limits->take(Limit::failure, request.peer, now);
    if (wait.count() > 0) return refuse(too_many_requests(wait));
    OAuthError denied("invalid_client", "Introspection is for the protected server, with its secret.", "wrong secret");
    denied.status = 401;
    denied.challenge = "Basic realm=\"introspection\", charset=\"UTF-8\"";
    return refuse(denied);
  }
  if (!form->has("token")) return refuse(OAuthError("invalid_request", "There is no token.", "no token"));
  auto live = live_access_token(core, form->get("token"), now);
  if (!live) return refuse(storage_failed(live.error()));
  if (!*live) return inactive();
  auto claims = leanmcp::detail::strict_object(**live, 8);
  if (!claims) return inactive();
  const auto* const audience = leanmcp::detail::text_member(*claims, "aud");
  bool own = false;
  for (const ProtectedApi* const api : apis) own = own || (audience && std::string_view(*audience) == api->resource);
  if (!own) return inactive();
  claims->erase("fam");
  boost::json::object out{{"active", true}, {"token_type", claims->contains("cnf") ? "DPoP" : "Bearer"}};
  for (const auto& member : *claims) out.insert_or_assign(member.key(), member.value());
  return json_answer(200, json_text(out));
}

}  // namespace leanmcp::inline v0::as
