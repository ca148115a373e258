#include <leanmcp/auth/provider.hpp>

namespace leanmcp::inline v0 {

std::string_view to_string(AuthCode code) {
  switch (code) {
    case AuthCode::missing_token: return "MISSING_TOKEN";
    case AuthCode::invalid_token: return "INVALID_TOKEN";
    case AuthCode::verification_failed: return "VERIFICATION_FAILED";
    case AuthCode::insufficient_scope: return "INSUFFICIENT_SCOPE";
  }
  return "";
}

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

Result<std::shared_ptr<AuthProvider>> auth_provider_from(const Settings& settings, std::shared_ptr<HttpClient> http,
                                                         Logger logger) {
  const std::string kind = settings("AUTH_PROVIDER");
  if (kind.empty()) return Error("AUTH_PROVIDER is not set; it names your identity provider, such as oidc");
  if (kind != "oidc")
    return Error("AUTH_PROVIDER is '" + kind + "', which is not supported yet; use oidc with your provider's issuer URL");
  const auto need = [&](const char* name, const char* what) -> Result<std::string> {
    std::string value = settings(name);
    if (value.empty()) return Error(std::string(name) + " is not set; it is " + what);
    return value;
  };
  auto issuer = need("OIDC_ISSUER", "your provider's issuer URL, exactly as its tokens say it");
  if (!issuer) return issuer.error();
  auto audience = need("OIDC_AUDIENCE", "the audience your provider puts into tokens for this server");
  if (!audience) return audience.error();
  OidcOptions options(std::move(*issuer), std::move(*audience));
  options.logger(std::move(logger));
  return oidc(std::move(options), std::move(http));
}

}  // namespace leanmcp::inline v0
