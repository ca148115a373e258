// What a verified token must say: scopes, roles, groups, permissions, organisation, strength of the sign-in.

#include <leanmcp/auth/auth_denial.hpp>
#include <leanmcp/auth/authenticate_hook.hpp>
#include <leanmcp/auth/authenticated.hpp>
#include <leanmcp/auth/claims.hpp>
#include <leanmcp/auth/words.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace leanmcp::inline v0 {

namespace {

/// Registers a hook that needs to know who authenticates, whatever order the decorators are written in.
template <class H>
Decorator after_authentication(const char* name, std::shared_ptr<H> (*make)(const std::vector<std::string>&),
                               std::vector<std::string> words) {
  return Decorator([name, make, words = std::move(words)](EntryDraft& draft) {
    if (words.empty()) return draft.fail(std::string(name) + "() names nothing");
    auto hook = make(words);
    draft.entry.hooks.push_back(hook);
    draft.finally.push_back([name, hook](EntryDraft& done) {
      AuthenticateHook* const authenticate = authenticate_hook_of(done.entry);
      if (!authenticate) return done.fail(std::string(name) + "() needs authenticated(provider)");
      hook->bind(*authenticate);
    });
  });
}

class ScopeHook final : public Hook {
 public:
  ScopeHook(std::vector<std::string> needed, bool all) : needed_(std::move(needed)), all_(all) {}
  Stage stage() const override { return Stage::authorize; }
  void bind(AuthenticateHook& authenticate) {
    authenticate_ = &authenticate;
    authenticate.need(all_ ? needed_ : std::vector<std::string>{needed_.front()});
  }
  Verdict before(Call& call) override {
    const Principal* const principal = call.principal();
    const auto has = [&](const std::string& scope) {
      return principal && authenticate_->provider()->hierarchy().grants(principal->scopes(), scope);
    };
    const bool fine =
        all_ ? std::all_of(needed_.begin(), needed_.end(), has) : std::any_of(needed_.begin(), needed_.end(), has);
    if (fine) return Verdict::proceed();
    AuthDenial why(AuthCode::insufficient_scope, "lacks scope " + detail::join(needed_));
    why.scopes = authenticate_->needed();
    why.soft = tells_softly(call);
    why.sent_dpop = presented_tokens(call.info(), call.meta()).header.form == AuthorizationForm::dpop;
    return Verdict::deny(denial_of(why, *authenticate_->provider(), call.now()));
  }

 private:
  const std::vector<std::string> needed_;
  const bool all_;
  /// A hook of the same entry: it lives as long.
  AuthenticateHook* authenticate_ = nullptr;
};

enum class Trait { role, group, permission, organisation };

class TraitHook final : public Hook {
 public:
  TraitHook(Trait trait, std::vector<std::string> words) : trait_(trait), words_(std::move(words)) {}
  Stage stage() const override { return Stage::authorize; }
  void bind(AuthenticateHook&) {}
  Verdict before(Call& call) override {
    const Principal* const principal = call.principal();
    if (principal && holds(*principal)) return Verdict::proceed();
    static constexpr const char* names[] = {"role", "group", "permission", "organisation"};
    const std::string what = names[static_cast<std::size_t>(trait_)];
    return Verdict::deny(forbidden("You may not use this: it needs another " + what + ".",
                                   "lacks " + what + " " + detail::join(words_), tells_softly(call)));
  }

 private:
  bool holds(const Principal& who) const {
    const auto any = [&](auto has) { return std::any_of(words_.begin(), words_.end(), has); };
    switch (trait_) {
      case Trait::role:
        return any([&](const std::string& word) { return who.has_role(word); });
      case Trait::group:
        return any([&](const std::string& word) { return who.has_group(word); });
      case Trait::organisation:
        return any([&](const std::string& word) { return who.organisation() == word; });
      case Trait::permission:
        return std::all_of(words_.begin(), words_.end(), [&](const auto& word) { return who.has_permission(word); });
    }
    return false;
  }
  const Trait trait_;
  const std::vector<std::string> words_;
};

template <Trait trait>
std::shared_ptr<TraitHook> make_trait(const std::vector<std::string>& words) {
  return std::make_shared<TraitHook>(trait, words);
}

class StrengthHook final : public Hook {
 public:
  StrengthHook(std::vector<std::string> acr_values, std::chrono::seconds max_age)
      : acr_values_(std::move(acr_values)), max_age_(max_age) {}
  Stage stage() const override { return Stage::authorize; }
  void bind(AuthenticateHook& authenticate) { provider_ = authenticate.provider(); }
  Verdict before(Call& call) override {
    if (call.principal() && strong(*call.principal(), call.now())) return Verdict::proceed();
    return Verdict::deny(stronger_sign_in_denial(*provider_, acr_values_, max_age_, tells_softly(call)));
  }

 private:
  bool strong(const Principal& who, TimePoint now) const {
    const auto claims = claims_of(who.claims_json());
    if (!claims) return false;
    const std::string acr = claim_text(*claims, "acr");
    if (!acr_values_.empty() && std::find(acr_values_.begin(), acr_values_.end(), acr) == acr_values_.end())
      return false;
    if (max_age_.count() == 0) return true;
    const auto signed_in = claim_number(*claims, "auth_time");
    return signed_in && unix_seconds(now) - *signed_in <= max_age_.count();
  }
  const std::vector<std::string> acr_values_;
  const std::chrono::seconds max_age_;
  std::shared_ptr<AuthProvider> provider_;
};

}  // namespace

Decorator scopes(std::vector<std::string> all_of) {
  return after_authentication<ScopeHook>(
      "scopes", [](const std::vector<std::string>& words) { return std::make_shared<ScopeHook>(words, true); },
      std::move(all_of));
}
Decorator any_scope(std::vector<std::string> one_of) {
  return after_authentication<ScopeHook>(
      "any_scope", [](const std::vector<std::string>& words) { return std::make_shared<ScopeHook>(words, false); },
      std::move(one_of));
}
Decorator roles(std::vector<std::string> one_of) {
  return after_authentication("roles", &make_trait<Trait::role>, std::move(one_of));
}
Decorator groups(std::vector<std::string> one_of) {
  return after_authentication("groups", &make_trait<Trait::group>, std::move(one_of));
}
Decorator permissions(std::vector<std::string> all_of) {
  return after_authentication("permissions", &make_trait<Trait::permission>, std::move(all_of));
}
Decorator organisations(std::vector<std::string> one_of) {
  return after_authentication("organisations", &make_trait<Trait::organisation>, std::move(one_of));
}

Decorator sign_in_strength(std::vector<std::string> acr_values, std::chrono::seconds max_age) {
  return Decorator([acr_values = std::move(acr_values), max_age](EntryDraft& draft) {
    if (acr_values.empty() && max_age.count() <= 0) return draft.fail("sign_in_strength() asks for nothing");
    auto hook = std::make_shared<StrengthHook>(acr_values, max_age);
    draft.entry.hooks.push_back(hook);
    draft.finally.push_back([hook](EntryDraft& done) {
      AuthenticateHook* const authenticate = authenticate_hook_of(done.entry);
      if (!authenticate) return done.fail("sign_in_strength() needs authenticated(provider)");
      hook->bind(*authenticate);
    });
  });
}

}  // namespace leanmcp::inline v0
