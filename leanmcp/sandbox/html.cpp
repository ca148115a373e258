#include <leanmcp/sandbox/html.hpp>

namespace leanmcp::inline v0::sandbox {
namespace {

constexpr std::string_view css = R"(:root { color-scheme: light dark; --line: #767676; --ink: #1a1a1a; --paper: #ffffff;
  --accent: #0b5c4a; --on-accent: #ffffff; --alarm: #a3180c; --strip: #fff2c2; --on-strip: #3d2f00; }
@media (prefers-color-scheme: dark) { :root { --line: #9a9a9a; --ink: #f0f0f0; --paper: #16181a; --accent: #7fdcc3;
  --on-accent: #06231c; --alarm: #ffb4a9; --strip: #4a3b00; --on-strip: #ffefb8; } }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
.strip { margin: 0; padding: .5rem 1rem; background: var(--strip); color: var(--on-strip); text-align: center; }
main { max-width: 28rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; }
dt { font-weight: 600; }
dd { margin: 0; text-align: right; }
button, .button { display: block; width: 100%; min-height: 2.75rem; margin: .75rem 0;
  padding: .5rem 1rem; font: inherit; border: 1px solid var(--line); border-radius: .375rem; background: transparent; color: inherit; }
button, .button { text-align: center; text-decoration: none; cursor: pointer; }
button.first { border-color: var(--accent); background: var(--accent); color: var(--on-accent); font-weight: 600; }
input[type="checkbox"] { width: 1.25rem; height: 1.25rem; vertical-align: text-bottom; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.alert { padding: .75rem 1rem; border: 2px solid var(--alarm); border-radius: .375rem; color: var(--alarm);
  font-weight: 600; }
)";

}  // namespace

std::string origin_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const auto end = url.find_first_of("/?#", scheme + 3);
  const std::string origin(url.substr(0, end));
  return origin.find_first_of(" ;,'\"\\") == std::string::npos ? origin : std::string();
}

Answer html_page(int status, std::string_view title, std::string_view body,
                 std::initializer_list<std::string_view> form_targets) {
  std::string policy =
      "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action "
      "'self'";
  for (const std::string_view target : form_targets)
    if (const std::string origin = origin_of(target); !origin.empty()) policy += " " + origin;
  Answer out;
  out.status = status;
  out.content_type = "text/html; charset=utf-8";
  // Not "no-referrer": with that, browsers send "Origin: null" with the page's own forms.
  out.headers = {{"Content-Security-Policy", policy},
                 {"Referrer-Policy", "same-origin"},
                 {"X-Content-Type-Options", "nosniff"},
                 {"Cache-Control", "no-store"}};
  out.body =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
      escape_html(title) + " – sandbox</title>\n<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"" +
      std::string(style_path) +
      "\">\n</head>\n<body>\n<p class=\"strip\" role=\"note\">Sandbox: no real account, card or "
      "money.</p>\n<main>\n<h1>" +
      escape_html(title) + "</h1>\n" + std::string(body) + "</main>\n</body>\n</html>\n";
  return out;
}

Answer style_sheet() {
  return Answer{200, "text/css; charset=utf-8", std::string(css), {{"X-Content-Type-Options", "nosniff"}}};
}

}  // namespace leanmcp::inline v0::sandbox
