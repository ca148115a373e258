#pragma once

#include <leanmcp/base/secret.hpp>
#include <leanmcp/oauth/client/token_endpoint.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

class HttpClient;

/// This server as a client of a provider. The callback to register there is `<issuer>/callback/<name>`. Presets fill in
/// what is left out.
class UpstreamOptions {
 public:
  UpstreamOptions(std::string client, Secret secret) : client_id(std::move(client)), client_secret(std::move(secret)) {}

  /// 1 to 32 of a-z, 0-9 and -. Part of the callback and of every subject: it should never change.
  UpstreamOptions& name(std::string text) { return name_ = std::move(text), *this; }
  /// What people read: "GitHub".
  UpstreamOptions& label(std::string text) { return label_ = std::move(text), *this; }
  /// Instead of the preset's, which is what it takes to know who somebody is, and to stay signed in.
  UpstreamOptions& scopes(std::vector<std::string> names) { return scopes_ = std::move(names), *this; }
  /// A further parameter of the authorization request: `prompt`, `hd`, …
  UpstreamOptions& parameter(std::string key, std::string value) {
    parameters.emplace_back(std::move(key), std::move(value));
    return *this;
  }
  /// How this server proves itself, where the provider's metadata does not say.
  UpstreamOptions& authentication(ClientAuthentication method) { return method_ = method, *this; }
  /// An instance of one's own: GitHub Enterprise Server, a self-managed GitLab, a provider's other region.
  UpstreamOptions& at(std::string base_url) { return base = std::move(base_url), *this; }
  /// Algorithms of ID tokens; RS256 and ES256 by default.
  UpstreamOptions& algorithms(std::vector<std::string> names) { return algorithms_ = std::move(names), *this; }
  /// Its own otherwise.
  UpstreamOptions& http(std::shared_ptr<HttpClient> client) { return http_ = std::move(client), *this; }

  std::string client_id;
  Secret client_secret;
  std::string name_;
  std::string label_;
  std::optional<std::vector<std::string>> scopes_;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::optional<ClientAuthentication> method_;
  std::string base;
  std::vector<std::string> algorithms_ = {"RS256", "ES256"};
  std::shared_ptr<HttpClient> http_;
};

namespace as {

/// With what a preset has for it where the program says nothing.
inline UpstreamOptions filled(UpstreamOptions options, std::string_view name, std::string_view label,
                              std::vector<std::string> scopes = {"openid", "profile", "email"}) {
  if (options.name_.empty()) options.name_ = name;
  if (options.label_.empty()) options.label_ = label;
  if (!options.scopes_) options.scopes_ = std::move(scopes);
  return options;
}

}  // namespace as

}  // namespace leanmcp::inline v0
