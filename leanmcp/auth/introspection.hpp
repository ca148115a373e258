#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Tokens that only their issuer can read: each is introspected (RFC 7662), and remembered until it ends, at most 300
/// s.
class IntrospectionOptions : public ProviderOptions<IntrospectionOptions> {
 public:
  /// The endpoint, and how this server authenticates there.
  IntrospectionOptions(std::string endpoint, std::string client_id, Secret client_secret)
      : endpoint(std::move(endpoint)), client_id(std::move(client_id)), client_secret(std::move(client_secret)) {
    provider_name = "introspection";
  }
  /// What `aud` must have. Either this or `clients` must be given.
  IntrospectionOptions& audience(std::string text) { return audience_ = std::move(text), *this; }
  /// Clients whose tokens are taken.
  IntrospectionOptions& clients(std::vector<std::string> ids) {
    return allowed = detail::without_empty(std::move(ids)), *this;
  }
  /// What `iss` must be where the answer has it; also the authorization server that clients are told of.
  IntrospectionOptions& issuer(std::string url) { return issuer_ = std::move(url), *this; }
  /// Where profiles come from; without it a user has what the answer says.
  IntrospectionOptions& userinfo(std::string url) { return userinfo_url = std::move(url), *this; }

  std::string endpoint;
  std::string client_id;
  Secret client_secret;
  std::string audience_;
  std::vector<std::string> allowed;
  std::string issuer_;
  std::string userinfo_url;
};

std::shared_ptr<AuthProvider> introspection(IntrospectionOptions options, std::shared_ptr<HttpClient> http);
std::shared_ptr<AuthProvider> introspection(IntrospectionOptions options, Fetcher fetcher);

}  // namespace leanmcp::inline v0
