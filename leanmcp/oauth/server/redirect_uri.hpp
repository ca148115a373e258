#pragma once

#include <string>
#include <string_view>

namespace leanmcp::inline v0::as {

/// An http(s) URL taken apart, or another scheme's URI of which only the scheme matters. Views into the text.
struct UriParts {
  std::string scheme;  ///< lower case
  bool hierarchical = false;
  std::string_view user;
  std::string_view host;  ///< as written, IPv6 in brackets
  std::string_view port;
  std::string_view path;
  std::string_view query;
  bool has_user = false;
  bool has_port = false;
  bool has_query = false;
  bool has_fragment = false;
};

/// Strict (RFC 3986): printable ASCII without what no URI may have, no backslash, whole escapes, a port between 1 and
/// 65535, a host of letters, digits, dots and dashes or an IPv6 address. False for everything else.
bool split_uri(std::string_view text, UriParts& out);

/// Whether a segment of the path is `.` or `..`, also when written with %2e.
bool has_dot_segments(std::string_view path);

/// 127.0.0.0/8, ::1, `localhost` and names below it; with a dot at the end too.
bool is_loopback_name(std::string_view host);

}  // namespace leanmcp::inline v0::as
