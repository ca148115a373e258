#include <leanmcp/http/page.hpp>

#include <leanmcp/base/random.hpp>

#include <algorithm>
#include <cstdint>

namespace leanmcp::inline v0 {

namespace {

constexpr std::string_view style =
    R"(:root{color-scheme:light dark;--ink:#1b1b1f;--paper:#fff;--soft:#595960;--line:#7b7b85;
--card:#f3f3f6;--main:#1d4ed8;--on-main:#fff;--alarm:#a3180c;--alarm-card:#fdecea}
@media(prefers-color-scheme:dark){:root{--ink:#ececf0;--paper:#17171a;--soft:#b3b3bd;--line:#8b8b95;--card:#242429;
--main:#9db8ff;--on-main:#0b1633;--alarm:#ffb4a9;--alarm-card:#3a1714}}
*{box-sizing:border-box}
body{font:1.0625rem/1.5 system-ui,sans-serif;margin:0;color:var(--ink);background:var(--paper)}
main{max-width:34rem;margin:6vh auto;padding:0 1.25rem 2rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.0625rem;margin:1.5rem 0 .25rem}
ul{margin:.25rem 0;padding-left:1.25rem}li{margin:.25rem 0}
a{color:LinkText}a:focus-visible,button:focus-visible,input:focus-visible{outline:3px solid var(--main);outline-offset:2px}
.host{font-size:1.25rem;font-weight:600}.quiet{color:var(--soft);font-size:.9375rem}
p.host,p.quiet{margin:.25rem 0}
.note{background:var(--card);border-radius:.5rem;padding:.75rem 1rem;margin:1rem 0}.note p{margin:.25rem 0}
.alert{background:var(--alarm-card);border:1px solid var(--alarm);border-radius:.5rem;padding:.75rem 1rem;
color:var(--alarm);font-weight:600}
label{display:block;margin:1rem 0 0}label.tick{display:flex;gap:.625rem;align-items:start}
input{font:inherit}
input:not([type=checkbox]){display:block;width:100%;min-height:2.75rem;padding:.5rem .75rem;margin-top:.25rem;
border:1px solid var(--line);border-radius:.5rem;background:var(--paper);color:var(--ink)}
input[type=checkbox]{width:1.25rem;height:1.25rem;margin:.125rem 0 0;flex:none}
button{display:block;width:100%;min-height:2.75rem;margin:.75rem 0 0;padding:.5rem 1rem;font:inherit;cursor:pointer;
border:1px solid var(--line);border-radius:.5rem;background:transparent;color:inherit}
button.main{background:var(--main);border-color:var(--main);color:var(--on-main);font-weight:600})";

HttpHeaders headers_with(const std::string& policy) {
  return {{"Cache-Control", "no-store"},
          {"Content-Security-Policy", policy},
          {"Referrer-Policy", "no-referrer"},
          {"X-Content-Type-Options", "nosniff"},
          {"X-Frame-Options", "DENY"}};
}

/// The next character of UTF-8 and its length; a length of 0 where there is none (RFC 3629, section 4).
struct Character {
  std::uint32_t point = 0;
  std::size_t size = 0;
};
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  std::uint32_t point = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    point = (point << 6) | (byte(i) & 0x3F);
  }
  const bool too_long = point < (size == 2 ? 0x80U : size == 3 ? 0x800U : 0x10000U);
  if (too_long || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return {};
  return {point, size};
}

bool is_space(std::uint32_t c) {
  return c == ' ' || (c >= 9 && c <= 13) || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/// Controls, soft hyphen, marks without width or of direction, fillers, variation selectors, tags, private use.
bool is_unseen(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x034F || c == 0x061C || c == 0x115F || c == 0x1160 ||
         c == 0x17B4 || c == 0x17B5 || (c >= 0x180B && c <= 0x180F) || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0x2800 || c == 0x3164 ||
         (c >= 0xE000 && c <= 0xF8FF) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF || c == 0xFFA0 ||
         (c >= 0xFFF0 && c <= 0xFFFF) || c >= 0xE0000;
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

std::string readable_text(std::string_view text, std::size_t most) {
  std::string out;
  std::size_t shown = 0;
  bool space = false;
  while (!text.empty()) {
    const Character next = first_of(text);
    const std::string_view bytes = text.substr(0, std::max<std::size_t>(next.size, 1));
    text.remove_prefix(bytes.size());
    if (next.size != 0 && is_space(next.point)) {
      space = !out.empty();
      continue;
    }
    if (next.size == 0 || is_unseen(next.point)) continue;
    if (shown + (space ? 1 : 0) >= most) return out + "…";
    if (space) out += ' ', ++shown;
    space = false;
    out += bytes;
    ++shown;
  }
  return out;
}

RenderedPage render(const HtmlPage& page) {
  const std::string nonce = random_id(16);
  const std::string title = escape_html(page.title);
  RenderedPage out;
  out.html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">";
  if (!page.next_url.empty())
    out.html += "<meta http-equiv=\"refresh\" content=\"0;url=" + escape_html(page.next_url) + "\">";
  out.html += "<title>" + title + "</title><style nonce=\"" + nonce + "\">";
  out.html.append(style).append("</style></head>\n<body><main><h1>").append(title).append("</h1>\n");
  out.html.append(page.body).append("</main></body></html>\n");
  out.headers =
      headers_with("default-src 'none'; style-src 'nonce-" + nonce +
                   "'; frame-ancestors 'none'; base-uri 'none'; form-action " + (page.has_form ? "'self'" : "'none'"));
  return out;
}

HttpHeaders closed_page_headers() {
  return headers_with("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
}

}  // namespace leanmcp::inline v0
