#include <leanmcp/auth/provider.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

std::string_view to_string(AuthCode code) {
  switch (code) {
    case AuthCode::missing_token:
      return "MISSING_TOKEN";
    case AuthCode::invalid_token:
      return "INVALID_TOKEN";
    case AuthCode::verification_failed:
      return "VERIFICATION_FAILED";
    case AuthCode::insufficient_scope:
      return "INSUFFICIENT_SCOPE";
  }
  return "";
}

void AuthProvider::accept_dpop(DpopOptions options) { dpop_ = std::make_shared<DpopGuard>(std::move(options)); }

void AuthProvider::protects(std::string resource_url, std::vector<std::string> scopes) {
  resource_url_ = std::move(resource_url);
  scopes_ = std::move(scopes);
  // RFC 9728, section 3.1: the well-known part goes between host and path.
  const auto host = resource_url_.find("://");
  if (host == std::string::npos) return;
  const auto path = resource_url_.find('/', host + 3);
  metadata_url_ = resource_url_.substr(0, path) + "/.well-known/oauth-protected-resource";
  if (path != std::string::npos && path + 1 < resource_url_.size()) metadata_url_ += resource_url_.substr(path);
}

Result<void> AuthProvider::check_resource() const {
  if (resource_url_.empty()) return {};
  const std::string_view url = resource_url_;
  const std::size_t start = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  const std::string_view rest = url.substr(start);
  const std::string_view host = rest.substr(0, rest.find('/'));
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_odd = [](char c) { return c <= ' ' || c >= 0x7f || c == '?' || c == '#' || c == '\\' || c == '"'; };
  if (start != 0 && !host.empty() && host.find('@') == std::string_view::npos && !rest.ends_with('/') &&
      rest.find("//") == std::string_view::npos && std::none_of(host.begin(), host.end(), is_upper) &&
      std::none_of(rest.begin(), rest.end(), is_odd))
    return {};
  return Error(
      "protects(): '" + resource_url_ +
      "' is not the public URL of an MCP endpoint as clients write it, such as https://mcp.example.com/mcp: no "
      "slash at the end nor two in a row, no query, the host in lower case");
}

bool AuthProvider::recognises(std::string_view) const { return true; }

namespace {

Task<Result<TokenSet, AuthFault>> no_refresh() {
  Result<TokenSet, AuthFault> out = AuthFault(AuthCode::verification_failed, "this provider has no refresh tokens");
  co_return std::move(out);
}

}  // namespace

Task<Result<TokenSet, AuthFault>> AuthProvider::refresh(RefreshRequest) { return no_refresh(); }

}  // namespace leanmcp::inline v0
