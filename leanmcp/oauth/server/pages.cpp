#include <leanmcp/oauth/server/pages.hpp>

#include <leanmcp/oauth/server/authorization_request.hpp>
#include <leanmcp/oauth/server/redirect_uri.hpp>

#include <algorithm>

namespace leanmcp::inline v0::as {

namespace {

constexpr std::size_t longest_shown_name = 60;
constexpr std::size_t longest_uri = 300;

std::string shown(std::string_view text, std::size_t most) { return escape_html(readable_text(text, most)); }

std::string hidden(std::string_view name, std::string_view value) {
  return "<input type=\"hidden\" name=\"" + std::string(name) + "\" value=\"" + escape_html(value) + "\">\n";
}

std::string button(std::string_view name, std::string_view value, std::string_view label, bool main) {
  return "<button" + std::string(main ? " class=\"main\"" : "") + " name=\"" + std::string(name) + "\" value=\"" +
         escape_html(value) + "\">" + escape_html(label) + "</button>\n";
}

/// The path of an endpoint: pages are only shown below the issuer.
std::string path_of(const Core& core, std::string_view endpoint) {
  const std::string url = core.url(endpoint);
  const auto slash = url.find('/', url.find("://") + 3);
  return slash == std::string::npos ? std::string(endpoint) : url.substr(slash);
}

std::string host_of(std::string_view url) {
  UriParts parts;
  return split_uri(url, parts) ? std::string(parts.host) : std::string();
}

bool is_loopback_uri(std::string_view uri) {
  UriParts parts;
  return split_uri(uri, parts) && (parts.scheme == "http" || parts.scheme == "https") && is_loopback_name(parts.host);
}

/// Who vouches for what the client says of itself.
std::string about_name(const ClientRecord& client) {
  switch (client.origin) {
    case ClientOrigin::configured:
      return {};
    case ClientOrigin::document:
      return "<p>Its description is published at <span class=\"host\">" +
             shown(host_of(client.client_id), longest_uri) +
             "</span>. Only that address is certain; the name is what the app calls itself.</p>\n";
    case ClientOrigin::dynamic:
      break;
  }
  return "<p class=\"note\">Unverified: the app chose this name itself, and nobody has checked it.</p>\n";
}

std::string about_destination(const TransactionRecord& transaction) {
  std::string out = "<h2>Where you are sent afterwards</h2>\n<p class=\"host\">" +
                    shown(destination_of(transaction.redirect_uri), longest_uri) + "</p>\n<p class=\"quiet\">" +
                    shown(transaction.redirect_uri, longest_uri) + "</p>\n";
  if (is_loopback_uri(transaction.redirect_uri))
    out +=
        "<p class=\"note\">The answer goes to a program on the computer you are using now. Go on only if you have just "
        "started this yourself.</p>\n";
  return out;
}

std::string about_access(const Core& core, const TransactionRecord& transaction) {
  const ProtectedApi* const api = core.api(transaction.resource);
  const std::string host = host_of(transaction.resource);
  const std::string label = api && !api->shown.empty() ? api->shown : host;
  std::string out = "<h2>What it may do at " + shown(label, longest_shown_name) + "</h2>\n<ul>\n";
  bool any = false;
  for (const ScopeDescription& scope : api ? api->scopes : std::vector<ScopeDescription>()) {
    const std::string padded = " " + transaction.scope + " ";
    if (padded.find(" " + scope.name + " ") == std::string::npos) continue;
    any = true;
    out += "<li>" + shown(scope.meaning.empty() ? scope.name : scope.meaning, 200);
    if (!scope.meaning.empty()) out += " <span class=\"quiet\">(" + shown(scope.name, 100) + ")</span>";
    out += "</li>\n";
  }
  if (!any) out += "<li>Use it in your name</li>\n";
  return out + "</ul>\n<p class=\"quiet\">" + shown(transaction.resource, longest_uri) + "</p>\n";
}

std::string about_sign_in(const std::vector<SignInChoice>& choices) {
  std::string out;
  for (const SignInChoice& choice : choices) {
    if (choice.scopes.empty()) continue;
    std::string names;
    for (const std::string& scope : choice.scopes) names += (names.empty() ? "" : ", ") + shown(scope, 100);
    out += "<p class=\"quiet\">To know who you are, this server asks " + shown(choice.label, longest_shown_name) +
           " for: " + names + ". The keys to that stay here.</p>\n";
  }
  return out;
}

Answer html_answer(const HtmlPage& page) {
  RenderedPage rendered = render(page);
  Answer out(page.status, "text/html; charset=utf-8", std::move(rendered.html));
  out.headers = std::move(rendered.headers);
  return out;
}

void add(Answer& answer, const Cookies& cookies) {
  for (const std::string& cookie : cookies) answer.headers.emplace_back("Set-Cookie", cookie);
}

}  // namespace

Answer page_answer(const HtmlPage& page, const Cookies& cookies) {
  Answer out = html_answer(page);
  add(out, cookies);
  return out;
}

Answer redirect_answer(const std::string& url, const Cookies& cookies) {
  Answer out(303, "", "");
  out.headers = closed_page_headers();
  out.headers.emplace_back("Location", url);
  add(out, cookies);
  return out;
}

Answer go_on_answer(std::string title, std::string_view sentence, const std::string& url, const Cookies& cookies) {
  HtmlPage page(200, std::move(title),
                "<p>" + escape_html(sentence) + "</p>\n<p><a href=\"" + escape_html(url) +
                    "\">Go on, if nothing happens</a></p>\n");
  page.next_url = url;
  return page_answer(page, cookies);
}

Answer stop_answer(int status, std::string_view sentence, const Cookies& cookies) {
  return page_answer(HtmlPage(status, "This sign-in cannot go on",
                              "<p>" + escape_html(sentence) +
                                  "</p>\n<p>Nothing was given to anybody. You can close this page, and start again in "
                                  "the app that sent you here.</p>\n"),
                     cookies);
}

Answer wait_answer(std::chrono::seconds wait) {
  Answer out = html_answer(
      HtmlPage(429, "Too many tries", "<p>Too many requests came from your network. Please wait a minute.</p>\n"));
  out.headers.emplace_back("Retry-After", std::to_string(wait.count()));
  return out;
}

Answer wrong_method_answer(std::string_view allowed) {
  Answer out = stop_answer(405, "The request has the wrong form.");
  out.headers.emplace_back("Allow", std::string(allowed));
  return out;
}

Answer trouble_answer() {
  return html_answer(HtmlPage(503, "Please try again",
                              "<p>The server has a problem at the moment. Nothing was given to anybody.</p>\n"));
}

std::vector<SignInChoice> sign_in_choices(const Core& core) {
  std::vector<SignInChoice> out;
  for (const auto& upstream : core.options.upstreams_)
    out.emplace_back(upstream->name(), upstream->label(), upstream->scopes());
  if (core.options.own_users_)
    out.emplace_back(std::string(own_users_name), "your password", std::vector<std::string>());
  return out;
}

std::string client_label(const ClientRecord& client) {
  std::string name = readable_text(client.name, longest_shown_name);
  if (!name.empty()) return name;
  return client.origin == ClientOrigin::configured ? readable_text(client.client_id, longest_shown_name)
                                                   : "an app without a name";
}

std::string destination_of(std::string_view redirect_uri) {
  UriParts parts;
  if (!split_uri(redirect_uri, parts)) return "an app on this device";
  if (parts.scheme != "http" && parts.scheme != "https") return "the app for “" + parts.scheme + ":” on this device";
  std::string host(parts.host);
  if (parts.has_port) host.append(":").append(parts.port);
  return is_loopback_name(parts.host) ? "this computer (" + host + ")" : host;
}

HtmlPage consent_page(const Core& core, const ClientRecord& client, const TransactionRecord& transaction,
                      std::string_view id, std::string_view token) {
  const auto choices = sign_in_choices(core);
  const ProtectedApi* const api = core.api(transaction.resource);
  const std::string target =
      readable_text(api && !api->shown.empty() ? api->shown : host_of(transaction.resource), longest_shown_name);
  HtmlPage page;
  page.title = "Let “" + client_label(client) + "” use " + target + "?";
  page.has_form = true;
  std::string& body = page.body;
  body = about_name(client) + about_access(core, transaction) + about_destination(transaction) + about_sign_in(choices);
  body += "<form method=\"post\" action=\"" + escape_html(path_of(core, "/consent")) + "\">\n" + hidden("request", id) +
          hidden("token", token);
  if (can_be_remembered(core, transaction.redirect_uri))
    body +=
        "<label class=\"tick\"><input type=\"checkbox\" name=\"remember\" value=\"yes\"><span>Do not ask again in this "
        "browser for exactly this</span></label>\n";
  bool first = true;
  for (const SignInChoice& choice : choices) {
    body += button("allow", choice.name, "Allow, and sign in with " + readable_text(choice.label, longest_shown_name),
                   first);
    first = false;
  }
  body += button("deny", "yes", "Do not allow", false) + "</form>\n";
  return page;
}

HtmlPage sign_in_page(const Core& core, const ClientRecord& client, std::string_view state, std::string_view token,
                      std::string_view username, std::string_view alarm) {
  HtmlPage page;
  page.title = "Sign in to go on to “" + client_label(client) + "”";
  page.has_form = true;
  page.status = alarm.empty() ? 200 : 403;
  std::string& body = page.body;
  if (!alarm.empty()) body += "<p class=\"alert\" role=\"alert\">" + escape_html(alarm) + "</p>\n";
  body += "<form method=\"post\" action=\"" + escape_html(path_of(core, "/sign-in")) + "\">\n" +
          hidden("state", state) + hidden("token", token) +
          "<label>User name\n<input name=\"username\" autocomplete=\"username\" autocapitalize=\"none\" "
          "spellcheck=\"false\" maxlength=\"100\" required value=\"" +
          escape_html(username) +
          "\"></label>\n<label>Password\n<input type=\"password\" name=\"password\" autocomplete=\"current-password\" "
          "maxlength=\"1024\" required></label>\n" +
          button("sign_in", "yes", "Sign in", true) +
          "<button name=\"deny\" value=\"yes\" formnovalidate>Do not sign in</button>\n</form>\n";
  return page;
}

}  // namespace leanmcp::inline v0::as
