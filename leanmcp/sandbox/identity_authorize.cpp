#include <leanmcp/base/random.hpp>
#include <leanmcp/sandbox/html.hpp>
#include <leanmcp/sandbox/identity_impl.hpp>

#include <algorithm>

namespace leanmcp::inline v0::sandbox {
namespace {

constexpr std::int64_t code_seconds = 60;

bool is_redirect_uri(std::string_view uri) {
  const auto colon = uri.find(':');
  if (uri.size() > 2000 || colon == std::string_view::npos || colon == 0) return false;
  if (!std::all_of(uri.begin(), uri.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; }))
    return false;
  if (uri.find('#') != std::string_view::npos) return false;
  const std::string_view scheme = uri.substr(0, colon);
  // Whatever would run in our own page, or read a file.
  return scheme != "javascript" && scheme != "data" && scheme != "vbscript" && scheme != "file" && scheme != "blob";
}

std::string hidden(std::string_view name, std::string_view value) {
  return "<input type=\"hidden\" name=\"" + escape_html(name) + "\" value=\"" + escape_html(value) + "\">\n";
}

Answer refuse(std::string_view why) {
  return html_page(400, "This sign-in request is not valid",
                   "<p class=\"alert\" role=\"alert\">" + escape_html(why) + "</p>\n");
}

}  // namespace

Answer IdentityDouble::Impl::sign_in_page(const FormPairs& params) const {
  std::string request;
  for (const auto& [name, value] : params)
    if (name != "user" && name != "other") request += hidden(name, value);
  std::string body = "<p>" + escape_html(form_value(params, "client_id")) +
                     " asks you to sign in. Everybody here is made up; choose who you are.</p>\n"
                     "<form method=\"post\">\n" +
                     request;
  for (const std::string_view name : {"ada", "grace", "alan"}) {
    const Person person = *find_person(name);
    body += "<button name=\"user\" value=\"" + person.name + "\"" + (name == "ada" ? " class=\"first\"" : "") +
            ">Sign in as " + person.given_name + " " + person.family_name + "</button>\n";
  }
  body += "<button name=\"deny\" value=\"yes\">Do not sign in</button>\n</form>\n";
  // A form of its own: Enter in a field presses the first button of its form.
  const std::string hint = form_value(params, "login_hint");
  body += "<form method=\"post\">\n" + request +
          "<label for=\"other\">Somebody else (lower-case letters, digits, dots, dashes)</label>\n"
          "<input type=\"text\" id=\"other\" name=\"other\" autocomplete=\"off\" maxlength=\"40\" value=\"" +
          escape_html(find_person(hint) ? hint : "") + "\">\n<button>Sign in as that person</button>\n</form>\n";
  return html_page(200, "Sign in", body, {form_value(params, "redirect_uri")});
}

Answer IdentityDouble::Impl::authorize(const Request& request) {
  const bool answered = request.method == "POST";
  const auto parsed = parse_form(answered ? request.body : request.query);
  if (!parsed) return refuse("The parameters are malformed.");
  const FormPairs& params = *parsed;
  Grant grant;
  grant.client_id = form_value(params, "client_id");
  grant.redirect_uri = form_value(params, "redirect_uri");
  // Before the redirect URI is known to be one, nobody is sent there (RFC 6749, section 4.1.2.1).
  if (grant.client_id.empty() || grant.client_id.size() > 500) return refuse("client_id is missing.");
  if (!is_redirect_uri(grant.redirect_uri)) return refuse("redirect_uri is missing or not an absolute URI.");

  const auto back = [&](std::string_view name, std::string_view value) {
    std::string url = with_query(grant.redirect_uri, name, value);
    const std::string state = form_value(params, "state");
    if (!state.empty()) url = with_query(url, "state", state);
    return see_other(with_query(url, "iss", options_.issuer));
  };
  if (form_value(params, "response_type") != "code") return back("error", "unsupported_response_type");
  grant.challenge = form_value(params, "code_challenge");
  const bool pkce = grant.challenge.size() == 43 && form_value(params, "code_challenge_method") == "S256";
  if (!pkce) return back("error", "invalid_request");
  const auto audience = audience_for(form_value(params, "resource"));
  if (!audience) return back("error", "invalid_target");
  if (form_value(params, "prompt") == "none") return back("error", "login_required");
  if (!answered) return sign_in_page(params);
  if (!form_value(params, "deny").empty()) return back("error", "access_denied");

  const std::string chosen = form_value(params, "user");
  const auto person = find_person(chosen.empty() ? form_value(params, "other") : chosen);
  if (!person) return sign_in_page(params);
  grant.user = person->name;
  grant.audience = *audience;
  grant.scope = form_value(params, "scope");
  grant.nonce = form_value(params, "nonce");
  grant.expires_at = now() + code_seconds;
  grant.family = random_id();
  const std::string code = random_id(32);
  codes_[code] = grant;
  return back("code", code);
}

}  // namespace leanmcp::inline v0::sandbox
