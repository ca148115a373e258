#pragma once

#include <leanmcp/auth/provider_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// WorkOS: AuthKit's OAuth tokens (with an AuthKit domain), or the session tokens of an application (without one).
class WorkosOptions : public ProviderOptions<WorkosOptions> {
 public:
  WorkosOptions() { provider_name = "workos"; }
  /// The application, `client_…`.
  WorkosOptions& client_id(std::string id) { return client_id_ = std::move(id), *this; }
  /// `sk_…`: profiles of users by WorkOS's API in session mode.
  WorkosOptions& api_key(Secret key) { return api_key_ = std::move(key), *this; }
  /// `https://<name>.authkit.app`: tokens of AuthKit's OAuth, for which `audience` is needed.
  WorkosOptions& authkit(std::string url) { return authkit_ = std::move(url), *this; }
  /// The resource indicator that clients send, or what the environment puts into `aud` by default.
  WorkosOptions& audience(std::string text) { return audience_ = std::move(text), *this; }
  /// Further issuers of session tokens, such as a domain of your own.
  WorkosOptions& issuers(std::vector<std::string> list) {
    return more_issuers = detail::without_empty(std::move(list)), *this;
  }
  /// Another API than api.workos.com: for tests.
  WorkosOptions& api_url(std::string url) { return api_url_ = std::move(url), *this; }

  std::string client_id_;
  Secret api_key_;
  std::string authkit_;
  std::string audience_;
  std::vector<std::string> more_issuers;
  std::string api_url_ = "https://api.workos.com";
};

std::shared_ptr<AuthProvider> workos(WorkosOptions options, std::shared_ptr<HttpClient> http);
std::shared_ptr<AuthProvider> workos(WorkosOptions options, Fetcher fetcher);

}  // namespace leanmcp::inline v0
