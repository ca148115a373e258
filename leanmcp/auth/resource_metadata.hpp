#pragma once

#include <leanmcp/auth/provider.hpp>
#include <leanmcp/transport/serve.hpp>

#include <string>

namespace leanmcp::inline v0 {

/// The protected resource metadata of what the provider protects, as JSON text (RFC 9728, section 2).
std::string resource_metadata(const AuthProvider& provider);

/// Serves that document at `/.well-known/oauth-protected-resource`, with and without the endpoint's path behind it, so
/// that clients find the provider from the challenge or from the URL alone. `provider.protects(…)` comes first.
void publish_metadata(HttpOptions& options, const std::shared_ptr<AuthProvider>& provider);

}  // namespace leanmcp::inline v0
