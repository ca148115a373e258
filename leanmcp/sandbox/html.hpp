#pragma once

#include <leanmcp/http/page.hpp>
#include <leanmcp/sandbox/message.hpp>

#include <string>
#include <string_view>

namespace leanmcp::inline v0::sandbox {

/// A whole page: no script at all, styles from `style_path` only, a strip that says what this is. `form_targets` are
/// the URLs that a submitted form may lead to by redirects (browsers check them against form-action too).
Answer html_page(int status, std::string_view title, std::string_view body,
                 std::initializer_list<std::string_view> form_targets = {});

inline constexpr std::string_view style_path = "/sandbox/style.css";
Answer style_sheet();

/// `https://host:port` of a URL; empty when it has none.
std::string origin_of(std::string_view url);

}  // namespace leanmcp::inline v0::sandbox
