#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/log.hpp>
#include <leanmcp/client/authorizer.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/oauth/client/authorization_browser.hpp>
#include <leanmcp/oauth/client/registration.hpp>
#include <leanmcp/oauth/client/token_store.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// When access tokens are bound to a key of the client (RFC 9449).
enum class UseDpop {
  never,
  /// Where the MCP server's challenge asks for it and the authorization server can.
  when_asked,
  /// Or not at all: a server that cannot is an error.
  always,
};

/// An identity assertion of the company's identity provider is traded for tokens (MCP extension Enterprise-Managed
/// Authorization): token exchange for an ID-JAG at the provider, then the jwt-bearer grant at the authorization server.
class EnterpriseGrant {
 public:
  EnterpriseGrant(std::string idp_token_endpoint, OAuthClientIdentity at_idp,
                  std::function<Task<Result<Secret>>()> id_token)
      : token_endpoint(std::move(idp_token_endpoint)), identity(std::move(at_idp)), subject(std::move(id_token)) {}
  std::string token_endpoint;
  OAuthClientIdentity identity;
  /// The ID token of the person's sign-in at the provider.
  std::function<Task<Result<Secret>>()> subject;
  std::string subject_type = "urn:ietf:params:oauth:token-type:id_token";
};

/// Options of an OAuth client. A value; each call refines and returns the same object.
class OAuthClientOptions {
 public:
  OAuthClientOptions() = default;

  /// A client that was registered by hand, at `issuer`: it is shown to no other. Without one a person's sign-in binds
  /// it to the first issuer that the MCP server names, for good; a machine's grant refuses to show its secret.
  OAuthClientOptions& registered(OAuthClientIdentity identity, std::string issuer = {}) {
    identity_ = std::move(identity);
    identity_issuer_ = std::move(issuer);
    return *this;
  }
  /// Lets a machine's grant, too, bind its client to the first issuer that the MCP server names. Only for an MCP server
  /// that may have the secret.
  OAuthClientOptions& trust_first_issuer(bool on = true) {
    first_issuer_ = on;
    return *this;
  }
  /// The URL of the client's own metadata document (Client ID Metadata Documents), for servers that take such ids.
  OAuthClientOptions& client_document(std::string url) {
    client_document_ = std::move(url);
    return *this;
  }
  /// What the client says of itself when it registers by itself.
  OAuthClientOptions& describe(ClientDescription description) {
    description_ = std::move(description);
    return *this;
  }
  /// Scopes to ask for when neither the challenge nor the server's metadata name any; space-separated.
  OAuthClientOptions& scope(std::string text) {
    scope_ = std::move(text);
    return *this;
  }
  /// How a person signs in. Without it only the machine grants work.
  OAuthClientOptions& browser(std::shared_ptr<AuthorizationBrowser> way) {
    browser_ = std::move(way);
    return *this;
  }
  OAuthClientOptions& store(std::shared_ptr<TokenStore> where) {
    store_ = std::move(where);
    return *this;
  }
  /// Tells several accounts at one server apart.
  OAuthClientOptions& profile(std::string name) {
    profile_ = std::move(name);
    return *this;
  }
  OAuthClientOptions& dpop(UseDpop when) {
    dpop_ = when;
    return *this;
  }
  /// Tokens for the client itself (RFC 6749, section 4.4), with the identity of `registered`. With a secret its issuer
  /// must be given there; a key's signature is for one issuer alone and shows nothing.
  OAuthClientOptions& client_credentials() {
    machine_ = Machine::credentials;
    return *this;
  }
  /// Workload identity: a JWT of the platform the program runs on (RFC 7523, section 2.1). Its `aud` must be the
  /// issuer, unless `registered` names that.
  OAuthClientOptions& workload(std::function<Task<Result<Secret>>()> assertion) {
    machine_ = Machine::workload;
    assertion_ = std::move(assertion);
    return *this;
  }
  /// With the identity of `registered`, whose issuer must be given.
  OAuthClientOptions& enterprise(EnterpriseGrant grant) {
    machine_ = Machine::enterprise;
    enterprise_ = std::make_shared<EnterpriseGrant>(std::move(grant));
    return *this;
  }
  /// Revision 2025-03-26: the MCP server's own origin is the issuer where it has no protected resource metadata, with
  /// `/authorize`, `/token` and `/register` where it has no metadata at all.
  OAuthClientOptions& legacy_endpoints(bool on = true) {
    legacy_endpoints_ = on;
    return *this;
  }
  /// The MCP server may name authorization servers on private and loopback addresses. On by itself when the MCP server
  /// has such an address as its host; a program in a company's network may need it for names.
  OAuthClientOptions& private_addresses(bool allowed = true) {
    private_addresses_ = allowed;
    return *this;
  }
  /// Whether a refresh token for the time without the person is asked for (`offline_access`), where the server lists
  /// that scope. On by default.
  OAuthClientOptions& offline_access(bool wanted) {
    offline_access_ = wanted;
    return *this;
  }
  OAuthClientOptions& clock(std::shared_ptr<const Clock> source) {
    clock_ = std::move(source);
    return *this;
  }
  OAuthClientOptions& logger(Logger log) {
    log_ = std::move(log);
    return *this;
  }

  enum class Machine { no, credentials, workload, enterprise };
  std::optional<OAuthClientIdentity> identity_;
  std::string identity_issuer_;
  std::string client_document_;
  ClientDescription description_;
  std::string scope_;
  std::shared_ptr<AuthorizationBrowser> browser_;
  std::shared_ptr<TokenStore> store_ = std::make_shared<MemoryTokenStore>();
  std::string profile_;
  UseDpop dpop_ = UseDpop::when_asked;
  Machine machine_ = Machine::no;
  std::function<Task<Result<Secret>>()> assertion_;
  std::shared_ptr<EnterpriseGrant> enterprise_;
  bool legacy_endpoints_ = false;
  bool first_issuer_ = false;
  bool private_addresses_ = false;
  bool offline_access_ = true;
  std::shared_ptr<const Clock> clock_ = std::make_shared<SystemClock>();
  Logger log_;
};

/// Gets, keeps and renews tokens for one MCP server: give it to `ClientOptions::authorizer`. It signs in when the
/// server asks for it, reading the server's metadata anew each time; tokens go to no other origin than the resource
/// they are for.
///
/// Like every Authorizer it belongs to the executor of the client that uses it.
class OAuthClient final : public Authorizer {
 public:
  /// `mcp_url` is the endpoint; plain http only to loopback. `http` is used for the authorization server; a program
  /// that serves others should give one that connects to public addresses only.
  OAuthClient(std::string mcp_url, OAuthClientOptions options, std::shared_ptr<HttpClient> http);
  ~OAuthClient() override;

  Task<Result<AccessCredentials>> credentials(AuthRequest request) override;
  Task<Result<bool>> challenged(AuthChallenge challenge) override;
  void answered(const AuthRequest& request, const ClientResponse& head) override;
  std::vector<std::string> extensions() const override;

  /// Signs in now, without waiting for a challenge.
  Task<Result<void>> sign_in();
  /// Revokes the refresh token (RFC 7009) where the server can, and forgets the tokens.
  Task<Result<void>> sign_out();
  /// What is held at the moment, without the tokens themselves.
  struct Status {
    std::string issuer;
    std::string client_id;
    std::string scope;
    std::optional<TimePoint> expires;
    bool signed_in = false;
    bool can_refresh = false;
  };
  Status status() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace leanmcp::inline v0
