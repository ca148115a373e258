// What comes of an approved request once the person is known.

#include <leanmcp/base/random.hpp>
#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/authorization_request.hpp>
#include <leanmcp/oauth/server/pages.hpp>
#include <leanmcp/oauth/server/upstream_tokens.hpp>

namespace leanmcp::inline v0::as {

Answer ask_anew(Core& core, const Request& request, const ClientRecord& client, const TransactionRecord& transaction,
                TimePoint now) {
  TransactionRecord again = transaction;
  again.approved = again.remember = false;
  again.upstream.clear(), again.browser_digest.clear(), again.upstream_state_digest.clear();
  again.upstream_secrets.clear();
  again.expires = now + core.options.lifetimes_.transaction;
  return begin_authorization(core, request, client, std::move(again), true, now)
      .with("Set-Cookie", end_of_journey(core, transaction));
}

std::optional<std::string> remember(Core& core, const ClientRecord& client, const TransactionRecord& transaction,
                                    const Luggage& luggage, const std::string& subject, TimePoint now) {
  if (!transaction.remember || !luggage.remembered.empty()) return std::nullopt;
  ConsentRecord consent = consent_of(transaction, client, subject);
  consent.expires = now + core.options.lifetimes_.consent;
  if (!core.store->put_consent(consent)) return std::nullopt;
  return remember_browser(core, subject, now);
}

Result<std::string, OAuthError> issue_code(Core& core, const TransactionRecord& transaction, const std::string& subject,
                                           const UpstreamPerson& person, TimePoint now) {
  GrantRecord grant;
  grant.grant_id = random_id();
  grant.subject = subject;
  grant.client_id = transaction.client_id;
  grant.scope = transaction.scope;
  grant.resource = transaction.resource;
  grant.upstream = transaction.upstream;
  grant.profile = person.profile;
  grant.created = now;
  grant.signed_in = person.signed_in;
  grant.expires = now + core.options.lifetimes_.grant;
  const std::string text = random_id(32);
  CodeRecord code;
  code.code_digest = digest_of(text);
  code.grant_id = grant.grant_id;
  code.client_id = transaction.client_id;
  code.redirect_uri = transaction.redirect_uri;
  code.redirect_uri_given = transaction.redirect_uri_given;
  code.challenge = transaction.challenge;
  code.scope = transaction.scope;
  code.resource = transaction.resource;
  code.nonce = transaction.nonce;
  code.dpop_thumbprint = transaction.dpop_thumbprint;
  code.expires = now + core.options.lifetimes_.code;
  const auto entry = [&](std::string_view outcome, std::string_view reason) {
    return AuditEntry(AuditEvent::code, outcome)
        .client(transaction.client_id)
        .subject(subject)
        .transaction(transaction.id_digest)
        .grant(grant.grant_id)
        .resource(grant.resource)
        .scope(grant.scope)
        .reason(reason);
  };
  // The tokens first: a grant without them could not be refreshed, tokens without a grant are only forgotten.
  const bool kept = person.tokens.access_token.empty() || keep_upstream_tokens(core, grant, person.tokens, now);
  if (!kept || !core.store->add_grant(grant, code)) {
    forget_upstream_tokens(core, grant);
    core.audit->write(entry("server_error", "storage"));
    return OAuthError("server_error", "The server has a problem at the moment.", "storage");
  }
  core.audit->write(entry("ok", ""));
  return response_url(core, transaction.redirect_uri, transaction.state, {{"code", text}});
}

Answer complete_authorization(Core& core, const TransactionRecord& transaction, const std::string& subject,
                              const UpstreamPerson& person, TimePoint now) {
  const auto url = issue_code(core, transaction, subject, person, now);
  if (url) return redirect_answer(*url);
  return redirect_answer(
      error_url(core, transaction.redirect_uri, transaction.state, url.error().error, url.error().description));
}

}  // namespace leanmcp::inline v0::as
