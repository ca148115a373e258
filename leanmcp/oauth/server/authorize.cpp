// The authorization endpoint (RFC 6749, section 3.1).

#include <leanmcp/base/random.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/authorization_request.hpp>
#include <leanmcp/oauth/server/browser.hpp>
#include <leanmcp/oauth/server/pages.hpp>
#include <leanmcp/oauth/server/rate_limits.hpp>
#include <leanmcp/oauth/server/sign_in_wish.hpp>

#include <algorithm>

namespace leanmcp::inline v0::as {

namespace {

constexpr std::string_view pushed_prefix = "urn:ietf:params:oauth:request_uri:";

bool is_form(const Request& request) {
  return request.header("content-type").starts_with("application/x-www-form-urlencoded");
}

/// The parameters that count: those of the request, or the pushed ones that it names (RFC 9126, section 4).
struct Asked {
  Parameters parameters;
  std::string dpop_thumbprint;
  bool pushed = false;
};
Result<Asked, OAuthError> asked_for(Core& core, const Request& request, TimePoint now) {
  auto parameters = Parameters::parse(request.verb == HttpMethod::post ? request.body : request.query);
  if (!parameters) return parameters.error();
  Asked out;
  const std::string_view uri = parameters->get("request_uri");
  if (!core.options.pushed_ || !uri.starts_with(pushed_prefix)) {
    out.parameters = std::move(*parameters);
    return out;
  }
  const auto pushed = core.store->take_pushed(digest_of(uri), now);
  if (!pushed) return storage_failed(pushed.error());
  if (!*pushed || (*pushed)->client_id != parameters->get("client_id"))
    return OAuthError("invalid_request", "The request has been used or has expired.", "unknown pushed request");
  auto kept = Parameters::parse((*pushed)->parameters);
  if (!kept) return kept.error();
  out.parameters = std::move(*kept);
  out.dpop_thumbprint = (*pushed)->dpop_thumbprint;
  out.pushed = true;
  return out;
}

/// A consent that this browser's person gave before may stand for the page only if the person came here on their own or
/// from an app, not from another site's link.
bool came_by_itself(const Request& request) {
  const std::string_view site = request.header("sec-fetch-site");
  return request.header_count("sec-fetch-site") == 1 && (site == "none" || site == "same-origin");
}

}  // namespace

Answer answer_authorize(Core& core, const Request& request, TimePoint now) {
  if (request.verb != HttpMethod::get && request.verb != HttpMethod::post) return wrong_method_answer("GET, POST");
  if (request.verb == HttpMethod::post && !is_form(request)) return stop_answer(400, "The request has the wrong form.");
  if (const auto wait = core.limits->take(Limit::authorize, request.peer, now); wait.count() > 0) {
    core.audit->write(AuditEntry(AuditEvent::limited, "refused").peer(request.peer).reason("authorize"));
    return wait_answer(wait);
  }
  const auto asked = asked_for(core, request, now);
  if (!asked) {
    core.audit->write(
        AuditEntry(AuditEvent::authorize, asked.error().error).peer(request.peer).reason(asked.error().reason));
    return stopped_answer(asked.error(), asked.error().description);
  }
  const Parameters& parameters = asked->parameters;
  const auto target = find_target(core, parameters, request.peer, now);
  if (!target) {
    core.audit->write(AuditEntry(AuditEvent::authorize, target.error().error)
                          .unknown_client(parameters.get("client_id"))
                          .redirect(parameters.get("redirect_uri"))
                          .peer(request.peer)
                          .reason(target.error().reason));
    return stopped_answer(target.error(), target.error().description);
  }
  const auto refuse = [&](const OAuthError& error) {
    core.audit->write(AuditEntry(AuditEvent::authorize, error.error)
                          .client(target->client.client_id)
                          .redirect(target->redirect_uri)
                          .peer(request.peer)
                          .reason(error.reason));
    return redirect_answer(
        error_url(core, target->redirect_uri, parameters.get("state"), error.error, error.description));
  };
  if (core.options.pushed_required_ && !asked->pushed)
    return refuse(OAuthError("invalid_request", "The request has to be pushed first.", "not pushed"));
  auto transaction = read_authorization(core, *target, parameters, now);
  if (!transaction) return refuse(transaction.error());
  if (!asked->dpop_thumbprint.empty()) transaction->dpop_thumbprint = asked->dpop_thumbprint;
  const bool always_ask = asks_again(*transaction);
  return begin_authorization(core, request, target->client, std::move(*transaction), always_ask, now);
}

Answer begin_authorization(Core& core, const Request& request, const ClientRecord& client,
                           TransactionRecord transaction, bool always_ask, TimePoint now) {
  const std::string id = random_id(32);
  transaction.id_digest = digest_of(id);
  Cookies cookies = surplus_cookies(core, request);
  const auto entry = [&](std::string_view outcome, std::string_view reason) {
    return AuditEntry(AuditEvent::authorize, outcome)
        .client(client.client_id)
        .redirect(transaction.redirect_uri)
        .transaction(transaction.id_digest)
        .resource(transaction.resource)
        .scope(transaction.scope)
        .peer(request.peer)
        .reason(reason);
  };
  const bool may_skip = !always_ask && came_by_itself(request) && can_be_remembered(core, transaction.redirect_uri);
  const std::string known = may_skip ? remembered_subject(core, request, now) : "";
  const std::string upstream = known.substr(0, known.find(':'));
  const SignInWish wish = wish_of(transaction);
  const auto choices = sign_in_choices(core, wish);
  // Where that provider cannot do what is asked, the person may choose another.
  const bool is_offered =
      std::any_of(choices.begin(), choices.end(), [&](const SignInChoice& one) { return one.name == upstream; });
  if (!known.empty() && is_offered) {
    const auto agreed = core.store->has_consent(consent_of(transaction, client, known), now);
    if (!agreed) return trouble_answer();
    if (*agreed) {
      Departure departure = new_departure(core, transaction.id_digest, upstream, known, now);
      transaction.approved = true;
      transaction.remember = true;
      transaction.upstream = departure.approval.upstream;
      transaction.browser_digest = departure.approval.browser_digest;
      transaction.upstream_state_digest = departure.approval.upstream_state_digest;
      transaction.upstream_secrets = departure.approval.upstream_secrets;
      if (!core.store->add_transaction(transaction)) return trouble_answer();
      core.audit->write(entry("ok", "remembered consent"));
      cookies.push_back(departure.cookie);
      return redirect_answer(departure_url(core, departure, wish), cookies);
    }
  }
  FormToken form = new_form_token(core);
  transaction.form_digests = {form.digest};
  if (!core.store->add_transaction(transaction)) return trouble_answer();
  core.audit->write(entry("ok", ""));
  cookies.push_back(form.cookie);
  return page_answer(consent_page(core, client, transaction, id, form.token), cookies);
}

}  // namespace leanmcp::inline v0::as
