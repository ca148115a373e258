#pragma once

#include <leanmcp/oauth/server/message.hpp>
#include <leanmcp/oauth/server/options.hpp>
#include <leanmcp/storage/database.hpp>
#include <leanmcp/transport/serve.hpp>

#include <memory>
#include <string>

namespace leanmcp::inline v0 {

namespace as {
struct Core;
}

/// An OAuth 2.1 authorization server for MCP clients, in front of the app's own identity provider (MCP 2026-07-28,
/// Authorization; RFC 6749, 7591, 7636, 8414, 8707, 9068, 9126, 9207, 9449). It registers clients, asks the person for
/// consent, signs them in at the provider, and gives out short-lived tokens of its own that are meant for one server.
///
/// Set up before serving; then thread-safe. It must be there while the server serves.
class OAuthServer {
 public:
  /// Throws nothing; what is wrong with the options is said by `init`.
  OAuthServer(OAuthServerOptions options, Database database);
  ~OAuthServer();
  OAuthServer(const OAuthServer&) = delete;
  OAuthServer& operator=(const OAuthServer&) = delete;

  /// Checks the options, makes tables and keys, reads the providers' metadata. Blocks. The error is a sentence that
  /// names the setting.
  Result<void> init();

  /// Adds the routes beside an MCP endpoint, after `init`.
  void mount(HttpOptions& options);

  /// One request by itself, without a socket: for tests and for other HTTP servers. May block.
  as::Answer handle(const as::Request& request);

  /// For administration and for tests.
  as::Core& core() noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace leanmcp::inline v0
