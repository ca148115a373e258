#pragma once

#include <leanmcp/http/exchange.hpp>

#include <string>
#include <string_view>

namespace leanmcp::inline v0 {

/// For text and for attribute values in double quotes.
std::string escape_html(std::string_view text);

/// Text of a stranger's for people to read: what cannot be seen or changes the direction of writing (controls, line
/// separators, marks of direction, characters without width) and what is no UTF-8 is left out, white space becomes one
/// space, and what is longer than `most` characters ends in "…". Not escaped.
std::string readable_text(std::string_view text, std::size_t most);

/// A page for a person: no script, one style sheet, readable on a phone and with a keyboard. What it loads, who may
/// frame it and where its forms may go is closed by its headers.
class HtmlPage {
 public:
  HtmlPage() = default;
  HtmlPage(int code, std::string heading, std::string html)
      : status(code), title(std::move(heading)), body(std::move(html)) {}

  int status = 200;
  /// Escaped by `render`.
  std::string title;
  /// HTML below the heading; whoever writes it escapes what it says. Classes of the style sheet: `note`, `alert`,
  /// `main` (a button), `quiet` (small text), `host` (large).
  std::string body;
  /// Where the browser goes by itself after the page was shown (its headers and cookies taken); empty to stay.
  /// Unlike a redirect in answer to a form, that is not held against `form-action`.
  std::string next_url;
  /// Whether it has a form, which then may lead to this server only.
  bool has_form = false;
};

struct RenderedPage {
  std::string html;
  /// Content-Security-Policy, X-Frame-Options, Referrer-Policy, X-Content-Type-Options, Cache-Control.
  HttpHeaders headers;
};
RenderedPage render(const HtmlPage& page);

/// The same headers for an answer without a page, such as a redirect.
HttpHeaders closed_page_headers();

}  // namespace leanmcp::inline v0
