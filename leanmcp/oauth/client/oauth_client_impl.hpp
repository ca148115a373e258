#pragma once

#include <leanmcp/oauth/client/authorization.hpp>
#include <leanmcp/oauth/client/authorization_limits.hpp>
#include <leanmcp/oauth/client/challenge.hpp>
#include <leanmcp/oauth/client/oauth_client.hpp>
#include <leanmcp/oauth/client/task_mutex.hpp>

#include <map>

namespace leanmcp::inline v0 {

/// What makes the client get other tokens.
class TokenWish {
 public:
  enum class Kind {
    token,            ///< there is none, or it is not taken
    more_scope,       ///< RFC 6750, section 3.1, insufficient_scope
    stronger_sign_in  ///< RFC 9470, section 3, insufficient_user_authentication
  };
  Kind kind = Kind::token;
  TokenChallenge challenge;
  std::string operation;
  /// That the refused request went with; empty when it went without.
  Secret refused;
  /// The person asked for it: what they said no to before is asked again.
  bool by_person = false;

  /// Whether what came of `other` is an answer to this as well.
  bool like(const TokenWish& other) const;
};

struct OAuthClient::State {
  State(std::string url, OAuthClientOptions given, std::shared_ptr<HttpClient> client);

  TimePoint now() const { return options.clock_->now(); }
  /// That tokens are bound to, if they are.
  using Key = std::optional<SigningKey>;

  // oauth_discovery.cpp
  /// To a place that the MCP server named, directly or not.
  Task<HttpClient::Outcome> fetch(ClientRequest request);
  /// To a place that the program named.
  Task<HttpClient::Outcome> fetch_configured(ClientRequest request);
  /// The issuer, scopes and resource as the MCP server's metadata has them now, and the issuer's own metadata; rebinds
  /// when the issuer changed. `metadata_url` is the challenge's, or empty.
  Task<Result<void>> find_issuer(std::string metadata_url);
  Task<Result<ProtectedResource, DiscoveryFault>> find_resource();
  Task<Result<AuthorizationServer, DiscoveryFault>> find_server(std::string wanted);
  void bind_to(const std::string& found);

  // oauth_identity.cpp
  /// The issuer that a client registered by hand may be shown to; empty when it was shown to none yet.
  Result<std::string> registered_issuer();
  /// The client's identity at `server`, unless it has yet to register: registered by hand, a metadata document, or kept
  /// from an earlier registration. Keeps in mind where one registered by hand is shown first.
  Result<bool> recall_identity();
  /// The same, or registers now. `anew` after the server has forgotten the client.
  Task<Result<void>> find_identity(bool anew);

  // oauth_grants.cpp
  Task<Result<OAuthTokens, TokenCause>> ask_token(AuthorizationServer at, OAuthClientIdentity who, FormParameters grant,
                                                  std::string scope, Key key, bool once = false);
  Task<Result<void>> authorize(std::string scope, Key key, TokenWish wish);
  /// Trades the code and stores the tokens; runs to its end even if the request is cancelled, since a code is used once.
  Task<Result<void, TokenCause>> redeem(FormParameters grant, std::string scope, Key key);

  // oauth_machine.cpp
  Task<Result<void>> machine_grant(std::string scope, Key key);
  Task<Result<void>> enterprise_grant(std::string scope, Key key);
  Result<void> may_show_secret() const;

  // oauth_refresh.cpp
  enum class Refreshed {
    yes,
    /// Not this way: what comes next is a new authorization.
    no,
    /// Nobody knows yet: the tokens stay, the request fails.
    later,
  };
  /// Uses the refresh token, or takes what another process got with it meanwhile.
  Task<Refreshed> refresh();
  Task<Refreshed> use_refresh_token();
  /// Waits for other processes; null when none is to be had.
  Task<std::unique_ptr<TokenStore::Lease>> take_lease();
  /// Takes what another process stored meanwhile, in place of what is held here: other tokens, or none.
  enum class Stored { same, other, unknown };
  Stored take_stored();
  bool due() const;
  /// Renews what ends soon, if it can be done without a person; whatever comes of it, the request goes on.
  Task<void> renew_early();

  // oauth_client.cpp
  Task<Result<bool>> obtain(TokenWish wish);
  Task<Result<bool>> obtain_once(TokenWish wish);
  /// The key that the next tokens are to be bound to, if they are.
  Result<Key> choose_key(const TokenChallenge& challenge);
  /// Stores them before they are used: a rotated refresh token that is lost would end the whole sign-in.
  void keep_tokens(OAuthTokens fresh, Key key, bool by_refresh);
  void forget_tokens();
  void restore();
  bool is_machine() const { return options.machine_ != OAuthClientOptions::Machine::no; }
  std::string wanted_scope_for(const TokenWish& wish) const;
  void note_nonce(std::string_view url, const ClientResponse& head);
  std::string stored_name() const { return tokens_name(issuer, mcp_url, options.profile_); }

  const std::string mcp_url;
  const OAuthClientOptions options;
  const EndpointRules rules;
  const std::shared_ptr<HttpClient> http;
  TaskMutex mutex;

  /// Where the last challenge said that the metadata is; empty for the usual places.
  std::string metadata_place;
  std::string issuer;
  std::string resource;
  std::vector<std::string> resource_scopes;
  std::optional<AuthorizationServer> server;
  TimePoint server_read;
  std::optional<OAuthClientIdentity> identity;
  std::string redirect_uri;
  /// The identity is from a registration of our own, so it can be made again.
  bool registered_here = false;

  std::optional<OAuthTokens> tokens;
  Key dpop_key;
  bool dpop_asked = false;
  /// By origin.
  std::map<std::string, std::string> nonces;
  /// What the last authorization asked for.
  std::string requested_scope;
  /// The server has taken the present token at least once. One that it never took is not worth another try by the same
  /// way.
  bool token_was_taken = false;
  bool token_from_refresh = false;
  /// The store has what is held here, so what it has now counts.
  bool in_store = false;

  AuthorizationLimits limits;
  unsigned refresh_failures = 0;
  TimePoint refresh_not_before;
  /// Those who wait while another signs in share what comes of it, or the person would be asked once for each.
  std::uint64_t attempts_ended = 0;
  std::optional<std::pair<TokenWish, Error>> last_failure;
  bool restored = false;
};

}  // namespace leanmcp::inline v0
