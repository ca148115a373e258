#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/crypto/dpop.hpp>
#include <leanmcp/crypto/replay_window.hpp>
#include <leanmcp/http/client.hpp>
#include <leanmcp/oauth/server/message.hpp>
#include <leanmcp/oauth/server/options.hpp>
#include <leanmcp/oauth/server/store.hpp>
#include <leanmcp/storage/vault.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leanmcp::inline v0::as {

class SigningKeys;
class RateLimits;
class AuditLog;
class RemoteDocuments;

/// What the providers' tokens are called in the vault.
inline constexpr std::string_view vault_record = "oauth-upstream";

/// What the endpoints share: configuration, storage, keys, the two ways out. Set up once, then immutable and
/// thread-safe.
struct Core {
  explicit Core(OAuthServerOptions given);
  ~Core();

  OAuthServerOptions options;
  std::optional<Store> store;
  std::optional<Vault> vault;
  std::unique_ptr<SigningKeys> keys;
  std::unique_ptr<RateLimits> limits;
  std::unique_ptr<AuditLog> audit;
  /// For what must come back unchanged: refresh answers, upstream secrets.
  std::optional<Sealer> sealer;
  std::optional<DpopNonces> nonces;
  /// To providers and trusted issuers.
  std::shared_ptr<HttpClient> http;
  /// To addresses that clients name: public ones only.
  std::shared_ptr<HttpClient> guarded_http;
  /// Refreshes at providers under way because of a refresh here: few, so that a slow provider holds up few threads.
  std::atomic<int> upstream_refreshes{0};
  /// Metadata documents and key sets, over these two.
  std::unique_ptr<RemoteDocuments> remote;

  /// The issuer with the endpoint's path behind it.
  std::string url(std::string_view path) const { return options.issuer_ + std::string(path); }
  const ProtectedApi* api(std::string_view resource) const noexcept;
  Upstream* upstream(std::string_view name) const noexcept;
  /// Whether people can sign in: through a provider, or here.
  bool has_people() const noexcept { return !options.upstreams_.empty() || options.own_users_; }
  /// Whether an API offers the scope `openid`: then there are ID tokens and userinfo.
  bool has_openid() const noexcept;
};

/// Checks the options and sets everything up: tables, keys, clients. Blocks. The error is a sentence that names the
/// setting.
Result<std::unique_ptr<Core>> make_core(OAuthServerOptions options, Database database);
/// What make_core says about the options; no I/O.
Result<void> check_options(const OAuthServerOptions& options);

/// The database did not answer: 503 where it may at the next try, else 500. What it said is in `reason` only.
OAuthError storage_failed(const StorageError& error);
/// Ends a family of tokens, and with it the provider's tokens of that sign-in, which are in the vault under the
/// family's id (owner) and the provider's name (service). True when it was alive.
Result<bool, StorageError> end_grant(Core& core, const std::string& grant_id);

/// Parameters of a query or form, each there once at most (RFC 6749, section 3.1: "MUST NOT be included more than
/// once"). `resource` too: one token is for one server here.
class Parameters {
 public:
  /// An error (invalid_request) for a repeated name, a broken escape, or more than 32 KiB or 64 pairs.
  static Result<Parameters, OAuthError> parse(std::string_view text);
  /// Empty when it is not there; RFC 6749, section 3.1, treats an empty value as absent.
  std::string_view get(std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept { return !get(name).empty(); }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

/// RFC 7523, section 2.1.
inline constexpr std::string_view jwt_bearer_grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// RFC 8693, section 2.1.
inline constexpr std::string_view token_exchange_grant = "urn:ietf:params:oauth:grant-type:token-exchange";

/// A client that showed who it is, or a public one that said so.
struct AuthenticatedClient {
  ClientRecord client;
  ClientMethod used = ClientMethod::none;
};

/// One request to the token endpoint, after the client's proof and, if there is one, the DPoP proof were checked.
struct TokenCall {
  Parameters form;
  /// Without an id where the grant is an assertion (RFC 7523, section 2.1) and the request has no client authentication
  /// of any kind: a workload is told by its assertion alone.
  AuthenticatedClient client;
  std::optional<DpopProof> proof;
  TimePoint now;
};

/// What the token endpoint answers (RFC 6749, section 5.1).
struct TokenReply {
  std::string access_token;
  std::string token_type = "Bearer";
  std::chrono::seconds expires_in{0};
  std::string refresh_token;
  std::string id_token;
  std::string scope;
  /// RFC 8693, section 2.2.1.
  std::string issued_token_type;
  /// For the audit log; not sent.
  std::string subject;
  std::string grant_id;
  std::string resource;
};
using TokenOutcome = Result<TokenReply, OAuthError>;

/// What an access token is to say (RFC 9068, section 2.2).
struct AccessTokenClaims {
  std::string subject;
  std::string client_id;
  std::string audience;
  std::string scope;
  /// Empty for grants without a family (client credentials).
  std::string grant_id;
  /// `cnf.jkt`, or empty.
  std::string thumbprint;
  /// `act` (RFC 8693, section 4.1): JSON text, or empty.
  std::string actor;
};
/// Signs it; the id of the token is in `jti`.
std::string sign_access_token(const Core& core, const AccessTokenClaims& claims, TimePoint now,
                              std::chrono::seconds lifetime);
/// One of our own that is live: signature, times, not denied, its family not revoked. JSON text of the claims; nullopt
/// when it is not live. The error is the database's: nothing is known then.
Result<std::optional<std::string>, StorageError> live_access_token(const Core& core, std::string_view token,
                                                                   TimePoint now);
/// An ID token (OpenID Connect Core, section 2) for the client. `signed_in` becomes `auth_time`.
std::string sign_id_token(const Core& core, const std::string& subject, const std::string& client_id,
                          const std::string& nonce, std::string_view access_token, TimePoint signed_in, TimePoint now);

/// The client of a token, revocation, introspection or pushed request: exactly one way of authentication, the one it is
/// registered for (RFC 6749, section 2.3; RFC 7521, section 4.2).
Result<AuthenticatedClient, OAuthError> authenticate_client(Core& core, const Request& request, const Parameters& form,
                                                            TimePoint now);
/// `id:secret` of an Authorization header with Basic (RFC 6749, section 2.3.1: both form-encoded); nullopt when it is
/// malformed.
std::optional<std::pair<std::string, Secret>> basic_credentials(std::string_view authorization);
/// A client by its id: configured, registered, or its metadata document (fetched, with the guards). The error is for
/// the log; peers are told that the client is not known.
Result<ClientRecord, OAuthError> find_client(Core& core, std::string_view client_id, std::string_view peer,
                                             TimePoint now);
/// The DPoP proof of a request, if it has one; use_dpop_nonce and invalid_dpop_proof are errors (RFC 9449, section 5).
/// Where an access token came along, the proof must be for it (section 7).
Result<std::optional<DpopProof>, OAuthError> check_dpop(Core& core, const Request& request, std::string_view path,
                                                        TimePoint now, std::string_view access_token = {});
/// Whether a redirect URI is one of the client's: byte for byte, but for the port of a native client's loopback (RFC
/// 8252, section 7.3).
bool redirect_matches(const ClientRecord& client, std::string_view redirect_uri);
/// Whether a redirect URI may be registered at all; the error says why not.
Result<void, OAuthError> check_redirect_uri(std::string_view uri, std::string_view application_type);
/// The requested scopes if all are known, allowed to the client and offered by the API; its defaults for an empty
/// request. In a fixed order, no repetition. `invalid_scope` otherwise.
Result<std::string, OAuthError> grant_scope(const Core& core, const ClientRecord& client, const ProtectedApi& api,
                                            std::string_view requested);
/// Asked for by clients that want refresh tokens; it is taken and left out of what is granted.
inline constexpr std::string_view offline_access = "offline_access";
/// Whether a list of scopes, parted by blanks, has that one.
bool has_scope(std::string_view scope, std::string_view name) noexcept;
std::string without_scope(std::string_view scope, std::string_view name);
/// The API that `resource` names, the first one for an empty name; `invalid_target` otherwise (RFC 8707, section 2).
Result<const ProtectedApi*, OAuthError> find_api(const Core& core, std::string_view resource);

/// Whether an assertion is the only thing that says who asks: the grant is jwt-bearer, and the request has neither
/// `client_id` nor any way of client authentication. The token endpoint then leaves the client empty.
bool is_bare_assertion(const Request& request, const Parameters& form) noexcept;

/// Whether assertions of workloads are taken, the only ones that may come alone.
bool takes_workloads(const Core& core) noexcept;

/// The form in the body: of the right type, and good parameters.
Result<Parameters, OAuthError> read_form(const Request& request);
/// A refresh token of generation 1 for the family, bound to the key of a public client; scope and resource are the
/// caller's to set.
RefreshRecord next_refresh(const TokenCall& call, const GrantRecord& grant, std::string_view token,
                           const OAuthServerOptions::Lifetimes& lifetimes);

// The grants of the token endpoint, one file each.
TokenOutcome grant_authorization_code(Core& core, const TokenCall& call);
TokenOutcome grant_refresh_token(Core& core, const TokenCall& call);
TokenOutcome grant_client_credentials(Core& core, const TokenCall& call);
TokenOutcome grant_assertion(Core& core, const TokenCall& call);
TokenOutcome grant_exchange(Core& core, const TokenCall& call);

// The endpoints, one file each.
Answer answer_metadata(Core& core, bool openid);
Answer answer_jwks(Core& core, TimePoint now);
Answer answer_authorize(Core& core, const Request& request, TimePoint now);
Answer answer_pushed(Core& core, const Request& request, TimePoint now);
Answer answer_consent(Core& core, const Request& request, TimePoint now);
Answer answer_sign_in(Core& core, const Request& request, TimePoint now);
Answer answer_callback(Core& core, const Request& request, std::string_view upstream, TimePoint now);
Answer answer_token(Core& core, const Request& request, TimePoint now);
Answer answer_register(Core& core, const Request& request, TimePoint now);
Answer answer_registered(Core& core, const Request& request, std::string_view client_id, TimePoint now);
Answer answer_revoke(Core& core, const Request& request, TimePoint now);
Answer answer_introspect(Core& core, const Request& request, TimePoint now);
Answer answer_userinfo(Core& core, const Request& request, TimePoint now);

/// A code for the approved request and the person who signed in, and the redirect that carries it back (with `iss`, RFC
/// 9207). The caller was the one to end the transaction.
Answer complete_authorization(Core& core, const TransactionRecord& transaction, const std::string& subject,
                              const UpstreamPerson& person, TimePoint now);

}  // namespace leanmcp::inline v0::as
