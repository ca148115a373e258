#include <leanmcp/elicitation/page.hpp>

namespace leanmcp::inline v0 {

namespace {

void add_cookies(HttpHeaders& headers, const std::vector<std::string>& cookies) {
  for (const std::string& cookie : cookies) headers.emplace_back("Set-Cookie", cookie);
}

}  // namespace

void respond_page(HttpExchange& exchange, const Page& page) {
  std::string body;
  std::string_view rest = page.text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    body += "<p>" + escape_html(rest.substr(0, end)) + "</p>\n";
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  RenderedPage shown = render(HtmlPage(page.status, page.title, std::move(body)));
  add_cookies(shown.headers, page.cookies);
  exchange.respond(page.status, "text/html; charset=utf-8", shown.html, shown.headers);
}

void respond_redirect(HttpExchange& exchange, const std::string& url, const std::vector<std::string>& cookies) {
  HttpHeaders headers = closed_page_headers();
  add_cookies(headers, cookies);
  headers.emplace_back("Location", url);
  exchange.respond(303, "", "", headers);
}

Page refusal_page() {
  Page page;
  page.status = 403;
  page.title = "This link cannot be used";
  page.text =
      "It may have expired, been used already, or belong to somebody else. Nothing was changed.\n"
      "If you were sent here by your assistant, ask it again and open the new link in the browser where you are signed "
      "in as yourself.";
  return page;
}

}  // namespace leanmcp::inline v0
