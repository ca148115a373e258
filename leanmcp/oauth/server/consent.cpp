// The answer to the consent page.

#include <leanmcp/oauth/server/audit_log.hpp>
#include <leanmcp/oauth/server/authorization_request.hpp>
#include <leanmcp/oauth/server/browser.hpp>
#include <leanmcp/oauth/server/pages.hpp>

#include <algorithm>

namespace leanmcp::inline v0::as {

namespace {

constexpr std::string_view not_this_page = "The answer did not come from the page that was shown here.";
constexpr std::string_view page_over = "This page has been answered already, or it took too long.";

}  // namespace

Answer answer_consent(Core& core, const Request& request, TimePoint now) {
  if (request.verb != HttpMethod::post) return wrong_method_answer("POST");
  const auto refuse = [&](int status, std::string_view sentence, std::string_view reason) {
    core.audit->write(AuditEntry(AuditEvent::consent, "refused").peer(request.peer).reason(reason));
    return stop_answer(status, sentence);
  };
  if (!from_own_page(core, request)) return refuse(403, not_this_page, "foreign origin");
  const auto form = Parameters::parse(request.body);
  if (!form || !request.header("content-type").starts_with("application/x-www-form-urlencoded"))
    return refuse(400, "The answer has the wrong form.", "malformed form");
  const std::string_view token = form->get("token");
  const std::string digest = form_digest(core, request, token);
  if (digest.empty()) return refuse(403, not_this_page, "no form cookie");
  const std::string id_digest = digest_of(form->get("request"));
  const auto found = core.store->transaction(id_digest);
  if (!found) return trouble_answer();
  if (!*found || (*found)->approved || (*found)->expires <= now) return refuse(400, page_over, "unknown or expired");
  const TransactionRecord& asked = **found;
  // The digests are of 256 random bits: what their comparison takes tells nothing.
  if (std::find(asked.form_digests.begin(), asked.form_digests.end(), digest) == asked.form_digests.end())
    return refuse(403, not_this_page, "foreign form token");
  const auto client = find_client(core, asked.client_id, request.peer, now);
  if (!client) return refuse_client(core, AuditEvent::consent, request, client.error());
  const auto entry = [&](std::string_view outcome) {
    return AuditEntry(AuditEvent::consent, outcome)
        .client(client->client_id)
        .redirect(asked.redirect_uri)
        .transaction(asked.id_digest)
        .peer(request.peer);
  };
  const Cookies ended = {end_of_form(core, token)};
  const std::string name = client_label(*client);

  const auto choices = sign_in_choices(core);
  const auto choice = std::find_if(choices.begin(), choices.end(),
                                   [&](const SignInChoice& one) { return one.name == form->get("allow"); });
  if (form->has("deny") || choice == choices.end()) {
    if (!form->has("deny")) return refuse(400, "The answer has the wrong form.", "unknown choice");
    const auto done = core.store->finish_transaction(id_digest);
    if (!done) return trouble_answer();
    if (!*done) return refuse(400, page_over, "answered already");
    core.audit->write(entry("access_denied"));
    return go_on_answer("Not allowed", "You are sent back to " + name + ".",
                        error_url(core, asked.redirect_uri, asked.state, "access_denied", "The person said no."),
                        ended);
  }
  Departure departure = new_departure(core, id_digest, choice->name, {});
  departure.approval.form_digest = digest;
  departure.approval.remember = can_be_remembered(core, asked.redirect_uri) && form->has("remember");
  const auto approved = core.store->approve(id_digest, departure.approval, now);
  if (!approved) return trouble_answer();
  if (!*approved) return refuse(400, page_over, "answered already");
  core.audit->write(entry("ok"));
  Cookies cookies = ended;
  cookies.push_back(departure.cookie);
  const std::string url = departure_url(core, choice->name, departure.state, departure.verifier, departure.nonce);
  return go_on_answer("Sign in", "You are sent on to sign in with " + readable_text(choice->label, 60) + ".", url,
                      cookies);
}

}  // namespace leanmcp::inline v0::as
