#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// GitHub: opaque tokens of your OAuth app or GitHub App, each checked with GitHub to be issued to that very app: a
/// personal access token, or another app's, is refused.
class GithubOptions : public ProviderOptions<GithubOptions> {
 public:
  GithubOptions() { provider_name = "github"; }
  GithubOptions& client_id(std::string id) { return client_id_ = std::move(id), *this; }
  GithubOptions& client_secret(Secret secret) { return client_secret_ = std::move(secret), *this; }
  /// Other hosts than GitHub's: for GitHub Enterprise Server and tests.
  GithubOptions& api_url(std::string url) { return api_url_ = std::move(url), *this; }
  GithubOptions& web_url(std::string url) { return web_url_ = std::move(url), *this; }

  std::string client_id_;
  Secret client_secret_;
  std::string api_url_ = "https://api.github.com";
  std::string web_url_ = "https://github.com";
};

std::shared_ptr<AuthProvider> github(GithubOptions options, std::shared_ptr<HttpClient> http);
std::shared_ptr<AuthProvider> github(GithubOptions options, Fetcher fetcher);

}  // namespace leanmcp::inline v0
