// Where providers send browsers back to.

#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/authorization_request.hpp>
#include <leanmcp/oauth/server/browser.hpp>
#include <leanmcp/oauth/server/pages.hpp>

namespace leanmcp::inline v0::as {

namespace {

/// The error that the client gets, in words of ours.
OAuthError error_of(UpstreamFault fault) {
  switch (fault) {
    case UpstreamFault::denied:
      return OAuthError("access_denied", "The sign-in was not completed.");
    case UpstreamFault::unreachable:
      return OAuthError("temporarily_unavailable", "The identity provider cannot be reached at the moment.");
    default:
      return OAuthError("server_error", "The identity provider gave no usable answer.");
  }
}

}  // namespace

Answer answer_callback(Core& core, const Request& request, std::string_view upstream_name, TimePoint now) {
  if (request.verb != HttpMethod::get) return wrong_method_answer("GET");
  const auto refuse = [&](int status, std::string_view sentence, std::string_view reason, const Cookies& cookies = {}) {
    core.audit->write(AuditEntry(AuditEvent::sign_in, "refused").peer(request.peer).reason(reason));
    return stop_answer(status, sentence, cookies);
  };
  Upstream* const upstream = core.upstream(upstream_name);
  if (!upstream) return refuse(404, "There is no such page.", "unknown provider");
  const auto parameters = Parameters::parse(request.query);
  if (!parameters) return refuse(400, "The answer of the sign-in service has the wrong form.", "malformed callback");
  const std::string_view state = parameters->get("state");
  const auto found = core.store->transaction_by_state(digest_of(state));
  if (!found) return trouble_answer();
  if (state.empty() || !*found) return refuse(400, sign_in_over, "unknown state");
  const TransactionRecord& transaction = **found;
  if (transaction.upstream != upstream_name) return refuse(400, sign_in_over, "state of another provider");
  // Whoever only knows the state must not be able to end its owner's journey: nothing is used up before this.
  if (!is_bound_browser(core, request, transaction))
    return refuse(403, "This sign-in was begun in another browser.", "another browser");
  const Cookies ended = {end_of_journey(core, transaction)};
  if (transaction.expires <= now) return refuse(400, sign_in_over, "expired", ended);
  // Before the journey is used up: where only the server is in trouble, the same address can be asked for once more.
  const auto client = find_client(core, transaction.client_id, request.peer, now);
  if (!client) return refuse_client(core, AuditEvent::sign_in, request, client.error());
  const auto mine = core.store->finish_transaction(transaction.id_digest);
  if (!mine) return trouble_answer();
  if (!*mine) return refuse(400, sign_in_over, "state used before", ended);

  if (!redirect_matches(*client, transaction.redirect_uri))
    return refuse(400, "The app does not take answers there any more.", "unregistered redirect", ended);

  const auto entry = [&](std::string_view outcome, std::string_view reason) {
    return AuditEntry(AuditEvent::sign_in, outcome)
        .client(transaction.client_id)
        .transaction(transaction.id_digest)
        .peer(request.peer)
        .reason(reason);
  };
  const auto send_back = [&](const OAuthError& error, std::string_view reason) {
    core.audit->write(entry(error.error, reason));
    return redirect_answer(error_url(core, transaction.redirect_uri, transaction.state, error.error, error.description),
                           ended);
  };
  const auto luggage = open_luggage(core, transaction);
  if (!luggage) return send_back(OAuthError("server_error", "The server's keys have changed; try again."), "sealed");
  const auto person = upstream->finish(request.query, core.url("/callback/" + upstream->name()), luggage->verifier,
                                       luggage->nonce, now);
  if (!person) {
    if (person.error() == UpstreamFault::wrong_issuer)
      return refuse(400, "The answer is not from the service that was asked.", to_string(person.error()), ended);
    return send_back(error_of(person.error()), to_string(person.error()));
  }
  // A provider's own rule has seen to that already; a subject is never made up.
  if (person->id.empty()) return send_back(error_of(UpstreamFault::no_identity), "no identity");
  const std::string subject = subject_of(upstream->name(), person->id);
  core.audit->write(entry("ok", "").subject(subject));

  if (!luggage->remembered.empty() && luggage->remembered != subject)
    return ask_anew(core, request, *client, transaction, now);
  Cookies cookies = ended;
  if (const auto cookie = remember(core, *client, transaction, *luggage, subject, now)) cookies.push_back(*cookie);
  Answer answer = complete_authorization(core, transaction, subject, *person, now);
  for (const std::string& cookie : cookies) answer.headers.emplace_back("Set-Cookie", cookie);
  return answer;
}

}  // namespace leanmcp::inline v0::as
