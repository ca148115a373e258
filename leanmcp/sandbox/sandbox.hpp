#pragma once

#include <leanmcp/base/log.hpp>
#include <leanmcp/base/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

struct SandboxOptions {
  /// On 127.0.0.1 only. The same port for both means one server; 0 takes a free one.
  std::uint16_t identity_port = 4000;
  std::uint16_t stripe_port = 4000;
  /// What the tokens are for: URLs of MCP servers, the first by default. Empty: a premium service at its usual port.
  std::vector<std::string> audiences;
  /// Scopes beside `openid`, `profile` and `email`.
  std::vector<std::string> scopes;
  /// Clients with a secret, beside `premium-service` and the other examples, and where their answers may go beside
  /// `/connect/callback` at any port of this machine.
  std::vector<std::string> clients;
  std::vector<std::string> redirect_uris;
  /// What these prove themselves by; 16 characters or more.
  std::string client_secret = "sandbox-client-secret";
  /// The only Stripe key accepted; empty for any test key. Live keys are refused always.
  std::string stripe_key;
  /// Where the Stripe double sends its events; loopback. Empty for nowhere.
  std::string webhook_url;
  std::string webhook_secret;
  Logger log;
};

/// An identity provider and a Stripe double on loopback, for trying and testing without accounts: everything in it is
/// made up, and forgotten when it ends. Never part of a server; see Identity and StripeDouble for what they serve, and
/// stripe_pages.hpp for what scripts can make happen. Also: `GET /health`, and
/// `POST /sandbox/webhooks/hold`, `POST /sandbox/webhooks/release[?order=reversed][&copies=2]` to reorder deliveries.
class Sandbox {
 public:
  /// Refuses a webhook URL that is not loopback, a missing webhook secret, a live key, and what an authorization server
  /// refuses of its settings.
  static Result<std::unique_ptr<Sandbox>> start(SandboxOptions options);
  /// Stops both servers.
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  /// The issuer: `http://127.0.0.1:<port>`.
  std::string identity_url() const;
  std::string stripe_url() const;

 private:
  class Impl;
  explicit Sandbox(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace leanmcp::inline v0
