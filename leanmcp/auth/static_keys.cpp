#include <leanmcp/auth/static_keys.hpp>

#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/jwt_provider.hpp>
#include <leanmcp/auth/user_lookup.hpp>

#include <boost/json.hpp>

namespace leanmcp::inline v0 {

namespace {

class StaticKeysProvider final : public JwtProvider {
 public:
  explicit StaticKeysProvider(StaticKeysOptions options)
      : JwtProvider(ProviderBase(options), Fetcher()), options_(std::move(options)) {}

 private:
  Result<void> configure() override {
    if (options_.issuer.empty() || options_.audience.empty())
      return Error("static keys need an issuer and an audience: a token for anyone would do");
    auto keys = PublicKeys::parse(options_.jwks);
    if (!keys) return Error("the static keys cannot be used: " + keys.error().message());
    accept_algorithms(options_.accepted);
    trust_keys(options_.issuer, std::move(*keys));
    return {};
  }
  std::string refuse(const Jws&, const json::object& claims, TimePoint) const override {
    return has_audience(claims, options_.audience) ? "" : "aud " + detail::audiences(claims) + " lacks the audience";
  }
  bool has_profile(const Principal&, const json::object&) const override { return true; }

  const StaticKeysOptions options_;
};

}  // namespace

std::shared_ptr<AuthProvider> static_keys(StaticKeysOptions options) {
  return std::make_shared<StaticKeysProvider>(std::move(options));
}

}  // namespace leanmcp::inline v0
