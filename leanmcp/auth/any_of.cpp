#include <leanmcp/auth/any_of.hpp>

#include <algorithm>
#include <set>
#include <string>

namespace leanmcp::inline v0 {

namespace {

class AnyOf final : public AuthProvider {
 public:
  explicit AnyOf(std::vector<std::shared_ptr<AuthProvider>> providers) : providers_(std::move(providers)) {}

  Result<void> init() override {
    std::set<std::string_view> names;
    if (providers_.empty()) return Error("any_of() has no provider");
    for (const auto& provider : providers_) {
      if (!provider) return Error("any_of() got an empty provider");
      if (!names.insert(provider->name()).second)
        return Error("two providers are both named '" + std::string(provider->name()) +
                     "': give one another name(), or their people could be taken for each other");
      const auto ready = provider->init();
      if (!ready) return ready.error();
    }
    return {};
  }

  std::optional<Result<Principal, AuthFault>> verify_now(std::string_view token, TimePoint now) override {
    AuthProvider* const provider = of(token);
    if (!provider) return Result<Principal, AuthFault>(nobody());
    return provider->verify_now(token, now);
  }
  Task<Result<Principal, AuthFault>> verify(std::string token, TimePoint now) override {
    AuthProvider* const provider = of(token);
    return provider ? provider->verify(std::move(token), now) : refused<Principal>();
  }
  Task<Result<std::shared_ptr<const AuthUser>, AuthFault>> user(Principal principal, std::string token) override {
    for (const auto& provider : providers_)
      if (provider->name() == principal.provider()) return provider->user(std::move(principal), std::move(token));
    return refused<std::shared_ptr<const AuthUser>>();
  }

  std::vector<std::string> authorization_servers() const override {
    std::vector<std::string> all;
    for (const auto& provider : providers_)
      for (auto& server : provider->authorization_servers())
        if (std::find(all.begin(), all.end(), server) == all.end()) all.push_back(std::move(server));
    return all;
  }
  bool recognises(std::string_view token) const override { return of(token) != nullptr; }
  Task<Result<TokenSet, AuthFault>> refresh(RefreshRequest request) override {
    for (const auto& provider : providers_)
      if (provider->name() == request.provider()) return provider->refresh(std::move(request));
    return refused<TokenSet>(
        AuthFault(AuthCode::verification_failed, "RefreshRequest::provider() names none of the providers"));
  }

 private:
  AuthProvider* of(std::string_view token) const {
    for (const auto& provider : providers_)
      if (provider->recognises(token)) return provider.get();
    return nullptr;
  }
  static AuthFault nobody() { return AuthFault(AuthCode::invalid_token, "of none of the providers' issuers"); }
  template <class T>
  static Task<Result<T, AuthFault>> refused(AuthFault why = nobody()) {
    Result<T, AuthFault> out = std::move(why);
    co_return std::move(out);
  }

  const std::vector<std::shared_ptr<AuthProvider>> providers_;
};

}  // namespace

std::shared_ptr<AuthProvider> any_of(std::vector<std::shared_ptr<AuthProvider>> providers) {
  return std::make_shared<AnyOf>(std::move(providers));
}

}  // namespace leanmcp::inline v0
