// The sign-in page of this server's own users.

#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/authorization_request.hpp>
#include <leanmcp/oauth/server/browser.hpp>
#include <leanmcp/oauth/server/end_client.hpp>
#include <leanmcp/oauth/server/pages.hpp>
#include <leanmcp/oauth/server/password_tries.hpp>
#include <leanmcp/oauth/server/users.hpp>

namespace leanmcp::inline v0::as {

namespace {

constexpr std::size_t longest_suggestion = 100;
/// One sentence for every reason, so that nobody learns which names there are.
constexpr std::string_view wrong = "The user name or the password is not right.";

/// What stands in the field from the start. What people could not read there is no name.
std::string suggested_name(const std::string& hint) {
  return readable_text(hint, longest_suggestion) == hint ? hint : std::string();
}

}  // namespace

Answer answer_sign_in(Core& core, const Request& request, TimePoint now) {
  if (!core.options.own_users_) return stop_answer(404, "There is no such page.");
  if (request.verb != HttpMethod::get && request.verb != HttpMethod::post) return wrong_method_answer("GET, POST");
  const bool answered = request.verb == HttpMethod::post;
  const auto refuse = [&](int status, std::string_view sentence, std::string_view reason) {
    core.audit->write(AuditEntry(AuditEvent::sign_in, "refused").peer(request.peer).reason(reason));
    return stop_answer(status, sentence);
  };
  if (answered && !from_own_page(core, request))
    return refuse(403, "The answer did not come from the page that was shown here.", "foreign origin");
  const auto form = Parameters::parse(answered ? request.body : request.query);
  if (!form || (answered && !request.header("content-type").starts_with("application/x-www-form-urlencoded")))
    return refuse(400, "The request has the wrong form.", "malformed form");
  const std::string_view state = form->get("state");
  const auto found = core.store->transaction_by_state(digest_of(state));
  if (!found) return trouble_answer();
  if (state.empty() || !*found || (*found)->upstream != own_users_name)
    return refuse(400, sign_in_over, "unknown state");
  const TransactionRecord& transaction = **found;
  if (!is_bound_browser(core, request, transaction))
    return refuse(403, "This sign-in was begun in another browser.", "another browser");
  if (transaction.expires <= now) return refuse(400, sign_in_over, "expired");
  const auto client = find_client(core, transaction.client_id, request.peer, now);
  if (!client) return refuse_client(core, AuditEvent::sign_in, request, client.error());
  if (!redirect_matches(*client, transaction.redirect_uri))
    return refuse(400, "The app does not take answers there any more.", "unregistered redirect");

  const std::string username = answered ? std::string(form->get("username")) : suggested_name(transaction.login_hint);
  const auto show = [&](std::string_view alarm) {
    const FormToken token = new_form_token(core);
    Cookies cookies = surplus_cookies(core, request);
    // Whatever is kept of the journey must outlive the tidying.
    std::erase_if(cookies, [&](const std::string& one) { return one == end_of_journey(core, transaction); });
    cookies.push_back(token.cookie);
    return page_answer(sign_in_page(core, *client, state, token.token, username, alarm), cookies);
  };
  if (!answered) return show({});
  // The form needs no record of its own: the journey's cookie says whose it is, the form's cookie that it was shown.
  if (form_digest(core, request, form->get("token")).empty())
    return refuse(403, "The answer did not come from the page that was shown here.", "no form cookie");

  const auto entry = [&](std::string_view outcome, std::string_view reason) {
    return AuditEntry(AuditEvent::sign_in, outcome)
        .client(transaction.client_id)
        .transaction(transaction.id_digest)
        .peer(request.peer)
        .reason(reason);
  };
  const std::string name = client_label(*client);
  const Cookies ended = {end_of_journey(core, transaction), end_of_form(core, form->get("token"))};
  if (form->has("deny")) {
    const auto mine = core.store->finish_transaction(transaction.id_digest);
    if (!mine) return trouble_answer();
    if (!*mine) return refuse(400, sign_in_over, "state used before");
    core.audit->write(entry("access_denied", ""));
    return go_on_answer(
        "Not signed in", "You are sent back to " + name + ".",
        error_url(core, transaction.redirect_uri, transaction.state, "access_denied", "The sign-in was not completed."),
        ended);
  }
  PasswordTry attempt(core, request, username, now);
  if (const auto wait = attempt.take(); wait.count() > 0) {
    core.audit->write(AuditEntry(AuditEvent::limited, "refused").peer(request.peer).reason("sign-in"));
    return wait_answer(wait);
  }
  const auto user = check_user(*core.store, username, form->get("password"));
  if (!user || *user) attempt.give_back();
  if (!user) return trouble_answer();
  if (!*user) {
    core.audit->write(entry("refused", "wrong name or password"));
    return show(wrong);
  }
  const auto luggage = open_luggage(core, transaction);
  const auto mine = core.store->finish_transaction(transaction.id_digest);
  if (!mine || !luggage) return trouble_answer();
  if (!*mine) return refuse(400, sign_in_over, "state used before");
  UpstreamPerson person;
  person.id = (*user)->subject;
  person.profile = (*user)->profile;
  person.signed_in = now;
  const std::string subject = subject_of(own_users_name, person.id);
  core.audit->write(entry("ok", "").subject(subject));
  if (!luggage->remembered.empty() && luggage->remembered != subject)
    return ask_anew(core, request, *client, transaction, now);
  Cookies cookies = ended;
  cookies.push_back(known_browser_cookie(core, username, now));
  if (const auto cookie = remember(core, *client, transaction, *luggage, subject, now)) cookies.push_back(*cookie);
  const auto url = issue_code(core, transaction, subject, person, now);
  // Comparing a password takes a while: whoever was disabled meanwhile keeps nothing of it either.
  const auto still = core.store->user(username);
  if (!still || !*still || (*still)->disabled) {
    if (!end_grants(*core.store, subject, {})) return trouble_answer();
    return refuse(403, wrong, "disabled meanwhile");
  }
  const std::string back =
      url ? *url
          : error_url(core, transaction.redirect_uri, transaction.state, url.error().error, url.error().description);
  return go_on_answer("Signed in", "You are sent back to " + name + ".", back, cookies);
}

}  // namespace leanmcp::inline v0::as
