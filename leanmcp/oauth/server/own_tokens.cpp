#include <leanmcp/oauth/server/own_tokens.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/user_lookup.hpp>
#include <leanmcp/base/worker_pool.hpp>
#include <leanmcp/oauth/server/core.hpp>
#include <leanmcp/oauth/server/signing_keys.hpp>
#include <leanmcp/oauth/server/upstream_tokens.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {
namespace as {
namespace {

ProviderBase base_of(const Core& core) {
  ProviderBase base;
  base.provider_name = "oauth";
  base.log_ = core.options.log_;
  base.clock_ = core.options.clock_;
  return base;
}

class OwnTokens final : public JwtProvider {
 public:
  OwnTokens(Core& core, std::string resource)
      : JwtProvider(base_of(core),
                    [&core](const ClientRequest&, const HttpClient::Callback& done) {
                      ClientResponse keys;
                      keys.status = 200;
                      keys.body = core.keys->jwks(core.options.clock_->now());
                      done(std::move(keys));
                    }),
        core_(core),
        resource_(std::move(resource)),
        work_(1, 1'000) {}
  ~OwnTokens() override { work_.stop(); }

  std::vector<std::string> authorization_servers() const override { return {core_.options.issuer_}; }

 private:
  Result<void> configure() override {
    accept_algorithms({"ES256", "RS256"});
    trust(core_.options.issuer_, core_.url("/jwks"));
    return {};
  }

  std::string refuse(const Jws& jws, const json::object& claims, TimePoint) const override {
    if (!is_type(jws.type, "at+jwt")) return "not an access token";
    if (!has_audience(claims, resource_)) return "a token for another server";
    return claim_text(claims, "sub").empty() ? "no sub" : "";
  }

  bool has_profile(const Principal& principal, const json::object&) const override {
    return principal.claim("fam").empty();
  }

  void look_up_user(const Principal& principal, const std::string&, UserDone done) override {
    const bool taken = work_.submit([this, principal, done] {
      const auto grant = core_.store->grant(principal.claim("fam"));
      if (!grant) return done(AuthFault(AuthCode::verification_failed, "the database cannot be used"));
      if (!*grant || (*grant)->revoked) return done(AuthFault(AuthCode::invalid_token, "the grant has ended"));
      const auto profile = claims_of((*grant)->profile);
      const auto claims = leanmcp::detail::merged_claims(principal, profile ? *profile : json::object());
      done(std::make_shared<const AuthUser>(shape_user(principal, claims)));
    });
    if (!taken) done(AuthFault(AuthCode::verification_failed, "too many look-ups"));
  }

  Core& core_;
  const std::string resource_;
  WorkerPool work_;
};

}  // namespace
}  // namespace as

std::shared_ptr<AuthProvider> own_tokens(OAuthServer& server, const std::string& resource) {
  as::Core& core = server.core();
  auto provider = std::make_shared<as::OwnTokens>(core, resource);
  const ProtectedApi* const api = core.api(resource);
  provider->protects(resource, api ? api->default_scopes : std::vector<std::string>());
  return provider;
}

Result<Secret> upstream_token(OAuthServer& server, const Principal& caller) {
  as::Core& core = server.core();
  const std::string family = caller.claim("fam");
  if (family.empty()) return Error("The caller has not signed in through a provider.");
  const auto grant = core.store->grant(family);
  if (!grant) return Error("The server has a problem at the moment; try again.");
  if (!*grant) return Error("The sign-in has ended; please sign in again.");
  auto token = as::upstream_access_token(core, **grant, core.options.clock_->now());
  if (token) return std::move(*token);
  if (token.error() == as::UpstreamTokenFault::later)
    return Error("The identity provider cannot be reached at the moment; try again.");
  return Error("The sign-in has ended; please sign in again.");
}

}  // namespace leanmcp::inline v0
