#pragma once

#include <leanmcp/auth/fetcher.hpp>
#include <leanmcp/auth/provider_options.hpp>
#include <leanmcp/crypto/jws.hpp>
#include <leanmcp/json/fwd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace leanmcp::inline v0 {

/// The common part of all providers whose tokens are signed: keys, signature, issuer, times, the cache of verified
/// tokens, and look-ups of profiles that are shared and remembered. A preset says whom it trusts, what else must hold,
/// and what the claims mean. Derive from it for a provider of your own.
class JwtProvider : public AuthProvider, public std::enable_shared_from_this<JwtProvider> {
 public:
  using UserDone = std::function<void(Result<std::shared_ptr<const AuthUser>, AuthFault>)>;
  using PrincipalDone = std::function<void(Result<Principal, AuthFault>)>;
  using TokensDone = std::function<void(Result<TokenSet, AuthFault>)>;

  ~JwtProvider() override;
  Result<void> init() final;
  std::optional<Result<Principal, AuthFault>> verify_now(std::string_view token, TimePoint now) final;
  Task<Result<Principal, AuthFault>> verify(std::string token, TimePoint now) final;
  Task<Result<std::shared_ptr<const AuthUser>, AuthFault>> user(Principal principal, std::string token) final;
  Task<Result<TokenSet, AuthFault>> refresh(RefreshRequest request) final;
  std::vector<std::string> authorization_servers() const override;
  std::string_view name() const final;
  bool recognises(std::string_view token) const final;

 protected:
  JwtProvider(ProviderBase base, Fetcher fetcher);

  /// Checks the settings and names whom to trust, by the functions below. May block to ask for a discovery document.
  virtual Result<void> configure() = 0;
  /// Tokens with exactly this `iss`, signed with a key published there. Two issuers may share a URL. The keys are
  /// fetched by `init`, or by the first token of that issuer.
  void trust(std::string issuer, std::string jwks_url, bool at_start = true);
  /// Tokens with this `iss` signed with one of these keys.
  void trust_keys(std::string issuer, PublicKeys keys);
  /// One key of which the id is not known: whatever id a token names, this is the key that must have signed it.
  void trust_key(std::string issuer, PublicKey key);
  /// Tokens with this `iss` signed by HS256 and its like with this secret.
  void trust_secret(std::string issuer, SymmetricKey secret);
  void accept_algorithms(std::vector<std::string> list);
  /// The name of the setting that says where the keys are, for the sentences of `init`.
  virtual std::string keys_setting() const;
  /// Whether an issuer that `trust` names only by a template with "{tenantid}" is fine.
  virtual bool trusts_issuer(std::string_view issuer, const json::object& claims) const;
  /// Whether a key may sign such a token; `key_issuer` is the `issuer` member of its JWK, if it has one. As `refuse`.
  virtual std::string refuse_key(const json::object& claims, std::string_view key_issuer) const;

  /// What must hold beside signature, issuer and times: audience, kind of token, client. An empty text is yes, anything
  /// else the reason for the log.
  virtual std::string refuse(const Jws& jws, const json::object& claims, TimePoint now) const = 0;
  /// What the claims mean; their text is put in by the caller.
  virtual Principal::Fields describe(const json::object& claims) const;
  Principal principal(const json::object& claims) const;
  /// More words for a fault, such as what the operator probably did wrong.
  virtual std::string explain(TokenFault fault, const json::object& unverified_claims) const;

  /// Whether tokens that are signed for this issuer are looked up like opaque ones: for `recognises`.
  virtual bool looks_up_tokens_of(std::string_view issuer) const;
  /// Opaque tokens: whether one is looked up (false by default), and how.
  virtual bool takes_opaque(std::string_view token) const;
  /// Whether an opaque token looks like this provider's, also where it takes none: for `recognises`, so that it is not
  /// shown to another provider of `any_of`.
  virtual bool has_our_form(std::string_view token) const;
  virtual void look_up_token(const std::string& token, PrincipalDone done);

  /// Whether the claims hold all that this provider's user has.
  virtual bool has_profile(const Principal& principal, const json::object& claims) const;
  virtual AuthUser shape_user(const Principal& principal, const json::object& claims) const;
  virtual void look_up_user(const Principal& principal, const std::string& token, UserDone done);

  virtual void look_up_refresh(const RefreshRequest& request, TokensDone done);

  const ProviderBase& base() const noexcept;
  const Fetcher& fetcher() const noexcept;

 private:
  struct State;
  struct Looked;
  std::optional<Result<Principal, AuthFault>> decide(std::string_view token, const std::string& digest, TimePoint now,
                                                     bool may_wait, std::string& wanted_key);
  Looked look_at(std::string_view token) const;
  std::unique_ptr<State> state_;
};

}  // namespace leanmcp::inline v0
