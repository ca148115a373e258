#include <leanmcp/elicitation/page.hpp>

#include <leanmcp/base/encoding.hpp>
#include <leanmcp/crypto/digest.hpp>

namespace leanmcp::inline v0 {

namespace {

constexpr std::string_view style =
    ":root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;margin:0}"
    "main{max-width:36rem;margin:12vh auto;padding:0 1.25rem;overflow-wrap:anywhere}h1{font-size:1.5rem}"
    "a{color:LinkText}a:focus-visible{outline:3px solid Highlight;outline-offset:2px}";

const std::string& content_policy() {
  static const std::string text = "default-src 'none'; style-src 'sha256-" + base64_encode(sha256(style)) +
                                  "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
  return text;
}

HttpHeaders protective_headers(const std::vector<std::string>& cookies) {
  HttpHeaders headers = {{"Cache-Control", "no-store"},
                         {"Content-Security-Policy", content_policy()},
                         {"Referrer-Policy", "no-referrer"},
                         {"X-Content-Type-Options", "nosniff"},
                         {"X-Frame-Options", "DENY"}};
  for (const std::string& cookie : cookies) headers.emplace_back("Set-Cookie", cookie);
  return headers;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void respond_page(HttpExchange& exchange, const Page& page) {
  const std::string title = escape_html(page.title);
  std::string body =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>" +
      title + "</title><style>" + std::string(style) + "</style></head>\n<body><main><h1>" + title + "</h1>\n";
  std::string_view rest = page.text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    body += "<p>" + escape_html(rest.substr(0, end)) + "</p>\n";
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  body += "</main></body></html>\n";
  exchange.respond(page.status, "text/html; charset=utf-8", body, protective_headers(page.cookies));
}

void respond_redirect(HttpExchange& exchange, const std::string& url, const std::vector<std::string>& cookies) {
  HttpHeaders headers = protective_headers(cookies);
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
