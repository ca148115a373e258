#pragma once

#include <leanmcp/http/exchange.hpp>
#include <leanmcp/http/page.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// A page that says something, without a form. `title` and `text` are escaped; each paragraph of `text` ends in a line
/// break.
struct Page {
  int status = 200;
  std::string title;
  std::string text;
  std::vector<std::string> cookies;  ///< Set-Cookie values
};
void respond_page(HttpExchange& exchange, const Page& page);
/// 303 to `url`, with the same protective headers.
void respond_redirect(HttpExchange& exchange, const std::string& url, const std::vector<std::string>& cookies);

/// The one page for every visitor who may not go on, whatever the reason, so that it tells nothing.
Page refusal_page();

}  // namespace leanmcp::inline v0
