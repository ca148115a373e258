#pragma once

#include <leanmcp/base/result.hpp>
#include <leanmcp/base/secret.hpp>
#include <leanmcp/oauth/client/token_endpoint.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace leanmcp::inline v0 {

/// Where a client keeps what it was given: secrets under names. Values are opaque to the store. Thread-safe; a call may
/// block for a short time (a file, a keyring). One `save` replaces a value whole: a reader sees the old or the new one.
class TokenStore {
 public:
  /// The right to renew what stands under one name, held by one client of all processes that share the store. Given
  /// back when destroyed, from any thread, also after the store; and by the system when the process dies.
  class Lease {
   public:
    Lease() = default;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    virtual ~Lease() = default;
  };

  virtual ~TokenStore() = default;
  /// Takes the lease of `name`, which need not have a value, without waiting; null when another holds it, be it in this
  /// process or another one. It guards nothing by itself: `load` and `save` work without it. What the last holder
  /// saved is what `load` gives once the lease is taken. A failure means that no lease can be had here at all.
  virtual Result<std::unique_ptr<Lease>> try_lock(const std::string& name) = 0;
  /// An absent value is no failure.
  virtual Result<std::optional<Secret>> load(const std::string& name) = 0;
  virtual Result<void> save(const std::string& name, const Secret& value) = 0;
  virtual Result<void> erase(const std::string& name) = 0;
  virtual Result<std::vector<std::string>> names() = 0;
};

/// Forgets everything with the process.
class MemoryTokenStore final : public TokenStore {
 public:
  Result<std::unique_ptr<Lease>> try_lock(const std::string& name) override;
  Result<std::optional<Secret>> load(const std::string& name) override;
  Result<void> save(const std::string& name, const Secret& value) override;
  Result<void> erase(const std::string& name) override;
  Result<std::vector<std::string>> names() override;

 private:
  std::mutex mutex_;
  std::map<std::string, Secret> values_;
  struct Held;
  std::shared_ptr<Held> held_ = make_held();
  static std::shared_ptr<Held> make_held();
};

/// Tokens are bound to who gave them and what they are for: the validated issuer, the resource, and a profile that
/// tells several accounts of one person apart (MCP 2026-07-28, Authorization Server Binding). The client's identity
/// depends on the issuer and profile alone.
std::string tokens_name(const std::string& issuer, const std::string& resource, const std::string& profile);
std::string identity_name(const std::string& issuer, const std::string& profile);
/// Which issuer a resource's tokens are from, so that they are found before the server is asked.
std::string binding_name(const std::string& resource, const std::string& profile);

/// The stored form: JSON text. `dpop_key` is the private JWK that the tokens are bound to, or empty.
Secret save_tokens(const OAuthTokens& tokens, const Secret& dpop_key);
/// nullopt when the text is not of that form.
std::optional<std::pair<OAuthTokens, Secret>> restore_tokens(const Secret& text);
Secret save_identity(const OAuthClientIdentity& identity, const std::string& redirect_uri);
std::optional<std::pair<OAuthClientIdentity, std::string>> restore_identity(const Secret& text);

}  // namespace leanmcp::inline v0
