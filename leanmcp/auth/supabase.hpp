#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Supabase Auth: access tokens of a project. `user_metadata`, which people can write themselves, is shown but never
/// used to decide.
class SupabaseOptions : public ProviderOptions<SupabaseOptions> {
 public:
  SupabaseOptions() { provider_name = "supabase"; }
  /// `https://<ref>.supabase.co`.
  SupabaseOptions& url(std::string base) { return url_ = std::move(base), *this; }
  /// The legacy JWT secret, of projects that sign by HS256, or did until lately: published keys work beside it, each
  /// for its own algorithms.
  SupabaseOptions& jwt_secret(Secret secret) { return secret_ = std::move(secret), *this; }
  /// OAuth clients whose tokens are taken: Supabase does not put the resource into `aud`. Without any, session tokens
  /// only.
  SupabaseOptions& oauth_clients(std::vector<std::string> ids) {
    return clients = detail::without_empty(std::move(ids)), *this;
  }
  /// The publishable (anon) key, for `refresh`.
  SupabaseOptions& anon_key(std::string key) { return anon_key_ = std::move(key), *this; }
  /// Takes people who signed in anonymously too.
  SupabaseOptions& allow_anonymous(bool yes = true) { return anonymous = yes, *this; }

  std::string url_;
  Secret secret_;
  std::vector<std::string> clients;
  std::string anon_key_;
  bool anonymous = false;
};

std::shared_ptr<AuthProvider> supabase(SupabaseOptions options, std::shared_ptr<HttpClient> http);
std::shared_ptr<AuthProvider> supabase(SupabaseOptions options, Fetcher fetcher);

}  // namespace leanmcp::inline v0
