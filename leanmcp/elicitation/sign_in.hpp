#pragma once

#include <leanmcp/base/clock.hpp>
#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/elicitation/browser_flow.hpp>
#include <leanmcp/server/principal.hpp>
#include <leanmcp/transport/serve.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace leanmcp::inline v0 {

class HttpClient;

/// Where a link leads once its owner has signed in. The functions may block (the pages have threads of their own) and
/// are called from several threads.
class SignInTarget {
 public:
  virtual ~SignInTarget() = default;
  /// The principal_key of the caller the link was made for; nullopt for a link that is unknown, used or expired. An
  /// error is a failure of storage: the page then asks to try again.
  virtual Result<std::optional<std::string>> owner(const std::string& id, TimePoint now) = 0;
  struct Opened {
    std::string url;                   ///< the browser goes there with 303
    std::vector<std::string> cookies;  ///< Set-Cookie values
  };
  /// The owner is there. nullopt refuses as for a link that is not good any more.
  virtual Result<std::optional<Opened>> open(const std::string& id, const Principal& visitor, TimePoint now) = 0;
};

/// This server as an OpenID Connect client of the provider that its callers' tokens come from.
class SignInOptions {
 public:
  /// `provider` is the name the AuthProvider was configured under: with the user's id it makes the principal_key, which
  /// must come out the same in the browser and in the token.
  SignInOptions(std::string provider, std::string issuer, std::string client_id, Secret client_secret)
      : provider(std::move(provider)),
        issuer(std::move(issuer)),
        client_id(std::move(client_id)),
        client_secret(std::move(client_secret)) {}
  /// "openid" by default.
  SignInOptions& scopes(std::vector<std::string> names) { return wanted = std::move(names), *this; }
  /// Accepted algorithms of the ID token; RS256 and ES256 by default.
  SignInOptions& algorithms(std::vector<std::string> list) { return accepted = std::move(list), *this; }
  /// Where the provider sends browsers back to, below the public URL; register it at the provider.
  SignInOptions& callback(std::string path) { return callback_path = std::move(path), *this; }
  /// Who the claims of an ID token mean, where that is not provider and `sub` (Entra's `oid`, Okta's `uid`). The claims
  /// come as JSON text.
  SignInOptions& identify(std::function<Principal(const std::string& claims_json)> rule) {
    return who = std::move(rule), *this;
  }
  SignInOptions& logger(Logger log) { return log_ = std::move(log), *this; }
  SignInOptions& clock(std::shared_ptr<const Clock> source) { return clock_ = std::move(source), *this; }

  std::string provider;
  std::string issuer;
  std::string client_id;
  Secret client_secret;
  std::vector<std::string> wanted = {"openid"};
  std::vector<std::string> accepted = {"RS256", "ES256"};
  std::string callback_path = "/connect/callback";
  std::function<Principal(const std::string&)> who;
  Logger log_;
  std::shared_ptr<const Clock> clock_ = std::make_shared<SystemClock>();
};

/// Pages that only the caller they were made for may pass (2026-07-28, Elicitation, URL Mode: "the server must verify
/// the identity of the user who opens the URL"). GET `<path><id>` signs the browser in at the provider (authorization
/// code, PKCE S256, state and nonce bound to this browser by cookie), compares who that is with the link's owner, and
/// then sends the browser on. Everyone else sees one neutral page, and nothing changes.
///
/// Set up before serving, then immutable; thread-safe.
class BrowserSignIn {
 public:
  BrowserSignIn(SignInOptions options, BrowserFlows flows, std::shared_ptr<HttpClient> http);
  ~BrowserSignIn();
  BrowserSignIn(const BrowserSignIn&) = delete;
  BrowserSignIn& operator=(const BrowserSignIn&) = delete;

  /// Reads the provider's metadata and keys. Blocks. The error is a sentence that names the URL.
  Result<void> init();
  /// Links `<public URL><path><id>`; the path begins and ends with a slash: "/connect/", "/billing/go/". Ids are 16 to
  /// 64 of the base64url alphabet and must be unguessable.
  void page(std::string path, std::shared_ptr<SignInTarget> target);
  /// The link for an id below a page.
  std::string link(std::string_view path, std::string_view id) const;
  /// Adds the routes of the pages and of the callback, after the last `page`. The object must be there while the server
  /// serves; its own threads do what blocks.
  void mount(HttpOptions& options);
  const BrowserFlows& flows() const noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace leanmcp::inline v0
