#include <leanmcp/auth/provider.hpp>

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

bool AuthProvider::recognises(std::string_view) const { return true; }

namespace {

Task<Result<TokenSet, AuthFault>> no_refresh() {
  Result<TokenSet, AuthFault> out = AuthFault(AuthCode::verification_failed, "this provider has no refresh tokens");
  co_return std::move(out);
}

}  // namespace

Task<Result<TokenSet, AuthFault>> AuthProvider::refresh(RefreshRequest) { return no_refresh(); }

}  // namespace leanmcp::inline v0
