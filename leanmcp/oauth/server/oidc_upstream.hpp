#pragma once

#include <leanmcp/oauth/server/code_upstream.hpp>
#include <leanmcp/oauth/server/id_token.hpp>

#include <memory>
#include <string>
#include <vector>

namespace leanmcp::inline v0::as {

/// A provider with OpenID Connect: endpoints by discovery, the person by an ID token that is checked whole, the rest of
/// the profile by userinfo, which must speak of the same person. Presets derive from it.
class OidcUpstream : public CodeUpstream {
 public:
  /// `provider_issuer` byte for byte, as ID tokens say it.
  OidcUpstream(std::string provider_issuer, UpstreamOptions options);

 protected:
  Result<void> configure() override;
  Result<json::object, UpstreamFault> person(const OAuthTokens& tokens, const std::string& nonce,
                                             TimePoint now) override;
  bool is_openid() const noexcept final { return true; }
  bool can_sign_in_again() const noexcept final { return true; }
  FormParameters wish_parameters(const SignInWish& wish) const override;
  std::optional<TimePoint> signed_in(const json::object& claims) const final;

  /// Which issuers the token may be of, given what it claims (not verified yet); none refuses it.
  virtual std::vector<std::string> issuers_for(const json::object& unverified) const;
  /// Whether the key with the id `key_issuer` (Entra's `issuer` member of a JWK; empty for others) may sign for it.
  virtual bool key_may_sign(const json::object& claims, std::string_view key_issuer) const;
  /// What else must hold of verified claims.
  virtual bool accepts(const json::object& claims) const;

  /// Where discovery is; below the issuer when empty.
  std::string discovery_url;
  std::string provider_issuer;
  /// Some providers' userinfo is of no use here.
  bool use_userinfo = true;
  /// Some providers end more than this token when one is revoked.
  bool use_revocation = true;
  /// Some providers know no `prompt=login`.
  bool knows_login = true;

 private:
  std::unique_ptr<ProviderKeys> keys_;
  std::string userinfo_url_;
};

}  // namespace leanmcp::inline v0::as
