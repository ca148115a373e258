#pragma once

#include <leanmcp/http/client.hpp>
#include <leanmcp/json/fwd.hpp>
#include <leanmcp/oauth/client/metadata.hpp>
#include <leanmcp/oauth/client/token_endpoint.hpp>
#include <leanmcp/oauth/server/upstream.hpp>
#include <leanmcp/oauth/server/upstream_options.hpp>

#include <boost/json/fwd.hpp>

#include <string>
#include <string_view>

namespace leanmcp::inline v0::as {

/// The authorization code grant at a provider (RFC 6749, section 4.1; RFC 7636; RFC 9207): what all of them have in
/// common. A provider says where it is and how a person is told.
class CodeUpstream : public Upstream {
 public:
  explicit CodeUpstream(UpstreamOptions options);

  const std::string& name() const noexcept final { return options_.name_; }
  const std::string& label() const noexcept final { return options_.label_; }
  std::vector<std::string> scopes() const final { return *options_.scopes_; }
  Result<void> init() final;
  bool can_sign_in_again() const noexcept override { return options_.again_.has_value(); }
  std::string authorization_url(const std::string& redirect_uri, const std::string& state, const Secret& verifier,
                                const std::string& nonce, const SignInWish& wish) const final;
  Result<UpstreamPerson, UpstreamFault> finish(std::string_view query, const std::string& redirect_uri,
                                               const Secret& verifier, const std::string& nonce, const SignInWish& wish,
                                               TimePoint now) final;
  Result<UpstreamTokens, UpstreamFault> refresh(const Secret& refresh_token, TimePoint now) final;
  void revoke(const UpstreamTokens& tokens) override;

 protected:
  /// Sets `server` and whatever else is needed. Blocks.
  virtual Result<void> configure() = 0;
  /// Claims about the person that the tokens are of.
  virtual Result<json::object, UpstreamFault> person(const OAuthTokens& tokens, const std::string& nonce,
                                                     TimePoint now) = 0;
  /// The stable id; empty where the claims have none.
  virtual std::string id_of(const json::object& claims) const;
  /// Members of userinfo (OpenID Connect Core 1.0, section 5.1).
  virtual json::object profile_of(const json::object& claims) const;
  virtual bool is_openid() const noexcept { return false; }
  /// Parameters that say the wish in the provider's words. Where a parameter is configured too, `prompt` has the words
  /// of both, the smaller `max_age` counts, and of all others the configured one stays.
  virtual FormParameters wish_parameters(const SignInWish&) const { return {}; }
  /// When the person signed in, by the claims; only what was verified counts.
  virtual std::optional<TimePoint> signed_in(const json::object&) const { return std::nullopt; }
  /// Whether the answer to a refresh says that the refresh token is dead, in words of the provider's own.
  virtual bool is_dead_token(std::string_view error) const;

  /// GET with the access token: an object, or why there is none.
  Result<json::object, UpstreamFault> get_object(const std::string& url, const OAuthTokens& tokens) const;
  HttpClient::Outcome get(const std::string& url, const OAuthTokens& tokens, HttpFields more = {}) const;
  HttpClient& http() const noexcept { return *options_.http_; }
  const UpstreamOptions& options() const noexcept { return options_; }
  OAuthClientIdentity identity() const { return OAuthClientIdentity(options_.client_id, options_.client_secret); }

  /// Written by `configure` alone.
  AuthorizationServer server;
  /// Empty when answers may name any issuer, or none is known.
  std::string issuer;

 private:
  Result<OAuthTokens, UpstreamFault> ask_tokens(FormParameters grant, TimePoint now) const;

  UpstreamOptions options_;
  ClientAuthentication method_ = ClientAuthentication::post;
};

/// A text member, or a whole number as its digits; empty for everything else, and for what is too long to be an id or
/// holds control characters. `name` may be a JSON pointer ("/data/id").
std::string stable_id(const json::object& claims, std::string_view name);

}  // namespace leanmcp::inline v0::as
