#pragma once

#include <leanmcp/base/secret.hpp>
#include <leanmcp/elicitation/sign_in.hpp>
#include <leanmcp/server/context.hpp>
#include <leanmcp/storage/vault.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

/// Another service at which this server acts for its users, with tokens from that service's OAuth 2.0 authorization
/// server (RFC 6749, section 4.1, with PKCE).
class OAuthService {
 public:
  /// `name` is what `Connections::connect` is called with: 1 to 32 lower-case letters, digits and dashes. The callback
  /// to register there is `<public URL>/connect/callback/<name>`.
  OAuthService(std::string name, std::string authorize_url, std::string token_url, std::string client_id,
               Secret client_secret)
      : name(std::move(name)),
        authorize_url(std::move(authorize_url)),
        token_url(std::move(token_url)),
        client_id(std::move(client_id)),
        client_secret(std::move(client_secret)) {}
  /// GitHub, or an Enterprise Server: then with its own web address and that of its API (`<site>/api/v3`). Revoking is
  /// GitHub's own way too: "delete an app token" of its REST API, of the one connection alone.
  static OAuthService github(std::string client_id, Secret client_secret,
                             const std::string& site = "https://github.com",
                             const std::string& api = "https://api.github.com");
  /// What people call it: "GitHub".
  OAuthService& label(std::string text) { return shown = std::move(text), *this; }
  OAuthService& scopes(std::vector<std::string> names) { return wanted = std::move(names), *this; }
  /// One more parameter of the authorization request.
  OAuthService& parameter(std::string key, std::string value) {
    return extra.emplace_back(std::move(key), std::move(value)), *this;
  }
  /// Where tokens are revoked (RFC 7009).
  OAuthService& revoke_at(std::string url) {
    revoke_url = std::move(url);
    revoke_by = RevokeBy::rfc7009;
    return *this;
  }
  /// The issuer that callbacks must name if they name one (RFC 9207), and whether they always do.
  OAuthService& issuer(std::string id, bool always_named) {
    expected_issuer = std::move(id);
    issuer_announced = always_named;
    return *this;
  }
  /// The client proves itself by HTTP Basic instead of in the body.
  OAuthService& basic_auth() { return basic = true, *this; }

  std::string name;
  std::string authorize_url;
  std::string token_url;
  std::string client_id;
  Secret client_secret;
  std::string shown;
  std::vector<std::string> wanted;
  std::vector<std::pair<std::string, std::string>> extra;
  std::string revoke_url;
  enum class RevokeBy { rfc7009, github };
  RevokeBy revoke_by = RevokeBy::rfc7009;
  std::string expected_issuer;
  bool issuer_announced = false;
  bool basic = false;
};

/// The users' connections to other services. A tool asks for one:
///
///     Task<Result<Secret>> connecting = connections.connect(ctx, "github");
///     const Result<Secret> token = co_await std::move(connecting);
///     if (!token) co_return token.error();
///
/// The first time, the user is sent to the connect page (URL mode), signs in there as the same person, and lets the
/// service know that this server may act for them. The tokens go to the vault and never to the MCP client; they are
/// refreshed when they run out, by one of many at a time.
///
/// Thread-safe after `mount`. Must be there while the server serves.
class Connections {
 public:
  /// `sign_in` gets the page "/connect/"; mount it after the last `add`.
  Connections(Database database, Vault vault, std::shared_ptr<BrowserSignIn> sign_in, std::shared_ptr<HttpClient> http,
              Logger logger, std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>());
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  /// Makes the table.
  Result<void> init();
  /// Throws std::logic_error for a name that is not as described or taken, and for addresses other than https (http on
  /// loopback).
  void add(OAuthService service);
  /// The routes of the sign-in page and of the services' callbacks.
  void mount(HttpOptions& options);

  /// An access token of the caller for the service, asking the user to connect where there is none. The error says what
  /// to tell the caller and carries the link as data where the client cannot open it. Needs an authenticated caller.
  /// Uses the question keys `connect.<service>` and `connect.<service>.wait` of the call.
  Task<Result<Secret>> connect(Context& ctx, std::string service);
  /// Throws the tokens away here and, where the service has an address for it, there. False when there were none.
  Task<Result<bool>> disconnect(Context& ctx, std::string service);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace leanmcp::inline v0
