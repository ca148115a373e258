#include <leanmcp/oauth/server/redirect_uri.hpp>

#include <leanmcp/base/ascii.hpp>
#include <leanmcp/oauth/server/core.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace leanmcp::inline v0::as {
namespace {

constexpr std::size_t longest_redirect = 2048;

/// Schemes that a browser runs, reads or shows instead of handing the answer to an app.
constexpr std::array forbidden_schemes{"javascript", "data",  "file",     "vbscript", "blob",        "about",
                                       "filesystem", "ftp",   "ws",       "wss",      "view-source", "jar",
                                       "mailto",     "tel",   "sms",      "chrome",   "intent",      "mhtml",
                                       "livescript", "mocha", "resource", "res"};

using detail::is_digit;
using detail::to_lower;

bool is_alpha(char c) { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; }
bool is_hex(char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); }

bool is_uri_text(std::string_view text) {
  constexpr std::string_view never = "\"<>\\^`{|}";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c <= 0x20 || c >= 0x7f || never.find(c) != never.npos) return false;
    if (c == '%' && (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))) return false;
  }
  return true;
}

/// RFC 3986, section 3.2.2: square brackets stand around an address and nowhere else.
bool has_bracket(std::string_view text) { return text.find_first_of("[]") != text.npos; }

bool is_scheme(std::string_view text) {
  return !text.empty() && is_alpha(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || host.size() > 48) return false;
    in6_addr address{};
    return inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), &address) == 1;
  }
  return !host.empty() && host.size() <= 253 &&
         std::all_of(host.begin(), host.end(),
                     [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; }) &&
         !host.starts_with('.') && host.find("..") == host.npos;
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  return !text.empty() && failed == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

bool split_authority(std::string_view authority, UriParts& out) {
  if (const auto at = authority.rfind('@'); at != authority.npos) {
    out.has_user = true;
    out.user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
  out.host = authority.substr(0, colon);
  if (colon != authority.npos) {
    out.has_port = true;
    out.port = authority.substr(colon + 1);
    if (!is_port(out.port)) return false;
  }
  return is_host(out.host);
}

bool is_web(const UriParts& parts) { return parts.scheme == "https" || parts.scheme == "http"; }

/// The host of a loopback redirect must be an address or exactly `localhost` (RFC 8252, section 7.3): where a name
/// below it leads is up to a resolver.
bool is_loopback_literal(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  in_addr v4{};
  return host.size() < 16 && inet_pton(AF_INET, std::string(host).c_str(), &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

OAuthError refuse_redirect(std::string why) {
  return OAuthError("invalid_redirect_uri", std::move(why), "redirect uri");
}

Result<void, OAuthError> check_private_scheme(const UriParts& parts, std::string_view application_type) {
  if (std::find(forbidden_schemes.begin(), forbidden_schemes.end(), parts.scheme) != forbidden_schemes.end())
    return refuse_redirect("A redirect URI must not have this scheme.");
  if (application_type == "web")
    return refuse_redirect("The redirect URI of a web application must begin with https://.");
  // RFC 8252, section 7.1, asks for a reversed domain name, since anyone can take "myapp:". Editors in wide use
  // (cursor://, vscode://) have plain ones, so that a scheme without a dot must at least name a host.
  if (parts.scheme.find('.') == parts.scheme.npos && (!parts.hierarchical || parts.host.empty()))
    return refuse_redirect("A redirect URI with a private scheme must have a dot in the scheme, or a host.");
  return {};
}

}  // namespace

bool split_uri(std::string_view text, UriParts& out) {
  out = UriParts();
  if (text.empty() || text.size() > longest_redirect || !is_uri_text(text)) return false;
  const auto colon = text.find(':');
  if (colon == text.npos || !is_scheme(text.substr(0, colon))) return false;
  out.scheme = to_lower(text.substr(0, colon));
  text.remove_prefix(colon + 1);
  if (const auto hash = text.find('#'); hash != text.npos) {
    out.has_fragment = true;
    if (has_bracket(text.substr(hash))) return false;
    text = text.substr(0, hash);
  }
  if (const auto mark = text.find('?'); mark != text.npos) {
    out.has_query = true;
    out.query = text.substr(mark + 1);
    if (has_bracket(out.query)) return false;
    text = text.substr(0, mark);
  }
  if (!text.starts_with("//")) {
    out.path = text;
    return !is_web(out) && !text.empty() && !has_bracket(text);
  }
  out.hierarchical = true;
  text.remove_prefix(2);
  const auto slash = text.find('/');
  out.path = slash == text.npos ? std::string_view() : text.substr(slash);
  if (has_bracket(out.path)) return false;
  const std::string_view authority = text.substr(0, slash);
  if (authority.empty()) return !is_web(out);
  return split_authority(authority, out);
}

bool has_dot_segments(std::string_view path) {
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    std::string segment = to_lower(path.substr(0, end));
    for (auto dot = segment.find("%2e"); dot != segment.npos; dot = segment.find("%2e")) segment.replace(dot, 3, ".");
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

bool is_loopback_name(std::string_view host) {
  std::string name = to_lower(host);
  if (name.ends_with('.')) name.pop_back();
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  if (name.starts_with('[') && name.ends_with(']')) {
    in6_addr v6{};
    if (inet_pton(AF_INET6, name.substr(1, name.size() - 2).c_str(), &v6) != 1) return false;
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
  }
  // What browsers and resolvers read as an address, in whatever spelling: 127.1, 0x7f000001, 2130706433.
  in_addr v4{};
  return inet_aton(name.c_str(), &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

Result<void, OAuthError> check_redirect_uri(std::string_view uri, std::string_view application_type) {
  UriParts parts;
  if (!split_uri(uri, parts))
    return refuse_redirect("A redirect URI must be an absolute URI, at most 2048 characters.");
  if (parts.has_fragment) return refuse_redirect("A redirect URI must not have a fragment.");
  if (parts.has_user) return refuse_redirect("A redirect URI must not have a user name.");
  if (uri.find('*') != uri.npos) return refuse_redirect("A redirect URI must not have a wildcard.");
  if (has_dot_segments(parts.path)) return refuse_redirect("A redirect URI must not have dot segments.");
  if (!is_web(parts)) return check_private_scheme(parts, application_type);
  const bool loopback = is_loopback_name(parts.host);
  if (application_type == "web") {
    if (parts.scheme != "https" || loopback)
      return refuse_redirect("The redirect URI of a web application must be https and not loopback.");
    return {};
  }
  if (parts.scheme == "http" && !is_loopback_literal(parts.host))
    return refuse_redirect("A redirect URI with http must be on 127.0.0.1, [::1] or localhost.");
  return {};
}

bool redirect_matches(const ClientRecord& client, std::string_view redirect_uri) {
  UriParts asked;
  if (!split_uri(redirect_uri, asked) || asked.has_fragment || asked.has_user) return false;
  // RFC 8252, section 7.3: an app listens on whatever port it gets.
  const bool any_port =
      client.application_type == "native" && asked.scheme == "http" && is_loopback_literal(asked.host);
  return std::any_of(client.redirect_uris.begin(), client.redirect_uris.end(), [&](const std::string& registered) {
    if (registered == redirect_uri) return true;
    UriParts known;
    if (!any_port || !registered.starts_with("http://") || !redirect_uri.starts_with("http://") ||
        !split_uri(registered, known))
      return false;
    return known.host == asked.host && known.path == asked.path && known.has_query == asked.has_query &&
           known.query == asked.query && !known.has_user && !known.has_fragment;
  });
}

}  // namespace leanmcp::inline v0::as
