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
    if (auto canonical = check_resource(); !canonical) return canonical;
    for (const auto& provider : providers_) {
      if (!provider) return Error("any_of() got an empty provider");
      const std::string name(provider->name());
      if (!names.insert(provider->name()).second)
        return Error("two providers are both named '" + name +
                     "': give one another name(), or their people could be taken for each other");
      if (!provider->resource_url().empty() || !provider->hierarchy().empty() || provider->dpop())
        return Error("the provider '" + name +
                     "' has its own protects(), implies() or accept_dpop(), which inside any_of() say nothing: call "
                     "them on what any_of() returns");
      const auto ready = provider->init();
      if (!ready) return ready.error();
    }
    return find_catch_all();
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
  bool recognises(std::string_view token) const override {
    return std::any_of(providers_.begin(), providers_.end(), [&](const auto& one) { return one->recognises(token); });
  }
  Task<Result<TokenSet, AuthFault>> refresh(RefreshRequest request) override {
    for (const auto& provider : providers_)
      if (provider->name() == request.provider()) return provider->refresh(std::move(request));
    return refused<TokenSet>(
        AuthFault(AuthCode::verification_failed, "RefreshRequest::provider() names none of the providers"));
  }

 private:
  /// Between two that take what has no form, only their order would decide who is shown a token.
  Result<void> find_catch_all() {
    catch_all_ = nullptr;
    for (const auto& provider : providers_) {
      if (!provider->recognises({})) continue;
      if (catch_all_)
        return Error("the providers '" + std::string(catch_all_->name()) + "' and '" + std::string(provider->name()) +
                     "' both take tokens of any form: nobody could tell whose a token is");
      catch_all_ = provider.get();
    }
    return {};
  }
  AuthProvider* of(std::string_view token) const {
    for (const auto& provider : providers_)
      if (provider.get() != catch_all_ && provider->recognises(token)) return provider.get();
    return catch_all_ && catch_all_->recognises(token) ? catch_all_ : nullptr;
  }
  static AuthFault nobody() { return AuthFault(AuthCode::invalid_token, "of none of the providers' issuers"); }
  template <class T>
  static Task<Result<T, AuthFault>> refused(AuthFault why = nobody()) {
    Result<T, AuthFault> out = std::move(why);
    co_return std::move(out);
  }

  const std::vector<std::shared_ptr<AuthProvider>> providers_;
  AuthProvider* catch_all_ = nullptr;
};

}  // namespace

std::shared_ptr<AuthProvider> any_of(std::vector<std::shared_ptr<AuthProvider>> providers) {
  return std::make_shared<AnyOf>(std::move(providers));
}

}  // namespace leanmcp::inline v0
