#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Auth0: access tokens for your API (its own profile and RFC 9068's), by RS256 or PS256.
class Auth0Options : public ProviderOptions<Auth0Options> {
 public:
  Auth0Options() { provider_name = "auth0"; }
  /// The tenant's or your own domain, such as `tenant.eu.auth0.com`. It is part of the issuer.
  Auth0Options& domain(std::string host) { return domain_ = std::move(host), *this; }
  /// The API's identifier, which `aud` must have.
  Auth0Options& audience(std::string text) { return audience_ = std::move(text), *this; }
  /// The app, for `refresh`.
  Auth0Options& client_id(std::string id) { return client_id_ = std::move(id), *this; }
  Auth0Options& client_secret(Secret secret) { return client_secret_ = std::move(secret), *this; }
  /// Only tokens issued to these clients (`azp` or `client_id`).
  Auth0Options& clients(std::vector<std::string> ids) { return allowed = detail::without_empty(std::move(ids)), *this; }
  /// Only tokens of this organisation: its id (`org_…`) or, without that prefix, its name.
  Auth0Options& organization(std::string id_or_name) { return organization_ = std::move(id_or_name), *this; }
  /// Where an Action puts claims of its own: `https://app.example/` for `https://app.example/email` and `…/roles`.
  Auth0Options& claims_namespace(std::string prefix) { return namespace_ = std::move(prefix), *this; }
  /// Takes tokens of RFC 9068's profile alone, which say in their header that they are access tokens (`typ: at+jwt`).
  /// The API must be set to it in Auth0; its own profile says `JWT` for access and ID tokens alike.
  Auth0Options& access_tokens_only(bool yes = true) { return access_tokens_only_ = yes, *this; }
  /// Another issuer than `https://<domain>/`, with its slash: for tests. Empty keeps it.
  Auth0Options& issuer(std::string url) { return url.empty() ? *this : (issuer_ = std::move(url), *this); }

  std::string domain_;
  std::string audience_;
  std::string client_id_;
  Secret client_secret_;
  std::vector<std::string> allowed;
  std::string organization_;
  std::string namespace_;
  bool access_tokens_only_ = false;
  std::string issuer_;
};

std::shared_ptr<AuthProvider> auth0(Auth0Options options, std::shared_ptr<HttpClient> http);
std::shared_ptr<AuthProvider> auth0(Auth0Options options, Fetcher fetcher);

}  // namespace leanmcp::inline v0
