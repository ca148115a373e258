#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0::detail {

/// The cookie's value in a Cookie header (RFC 6265, section 4.2.1); empty when it is not there, or there twice.
std::string_view cookie_value(std::string_view header, std::string_view name);

/// Names in the header that begin with `prefix`, in its order.
std::vector<std::string> cookie_names(std::string_view header, std::string_view prefix);

/// `name` as it is on the wire: with `__Host-` in front where the server is reached by https, so that no neighbouring
/// domain can set it (RFC 6265bis, section 4.1.3.2). Browsers do not take that prefix over plain http.
std::string host_cookie_name(std::string_view name, bool secure);
/// A Set-Cookie value for this host alone, out of reach of scripts, sent along when other sites link here but not with
/// their forms. An age of zero removes the cookie.
std::string host_cookie(std::string_view wire_name, std::string_view value, std::chrono::seconds age, bool secure);

}  // namespace leanmcp::inline v0::detail
