#pragma once

#include <boost/url.hpp>

#include <optional>
#include <string_view>

namespace leanmcp::inline v0::detail {

/// An absolute URI with an authority (RFC 3986, section 3). For all that is decided by a URL's host.
///
/// Boost.URL 1.81 reads a host that begins like an address only up to where the address ends, and takes the rest for
/// the path: `https://10.0.0.1.evil.example/` has host 10.0.0.1 there, and leads to evil.example everywhere else. The
/// same with `https://host:x/`. A path after an authority begins with a slash (section 3.3), so these are refused.
inline std::optional<boost::urls::url_view> parse_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed || !parsed->has_authority()) return std::nullopt;
  const std::string_view path(parsed->encoded_path().data(), parsed->encoded_path().size());
  if (!path.empty() && path.front() != '/') return std::nullopt;
  return *parsed;
}

}  // namespace leanmcp::inline v0::detail
