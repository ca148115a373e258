#pragma once

#include <leanmcp/base/task.hpp>
#include <leanmcp/oauth/client/authorization.hpp>
#include <leanmcp/oauth/client/challenge.hpp>
#include <leanmcp/oauth/client/oauth_client.hpp>

#include <deque>
#include <map>
#include <set>

namespace leanmcp::inline v0 {

/// One thing at a time among coroutines of one executor, in the order of asking.
class TaskMutex {
 public:
  class Lock {
   public:
    explicit Lock(TaskMutex* owner) noexcept : owner_(owner) {}
    Lock(Lock&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Lock& operator=(Lock&&) = delete;
    ~Lock() {
      if (owner_) owner_->release();
    }

   private:
    TaskMutex* owner_;
  };
  Task<Lock> lock();

 private:
  void release();
  bool held_ = false;
  std::deque<OneShot<bool>> waiting_;
};

struct OAuthClient::State : std::enable_shared_from_this<OAuthClient::State> {
  State(std::string url, OAuthClientOptions given, std::shared_ptr<HttpClient> client);

  TimePoint now() const { return options.clock_->now(); }

  // oauth_discovery.cpp
  Task<HttpClient::Outcome> fetch(ClientRequest request);
  /// The issuer, scopes and resource as the MCP server's metadata has them now; rebinds when the issuer changed.
  Task<Result<void>> find_issuer(std::string metadata_url);
  Task<Result<AuthorizationServer>> find_server(std::string issuer);
  /// The client's identity at `server`: registered by hand, a metadata document, kept, or registered now.
  Task<Result<void>> find_identity(bool anew);

  // oauth_grants.cpp
  Task<Result<OAuthTokens, TokenCause>> ask_token(AuthorizationServer at, OAuthClientIdentity who, FormParameters grant,
                                                  std::string scope, bool with_proof);
  Task<Result<void>> authorize(std::string scope);
  Task<Result<void>> machine_grant(std::string scope);
  Task<Result<void>> enterprise_grant(std::string scope);
  /// `refreshed`, or why not: a failure here is no failure of the request, the next step is a new authorization.
  enum class Refreshed { yes, no, unreachable };
  Task<Refreshed> refresh();

  // oauth_client.cpp
  Task<Result<bool>> obtain(TokenChallenge challenge, int status);
  Result<void> keep_tokens(OAuthTokens fresh);
  void forget_tokens();
  void restore();
  bool use_dpop() const;
  std::string wanted_scope(const TokenChallenge& challenge, bool step_up) const;
  void note_nonce(std::string_view url, const ClientResponse& head);

  const std::string mcp_url;
  const OAuthClientOptions options;
  const std::shared_ptr<HttpClient> http;
  TaskMutex mutex;

  std::string issuer;
  std::string resource;
  std::vector<std::string> resource_scopes;
  std::optional<AuthorizationServer> server;
  std::optional<OAuthClientIdentity> identity;
  std::string redirect_uri;
  bool registered_here = false;
  std::optional<OAuthTokens> tokens;
  std::optional<SigningKey> dpop_key;
  bool dpop_asked = false;
  /// By origin.
  std::map<std::string, std::string> nonces;
  /// Grows with each change of the tokens: who waited for another's sign-in need not sign in again.
  std::uint64_t generation = 0;
  /// Authorizations of this client's life, and what they asked for: a person is not asked for the same thing again and
  /// again.
  int authorizations = 0;
  std::set<std::string> denied_scopes;
  bool restored = false;
};

}  // namespace leanmcp::inline v0
