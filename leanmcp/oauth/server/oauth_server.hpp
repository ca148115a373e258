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

  /// Adds the routes beside an MCP endpoint, or to a server of their own, after `init`. Requests are worked on by
  /// threads of this object. Metadata, keys, token, registration and revocation may be called by pages of every origin,
  /// without cookies; what is for browsers themselves by none.
  void mount(HttpOptions& options);
  void mount(HttpServer& server);

  /// Ends the work under way and takes no more; the destructor does so too. Before the HTTP server is gone.
  void stop();

  /// One request by itself, without a socket: for tests and for other HTTP servers. May block.
  as::Answer handle(const as::Request& request);

  /// For administration and for tests.
  as::Core& core() noexcept;

 private:
  struct State;
  /// Calls `route(method, path, origins, handler)` for each.
  template <class Route>
  void each_route(const Route& route);
  std::shared_ptr<State> state_;
};

}  // namespace leanmcp::inline v0
